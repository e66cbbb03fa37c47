//! Every way in which an account can be connected, judged by what Cyclr holds afterwards.

use axum::http::StatusCode;
use chrono::TimeDelta;
use gangway::ids::OnboardingId;
use gangway::onboarding::StepKind;
use serde_json::{Value, json};

use super::{Browser, Site};

/// A help desk with several fields, books that want to know an address first, a chat with two ways.
pub(super) fn all_ways() -> Value {
    json!({
        "key": "desk", "name": "Desk to books",
        "templates": [{
            "template_id": "5e1f0c3a-7b52-4c0e-9a41-0d6c2f8b1a05",
            "mapping": [
                { "target": "Since", "value": { "ask": "since" } },
                { "target": "Ledger", "value": { "ask": "ledger" } },
                { "target": "Tax rate", "value": { "ask": "rate" } },
                { "target": "First day", "value": { "ask": "first_day" } }
            ]
        }],
        "questions": [
            { "key": "since", "label": "Tickets since when?", "kind": "date_time" },
            { "key": "ledger", "label": "Which ledger?", "kind": "one_of" },
            { "key": "rate", "label": "Which rate?", "kind": "number", "default": "7.5" },
            { "key": "first_day", "label": "Which first day?", "kind": "date", "required": false }
        ]
    })
}

/// The form of a connection, sent as its page would.
pub(super) async fn enter(
    site: &Site,
    browser: &Browser,
    (id, name): (OnboardingId, &str),
    fields: &[(&str, &str)],
) -> super::Answer {
    let token = site.form_token(browser).await;
    let connector = site.house.connector(id, name).await;
    let path = format!("{}/connections/{connector}/details", browser.page);
    let form = [&[("form-token", &*token)], fields].concat();
    site.post(&path, &browser.cookie, &form).await
}

pub(super) async fn now(site: &Site, browser: &Browser) -> super::Answer {
    site.get(&browser.page, Some(&browser.cookie)).await
}

/// All accounts of the blueprint above, up to its questions.
pub(super) async fn connect_all(site: &mut Site, id: OnboardingId, browser: &Browser) {
    connect_but_chat(site, id, browser).await;
    connect_chat(site, id, browser).await;
}

pub(super) async fn connect_chat(site: &mut Site, id: OnboardingId, browser: &Browser) {
    let key = [("way", "5e1f0c3a-7b52-4c0e-9a41-0d6c2f8b2108"), ("api_key", "canary-key")];
    let page = site.get(&format!("{}?way={}", browser.page, key[0].1), Some(&browser.cookie)).await;
    let token = page.filled_in()["form-token"].clone();
    let chat = site.house.connector(id, "Signal Chat").await;
    let path = format!("{}/connections/{chat}/details", browser.page);
    site.post(&path, &browser.cookie, &[("form-token", &*token), key[0], key[1]]).await;
    site.house.settle().await;
}

pub(super) async fn connect_but_chat(site: &mut Site, id: OnboardingId, browser: &Browser) {
    let desk = [
        ("input-Domain", "acme.anchor.example"),
        ("input-Username", "ada"),
        ("input-Password", "canary-code"),
        ("input-Region", "Europe"),
    ];
    enter(site, browser, (id, "Anchor Desk"), &desk).await;
    let address = [("input-InstanceUrl", "https://acme.lantern.example")];
    enter(site, browser, (id, "Lantern Books"), &address).await;
    let books = site.house.connector(id, "Lantern Books").await;
    site.house.sign_in(id, books, "allow").await;
    site.house.advance(TimeDelta::seconds(4));
    site.house.settle().await;
}

fn connector<'a>(world: &'a Value, name: &str) -> &'a Value {
    let all = world["accounts"][0]["connectors"].as_array().unwrap();
    all.iter().find(|one| one["Name"] == name).unwrap()
}

fn property(connector: &Value, name: &str) -> Value {
    let all = connector["properties"].as_array().unwrap();
    all.iter().find(|one| one["Name"] == name).map(|one| one["Value"].clone()).unwrap_or_default()
}

#[tokio::test]
async fn a_connector_with_several_fields_gets_all_of_them_and_nothing_is_kept() {
    let (site, id) = Site::with(all_ways()).await;
    let browser = site.visit(id).await;
    let page = now(&site, &browser).await;
    assert_eq!(page.heading(), "Step 2 of 4: Connect Anchor Desk");
    for piece in ["Address", "Like your-company.anchor.example", "Access code", "(optional)"] {
        assert!(page.body.contains(piece), "{piece}\n{}", page.body);
    }
    assert_eq!(page.body.matches("type=\"password\"").count(), 1);
    let good = [
        ("input-Domain", "acme.anchor.example"),
        ("input-Username", " ada "),
        ("input-Password", "canary-code"),
    ];
    // One thing is wrong at a time, and it is named.
    for (name, value, said) in [
        ("input-Domain", "", "Address is missing."),
        ("input-Password", "a\u{0}b", "Access code holds characters that are not text."),
        ("input-Region", "Nowhere", "Region is not one of the listed values."),
    ] {
        let heard = site.house.heard().len();
        let form: Vec<_> =
            good.into_iter().filter(|(known, _)| *known != name).chain([(name, value)]).collect();
        let refused = enter(&site, &browser, (id, "Anchor Desk"), &form).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
        assert!(refused.body.contains(said), "{said}\n{}", refused.body);
        assert!(!refused.body.contains("canary"), "nothing that was entered is shown again");
        assert_eq!(site.house.heard().len(), heard, "{said}");
    }
    let taken = enter(&site, &browser, (id, "Anchor Desk"), &good).await;
    assert_eq!(taken.header("location"), browser.page);
    let world = site.house.sandbox.world();
    let desk = connector(&world, "Anchor Desk");
    assert_eq!(desk["Authenticated"], true);
    assert_eq!(property(desk, "Domain"), "acme.anchor.example");
    assert_eq!(
        (property(desk, "Username"), property(desk, "Password")),
        ("ada".into(), "set".into())
    );
    assert!(!site.rows().await.contains("canary"), "a row holds what was entered");
}

#[tokio::test]
async fn an_address_that_is_needed_first_is_asked_before_the_sign_in() {
    let (mut site, id) = Site::with(all_ways()).await;
    let browser = site.visit(id).await;
    let desk = [
        ("input-Domain", "acme.anchor.example"),
        ("input-Username", "ada"),
        ("input-Password", "canary-code"),
    ];
    enter(&site, &browser, (id, "Anchor Desk"), &desk).await;
    site.house.settle().await;
    let page = now(&site, &browser).await;
    assert_eq!(page.heading(), "Step 2 of 4: Connect Lantern Books");
    assert!(page.body.contains("Company address") && page.body.contains("before you can sign in"));
    let address = [("input-InstanceUrl", "https://acme.lantern.example")];
    let taken = enter(&site, &browser, (id, "Lantern Books"), &address).await;
    assert_eq!(taken.header("location"), browser.page);
    let world = site.house.sandbox.world();
    let books = connector(&world, "Lantern Books");
    assert_eq!(property(books, "InstanceUrl"), "https://acme.lantern.example");
    let page = now(&site, &browser).await;
    assert!(page.body.contains("/sign-in\""), "now there is the button\n{}", page.body);
    let told: Vec<_> = site.house.store.list_journal(id).await.unwrap();
    assert!(told.iter().any(|line| line.event.kind() == "details_given"));
}

#[tokio::test]
async fn among_several_ways_the_one_that_was_chosen_is_taken() {
    for (way, form) in [
        ("5e1f0c3a-7b52-4c0e-9a41-0d6c2f8b2108", "api_key"),
        ("5e1f0c3a-7b52-4c0e-9a41-0d6c2f8b2109", "sign-in"),
    ] {
        let (mut site, id) = Site::with(all_ways()).await;
        let browser = site.visit(id).await;
        connect_but_chat(&mut site, id, &browser).await;
        let choice = now(&site, &browser).await;
        assert_eq!(choice.heading(), "Step 2 of 4: How do you want to connect Signal Chat?");
        assert!(choice.body.contains("For those who manage the chat"));
        let page = site.get(&format!("{}?way={way}", browser.page), Some(&browser.cookie)).await;
        assert!(page.body.contains(form), "{}", page.body);
        assert!(page.body.contains("in another way"));
        let token = page.filled_in()["form-token"].clone();
        let chat = site.house.connector(id, "Signal Chat").await;
        let base = format!("{}/connections/{chat}", browser.page);
        let fields = [("form-token", &*token), ("way", way), ("api_key", "canary-key")];
        if form == "api_key" {
            site.post(&format!("{base}/details"), &browser.cookie, &fields).await;
        } else {
            let sent = site.post(&format!("{base}/sign-in"), &browser.cookie, &fields[..2]).await;
            site.house.decide(sent.header("location"), "allow").await;
            site.house.advance(TimeDelta::seconds(4));
        }
        site.house.settle().await;
        let world = site.house.sandbox.world();
        assert_eq!(connector(&world, "Signal Chat")["Authenticated"], true, "{form}");
        assert_eq!(site.house.read(id).await.step(), StepKind::Map, "{form}");
    }
}

#[tokio::test]
async fn what_was_connected_before_is_said_and_not_asked() {
    let (mut site, first) = Site::with(crate::house::attended()).await;
    let crm = site.house.connector(first, "Harbour CRM").await;
    site.house.sign_in(first, crm, "allow").await;
    site.house.advance(TimeDelta::seconds(4));
    site.house.settle().await;
    let mut second = crate::house::attended();
    second["key"] = json!("second");
    let second = site.house.publish(second).await;
    let second = site.house.start("acme", &second).await;
    site.house.settle().await;
    let browser = site.visit(second).await;
    let page = now(&site, &browser).await;
    assert_eq!(page.heading(), "Step 2 of 4: Connect Parcel Mail");
    assert!(page.body.contains("Was connected already"), "{}", page.body);
}
