//! The console, asked in-process: judged by status, HTML, rows, and by what the sandbox heard.

mod bulk;
mod case;
mod colleagues;
mod entrance;
mod lists;
mod orders;
pub(crate) mod provider;
pub(crate) mod roles;
mod settings;
mod single_sign_on;
mod staff;
mod views;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use gangway::console;
use gangway::secret::{Secret, hash_password};
use gangway::store::{Actor, NewStaff, Role, Store};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::hosted::{Answer, Site};

/// Of everybody whom [`add_staff`] makes.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// The house with its console open, as `https://go.example.com/console`.
pub(crate) struct Desk {
    pub(crate) site: Site,
    router: Router,
}

/// A browser that somebody has signed in with.
#[derive(Debug, Clone)]
pub(crate) struct Staff {
    /// All cookies, as they are sent.
    pub(crate) cookie: String,
    pub(crate) form_token: String,
}

pub(crate) fn by_command_line() -> Actor {
    Actor { name: "command line".to_owned(), staff: None }
}

/// Somebody with an account of their own here.
pub(crate) async fn add_staff(store: &Store, (email, name): (&str, &str), role: Role) {
    let password_hash = hash_password(&Secret::from(PASSWORD)).unwrap();
    let (email, name) = (email.to_owned(), name.to_owned());
    let new = NewStaff { email, name, role, password_hash };
    store.add_staff(&new, &by_command_line()).await.unwrap();
}

impl Desk {
    pub(crate) async fn open() -> Self {
        Self::around(Site::open().await)
    }

    pub(crate) fn around(site: Site) -> Self {
        let customers_page = gangway::app::customers_page(&site.state);
        Self { router: console::router(site.state.clone(), customers_page), site }
    }

    pub(crate) async fn add(&self, email: &str, role: Role) {
        add_staff(&self.site.house.store, (email, "Ada <i>"), role).await;
    }

    /// Somebody new of this role, signed in.
    pub(crate) async fn staff(&self, role: Role) -> Staff {
        let email = format!("{}@example.com", role.name());
        self.add(&email, role).await;
        self.enter(&email).await
    }

    pub(crate) async fn enter(&self, email: &str) -> Staff {
        let form = [("email", email), ("password", PASSWORD), ("next", "/console/account")];
        let answer = self.post("/console/sign-in", "", &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let set = answer.headers.get_all("set-cookie").iter();
        let cookies: Vec<_> =
            set.map(|set| set.to_str().unwrap().split(';').next().unwrap().to_owned()).collect();
        let cookie = cookies.join("; ");
        let page = self.get("/console/account", &cookie).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let (_, rest) = page.body.split_once("name=\"form-token\" value=\"").unwrap();
        Staff { cookie, form_token: rest.split_once('"').unwrap().0.to_owned() }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 4 * 1024 * 1024).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(path).header(header::COOKIE, cookie);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Sends a form as our own page in a current browser does.
    pub(crate) async fn post(&self, path: &str, cookie: &str, form: &[(&str, &str)]) -> Answer {
        self.send(form_request(path, cookie, form, "same-origin")).await
    }

    /// A form of somebody who is signed in.
    pub(crate) async fn act(&self, path: &str, staff: &Staff, form: &[(&str, &str)]) -> Answer {
        let mut form = form.to_vec();
        form.push(("form-token", &staff.form_token));
        self.post(path, &staff.cookie, &form).await
    }

    /// An order about an onboarding, given from its page as it stands now.
    pub(crate) async fn order(
        &self,
        reference: &str,
        action: &str,
        staff: &Staff,
        form: &[(&str, &str)],
    ) -> Answer {
        let path = format!("/console/onboardings/{reference}/{action}");
        let page = self.get(&path, &staff.cookie).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
        let stand = page.filled_in().remove("stand").unwrap();
        let mut form = form.to_vec();
        form.push(("stand", &stand));
        self.act(&path, staff, &form).await
    }

    pub(crate) async fn audit(&self) -> Vec<Value> {
        let query = "SELECT to_jsonb(a) FROM audit a ORDER BY audit_id";
        sqlx::query_scalar(query).fetch_all(&self.site.house.pool().await).await.unwrap()
    }
}

pub(crate) fn form_request(
    path: &str,
    cookie: &str,
    form: &[(&str, &str)],
    site: &str,
) -> Request<Body> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("origin", "null")
        .header("sec-fetch-site", site)
        .body(Body::from(body))
        .unwrap()
}
