//! Coming back in every way that is not the straight one: late, twice, elsewhere, in two tabs, with a link
//! that has ended, without cookies. Real browsers against the house with a clock that stands still.

use chrono::TimeDelta;
use fantoccini::{Client, Locator};
use gangway::ids::OnboardingId;
use gangway::onboarding::Command;

use crate::browser::Browser;
use crate::hosted::Served;
use crate::house::attended;

/// A browser at the first account of an onboarding that has just begun.
struct Scene {
    served: Served,
    browser: Browser,
    id: OnboardingId,
    link: String,
}

impl Scene {
    async fn open() -> Option<Self> {
        let browser = Browser::open(1000).await?;
        let served = Served::open().await;
        let (id, link) = served.start("acme", attended()).await;
        let scene = Self { served, browser, id, link };
        scene.open_link().await;
        Some(scene)
    }

    async fn open_link(&self) {
        self.goto(&self.link).await;
        self.browser.wait_for_heading("Connect Harbour CRM").await;
    }

    async fn goto(&self, address: &str) {
        self.browser.client.goto(address).await.unwrap();
    }

    async fn set_out(&self) {
        self.browser.click("form[data-window] button").await;
        self.browser.wait_for("#allow").await;
    }

    /// All that an integrator is told of this onboarding.
    async fn kept(&self) -> String {
        self.served.service.read(&self.id.to_string()).await.to_string()
    }

    /// Another browser, as far as cookies can tell.
    async fn change_browser(&self) {
        self.client().delete_all_cookies().await.unwrap();
    }

    fn client(&self) -> &Client {
        &self.browser.client
    }

    async fn text(&self) -> String {
        self.browser.wait_for("main").await.text().await.unwrap()
    }
}

#[tokio::test]
async fn a_link_that_has_ended_is_one_button_and_says_the_same_whatever_the_reason() {
    let Some(scene) = Scene::open().await else { return };
    let house = &scene.served.site.house;
    let expires_at = house.clock.now() + TimeDelta::days(1);
    scene.served.site.obey(scene.id, Command::RotateLink { expires_at }).await;
    let newer = format!("{}{}", scene.served.service.base, scene.served.site.link(scene.id).await);
    house.advance(TimeDelta::days(2));
    let mut said = Vec::new();
    for (why, link) in [("revoked", &scene.link), ("expired", &newer)] {
        scene.goto(link).await;
        scene.browser.wait_for_heading("This link does not open anything any more").await;
        scene.browser.audit(&format!("link-{why}")).await;
        let buttons = scene.client().find_all(Locator::Css("main .button, main a")).await.unwrap();
        assert_eq!(buttons.len(), 1, "one way on");
        let before = scene.text().await;
        scene.browser.click("main .button").await;
        scene.browser.wait_for_heading("A new link was asked for").await;
        scene.browser.audit(&format!("link-{why}-asked")).await;
        said.push((before, scene.text().await));
    }
    assert_eq!(said[0], said[1]);
    scene.browser.close().await;
}

#[tokio::test]
async fn whoever_comes_back_elsewhere_or_to_nowhere_learns_and_changes_nothing() {
    let Some(scene) = Scene::open().await else { return };
    let (_, back) = scene.browser.set_out_by_script().await;
    let before = scene.kept().await;
    scene.change_browser().await;
    scene.goto(&back).await;
    scene.browser.wait_for_heading("Thank you").await;
    scene.browser.audit("return-elsewhere").await;
    let told = scene.text().await;
    // Nor does whoever is on a visit of their own, be it to another onboarding.
    let mut second = attended();
    second["key"] = "second".into();
    let (_, foreign) = scene.served.start("foreign", second).await;
    for link in [&scene.link, &foreign] {
        scene.goto(link).await;
        scene.browser.wait_for_heading("Connect Harbour CRM").await;
        scene.goto(&back).await;
        scene.browser.wait_for_heading("Thank you").await;
        assert_eq!(scene.text().await, told);
        scene.change_browser().await;
    }
    scene.goto(&format!("{back}x?error=access_denied")).await;
    scene.browser.wait_for_heading("There is nothing to finish here").await;
    scene.browser.audit("return-forged").await;
    assert_eq!(scene.kept().await, before);
    scene.browser.close().await;
}

#[tokio::test]
async fn a_return_that_is_replayed_shows_what_is_so_and_changes_nothing() {
    let Some(scene) = Scene::open().await else { return };
    // An earlier try of the same browser that never came back.
    let (_, earlier) = scene.browser.set_out_by_script().await;
    scene.open_link().await;
    scene.set_out().await;
    scene.browser.click("#allow").await;
    scene.browser.wait_for_heading("Harbour CRM is connected").await;
    let back = scene.client().current_url().await.unwrap();
    scene.browser.audit("return-connected").await;
    scene.browser.wait_for_heading("Connect Parcel Mail").await;
    let (kept, heard) = (scene.kept().await, scene.served.site.house.heard());
    // The back button leads to the page before, which leads on again; so does a reload of it.
    scene.client().back().await.unwrap();
    scene.browser.wait_for_heading("Harbour CRM is connected").await;
    scene.client().refresh().await.unwrap();
    scene.browser.wait_for_heading("Harbour CRM is connected").await;
    scene.browser.wait_for_heading("Connect Parcel Mail").await;
    for replayed in [back.as_str(), &earlier] {
        scene.goto(&format!("{replayed}?error=access_denied")).await;
        scene.browser.wait_for_heading("Harbour CRM is connected").await;
        scene.browser.wait_for_heading("Connect Parcel Mail").await;
    }
    assert_eq!(scene.kept().await, kept);
    assert_eq!(scene.served.site.house.heard(), heard);
    scene.browser.close().await;
}

#[tokio::test]
async fn whoever_walks_past_the_five_minutes_of_a_sign_in_begins_again() {
    let Some(scene) = Scene::open().await else { return };
    let (there, _) = scene.browser.set_out_by_script().await;
    scene.served.site.house.advance(TimeDelta::minutes(6));
    scene.goto(&there).await;
    // Cyclr's page leads nowhere; the link from the mail is as good as before.
    scene.browser.wait_for_heading("403 - Forbidden").await;
    scene.open_link().await;
    let hint = scene.browser.wait_for(".hint").await.text().await.unwrap();
    assert!(hint.contains("is under way"), "{hint}");
    scene.browser.audit("five-minutes-again").await;
    scene.set_out().await;
    scene.browser.click("#allow").await;
    scene.browser.wait_for_heading("Connect Parcel Mail").await;
    scene.browser.close().await;
}

#[tokio::test]
async fn whoever_comes_back_after_the_time_of_a_try_is_connected_all_the_same() {
    let Some(scene) = Scene::open().await else { return };
    scene.set_out().await;
    scene.served.site.house.advance(TimeDelta::minutes(31));
    scene.browser.click("#allow").await;
    scene.browser.wait_for_heading("Harbour CRM is connected").await;
    scene.browser.wait_for_heading("Connect Parcel Mail").await;
    scene.browser.close().await;
}

#[tokio::test]
async fn two_tabs_go_the_same_way_whichever_is_used() {
    let Some(scene) = Scene::open().await else { return };
    let client = scene.client();
    let first = client.window().await.unwrap();
    let second = client.new_window(true).await.unwrap().handle;
    client.switch_to_window(second.clone()).await.unwrap();
    scene.open_link().await;
    scene.set_out().await;
    scene.browser.click("#allow").await;
    scene.browser.wait_for_heading("Connect Parcel Mail").await;
    client.switch_to_window(first).await.unwrap();
    scene.browser.wait_for_heading("Connect Parcel Mail").await;
    scene.browser.type_into("input[type=password]", "canary-api-key").await;
    scene.browser.click("button.button").await;
    scene.browser.wait_for_heading("Answer a few questions").await;
    client.switch_to_window(second).await.unwrap();
    scene.browser.wait_for_heading("Answer a few questions").await;
    scene.browser.close().await;
}

#[tokio::test]
async fn a_browser_that_keeps_no_cookies_is_told_what_to_do() {
    let Some(browser) = Browser::open_but(360, &["cookies"]).await else { return };
    let served = Served::open().await;
    let (_, link) = served.start("acme", attended()).await;
    browser.client.goto(&link).await.unwrap();
    browser.wait_for_heading("Open your link again").await;
    let said = browser.wait_for("main").await.text().await.unwrap();
    assert!(said.contains("keeps no cookies"), "{said}");
    browser.audit("no-cookies").await;
    browser.close().await;
}
