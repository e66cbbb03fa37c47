//! What operators see: counted by the process, and asked of the database.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use chrono::TimeDelta;
use gangway::monitor;
use gangway::sandbox::{Fault, FaultKind};
use gangway::telemetry::meters;
use tower::ServiceExt as _;

use crate::crashes::{ledger_blueprint, ledger_world};
use crate::house::{House, LEASE, attended, unattended};

fn strike(method: &str, path: &str, times: u32, kind: FaultKind) -> Fault {
    Fault { times, ..Fault::once(method, path, kind) }
}

async fn scrape(router: &axum::Router) -> String {
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn doubts_takeovers_and_what_rests_where_can_be_watched() {
    let recorder = meters::recorder().unwrap();
    // For this thread alone, on which all of this test's house works.
    let _counting = metrics::set_default_local_recorder(&recorder);
    let mut house = House::open_with(ledger_world()).await;
    let key = house.publish(ledger_blueprint()).await;
    house.sandbox.inject(strike("POST", "/v1.0/templates/*/install", 1, FaultKind::LoseAnswer));
    let doubted = house.start("doubted", &key).await;
    house.settle_in_time(doubted).await;
    let refused = FaultKind::Refuse { status: 400, message: "no".to_owned(), retry_after: None };
    house.sandbox.inject(strike("POST", "/v1.0/accounts", 1, refused));
    let stuck = house.start("stuck", &key).await;
    house.settle_in_time(stuck).await;
    // Two whose worker has vanished: one is taken over, one is left for whoever comes.
    house.start("taken-over", &key).await;
    house.restart();
    house.advance(LEASE + TimeDelta::seconds(1));
    house.settle().await;
    house.start("left", &key).await;
    house.advance(LEASE + TimeDelta::seconds(41));

    let router = monitor::router(house.engine.clone(), recorder.handle());
    let text = scrape(&router).await;
    for line in [
        "gangway_doubts_total{step=\"install\"} 1",
        "gangway_doubts_settled_total{step=\"install\",how=\"adopted\"} 1",
        "gangway_lease_takeovers_total{step=\"create_account\"} 1",
        "gangway_onboardings{status=\"live\",waits_for=\"\"} 2",
        "gangway_onboardings{status=\"stuck\",waits_for=\"cyclr_rejected\"} 1",
        "gangway_onboardings_due 1",
        "gangway_oldest_due_seconds 41",
        "gangway_cyclr_calls_total{call=\"install template\",outcome=\"no_answer\"} 1",
        "gangway_steps_total{step=\"activate\",outcome=\"done\"} 2",
        "gangway_cyclr_breaker{state=\"closed\"} 1",
        "gangway_cyclr_breaker{state=\"open\"} 0",
        "gangway_cyclr_calls_under_way 0",
        "gangway_figures_failed 0",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(text.contains("gangway_commit_batch_size_count"), "{text}");
}

#[tokio::test]
async fn who_waits_for_whom_is_told_and_what_has_emptied_reads_zero() {
    let recorder = meters::recorder().unwrap();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let mut house = House::open().await;
    let (with_people, without) =
        (house.publish(attended()).await, house.publish(unattended()).await);
    let id = house.start("acme", &with_people).await;
    house.start("bravo", &without).await;
    house.settle().await;
    let router = monitor::router(house.engine.clone(), recorder.handle());
    let waiting = "gangway_onboardings{status=\"waiting\",waits_for=\"connect_account\"}";
    let text = scrape(&router).await;
    assert!(text.contains(&format!("{waiting} 1")), "{text}");

    let cancel = gangway::onboarding::Command::Cancel { reason: "enough".to_owned() };
    house.engine.order(id, cancel, "key:support").await.unwrap();
    // Another look, with nothing remembered but the labels: a process looks anew after a while.
    let text = scrape(&router).await;
    assert!(text.contains(&format!("{waiting} 1")), "within fifteen seconds nobody asks again");
    let later = monitor::router(house.engine.clone(), recorder.handle());
    let text = scrape(&later).await;
    assert!(text.contains("gangway_onboardings{status=\"cancelled\",waits_for=\"\"} 1"), "{text}");
}
