use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use gangway::ids::OnboardingId;
use gangway::onboarding::StepKind;
use gangway::sandbox::{Fault, FaultKind};
use serde_json::json;
use url::Url;

use super::{Browser, Site};
use crate::house::attended;

/// Everything that is logged while it lives, at the most talkative level.
struct Listening {
    text: Log,
    _guard: tracing::subscriber::DefaultGuard,
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Listening {
    fn begin() -> Self {
        let text = Log::default();
        let writer = text.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        Self { text, _guard: tracing::subscriber::set_default(subscriber) }
    }

    fn text(&self) -> String {
        String::from_utf8(self.text.0.lock().unwrap().clone()).unwrap()
    }
}

async fn sign_in_path(site: &Site, id: OnboardingId, browser: &Browser) -> String {
    let connector = site.house.connector(id, "Harbour CRM").await;
    format!("{}/connections/{connector}/sign-in", browser.page)
}

/// At the API key's form.
async fn at_the_credential(site: &mut Site, id: OnboardingId) -> (Browser, String) {
    let crm = site.house.connector(id, "Harbour CRM").await;
    site.house.sign_in(id, crm, "allow").await;
    site.house.advance(chrono::TimeDelta::seconds(3));
    site.house.settle().await;
    let browser = site.visit(id).await;
    let mail = site.house.connector(id, "Parcel Mail").await;
    let path = format!("{}/connections/{mail}/details", browser.page);
    (browser, path)
}

#[tokio::test]
async fn a_form_from_elsewhere_is_refused_and_nothing_is_called() {
    let (mut site, id) = Site::with(attended()).await;
    let mut second = attended();
    second["key"] = json!("second");
    let second = site.house.publish(second).await;
    let other = site.house.start("other", &second).await;
    site.house.settle().await;
    let browser = site.visit(id).await;
    let token = site.form_token(&browser).await;
    let foreign = site.form_token(&site.visit(other).await).await;
    let elsewhere = site.form_token(&site.visit(id).await).await;
    let path = sign_in_path(&site, id, &browser).await;
    let (before, heard) = (site.rows().await, site.house.heard());

    let good = [("origin", "null"), ("sec-fetch-site", "same-origin")];
    let forms: [&[(&str, &str)]; 5] = [
        &[],
        &[("form-token", "")],
        &[("form-token", "AAAAAAAAAAAAAAAAAAAAAA")],
        &[("form-token", &foreign)],
        &[("form-token", &elsewhere)],
    ];
    for form in forms {
        let refused = site.post_as(&path, &browser.cookie, form, &good).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{form:?}");
        assert_eq!(refused.heading(), "This page is no longer current");
    }
    let form = [("form-token", &*token)];
    let headers: [&[(&str, &str)]; 4] = [
        &[("origin", "https://evil.example")],
        &[("origin", "null"), ("sec-fetch-site", "cross-site")],
        &[("origin", "https://go.example.com"), ("sec-fetch-site", "same-site")],
        &[("origin", "http://go.example.com")],
    ];
    for headers in headers {
        let refused = site.post_as(&path, &browser.cookie, &form, headers).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{headers:?}");
    }
    // No visit, no form: the token alone is nothing.
    assert_eq!(site.post(&path, "", &form).await.status, StatusCode::FORBIDDEN);
    // Something that is no form, and one that is too large.
    let long = "x".repeat(70_000);
    let large = site.post(&path, &browser.cookie, &[("form-token", &token), ("x", &long)]).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(site.rows().await, before);
    assert_eq!(site.house.heard(), heard);
}

#[tokio::test]
async fn the_button_leads_to_the_provider_and_its_token_is_kept_nowhere() {
    let (site, id) = Site::with(attended()).await;
    let browser = site.visit(id).await;
    let token = site.form_token(&browser).await;
    let path = sign_in_path(&site, id, &browser).await;
    let log = Listening::begin();
    // A second click is harmless: each leads somewhere that works.
    for _ in 0..2 {
        let sent = site.post(&path, &browser.cookie, &[("form-token", &token)]).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER);
        assert_eq!(sent.header("cache-control"), "no-store");
        assert_eq!(sent.header("referrer-policy"), "no-referrer");
        let there = Url::parse(sent.header("location")).unwrap();
        assert_eq!(there.origin().ascii_serialization(), site.house.engine.service_origin());
        assert_eq!(there.path(), "/connectorauth/updateaccountconnectoroauth");
        assert!(
            sent.header("location")
                .contains("targetOrigin=https%3A%2F%2Fgo.example.com%2Freturn%2F")
        );
        let secret = there.query_pairs().find(|(name, _)| name == "token").unwrap().1.into_owned();
        assert!(secret.len() > 10);
        assert!(!site.rows().await.contains(&secret), "a row holds the sign-in token");
        assert!(!log.text().contains(&secret), "the log holds the sign-in token");
        assert!(sent.body.is_empty());
        let page = site.get(&browser.page, Some(&browser.cookie)).await.body;
        assert!(page.contains("is under way") && !page.contains(&secret));
    }
    // An account that does not exist is not signed in to; the page says what is so.
    let nowhere = format!("{}/connections/1/sign-in", browser.page);
    let sent = site.post(&nowhere, &browser.cookie, &[("form-token", &token)]).await;
    assert_eq!(sent.header("location"), browser.page);
}

#[tokio::test]
async fn a_provider_page_that_cannot_be_had_is_told_with_a_way_back() {
    let (site, id) = Site::with(attended()).await;
    let browser = site.visit(id).await;
    let token = site.form_token(&browser).await;
    let busy = FaultKind::Refuse { status: 503, message: "canary".into(), retry_after: None };
    let busy = Fault::once("POST", "/v1.0/accounts/*/signintoken", busy);
    site.house.sandbox.inject(Fault { times: 9, ..busy });
    let path = sign_in_path(&site, id, &browser).await;
    let failed = site.post(&path, &browser.cookie, &[("form-token", &token)]).await;
    assert_eq!(failed.status, StatusCode::BAD_GATEWAY);
    assert!(!failed.body.contains("canary"));
    assert!(failed.body.contains(&format!("href=\"{}\"", browser.page)));
}

#[tokio::test]
async fn a_credential_goes_through_and_leaves_no_trace() {
    const CANARY: &str = "canary-9d1f-key";
    let (mut site, id) = Site::with(attended()).await;
    let (browser, path) = at_the_credential(&mut site, id).await;
    let token = site.form_token(&browser).await;
    let log = Listening::begin();

    let endless = "k".repeat(4_097);
    for wrong in ["", "   ", &*endless, "a\nb", "a\u{0}b"] {
        let form = [("form-token", &*token), ("api_key", wrong)];
        let heard = site.house.heard().len();
        let refused = site.post(&path, &browser.cookie, &form).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong:?}");
        assert!(refused.title().starts_with("Error: Step 2 of 4"), "{}", refused.title());
        assert_eq!(refused.filled_in().keys().collect::<Vec<_>>(), ["form-token"]);
        assert_eq!(site.house.heard().len(), heard);
    }
    let form = [("form-token", &*token), ("api_key", CANARY)];
    for (status, expected) in [(400, 422), (503, 502)] {
        let message = format!("no {CANARY}");
        let refusal = FaultKind::Refuse { status, message, retry_after: None };
        let refusal = Fault::once("PUT", "/v1.0/account/connectors/*", refusal);
        site.house.sandbox.inject(refusal);
        let refused = site.post(&path, &browser.cookie, &form).await;
        assert_eq!(refused.status.as_u16(), expected);
        assert!(refused.body.contains("Parcel Mail is not connected yet"));
        assert!(!refused.body.contains(CANARY), "{}", refused.body);
        assert!(refused.body.contains("type=\"password\"") && refused.body.contains("autofocus"));
    }
    let accepted = site.post(&path, &browser.cookie, &form).await;
    assert_eq!(
        (accepted.status, accepted.header("location")),
        (StatusCode::SEE_OTHER, &*browser.page)
    );
    site.house.settle().await;
    assert_eq!(site.house.read(id).await.step(), StepKind::Map);
    // Sent again, from a page left open: nothing happens, and the present page is shown.
    let again = site.post(&path, &browser.cookie, &form).await;
    assert_eq!(again.header("location"), browser.page);
    assert!(!site.rows().await.contains(CANARY), "a row holds the credential");
    assert!(!log.text().contains(CANARY), "the log holds the credential");
}

#[tokio::test]
async fn answers_that_will_not_do_are_kept_and_explained_field_by_field() {
    let (mut site, id) = Site::with(attended()).await;
    let (browser, path) = at_the_credential(&mut site, id).await;
    let token = site.form_token(&browser).await;
    let form = [("form-token", &*token), ("api_key", "a-key")];
    site.post(&path, &browser.cookie, &form).await;
    site.house.settle().await;

    let page = site.get(&browser.page, Some(&browser.cookie)).await;
    assert_eq!(page.heading(), "Step 3 of 4: Answer a few questions");
    let list = site.house.read(id).await.requirements()[1].object.clone();
    let path = format!("{}/answers", browser.page);
    let before = site.rows().await;
    let form = [
        ("form-token", &*token),
        ("pipeline", "Nobody"),
        ("sender", "no address"),
        (&*list, "{{Cyclr_Auth_ApiKey}}"),
    ];
    let refused = site.post(&path, &browser.cookie, &form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.title().starts_with("Error: Step 3 of 4: "), "{}", refused.title());
    for mistake in [
        "<a href=\"#answer-1\">Which contacts? – Choose one of the listed answers</a>",
        "<a href=\"#answer-2\">List name – Leave out the characters {{",
        "<a href=\"#answer-3\">Which sender? – Enter an e-mail address",
    ] {
        assert!(refused.body.contains(mistake), "{mistake}\n{}", refused.body);
    }
    assert_eq!(refused.body.matches("aria-invalid=\"true\"").count(), 2, "{}", refused.body);
    assert_eq!(refused.filled_in()["sender"], "no address");
    assert_eq!(refused.filled_in()[&list], "{{Cyclr_Auth_ApiKey}}");
    assert_eq!(site.rows().await, before, "only a draft is kept");
    let again = site.get(&browser.page, Some(&browser.cookie)).await;
    assert_eq!(again.filled_in()["sender"], "no address", "it survives a reload");

    let form = [
        ("form-token", &*token),
        ("pipeline", "Partners"),
        ("sender", " ada@acme.example "),
        (&*list, "Friends"),
    ];
    let accepted = site.post(&path, &browser.cookie, &form).await;
    let review = format!("{}/review", browser.page);
    assert_eq!((accepted.status, accepted.header("location")), (StatusCode::SEE_OTHER, &*review));
    // Nothing has happened yet.
    assert!(site.house.read(id).await.facts.answers.is_empty());
    let shown = site.get(&review, Some(&browser.cookie)).await;
    assert_eq!(shown.heading(), "Step 3 of 4: Check your answers");
    let shown = shown.filled_in()["shown"].clone();
    let confirmed = [("form-token", &*token), ("shown", &*shown)];
    let confirmed = site.post(&review, &browser.cookie, &confirmed).await;
    assert_eq!(
        (confirmed.status, confirmed.header("location")),
        (StatusCode::SEE_OTHER, &*browser.page)
    );
    site.house.settle().await;
    let done = site.get(&browser.page, Some(&browser.cookie)).await;
    assert_eq!(done.heading(), "All done");
    assert!(done.body.contains("Runs every hour."));
    // A late second send changes nothing.
    let before = site.rows().await;
    assert_eq!(site.post(&path, &browser.cookie, &form).await.status, StatusCode::SEE_OTHER);
    assert_eq!(site.rows().await, before);
}
