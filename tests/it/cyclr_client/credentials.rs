//! The token: one request for many, renewed once, and nothing secret in what is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use gangway::cyclr::{CallLog, Client, ConnectorChange, Error, Fault, Settings};
use gangway::ids::ConnectorId;
use gangway::secret::Secret;
use serde_json::json;
use tokio::task::JoinSet;

use super::stand_in::{CLIENT_SECRET, Play, StandIn, acme, clock, say, settings};

const ACCOUNT: &str = r#"{"Id":"acme-42","Name":"Acme"}"#;

const fn credential(value: &Secret) -> ConnectorChange<'_> {
    ConnectorChange { way: None, credential: Some(value), properties: &[] }
}

async fn twenty_at_once(client: &Client) -> Vec<Result<(), Error>> {
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let partner = client.partner(&CallLog::default());
        tasks.spawn(async move { partner.find_account(&acme()).await.map(|_| ()) });
    }
    tasks.join_all().await
}

#[tokio::test]
async fn the_token_is_asked_for_in_the_body_and_kept_until_shortly_before_its_end() {
    let host = StandIn::saying(200, ACCOUNT).await;
    let clock = clock();
    let client = Client::new(settings(host.address), clock.clone()).unwrap();
    let partner = client.partner(&CallLog::default());
    partner.find_account(&acme()).await.unwrap();
    let first = &host.heard()[0];
    assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/oauth/token"));
    assert_eq!(
        first.body,
        format!("grant_type=client_credentials&client_id=client&client_secret={CLIENT_SECRET}")
    );
    clock.advance(TimeDelta::seconds(1_209_599 - 61));
    partner.find_account(&acme()).await.unwrap();
    assert_eq!(host.tokens_asked(), 1);
    clock.advance(TimeDelta::seconds(1));
    partner.find_account(&acme()).await.unwrap();
    assert_eq!(host.tokens_asked(), 2);
    assert_eq!(host.heard().last().unwrap().bearer, "Bearer token-2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_callers_share_one_token_request_and_one_renewal() {
    let host = StandIn::answering(|heard| match heard.bearer.as_str() {
        "Bearer token-2" => say(200, ACCOUNT),
        _ => Play::After(
            Duration::from_millis(30),
            Box::new(say(401, r#"{"Message":"Authorization has been denied for this request."}"#)),
        ),
    })
    .await;
    let client = host.client();
    let outcomes = twenty_at_once(&client).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(host.tokens_asked(), 2);
    assert_eq!(host.calls().len(), 40);
}

#[tokio::test]
async fn a_second_401_says_that_our_credentials_are_wrong() {
    let host = StandIn::saying(401, r#"{"Message":"denied"}"#).await;
    let error = host.partner().find_account(&acme()).await.unwrap_err();
    assert!(matches!(error, Error::Credentials { status: 401, .. }), "{error}");
    assert_eq!((error.fault(), error.message()), (Fault::Auth, Some("denied")));
    assert_eq!((host.tokens_asked(), host.calls().len()), (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_token_request_is_the_outcome_of_all_who_waited_for_it() {
    let host = StandIn::scripted(|_| {
        let refusal = say(400, r#"{"error":"invalid_client"}"#);
        Play::After(Duration::from_millis(300), Box::new(refusal))
    })
    .await;
    for outcome in twenty_at_once(&host.client()).await {
        let error = outcome.unwrap_err();
        assert_eq!((error.fault(), error.message()), (Fault::Auth, Some("invalid_client")));
    }
    assert!(host.heard().len() <= 2, "{}", host.heard().len());
}

#[tokio::test]
async fn one_secret_takes_over_from_another_whenever_cyclr_ends_the_old_one() {
    let ended = Arc::new(AtomicBool::new(false));
    let is_over = Arc::clone(&ended);
    let host = StandIn::scripted(move |heard| {
        let by_new = heard.body.contains("client_secret=new");
        let over = is_over.load(Ordering::SeqCst);
        match (heard.path.as_str(), over) {
            ("/oauth/token", true) if !by_new => say(400, r#"{"error":"invalid_client"}"#),
            ("/oauth/token", false) if by_new => say(400, r#"{"error":"invalid_client"}"#),
            ("/oauth/token", _) => {
                let token = if by_new { "new" } else { "old" };
                say(200, format!(r#"{{"access_token":"{token}","expires_in":1000}}"#))
            }
            _ if over && heard.bearer == "Bearer old" => say(401, "{}"),
            _ => say(200, ACCOUNT),
        }
    })
    .await;
    let with = |first: &str, other: Option<&str>| {
        let (first, other) = (Secret::from(first), other.map(Secret::from));
        let settings =
            Settings { client_secret: first, other_client_secret: other, ..settings(host.address) };
        Client::new(settings, clock()).unwrap()
    };
    // Told of both, in either order, and of one alone; before the change and after it.
    let clients = [with(CLIENT_SECRET, Some("new")), with("new", Some(CLIENT_SECRET))];
    let alone = with(CLIENT_SECRET, None);
    for over in [false, true, true] {
        ended.store(over, Ordering::SeqCst);
        for client in &clients {
            client.partner(&CallLog::default()).find_account(&acme()).await.unwrap();
        }
        let told = alone.partner(&CallLog::default()).find_account(&acme()).await;
        assert_eq!(told.is_err(), over, "the test can tell");
    }
    let neither = with("wrong", Some("wrong, too"));
    let error = neither.partner(&CallLog::default()).find_account(&acme()).await.unwrap_err();
    assert_eq!((error.fault(), error.message()), (Fault::Auth, Some("invalid_client")));
}

#[tokio::test]
async fn trouble_with_the_token_leaves_no_doubt_about_the_call() {
    for (status, body, fault) in [
        (500, "", Fault::Transient),
        (429, "", Fault::Throttled { retry_after: None }),
        (200, "<html>", Fault::Transient),
        (200, r#"{"access_token":""}"#, Fault::Transient),
        (200, "{\"access_token\":\"a\\nb\"}", Fault::Transient),
        (302, "", Fault::Auth),
        (403, "", Fault::Auth),
    ] {
        let host = StandIn::scripted(move |_| say(status, body)).await;
        let error = host.account().install(gangway::ids::TemplateId(uuid::Uuid::nil())).await;
        assert_eq!(error.unwrap_err().fault(), fault, "{status} {body}");
        assert_eq!(host.heard().len(), 1);
    }
}

#[tokio::test]
async fn a_token_that_is_stale_at_once_still_serves_its_call() {
    let asked = Arc::new(AtomicUsize::new(0));
    let host = StandIn::scripted(move |heard| {
        if heard.path == "/oauth/token" {
            let n = asked.fetch_add(1, Ordering::SeqCst);
            say(200, json!({"access_token": format!("t{n}"), "expires_in": "0"}))
        } else {
            say(200, ACCOUNT)
        }
    })
    .await;
    let partner = host.partner();
    partner.find_account(&acme()).await.unwrap();
    partner.find_account(&acme()).await.unwrap();
    assert_eq!(host.heard().last().unwrap().bearer, "Bearer t1");
}

#[tokio::test]
async fn nothing_secret_is_kept_of_a_refused_credential() {
    let echo = |heard: &super::stand_in::Heard| {
        let sent: serde_json::Value = serde_json::from_str(&heard.body).unwrap();
        let text = format!("bad\u{7} {} with {}\r\n", sent["AuthValue"], heard.bearer);
        say(400, json!({ "Message": format!("{text} hunter2 {}", "x".repeat(999)) }))
    };
    let host = StandIn::answering(echo).await;
    let log = CallLog::default();
    let account = host.client().in_account(&acme(), &log);
    // user:hunter2
    let value = Secret::from("dXNlcjpodW50ZXIy");
    let error = account.change_connector(ConnectorId(7), &credential(&value)).await.unwrap_err();
    let message = error.message().unwrap().to_owned();
    assert!(message.starts_with("bad \"***\" with Bearer *** *** xxx"), "{message}");
    assert_eq!(message.chars().count(), 300);
    let calls = log.take();
    assert_eq!(calls.len(), 2);
    assert_eq!((calls[0].path.as_str(), calls[0].outcome), ("/oauth/token", "ok"));
    assert_eq!(calls[1].path, "/v1.0/account/connectors/7");
    assert_eq!((calls[1].status, calls[1].outcome), (Some(400), "refused"));
    let kept = format!("{calls:?} {error:?} {error} {:?}", settings(host.address));
    for secret in ["dXNlcjpodW50ZXIy", "hunter2", "token-1", CLIENT_SECRET] {
        assert!(!kept.contains(secret), "{secret} in {kept}");
    }
}

#[tokio::test]
async fn an_echo_that_is_not_json_is_not_kept_at_all() {
    let host = StandIn::saying(400, "you sent canary-key").await;
    let value = Secret::from("canary-key");
    let error =
        host.account().change_connector(ConnectorId(7), &credential(&value)).await.unwrap_err();
    assert_eq!((error.status(), error.message()), (Some(400), None));
}

#[tokio::test]
async fn the_credential_that_cyclr_echoes_does_not_come_back() {
    let host = StandIn::answering(|heard| {
        let sent: serde_json::Value = serde_json::from_str(&heard.body).unwrap();
        say(
            200,
            json!({"Id": 7, "AuthValue": sent["AuthValue"], "Authenticated": true,
                        "Connector": {"AuthType": "ApiKey"}}),
        )
    })
    .await;
    let log = CallLog::default();
    let account = host.client().in_account(&acme(), &log);
    let value = Secret::from("canary-key");
    let connector = account.change_connector(ConnectorId(7), &credential(&value)).await.unwrap();
    assert!(connector.authenticated);
    let heard = host.heard().pop().unwrap();
    assert_eq!(
        (heard.method.as_str(), heard.body.as_str()),
        ("PUT", r#"{"AuthValue":"canary-key"}"#)
    );
    assert!(!format!("{connector:?} {:?}", log.take()).contains("canary"));
}
