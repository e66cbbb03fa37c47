//! A person's way from signup to live, in headless Chromium against the real program.
//!
//! Needs `chromium` and `chromedriver`. Without them these tests say so and pass, unless
//! `GANGWAY_BROWSER_TESTS=required`. Screenshots go to `artifacts/`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::json;

use crate::program::{Demo, PATIENCE};

/// A browser of its own; ends with this value.
pub(crate) struct Browser {
    pub(crate) client: Client,
    driver: Child,
    port: u16,
    session: String,
}

impl Browser {
    /// `None` where there is no browser on this machine and none is required.
    pub(crate) async fn open(width: u32) -> Option<Self> {
        Self::open_with(width, true).await
    }

    /// With or without scripts.
    pub(crate) async fn open_with(width: u32, scripts: bool) -> Option<Self> {
        Self::open_but(width, if scripts { &[] } else { &["javascript"] }).await
    }

    /// Without some kinds of what sites may use: `javascript`, `cookies`.
    pub(crate) async fn open_but(width: u32, without: &[&str]) -> Option<Self> {
        let names = ["chromium", "chromium-browser", "google-chrome"];
        let found = find("chromedriver").zip(names.into_iter().find_map(find));
        let Some((driver, chromium)) = found else {
            let required = std::env::var("GANGWAY_BROWSER_TESTS").is_ok_and(|v| v == "required");
            assert!(!required, "chromium and chromedriver are required; ./dev test installs them");
            eprintln!("skipped: chromium or chromedriver is missing; ./dev test installs them");
            return None;
        };
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            line.split_once("successfully on port ").map(|(_, port)| port.to_owned())
        });
        let port: u16 = port.unwrap().trim_end_matches('.').parse().unwrap();
        let forbidden = |kind| (format!("profile.managed_default_content_settings.{kind}"), 2);
        let forbidden: BTreeMap<_, _> = without.iter().map(forbidden).collect();
        let options = json!({
            "goog:chromeOptions": {
                "binary": chromium,
                "prefs": forbidden,
                "args": [
                    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic",
                    "--no-first-run", "--disable-background-networking", "--disable-sync",
                    "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars",
                    format!("--window-size={width},900"),
                ]
            }
        });
        let mut options = options;
        if width < 500 {
            // No window is as narrow as a phone.
            options["goog:chromeOptions"]["mobileEmulation"] =
                json!({ "deviceMetrics": { "width": width, "height": 800, "pixelRatio": 1 } });
        }
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(options.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        let session = client.session_id().await.unwrap().unwrap();
        Some(Self { client, driver, port, session })
    }

    pub(crate) async fn shoot(&self, name: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts");
        std::fs::create_dir_all(&folder).unwrap();
        let picture = self.client.screenshot().await.unwrap();
        std::fs::write(folder.join(format!("{name}.png")), picture).unwrap();
    }

    /// Waits for it, however often the page goes on by itself in between.
    pub(crate) async fn wait_for(&self, selector: &str) -> fantoccini::elements::Element {
        let wait = self.client.wait().at_most(PATIENCE);
        match wait.for_element(Locator::Css(selector)).await {
            Ok(element) => element,
            Err(error) => {
                let page = self.client.source().await.unwrap_or_default();
                panic!("{selector} never comes: {error}\n{page}");
            }
        }
    }

    pub(crate) async fn heading(&self) -> String {
        self.wait_for("h1").await.text().await.unwrap()
    }

    /// Waits for a heading with these words.
    pub(crate) async fn wait_for_heading(&self, words: &str) {
        let begun = std::time::Instant::now();
        loop {
            // The page may be replaced between finding the heading and reading it.
            let heading = match self.client.find(Locator::Css("h1")).await {
                Ok(element) => element.text().await.unwrap_or_default(),
                Err(_) => String::new(),
            };
            if heading.contains(words) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "\"{words}\" never comes, last \"{heading}\"");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn type_into(&self, selector: &str, text: &str) {
        let field = self.wait_for(selector).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Again where the page was replaced between finding it and clicking: then nothing was clicked.
    pub(crate) async fn click(&self, selector: &str) {
        loop {
            match self.wait_for(selector).await.click().await {
                Err(error) if error.is_stale_element_reference() => {}
                clicked => return clicked.unwrap(),
            }
        }
    }

    pub(crate) async fn close(self) {
        drop(self.client.clone().close().await);
    }
}

impl Drop for Browser {
    /// Also when a test fails: without its driver Chromium would go on for ever. A session that was closed is
    /// no more than unknown.
    fn drop(&mut self) {
        let ask = |port| {
            let mut driver = TcpStream::connect(("127.0.0.1", port))?;
            driver.set_read_timeout(Some(Duration::from_secs(10)))?;
            let end = format!("DELETE /session/{} HTTP/1.1\r\n", self.session);
            driver.write_all(
                format!("{end}host: 127.0.0.1\r\nconnection: close\r\n\r\n").as_bytes(),
            )?;
            // It keeps the connection open, whatever is asked.
            driver.read(&mut [0; 512])
        };
        drop(ask(self.port));
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one way, from its beginning to its end")]
async fn a_person_goes_from_signup_to_live_and_the_program_dies_on_the_way() {
    let Some(browser) = Browser::open(1000).await else { return };
    let mut demo = Demo::start();

    browser.client.goto(&demo.signup()).await.unwrap();
    browser.shoot("1-signup").await;
    browser.type_into("#company", "Acme & Söhne <b>GmbH</b>").await;
    browser.type_into("#email", "ada@acme.example").await;
    browser.click("#start").await;

    browser.wait_for_heading("Connect Harbour CRM").await;
    browser.shoot("2-connect").await;
    assert!(
        !browser.client.current_url().await.unwrap().path().starts_with("/l/"),
        "a clean address"
    );

    // Here the whole program is killed; the page that is open goes on with the new one.
    demo.kill();
    demo.start_again();

    browser.click("button.button").await;
    browser.wait_for("#allow").await;
    browser.shoot("3-consent").await;
    browser.click("#allow").await;
    browser.wait_for_heading("Harbour CRM").await;
    browser.shoot("4-returned").await;
    browser.wait_for_heading("Connect Parcel Mail").await;
    browser.shoot("5-api-key").await;
    browser.type_into("input[type=password]", "canary-api-key").await;
    browser.click("button.button").await;

    browser.wait_for("input[type=email]").await;
    browser.shoot("6-questions").await;
    browser.click("input[value=Partners]").await;
    browser.type_into("input[type=email]", "not an address").await;
    browser.click("button.button").await;
    browser.wait_for("[role=alert]").await;
    browser.shoot("7-mistake").await;
    assert!(browser.client.find(Locator::Css("input[value=Partners]:checked")).await.is_ok());
    browser.type_into("input[type=email]", "news@acme.example").await;
    browser.click("button.button").await;
    browser.wait_for("dl.review").await;
    browser.shoot("8-review").await;
    browser.click("button.button").await;

    browser.wait_for("ul.running").await;
    browser.shoot("9-live").await;
    let heading = browser.heading().await;
    browser.click("a.button").await;
    browser.wait_for_heading("You are all set").await;
    browser.shoot("10-back").await;
    let address = browser.client.current_url().await.unwrap();
    assert!(address.query().unwrap().contains("status=success"), "{address}");

    let world = demo.world().await;
    let accounts = world["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 1, "{heading}: {world:#}");
    let cycles = accounts[0]["cycles"].as_array().unwrap();
    assert_eq!(cycles.len(), 1);
    assert_eq!((&cycles[0]["Status"], &cycles[0]["activations"]), (&json!("Active"), &json!(1)));
    let value = |step: usize, part: &str, place: usize| {
        cycles[0]["steps"][step][part][place]["Value"].clone()
    };
    assert_eq!(value(0, "parameters", 0), "Partners");
    assert_eq!(value(1, "parameters", 0), "Customers", "the default was taken");
    assert_eq!(value(1, "fields", 0), "Acme & Söhne <b>GmbH</b>");
    assert_eq!(value(1, "fields", 1), "news@acme.example");
    assert_eq!(value(1, "fields", 2), "via-tidemark");
    browser.close().await;
}

#[tokio::test]
async fn whoever_declines_or_walks_away_finds_the_way_back() {
    let Some(browser) = Browser::open(360).await else { return };
    let demo = Demo::start();
    let link = demo.sign_up("walker").await;
    browser.client.goto(&link).await.unwrap();
    browser.wait_for_heading("Connect Harbour CRM").await;
    browser.shoot("phone-connect").await;
    browser.click("button.button").await;
    browser.click("#deny").await;
    browser.wait_for("body").await;

    // Cyclr keeps the browser; the person opens the link from the mail again.
    browser.client.goto(&link).await.unwrap();
    browser.wait_for_heading("Connect Harbour CRM").await;
    browser.shoot("phone-again").await;
    browser.click("button.button").await;
    browser.click("#allow").await;
    browser.wait_for_heading("Connect Parcel Mail").await;
    browser.shoot("phone-api-key").await;
    browser.close().await;
}
