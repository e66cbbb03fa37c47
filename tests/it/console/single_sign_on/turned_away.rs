//! Every way in which nobody must come in.

use axum::http::StatusCode;
use chrono::TimeDelta;
use gangway::store::{Role, StaffChange};
use serde_json::{Value, json};

use super::{Office, START, merged};
use crate::console::by_command_line;
use crate::console::provider::{CLIENT, Mood};

#[tokio::test]
async fn whoever_may_not_come_in_changes_nothing() {
    let office = Office::open().await;
    office.desk.add("ada@example.com", Role::Viewer).await;
    office.enter(json!({ "sub": "eve", "email": "eve@example.com" })).await;
    office.enter(json!({ "sub": "max", "email": "max@example.com", "groups": ["leads"] })).await;
    let actor = by_command_line();
    let store = &office.desk.site.house.store;
    store.change_staff("eve@example.com", StaffChange::Disable, &actor).await.unwrap();
    let before = office.rows().await;
    for (claims, status, words) in [
        (json!({ "sub": "new" }), StatusCode::CONFLICT, "Your address belongs to another account"),
        (
            json!({ "sub": "new", "email": "n@example.com", "groups": [] }),
            StatusCode::FORBIDDEN,
            "You are in no group",
        ),
        (
            json!({ "sub": "new", "email": "n@example.com", "groups": ["Support"] }),
            StatusCode::FORBIDDEN,
            "You are in no group",
        ),
        (
            json!({ "sub": "max", "email": "max@example.com", "groups": null }),
            StatusCode::FORBIDDEN,
            "You are in no group",
        ),
        (
            json!({ "sub": "eve", "email": "eve@example.com" }),
            StatusCode::FORBIDDEN,
            "You are not let in any more",
        ),
        (
            json!({ "sub": "max", "email": "max@example.com" }),
            StatusCode::CONFLICT,
            "You are the last administrator",
        ),
    ] {
        Office::refused(&office.come(claims).await, status, words);
        assert_eq!(office.rows().await, before, "{words}");
    }
    office.desk.add("boss@example.com", Role::Admin).await;
    office.enter(json!({ "sub": "max", "email": "max@example.com" })).await;
    store.change_staff("eve@example.com", StaffChange::Enable, &actor).await.unwrap();
    office.enter(json!({ "sub": "eve", "email": "eve@example.com" })).await;
}

#[tokio::test]
async fn what_comes_back_is_for_this_browser_now_and_once() {
    let office = Office::open().await;
    let away = office.leave(START, "").await;
    let other = office.leave(START, "").await;
    let back = office.provider.sign_in(&away.page, office.now(), &json!({}));
    let before = office.rows().await;
    let (path, query) = back.split_once('?').unwrap();
    let code = query.split('&').find(|field| field.starts_with("code=")).unwrap();
    for (back, cookie) in [
        (back.as_str(), ""),
        (back.as_str(), other.cookie.as_str()),
        (back.as_str(), "__Host-gangway-sign-in=AAAA"),
        (&format!("{path}?{code}"), &away.cookie),
        (&format!("{path}?{code}&state=forged"), &away.cookie),
        (&format!("{back}&iss=https%3A%2F%2Fevil.example"), &away.cookie),
        (&format!("{path}?error=access_denied&state=forged"), &away.cookie),
    ] {
        let answer = office.desk.get(back, cookie).await;
        Office::refused(&answer, StatusCode::BAD_REQUEST, "This sign-in was not begun here");
    }
    assert_eq!(office.rows().await, before);
    assert!(!office.provider.heard().contains(&"token"), "no code went anywhere");

    let in_time = office.desk.get(&back, &away.cookie).await;
    assert_eq!(in_time.status, StatusCode::SEE_OTHER, "{}", in_time.body);
    assert!(!merged(&away.cookie, &in_time).contains("gangway-sign-in"), "it is thrown away");
    let before = office.rows().await;
    let again = office.desk.get(&back, &away.cookie).await;
    Office::refused(&again, StatusCode::CONFLICT, "This sign-in was used before");
    assert_eq!(office.provider.heard().iter().filter(|call| **call == "token").count(), 1);

    let late = office.provider.sign_in(&other.page, office.now() + 600, &json!({}));
    office.desk.site.house.advance(TimeDelta::minutes(10));
    let late = office.desk.get(&late, &other.cookie).await;
    Office::refused(&late, StatusCode::BAD_REQUEST, "The sign-in took too long");
    assert_eq!(office.rows().await, before);
}

#[tokio::test]
async fn a_token_that_does_not_hold_proves_nobody() {
    let office = Office::open().await;
    let now = office.now();
    let words = "The sign-in cannot be believed";
    for claims in [
        json!({ "nonce": "another" }),
        json!({ "nonce": null }),
        json!({ "aud": "somebody-else" }),
        json!({ "aud": [CLIENT, "somebody-else"] }),
        json!({ "iss": "https://evil.example" }),
        json!({ "exp": now }),
        json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" }),
    ] {
        let answer = office.come(claims.clone()).await;
        Office::refused(&answer, StatusCode::FORBIDDEN, words);
        assert_eq!(office.rows().await, Vec::<Value>::new(), "{claims}");
    }
    for algorithm in ["none", "HS256", "RS256"] {
        office.provider.claims_to_sign_by(algorithm);
        let answer = office.come(json!({})).await;
        assert!([403, 502].contains(&answer.status.as_u16()), "{algorithm}: {}", answer.body);
        assert_eq!(office.rows().await, Vec::<Value>::new(), "{algorithm}");
    }
    office.provider.claims_to_sign_by("EdDSA");
    office.enter(json!({ "aud": [CLIENT] })).await;
    office.provider.is_impersonated();
    let before = office.rows().await;
    Office::refused(&office.come(json!({})).await, StatusCode::FORBIDDEN, words);
    assert_eq!(office.rows().await, before);
}

#[tokio::test]
async fn new_keys_are_fetched_but_not_at_anybodys_pace() {
    let office = Office::open().await;
    office.enter(json!({})).await;
    office.provider.changes_keys();
    let words = "The sign-in cannot be believed";
    Office::refused(&office.come(json!({})).await, StatusCode::FORBIDDEN, words);
    assert_eq!(office.provider.heard().iter().filter(|call| **call == "keys").count(), 1);
    office.desk.site.house.advance(TimeDelta::minutes(1));
    office.enter(json!({})).await;
    assert_eq!(office.provider.heard().iter().filter(|call| **call == "keys").count(), 1);
}

#[tokio::test]
async fn a_provider_in_trouble_is_told_of_and_asked_again_later() {
    let office = Office::open().await;
    for (mood, words) in [
        (Mood::Away, "The sign-in cannot be reached"),
        (Mood::Redirects, "The sign-in cannot be reached"),
    ] {
        office.provider.is(mood);
        let answer = office.desk.get(START, "").await;
        Office::refused(&answer, StatusCode::BAD_GATEWAY, words);
    }
    for (mood, words) in [
        (Mood::Says(200, "rubbish"), "The sign-in cannot be understood"),
        (Mood::Says(200, "{}"), "The sign-in cannot be understood"),
        (Mood::Says(200, r#"{"access_token":"a","token_type":"Bearer"}"#), "cannot be understood"),
        (Mood::Says(400, r#"{"error":"invalid_grant"}"#), "The sign-in was not confirmed"),
        (Mood::Says(302, ""), "The sign-in cannot be understood"),
        (Mood::Floods, "The sign-in cannot be understood"),
        (Mood::Away, "The sign-in cannot be"),
    ] {
        office.provider.is(Mood::Good);
        let away = office.leave(START, "").await;
        let back = office.provider.sign_in(&away.page, office.now(), &json!({}));
        office.provider.is(mood);
        let answer = office.desk.get(&back, &away.cookie).await;
        Office::refused(&answer, StatusCode::BAD_GATEWAY, words);
    }
    office.provider.is(Mood::Good);
    for (error, status, words) in [
        ("access_denied", StatusCode::FORBIDDEN, "The sign-in was refused"),
        ("server_error", StatusCode::BAD_GATEWAY, "The sign-in did not work out"),
    ] {
        let away = office.leave(START, "").await;
        let (_, state) = away.page.query_pairs().find(|(name, _)| name == "state").unwrap();
        let back = format!("/console/sign-in/return?error={error}&state={state}");
        Office::refused(&office.desk.get(&back, &away.cookie).await, status, words);
    }
    assert_eq!(office.rows().await, Vec::<Value>::new());
    office.enter(json!({})).await;
}
