//! Support at work, in headless Chromium against the real program: somebody is stuck, is found, understood
//! and repaired by clicks alone. Each page on the way is looked at by axe-core.

use std::time::Instant;

use fantoccini::Locator;
use serde_json::json;

use crate::browser::Browser;
use crate::browser_audit::Screen;
use crate::house::browser as http;
use crate::program::{Demo, PATIENCE};

const EMAIL: &str = "support@demo.example";

async fn enter(browser: &Browser, demo: &Demo) {
    browser.client.goto(&format!("{}/console", demo.service())).await.unwrap();
    browser.type_into("#email", EMAIL).await;
    browser.type_into("#password", &demo.console_password()).await;
    press(browser, "main button").await;
    browser.wait_for_heading("Overview").await;
}

/// By keyboard: without scripts the driver cannot click.
async fn press(browser: &Browser, selector: &str) {
    let enter = fantoccini::key::Key::Enter.to_string();
    browser.wait_for(selector).await.send_keys(&enter).await.unwrap();
}

/// From now on installs are refused, or not any more.
async fn refuse_installs(demo: &Demo, refuse: bool) {
    let address = format!("{}/_sandbox/faults", demo.sandbox());
    let request = if refuse {
        let fault = json!({
            "method": "POST", "path": "/v1.0/templates/*/install",
            "kind": "refuse", "status": 422, "message": "Template is <not> released"
        });
        http().post(address).json(&fault)
    } else {
        http().delete(address)
    };
    let answer = request.send().await.unwrap();
    let status = answer.status();
    assert!(status.is_success(), "{}", answer.text().await.unwrap());
}

/// Reads until the page says so: it refreshes itself.
pub(crate) async fn until(browser: &Browser, selector: &str, words: &str) {
    let begun = Instant::now();
    loop {
        let found = browser.client.find(Locator::Css(selector)).await;
        let text = match found {
            Ok(element) => element.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        };
        if text.contains(words) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "\"{words}\" never comes, last \"{text}\"");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// The narrowest, one in between in the dark, the widest in the dark; the last one is what it is used on.
const SCREENS: [Screen; 4] = [
    Screen::PHONE,
    Screen { width: 768, dark: true },
    Screen { width: 1920, dark: true },
    Screen { width: 1280, dark: false },
];

/// Nothing that axe-core finds on any screen; and pictures of it.
pub(crate) async fn look(browser: &Browser, name: &str) {
    for screen in SCREENS {
        browser.show_on(screen).await;
        let name = format!("{name}-{}", screen.name());
        browser.shoot_whole(&name).await;
        browser.check(&name).await;
    }
}

#[tokio::test]
async fn somebody_who_is_stuck_is_found_understood_and_repaired_by_clicks() {
    let Some(browser) = Browser::open(1280).await else { return };
    let demo = Demo::start();
    browser.client.goto(&format!("{}/console", demo.service())).await.unwrap();
    look(&browser, "console-1-sign-in").await;
    enter(&browser, &demo).await;
    look(&browser, "console-2-empty").await;

    refuse_installs(&demo, true).await;
    demo.sign_up("stranded").await;
    // The overview learns it by itself.
    until(&browser, ".sign.bad .number", "1").await;
    look(&browser, "console-3-overview").await;
    browser.click(".sign.bad a").await;
    browser.wait_for("table.list").await;
    look(&browser, "console-4-list").await;
    browser.click("table.list tbody a").await;
    browser.wait_for_heading("stranded").await;
    let page = browser.client.source().await.unwrap();
    assert!(page.contains("Template is &lt;not&gt; released"), "Cyclr's own words");
    look(&browser, "console-5-case").await;

    refuse_installs(&demo, false).await;
    browser.click("#a-retry").await;
    browser.wait_for_heading("Try again now").await;
    look(&browser, "console-6-confirm").await;
    browser.type_into("#reason", "Cyclr has released the template").await;
    browser.click("main form button").await;
    browser.wait_for(".told.good").await;
    look(&browser, "console-7-done").await;
    browser.click(".crumbs a").await;
    browser.wait_for("table.list").await;
    until(&browser, "table.list .chip", "waiting").await;

    // By keys alone.
    browser
        .client
        .find(Locator::Css("body"))
        .await
        .unwrap()
        .send_keys("/stranded\n")
        .await
        .unwrap();
    browser.wait_for_heading("stranded").await;
    browser.click("#a-cancel").await;
    browser.wait_for_heading("Cancel").await;
    browser.type_into("#reason", "The customer has changed their mind").await;
    browser.click("main form button").await;
    browser.wait_for(".told.good").await;
    look(&browser, "console-8-cancelled").await;
    for (place, heading) in [
        ("audit", "Audit"),
        ("staff", "Staff"),
        ("account", "Your account"),
        ("settings", "Settings"),
        ("settings/blueprints/crm-to-newsletter", "CRM to newsletter"),
        ("bulk", "Orders to many"),
        ("bulk/new?status=cancelled&action=note", "An order to all that match"),
    ] {
        browser.client.goto(&format!("{}/console/{place}", demo.service())).await.unwrap();
        browser.wait_for_heading(heading).await;
        look(&browser, &format!("console-9-{}", place.replace(['/', '?', '&', '='], "-"))).await;
    }
    browser.close().await;
}

#[tokio::test]
async fn a_list_is_saved_under_a_name_shared_and_deleted() {
    let Some(browser) = Browser::open(1280).await else { return };
    let demo = Demo::start();
    enter(&browser, &demo).await;
    demo.sign_up("waiting").await;
    let list = format!("{}/console/onboardings?status=waiting&step=&q=", demo.service());
    browser.client.goto(&list).await.unwrap();
    browser.click("#save-view summary").await;
    browser.type_into("#view-name", "   ").await;
    browser.click("#save-view .button").await;
    browser.wait_for(".told.bad").await;
    browser.audit("console-view-refused").await;
    browser.type_into("#view-name", "Who <waits>").await;
    browser.click("#view-share").await;
    browser.click("main form .button").await;
    until(&browser, ".views a[aria-current]", "Who <waits>").await;
    assert!(browser.client.current_url().await.unwrap().as_str().ends_with("?status=waiting"));
    until(&browser, "#save-view summary", "Change this view").await;
    browser.click("#save-view summary").await;
    for (width, dark) in [(320, false), (320, true), (1280, false), (1280, true)] {
        browser.show_on(Screen { width, dark }).await;
        browser.audit(&format!("console-view-{width}-{dark}")).await;
    }
    // What was typed is still there after the page would have refreshed itself.
    browser.type_into("#view-name", "Waiting <all>").await;
    browser.click("#save-view h2").await;
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    browser.click("#save-view .button").await;
    until(&browser, ".views a[aria-current]", "Waiting <all>").await;
    browser.click("#save-view summary").await;
    browser.click("#save-view .things button").await;
    browser.wait_for("nav.views").await;
    until(&browser, "#save-view summary", "Save this list").await;
    let page = browser.client.source().await.unwrap();
    assert!(!page.contains("<bdi>"), "it is gone");
    browser.close().await;
}

#[tokio::test]
async fn support_works_on_a_phone_without_scripts() {
    let Some(browser) = Browser::open_with(360, false).await else { return };
    let demo = Demo::start();
    enter(&browser, &demo).await;
    demo.sign_up("small").await;
    browser.type_into("#q", "small").await;
    press(&browser, ".search button").await;
    browser.wait_for_heading("small").await;
    browser.shoot("console-phone-case").await;
    press(&browser, "#a-note").await;
    browser.wait_for_heading("Write a note").await;
    browser.type_into("textarea", "They call back.").await;
    press(&browser, "main form button").await;
    browser.wait_for(".told.good").await;
    browser.shoot("console-phone-noted").await;
    let page = browser.client.source().await.unwrap();
    assert!(page.contains("They call back."));
    browser.close().await;
}
