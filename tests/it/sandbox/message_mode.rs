//! Message mode in a real browser: who opened the sign-in is told, with these words, by this origin.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use chrono::TimeDelta;
use fantoccini::Locator;
use gangway::sandbox::CRM_TO_MAIL;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::form_urlencoded::byte_serialize;

use super::{Rig, stopped_clock};
use crate::browser::Browser;

/// What a host application does: opens the sign-in and listens. The address is in its fragment.
const HOST_PAGE: &str = r#"<!doctype html><title>Host</title>
<button id="popup">Popup</button> <button id="frame">Frame</button> <output id="heard"></output>
<script>
  const there = decodeURIComponent(location.hash.slice(1));
  addEventListener("message", event => {
    const heard = document.getElementById("heard");
    heard.textContent = JSON.stringify([event.data, event.origin]);
    heard.className = "told";
  });
  document.getElementById("popup").onclick = () => window.open(there, "sign-in");
  document.getElementById("frame").onclick = () => {
    const frame = document.createElement("iframe");
    frame.src = there;
    document.body.append(frame);
  };
</script>"#;

struct Host {
    rig: Rig,
    connector: Value,
    /// The host application's origin; its port makes it another than the sandbox's.
    origin: String,
    _server: JoinSet<()>,
}

impl Host {
    async fn new() -> Self {
        let rig = Rig::with_account(stopped_clock()).await;
        let connector =
            rig.install(CRM_TO_MAIL).await["Connectors"][0]["AccountConnectorId"].clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", get(async || Html(HOST_PAGE)));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { rig, connector, origin, _server: server }
    }

    /// A sign-in that reports to `origin`.
    async fn sign_in(&self, message: &str, origin: &str) -> String {
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        format!(
            "{}/connectorauth/updateaccountconnectoroauth?id={}&token={}&targetOrigin={}&callbackMessage={}",
            self.rig.base,
            self.connector,
            encoded(&self.rig.mint().await),
            encoded(origin),
            encoded(message).replace('+', "%20"),
        )
    }

    async fn show(&self, browser: &Browser, there: &str) {
        // Another address of the same page would only move its fragment.
        browser.client.goto("about:blank").await.unwrap();
        let there = byte_serialize(there.as_bytes()).collect::<String>();
        browser.client.goto(&format!("{}/#{there}", self.origin)).await.unwrap();
    }

    async fn heard(&self, browser: &Browser) -> Value {
        let heard = browser.wait_for("#heard.told").await.text().await.unwrap();
        serde_json::from_str(&heard).unwrap()
    }
}

#[tokio::test]
async fn the_page_that_opened_the_sign_in_hears_its_own_words_from_the_service_domain() {
    let Some(browser) = Browser::open(1000).await else { return };
    let host = Host::new().await;
    let client = &browser.client;
    let message = "done </script> \"42\" ü";
    let told = json!([message, host.rig.base]);

    let there = host.sign_in(message, &format!("{}/ignored/path", host.origin)).await;
    host.show(&browser, &there).await;
    browser.click("#popup").await;
    let main = client.window().await.unwrap();
    let popup = loop {
        let windows = client.windows().await.unwrap();
        if let Some(popup) = windows.into_iter().find(|one| *one != main) {
            break popup;
        }
    };
    client.switch_to_window(popup).await.unwrap();
    browser.click("#allow").await;
    browser.wait_for("#told:not([hidden])").await;
    assert!(client.find(Locator::Css("#nobody[hidden]")).await.is_ok());
    browser.shoot("message-told").await;
    client.close_window().await.unwrap();
    client.switch_to_window(main).await.unwrap();
    assert_eq!(host.heard(&browser).await, told);

    let there = host.sign_in(message, &host.origin).await;
    host.show(&browser, &there).await;
    browser.click("#frame").await;
    browser.wait_for("iframe").await;
    client.enter_frame(0).await.unwrap();
    browser.click("#allow").await;
    browser.wait_for("#told:not([hidden])").await;
    client.enter_parent_frame().await.unwrap();
    assert_eq!(host.heard(&browser).await, told);
    browser.close().await;
}

#[tokio::test]
async fn without_anybody_to_tell_the_page_says_what_to_do() {
    let Some(browser) = Browser::open(400).await else { return };
    let host = Host::new().await;
    let there = host.sign_in("done", &host.origin).await;
    browser.client.goto(&there).await.unwrap();
    browser.shoot("sandbox-consent").await;
    browser.click("#allow").await;
    browser.wait_for_heading("You are signed in").await;
    let text = browser.wait_for("#nobody").await.text().await.unwrap();
    assert!(text.contains("Close this window and go back to that page"), "{text}");
    assert!(browser.client.find(Locator::Css("#told[hidden]")).await.is_ok());
    browser.shoot("message-nobody").await;
    assert_eq!(host.rig.sandbox.world()["accounts"][0]["connectors"][0]["Authenticated"], true);

    // A slow provider: the page goes on by itself when the answer is ready.
    let there = host.sign_in("done", &host.origin).await;
    browser.client.goto(&there).await.unwrap();
    browser.click("summary").await;
    browser.shoot("sandbox-consent-open").await;
    browser.click("#slow").await;
    browser.wait_for_heading("One moment").await;
    browser.shoot("sandbox-waiting").await;
    host.rig.sandbox.advance(TimeDelta::seconds(15));
    browser.wait_for_heading("You are signed in").await;
    // Back: the question again, which no longer counts.
    let there = host.sign_in("done", &host.origin).await;
    browser.client.goto(&there).await.unwrap();
    browser.click("#deny").await;
    browser.wait_for_heading("Connector callback error").await;
    browser.shoot("sandbox-callback-error").await;
    browser.client.back().await.unwrap();
    browser.click("#allow").await;
    browser.wait_for_heading("This sign-in is over").await;
    browser.shoot("sandbox-over").await;
    browser.close().await;
}
