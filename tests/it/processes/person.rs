//! Somebody of the tenant's people with a browser without script, in front of real processes.

use std::collections::BTreeMap;

use reqwest::{RequestBuilder, Response};
use serde_json::Value;

use super::{Company, id_of};
use crate::house::browser;

pub(super) struct Person {
    http: reqwest::Client,
    service: String,
    cookies: BTreeMap<String, String>,
    /// Bodies of all pages that were seen.
    pub(super) seen: Vec<String>,
    /// Secrets that went through this browser's address bar to Cyclr.
    pub(super) sent_to_cyclr: Vec<String>,
}

impl Person {
    pub(super) fn at(service: &str) -> Self {
        Self {
            http: browser(),
            service: service.to_owned(),
            cookies: BTreeMap::new(),
            seen: Vec::new(),
            sent_to_cyclr: Vec::new(),
        }
    }

    pub(super) fn cookie_values(&self) -> Vec<String> {
        self.cookies.values().cloned().collect()
    }

    async fn send(&mut self, request: RequestBuilder) -> Response {
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        let answer = request.header("cookie", cookies).send().await.unwrap();
        for set in answer.headers().get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    /// An address of the service, however it was told.
    fn here(&self, address: &str) -> String {
        let path = address.find("://").map_or(address, |at| {
            let rest = &address[at + 3..];
            &rest[rest.find('/').unwrap_or(rest.len())..]
        });
        format!("{}{path}", self.service)
    }

    pub(super) async fn get(&mut self, address: &str) -> (u16, String) {
        let answer = self.send(self.http.get(self.here(address))).await;
        let (status, body) = (answer.status().as_u16(), answer.text().await.unwrap());
        self.seen.push(body.clone());
        (status, body)
    }

    /// Sends a form as our own page does; gives status, where it leads, and the page.
    pub(super) async fn post(
        &mut self,
        address: &str,
        form: &[(&str, &str)],
    ) -> (u16, String, String) {
        let asked = self.http.post(self.here(address)).form(form);
        let asked = asked.header("origin", "null").header("sec-fetch-site", "same-origin");
        let answer = self.send(asked).await;
        let there = answer.headers().get("location").map_or("", |to| to.to_str().unwrap());
        let (status, there) = (answer.status().as_u16(), there.to_owned());
        let body = answer.text().await.unwrap();
        self.seen.push(body.clone());
        (status, there, body)
    }

    /// Opens the link; gives the page's address.
    pub(super) async fn open(&mut self, link: &str) -> String {
        let answer = self.send(self.http.get(self.here(link))).await;
        assert_eq!(answer.status(), 303, "the link opens");
        answer.headers()["location"].to_str().unwrap().to_owned()
    }

    pub(super) async fn form(&mut self, page: &str) -> String {
        let (status, body) = self.get(page).await;
        assert_eq!(status, 200, "{body}");
        hidden(&body, "form-token")
    }

    /// From the button to the return, saying yes at the provider.
    pub(super) async fn sign_in(&mut self, page: &str, connector: &str) {
        let token = self.form(page).await;
        let path = format!("{page}/connections/{connector}/sign-in");
        let (status, cyclr, body) = self.post(&path, &[("form-token", &token)]).await;
        assert_eq!(status, 303, "{body}");
        let at = url::Url::parse(&cyclr).unwrap();
        let token = at.query_pairs().find(|(name, _)| name == "token").unwrap().1.into_owned();
        self.sent_to_cyclr.push(token);
        let consent = there(&self.http.get(&cyclr).send().await.unwrap());
        let consent = at.join(&consent).unwrap();
        let body = format!("{}&decision=allow", consent.query().unwrap());
        let decide = self.http.post(at.join("/provider/decide").unwrap());
        let decide = decide.header("content-type", "application/x-www-form-urlencoded").body(body);
        let callback = there(&decide.send().await.unwrap());
        let back = there(&self.http.get(callback).send().await.unwrap());
        let (status, page) = self.get(&back).await;
        assert_eq!(status, 200, "{page}");
    }

    /// The whole way of the blueprint `newsletter`, from the link to live.
    pub(super) async fn go_all_the_way(&mut self, company: &Company, started: &Value, key: &str) {
        let (url, id) = (self.service.clone(), id_of(started).to_owned());
        let waiting = company.until(&url, &id, "waiting", "connect").await;
        let connector = |name: &str| {
            let mut all = waiting["connections"].as_array().unwrap().iter();
            let one = all.find(|one| one["name"] == name).unwrap();
            one["connector_id"].as_str().unwrap().to_owned()
        };
        let page = self.open(started["link"]["url"].as_str().unwrap()).await;
        self.sign_in(&page, &connector("Harbour CRM")).await;
        let details = format!("{page}/connections/{}/details", connector("Parcel Mail"));
        let token = self.form(&page).await;
        let form = [("form-token", &*token), ("api_key", key)];
        let (status, _, body) = self.post(&details, &form).await;
        assert_eq!(status, 303, "{body}");
        let asked = company.until(&url, &id, "waiting", "map").await;
        let list = asked["requirements"]["currently_due"][1]["object"].as_str().unwrap().to_owned();
        let token = self.form(&page).await;
        let answers = [
            ("form-token", &*token),
            ("pipeline", "Partners"),
            ("sender", "ada@acme.example"),
            (&*list, "Friends"),
        ];
        let (status, review, body) = self.post(&format!("{page}/answers"), &answers).await;
        assert_eq!(status, 303, "{body}");
        let (_, shown) = self.get(&review).await;
        let form = [("form-token", &*token), ("shown", &hidden(&shown, "shown"))];
        let (status, _, body) = self.post(&review, &form).await;
        assert_eq!(status, 303, "{body}");
        company.until(&url, &id, "live", "live").await;
    }
}

fn there(answer: &Response) -> String {
    answer.headers()["location"].to_str().unwrap().to_owned()
}

/// The value of a hidden input.
pub(super) fn hidden(page: &str, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&mark).unwrap_or_else(|| panic!("no {name} in\n{page}"));
    rest.split_once('"').unwrap().0.to_owned()
}
