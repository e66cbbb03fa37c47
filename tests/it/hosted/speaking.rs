//! Languages, brands, what is told while it happens, and what integrators embed.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use gangway::onboarding::{AnswerMistake, Outlook};
use gangway::words::{Language, Words};
use serde_json::{Value, json};

use super::ways::now;
use super::{Answer, Browser, Site};
use crate::house::attended;

async fn ask(site: &Site, path: &str, browser: &Browser, language: &str) -> Answer {
    let request = Request::get(path)
        .header(header::COOKIE, &browser.cookie)
        .header(header::ACCEPT_LANGUAGE, language);
    site.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_page_speaks_the_language_that_was_chosen_known_or_wished_for() {
    let (site, id) = Site::with(attended()).await;
    let browser = site.visit(id).await;
    for (language, heading) in [
        ("en", "Step 2 of 4: Connect Harbour CRM"),
        ("de", "Schritt 2 von 4: Harbour CRM verbinden"),
        ("fr", "Étape 2 sur 4\u{a0}: Connecter Harbour CRM"),
        ("es", "Paso 2 de 4: Conectar Harbour CRM"),
        ("ja", "手順 2 / 4： Harbour CRMを接続"),
    ] {
        let page = ask(&site, &browser.page, &browser, language).await;
        assert_eq!(page.heading(), heading);
        assert!(page.body.contains(&format!("<html lang=\"{language}\">")));
        assert!(
            page.body
                .contains(&format!("lang=\"{language}\" hreflang=\"{language}\" aria-current"))
        );
        // A choice goes before the browser's wish, and is kept.
        let chosen = ask(&site, &format!("{}?lang={language}", browser.page), &browser, "pt").await;
        assert_eq!(chosen.heading(), heading);
        assert!(chosen.header("set-cookie").starts_with(&format!("gangway-language={language};")));
    }
    let gone = site.send(
        Request::get("/l/x").header(header::ACCEPT_LANGUAGE, "de").body(Body::empty()).unwrap(),
    );
    assert_eq!(gone.await.heading(), "Dieser Link öffnet nichts mehr");
}

#[test]
fn what_the_core_says_in_english_the_pages_say_in_the_same_words() {
    let english = Words::default();
    for outlook in Outlook::ALL {
        assert_eq!(english.say(outlook.message()), outlook.in_english());
    }
    for mistake in AnswerMistake::ALL {
        assert_eq!(english.fill(mistake.message(), "most", "500"), mistake.to_string());
        for words in Language::ALL.map(Words::new) {
            assert_ne!(words.fill(mistake.message(), "most", "500"), mistake.message());
        }
    }
}

#[tokio::test]
async fn a_brand_has_its_name_colours_and_legal_links_on_every_page() {
    let mut blueprint = attended();
    blueprint["brand"] = json!({
        "name": "Tidemark", "accent": "#0a5c36", "support_email": "help@tidemark.example",
        "privacy_url": "https://tidemark.example/privacy", "terms_url": "https://tidemark.example/terms",
        "pages_url": "https://setup.tidemark.example/"
    });
    let (site, id) = Site::with(blueprint).await;
    let onboarding = site.house.read(id).await;
    assert!(site.state.link_url(&onboarding).starts_with("https://setup.tidemark.example/l/"));
    let browser = site.visit(id).await;
    let page = now(&site, &browser).await;
    for piece in [
        "<p class=\"brand\">Tidemark</p>",
        "https://tidemark.example/privacy",
        "Terms of use",
        "help@tidemark",
    ] {
        assert!(page.body.contains(piece), "{piece}\n{}", page.body);
    }
    let theme = page.body.split("href=\"/static/theme/").nth(1).unwrap().split('"').next().unwrap();
    let css = site.get(&format!("/static/theme/{theme}"), None).await;
    assert!(css.body.contains("--accent:#0a5c36"), "{}", css.body);
    assert!(css.header("cache-control").contains("immutable"));
    for junk in ["x.css", "0a5c36.css", "0a5c36-zzzzzz.css", "0a5c36-0a5c36.js"] {
        let path = format!("/static/theme/{junk}");
        assert_eq!(site.get(&path, None).await.status, StatusCode::NOT_FOUND, "{junk}");
    }
    // Forms come from the brand's own host, and lead back to it.
    let token = page.filled_in()["form-token"].clone();
    let crm = site.house.connector(id, "Harbour CRM").await;
    let path = format!("{}/connections/{crm}/sign-in", browser.page);
    let form = [("form-token", &*token)];
    let own = [("origin", "https://setup.tidemark.example"), ("sec-fetch-site", "same-origin")];
    let sent = site.post_as(&path, &browser.cookie, &form, &own).await;
    assert!(
        sent.header("location")
            .contains("targetOrigin=https%3A%2F%2Fsetup.tidemark.example%2Freturn")
    );
    let other = [("origin", "https://go.example.com")];
    let refused = site.post_as(&path, &browser.cookie, &form, &other).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_script_gets_an_address_and_a_nonce_in_the_mode_that_it_asks_for() {
    let mut blueprint = attended();
    blueprint["sign_in"] = json!("message");
    let (site, id) = Site::with(blueprint).await;
    let browser = site.visit(id).await;
    let page = now(&site, &browser).await;
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin-allow-popups");
    assert!(
        page.body
            .contains(&format!("data-service-origin=\"{}\"", site.house.engine.service_origin()))
    );
    let crm = site.house.connector(id, "Harbour CRM").await;
    let path = format!("{}/connections/{crm}/sign-in", browser.page);
    let token = page.filled_in()["form-token"].clone();
    for (mode, wanted) in [
        ("message", "targetOrigin=https%3A%2F%2Fgo.example.com&callbackMessage="),
        ("window", "%2Fwindow"),
    ] {
        let form = [("form-token", &*token), ("mode", mode)];
        let sent = site.post(&path, &browser.cookie, &form).await;
        assert_eq!((sent.status, sent.header("cache-control")), (StatusCode::OK, "no-store"));
        let there: Value = serde_json::from_str(&sent.body).unwrap();
        let address = there["address"].as_str().unwrap();
        assert!(address.contains(wanted), "{address}");
        let message = there["message"].as_str().unwrap();
        assert!(address.contains(message) && message.len() > 30);
        assert!(!site.rows().await.contains(message), "a row holds the nonce");
    }
}

#[tokio::test]
async fn whoever_embeds_hears_how_far_it_is_and_nothing_else() {
    let (site, id) = Site::with(attended()).await;
    let link = site.link(id).await;
    let state = async |site: &Site| site.get(&format!("{link}/state"), None).await;
    let open = state(&site).await;
    assert_eq!(open.header("access-control-allow-origin"), "*");
    assert_eq!(open.header("cross-origin-resource-policy"), "cross-origin");
    let said: Value = serde_json::from_str(&open.body).unwrap();
    assert_eq!((&said["state"], &said["onboarding"]), (&json!("open"), &json!(id.to_string())));
    assert_eq!(said.as_object().unwrap().len(), 3);
    site.house.advance(chrono::TimeDelta::days(8));
    let gone: Value = serde_json::from_str(&state(&site).await.body).unwrap();
    assert_eq!(gone, json!({ "state": "gone", "version": 0 }));
    for (path, kind) in [("/embed.js", "text/javascript"), ("/embed.d.ts", "text/plain")] {
        let file = site.get(path, None).await;
        assert!(file.header("content-type").starts_with(kind), "{path}");
        assert_eq!(file.header("access-control-allow-origin"), "*");
        assert!(file.body.contains("open("), "{path}");
    }
}

#[tokio::test]
async fn pages_are_small_compressed_and_ask_nobody_else_for_anything() {
    let (site, id) = Site::with(attended()).await;
    let browser = site.visit(id).await;
    let page = now(&site, &browser).await;
    assert!(page.body.len() <= 30 * 1024, "{} bytes", page.body.len());
    let mut extra = 0;
    for place in ["src=\"", "rel=\"stylesheet\" href=\""] {
        for rest in page.body.split(place).skip(1) {
            let address = rest.split('"').next().unwrap();
            assert!(address.starts_with("/static/"), "{address}");
            let file = site.get(address, None).await;
            assert!(file.header("cache-control").contains("immutable"), "{address}");
            extra += file.body.len();
        }
    }
    assert!(extra <= 40 * 1024, "{extra} bytes");
    let request = Request::get(&browser.page)
        .header(header::COOKIE, &browser.cookie)
        .header(header::ACCEPT_ENCODING, "gzip");
    let packed = site.head(request.body(Body::empty()).unwrap()).await;
    assert_eq!(packed[header::CONTENT_ENCODING], "gzip");
}

/// All files below a folder of the project, as one text.
fn all_text(folder: &str) -> String {
    let mut text = String::new();
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let is_words = entry.file_name().to_string_lossy().ends_with(".ftl");
            match (entry.file_type().unwrap().is_dir(), is_words) {
                (true, _) => folders.push(entry.path()),
                (false, false) => text.push_str(&std::fs::read_to_string(entry.path()).unwrap()),
                (false, true) => {}
            }
        }
    }
    text
}

#[test]
fn every_message_is_said_somewhere_and_every_one_that_is_said_is_there() {
    let english = include_str!("../../../src/words/en.ftl");
    let names: Vec<_> = english
        .lines()
        .filter_map(|line| Some(line.split_once(" = ")?.0))
        .filter(|name| !name.is_empty() && !name.contains(['#', ' ']))
        .collect();
    let said = all_text("src") + &all_text("templates");
    // Some are made of a stem and one of these.
    let endings = ["-more", "-what", "-do", "-link", "-message", "-subject"];
    for name in &names {
        let stem = endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
        let found = [*name, stem].iter().any(|name| said.contains(&format!("\"{name}\"")));
        assert!(found, "{name} is said nowhere");
    }
    for call in ["say(\"", "fill(\"", "around(\"", "about(\"", "count(\""] {
        for rest in all_text("templates")
            .split(call)
            .skip(1)
            .chain(all_text("src/hosted").split(call).skip(1))
        {
            let name = rest.split('"').next().unwrap();
            assert!(names.contains(&name), "{name} is not there");
        }
    }
}
