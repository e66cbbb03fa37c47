//! What is sent, to the letter.

use gangway::cyclr::{Activation, NewAccount, Setting, WayBack};
use gangway::ids::{AccountId, ConnectorId, CycleId, CycleStepId};
use gangway::secret::{ExposeSecret, Secret};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::stand_in::{Heard, Play, StandIn, acme, date, say};

fn last(host: &StandIn) -> (Heard, Value) {
    let heard = host.heard().pop().unwrap();
    let body = serde_json::from_str(&heard.body).unwrap_or_default();
    (heard, body)
}

#[tokio::test]
async fn an_account_is_made_under_our_own_id() {
    let host = StandIn::saying(200, r#"{"Id":"acme-42","Name":"Acme"}"#).await;
    let new = NewAccount {
        id: acme(),
        name: "Acme".to_owned(),
        description: String::new(),
        timezone: None,
        audit_info: "mark".to_owned(),
        error_webhook: Some("https://go.example.com/hooks/cyclr/acme-42/tag".to_owned()),
        tells_errors: true,
    };
    host.partner().create_account(&new).await.unwrap();
    let expected = json!({
        "Id": "acme-42", "Name": "Acme", "Description": "", "AuditInfo": "mark",
        "TransactionErrorWebhookUrl": "https://go.example.com/hooks/cyclr/acme-42/tag",
        "TransactionErrorWebhookEnabled": true,
    });
    assert_eq!(last(&host).1, expected);
}

#[tokio::test]
async fn an_id_that_is_taken_is_told_from_other_refusals() {
    for (status, message, expected) in [
        (400, "ID already in use", true),
        (409, "Id already in use.", true),
        (400, "Name is required", false),
        (500, "ID already in use", false),
    ] {
        let host = StandIn::saying(status, json!({ "message": message }).to_string()).await;
        let new = NewAccount {
            id: acme(),
            name: String::new(),
            description: String::new(),
            timezone: None,
            audit_info: String::new(),
            error_webhook: None,
            tells_errors: false,
        };
        let error = host.partner().create_account(&new).await.unwrap_err();
        assert_eq!(error.is_id_in_use(), expected, "{error}");
        assert_eq!((error.status(), error.message()), (Some(status), Some(message)));
    }
}

#[tokio::test]
async fn mappings_are_set_with_the_least_body_that_is_documented() {
    let host =
        StandIn::saying(200, r#"{"Field":{"Id":5},"MappingType":"StaticValue","Value":"x"}"#);
    let host = host.await;
    let step = CycleStepId(Uuid::nil());
    for (setting, expected) in [
        (Setting::StaticValue("x".to_owned()), json!({"MappingType": "StaticValue", "Value": "x"})),
        (Setting::ValueList("y".to_owned()), json!({"MappingType": "ValueList", "Value": "y"})),
        (Setting::Ignore, json!({"MappingType": "Ignore"})),
    ] {
        let mapping = host.account().set_field_mapping(step, 5, &setting).await.unwrap();
        assert_eq!((mapping.id, mapping.value.as_deref()), (5, Some("x")));
        assert_eq!(last(&host).1, expected);
    }
    host.account().set_parameter(step, 6, &Setting::Ignore).await.unwrap();
    let path = format!("/v1.0/steps/{step}/parameters/6");
    assert_eq!((last(&host).0.method, last(&host).0.path), ("PUT".to_owned(), path));
}

#[tokio::test]
async fn an_activation_says_only_what_is_set() {
    let host = StandIn::saying(200, "").await;
    let id = CycleId(Uuid::nil());
    let scheduled = Activation {
        start_at: Some(date("2026-05-01T00:00:00Z")),
        interval_minutes: Some(60),
        run_once: false,
    };
    host.account().activate(id, &scheduled).await.unwrap();
    let expected = json!({"StartTime": "2026-05-01T00:00:00Z", "Interval": 60, "RunOnce": false});
    assert_eq!(last(&host).1, expected);
    let once = Activation { run_once: true, ..Activation::default() };
    host.account().activate(id, &once).await.unwrap();
    assert_eq!(last(&host).1, json!({"RunOnce": true}));
    host.account().deactivate(id).await.unwrap();
    let path = format!("/v1.0/cycles/{id}/deactivate?finishQueuedTransactions=false");
    assert_eq!(last(&host).0.path, path);
}

#[tokio::test]
async fn a_property_is_put_where_it_is_and_posted_where_it_is_not() {
    let host = StandIn::answering(|heard| match heard.method.as_str() {
        "GET" => {
            say(200, json!([{"Id": 42, "AccountConnectorId": 7, "Name": "Url", "Value": "a"}]))
        }
        _ => say(200, json!({"Id": 43, "Name": "?", "Value": "b"})),
    })
    .await;
    let account = host.account();
    let value = Secret::from("canary-property");
    for (name, method, path) in [
        ("url", "PUT", "/v1.0/account/connectors/7/properties/42"),
        ("Domain", "POST", "/v1.0/account/connectors/7/properties"),
    ] {
        let set = account.set_property(ConnectorId(7), name, &value).await.unwrap();
        assert!(set.is_set);
        let (heard, body) = last(&host);
        assert_eq!((heard.method.as_str(), heard.path.as_str()), (method, path));
        assert_eq!(body, json!({"Name": name, "Value": "canary-property"}));
    }
}

#[tokio::test]
async fn a_sign_in_token_makes_a_page_with_every_value_encoded() {
    let host = StandIn::saying(
        200,
        r#"{"Token":"a+b/c==","ExpiresAtUtc":"2017-12-08T11:02:48.7436471Z"}"#,
    )
    .await;
    let partner = host.partner();
    let token = partner.mint_sign_in_token(&acme(), "onboarding@acme").await.unwrap();
    assert_eq!(token.expires_at, date("2017-12-08T11:02:48.743647100Z"));
    assert!(!format!("{token:?}").contains("a+b"));
    assert_eq!(last(&host).1, json!({"Username": "onboarding@acme"}));

    let target = Url::parse("https://on.example/return/x?a=b&c=%2F#d").unwrap();
    let client = host.client();
    let page = client.sign_in_page(ConnectorId(51), &token, &WayBack::Redirect(target.clone()));
    assert_eq!(
        page.expose_secret(),
        "https://acme-h.cyclr.com/connectorauth/updateaccountconnectoroauth?id=51\
         &token=a%2Bb%2Fc%3D%3D\
         &targetOrigin=https%3A%2F%2Fon.example%2Freturn%2Fx%3Fa%3Db%26c%3D%252F%23d"
    );
    // In message mode only an origin is told, and the message beside it.
    let message = Secret::from("a nonce");
    let way_back = WayBack::Message { origin: target, message };
    let page = client.sign_in_page(ConnectorId(51), &token, &way_back);
    assert!(
        page.expose_secret()
            .ends_with("&targetOrigin=https%3A%2F%2Fon.example&callbackMessage=a+nonce")
    );
    assert_eq!(client.service_origin(), "https://acme-h.cyclr.com");
}

#[tokio::test]
async fn a_token_that_does_not_say_when_it_ends_is_taken_to_live_five_minutes() {
    let host = StandIn::saying(200, r#"{"Token":"t","ExpiresAtUtc":"later"}"#).await;
    let token = host.partner().mint_sign_in_token(&acme(), "x").await.unwrap();
    assert_eq!(token.expires_at, date("2026-01-02T03:09:05Z"));
}

#[tokio::test]
async fn an_account_id_cannot_lead_elsewhere() {
    let host = StandIn::answering(|_| Play::Say(200, "[]".to_owned())).await;
    for id in [".", ".."] {
        if let Ok(id) = AccountId::parse(id) {
            assert!(host.partner().find_account(&id).await.is_err());
        }
    }
    assert!(host.heard().is_empty());
}
