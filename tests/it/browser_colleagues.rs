//! Two of support at work on the same case at once, each in a browser of their own: what one of them does is
//! seen by the other, and done once.

use std::time::{Duration, Instant};

use fantoccini::Locator;
use fantoccini::key::Key;
use gangway::ids::OnboardingId;
use gangway::sandbox::{Fault, FaultKind};
use gangway::store::Role;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::browser_console::{look, until};
use crate::console::{PASSWORD, add_staff};
use crate::hosted::Served;
use crate::house::attended;
use crate::program::PATIENCE;

const INSTALL: &str = "/v1.0/templates/*/install";

/// Somebody of support, signed in with a browser of their own.
pub(crate) struct Colleague<'a> {
    browser: &'a Browser,
    base: &'a str,
}

impl<'a> Colleague<'a> {
    pub(crate) async fn enter(browser: &'a Browser, served: &'a Served, name: &str) -> Self {
        let email = address(name);
        add_staff(&served.site.house.store, (&email, name), Role::Operator).await;
        let colleague = Self { browser, base: &served.service.base };
        colleague.goto("").await;
        browser.type_into("#email", &email).await;
        browser.type_into("#password", &format!("{PASSWORD}\n")).await;
        browser.wait_for_heading("Overview").await;
        colleague
    }

    pub(crate) async fn goto(&self, path: &str) {
        self.browser.client.goto(&format!("{}/console{path}", self.base)).await.unwrap();
    }

    /// The form of an order, as it stands now.
    pub(crate) async fn opens(&self, reference: &str, action: &str, heading: &str) {
        self.goto(&format!("/onboardings/{reference}/{action}")).await;
        self.browser.wait_for_heading(heading).await;
    }

    /// Sends the form that is open, by keyboard.
    pub(crate) async fn sends(&self) {
        let button = self.browser.wait_for("main form .button").await;
        button.send_keys(&Key::Enter.to_string()).await.unwrap();
        self.browser.wait_for(".told").await;
    }

    pub(crate) async fn text(&self, selector: &str) -> String {
        self.browser.wait_for(selector).await.text().await.unwrap()
    }

    /// Nothing was done, and this is what happened meanwhile, oldest first.
    async fn is_told(&self, meanwhile: &[&str]) {
        let told = self.text(".told.bad").await;
        assert!(told.contains("Nothing was done: it does not stand any more"), "{told}");
        let lines = self.browser.client.find_all(Locator::Css(".told.bad li")).await.unwrap();
        let mut said = Vec::new();
        for line in lines {
            said.push(line.text().await.unwrap());
        }
        assert_eq!(said.len(), meanwhile.len(), "{said:#?}");
        for (said, words) in said.iter().zip(meanwhile) {
            assert!(said.contains(words), "{said}: {words}");
        }
    }
}

fn address(name: &str) -> String {
    format!("{}@example.com", name.to_lowercase())
}

/// Who ordered what about a case, in order.
pub(crate) async fn audit(served: &Served, reference: &str) -> Vec<(String, String)> {
    let query = "SELECT to_jsonb(a) FROM audit a WHERE object = $1 ORDER BY audit_id";
    let pool = served.site.house.pool().await;
    let lines: Vec<Value> =
        sqlx::query_scalar(query).bind(reference).fetch_all(&pool).await.unwrap();
    let word = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
    lines.iter().map(|line| (word(line, "actor"), word(line, "action"))).collect()
}

fn by(name: &str, action: &str) -> (String, String) {
    (format!("staff:{}", address(name)), action.to_owned())
}

pub(crate) async fn until_it_is(served: &Served, id: OnboardingId, status: &str) {
    let begun = Instant::now();
    loop {
        let now = served.site.house.read(id).await.status;
        if now.name() == status {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "never {status}: {now:?}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// An onboarding whose install Cyclr has refused.
async fn stuck_one(served: &Served) -> (OnboardingId, String) {
    let house = &served.site.house;
    let message = "Template is <not> released".to_owned();
    let refuse = FaultKind::Refuse { status: 422, message, retry_after: None };
    house.sandbox.inject(Fault { times: 1000, ..Fault::once("POST", INSTALL, refuse) });
    let (id, _) = served.start("stranded", attended()).await;
    until_it_is(served, id, "stuck").await;
    house.sandbox.clear_faults();
    (id, house.read(id).await.reference.to_string())
}

fn installs(served: &Served) -> usize {
    let heard = served.site.house.heard();
    heard.iter().filter(|call| call.starts_with("POST") && call.ends_with("/install")).count()
}

#[tokio::test]
async fn the_second_of_two_orders_is_told_what_happened_meanwhile_and_does_nothing() {
    let Some(adas) = Browser::open(1280).await else { return };
    let Some(bobs) = Browser::open(1280).await else { return };
    let served = Served::open().await;
    let ada = Colleague::enter(&adas, &served, "Ada").await;
    let bob = Colleague::enter(&bobs, &served, "Bob").await;
    let (id, reference) = stuck_one(&served).await;
    let refused = installs(&served);

    ada.opens(&reference, "retry", "Try again now").await;
    adas.type_into("#reason", "It is <released> now").await;
    bob.opens(&reference, "cancel", "Cancel").await;
    bobs.type_into("#reason", "Nobody answers").await;
    ada.sends().await;
    assert!(ada.text(".told.good").await.contains("Done: try again now"));
    until_it_is(&served, id, "waiting").await;
    bob.sends().await;

    bob.is_told(&["staff:ada@example.com", "was installed"]).await;
    assert_eq!(bob.text("h1 .chip").await, "waiting", "how it stands now");
    look(&bobs, "console-colleagues-moved-on").await;
    let onboarding = served.site.house.read(id).await;
    assert_eq!(onboarding.status.name(), "waiting", "nobody has cancelled it");
    assert_eq!(audit(&served, &reference).await, [by("Ada", "retry")]);
    assert_eq!(installs(&served), refused + 1, "{:#?}", served.site.house.heard());
    let accounts = served.site.house.accounts();
    let cycles = accounts[0]["cycles"].as_array().unwrap();
    assert_eq!((accounts.len(), cycles.len()), (1, 1), "one world, not two");
    adas.close().await;
    bobs.close().await;
}

#[tokio::test]
async fn two_who_write_at_once_lose_nothing_and_see_each_other_without_a_reload() {
    let Some(adas) = Browser::open(1280).await else { return };
    let Some(bobs) = Browser::open(1280).await else { return };
    let served = Served::open().await;
    let ada = Colleague::enter(&adas, &served, "Ada").await;
    let bob = Colleague::enter(&bobs, &served, "Bob").await;
    let (id, reference) = stuck_one(&served).await;

    // Both notes are kept, though the second was begun before the first was there.
    ada.opens(&reference, "note", "Write a note").await;
    bob.opens(&reference, "note", "Write a note").await;
    adas.type_into("textarea", "They call <back>.").await;
    bobs.type_into("textarea", "They have written.").await;
    ada.sends().await;
    bob.sends().await;
    assert!(bob.text(".told.good").await.contains("Done: write a note"));
    let notes = bobs.client.find_all(Locator::Css(".note")).await.unwrap();
    assert_eq!(notes.len(), 2);

    // An assignment is one thing: whoever decided it second learns of the first.
    ada.opens(&reference, "assign", "Assign").await;
    bob.opens(&reference, "assign", "Assign").await;
    ada.sends().await;
    bob.sends().await;
    bob.is_told(&["ada@example.com looks after it"]).await;
    let assignee = served.site.house.read(id).await.assignee;
    assert_eq!(assignee.as_deref(), Some("ada@example.com"));
    let expected = [by("Ada", "note"), by("Bob", "note"), by("Ada", "assign")];
    assert_eq!(audit(&served, &reference).await, expected);

    // What Ada does comes to the page that Bob has open; the mark says that it is the same document.
    bob.goto(&format!("/onboardings/{reference}")).await;
    until(&bobs, "h1 .chip", "stuck").await;
    bobs.client.execute("window.mark = 'same'", vec![]).await.unwrap();
    ada.opens(&reference, "retry", "Try again now").await;
    adas.type_into("#reason", "It is released now").await;
    ada.sends().await;
    until(&bobs, "h1 .chip", "waiting").await;
    let mark = bobs.client.execute("return window.mark", vec![]).await.unwrap();
    assert_eq!(mark, json!("same"), "it was loaded again");
    until(&bobs, "main", "It is released now").await;
    bobs.audit("console-colleagues-live").await;
    adas.close().await;
    bobs.close().await;
}
