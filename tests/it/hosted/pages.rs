//! What holds for every page.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};

use super::Site;
use crate::house::attended;

#[tokio::test]
async fn every_answer_is_a_page_with_the_headers_that_protect_it() {
    let (site, id) = Site::with(attended()).await;
    let browser = site.visit(id).await;
    let cookie = Some(&*browser.cookie);
    let leave = format!("{}/leave", browser.page);
    let answers = format!("{}/answers", browser.page);
    for (method, path, status) in [
        (Method::GET, &*browser.page, StatusCode::OK),
        (Method::GET, &*leave, StatusCode::OK),
        (Method::GET, "/l/x", StatusCode::GONE),
        (Method::GET, "/return/x", StatusCode::NOT_FOUND),
        (Method::GET, "/o/GW-0000-0000", StatusCode::FORBIDDEN),
        (Method::GET, "/nowhere", StatusCode::NOT_FOUND),
        (Method::GET, "/l/%FF", StatusCode::BAD_REQUEST),
        (Method::DELETE, &*browser.page, StatusCode::METHOD_NOT_ALLOWED),
        (Method::GET, &*answers, StatusCode::METHOD_NOT_ALLOWED),
        (Method::POST, &*answers, StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        let answer = site.ask(method.clone(), path, cookie).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-robots-tag"), "noindex, nofollow");
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
        // Only the page with the sign-in button may lead away.
        let leads_away = policy.ends_with("form-action 'self' https: http:");
        assert_eq!(leads_away, path == browser.page && status == StatusCode::OK, "{path}");
        assert!(leads_away || policy.ends_with("form-action 'self'"), "{policy}");
        let heading = answer.heading();
        assert!(!heading.is_empty());
        assert!(answer.title().starts_with(&heading), "{} / {heading}", answer.title());
        assert!(answer.body.contains("<html lang=\"en\">"), "{path}");
        assert!(answer.body.contains("<a class=\"skip\" href=\"#main\">"), "{path}");
        for insides in ["Cyclr", "Gangway", "GET /", "panicked", "sqlx"] {
            assert!(!answer.body.contains(insides), "{path} shows {insides}");
        }
    }
    let refused = site.ask(Method::DELETE, &browser.page, cookie).await;
    assert_eq!(refused.header("allow"), "GET,HEAD");
}

#[tokio::test]
async fn a_failure_names_the_request_and_the_visitors_reference() {
    let (site, id) = Site::with(attended()).await;
    let browser = site.visit(id).await;
    let request = |path: &str| {
        let path = path.to_owned();
        let request = Request::post(path).header("x-request-id", "<b>17");
        request.body(Body::empty()).unwrap()
    };
    let failed = site.send(request("/nowhere")).await;
    assert!(failed.body.contains("&#60;b&#62;17"), "{}", failed.body);
    let reference = site.house.read(id).await.reference.to_string();
    let failed = site.send(request(&format!("{}/nowhere", browser.page))).await;
    assert!(failed.body.contains(&reference));
    assert!(failed.body.contains(&format!("href=\"{}\"", browser.page)));
}

#[tokio::test]
async fn what_pages_refer_to_is_there_and_kept_for_long() {
    let (site, id) = Site::with(attended()).await;
    let browser = site.visit(id).await;
    let page = site.get(&browser.page, Some(&browser.cookie)).await.body;
    let (_, rest) = page.split_once("rel=\"stylesheet\" href=\"").unwrap();
    let css = site.get(rest.split_once('"').unwrap().0, None).await;
    assert_eq!(
        (css.status, css.header("content-type")),
        (StatusCode::OK, "text/css; charset=utf-8")
    );
    assert_eq!(css.header("cache-control"), "public, max-age=31536000, immutable");
    assert!(!css.body.contains("@import") && !css.body.contains("url("), "nothing from elsewhere");
    let script = site.get("/static/gangway.js", None).await;
    assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
}
