//! What every page is held against: axe-core, its edges, the size of what is pressed; and the screens on
//! which it is looked at.

use std::path::Path;

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::{Value, json};
use url::{ParseError, Url};

use crate::browser::Browser;

/// Mozilla Public License 2.0; used by tests alone.
const AXE: &str = include_str!("../data/axe.min.js");

const RUN_AXE: &str = r"
    const done = arguments[arguments.length - 1];
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    axe.run(document, { runOnly: tags }).then((found) => done(found.violations.map(
        (one) => `${one.id}: ${one.help} ${one.nodes.map((node) => node.html).join(' | ')}`)));
";

const TOO_SMALL: &str = r"return [...document.querySelectorAll('a, button, input, select')]
    .filter((one) => one.offsetParent && !one.closest('.skip, p:not(.links)'))
    .filter((one) => { const box = one.getBoundingClientRect();
        return box.height > 0 && (box.height < 24 || box.width < 24); })
    .map((one) => one.outerHTML)";

/// What lies over the page's right edge. The window of a phone grows with what is too wide for it
/// (`innerWidth`), the page's own width does not. A wide table may be moved sideways within its own frame.
const OVER_THE_EDGE: &str = r"
    const width = document.documentElement.clientWidth;
    const over = document.documentElement.scrollWidth - width;
    const cut = [...document.querySelectorAll('main *, header *, footer *')]
        .filter((one) => one.offsetParent && !one.closest('.away, .steps, .scroll > *, select, input, textarea'))
        .filter((one) => one.getBoundingClientRect().right > width + 0.5)
        .map((one) => one.outerHTML);
    return over > 0 ? [`${over} pixels`, ...cut] : cut";

/// On what a page is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    pub(crate) width: u32,
    pub(crate) dark: bool,
}

impl Screen {
    pub(crate) const PHONE: Self = Self { width: 320, dark: false };

    pub(crate) fn name(self) -> String {
        format!("{}{}", self.width, if self.dark { "-dark" } else { "" })
    }
}

/// A command of Chromium's own, for which `WebDriver` has no word.
#[derive(Debug)]
struct Devtools(&'static str, Value);

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "cmd": self.0, "params": self.1 }).to_string()))
    }
}

impl Browser {
    /// Nothing that axe-core finds, nothing that runs over the edge; and a picture of it.
    pub(crate) async fn audit(&self, name: &str) {
        self.shoot(name).await;
        self.check(name).await;
    }

    /// The same without the picture.
    pub(crate) async fn check(&self, name: &str) {
        // Once for each document: it is half a megabyte.
        if self.client.execute("return !window.axe", vec![]).await.unwrap() == json!(true) {
            self.client.execute(AXE, vec![]).await.unwrap();
        }
        let found = self.client.execute_async(RUN_AXE, vec![]).await.unwrap();
        assert_eq!(found, json!([]), "{name}");
        self.check_edges(name).await;
        let small = self.client.execute(TOO_SMALL, vec![]).await.unwrap();
        assert_eq!(small, json!([]), "{name}: smaller than 24 pixels");
    }

    pub(crate) async fn check_edges(&self, name: &str) {
        let over = self.client.execute(OVER_THE_EDGE, vec![]).await.unwrap();
        assert_eq!(over, json!([]), "{name}: over the edge");
    }

    async fn devtools(&self, command: &'static str, params: Value) -> Value {
        self.client.issue_cmd(Devtools(command, params)).await.unwrap()
    }

    /// As on another screen; the page that is open stays open.
    pub(crate) async fn show_on(&self, screen: Screen) {
        let Screen { width, dark } = screen;
        let metrics =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// A picture of all of the page, however long it is.
    pub(crate) async fn shoot_whole(&self, name: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts").join("states");
        std::fs::create_dir_all(&folder).unwrap();
        let params = json!({ "format": "png", "captureBeyondViewport": true });
        let picture = self.devtools("Page.captureScreenshot", params).await;
        let picture = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), picture).unwrap();
    }
}
