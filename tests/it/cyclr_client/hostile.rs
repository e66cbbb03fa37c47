//! Replies that nobody documented.

use gangway::cyclr::{CallLog, Error, Fault};
use gangway::ids::{CycleId, TemplateId};
use serde_json::json;
use uuid::Uuid;

use super::stand_in::{Play, StandIn, acme, clock, settings};

/// 256 KiB of blanks between brackets, in gzip.
const GZIP_BOMB: &str = "\
    H4sIAAAAAAACA+3BQREAAAwCoCrr5a1/Df9mAHIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAOMLYukChQIABAA=";

async fn read_and_mutate(host: &StandIn) -> [Error; 2] {
    let account = host.account();
    let read = account.find_cycle(CycleId(Uuid::nil())).await;
    let mutation = account.install(TemplateId(Uuid::nil())).await;
    [read.unwrap_err(), mutation.unwrap_err()]
}

#[tokio::test]
async fn an_unreadable_success_is_doubt_for_a_mutation_and_a_retry_for_a_read() {
    let deep = "[".repeat(100_000);
    let deep_object = r#"{"Id":"#.repeat(100_000);
    let deep_extra = format!(r#"{{"Extra":{deep}"#);
    let large = format!(r#"{{"Name":"{}"}}"#, "x".repeat(64 * 1024));
    for body in [
        "<html><body>Sign in to the proxy</body></html>",
        "",
        "  \r\n",
        "null",
        "7",
        "\"canary\"",
        "[]",
        "{",
        r#"{"Id":"cf636e9c-13dd-47ea"#,
        r#"{"Id":null}"#,
        r#"{"Id":7}"#,
        r#"{"Id":"not a guid"}"#,
        r#"{"Id":NaN}"#,
        r#"{"Id":1e999}"#,
        r#"{"Id":"cf636e9c-13dd-47ea-b0e8-88a5bf7f7b00","id":"x"}"#,
        r#"{"Id":"cf636e9c-13dd-47ea-b0e8-88a5bf7f7b00","Connectors":"none"}"#,
        r#"{"Id":"cf636e9c-13dd-47ea-b0e8-88a5bf7f7b00"} and more"#,
        "{\"Id\":\"\\",
        "\"",
        &deep,
        &deep_object,
        &deep_extra,
        &large,
    ] {
        let host = StandIn::saying(200, body).await;
        let [read, mutation] = read_and_mutate(&host).await;
        let shown: String = body.chars().take(60).collect();
        assert!(matches!(read, Error::Unreadable { .. }), "{shown}: {read:?}");
        assert_eq!(read.fault(), Fault::Transient, "{shown}");
        assert_eq!(mutation.fault(), Fault::Ambiguous, "{shown}");
        assert!(!format!("{read:?} {read}").contains("canary"));
    }
}

#[tokio::test]
async fn a_page_of_html_is_no_confirmation_that_needs_no_body() {
    let host = StandIn::saying(200, "<html>").await;
    let error = host.account().deactivate(CycleId(Uuid::nil())).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Ambiguous);
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit_whatever_it_claims() {
    use base64::Engine as _;
    let bomb = base64::engine::general_purpose::STANDARD.decode(GZIP_BOMB).unwrap();
    assert!(bomb.len() < 1024);
    let host = StandIn::answering(move |_| {
        let gzip = vec![("content-encoding", "gzip".to_owned())];
        Play::With(200, gzip, bomb.clone())
    })
    .await;
    for error in read_and_mutate(&host).await {
        assert!(matches!(error, Error::Unreadable { reason: "it is too large", .. }), "{error}");
    }
    let host = StandIn::answering(|_| Play::Endless).await;
    for error in read_and_mutate(&host).await {
        assert!(matches!(error, Error::Unreadable { reason: "it is too large", .. }), "{error}");
    }
}

#[tokio::test]
async fn a_cut_connection_in_the_body_is_an_answer_that_ends_early() {
    let host = StandIn::answering(|_| Play::Break(r#"{"Id":"#.to_owned())).await;
    let [read, mutation] = read_and_mutate(&host).await;
    assert!(matches!(read, Error::Unreadable { .. }), "{read:?}");
    assert_eq!((read.fault(), mutation.fault()), (Fault::Transient, Fault::Ambiguous));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_token_stays_here() {
    let elsewhere = StandIn::saying(200, "[]").await;
    let target = format!("http://{}/v1.0/cycles", elsewhere.address);
    let host = StandIn::answering(move |_| {
        Play::With(302, vec![("location", target.clone())], Vec::new())
    })
    .await;
    for error in read_and_mutate(&host).await {
        assert_eq!((error.status(), error.fault()), (Some(302), Fault::Permanent));
    }
    assert!(elsewhere.heard().is_empty());
}

#[tokio::test]
async fn the_words_of_a_refusal_are_found_where_there_are_any() {
    for (body, expected) in [
        (
            json!({"Message": "Connector 5122 is a draft."}).to_string(),
            Some("Connector 5122 is a draft."),
        ),
        (json!({"exceptionMessage": "Null"}).to_string(), Some("Null")),
        ("plain\r\n\u{1b}[31m text\u{202e}".to_owned(), Some("plain [31m text")),
        ("<html><title>Bad gateway</title></html>".to_owned(), Some("(an HTML page)")),
        (json!({"Message": {"a": 1}}).to_string(), None),
        (String::new(), None),
        ("[".repeat(100_000), None),
    ] {
        let host = StandIn::saying(400, body).await;
        let error = host.account().deactivate(CycleId(Uuid::nil())).await.unwrap_err();
        assert_eq!((error.status(), error.message()), (Some(400), expected));
    }
}

#[tokio::test]
async fn a_refusal_stands_even_if_its_body_never_ends() {
    let mut settings = settings(([127, 0, 0, 1], 1).into());
    settings.body_limit = 16;
    let host = StandIn::answering(|_| {
        let wait = vec![("retry-after", "9".to_owned())];
        Play::With(429, wait, vec![b'x'; 1024])
    })
    .await;
    settings.api_base.set_port(Some(host.address.port())).unwrap();
    settings.body_limit = 512;
    let client = gangway::cyclr::Client::new(settings, clock()).unwrap();
    let account = client.in_account(&acme(), &CallLog::default());
    let error = account.deactivate(CycleId(Uuid::nil())).await.unwrap_err();
    let retry_after = Some(std::time::Duration::from_secs(9));
    assert_eq!(error.fault(), Fault::Throttled { retry_after });
    assert_eq!(error.message(), None);
}
