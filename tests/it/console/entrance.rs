//! Signing in, staying in, going out, and what others who try make of it.

use axum::http::StatusCode;
use chrono::TimeDelta;
use gangway::store::{Role, StaffChange};

use super::{Desk, PASSWORD, by_command_line, form_request};

const ADA: &str = "ada@example.com";

fn try_with<'a>(email: &'a str, password: &'a str) -> [(&'a str, &'a str); 2] {
    [("email", email), ("password", password)]
}

#[tokio::test]
async fn whoever_is_unknown_and_whoever_mistypes_hear_the_same() {
    let desk = Desk::open().await;
    desk.add(ADA, Role::Viewer).await;
    let mut told = Vec::new();
    for email in [ADA, "nobody@example.com"] {
        let answer = desk.post("/console/sign-in", "", &try_with(email, "wrong")).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(answer.headers.get("set-cookie").is_none());
        assert!(!answer.body.contains("wrong\""), "the password is not shown again");
        told.push(answer.body.replace(email, ""));
    }
    assert_eq!(told[0], told[1]);
    let answer = desk.post("/console/sign-in", "", &try_with("ADA@example.com", PASSWORD)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    for cookie in answer.headers.get_all("set-cookie") {
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.starts_with("__Host-gangway-"), "{cookie}");
        for part in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
    }
}

#[tokio::test]
async fn who_is_not_signed_in_is_led_to_the_entrance_and_back() {
    let desk = Desk::open().await;
    desk.add(ADA, Role::Viewer).await;
    let there = "/console/onboardings?status=stuck";
    let answer = desk.get(there, "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let entrance = answer.header("location").to_owned();
    assert_eq!(entrance, "/console/sign-in?next=%2Fconsole%2Fonboardings%3Fstatus%3Dstuck");
    let page = desk.get(&entrance, "").await;
    assert_eq!(page.filled_in()["next"], there);
    let form = [("email", ADA), ("password", PASSWORD), ("next", there)];
    assert_eq!(desk.post("/console/sign-in", "", &form).await.header("location"), there);
    let form = [("email", ADA), ("password", PASSWORD), ("next", "https://evil.example/console")];
    assert_eq!(desk.post("/console/sign-in", "", &form).await.header("location"), "/console");
    // A foreign page cannot sign anybody in as somebody else.
    let foreign = form_request("/console/sign-in", "", &form, "cross-site");
    assert_eq!(desk.send(foreign).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_session_ends_by_itself_by_hand_and_when_its_owner_goes() {
    let desk = Desk::open().await;
    let house = &desk.site.house;
    desk.add(ADA, Role::Viewer).await;
    let lives = async |cookie: &str| desk.get("/console", cookie).await.status == StatusCode::OK;

    let idle = desk.enter(ADA).await;
    house.advance(TimeDelta::minutes(119));
    assert!(lives(&idle.cookie).await);
    house.advance(TimeDelta::minutes(119));
    assert!(lives(&idle.cookie).await, "it was used in between");
    house.advance(TimeDelta::minutes(121));
    assert!(!lives(&idle.cookie).await);

    let busy = desk.enter(ADA).await;
    for _ in 0..11 {
        house.advance(TimeDelta::hours(1));
        assert!(lives(&busy.cookie).await);
    }
    house.advance(TimeDelta::hours(1));
    assert!(!lives(&busy.cookie).await, "twelve hours are the end");

    let first = desk.enter(ADA).await;
    let second = desk.enter(ADA).await;
    assert_ne!(first.cookie, second.cookie);
    let page = desk.get("/console/account", &second.cookie).await.body;
    let (_, rest) = page.split_once("/console/account/sessions/").unwrap();
    let end = format!("/console/account/sessions/{}/end", rest.split_once('/').unwrap().0);
    assert_eq!(desk.act(&end, &second, &[]).await.status, StatusCode::SEE_OTHER);
    assert!(!lives(&first.cookie).await && lives(&second.cookie).await);
    desk.act("/console/sign-out", &second, &[]).await;
    assert!(!lives(&second.cookie).await);

    let last = desk.enter(ADA).await;
    desk.add("boss@example.com", Role::Admin).await;
    let actor = by_command_line();
    house.store.change_staff(ADA, StaffChange::Disable, &actor).await.unwrap();
    assert!(!lives(&last.cookie).await);
    let answer = desk.post("/console/sign-in", "", &try_with(ADA, PASSWORD)).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn signing_in_again_makes_the_earlier_session_of_the_browser_worthless() {
    let desk = Desk::open().await;
    desk.add(ADA, Role::Viewer).await;
    let before = desk.enter(ADA).await;
    let again = desk.post("/console/sign-in", &before.cookie, &try_with(ADA, PASSWORD)).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    assert_eq!(desk.get("/console", &before.cookie).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn whoever_guesses_waits_and_keeps_nobody_else_out() {
    let desk = Desk::open().await;
    desk.add(ADA, Role::Viewer).await;
    let known = desk.enter(ADA).await;
    let guess = async || desk.post("/console/sign-in", "", &try_with(ADA, "guess")).await.status;
    for _ in 0..5 {
        assert_eq!(guess().await, StatusCode::UNAUTHORIZED);
    }
    // From outside not even the right one is taken now, or guessing would go on.
    let right = desk.post("/console/sign-in", "", &try_with(ADA, PASSWORD)).await;
    assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(right.body.contains("2026-03-02 09:01:00 UTC"), "{}", right.body);
    // Ada's own browser comes in.
    let own = desk.post("/console/sign-in", &known.cookie, &try_with(ADA, PASSWORD)).await;
    assert_eq!(own.status, StatusCode::SEE_OTHER);
    // A mark that somebody made up is worth nothing.
    let forged = "__Host-gangway-browser=name.AAAAAAAAAAAAAAAAAAAAAA";
    let forged = desk.post("/console/sign-in", forged, &try_with(ADA, PASSWORD)).await;
    assert_eq!(forged.status, StatusCode::TOO_MANY_REQUESTS);
    // Others are not concerned.
    desk.add("bob@example.com", Role::Viewer).await;
    desk.enter("bob@example.com").await;
    desk.site.house.advance(TimeDelta::minutes(1));
    assert_eq!(guess().await, StatusCode::UNAUTHORIZED);
    assert_eq!(guess().await, StatusCode::TOO_MANY_REQUESTS, "and now two minutes");
    desk.site.house.advance(TimeDelta::minutes(2));
    desk.enter(ADA).await;
}

#[tokio::test]
async fn many_tries_at_once_are_not_as_good_as_one() {
    let desk = Desk::open().await;
    desk.add(ADA, Role::Viewer).await;
    let form = try_with(ADA, "guess");
    let tries = (0..12).map(|_| desk.post("/console/sign-in", "", &form));
    let answers = futures_util::future::join_all(tries).await;
    let taken = answers.iter().filter(|answer| answer.status == StatusCode::UNAUTHORIZED).count();
    assert_eq!(taken, 5);
}

#[tokio::test]
async fn a_password_is_changed_with_the_one_so_far_and_the_other_browsers_go() {
    let desk = Desk::open().await;
    desk.add(ADA, Role::Viewer).await;
    let (mine, other) = (desk.enter(ADA).await, desk.enter(ADA).await);
    let new = "another battery staple";
    for (password, first, second) in [
        ("wrong one entirely", new, new),
        (PASSWORD, new, "another battery stable"),
        (PASSWORD, "short", "short"),
        (PASSWORD, "ada@example.com!", "ada@example.com!"),
    ] {
        let form = [("password", password), ("new", first), ("again", second)];
        let answer = desk.act("/console/account/password", &mine, &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{first}");
        assert!(answer.body.contains("Nothing was changed"));
    }
    let form = [("password", PASSWORD), ("new", new), ("again", new)];
    let answer = desk.act("/console/account/password", &mine, &form).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(desk.get("/console", &mine.cookie).await.status, StatusCode::OK);
    assert_eq!(desk.get("/console", &other.cookie).await.status, StatusCode::SEE_OTHER);
    for (password, status) in [(PASSWORD, StatusCode::UNAUTHORIZED), (new, StatusCode::SEE_OTHER)] {
        let answer = desk.post("/console/sign-in", "", &try_with(ADA, password)).await;
        assert_eq!(answer.status, status);
    }
    let rows: String = sqlx::query_scalar("SELECT string_agg(t::text, '') FROM staff t")
        .fetch_one(&desk.site.house.pool().await)
        .await
        .unwrap();
    assert!(!rows.contains(new) && rows.contains("$argon2id$"));
    let audit = desk.audit().await;
    assert!(!format!("{audit:?}").contains(new));
    assert_eq!(audit.last().unwrap()["action"], "sign_in");
    assert!(audit.iter().any(|line| line["action"] == "set_password"));
}
