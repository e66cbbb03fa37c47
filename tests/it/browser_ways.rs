//! Every way to connect, both ways to embed, somebody else's turn and the languages, in headless Chromium
//! against the real program. Each page on the way is looked at by axe-core and for what runs over its edge.

use std::time::{Duration, Instant};

use fantoccini::Locator;
use serde_json::Value;

use crate::browser::Browser;
use crate::program::{Demo, PATIENCE};

impl Browser {
    /// The other window, once it is there.
    async fn other_window(&self) -> fantoccini::wd::WindowHandle {
        let own = self.client.window().await.unwrap();
        let begun = Instant::now();
        loop {
            let all = self.client.windows().await.unwrap();
            if let Some(other) = all.into_iter().find(|window| *window != own) {
                return other;
            }
            assert!(begun.elapsed() < PATIENCE, "no other window opens");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn cycle(world: &Value) -> Value {
    world["accounts"][0]["cycles"][0].clone()
}

#[tokio::test]
async fn every_way_to_connect_works_on_a_phone_and_axe_finds_nothing() {
    let Some(browser) = Browser::open(360).await else { return };
    let demo = Demo::start();
    let link = demo.sign_up_for("desk", "desk-to-books").await;
    browser.client.goto(&link).await.unwrap();
    browser.wait_for_heading("Connect Anchor Desk").await;
    browser.audit("ways-1-fields").await;
    browser.click("button.button").await;
    browser.wait_for(".summary").await;
    browser.audit("ways-2-fields-mistake").await;
    browser.type_into("[name=input-Domain]", "acme.anchor.example").await;
    browser.type_into("[name=input-Username]", "ada").await;
    browser.type_into("[name=input-Password]", "canary-code").await;
    browser.click("button.button").await;

    browser.wait_for_heading("Connect Lantern Books").await;
    browser.audit("ways-3-address-first").await;
    browser.type_into("[name=input-InstanceUrl]", "https://acme.lantern.example").await;
    browser.click("button.button").await;
    browser.wait_for("form[data-window] button").await;
    browser.audit("ways-4-sign-in").await;
    browser.click("form[data-window] button").await;
    browser.click("#allow").await;
    browser.wait_for_heading("Lantern Books is connected").await;

    browser.wait_for_heading("How do you want to connect Signal Chat?").await;
    browser.audit("ways-5-choose").await;
    browser.click("button.button").await;
    browser.wait_for("[name=api_key]").await;
    browser.audit("ways-6-key").await;
    browser.type_into("[name=api_key]", "canary-key").await;
    browser.click("button.button").await;

    browser.wait_for_heading("Answer a few questions").await;
    browser.wait_for("option[value=ledger-2]").await;
    browser.audit("ways-7-questions").await;
    browser.click("button.button").await;
    browser.wait_for(".summary").await;
    browser.audit("ways-8-questions-mistake").await;
    let fill = "document.querySelector('[name=since]').value = '2026-11-30T09:00'";
    browser.client.execute(fill, vec![]).await.unwrap();
    browser.click("option[value=ledger-2]").await;
    // What is typed is kept, and a reload shows it.
    browser.wait_for("[data-saved]:not([hidden])").await;
    browser.client.refresh().await.unwrap();
    browser.wait_for("option[value=ledger-2]:checked").await;
    browser.click("button.button").await;
    browser.wait_for("dl.review").await;
    browser.audit("ways-9-review").await;
    browser.click("form button.button").await;
    browser.wait_for("ul.running").await;
    browser.audit("ways-10-live").await;
    assert_eq!(cycle(&demo.world().await)["Status"], "Active");
    browser.close().await;
}

#[tokio::test]
async fn a_sign_in_may_have_a_window_of_its_own_and_ends_by_return_or_by_message() {
    for (setup, picture) in
        [("newsletter-in-window", "window"), ("newsletter-by-message", "message")]
    {
        let Some(browser) = Browser::open(1000).await else { return };
        let demo = Demo::start();
        browser.client.goto(&demo.sign_up_for(picture, setup).await).await.unwrap();
        browser.wait_for_heading("Connect Harbour CRM").await;
        browser.audit(&format!("{picture}-1-connect")).await;
        let own = browser.client.window().await.unwrap();
        browser.click("form[data-window] button").await;
        let other = browser.other_window().await;
        browser.client.switch_to_window(other).await.unwrap();
        browser.wait_for("#allow").await;
        browser.click("#allow").await;
        browser.client.switch_to_window(own).await.unwrap();
        // No return and no reload by hand: the page learns it from the server.
        browser.wait_for_heading("Connect Parcel Mail").await;
        browser.close().await;
    }
}

#[tokio::test]
async fn a_page_that_embeds_learns_that_all_is_live() {
    let Some(browser) = Browser::open(1000).await else { return };
    let demo = Demo::start();
    browser.client.goto(&demo.signup()).await.unwrap();
    browser.type_into("#company", "Embedding Ltd").await;
    browser.click("summary").await;
    browser.click("#in-window").await;
    browser.click("#start").await;
    let own = browser.client.window().await.unwrap();
    browser.wait_for("#connect:not([disabled])").await;
    browser.shoot("embed-1-host").await;
    browser.click("#connect").await;
    let other = browser.other_window().await;
    browser.client.switch_to_window(other.clone()).await.unwrap();
    browser.wait_for_heading("Connect Harbour CRM").await;
    browser.click("form[data-window] button").await;
    browser.click("#allow").await;
    browser.wait_for_heading("Connect Parcel Mail").await;
    browser.type_into("input[type=password]", "canary-api-key").await;
    browser.click("button.button").await;
    browser.wait_for("input[type=email]").await;
    browser.click("input[value=Partners]").await;
    browser.type_into("input[type=email]", "news@acme.example").await;
    browser.click("button.button").await;
    browser.wait_for("dl.review").await;
    browser.click("form button.button").await;
    browser.wait_for("ul.running").await;
    browser.client.switch_to_window(own).await.unwrap();
    let begun = Instant::now();
    while browser.wait_for("#state").await.text().await.unwrap() != "Your tools are connected." {
        assert!(begun.elapsed() < PATIENCE, "the page never learns it");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    browser.shoot("embed-2-live").await;
    browser.close().await;
}

#[tokio::test]
async fn a_colleague_in_another_browser_does_it_and_the_first_page_goes_on_by_itself() {
    let Some(first) = Browser::open(1000).await else { return };
    let Some(second) = Browser::open(360).await else { return };
    let demo = Demo::start();
    first.client.goto(&demo.sign_up("others").await).await.unwrap();
    first.wait_for_heading("Connect Harbour CRM").await;
    first.click(".asides a").await;
    first.wait_for_heading("Ask a colleague").await;
    first.audit("colleague-1-explained").await;
    first.click("button.button").await;
    let link = first.wait_for("#link").await.prop("value").await.unwrap().unwrap();
    first.audit("colleague-2-link").await;

    second.client.goto(&link).await.unwrap();
    second.wait_for_heading("Connect Harbour CRM").await;
    second.audit("colleague-3-page").await;
    second.click("form[data-window] button").await;
    second.click("#allow").await;
    second.wait_for_heading("Harbour CRM is connected").await;
    second.audit("colleague-4-done").await;
    first.wait_for_heading("Connect Parcel Mail").await;
    first.close().await;
    second.close().await;
}

#[tokio::test]
async fn whoever_is_refused_is_led_back_and_told_what_to_do() {
    let Some(browser) = Browser::open(1000).await else { return };
    let demo = Demo::start();
    browser.client.goto(&demo.sign_up("refused").await).await.unwrap();
    for (button, said) in
        [("#deny", "Access was not allowed"), ("#needs-admin", "administrator has to approve")]
    {
        browser.wait_for_heading("Connect Harbour CRM").await;
        browser.click("form[data-window] button").await;
        browser.wait_for("#allow").await;
        if button == "#needs-admin" {
            browser.click("summary").await;
        }
        browser.click(button).await;
        browser.click("#back").await;
        let hint = browser.wait_for(".hint.warn").await.text().await.unwrap();
        assert!(hint.contains(said), "{hint}");
        browser.audit(&format!("refused-{}", button.trim_start_matches('#'))).await;
    }
    browser.click(".asides button").await;
    browser.wait_for_heading("needs an administrator").await;
    browser.audit("refused-approval").await;
    browser.close().await;
}

#[tokio::test]
async fn without_scripts_a_person_goes_all_the_way_with_the_keyboard() {
    let Some(browser) = Browser::open_with(320, false).await else { return };
    let demo = Demo::start();
    let enter = fantoccini::key::Key::Enter.to_string();
    let press = async |selector: &str| {
        browser.wait_for(selector).await.send_keys(&enter).await.unwrap();
    };
    browser.client.goto(&demo.sign_up("plain").await).await.unwrap();
    browser.wait_for_heading("Connect Harbour CRM").await;
    press("form[data-window] button").await;
    press("#allow").await;
    browser.wait_for_heading("Connect Parcel Mail").await;
    browser.type_into("input[type=password]", "canary-api-key").await;
    press("button.button").await;
    browser.wait_for_heading("Answer a few questions").await;
    browser.wait_for("input[value=Partners]").await.send_keys(" ").await.unwrap();
    browser.type_into("input[type=email]", "news@plain.example").await;
    press("button.button").await;
    browser.wait_for("dl.review").await;
    browser.shoot("plain-review").await;
    press("form button.button").await;
    browser.wait_for("ul.running").await;
    browser.shoot("plain-live").await;
    assert_eq!(cycle(&demo.world().await)["Status"], "Active");
    browser.close().await;
}

#[tokio::test]
async fn no_language_runs_over_the_edge_of_a_small_screen() {
    let Some(browser) = Browser::open(320).await else { return };
    let demo = Demo::start();
    let link = demo.sign_up("languages").await;
    browser.client.goto(&link).await.unwrap();
    browser.wait_for_heading("Connect Harbour CRM").await;
    let page = browser.client.current_url().await.unwrap();
    for language in ["en", "de", "fr", "es", "ja"] {
        let there = format!("{}?lang={language}", page.as_str());
        browser.client.goto(&there).await.unwrap();
        browser.wait_for(&format!("html[lang={language}]")).await;
        browser.audit(&format!("language-{language}")).await;
    }
    let other = browser.client.find_all(Locator::Css("nav.links a")).await.unwrap();
    assert_eq!(other.len(), 5);
    browser.close().await;
}
