//! Somebody else has to act; and where people stopped, by what they did.

use axum::http::StatusCode;
use chrono::TimeDelta;
use gangway::ids::OnboardingId;
use gangway::onboarding::{Abandonment, Blocker, Command, RequirementCode, StepKind};

use super::ways::now;
use super::{Browser, Site};
use crate::house::attended;

pub(super) async fn post(
    site: &Site,
    browser: &Browser,
    path: &str,
    fields: &[(&str, &str)],
) -> super::Answer {
    let token = site.form_token(browser).await;
    let form = [&[("form-token", &*token)], fields].concat();
    site.post(path, &browser.cookie, &form).await
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).unwrap().1.split_once(after).unwrap().0
}

/// A colleague's browser, by the link that the page shows.
pub(super) async fn colleague(
    site: &Site,
    id: OnboardingId,
    browser: &Browser,
) -> (Browser, String) {
    let crm = site.house.connector(id, "Harbour CRM").await;
    let path = format!("{}/connections/{crm}/hand-over", browser.page);
    let made = post(site, browser, &path, &[("wanted", "true")]).await;
    let page = site.get(made.header("location"), Some(&browser.cookie)).await;
    let link = between(&page.body, "value=\"https://go.example.com", "\"").to_owned();
    assert!(link.starts_with("/c/"), "{link}");
    assert!(page.body.contains("mailto:?subject="));
    let opened = site.get(&link, None).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER);
    let cookie = opened.header("set-cookie").split(';').next().unwrap().to_owned();
    (Browser { cookie, page: opened.header("location").to_owned() }, link)
}

#[tokio::test]
async fn a_colleague_connects_the_one_account_and_the_first_person_goes_on() {
    let (mut site, id) = Site::with(attended()).await;
    let browser = site.visit(id).await;
    let (other, link) = colleague(&site, id, &browser).await;
    let waiting = now(&site, &browser).await;
    assert!(waiting.body.contains("A colleague was asked"), "{}", waiting.body);
    let onboarding = site.house.read(id).await;
    assert_eq!(onboarding.blocker(), Blocker::CustomerAdmin);
    assert_eq!(onboarding.abandonment(), Some(Abandonment::NeedsAdmin));

    let page = now(&site, &other).await;
    assert_eq!(page.heading(), "Connect Harbour CRM");
    assert!(page.body.contains("This page is for this one connection only."));
    assert!(!page.body.contains("Parcel Mail") && !page.body.contains("Your accounts"));
    // Nothing else opens with it, whatever is asked.
    let mail = site.house.connector(id, "Parcel Mail").await;
    let crm = site.house.connector(id, "Harbour CRM").await;
    let whole = &browser.page;
    for closed in [
        whole.clone(),
        format!("{whole}/leave"),
        format!("{whole}/review"),
        format!("{whole}/news"),
        format!("{whole}/connections/{mail}"),
        format!("{whole}/connections/{crm}/hand-over"),
    ] {
        assert_eq!(
            site.get(&closed, Some(&other.cookie)).await.status,
            StatusCode::FORBIDDEN,
            "{closed}"
        );
    }
    let token = page.filled_in()["form-token"].clone();
    for closed in ["answers", "draft", "opened", "review"] {
        let (path, form) = (format!("{whole}/{closed}"), [("form-token", &*token)]);
        let answer = site.post(&path, &other.cookie, &form).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{closed}");
    }
    let key = [("form-token", &*token), ("api_key", "x")];
    let path = format!("{whole}/connections/{mail}/details");
    assert_eq!(site.post(&path, &other.cookie, &key).await.status, StatusCode::FORBIDDEN);

    let sent = post(&site, &other, &format!("{}/sign-in", other.page), &[]).await;
    let back = site.house.decide(sent.header("location"), "allow").await;
    site.house.advance(TimeDelta::seconds(4));
    site.house.settle().await;
    let back = back.strip_prefix("https://go.example.com").unwrap().to_owned();
    let done = site.get(&back, Some(&other.cookie)).await;
    assert_eq!(done.heading(), "Harbour CRM is connected");
    assert!(done.body.contains("nothing more for you to do"));
    assert_eq!(site.get(&link, None).await.status, StatusCode::SEE_OTHER, "it says the same again");
    assert_eq!(now(&site, &browser).await.heading(), "Step 2 of 4: Connect Parcel Mail");
}

#[tokio::test]
async fn what_was_handed_over_can_be_taken_back_and_the_link_is_over_then() {
    let (site, id) = Site::with(attended()).await;
    let browser = site.visit(id).await;
    let (other, link) = colleague(&site, id, &browser).await;
    let crm = site.house.connector(id, "Harbour CRM").await;
    let path = format!("{}/connections/{crm}/hand-over", browser.page);
    post(&site, &browser, &path, &[("wanted", "false")]).await;
    assert_eq!(now(&site, &other).await.status, StatusCode::FORBIDDEN);
    assert_eq!(site.get(&link, None).await.status, StatusCode::GONE);
    assert_eq!(now(&site, &browser).await.heading(), "Step 2 of 4: Connect Harbour CRM");
    // Asked again it is another link; the one before stays over. A new link for all ends it, too.
    let (again, fresh) = colleague(&site, id, &browser).await;
    assert_ne!(fresh, link);
    assert_eq!(site.get(&link, None).await.status, StatusCode::GONE);
    let expires_at = site.house.clock.now() + TimeDelta::days(1);
    site.obey(id, Command::RotateLink { expires_at }).await;
    assert_eq!(now(&site, &again).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_administrators_approval_is_a_state_of_its_own() {
    let (mut site, id) = Site::with(attended()).await;
    let browser = site.visit(id).await;
    let crm = site.house.connector(id, "Harbour CRM").await;
    let base = format!("{}/connections/{crm}", browser.page);
    post(&site, &browser, &format!("{base}/approval"), &[("wanted", "true")]).await;
    let page = now(&site, &browser).await;
    assert_eq!(page.heading(), "Step 2 of 4: Harbour CRM needs an administrator’s approval");
    for piece in ["ask again on 5 March 2026", "mailto:?subject=", "https://go.example.com/c/"] {
        assert!(page.body.contains(piece), "{piece}\n{}", page.body);
    }
    let waiting = site.house.read(id).await;
    let due = &waiting.requirements()[0];
    assert_eq!(
        (due.code, due.blocker),
        (RequirementCode::NeedsAdminApproval, Blocker::CustomerAdmin)
    );
    assert!(waiting.explain(site.house.clock.now()).contains("has to approve"));
    // The administrator's link is for this connection, and lasts while it is asked for.
    let link = between(&page.body, "value=\"https://go.example.com", "\"").to_owned();
    assert_eq!(site.get(&link, None).await.status, StatusCode::SEE_OTHER);
    // It was approved: whoever signs in goes on.
    let sent = post(&site, &browser, &format!("{base}/sign-in"), &[]).await;
    site.house.decide(sent.header("location"), "allow").await;
    site.house.advance(TimeDelta::seconds(4));
    site.house.settle().await;
    assert_eq!(now(&site, &browser).await.heading(), "Step 2 of 4: Connect Parcel Mail");
}

#[tokio::test]
async fn where_people_stop_is_told_by_what_they_did() {
    use Abandonment as A;
    let class = async |site: &Site, id| site.house.read(id).await.abandonment();
    let (mut site, id) = Site::with(attended()).await;
    assert_eq!(class(&site, id).await, Some(A::NotOpened));
    // A scanner follows the link and every page; a script that stays tells of a person.
    let browser = site.visit(id).await;
    now(&site, &browser).await;
    assert_eq!(class(&site, id).await, Some(A::NotOpened));
    let opened = format!("{}/opened", browser.page);
    assert_eq!(post(&site, &browser, &opened, &[]).await.status, StatusCode::NO_CONTENT);
    assert_eq!(class(&site, id).await, Some(A::OpenedNotStarted));
    // Whoever is at the provider has not stopped; whose time is over has.
    let crm = site.house.connector(id, "Harbour CRM").await;
    let sign_in = format!("{}/connections/{crm}/sign-in", browser.page);
    let sent = post(&site, &browser, &sign_in, &[]).await;
    assert_eq!(class(&site, id).await, None);
    site.house.decide(sent.header("location"), "deny").await;
    wait_out(&mut site).await;
    assert_eq!(class(&site, id).await, Some(A::LeftAtProvider));
    // Cyclr's error page leads back with the provider's word.
    post(&site, &browser, &sign_in, &[]).await;
    for (word, expected, said) in [
        ("server_error", None, "could not finish the sign-in"),
        ("access_denied", Some(A::Denied), "Access was not allowed at Harbour CRM"),
        ("consent_required", Some(A::NeedsAdmin), "did not give access"),
    ] {
        let back = format!("/return/declined?error={word}&error_description=x");
        let answer = site.get(&back, Some(&browser.cookie)).await;
        assert_eq!(answer.header("location"), browser.page, "{word}");
        let page = now(&site, &browser).await;
        assert!(page.body.contains(said), "{word}\n{}", page.body);
        if expected.is_some() {
            assert_eq!(class(&site, id).await, expected, "{word}");
        }
    }
    // Who comes back without a word and without a sign-in is none of these.
    let sent = post(&site, &browser, &sign_in, &[]).await;
    let address = url::Url::parse(sent.header("location")).unwrap();
    let back = address.query_pairs().find(|(name, _)| name == "targetOrigin").unwrap().1;
    let back = back.strip_prefix("https://go.example.com").unwrap().to_owned();
    site.get(&back, Some(&browser.cookie)).await;
    assert_eq!(class(&site, id).await, None);
    wait_out(&mut site).await;
    assert_eq!(class(&site, id).await, Some(A::ReturnedUnverified));
    // A stranger's browser changes nothing of this.
    let before = site.rows().await;
    let stranger = site.get("/return/declined?error=access_denied", None).await;
    assert_eq!((stranger.status, &*stranger.heading()), (StatusCode::OK, "Thank you"));
    assert_eq!(site.rows().await, before);

    site.house.sign_in(id, crm, "allow").await;
    site.house.advance(TimeDelta::seconds(4));
    site.house.settle().await;
    let mail = site.house.connector(id, "Parcel Mail").await;
    let key = gangway::engine::Credential::ApiKey(gangway::secret::Secret::from("k"));
    site.house.give_credential(id, mail, key).await;
    site.house.settle().await;
    assert_eq!(site.house.read(id).await.step(), StepKind::Map);
    assert_eq!(class(&site, id).await, Some(A::MappingIdle));
    // Lists and counters say the same.
    let filter = gangway::store::Filter { abandoned: vec![A::MappingIdle], ..Default::default() };
    let counts = site.house.store.count(&filter, &gangway::store::Sight::All).await.unwrap();
    assert_eq!((counts.total, counts.by_abandonment["mapping_idle"]), (1, 1));
}

/// Until the time of the sign-in is over and Cyclr was asked for the last time.
async fn wait_out(site: &mut Site) {
    for _ in 0..40 {
        site.house.advance(TimeDelta::minutes(1));
        site.house.settle().await;
    }
}

#[tokio::test]
async fn a_new_link_can_be_asked_for_once_and_the_answer_tells_nothing() {
    let (site, id) = Site::with(attended()).await;
    let link = site.link(id).await;
    site.house.advance(TimeDelta::days(8));
    let ask = async |site: &Site, link: &str| {
        let request = axum::http::Request::post(link).body(axum::body::Body::empty()).unwrap();
        site.send(request).await
    };
    let over = site.get(&link, None).await;
    assert_eq!(over.status, StatusCode::GONE);
    assert!(over.body.contains("<form method=\"post\">"), "{}", over.body);
    let mut bodies = Vec::new();
    for link in [&*link, &*link, "/l/AAAA", "/l/x"] {
        let answer = ask(&site, link).await;
        assert_eq!(answer.status, StatusCode::OK);
        bodies.push(answer.body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    let wanted = async |site: &Site| {
        let told = site.house.store.list_journal(id).await.unwrap();
        told.iter().filter(|line| line.event.kind() == "link_wanted").count()
    };
    assert_eq!(wanted(&site).await, 1, "asking twice tells once");
    assert!(site.rows().await.contains("onboarding.link_requested"));
    site.house.advance(TimeDelta::minutes(16));
    ask(&site, &link).await;
    assert_eq!(wanted(&site).await, 2);
}
