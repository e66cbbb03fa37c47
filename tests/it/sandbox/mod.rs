//! The sandbox over real HTTP: it must be what the client is later held against.

mod browser_side;
mod calls;
mod endpoints;
mod faults;
mod harbour;
mod message_mode;
mod page;
mod program;
mod provider;
mod real_provider;
mod resources;
mod runs;
mod two_sandboxes;
mod variants;

use std::time::Duration;

use chrono::{DateTime, Utc};
use gangway::sandbox::{
    CLIENT_ID, CLIENT_SECRET, CRM_TO_MAIL, Fault, FaultKind, Sandbox, Settings, serve,
};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

const ACCOUNT: &str = "acme-42";
const INSTALL: &str = "/v1.0/templates/*/install";

/// A sandbox on a free port, a client that follows no redirect, and a token.
struct Rig {
    sandbox: Sandbox,
    base: String,
    http: Client,
    token: String,
    account: String,
    partner: (String, String),
    _server: JoinSet<std::io::Result<()>>,
}

fn stopped_clock() -> Settings {
    let now: DateTime<Utc> = "2026-03-01T10:00:00.1234567Z".parse().unwrap();
    Settings { clock: Some(now), ..Settings::default() }
}

impl Rig {
    async fn new(settings: Settings) -> Self {
        Self::of(settings, ACCOUNT, (CLIENT_ID, CLIENT_SECRET)).await
    }

    /// One whose calls are about this account, with these credentials of the partner.
    async fn of(settings: Settings, account: &str, partner: (&str, &str)) -> Self {
        // Fails when another test was quicker, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::open(settings).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mut server = JoinSet::new();
        server.spawn(serve(sandbox.clone(), listener, std::future::pending()));
        let builder = Client::builder().no_proxy().timeout(Duration::from_secs(20));
        let http = builder.redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let partner = (partner.0.to_owned(), partner.1.to_owned());
        let (account, token) = (account.to_owned(), String::new());
        let mut rig = Self { sandbox, base, http, token, account, partner, _server: server };
        rig.renew_token().await;
        rig
    }

    /// One with an account in it.
    async fn with_account(settings: Settings) -> Self {
        let rig = Self::new(settings).await;
        let made =
            rig.call("POST", "/v1.0/accounts", json!({ "id": ACCOUNT, "name": "Acme" })).await;
        assert_eq!(made.0, 200);
        rig
    }

    async fn sign_in(&self) -> Value {
        self.token_for((&self.partner.0, &self.partner.1)).await
    }

    async fn token_for(&self, (id, secret): (&str, &str)) -> Value {
        let form =
            [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
        let asked = self.http.post(format!("{}/oauth/token", self.base)).form(&form);
        asked.send().await.unwrap().json().await.unwrap()
    }

    async fn renew_token(&mut self) {
        let told = self.sign_in().await;
        told["access_token"].as_str().unwrap().clone_into(&mut self.token);
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> reqwest::Result<Response> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = request.bearer_auth(&self.token).header("X-Cyclr-Account", &self.account);
        if body.is_null() { request.send().await } else { request.json(&body).send().await }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let answer = self.send(method, path, body).await.unwrap();
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// A GET that must succeed.
    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn install(&self, template: uuid::Uuid) -> Value {
        let path = format!("/v1.0/templates/{template}/install");
        let (status, cycle) = self.call("POST", &path, Value::Null).await;
        assert_eq!(status, 200, "{cycle}");
        cycle
    }

    async fn mint(&self) -> String {
        let path = format!("/v1.0/accounts/{}/signintoken", self.account);
        let (_, body) = self.call("POST", &path, json!({ "Username": "onboarding@acme" })).await;
        body["Token"].as_str().unwrap().to_owned()
    }

    async fn open(&self, connector: &Value, token: &str, more: &[(&str, &str)]) -> Response {
        let connector = connector.to_string();
        let query = [("id", connector.as_str()), ("token", token)];
        let asked =
            self.http.get(format!("{}/connectorauth/updateaccountconnectoroauth", self.base));
        asked.query(&query).query(more).send().await.unwrap()
    }

    /// The button on the consent screen. Gives the provider's own answer.
    async fn press(&self, consent: &Url, decision: &str) -> Response {
        let body = format!("{}&decision={decision}", consent.query().unwrap());
        let asked = self.http.post(format!("{}/provider/decide", self.base));
        let asked = asked.header("content-type", "application/x-www-form-urlencoded");
        asked.body(body).send().await.unwrap()
    }

    /// From the button to what Cyclr shows in the end.
    async fn decide(&self, consent: &Url, decision: &str) -> Response {
        let answer = self.press(consent, decision).await;
        assert_eq!(answer.status(), 303);
        self.follow(&answer).await
    }

    /// Goes where a redirect leads within the sandbox, under whatever name it has.
    async fn follow(&self, answer: &Response) -> Response {
        let base = Url::parse(&self.base).unwrap();
        let to = base.join(answer.headers()["location"].to_str().unwrap()).unwrap();
        let query = to.query().unwrap_or_default();
        self.http.get(format!("{}{}?{query}", self.base, to.path())).send().await.unwrap()
    }

    /// From the token to the consent screen; gives its address.
    async fn reach_consent(&self, connector: &Value, back: &str) -> Url {
        let opened = self.open(connector, &self.mint().await, &[("targetOrigin", back)]).await;
        assert_eq!(opened.status(), 302);
        let to = Url::parse(opened.headers()["location"].to_str().unwrap()).unwrap();
        let page = self.follow(&opened).await.text().await.unwrap();
        assert!(page.contains("Allow access to Harbour CRM?") && page.contains(r#"id="allow""#));
        to
    }

    fn inject(&self, kind: FaultKind) {
        self.sandbox.inject(Fault::once("POST", INSTALL, kind));
    }

    fn cycles(&self) -> usize {
        self.sandbox.world()["accounts"][0]["cycles"].as_array().unwrap().len()
    }

    /// The last call: its status and whether it was performed.
    fn last(&self) -> (Option<u16>, bool) {
        let call = self.sandbox.calls().pop().unwrap();
        (call.status, call.performed)
    }
}

fn install_path() -> String {
    format!("/v1.0/templates/{CRM_TO_MAIL}/install")
}
