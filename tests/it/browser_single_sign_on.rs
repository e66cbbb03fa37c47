//! Staff come in by a provider of identities, in headless Chromium: the button, the way there and back, the
//! fresh sign-in before what cannot be taken back, and the pages of those who are turned away. Each is looked
//! at by axe-core on every screen.

use chrono::TimeDelta;
use fantoccini::Locator;
use gangway::identity::Provider as Client;
use gangway::sandbox::Catalogue;
use serde_json::json;

use crate::browser::Browser;
use crate::browser_colleagues::{audit, until_it_is};
use crate::browser_console::look;
use crate::console::provider::{Mood, Provider};
use crate::hosted::Served;
use crate::house::attended;

pub(crate) async fn open(provider: &Provider) -> Served {
    let settings = provider.settings();
    let set_up = |state: gangway::web::AppState| {
        let client = Client::new(settings, state.clock().clone()).unwrap();
        state.proven_by(Some(client))
    };
    Served::open_as(Catalogue::built_in(), set_up).await
}

#[tokio::test]
async fn staff_come_in_by_the_provider_prove_themselves_again_and_are_turned_away_in_words() {
    let Some(browser) = Browser::open(1280).await else { return };
    let provider = Provider::open().await;
    let served = open(&provider).await;
    let (id, _) = served.start("stranded", attended()).await;
    let reference = served.site.house.read(id).await.reference;
    let goto = async |path: &str| {
        browser.client.goto(&format!("{}{path}", served.service.base)).await.unwrap();
    };
    let now = || served.site.house.clock.now().timestamp();

    goto("/console").await;
    browser.wait_for("a.button").await;
    look(&browser, "console-sso-1-sign-in").await;
    provider.is_visited(now(), json!({}));
    browser.click("a.button").await;
    browser.wait_for_heading("Overview").await;
    look(&browser, "console-sso-2-in").await;

    // What cannot be taken back asks for a sign-in of just now.
    served.site.house.advance(TimeDelta::minutes(16));
    let cancel = format!("/console/onboardings/{reference}/cancel");
    goto(&cancel).await;
    browser.wait_for("main section a.button").await;
    look(&browser, "console-sso-3-prove").await;
    provider.is_visited(now(), json!({ "auth_time": now() }));
    browser.click("main section a.button").await;
    browser.wait_for_heading("Cancel").await;
    look(&browser, "console-sso-4-proven").await;

    // Those who are turned away, each in a browser that knows nobody.
    browser.client.delete_all_cookies().await.unwrap();
    provider.is_visited(now(), json!({ "groups": ["sales"] }));
    goto("/console/sign-in/start?next=%2Fconsole").await;
    browser.wait_for_heading("You are in no group that uses this console").await;
    look(&browser, "console-sso-5-no-group").await;
    browser.client.delete_all_cookies().await.unwrap();
    goto("/console/sign-in/return?code=a&state=b").await;
    browser.wait_for_heading("This sign-in was not begun here").await;
    look(&browser, "console-sso-6-not-begun").await;
    provider.is(Mood::Away);
    served.site.house.advance(TimeDelta::hours(2));
    goto("/console/sign-in/start?next=%2Fconsole").await;
    browser.wait_for("main a.button").await;
    look(&browser, "console-sso-7-away").await;
    browser.close().await;
}

#[tokio::test]
async fn an_order_that_cannot_be_taken_back_is_given_after_the_fresh_sign_in_and_done_once() {
    let Some(browser) = Browser::open(1280).await else { return };
    let provider = Provider::open().await;
    let served = open(&provider).await;
    let house = &served.site.house;
    let (id, _) = served.start("stranded", attended()).await;
    until_it_is(&served, id, "waiting").await;
    let reference = house.read(id).await.reference.to_string();
    let goto = async |path: &str| {
        browser.client.goto(&format!("{}{path}", served.service.base)).await.unwrap();
    };
    let begun = house.clock.now().timestamp();
    provider.is_visited(begun, json!({ "auth_time": begun }));
    goto("/console/sign-in/start?next=%2Fconsole").await;
    browser.wait_for_heading("Overview").await;
    house.advance(TimeDelta::minutes(16));

    // Whoever thinks better of it is back at the case, and nothing has happened.
    let cancel = format!("/console/onboardings/{reference}/cancel");
    goto(&cancel).await;
    browser.wait_for_heading("Show again who you are").await;
    browser
        .client
        .find(Locator::LinkText("Leave it as it is"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    browser.wait_for_heading("stranded").await;
    assert_eq!(audit(&served, &reference).await, []);

    // The others come back to what they were about to do, and do it.
    goto(&cancel).await;
    browser.wait_for_heading("Show again who you are").await;
    let now = house.clock.now().timestamp();
    provider.is_visited(now, json!({ "auth_time": now }));
    browser.click("main section a.button").await;
    browser.wait_for_heading("Cancel").await;
    assert_eq!(browser.client.current_url().await.unwrap().path(), cancel);
    browser.type_into("#reason", "They have <left> us").await;
    browser.click("main form .button.danger").await;
    browser.wait_for(".told.good").await;
    look(&browser, "console-sso-8-cancelled").await;
    assert_eq!(house.read(id).await.status.name(), "cancelled");
    let by_ada = ("staff:ada@example.com".to_owned(), "cancel".to_owned());
    assert_eq!(audit(&served, &reference).await, [by_ada]);
    browser.close().await;
}
