//! The pages of the tenant's people, asked for in-process and judged by status, headers, HTML, rows,
//! and by what the sandbox heard.

mod asking;
mod coming_back;
mod forms;
mod gallery;
mod links;
mod others;
mod pages;
mod served;
mod speaking;
mod states;
mod ways;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use gangway::hosted;
use gangway::ids::OnboardingId;
use gangway::onboarding::{Command, Onboarding, Outcome, Transition};
use gangway::secret::MasterKey;
use gangway::store::{Order, Overruling};
use gangway::web::{AppState, LinkGrant, LinkKeys};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgPool};
use tower::ServiceExt as _;
use url::Url;

use crate::house::House;
pub(crate) use gallery::{Shown, every_page};
pub(crate) use served::Served;

/// The house with its hosted door open, as `https://go.example.com/`.
pub(crate) struct Site {
    pub(crate) house: House,
    pub(crate) state: AppState,
    router: Router,
    pool: PgPool,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// What a browser keeps of a visit.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    pub(crate) cookie: String,
    pub(crate) page: String,
}

pub(crate) fn link_keys(letter: &str) -> LinkKeys {
    LinkKeys::new(&MasterKey::from_text(&letter.repeat(40)).unwrap())
}

impl Site {
    pub(crate) async fn open() -> Self {
        let public_url = Url::parse("https://go.example.com/").unwrap();
        Self::of(House::open().await, public_url).await
    }

    async fn of(house: House, public_url: Url) -> Self {
        let state =
            AppState::new(house.engine.clone(), link_keys("k"), house.endpoints(), public_url);
        let pool = house.database.pool().await;
        Self { router: hosted::router(state.clone()), house, state, pool }
    }

    /// With an onboarding that has been driven as far as it goes by itself.
    pub(crate) async fn with(blueprint: Value) -> (Self, OnboardingId) {
        let mut site = Self::open().await;
        let key = site.house.publish(blueprint).await;
        let id = site.house.start("acme", &key).await;
        site.house.settle().await;
        (site, id)
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1024 * 1024).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// The headers of an answer whose body is not text.
    pub(crate) async fn head(&self, request: Request<Body>) -> HeaderMap {
        self.router.clone().oneshot(request).await.unwrap().headers().clone()
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, cookie: Option<&str>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str, cookie: Option<&str>) -> Answer {
        self.ask(Method::GET, path, cookie).await
    }

    /// Sends a form as our own page in a current browser does: under `no-referrer`, the origin is
    /// not told.
    pub(crate) async fn post(&self, path: &str, cookie: &str, form: &[(&str, &str)]) -> Answer {
        let fetch = [("origin", "null"), ("sec-fetch-site", "same-origin")];
        self.post_as(path, cookie, form, &fetch).await
    }

    pub(crate) async fn post_as(
        &self,
        path: &str,
        cookie: &str,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = Request::post(path)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    pub(crate) async fn link(&self, id: OnboardingId) -> String {
        let grant = LinkGrant::whole(&self.house.read(id).await);
        format!("/l/{}", self.state.links.link_token(&grant))
    }

    /// A new browser opens the link.
    pub(crate) async fn visit(&self, id: OnboardingId) -> Browser {
        let opened = self.get(&self.link(id).await, None).await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER);
        let cookie = opened.header("set-cookie").split(';').next().unwrap().to_owned();
        Browser { cookie, page: opened.header("location").to_owned() }
    }

    pub(crate) async fn form_token(&self, browser: &Browser) -> String {
        let page = self.get(&browser.page, Some(&browser.cookie)).await.body;
        let (_, rest) = page.split_once("name=\"form-token\" value=\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    }

    /// Changes an onboarding as a step would, without one.
    pub(crate) async fn apply(&self, id: OnboardingId, outcome: Outcome) -> Onboarding {
        let onboarding = self.house.read(id).await;
        let blueprint = self.house.store.load_blueprint(&onboarding.blueprint).await.unwrap();
        let now = self.house.clock.now();
        self.keep(onboarding.apply(outcome, &blueprint.limits, now)).await
    }

    pub(crate) async fn obey(&self, id: OnboardingId, command: Command) -> Onboarding {
        self.house.engine.order(id, command, "test").await.unwrap()
    }

    async fn keep(&self, transition: Transition) -> Onboarding {
        let overruling = Overruling {
            bulk: None,
            audit: None,
            transition: &transition,
            order: Order::EndsWork,
            actor: "test",
            attempt: None,
            calls: &[],
            once: None,
        };
        self.house.store.overrule(overruling).await.unwrap();
        transition.to
    }

    /// Every row of every table that an onboarding can leave something in.
    pub(crate) async fn rows(&self) -> String {
        let mut all = String::new();
        for table in ["tenant", "onboarding", "journal", "stray_call", "outbox", "attempt"] {
            let query = format!("SELECT t::text FROM {table} t ORDER BY 1");
            let rows: Vec<String> =
                sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&self.pool).await.unwrap();
            writeln!(all, "{table}: {rows:#?}").unwrap();
        }
        all
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
    }

    /// The text of the only `h1`, tags left out.
    #[track_caller]
    pub(crate) fn heading(&self) -> String {
        assert_eq!(self.body.matches("<h1>").count(), 1, "{}", self.body);
        let inside = self.body.split("<h1>").nth(1).unwrap().split("</h1>").next().unwrap();
        let mut text = String::new();
        for piece in inside.split('<') {
            text.push_str(piece.split_once('>').map_or(piece, |(_, rest)| rest));
        }
        text
    }

    #[track_caller]
    pub(crate) fn title(&self) -> String {
        let rest = self.body.split("<title>").nth(1).unwrap();
        rest.split("</title>").next().unwrap().to_owned()
    }

    /// Names and values of the form's inputs that are filled in.
    pub(crate) fn filled_in(&self) -> BTreeMap<String, String> {
        let of = |tag: &str, name: &str| {
            let rest = tag.split_once(&format!(" {name}=\""))?.1;
            Some(rest.split_once('"')?.0.to_owned())
        };
        let inputs = self.body.split("<input ").skip(1).map(|rest| {
            let tag = rest.split_once('>').map_or(rest, |(tag, _)| tag);
            format!(" {tag}")
        });
        inputs.filter_map(|tag| Some((of(&tag, "name")?, of(&tag, "value")?))).collect()
    }
}
