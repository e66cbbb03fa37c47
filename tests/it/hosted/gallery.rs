//! Every page that there is, as real browsers are shown it: by hand-made states where one cannot be reached
//! quickly, by the way that people go where it can.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _};
use axum::routing::get;
use chrono::TimeDelta;
use futures_util::future::join_all;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::others::{colleague, post};
use super::states::{PLAIN, every_state};
use super::ways::{all_ways, connect_but_chat, connect_chat, enter};
use super::{Answer, Browser, Site};
use crate::house::attended;

const OTHERS: [&str; 4] = ["de", "fr", "es", "ja"];

/// A page that was shown.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) name: String,
    pub(crate) language: &'static str,
    body: String,
}

impl Shown {
    pub(super) fn of(name: &str, language: &'static str, answer: &Answer) -> Self {
        // Those that go on or close by themselves stay to be looked at.
        let body = answer.body.replace(" data-go=", " data-went=").replace(" data-close", "");
        Self { name: name.to_owned(), language, body }
    }

    /// Serves them under their places in the list, with what they refer to.
    pub(crate) async fn serve(all: &[Self]) -> (String, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let bodies: Vec<_> = all.iter().map(|shown| shown.body.clone()).collect();
        let show = async move |Path(place): Path<usize>| match bodies.get(place) {
            Some(body) => Html(body.clone()).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        };
        let router = Router::new().route("/{place}", get(show)).merge(gangway::web::assets());
        let serving = JoinSet::from_iter([async { axum::serve(listener, router).await.unwrap() }]);
        (base, serving)
    }
}

/// The same page in all languages but English.
pub(super) async fn in_other_languages(
    site: &Site,
    name: &str,
    path: &str,
    cookie: Option<&str>,
) -> Vec<Shown> {
    let asked = OTHERS.map(async |language| {
        let mark = if path.contains('?') { '&' } else { '?' };
        let answer = site.get(&format!("{path}{mark}lang={language}"), cookie).await;
        assert!(answer.body.contains(&format!("<html lang=\"{language}\">")), "{name}");
        Shown::of(name, language, &answer)
    });
    join_all(asked).await
}

/// What was shown so far, by the paths that lead there.
struct Walk {
    site: Site,
    browser: Browser,
    shown: Vec<Shown>,
}

impl Walk {
    async fn see(&mut self, name: &str, path: &str, cookie: Option<&str>) {
        let english = self.site.get(path, cookie);
        let others = in_other_languages(&self.site, name, path, cookie);
        let (english, others) = tokio::join!(english, others);
        self.keep(name, &english);
        self.shown.extend(others);
    }

    fn keep(&mut self, name: &str, answer: &Answer) {
        self.shown.push(Shown::of(name, "en", answer));
    }

    /// The page of the visit, as it is now.
    async fn see_now(&mut self, name: &str) {
        let Browser { cookie, page } = self.browser.clone();
        self.see(name, &page, Some(&cookie)).await;
    }

    async fn see_below(&mut self, name: &str, path: &str) {
        let Browser { cookie, page } = self.browser.clone();
        self.see(name, &format!("{page}/{path}"), Some(&cookie)).await;
    }

    /// What somebody is told whose form will not do, in every language that they may have chosen.
    async fn refuse(&mut self, name: &str, path: &str, fields: &[(&str, &str)]) {
        for language in ["en"].into_iter().chain(OTHERS) {
            let cookie = format!("{}; gangway-language={language}", self.browser.cookie);
            let answer = self.site.post(path, &cookie, fields).await;
            assert!(answer.body.contains(&format!("<html lang=\"{language}\">")), "{name}");
            self.shown.push(Shown::of(name, language, &answer));
        }
    }

    /// The same below the page of the visit, with what every form of it carries.
    async fn refuse_below(&mut self, name: &str, path: &str, fields: &[(&str, &str)]) {
        let token = self.site.form_token(&self.browser).await;
        let path = format!("{}/{path}", self.browser.page);
        self.refuse(name, &path, &[&[("form-token", &*token)], fields].concat()).await;
    }

    async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let path = format!("{}/{path}", self.browser.page);
        post(&self.site, &self.browser, &path, fields).await
    }
}

pub(crate) async fn every_page() -> Vec<Shown> {
    let mut all = Box::pin(every_state(PLAIN)).await;
    all.extend(signing_in().await);
    all.extend(Box::pin(somebody_else()).await);
    all.extend(Box::pin(every_way()).await);
    all
}

async fn signing_in() -> Vec<Shown> {
    let (site, id) = Site::with(attended()).await;
    let browser = site.visit(id).await;
    let crm = site.house.connector(id, "Harbour CRM").await;
    let sign_in = format!("connections/{crm}/sign-in");
    let mut walk = Walk { site, browser, shown: Vec::new() };
    let cookie = walk.browser.cookie.clone();
    for (name, word) in [
        ("20-denied", "access_denied"),
        ("21-admin-needed", "consent_required"),
        ("22-trouble", "server_error"),
    ] {
        walk.send(&sign_in, &[]).await;
        let back = format!("/return/declined?error={word}");
        walk.site.get(&back, Some(&cookie)).await;
        walk.see_now(name).await;
    }
    let sent = walk.send(&sign_in, &[]).await;
    let there = url::Url::parse(sent.header("location")).unwrap();
    let back = there.query_pairs().find(|(name, _)| name == "targetOrigin").unwrap().1;
    let back = back.strip_prefix("https://go.example.com").unwrap().to_owned();
    walk.see("23-unfinished", &back, Some(&cookie)).await;
    walk.see("24-elsewhere", &back, None).await;
    walk.see("25-unknown", "/return/x", Some(&cookie)).await;
    walk.site.house.decide(sent.header("location"), "allow").await;
    walk.site.house.advance(TimeDelta::minutes(2));
    walk.site.house.settle().await;
    walk.see("26-connected", &back, Some(&cookie)).await;
    walk.see("27-window", &format!("{back}/window"), Some(&cookie)).await;
    let answers = format!("{}/answers", walk.browser.page);
    walk.refuse("28-forged-form", &answers, &[]).await;
    walk.refuse("29-link-requested", "/l/x", &[]).await;
    walk.shown
}

async fn somebody_else() -> Vec<Shown> {
    let (site, id) = Site::with(attended()).await;
    let browser = site.visit(id).await;
    let crm = site.house.connector(id, "Harbour CRM").await;
    let mut walk = Walk { site, browser, shown: Vec::new() };
    let hand_over = format!("connections/{crm}/hand-over");
    walk.see_below("30-hand-over", &hand_over).await;
    let (other, _) = colleague(&walk.site, id, &walk.browser).await;
    walk.see_below("31-handed-over", &hand_over).await;
    walk.see_now("32-waits-for-colleague").await;
    walk.see("33-colleague", &other.page, Some(&other.cookie)).await;
    walk.send(&hand_over, &[("wanted", "false")]).await;
    walk.send(&format!("connections/{crm}/approval"), &[("wanted", "true")]).await;
    walk.see_now("34-approval").await;
    let (other, _) = colleague(&walk.site, id, &walk.browser).await;
    walk.site.house.sign_in(id, crm, "allow").await;
    walk.site.house.advance(TimeDelta::seconds(4));
    walk.site.house.settle().await;
    walk.see("35-colleague-done", &other.page, Some(&other.cookie)).await;
    walk.see("36-colleague-over", "/c/x", None).await;
    walk.shown
}

async fn every_way() -> Vec<Shown> {
    let (site, id) = Site::with(all_ways()).await;
    let browser = site.visit(id).await;
    let mut walk = Walk { site, browser, shown: Vec::new() };
    walk.see_now("40-fields").await;
    let desk = (id, "Anchor Desk");
    let details = format!("connections/{}/details", walk.site.house.connector(id, desk.1).await);
    walk.refuse_below("41-fields-refused", &details, &[("input-Domain", "")]).await;
    let good = [
        ("input-Domain", "acme.anchor.example"),
        ("input-Username", "ada"),
        ("input-Password", "canary-code"),
    ];
    enter(&walk.site, &walk.browser, desk, &good).await;
    walk.site.house.settle().await;
    walk.see_now("42-address-first").await;
    connect_but_chat(&mut walk.site, id, &walk.browser).await;
    walk.see_now("43-choose-way").await;
    let chosen = format!("{}?way=5e1f0c3a-7b52-4c0e-9a41-0d6c2f8b2108", walk.browser.page);
    let cookie = walk.browser.cookie.clone();
    walk.see("44-key-of-way", &chosen, Some(&cookie)).await;
    connect_chat(&mut walk.site, id, &walk.browser).await;
    walk.see_now("45-live-questions").await;
    let wrong = [("since", "soon"), ("rate", "much")];
    walk.refuse_below("46-live-questions-refused", "answers", &wrong).await;
    let answers = [("since", "2026-11-30T09:00"), ("ledger", "ledger-2"), ("rate", "19.5")];
    walk.send("answers", &answers).await;
    walk.see_below("47-review", "review").await;
    walk.shown
}
