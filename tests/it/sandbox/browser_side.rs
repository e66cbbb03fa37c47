//! The browser's way through Cyclr's service domain, from the sign-in token to the return.

use chrono::TimeDelta;
use gangway::sandbox::{CRM_TO_MAIL, Fault, FaultKind, NIGHTLY_LEDGER, STORE_ONLY};
use reqwest::Response;
use serde_json::{Value, json};
use url::Url;

use super::{Rig, stopped_clock};

const BACK: &str = "https://gangway.example/return";

/// A rig with a cycle in it, and its account connectors in the order of the steps.
async fn rig_with(template: uuid::Uuid) -> (Rig, Vec<Value>) {
    let rig = Rig::with_account(stopped_clock()).await;
    let cycle = rig.install(template).await;
    let connectors = cycle["Connectors"].as_array().unwrap().iter();
    let ids = connectors.map(|connector| connector["AccountConnectorId"].clone()).collect();
    (rig, ids)
}

async fn credential(rig: &Rig, connector: &Value) -> Value {
    let shown = rig.get(&format!("/v1.0/account/connectors/{connector}")).await;
    shown["AuthValue"].as_str().map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
}

/// The consent screen of a sign-in in message mode.
async fn begin_with_message(rig: &Rig, connector: &Value, message: &str) -> Url {
    let more = [("targetOrigin", BACK), ("callbackMessage", message)];
    let opened = rig.open(connector, &rig.mint().await, &more).await;
    Url::parse(opened.headers()["location"].to_str().unwrap()).unwrap()
}

async fn says_that_it_is_over(answer: Response) {
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("This sign-in is over"));
}

#[tokio::test]
async fn message_mode_ends_on_a_page_whose_only_script_sends_the_message() {
    let (rig, connectors) = rig_with(CRM_TO_MAIL).await;
    let hostile = "</script><script>alert(1)</script>\"'\\\r\n\u{2028}&amp;";
    let consent = begin_with_message(&rig, &connectors[0], hostile).await;
    let answer = rig.decide(&consent, "allow").await;
    assert_eq!(answer.status(), 200);
    assert!(answer.headers().get("location").is_none());
    assert!(answer.headers().get("x-frame-options").is_none(), "it works in a frame");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let nonce = policy.split_once("script-src 'nonce-").unwrap().1.strip_suffix('\'').unwrap();
    assert!(policy.starts_with("default-src 'none'") && nonce.len() >= 22, "{policy}");

    let page = answer.text().await.unwrap();
    assert_eq!(page.matches("<script").count(), 1, "{page}");
    assert_eq!(page.matches("</script").count(), 1, "{page}");
    assert!(page.contains(&format!("<script nonce=\"{nonce}\">")));
    let told = page.split_once(".postMessage(").unwrap().1.split_once(");").unwrap().0;
    let told: Vec<String> = serde_json::from_str(&format!("[{told}]")).unwrap();
    assert_eq!(told, [hostile, BACK]);
    assert!(page.contains("go back to that page"), "it says what to do when nobody listens");
    assert!(credential(&rig, &connectors[0]).await["AccessToken"].is_string());
}

#[tokio::test]
async fn a_nonce_is_used_once_and_a_refusal_sends_no_message() {
    let (rig, connectors) = rig_with(CRM_TO_MAIL).await;
    let mut policies = Vec::new();
    for _ in 0..2 {
        let consent = begin_with_message(&rig, &connectors[0], "done").await;
        let answer = rig.decide(&consent, "allow").await;
        policies.push(answer.headers()["content-security-policy"].clone());
    }
    assert_ne!(policies[0], policies[1]);
    let consent = begin_with_message(&rig, &connectors[0], "done").await;
    let page = rig.decide(&consent, "deny").await.text().await.unwrap();
    assert!(page.contains("Connector callback error") && !page.contains("<script"));
    // An empty message is none.
    let consent = begin_with_message(&rig, &connectors[0], "").await;
    assert_eq!(rig.decide(&consent, "allow").await.headers()["location"], BACK);
}

#[tokio::test]
async fn the_tokens_are_kept_as_documented() {
    let (rig, connectors) = rig_with(CRM_TO_MAIL).await;
    let consent = rig.reach_consent(&connectors[0], BACK).await;
    assert_eq!(rig.decide(&consent, "allow").await.headers()["location"], BACK);
    let kept = credential(&rig, &connectors[0]).await;
    let names: Vec<_> = kept.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["AccessToken", "Expires", "RefreshExpires", "RefreshToken"]);
    assert_eq!(kept["Expires"], "2026-03-01T11:00:00Z");
    assert_eq!(kept["RefreshExpires"], "2026-05-30T10:00:00Z");
    let world = rig.sandbox.world().to_string();
    assert!(!world.contains(kept["AccessToken"].as_str().unwrap()));
}

#[tokio::test]
async fn an_answer_without_a_live_state_is_not_taken() {
    let (rig, connectors) = rig_with(CRM_TO_MAIL).await;
    let callback =
        |query: String| rig.http.get(format!("{}/connector/callback?{query}", rig.base)).send();
    for forged in ["", "code=x", "code=x&state=", "code=x&state=forged", "error=x&state=forged"] {
        says_that_it_is_over(callback(forged.to_owned()).await.unwrap()).await;
    }

    // Replayed: the same code and state, and then a fresh code with the old state.
    let consent = rig.reach_consent(&connectors[0], BACK).await;
    let given = rig.press(&consent, "allow").await;
    assert_eq!(rig.follow(&given).await.status(), 302);
    let kept = credential(&rig, &connectors[0]).await;
    says_that_it_is_over(rig.follow(&given).await).await;
    says_that_it_is_over(rig.decide(&consent, "allow").await).await;
    says_that_it_is_over(rig.decide(&consent, "deny").await).await;
    assert_eq!(credential(&rig, &connectors[0]).await, kept);

    // Too late.
    let consent = rig.reach_consent(&connectors[0], BACK).await;
    rig.sandbox.advance(TimeDelta::hours(1));
    says_that_it_is_over(rig.decide(&consent, "allow").await).await;
    assert_eq!(credential(&rig, &connectors[0]).await, kept);
}

#[tokio::test]
async fn a_live_state_with_a_wrong_answer_changes_nothing_and_is_spent() {
    let (rig, connectors) = rig_with(CRM_TO_MAIL).await;
    let cases = [
        ("", "invalid_request"),
        ("&code=forged", "invalid_grant"),
        ("&error=%3Cb%3Ex&error_description=%3Cscript%3E", "&#60;b&#62;x"),
    ];
    for (answer, told) in cases {
        let consent = rig.reach_consent(&connectors[0], BACK).await;
        let (_, state) = consent.query_pairs().find(|(name, _)| name == "state").unwrap();
        let address = format!("{}/connector/callback?state={state}{answer}", rig.base);
        let page = rig.http.get(&address).send().await.unwrap();
        assert_eq!(page.status(), 200);
        let text = page.text().await.unwrap();
        assert!(text.contains(told) && !text.contains("<script"), "{text}");
        says_that_it_is_over(rig.http.get(&address).send().await.unwrap()).await;
    }
    assert_eq!(credential(&rig, &connectors[0]).await, Value::Null);
}

#[tokio::test]
async fn a_code_is_of_no_use_in_another_sign_in() {
    let (rig, connectors) = rig_with(CRM_TO_MAIL).await;
    let (mine, other) = (
        rig.reach_consent(&connectors[0], BACK).await,
        rig.reach_consent(&connectors[0], BACK).await,
    );
    let given = rig.press(&mine, "allow").await;
    let given = Url::parse(given.headers()["location"].to_str().unwrap()).unwrap();
    let code = given.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let state = other.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let asked = rig.http.get(format!("{}/connector/callback", rig.base));
    let page = asked.query(&[("code", code), ("state", state)]).send().await.unwrap();
    assert!(page.text().await.unwrap().contains("The code_verifier does not fit."));
    assert_eq!(credential(&rig, &connectors[0]).await, Value::Null);
}

#[tokio::test]
async fn connectors_without_a_person_come_straight_back() {
    let (rig, ledger) = rig_with(NIGHTLY_LEDGER).await;
    let store = rig.install(STORE_ONLY).await["Connectors"][0]["AccountConnectorId"].clone();
    for connector in [&ledger[1], &store] {
        let back = [("targetOrigin", BACK)];
        let answer = rig.open(connector, &rig.mint().await, &back).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["location"]),
            (302, &BACK.parse().unwrap())
        );
    }
    assert_eq!(credential(&rig, &ledger[1]).await, json!({}), "Cyclr fetches the token");
    assert_eq!(credential(&rig, &store).await, Value::Null);

    // A key is not got at a provider.
    let mail = rig.install(CRM_TO_MAIL).await["Connectors"][1]["AccountConnectorId"].clone();
    let answer = rig.open(&mail, &rig.mint().await, &[("targetOrigin", BACK)]).await;
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("AuthValue"));
}

#[tokio::test]
async fn a_connector_of_another_account_is_forbidden_and_the_token_is_spent() {
    let (rig, _) = rig_with(CRM_TO_MAIL).await;
    let other = json!({ "Id": "other", "Name": "Other" });
    assert_eq!(rig.call("POST", "/v1.0/accounts", other).await.0, 200);
    let path = format!("{}/v1.0/templates/{CRM_TO_MAIL}/install", rig.base);
    let asked = rig.http.post(path).bearer_auth(&rig.token).header("X-Cyclr-Account", "other");
    let cycle: Value = asked.send().await.unwrap().json().await.unwrap();
    let (token, back) = (rig.mint().await, [("targetOrigin", BACK)]);
    let foreign = &cycle["Connectors"][0]["AccountConnectorId"];
    for _ in 0..2 {
        let answer = rig.open(foreign, &token, &back).await;
        assert_eq!(answer.status(), 403);
        let text = answer.text().await.unwrap();
        assert!(text.contains("403 - Forbidden: Access is denied."), "{text}");
    }
    assert_eq!(rig.sandbox.world()["consents_undecided"], 0);
}

#[tokio::test]
async fn no_value_however_strange_or_long_leads_elsewhere_or_breaks_anything() {
    let (rig, connectors) = rig_with(CRM_TO_MAIL).await;
    let token = rig.mint().await;
    let strange = [
        "",
        "*",
        "/",
        "//evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "https://a.example/\r\nX-Evil: 1",
        "ftp://a.example/",
        "about:blank",
    ];
    for target in strange {
        for message in ["", "done"] {
            let more = [("targetOrigin", target), ("callbackMessage", message)];
            let answer = rig.open(&connectors[0], &token, &more).await;
            assert_eq!(answer.status(), 400, "{target}");
            assert!(
                answer.headers().get("location").is_none()
                    && answer.headers().get("x-evil").is_none()
            );
        }
    }
    let long = "x".repeat(30_000);
    let consent = begin_with_message(&rig, &connectors[0], &long).await;
    let page = rig.decide(&consent, "allow").await.text().await.unwrap();
    assert!(page.contains(&long));
    let (back, huge) = (format!("{BACK}/{long}"), "x".repeat(60_000));
    let consent = rig.reach_consent(&connectors[0], &back).await;
    assert_eq!(rig.decide(&consent, "allow").await.headers()["location"], back.as_str());
    let answer = rig.open(&connectors[0], &huge, &[("targetOrigin", BACK)]).await;
    assert_eq!(answer.status(), 403);
    let asked = rig.http.get(format!("{}/connector/callback", rig.base));
    let answer = asked.query(&[("state", &long), ("error", &long)]).send().await.unwrap();
    says_that_it_is_over(answer).await;
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_told_on_the_error_page() {
    let (rig, connectors) = rig_with(CRM_TO_MAIL).await;
    for kind in [FaultKind::DropBefore, FaultKind::LoseAnswer, FaultKind::Huge] {
        let consent = rig.reach_consent(&connectors[0], BACK).await;
        rig.sandbox.inject(Fault::once("POST", "/provider/token", kind));
        let page = rig.decide(&consent, "allow").await;
        assert_eq!(page.status(), 200);
        assert!(page.text().await.unwrap().contains("temporarily_unavailable"));
    }
    assert_eq!(credential(&rig, &connectors[0]).await, Value::Null);
}
