//! A live onboarding whose cycle somebody has stopped at Cyclr: seen on its case, understood, and put right by
//! clicks.

use fantoccini::Locator;
use serde_json::json;

use crate::browser::Browser;
use crate::browser_colleagues::{Colleague, until_it_is};
use crate::browser_console::{look, until};
use crate::hosted::Served;
use crate::house::unattended;

#[tokio::test]
async fn a_cycle_that_was_stopped_is_seen_and_started_again_by_clicks() {
    let Some(browser) = Browser::open(1280).await else { return };
    let served = Served::open().await;
    let ada = Colleague::enter(&browser, &served, "Ada").await;
    let (id, _) = served.start("acme", unattended()).await;
    until_it_is(&served, id, "live").await;
    let onboarding = served.site.house.read(id).await;
    let reference = onboarding.reference.to_string();
    let cycle = onboarding.facts.slots[0].cycle.unwrap();
    ada.goto(&format!("/onboardings/{reference}")).await;
    assert_eq!(ada.text("#life .chip").await, "unproven");

    let stop = format!("/v1.0/cycles/{cycle}/deactivate");
    served.site.house.by_hand("PUT", &stop, "acme", &json!({})).await;
    ada.opens(&reference, "check", "Look at it now").await;
    browser.type_into("#reason", "They say that nothing arrives").await;
    ada.sends().await;
    // The page learns by itself what the look has found.
    ada.goto(&format!("/onboardings/{reference}")).await;
    until(&browser, "#life .chip", "unhealthy").await;
    let life = ada.text("#life").await;
    assert!(life.contains("Cyclr has the cycle") && life.contains("to be settled"), "{life}");
    look(&browser, "console-live-case-differs").await;

    browser.click("#life p a").await;
    browser.wait_for_heading("Settle a difference").await;
    let again = "#i-settle option[value^='reapply']";
    let option = browser.client.find(Locator::Css(again)).await.unwrap();
    assert!(option.text().await.unwrap().contains("The cycle is activated again."));
    option.click().await.unwrap();
    browser.type_into("#reason", "It was stopped by mistake").await;
    look(&browser, "console-live-case-settle").await;
    ada.sends().await;
    until_it_is(&served, id, "live").await;
    ada.goto(&format!("/onboardings/{reference}")).await;
    until(&browser, "#life", "Live since").await;
    let accounts = served.site.house.accounts();
    let cycles = accounts[0]["cycles"].as_array().unwrap();
    assert_eq!(
        (cycles.len(), &cycles[0]["Status"]),
        (1, &json!("Active")),
        "started, not made anew"
    );
    let life = ada.text("#life").await;
    assert!(!life.contains("differs"), "{life}");
    look(&browser, "console-live-case-well").await;
    browser.close().await;
}
