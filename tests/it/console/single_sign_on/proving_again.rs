//! What cannot be taken back asks for a sign-in of just now.

use axum::http::StatusCode;
use chrono::TimeDelta;
use gangway::store::Role;
use serde_json::json;

use super::Office;

#[tokio::test]
async fn what_cannot_be_taken_back_asks_for_a_sign_in_of_just_now() {
    let office = Office::open().await;
    office.desk.add("bob@example.com", Role::Viewer).await;
    let begun = office.now();
    let admin = json!({ "groups": ["leads"], "auth_time": begun });
    let ada = office.enter(admin.clone()).await;
    let change = async || {
        let form = [("to", "operator")];
        office.desk.act("/console/staff/bob%40example.com", &ada, &form).await
    };
    assert_eq!(change().await.header("location"), "/console/staff", "signed in just now");
    office.desk.site.house.advance(TimeDelta::minutes(16));
    let prove = change().await.header("location").to_owned();
    assert_eq!(prove, "/console/prove?next=%2Fconsole%2Fstaff");
    let page = office.desk.get(&prove, &ada.cookie).await.body;
    let start = "/console/prove/start?next=%2Fconsole%2Fstaff";
    assert!(page.contains(start) && !page.contains("type=\"password\""), "{page}");

    let before = office.rows().await;
    let now = office.now();
    for (claims, words) in [
        (admin.clone(), "You were not asked again who you are"),
        (json!({ "groups": ["leads"] }), "You were not asked again who you are"),
        (
            json!({ "sub": "eve", "email": "eve@example.com", "auth_time": now }),
            "Somebody else has signed in",
        ),
    ] {
        let away = office.leave(start, &ada.cookie).await;
        let back = office.provider.sign_in(&away.page, now, &claims);
        let answer = office.desk.get(&back, &away.cookie).await;
        Office::refused(&answer, StatusCode::FORBIDDEN, words);
        assert_eq!(office.rows().await, before, "{words}");
    }
    let away = office.leave(start, &ada.cookie).await;
    let query: std::collections::HashMap<_, _> = away.page.query_pairs().into_owned().collect();
    assert_eq!((query["prompt"].as_str(), query["max_age"].as_str()), ("login", "0"));
    let back =
        office.provider.sign_in(&away.page, now, &json!({ "groups": ["leads"], "auth_time": now }));
    // Not for whoever has the cookie of the sign-in alone.
    let pending = away.cookie.split("; ").find(|cookie| cookie.contains("sign-in")).unwrap();
    let alone = office.desk.get(&back, pending).await;
    Office::refused(&alone, StatusCode::UNAUTHORIZED, "You are not signed in any more");
    let away = office.leave(start, &ada.cookie).await;
    let back =
        office.provider.sign_in(&away.page, now, &json!({ "groups": ["leads"], "auth_time": now }));
    let proven = office.desk.get(&back, &away.cookie).await;
    assert_eq!(
        (proven.status, proven.header("location")),
        (StatusCode::SEE_OTHER, "/console/staff")
    );
    assert_eq!(change().await.header("location"), "/console/staff");
    // A sign-in of which the provider does not say when it was is none of just now.
    let unsaid = office.enter(json!({ "groups": ["leads"] })).await;
    let answer =
        office.desk.act("/console/staff/bob%40example.com", &unsaid, &[("to", "viewer")]).await;
    assert_eq!(answer.header("location"), prove);
}
