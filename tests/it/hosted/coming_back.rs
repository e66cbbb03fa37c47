use std::time::Duration;

use axum::http::StatusCode;
use gangway::ids::OnboardingId;

use super::{Answer, Browser, Site};
use crate::house::attended;

/// From the button to the provider's answer. Gives the path at which the browser comes back.
async fn go_to_provider(
    site: &Site,
    id: OnboardingId,
    browser: &Browser,
    decision: &str,
) -> String {
    let token = site.form_token(browser).await;
    let connector = site.house.connector(id, "Harbour CRM").await;
    let path = format!("{}/connections/{connector}/sign-in", browser.page);
    let sent = site.post(&path, &browser.cookie, &[("form-token", &token)]).await;
    let there = sent.header("location").to_owned();
    site.house.decide(&there, decision).await;
    let there = url::Url::parse(&there).unwrap();
    let back = there.query_pairs().find(|(name, _)| name == "targetOrigin").unwrap().1.into_owned();
    back.strip_prefix("https://go.example.com").unwrap().to_owned()
}

/// The browser waits on its page while the engine works.
async fn come_back(site: &mut Site, path: &str, cookie: &str) -> Answer {
    let Site { house, router, .. } = site;
    let request = axum::http::Request::get(path).header("cookie", cookie);
    let request = request.body(axum::body::Body::empty()).unwrap();
    let asking = tower::ServiceExt::oneshot(router.clone(), request);
    tokio::pin!(asking);
    let response = loop {
        tokio::select! {
            response = &mut asking => break response.unwrap(),
            () = tokio::time::sleep(Duration::from_millis(20)) => house.settle().await,
        }
    };
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 1024 * 1024).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, body }
}

#[tokio::test]
async fn who_comes_back_sees_what_cyclr_says_and_goes_on() {
    let (mut site, id) = Site::with(attended()).await;
    let browser = site.visit(id).await;
    let back = go_to_provider(&site, id, &browser, "allow").await;
    let lies = format!("{back}?error=access_denied&connected=false&onboarding=x");
    let page = come_back(&mut site, &lies, &browser.cookie).await;
    assert_eq!((page.status, &*page.heading()), (StatusCode::OK, "Harbour CRM is connected"));
    assert!(page.body.contains(&format!("href=\"{}\">Continue</a>", browser.page)));
    // Replayed: the same answer, and nothing happens.
    let (before, heard) = (site.rows().await, site.house.heard());
    let again = site.get(&back, Some(&browser.cookie)).await;
    assert_eq!(again.body, page.body);
    assert_eq!(site.rows().await, before);
    assert_eq!(site.house.heard(), heard);
    let next = site.get(&browser.page, Some(&browser.cookie)).await;
    assert_eq!(next.heading(), "Step 2 of 4: Connect Parcel Mail");
}

#[tokio::test]
async fn a_return_without_consent_is_not_believed() {
    let (mut site, id) = Site::with(attended()).await;
    let browser = site.visit(id).await;
    let back = go_to_provider(&site, id, &browser, "deny").await;
    let lies = format!("{back}?status=success&authenticated=true");
    let page = come_back(&mut site, &lies, &browser.cookie).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.heading(), "Step 2 of 4: Harbour CRM is not connected yet");
    assert!(page.body.contains(&format!("href=\"{back}\">Check again</a>")));
    assert!(page.body.contains(&format!("href=\"{}\">Try again</a>", browser.page)));
    let connector = site.house.connector(id, "Harbour CRM").await;
    assert!(site.house.read(id).await.facts.connection(connector).unwrap().is_open());
}

#[tokio::test]
async fn another_browser_learns_nothing_and_changes_nothing() {
    let (site, id) = Site::with(attended()).await;
    let browser = site.visit(id).await;
    let back = go_to_provider(&site, id, &browser, "allow").await;
    let other = site.visit(id).await;
    let (before, heard) = (site.rows().await, site.house.heard());
    let mut bodies = Vec::new();
    for cookie in [None, Some(&*other.cookie), Some("__Host-gangway-GW-0000-0000=x")] {
        let page = site.get(&back, cookie).await;
        assert_eq!((page.status, &*page.heading()), (StatusCode::OK, "Thank you"));
        bodies.push(page.body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    for insides in ["acme", "GW-", "Harbour", "Newsletter"] {
        assert!(!bodies[0].contains(insides), "{insides}");
    }
    for forged in ["/return/x", "/return/AAAA", &format!("{back}x"), "/return/%00"] {
        let page = site.get(forged, Some(&browser.cookie)).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        assert!(!page.body.contains("GW-"));
    }
    assert_eq!(site.rows().await, before);
    assert_eq!(site.house.heard(), heard);
}
