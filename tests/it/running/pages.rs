//! Every route that people's browsers ask, with the headers that an attacker would send and those that every
//! page must have.

use std::path::Path;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, Response, header};
use gangway::app::App;
use gangway::store::Role;
use tower::ServiceExt as _;

use crate::console::Desk;
use crate::console::roles::{self, ROUTES};
use crate::hosted::Site;
use crate::house::attended;

/// What a proxy, a cache or a careless program may believe.
const SPOOFED: [(&str, &str); 8] = [
    ("host", "evil.example"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-server", "evil.example"),
    ("x-forwarded-proto", "evil"),
    ("x-original-url", "/evil.example"),
    ("x-rewrite-url", "/evil.example"),
    ("forwarded", "for=1.2.3.4;host=evil.example;proto=http"),
    ("x-forwarded-prefix", "/evil.example"),
];

/// The hosted pages' routes. Streams end by themselves only when the visit does, so they are not read here.
const HOSTED: [&str; 25] = [
    "/l/{token}",
    "/l/{token}/state",
    "/c/{token}",
    "/o/{reference}",
    "/o/{reference}/opened",
    "/o/{reference}/leave",
    "/o/{reference}/answers",
    "/o/{reference}/draft",
    "/o/{reference}/review",
    "/o/{reference}/connections/{connector}",
    "/o/{reference}/connections/{connector}/sign-in",
    "/o/{reference}/connections/{connector}/look",
    "/o/{reference}/connections/{connector}/details",
    "/o/{reference}/connections/{connector}/hand-over",
    "/o/{reference}/connections/{connector}/approval",
    "/return/declined",
    "/return/{attempt}",
    "/return/{attempt}/window",
    "/logo/{logo}",
    "/static/gangway.css",
    "/static/gangway.js",
    "/static/theme/{colours}",
    "/embed.js",
    "/embed.d.ts",
    "/nowhere",
];
const DOCS: [&str; 3] = ["/docs", "/docs/problems", "/docs/reference.css"];

/// A route that is added has to be added above, or nobody looks at its headers.
#[test]
fn the_tables_have_every_route() {
    let count = |file: &str| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text: String = std::fs::read_to_string(file).unwrap().split_whitespace().collect();
        text.matches(".route(").count()
    };
    let streams = 2;
    let hosted =
        count("src/hosted/mod.rs") + count("src/hosted/embed.rs") + count("src/web/assets.rs");
    let of_nowhere = 1;
    assert_eq!(hosted, HOSTED.len() - of_nowhere + streams);
    assert_eq!(count("src/api/reference/mod.rs"), DOCS.len());
}

struct House {
    router: Router,
    visit: String,
    staff: String,
    reference: String,
    token: String,
    _desk: Desk,
}

impl House {
    async fn open() -> Self {
        let (site, id) = Site::with(attended()).await;
        let (visit, link) = (site.visit(id).await.cookie, site.link(id).await);
        let reference = site.house.read(id).await.reference.to_string();
        let router = App::router(&site.state);
        let desk = Desk::around(site);
        let staff = desk.staff(Role::Admin).await.cookie;
        let token = link.trim_start_matches("/l/").to_owned();
        Self { router, visit, staff, reference, token, _desk: desk }
    }

    /// Every method and path, with the cookie of whoever may see it and without.
    fn requests(&self) -> Vec<(Method, String, &str)> {
        let hosted = HOSTED.iter().map(|route| {
            let route = route.replace("{token}", &self.token).replace("{connector}", "36001");
            let route = route.replace("{colours}", "0a5c36-7fd1a8.css");
            let nobody = "018bcfe5-6800-7000-8000-000000000001";
            let route = route.replace("{attempt}", nobody).replace("{logo}", "none");
            (route.replace("{reference}", &self.reference), self.visit.as_str())
        });
        let console = ROUTES.iter().map(|(route, ..)| {
            (
                roles::spelled(route, &self.reference, "note").replace("{key}", "none"),
                self.staff.as_str(),
            )
        });
        let docs = DOCS.iter().map(|route| ((*route).to_owned(), ""));
        let nowhere = [("/console/nowhere".to_owned(), self.staff.as_str())];
        let all = hosted.chain(console).chain(docs).chain(nowhere);
        let mut requests = Vec::new();
        for (path, cookie) in all {
            for method in [Method::GET, Method::HEAD, Method::POST, Method::DELETE] {
                requests.push((method.clone(), path.clone(), cookie));
                requests.push((method, path.clone(), ""));
            }
        }
        requests
    }

    async fn ask(
        &self,
        method: &Method,
        path: &str,
        cookie: &str,
        more: &[(&str, &str)],
    ) -> Response<Body> {
        let mut request =
            Request::builder().method(method).uri(path).header(header::COOKIE, cookie);
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }
}

fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}

#[tokio::test]
async fn every_page_has_every_header_that_guards_it() {
    let house = House::open().await;
    let mut pages = 0;
    for (method, path, cookie) in house.requests() {
        let answer = house.ask(&method, &path, cookie, &[]).await;
        let headers = answer.headers();
        let of = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap());
        let place = format!("{method} {path} -> {}", answer.status());
        // What holds for every answer, page or not.
        assert_eq!(of("x-content-type-options"), "nosniff", "{place}");
        assert_eq!(of("referrer-policy"), "no-referrer", "{place}");
        let lasts = of("strict-transport-security").trim_start_matches("max-age=").parse::<u64>();
        assert!(lasts.is_ok_and(|seconds| seconds >= 31_536_000), "{place}: no HSTS of a year");
        assert!(headers.contains_key("x-request-id"), "{place}");
        assert!(
            !headers.contains_key("server") && !headers.contains_key("x-powered-by"),
            "{place}"
        );
        if !is_page(headers) {
            continue;
        }
        pages += 1;
        let policy = of("content-security-policy");
        for part in
            ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action "]
        {
            assert!(policy.contains(part), "{place}: {part} is not in {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains(" *"), "{place}: {policy}");
        let opener = of("cross-origin-opener-policy");
        assert!(["same-origin", "same-origin-allow-popups"].contains(&opener), "{place}: {opener}");
        assert_eq!(of("cross-origin-resource-policy"), "same-origin", "{place}");
        assert!(of("permissions-policy").contains("camera=()"), "{place}");
        // The reference shows nobody's data.
        if !path.starts_with("/docs") {
            assert_eq!(of("cache-control"), "no-store", "{place}");
        }
    }
    assert!(pages > 100, "only {pages} pages were looked at");
}

#[tokio::test]
async fn no_answer_believes_what_a_request_says_of_the_host() {
    let house = House::open().await;
    for (method, path, cookie) in house.requests() {
        let answer = house.ask(&method, &path, cookie, &SPOOFED).await;
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, 8 << 20).await.unwrap();
        let said = format!("{:?} {}", parts.headers, String::from_utf8_lossy(&body));
        assert!(!said.contains("evil"), "{method} {path} -> {}: {said}", parts.status);
        if let Some(location) = parts.headers.get(header::LOCATION) {
            let location = location.to_str().unwrap();
            let own = location.starts_with('/') && !location.starts_with("//")
                || location.starts_with("https://go.example.com/");
            assert!(own, "{method} {path} leads to {location}");
        }
    }
}
