//! Who may what, on every route there is.

use std::path::Path;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use gangway::onboarding::Action;
use gangway::store::Role;

use super::{Desk, Staff, form_request};
use crate::hosted::Site;
use crate::house::attended;

/// Every route, its method, and the least role that it asks for.
pub(crate) const ROUTES: &[(&str, Method, Option<Role>)] = &[
    ("/console", Method::GET, Some(Role::Viewer)),
    ("/console/sign-in", Method::GET, None),
    ("/console/sign-in", Method::POST, None),
    ("/console/sign-in/start", Method::GET, None),
    ("/console/sign-in/return", Method::GET, None),
    ("/console/sign-out", Method::POST, Some(Role::Viewer)),
    ("/console/account", Method::GET, Some(Role::Viewer)),
    ("/console/account/password", Method::POST, Some(Role::Viewer)),
    ("/console/account/sessions/{session}/end", Method::POST, Some(Role::Viewer)),
    ("/console/prove", Method::GET, Some(Role::Viewer)),
    ("/console/prove", Method::POST, Some(Role::Viewer)),
    ("/console/prove/start", Method::GET, Some(Role::Viewer)),
    ("/console/onboardings", Method::GET, Some(Role::Viewer)),
    ("/console/onboardings.csv", Method::GET, Some(Role::Viewer)),
    ("/console/onboardings/{reference}", Method::GET, Some(Role::Viewer)),
    ("/console/onboardings/{reference}/preview", Method::GET, Some(Role::Viewer)),
    ("/console/onboardings/{reference}/{action}", Method::GET, Some(Role::Operator)),
    ("/console/onboardings/{reference}/{action}", Method::POST, Some(Role::Operator)),
    (
        "/console/onboardings/{reference}/deliveries/{session}/{session}/replay",
        Method::POST,
        Some(Role::Operator),
    ),
    ("/console/views", Method::POST, Some(Role::Viewer)),
    ("/console/views/{session}/delete", Method::POST, Some(Role::Viewer)),
    ("/console/settings", Method::GET, Some(Role::Admin)),
    ("/console/settings/blueprints/{key}", Method::GET, Some(Role::Admin)),
    ("/console/settings/endpoints/{id}", Method::GET, Some(Role::Admin)),
    ("/console/settings/endpoints/{id}/switch", Method::POST, Some(Role::Admin)),
    ("/console/settings/keys/{session}/revoke", Method::POST, Some(Role::Admin)),
    ("/console/bulk", Method::GET, Some(Role::Viewer)),
    ("/console/bulk", Method::POST, Some(Role::Operator)),
    ("/console/bulk/new", Method::GET, Some(Role::Operator)),
    ("/console/bulk/{id}", Method::GET, Some(Role::Viewer)),
    ("/console/bulk/{id}/start", Method::POST, Some(Role::Operator)),
    ("/console/bulk/{id}/cancel", Method::POST, Some(Role::Operator)),
    ("/console/audit", Method::GET, Some(Role::Admin)),
    ("/console/audit.csv", Method::GET, Some(Role::Admin)),
    ("/console/staff", Method::GET, Some(Role::Admin)),
    ("/console/staff", Method::POST, Some(Role::Admin)),
    ("/console/staff/{email}", Method::POST, Some(Role::Admin)),
];

/// A route that is added has to be added above, or nobody says who may use it.
#[test]
fn the_table_has_every_route() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console/mod.rs");
    let source = std::fs::read_to_string(source).unwrap();
    let router: String = source.split("pub fn router").nth(1).unwrap().split_whitespace().collect();
    let handlers = |word: &str| router.matches(word).count();
    let mut gets = ROUTES.iter().filter(|(_, method, _)| *method == Method::GET).count();
    let posts = ROUTES.iter().filter(|(_, method, _)| *method == Method::POST).count();
    gets += 1; // what leads nowhere
    assert_eq!(handlers("get("), gets);
    assert_eq!(handlers("post("), posts);
    assert_eq!(handlers("put(") + handlers("delete(") + handlers("any(") + handlers("patch("), 0);
}

pub(crate) fn spelled(route: &str, reference: &str, action: &str) -> String {
    route
        .replace("{reference}", reference)
        .replace("{action}", action)
        .replace("{id}", "018bcfe5-6800-7000-8000-000000000001")
        .replace("{session}", "018bcfe5-6800-7000-8000-000000000001")
        .replace("{email}", "nobody@example.com")
}

fn request(method: &Method, path: &str, staff: Option<&Staff>) -> Request<Body> {
    let cookie = staff.map_or("", |staff| &staff.cookie);
    if *method == Method::POST {
        let token = staff.map_or("none", |staff| &staff.form_token);
        return form_request(path, cookie, &[("form-token", token)], "same-origin");
    }
    Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn every_route_asks_for_its_role_and_every_action_of_a_viewer_is_refused() {
    let (site, id) = Site::with(attended()).await;
    let desk = Desk::around(site);
    let reference = desk.site.house.read(id).await.reference.to_string();
    let mut staff = Vec::new();
    for role in Role::ALL {
        staff.push((role, desk.staff(role).await));
    }
    let before = desk.site.rows().await;
    for (route, method, least) in ROUTES {
        let actions: &[Action] =
            if route.contains("{action}") { &Action::ALL } else { &[Action::Note] };
        for action in actions {
            let path = spelled(route, &reference, action.name());
            let answer = desk.send(request(method, &path, None)).await;
            match (least, method) {
                (None, _) => assert_ne!(answer.status, StatusCode::SEE_OTHER, "{path}"),
                (Some(_), &Method::GET) => {
                    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
                    assert!(answer.header("location").starts_with("/console/sign-in?next="));
                }
                (Some(_), _) => assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}"),
            }
            let Some(least) = least else { continue };
            for (role, who) in staff.iter().filter(|(role, _)| role < least) {
                let answer = desk.send(request(method, &path, Some(who))).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{role:?} {path}");
                assert!(answer.body.contains("Nothing was done"), "{}", answer.body);
            }
        }
    }
    assert_eq!(desk.site.rows().await, before);
}

#[tokio::test]
async fn what_is_looked_at_changes_nothing_and_a_foreign_form_neither() {
    let (site, id) = Site::with(attended()).await;
    let desk = Desk::around(site);
    let reference = desk.site.house.read(id).await.reference.to_string();
    let admin = desk.staff(Role::Admin).await;
    let before = (desk.site.rows().await, desk.audit().await);
    for (route, method, _) in ROUTES.iter().filter(|(route, ..)| *route != "/console/sign-in") {
        for action in Action::ALL.map(Action::name) {
            let path = spelled(route, &reference, action);
            if *method == Method::GET {
                desk.get(&path, &admin.cookie).await;
                continue;
            }
            let good = ("form-token", admin.form_token.as_str());
            for (form, site) in [
                (vec![], "same-origin"),
                (vec![("form-token", "AAAA")], "same-origin"),
                (vec![good], "cross-site"),
                (vec![good], "same-site"),
            ] {
                let answer = desk.send(form_request(&path, &admin.cookie, &form, site)).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {site}");
            }
        }
    }
    assert_eq!((desk.site.rows().await, desk.audit().await), before);
}

#[tokio::test]
async fn every_page_is_told_to_load_nothing_foreign_and_to_be_kept_nowhere() {
    let desk = Desk::open().await;
    let admin = desk.staff(Role::Admin).await;
    for path in
        ["/console", "/console/onboardings", "/console/staff", "/console/audit", "/console/nowhere"]
    {
        let answer = desk.get(path, &admin.cookie).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"));
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert!(answer.header("x-robots-tag").contains("noindex"));
        assert!(answer.header("strict-transport-security").contains("max-age"));
        // Nobody's name becomes markup.
        assert!(!answer.body.contains("Ada <i>"), "{path}");
    }
}
