//! Each reason for which the single sign-on turns somebody away, provoked for real in headless Chromium: the
//! page says in words what happened and what to do, and its way on is found with the keyboard and leads there.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use fantoccini::Locator;
use fantoccini::cookies::Cookie;
use fantoccini::key::Key;
use gangway::store::{Role, StaffChange};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::browser_console::look;
use crate::browser_single_sign_on::open;
use crate::console::provider::{Mood, Provider};
use crate::console::{add_staff, by_command_line};
use crate::hosted::Served;
use crate::house::attended;

/// What the code says; the compiler wants one of these for each reason there is.
const SOURCE: &str = include_str!("../../src/console/single_sign_on/refusal.rs");

/// The title of each page, how it is brought about, and the heading that its way on leads to.
const REASONS: [(&str, How, &str); 17] = [
    ("This sign-in was not begun here", How::Unasked, "Sign in"),
    ("The sign-in took too long", How::Late, "Sign in"),
    ("This sign-in was used before", How::Twice, "Overview"),
    ("The sign-in was refused", How::SentBack("access_denied"), "Sign in"),
    ("The sign-in did not work out", How::SentBack("server_error"), "Sign in"),
    ("The sign-in does not say what to call you", How::Nameless, "Sign in"),
    ("You are in no group that uses this console", How::Groupless, "Sign in"),
    ("Somebody else has signed in", How::AnotherPerson, "stranded"),
    ("You are not signed in any more", How::SessionOver, "Sign in"),
    ("The sign-in cannot be reached", How::ProviderAway, "Sign in"),
    ("The sign-in cannot be understood", How::TokenSays(200, "rubbish"), "Sign in"),
    (
        "The sign-in was not confirmed",
        How::TokenSays(400, r#"{"error":"invalid_grant"}"#),
        "Sign in",
    ),
    ("The sign-in cannot be believed", How::Forged, "Sign in"),
    ("You were not asked again who you are", How::NotAskedAgain, "stranded"),
    ("You are not let in any more", How::Disabled, "Sign in"),
    ("Your address belongs to another account here", How::AddressTaken, "Sign in"),
    ("You are the last administrator here", How::LastAdmin, "Sign in"),
];

#[derive(Clone, Copy)]
enum How {
    Unasked,
    Late,
    Twice,
    SentBack(&'static str),
    Nameless,
    Groupless,
    AnotherPerson,
    SessionOver,
    ProviderAway,
    TokenSays(u16, &'static str),
    Forged,
    NotAskedAgain,
    Disabled,
    AddressTaken,
    LastAdmin,
}

struct Scene<'a> {
    browser: &'a Browser,
    provider: &'a Provider,
    served: &'a Served,
    /// The form of an order that cannot be taken back.
    form: String,
}

impl Scene<'_> {
    async fn goto(&self, path: &str) {
        self.browser.client.goto(&format!("{}{path}", self.served.service.base)).await.unwrap();
    }

    fn now(&self) -> i64 {
        self.served.site.house.clock.now().timestamp()
    }

    /// Sets out for the provider, where this person sits.
    async fn set_out(&self, claims: Value) {
        self.provider.is_visited(self.now(), claims);
        self.goto("/console/sign-in/start?next=%2Fconsole").await;
    }

    async fn enter(&self, claims: Value) {
        self.set_out(claims).await;
        self.browser.wait_for_heading("Overview").await;
    }

    /// Ada has come in a while ago and sets out to prove again who she is; this is who comes back.
    async fn prove(&self, mood: Mood, claims: Value) {
        self.enter(json!({ "auth_time": self.now() })).await;
        self.served.site.house.advance(TimeDelta::minutes(16));
        self.provider.is(mood);
        self.provider.is_visited(self.now(), claims);
        self.goto(&self.form).await;
        self.browser.click("main section a.button").await;
    }

    async fn cookie(&self, name: &str) -> Cookie<'static> {
        self.browser.client.get_named_cookie(name).await.unwrap()
    }

    async fn provoke(&self, how: How) {
        match how {
            How::Unasked => self.goto("/console/sign-in/return?code=a&state=b").await,
            How::Late => {
                self.provider.is(Mood::Lingers);
                self.set_out(json!({})).await;
                self.browser.wait_for("#go-on").await;
                self.served.site.house.advance(TimeDelta::minutes(10));
                self.browser.click("#go-on").await;
            }
            How::Twice => self.come_back_twice().await,
            How::SentBack(error) => {
                self.provider.is(Mood::SendsBack(error));
                self.set_out(json!({})).await;
            }
            How::Nameless => {
                let claims = json!({ "sub": "new\nline", "email_verified": false });
                self.set_out(claims).await;
            }
            How::Groupless => self.set_out(json!({ "groups": ["sales"] })).await,
            How::AnotherPerson => {
                let claims = json!({ "sub": "eve", "email": "eve@example.com" });
                self.prove_now(Mood::Good, claims).await;
            }
            How::SessionOver => {
                self.prove_now(Mood::Lingers, json!({})).await;
                self.browser.wait_for("#go-on").await;
                self.end_every_session().await;
                self.browser.click("#go-on").await;
            }
            How::ProviderAway => {
                self.provider.is(Mood::Away);
                self.served.site.house.advance(TimeDelta::hours(2));
                self.set_out(json!({})).await;
            }
            How::TokenSays(status, text) => {
                self.provider.is(Mood::Says(status, text));
                self.set_out(json!({})).await;
            }
            How::Forged => self.set_out(json!({ "nonce": "another" })).await,
            How::NotAskedAgain => self.prove(Mood::Good, json!({})).await,
            How::Disabled => {
                // Nobody can be sent away while there is no administrator.
                self.enter(person("lea", "leads")).await;
                self.enter(person("max", "support")).await;
                self.disable("max@example.com").await;
                self.come_again("max", "support").await;
            }
            How::AddressTaken => {
                let store = &self.served.site.house.store;
                add_staff(store, ("bob@example.com", "Bob"), Role::Viewer).await;
                self.come_again("bob", "support").await;
            }
            How::LastAdmin => {
                self.enter(person("lea", "leads")).await;
                self.come_again("lea", "support").await;
            }
        }
    }

    /// Whoever comes back has signed in freshly, at the time at which Ada sets out.
    async fn prove_now(&self, mood: Mood, mut claims: Value) {
        claims["auth_time"] = json!(self.now() + 16 * 60);
        self.prove(mood, claims).await;
    }

    /// Through the way back once, and then through it again with what the browser had then.
    async fn come_back_twice(&self) {
        self.provider.is(Mood::Lingers);
        self.set_out(json!({})).await;
        let link = self.browser.wait_for("#go-on").await;
        let back = link.attr("href").await.unwrap().unwrap();
        // Cookies are given by address: this page, and ours at another port of the same host.
        let pending = self.cookie("gangway-sign-in").await;
        self.browser.click("#go-on").await;
        self.browser.wait_for_heading("Overview").await;
        self.browser.client.add_cookie(pending).await.unwrap();
        self.browser.client.goto(&back).await.unwrap();
    }

    async fn end_every_session(&self) {
        let pool = self.served.site.house.pool().await;
        sqlx::query("DELETE FROM staff_session").execute(&pool).await.unwrap();
    }

    /// Comes in once more, as a browser that knows nobody.
    async fn come_again(&self, name: &str, group: &str) {
        self.browser.client.delete_all_cookies().await.unwrap();
        self.set_out(person(name, group)).await;
    }

    async fn disable(&self, email: &str) {
        let (store, actor) = (&self.served.site.house.store, by_command_line());
        store.change_staff(email, StaffChange::Disable, &actor).await.unwrap();
    }

    /// In words for people, and with one way on, which somebody without a mouse takes.
    async fn leads_on(&self, title: &str, heading: &str) {
        let main = self.browser.wait_for("main").await.text().await.unwrap();
        for internal in ["nonce", "token", "OIDC", "OpenID", "JWT", "claim", "invalid_", "state"] {
            assert!(!main.contains(internal), "{title}: {internal}: {main}");
        }
        assert!(main.contains("othing was") || main.contains("Nobody was"), "{title}: {main}");
        let links = self.browser.client.find_all(Locator::Css("main a")).await.unwrap();
        assert_eq!(links.len(), 1, "{title}: one way on");
        self.tab_to("main a.button", title).await;
        let link = self.browser.client.active_element().await.unwrap();
        link.send_keys(&Key::Enter.to_string()).await.unwrap();
        self.browser.wait_for_heading(heading).await;
    }

    async fn tab_to(&self, selector: &str, title: &str) {
        let client = &self.browser.client;
        let is_there = format!("return document.activeElement.matches('{selector}')");
        for _ in 0..6 {
            let focused = client.active_element().await.unwrap();
            focused.send_keys(&Key::Tab.to_string()).await.unwrap();
            if client.execute(&is_there, vec![]).await.unwrap() == json!(true) {
                return;
            }
        }
        panic!("{title}: {selector} is not reached by keyboard");
    }
}

fn person(name: &str, group: &str) -> Value {
    json!({ "sub": name, "email": format!("{name}@example.com"), "groups": [group] })
}

/// The title stands in the line after the status.
fn titles() -> BTreeSet<&'static str> {
    let lines = SOURCE.lines().map(str::trim);
    let after = SOURCE.lines().map(str::trim).skip(1);
    let told = lines.zip(after).filter(|(status, _)| status.starts_with("StatusCode::"));
    told.map(|(_, title)| title.trim_matches(['"', ','])).collect()
}

#[test]
fn every_reason_there_is_stands_in_the_table() {
    let looked_at: BTreeSet<_> = REASONS.iter().map(|(title, ..)| *title).collect();
    assert_eq!(looked_at, titles());
}

#[tokio::test]
async fn whoever_is_turned_away_is_told_why_and_finds_a_way_on() {
    let Some(browser) = Browser::open(1280).await else { return };
    let provider = Provider::open().await;
    let served = open(&provider).await;
    let (id, _) = served.start("stranded", attended()).await;
    let reference = served.site.house.read(id).await.reference;
    let form = format!("/console/onboardings/{reference}/cancel");
    let scene = Scene { browser: &browser, provider: &provider, served: &served, form };
    for (place, (title, how, heading)) in REASONS.into_iter().enumerate() {
        provider.is(Mood::Good);
        scene.goto("/console/sign-in").await;
        browser.client.delete_all_cookies().await.unwrap();
        scene.provoke(how).await;
        browser.wait_for_heading(title).await;
        look(&browser, &format!("console-refusal-{:02}", place + 1)).await;
        scene.leads_on(title, heading).await;
    }
    browser.close().await;
}
