//! Orders to all that match.

use axum::http::StatusCode;
use chrono::TimeDelta;
use gangway::onboarding::{Outcome, Problem, ProblemCode};
use gangway::store::Role;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::Desk;
use crate::hosted::Site;
use crate::house::attended;

/// A desk with so many that are stuck for the same reason.
async fn desk_with_stuck(count: usize) -> Desk {
    let mut site = Site::open().await;
    let key = site.house.publish(attended()).await;
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(site.house.start(&format!("tenant-{number}"), &key).await);
    }
    site.house.settle().await;
    for id in ids {
        site.apply(id, Outcome::Stuck(Problem::new(ProblemCode::CyclrRejected))).await;
    }
    Desk::around(site)
}

const ALL: &str = "problem=cyclr_rejected";

#[tokio::test]
async fn all_that_match_are_previewed_started_and_told_once() {
    let desk = desk_with_stuck(12).await;
    let operator = desk.staff(Role::Operator).await;
    let list = desk.get(&format!("/console/onboardings?{ALL}"), &operator.cookie).await.body;
    assert!(list.contains("/console/bulk/new?problem=cyclr_rejected"), "{list}");
    let page = desk.get(&format!("/console/bulk/new?{ALL}&action=retry"), &operator.cookie).await;
    assert!(page.body.contains("12 onboardings match"), "{}", page.body);

    let form = |reason| [("narrowed", ALL), ("action", "retry"), ("reason", reason)];
    let answer = desk.act("/console/bulk", &operator, &form("")).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("Say why"));
    let answer = desk.act("/console/bulk", &operator, &form("Cyclr is <back>")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let place = answer.header("location").to_owned();
    let page = desk.get(&place, &operator.cookie).await.body;
    for part in ["Cyclr is &#60;back&#62;", "Start: Try again now, 12 onboardings", "tenant"] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    let stuck = async || {
        let query = "SELECT count(*) FROM onboarding WHERE status = 'stuck'";
        sqlx::query_scalar::<_, i64>(query).fetch_one(&desk.site.house.pool().await).await.unwrap()
    };
    assert_eq!(stuck().await, 12, "nobody was told anything");

    let start = format!("{place}/start");
    for _ in 0..2 {
        let answer = desk.act(&start, &operator, &[]).await;
        assert_eq!(answer.header("location"), place);
    }
    desk.site.house.engine.carry_out_bulk(&CancellationToken::new()).await.unwrap();
    assert_eq!(stuck().await, 0);
    let page = desk.get(&place, &operator.cookie).await.body;
    assert!(page.contains("<td>done</td><td class=\"number\">12</td>"), "{page}");
    let lines: Vec<_> =
        desk.audit().await.into_iter().filter(|line| line["action"] == "start_bulk").collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["reason"], "Cyclr is <back>");
    assert_eq!(lines[0]["after"], json!({ "order": "retry", "onboardings": 12, "list": ALL }));
    let query =
        "SELECT count(*) FROM journal WHERE actor LIKE 'staff:operator@example.com (bulk order %'";
    let told: i64 =
        sqlx::query_scalar(query).fetch_one(&desk.site.house.pool().await).await.unwrap();
    assert_eq!(told, 12);
    let listed = desk.get("/console/bulk", &operator.cookie).await.body;
    assert!(listed.contains("Try again now") && listed.contains(&place));
}

#[tokio::test]
async fn what_has_grown_grown_old_or_was_stopped_is_not_started() {
    let desk = desk_with_stuck(3).await;
    let operator = desk.staff(Role::Operator).await;
    let make = async || {
        let form = [("narrowed", ALL), ("action", "retry"), ("reason", "why")];
        desk.act("/console/bulk", &operator, &form).await.header("location").to_owned()
    };
    let start = async |place: &str| desk.act(&format!("{place}/start"), &operator, &[]).await;
    let outgrown = make().await;
    let key = "attended".to_owned();
    let key =
        gangway::ids::BlueprintKey::parse(attended()["key"].as_str().unwrap_or(&key)).unwrap();
    let late = desk.site.house.start("late", &key).await;
    desk.site.apply(late, Outcome::Stuck(Problem::new(ProblemCode::CyclrRejected))).await;
    let answer = start(&outgrown).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains("it matches 4 onboardings by now"), "{}", answer.body);

    let stopped = make().await;
    desk.act(&format!("{stopped}/cancel"), &operator, &[]).await;
    assert!(start(&stopped).await.body.contains("it was cancelled"));

    let old = make().await;
    desk.site.house.advance(TimeDelta::minutes(15));
    let answer = start(&old).await;
    assert!(answer.body.contains("older than 15 minutes"), "{}", answer.body);
    let query = "SELECT count(*) FROM audit WHERE action = 'start_bulk'";
    let started: i64 =
        sqlx::query_scalar(query).fetch_one(&desk.site.house.pool().await).await.unwrap();
    assert_eq!(started, 0);
}

#[tokio::test]
async fn what_ends_many_asks_for_the_password_again() {
    let desk = desk_with_stuck(2).await;
    let operator = desk.staff(Role::Operator).await;
    let form = [("narrowed", ALL), ("action", "cancel"), ("reason", "why")];
    let place = desk.act("/console/bulk", &operator, &form).await.header("location").to_owned();
    desk.site.house.advance(TimeDelta::minutes(14));
    // The session is older than that by now, the preview is not.
    desk.site.house.advance(TimeDelta::seconds(59));
    let pool = desk.site.house.pool().await;
    sqlx::query("UPDATE staff_session SET proven_at = proven_at - interval '1 hour'")
        .execute(&pool)
        .await
        .unwrap();
    let answer = desk.act(&format!("{place}/start"), &operator, &[]).await;
    assert!(answer.header("location").starts_with("/console/prove?next="));
    for nothing in ["answer", "adopt", "dance"] {
        let path = format!("/console/bulk/new?{ALL}&action={nothing}");
        assert_eq!(desk.get(&path, &operator.cookie).await.status, StatusCode::NOT_FOUND);
    }
}
