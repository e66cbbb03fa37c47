//! Another server in the place of the pretend provider, by configuration alone.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gangway::sandbox::{CRM_TO_MAIL, Catalogue, Sandbox, Settings};
use reqwest::Response;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::{Url, form_urlencoded};

use super::{Rig, stopped_clock};

const BACK: &str = "https://gangway.example/return";

/// What the token endpoint heard: the header `Authorization`, and the form.
type Heard = (Option<String>, Vec<(String, String)>);

/// Gives each code's tokens by the answer that it was told to give.
#[derive(Clone)]
struct Provider {
    heard: Arc<Mutex<Vec<Heard>>>,
    answer: Arc<Mutex<(StatusCode, String)>>,
}

async fn token(
    State(provider): State<Provider>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(headers["accept"], "application/json");
    let authorization =
        headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let form = form_urlencoded::parse(&body).into_owned().collect();
    provider.heard.lock().unwrap().push((authorization, form));
    provider.answer.lock().unwrap().clone()
}

/// A sandbox whose CRM is signed in to at the other server.
struct Real {
    rig: Rig,
    connector: Value,
    provider: Provider,
    _server: JoinSet<()>,
}

impl Real {
    async fn new(more: Value) -> Self {
        let answer = json!({ "access_token": "real-1", "token_type": "Bearer" }).to_string();
        let answer = Arc::new(Mutex::new((StatusCode::OK, answer)));
        let provider = Provider { heard: Arc::default(), answer };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/token", post(token)).with_state(provider.clone());
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });

        let mut config = json!({
            "authorize_url": format!("{base}/authorize?prompt=consent"),
            "token_url": format!("{base}/token"),
            "client_id": "the&client",
            "client_secret": "hush:hush",
        });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut catalogue = serde_json::to_value(Catalogue::built_in()).unwrap();
        catalogue["connectors"][0]["provider"] = config;
        let catalogue = Catalogue::parse(&catalogue.to_string()).unwrap();
        let service_domain = Url::parse("https://acme-h.cyclr.example").ok();
        let settings = Settings { catalogue, service_domain, ..stopped_clock() };
        let rig = Rig::with_account(settings).await;
        let connector =
            rig.install(CRM_TO_MAIL).await["Connectors"][0]["AccountConnectorId"].clone();
        Self { rig, connector, provider, _server: server }
    }

    /// Where the browser is sent.
    async fn begin(&self) -> Url {
        let back = [("targetOrigin", BACK)];
        let opened = self.rig.open(&self.connector, &self.rig.mint().await, &back).await;
        assert_eq!(opened.status(), 302);
        Url::parse(opened.headers()["location"].to_str().unwrap()).unwrap()
    }

    /// From the provider back to Cyclr.
    async fn come_back(&self, begun: &Url) -> Response {
        let state = value(begun, "state").unwrap();
        let asked = self.rig.http.get(format!("{}/connector/callback", self.rig.base));
        asked.query(&[("code", "real code"), ("state", &state)]).send().await.unwrap()
    }

    fn answers(&self, status: u16, body: &str) {
        let status = StatusCode::from_u16(status).unwrap();
        *self.provider.answer.lock().unwrap() = (status, body.to_owned());
    }

    fn heard(&self) -> Heard {
        self.provider.heard.lock().unwrap().pop().unwrap()
    }

    async fn credential(&self) -> Option<Value> {
        let shown = self.rig.get(&format!("/v1.0/account/connectors/{}", self.connector)).await;
        shown["AuthValue"].as_str().map(|text| serde_json::from_str(text).unwrap())
    }
}

fn value(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(one, _)| one == name).map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn a_real_provider_takes_the_pretend_ones_place() {
    let real = Real::new(json!({ "scopes": ["contacts", "offline"] })).await;
    let begun = real.begin().await;
    assert_eq!(begun.path(), "/authorize");
    let said = |name: &str| value(&begun, name).unwrap();
    assert_eq!((said("prompt"), said("response_type")), ("consent".into(), "code".into()));
    assert_eq!(
        (said("client_id"), said("scope")),
        ("the&client".into(), "contacts offline".into())
    );
    let callback = "https://acme-h.cyclr.example/connector/callback";
    assert_eq!(
        (said("redirect_uri"), said("code_challenge_method")),
        (callback.into(), "S256".into())
    );
    assert!(!begun.as_str().contains("hush"));

    let told = json!({ "access_token": "real-1", "refresh_token": "real-2", "expires_in": 60 });
    real.answers(200, &told.to_string());
    let answer = real.come_back(&begun).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["location"]),
        (302, &BACK.parse().unwrap())
    );
    let (authorization, form) = real.heard();
    assert_eq!(authorization, None);
    let heard = |name: &str| form.iter().find(|(one, _)| one == name).unwrap().1.as_str();
    assert_eq!((heard("grant_type"), heard("code")), ("authorization_code", "real code"));
    assert_eq!((heard("client_id"), heard("client_secret")), ("the&client", "hush:hush"));
    assert_eq!(heard("redirect_uri"), callback);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(heard("code_verifier")));
    assert_eq!(said("code_challenge"), challenge);
    assert!(heard("code_verifier").len() >= 43);
    let kept = json!({ "AccessToken": "real-1", "RefreshToken": "real-2",
        "Expires": "2026-03-01T10:01:00Z", "RefreshExpires": null });
    assert_eq!(real.credential().await.unwrap(), kept);
}

#[tokio::test]
async fn a_provider_without_pkce_may_want_the_secret_in_a_header() {
    let real = Real::new(json!({ "pkce": false, "client_auth": "basic" })).await;
    let begun = real.begin().await;
    assert_eq!(value(&begun, "code_challenge"), None);
    assert_eq!(value(&begun, "scope"), None);
    assert_eq!(real.come_back(&begun).await.status(), 302);
    let (authorization, form) = real.heard();
    let names: Vec<_> = form.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["grant_type", "code", "redirect_uri"]);
    let pair = authorization.unwrap();
    let pair = STANDARD.decode(pair.strip_prefix("Basic ").unwrap()).unwrap();
    assert_eq!(pair, b"the%26client:hush%3Ahush");
}

#[tokio::test]
async fn whatever_a_real_provider_answers_wrongly_is_told_and_nothing_is_kept() {
    let real = Real::new(json!({})).await;
    let refused = r#"{"error":"invalid_grant","error_description":"<i>No</i>"}"#;
    let huge = format!("{{\"access_token\":\"{}\"}}", "x".repeat(1_000_000));
    let cases = [
        (400, refused, "invalid_grant"),
        (200, refused, "&#60;i&#62;No"),
        (200, "<p>gateway</p>", "server_error"),
        (500, r#"{"access_token":"x"}"#, "answered 500"),
        (302, "", "answered 302"),
        (200, &huge, "temporarily_unavailable"),
    ];
    for (status, body, told) in cases {
        real.answers(status, body);
        let begun = real.begin().await;
        let page = real.come_back(&begun).await;
        assert_eq!(page.status(), 200);
        let text = page.text().await.unwrap();
        assert!(text.contains("Connector callback error") && text.contains(told), "{text}");
        assert!(!text.contains("hush"));
    }
    assert_eq!(real.credential().await, None);
}

#[tokio::test]
async fn a_real_provider_that_is_away_is_told() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let token_url = format!("http://{}/token", nobody.local_addr().unwrap());
    drop(nobody);
    let real = Real::new(json!({ "token_url": token_url })).await;
    let text = real.come_back(&real.begin().await).await.text().await.unwrap();
    assert!(text.contains("temporarily_unavailable"), "{text}");
}

#[test]
fn a_provider_that_cannot_be_followed_keeps_the_sandbox_from_opening() {
    let mut catalogue = serde_json::to_value(Catalogue::built_in()).unwrap();
    let provider = json!({ "authorize_url": "javascript:alert(1)", "token_url": "ftp://x/",
        "client_id": "", "client_secret": "hush" });
    catalogue["connectors"][0]["provider"] = provider;
    let catalogue: Catalogue = serde_json::from_value(catalogue).unwrap();
    assert!(!format!("{catalogue:?}").contains("hush"));
    let told = Sandbox::open(Settings { catalogue, ..stopped_clock() }).err().unwrap().to_string();
    for what in ["Harbour CRM", "authorize_url", "token_url", "client_id"] {
        assert!(told.contains(what), "{told}");
    }
    assert!(!told.contains("hush"));
}
