//! Where people stop: for each class of it somebody in headless Chromium does just that, and the API says
//! so; and every state of the pages on every size of screen.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use gangway::clock::Clock;
use gangway::onboarding::Abandonment;
use gangway::secret::ExposeSecret as _;
use gangway::store::Store;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::browser::Browser;
use crate::browser_audit::Screen;
use crate::database::TestDb;
use crate::hosted::{Served, Shown, every_page};
use crate::house::{attended, browser};
use crate::program::{Demo, PATIENCE};

/// A running service, asked as an integrator asks it.
pub(crate) struct Service {
    pub(crate) base: String,
    pub(crate) key: String,
}

impl Service {
    async fn start(&self, tenant: &str, blueprint: &str) -> Value {
        let body = json!({ "tenant_id": tenant, "name": "Acme", "blueprint": blueprint });
        let address = format!("{}/v1/onboardings", self.base);
        let started = browser().post(address).bearer_auth(&self.key).json(&body).send().await;
        started.unwrap().json().await.unwrap()
    }

    pub(crate) async fn read(&self, id: &str) -> Value {
        let address = format!("{}/v1/onboardings/{id}", self.base);
        let found = browser().get(address).bearer_auth(&self.key).send().await;
        found.unwrap().json().await.unwrap()
    }

    /// Asks until it is said that people stopped there.
    async fn wait_for(&self, id: &str, class: Abandonment) {
        let begun = Instant::now();
        loop {
            let found = self.read(id).await;
            if found["abandonment"] == class.name() {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "it is never {class:?}: {found:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// What somebody does, one after the other, before they do nothing more.
#[derive(Debug, Clone, Copy)]
enum Does {
    /// A mail scanner follows the link and where it leads, and keeps no cookie.
    Scans,
    Opens,
    SetsOut,
    Presses(&'static str),
    /// Comes back without having signed in.
    ComesBack,
    EntersTheKey,
    /// The time of a sign-in passes.
    StaysAway,
}

/// Each class, and how one gets there. Where time has to pass, the clock is one that a test moves.
const STOPS: [(Abandonment, &[Does]); 7] = {
    use Does::{ComesBack, EntersTheKey, Opens, Presses, Scans, SetsOut, StaysAway};
    [
        (Abandonment::NotOpened, &[Scans]),
        (Abandonment::OpenedNotStarted, &[Opens]),
        (Abandonment::LeftAtProvider, &[Opens, SetsOut, StaysAway]),
        (Abandonment::Denied, &[Opens, SetsOut, Presses("#deny"), Presses("#back")]),
        (
            Abandonment::NeedsAdmin,
            &[Opens, SetsOut, Presses("summary"), Presses("#needs-admin"), Presses("#back")],
        ),
        (Abandonment::ReturnedUnverified, &[Opens, ComesBack, StaysAway]),
        (Abandonment::MappingIdle, &[Opens, SetsOut, Presses("#allow"), EntersTheKey]),
    ]
};

#[tokio::test]
async fn the_api_names_where_each_person_stopped() {
    assert_eq!(STOPS.map(|(class, _)| class), Abandonment::ALL);
    let Some(browser) = Browser::open(1000).await else { return };
    let database = TestDb::fresh().await;
    let demo = Demo::start_on(&database);
    let store = Store::new(database.pool().await, Clock::system());
    let (_, key) = store.create_api_key("test").await.unwrap();
    let real = Service { base: demo.service(), key: key.expose_secret().to_owned() };
    let house = Served::open().await;
    house.site.house.publish(attended()).await;
    for (class, way) in STOPS {
        let time_passes = way.iter().any(|does| matches!(does, Does::StaysAway));
        let (service, blueprint) =
            if time_passes { (&house.service, "newsletter") } else { (&real, "crm-to-newsletter") };
        let started = service.start(class.name(), blueprint).await;
        let (id, link) = (&started["id"], started["link"]["url"].as_str().unwrap());
        let id = id.as_str().unwrap();
        service.wait_for(id, Abandonment::NotOpened).await;
        browser.client.delete_all_cookies().await.unwrap();
        for does in way {
            act(&browser, &house, *does, link).await;
        }
        service.wait_for(id, class).await;
        browser.shoot(&format!("stopped-{}", class.name())).await;
    }
    browser.close().await;
}

async fn act(browser: &Browser, house: &Served, does: Does, link: &str) {
    match does {
        Does::Scans => scan(link).await,
        Does::Opens => {
            browser.client.goto(link).await.unwrap();
            browser.wait_for_heading("Connect Harbour CRM").await;
        }
        Does::SetsOut => {
            browser.click("form[data-window] button").await;
            // Whoever stays away has arrived there first.
            browser.wait_for("#allow").await;
        }
        Does::Presses(button) => browser.click(button).await,
        Does::ComesBack => {
            let (_, back) = browser.set_out_by_script().await;
            browser.client.goto(&back).await.unwrap();
            browser.wait_for_heading("Harbour CRM is not connected yet").await;
        }
        Does::EntersTheKey => {
            browser.wait_for_heading("Connect Parcel Mail").await;
            browser.type_into("input[type=password]", "canary-api-key").await;
            browser.click("button.button").await;
            browser.wait_for_heading("Answer a few questions").await;
        }
        Does::StaysAway => house.site.house.advance(TimeDelta::minutes(31)),
    }
}

/// As it may come before anybody has read the mail, and again after that.
async fn scan(link: &str) {
    let scanner = browser();
    for method in [Method::HEAD, Method::GET, Method::GET] {
        let opened = scanner.request(method.clone(), link).send().await.unwrap();
        assert_eq!(opened.status(), 303);
        let place = opened.headers()["location"].to_str().unwrap();
        let there = opened.url().join(place).unwrap();
        assert_eq!(scanner.request(method, there).send().await.unwrap().status(), 403);
    }
}

impl Browser {
    /// Sets out as the page's own script does for a window: where Cyclr's page is, and the return address
    /// of this try.
    pub(crate) async fn set_out_by_script(&self) -> (String, String) {
        let send = r"
            const done = arguments[arguments.length - 1];
            const form = document.querySelector('form[data-window]');
            const body = new URLSearchParams([...new FormData(form), ['mode', 'window']]);
            fetch(form.action, { method: 'POST', body })
                .then((answer) => answer.json()).then(({ address }) => done(address));
        ";
        let address = self.client.execute_async(send, vec![]).await.unwrap();
        let address = Url::parse(address.as_str().unwrap()).unwrap();
        let back = address.query_pairs().find(|(name, _)| name == "targetOrigin").unwrap().1;
        (address.to_string(), back.trim_end_matches("/window").to_owned())
    }
}

/// The narrowest, one in between in the dark, and the widest.
const SCREENS: [Screen; 3] =
    [Screen::PHONE, Screen { width: 768, dark: true }, Screen { width: 1920, dark: false }];

#[tokio::test]
async fn every_state_is_clean_on_every_screen_and_in_every_language() {
    let Some(browser) = Browser::open(1000).await else { return };
    let pages = Box::pin(every_page()).await;
    let (base, _serving) = Shown::serve(&pages).await;
    for (place, page) in pages.iter().enumerate() {
        let name = format!("{}-{}", page.name, page.language);
        if page.language == "en" {
            browser.show_on(SCREENS[0]).await;
            browser.client.goto(&format!("{base}/{place}")).await.unwrap();
            for screen in SCREENS {
                browser.show_on(screen).await;
                let name = format!("{name}-{}", screen.name());
                browser.shoot_whole(&name).await;
                browser.check(&name).await;
            }
        } else {
            browser.show_on(Screen::PHONE).await;
            browser.client.goto(&format!("{base}/{place}")).await.unwrap();
            browser.check_edges(&name).await;
        }
    }
    browser.close().await;
}
