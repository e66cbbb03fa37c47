//! Questions: their kinds, lists of the connected account, drafts, and the look at all answers.

use axum::http::StatusCode;
use gangway::onboarding::Status;
use gangway::sandbox::{Fault, FaultKind};

use super::ways::{all_ways, connect_all, now};
use super::{Answer, Browser, Site};

const GOOD: [(&str, &str); 4] =
    [("since", "2026-11-30T09:00"), ("ledger", "ledger-2"), ("rate", "19.5"), ("first_day", "")];

async fn send(site: &Site, browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
    let token = site.form_token(browser).await;
    let form = [&[("form-token", &*token)], fields].concat();
    site.post(&format!("{}/{path}", browser.page), &browser.cookie, &form).await
}

async fn asked() -> (Site, gangway::ids::OnboardingId, Browser) {
    let (mut site, id) = Box::pin(Site::with(all_ways())).await;
    let browser = site.visit(id).await;
    Box::pin(connect_all(&mut site, id, &browser)).await;
    (site, id, browser)
}

#[tokio::test]
async fn every_kind_is_drawn_checked_shown_for_review_and_sent() {
    let (mut site, id, browser) = asked().await;
    let page = now(&site, &browser).await;
    for piece in [
        "type=\"datetime-local\"",
        "type=\"date\"",
        "inputmode=\"decimal\" value=\"7.5\"",
        "<option value=\"ledger-1\">Main ledger</option>",
        "Which first day? <span class=\"mark\">(optional)</span>",
    ] {
        assert!(page.body.contains(piece), "{piece}\n{}", page.body);
    }
    let wrong =
        [("since", "soon"), ("ledger", "ledger-9"), ("rate", "much"), ("first_day", "30.2.")];
    let refused = send(&site, &browser, "answers", &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for mistake in [
        "Enter a date and a time",
        "Choose one of the listed",
        "Enter a number",
        "Enter a date, like",
    ] {
        assert!(refused.body.contains(mistake), "{mistake}\n{}", refused.body);
    }
    let accepted = send(&site, &browser, "answers", &GOOD).await;
    let review = accepted.header("location").to_owned();
    let shown = site.get(&review, Some(&browser.cookie)).await;
    for answer in ["30 November 2026, 09:00", "Projects", "19.5", "No answer"] {
        assert!(shown.body.contains(answer), "{answer}\n{}", shown.body);
    }
    // Changed in another window since: that is shown before it counts.
    let stale = shown.filled_in()["shown"].clone();
    send(&site, &browser, "draft", &[("ledger", "ledger-1")]).await;
    let again = send(&site, &browser, "review", &[("shown", &stale)]).await;
    assert_eq!((again.status, again.heading()), (StatusCode::OK, shown.heading()));
    assert!(again.body.contains("Main ledger"));
    let fresh = again.filled_in()["shown"].clone();
    send(&site, &browser, "review", &[("shown", &fresh)]).await;
    site.house.settle().await;
    assert_eq!(site.house.read(id).await.status, Status::Live);
    let cycles = site.house.cycles();
    let value = |step: usize, part: &str| cycles[0]["steps"][step][part][0]["Value"].clone();
    assert_eq!(value(0, "parameters"), "2026-11-30T09:00:00");
    assert_eq!(value(1, "parameters"), "ledger-1");
    assert_eq!(value(1, "fields"), "19.5");
    assert!(site.house.store.find_draft(id).await.unwrap().is_empty(), "the draft is gone");
}

#[tokio::test]
async fn a_list_that_cannot_be_had_says_so_and_loses_nothing() {
    let (site, _, browser) = asked().await;
    send(&site, &browser, "draft", &[("ledger", "ledger-2")]).await;
    let away = FaultKind::Refuse { status: 500, message: "away".into(), retry_after: None };
    let away = Fault::once("POST", "/v1.0/steps/*/parameters/*/lookup", away);
    site.house.sandbox.inject(Fault { times: u32::MAX, ..away });
    site.house.advance(chrono::TimeDelta::minutes(6));
    let page = now(&site, &browser).await;
    assert!(page.body.contains("The list could not be loaded"), "{}", page.body);
    assert!(page.body.contains("<option value=\"ledger-2\" selected>"), "the choice stays");
    let unsure = send(&site, &browser, "answers", &GOOD).await;
    assert_eq!(unsure.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unsure.body.contains("so your choice cannot be checked"), "{}", unsure.body);
    site.house.sandbox.clear_faults();
    site.house.advance(chrono::TimeDelta::seconds(3));
    let again = site.get(&format!("{}?again=yes", browser.page), Some(&browser.cookie)).await;
    assert!(again.body.contains("<option value=\"ledger-2\" selected>Projects</option>"));
}

#[tokio::test]
async fn a_slow_list_does_not_hold_the_page_back() {
    let (site, _, browser) = asked().await;
    let hold = Fault::once("POST", "/v1.0/steps/*/parameters/*/lookup", FaultKind::HoldBefore);
    site.house.sandbox.inject(hold);
    let begun = std::time::Instant::now();
    let page = now(&site, &browser).await;
    assert!(begun.elapsed() < std::time::Duration::from_secs(4), "it took {:?}", begun.elapsed());
    assert!(page.body.contains("data-loading") && page.body.contains("is being loaded"));
}

#[tokio::test]
async fn whoever_goes_on_later_finds_what_they_typed_on_another_device() {
    let (site, id, browser) = asked().await;
    let later = send(&site, &browser, "answers", &[("rate", "so"), ("later-button", "yes")]).await;
    assert_eq!(later.header("location"), format!("{}/leave", browser.page));
    let elsewhere = site.visit(id).await;
    assert!(now(&site, &elsewhere).await.body.contains("value=\"so\""));
    // What is not asked is not kept, and what is too long is cut.
    let long = "x".repeat(9_000);
    send(&site, &browser, "draft", &[("rate", &long), ("secret", "canary")]).await;
    let draft = site.house.store.find_draft(id).await.unwrap();
    assert!(draft.keys().all(|key| key.0 != "secret"));
    assert!(draft.values().all(|text| text.len() <= 2_000));
    // Answers are numbers as the reader writes them.
    let german = format!("{}?lang=de", browser.page);
    let page = site.get(&german, Some(&browser.cookie)).await;
    assert!(page.body.contains("Beantworten Sie einige Fragen"));
}
