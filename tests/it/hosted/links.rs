use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use gangway::ids::OnboardingId;
use gangway::onboarding::Command;
use gangway::web::LinkGrant;
use uuid::Uuid;

use super::{Site, link_keys};
use crate::house::attended;

#[tokio::test]
async fn a_link_opens_a_visit_in_any_number_of_browsers() {
    let (site, id) = Site::with(attended()).await;
    let link = site.link(id).await;
    let reference = site.house.read(id).await.reference;

    let opened = site.get(&link, None).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER);
    assert_eq!(opened.header("location"), format!("/o/{reference}"));
    let cookie = opened.header("set-cookie");
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert!(pair.starts_with(&format!("__Host-gangway-{reference}=")), "{pair}");
    let attributes: BTreeSet<_> = attributes.split("; ").collect();
    assert_eq!(attributes, BTreeSet::from(["HttpOnly", "SameSite=Lax", "Secure", "Path=/"]));

    let page = site.get(&format!("/o/{reference}"), Some(pair)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.heading(), "Step 2 of 4: Connect Harbour CRM");
    assert_eq!(page.title(), "Step 2 of 4: Connect Harbour CRM");

    // The browser that has a visit keeps it; another one gets its own.
    let again = site.get(&link, Some(pair)).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    assert!(!again.headers.contains_key("set-cookie"));
    assert_ne!(site.visit(id).await.cookie, pair);
}

#[tokio::test]
async fn scanners_change_nothing() {
    let (site, id) = Site::with(attended()).await;
    let link = site.link(id).await;
    let browser = site.visit(id).await;
    let (before, heard) = (site.rows().await, site.house.heard());
    for round in 0..20 {
        for path in [&link, &browser.page, "/return/x", &format!("{}/leave", browser.page)] {
            let method = if round % 4 == 0 { Method::HEAD } else { Method::GET };
            site.ask(method, path, None).await;
        }
        site.get(&browser.page, Some(&browser.cookie)).await;
    }
    assert_eq!(site.rows().await, before);
    assert_eq!(site.house.heard(), heard);
    assert_eq!(site.get(&link, None).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn every_link_that_opens_nothing_gets_the_same_page() {
    let (mut site, id) = Site::with(attended()).await;
    let mut second = attended();
    second["key"] = "second".into();
    let second = site.house.publish(second).await;
    let cancelled = site.house.start("other", &second).await;
    site.house.settle().await;
    let rotated = site.link(id).await;
    let expires_at = site.house.clock.now() + TimeDelta::days(1);
    site.obey(id, Command::RotateLink { expires_at }).await;
    let good = site.link(id).await;
    let of_cancelled = site.link(cancelled).await;
    site.obey(cancelled, Command::Cancel { reason: "test".into() }).await;
    let keys = link_keys("k");
    let wrong = [
        rotated,
        of_cancelled,
        "/l/x".to_owned(),
        format!("/l/{}", "A".repeat(5_000)),
        format!("{}A", &good[..good.len() - 1]),
        format!("/l/{}", link_keys("j").link_token(&grant(id, 2))),
        format!("/l/{}", keys.link_token(&grant(id, 3))),
        format!("/l/{}", keys.link_token(&grant(OnboardingId(Uuid::from_u128(7)), 1))),
    ];
    let mut bodies = BTreeSet::new();
    for link in &wrong {
        let answer = site.get(link, None).await;
        assert_eq!(answer.status, StatusCode::GONE, "{link}");
        assert!(!answer.headers.contains_key("set-cookie"), "{link}");
        bodies.insert(answer.body);
    }
    assert_eq!(site.get(&good, None).await.status, StatusCode::SEE_OTHER);
    site.house.advance(TimeDelta::days(1));
    let expired = site.get(&good, None).await;
    assert_eq!(expired.status, StatusCode::GONE);
    bodies.insert(expired.body);
    assert_eq!(bodies.len(), 1, "a wrong link tells why");
    let only = bodies.first().unwrap();
    for insides in ["acme", "GW-", "Newsletter", "Cyclr", "Gangway", "expired"] {
        assert!(!only.contains(insides), "{insides}");
    }
}

#[tokio::test]
async fn a_visit_is_of_one_onboarding_one_generation_and_a_limited_time() {
    let (mut site, id) = Site::with(attended()).await;
    let mut second = attended();
    second["key"] = "second".into();
    let second = site.house.publish(second).await;
    let other = site.house.start("other", &second).await;
    site.house.settle().await;
    let (ours, theirs) = (site.visit(id).await, site.visit(other).await);
    assert_eq!(site.get(&ours.page, Some(&ours.cookie)).await.status, StatusCode::OK);

    let unknown = site.get("/o/GW-0000-0000", None).await;
    assert_eq!(unknown.status, StatusCode::FORBIDDEN);
    // Their proof under our name is no proof of ours.
    let (name, _) = ours.cookie.split_once('=').unwrap();
    let (_, value) = theirs.cookie.split_once('=').unwrap();
    for cookie in [None, Some(&*theirs.cookie), Some(&*format!("{name}={value}")), Some("=;")] {
        let refused = site.get(&ours.page, cookie).await;
        assert_eq!((refused.status, &refused.body), (StatusCode::FORBIDDEN, &unknown.body));
    }
    assert_eq!(site.get("/o/not-a-reference", None).await.body, unknown.body);

    let expires_at = site.house.clock.now() + TimeDelta::days(1);
    site.obey(id, Command::RotateLink { expires_at }).await;
    assert_eq!(site.get(&ours.page, Some(&ours.cookie)).await.body, unknown.body);
    site.house.advance(TimeDelta::days(7));
    assert_eq!(site.get(&theirs.page, Some(&theirs.cookie)).await.body, unknown.body);
}

fn grant(onboarding: OnboardingId, generation: i32) -> LinkGrant {
    LinkGrant { onboarding, generation, only: None }
}

#[tokio::test]
async fn what_was_kept_is_sent_with_the_link_also_by_a_later_version() {
    let (site, id) = Site::with(attended()).await;
    let onboarding = site.house.read(id).await;
    let link = format!("https://go.example.com{}", site.link(id).await);
    for kept in [site.state.link_to_keep(&onboarding), format!("gangway:link:{id}")] {
        assert_eq!(site.state.fill_in_link(&kept, id, 1), link, "{kept}");
        assert!(!kept.contains(link.rsplit('/').next().unwrap()));
    }
}
