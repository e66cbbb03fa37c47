//! Who may come in, seen to by administrators, and what of all that stands in the audit.

use axum::http::StatusCode;
use gangway::store::Role;

use super::{Desk, PASSWORD};

#[tokio::test]
async fn an_administrator_lets_people_in_changes_and_ends_it() {
    let desk = Desk::open().await;
    let admin = desk.staff(Role::Admin).await;
    let new = |email, password| {
        [("name", "Bob"), ("email", email), ("role", "viewer"), ("password", password)]
    };
    for (email, password) in
        [("bob", PASSWORD), ("bob@example.com", "short"), ("admin@example.com", PASSWORD)]
    {
        let answer = desk.act("/console/staff", &admin, &new(email, password)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{email}");
        assert!(!answer.body.contains(PASSWORD));
    }
    let added = desk.act("/console/staff", &admin, &new("Bob@Example.com", PASSWORD)).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.body);
    let bob = desk.enter("bob@example.com").await;
    assert_eq!(desk.get("/console/staff", &bob.cookie).await.status, StatusCode::FORBIDDEN);
    let change = async |to: &'static str| {
        desk.act("/console/staff/bob%40example.com", &admin, &[("to", to)]).await.status
    };
    assert_eq!(change("admin").await, StatusCode::SEE_OTHER);
    assert_eq!(desk.get("/console/staff", &bob.cookie).await.status, StatusCode::OK, "at once");
    assert_eq!(change("disable").await, StatusCode::SEE_OTHER);
    assert_eq!(desk.get("/console", &bob.cookie).await.status, StatusCode::SEE_OTHER);
    assert_eq!(change("enable").await, StatusCode::SEE_OTHER);
    assert_eq!(desk.get("/console", &bob.cookie).await.status, StatusCode::OK);
    assert_eq!(change("king").await, StatusCode::NOT_FOUND);

    let page = desk.get("/console/audit?action=change_staff", &admin.cookie).await.body;
    assert!(
        page.contains("role: viewer → admin") && page.contains("disabled: false → true"),
        "{page}"
    );
    let file = desk.get("/console/audit.csv?action=add_staff", &admin.cookie).await.body;
    assert!(file.contains("bob@example.com") && !file.contains("change_staff"), "{file}");
    assert!(!format!("{:?}", desk.audit().await).contains(PASSWORD));
}

#[tokio::test]
async fn somebody_who_can_see_to_staff_is_always_left() {
    let desk = Desk::open().await;
    let admin = desk.staff(Role::Admin).await;
    for to in ["disable", "viewer"] {
        let answer = desk.act("/console/staff/admin%40example.com", &admin, &[("to", to)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("without this administrator"));
    }
    desk.add("second@example.com", Role::Admin).await;
    // Each of two takes the other one away at the same moment: one of them is refused.
    let second = desk.enter("second@example.com").await;
    let form = [("to", "disable")];
    let (one, two) = tokio::join!(
        desk.act("/console/staff/second%40example.com", &admin, &form),
        desk.act("/console/staff/admin%40example.com", &second, &form),
    );
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 303, "{statuses:?}");
    let left: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM staff WHERE role = 'admin' AND disabled_at IS NULL",
    )
    .fetch_one(&desk.site.house.pool().await)
    .await
    .unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn the_audit_is_narrowed_and_turned() {
    let desk = Desk::open().await;
    let admin = desk.staff(Role::Admin).await;
    for number in 0..60 {
        desk.add(&format!("viewer-{number}@example.com"), Role::Viewer).await;
    }
    let first = desk.get("/console/audit?action=add_staff", &admin.cookie).await.body;
    let (_, rest) = first.split_once("rel=\"next\" href=\"").unwrap();
    let next = rest.split_once('"').unwrap().0.replace("&#38;", "&");
    let second = desk.get(&next, &admin.cookie).await.body;
    let tells =
        |page: &str, number| page.contains(&format!("<td>viewer-{number}@example.com</td>"));
    assert!(tells(&first, 59) && !tells(&first, 5));
    assert!(tells(&second, 5) && !tells(&second, 59));
    let mine = desk.get("/console/audit?actor=admin%40example.com", &admin.cookie).await.body;
    assert!(mine.contains("sign in") && !mine.contains("viewer-59@example.com</td>"));
    let none = desk.get("/console/audit?until=2020-01-01", &admin.cookie).await.body;
    assert!(none.contains("Nothing of this kind was done"));
    let wrong = desk.get("/console/audit?from=yesterday", &admin.cookie).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
}
