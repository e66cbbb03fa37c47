//! Each kind of fault does what it says: to the caller, and to the world.

use std::time::Duration;

use chrono::TimeDelta;
use gangway::sandbox::{CRM_TO_MAIL, FaultKind, Settings, parse_faults};
use reqwest::Client;
use serde_json::{Value, json};

use super::{ACCOUNT, Rig, install_path, stopped_clock};

#[tokio::test]
async fn a_refusal_is_told_and_not_performed() {
    let rig = Rig::with_account(stopped_clock()).await;
    let retry_after = Some("7".to_owned());
    rig.inject(FaultKind::Refuse { status: 429, message: "Slow down".to_owned(), retry_after });
    let refused = rig.send("POST", &install_path(), Value::Null).await.unwrap();
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["retry-after"]),
        (429, &"7".parse().unwrap())
    );
    assert_eq!(refused.text().await.unwrap(), r#"{"Message":"Slow down"}"#);
    assert_eq!((rig.cycles(), rig.last()), (0, (Some(429), false)));
    rig.install(CRM_TO_MAIL).await;
    assert_eq!((rig.cycles(), rig.last()), (1, (Some(200), true)));
}

#[tokio::test]
async fn a_dropped_connection_shows_no_status_whether_performed_or_not() {
    let rig = Rig::with_account(stopped_clock()).await;
    for (kind, cycles) in [(FaultKind::DropBefore, 0), (FaultKind::LoseAnswer, 1)] {
        rig.inject(kind);
        let error = rig.send("POST", &install_path(), json!({})).await.unwrap_err();
        assert!(error.is_request() && error.status().is_none() && !error.is_timeout(), "{error:?}");
        assert_eq!((rig.cycles(), rig.last()), (cycles, (None, cycles == 1)));
    }
}

#[tokio::test]
async fn a_dead_connection_is_closed_without_a_byte() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let rig = Rig::with_account(stopped_clock()).await;
    rig.inject(FaultKind::LoseAnswer);
    let mut socket = tokio::net::TcpStream::connect(&rig.base["http://".len()..]).await.unwrap();
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nx-cyclr-account: {ACCOUNT}\r\n\
         content-length: 2\r\n\r\n{{}}",
        install_path(),
        rig.token
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    assert_eq!((answer.as_slice(), rig.cycles()), (&[][..], 1));
}

#[tokio::test]
async fn a_held_call_is_performed_only_while_its_client_waits() {
    let rig = Rig::with_account(stopped_clock()).await;
    for (kind, cycles) in [(FaultKind::HoldBefore, 0), (FaultKind::HoldAfter, 1)] {
        rig.inject(kind);
        let path = install_path();
        // Too long to lie in a buffer: the server must have read it to see the client go.
        let call = rig.send("POST", &path, json!({ "Name": "n".repeat(900_000) }));
        tokio::select! {
            _ = call => panic!("the call was answered"),
            () = rig.sandbox.wait_until_held() => {}
        }
        // The client has gone; only when the server has noticed may the hold be lifted.
        rig.sandbox.wait_until_none_held().await;
        rig.sandbox.clear_faults();
        assert_eq!((rig.cycles(), rig.last()), (cycles, (None, cycles == 1)));
    }

    rig.inject(FaultKind::HoldBefore);
    let path = install_path();
    let clear = async {
        rig.sandbox.wait_until_held().await;
        assert_eq!(rig.cycles(), 1);
        rig.sandbox.clear_faults();
    };
    let (answer, ()) = tokio::join!(rig.send("POST", &path, json!({})), clear);
    assert_eq!((answer.unwrap().status().as_u16(), rig.cycles()), (200, 2));
}

#[tokio::test]
async fn a_stalled_call_is_performed_after_or_before_its_pause() {
    let rig = Rig::with_account(stopped_clock()).await;
    let impatient = Client::builder().no_proxy().timeout(Duration::from_millis(100));
    let impatient = impatient.build().unwrap();
    let seconds = 0.15;
    let stalls = [FaultKind::StallBefore { seconds }, FaultKind::StallAfter { seconds }];
    for (kind, abandoned) in stalls.into_iter().zip([0, 1]) {
        rig.inject(kind.clone());
        let request = impatient.post(format!("{}{}", rig.base, install_path()));
        let request = request.bearer_auth(&rig.token).header("X-Cyclr-Account", ACCOUNT);
        assert!(request.send().await.unwrap_err().is_timeout());
        let before = rig.cycles();
        rig.inject(kind);
        rig.install(CRM_TO_MAIL).await;
        assert_eq!(rig.cycles(), before + 1);
        let lost = rig.sandbox.calls().into_iter().filter(|call| call.status.is_none());
        assert_eq!(lost.filter(|call| call.performed).count(), abandoned);
    }
}

#[tokio::test]
async fn a_spoilt_answer_is_performed_all_the_same() {
    let rig = Rig::with_account(stopped_clock()).await;
    rig.inject(FaultKind::Html { status: 200 });
    let page = rig.send("POST", &install_path(), Value::Null).await.unwrap();
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    rig.inject(FaultKind::Truncated);
    let half = rig.send("POST", &install_path(), Value::Null).await.unwrap();
    let half = half.text().await.unwrap();
    assert!(half.starts_with('{') && serde_json::from_str::<Value>(&half).is_err());
    rig.inject(FaultKind::Huge);
    let mut huge = rig.send("POST", &install_path(), Value::Null).await.unwrap();
    let mut heard = 0;
    while heard < 4 * 1024 * 1024 {
        heard += huge.chunk().await.unwrap().unwrap().len();
    }
    assert_eq!(rig.cycles(), 3);
}

#[tokio::test]
async fn a_dripping_answer_is_performed_and_outlasts_a_limit_between_two_bytes() {
    let rig = Rig::with_account(stopped_clock()).await;
    rig.inject(FaultKind::Drip);
    let mut answer = rig.send("POST", &install_path(), Value::Null).await.unwrap();
    assert_eq!((answer.status().as_u16(), rig.cycles()), (200, 1));
    for byte in ["[", " "] {
        assert_eq!(answer.chunk().await.unwrap().unwrap(), byte);
    }

    rig.inject(FaultKind::Drip);
    let patience = Duration::from_millis(1_500);
    let limits = Client::builder().no_proxy().read_timeout(patience).timeout(2 * patience);
    let asked = limits.build().unwrap().post(format!("{}{}", rig.base, install_path()));
    let asked = asked.bearer_auth(&rig.token).header("X-Cyclr-Account", ACCOUNT);
    let failed = asked.send().await.unwrap().bytes().await.unwrap_err();
    assert!(failed.is_timeout(), "{failed:?}");
}

#[tokio::test]
async fn a_late_call_is_performed_when_the_clock_has_gone_on_and_not_before() {
    let rig = Rig::with_account(stopped_clock()).await;
    rig.inject(FaultKind::CommitLate { seconds: 40.0 });
    let error = rig.send("POST", &install_path(), json!({})).await.unwrap_err();
    assert!(error.is_request() && error.status().is_none() && !error.is_timeout(), "{error:?}");
    rig.sandbox.wait_until_none_late().await;
    assert_eq!((rig.cycles(), rig.last()), (0, (None, false)));

    rig.sandbox.clear_faults();
    rig.sandbox.advance(TimeDelta::seconds(39));
    rig.sandbox.wait_until_none_late().await;
    assert_eq!((rig.cycles(), rig.last()), (0, (None, false)));

    rig.sandbox.advance(TimeDelta::seconds(1));
    rig.sandbox.wait_until_none_late().await;
    assert_eq!((rig.cycles(), rig.last()), (1, (None, true)));
}

#[tokio::test]
async fn with_the_systems_clock_a_late_call_is_performed_by_itself() {
    let rig = Rig::with_account(Settings::default()).await;
    rig.inject(FaultKind::CommitLate { seconds: 0.2 });
    assert!(rig.send("POST", &install_path(), json!({})).await.is_err());
    rig.sandbox.wait_until_none_late().await;
    assert_eq!((rig.cycles(), rig.last()), (1, (None, true)));
}

#[tokio::test]
async fn a_chance_strikes_the_same_calls_in_every_run() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let rig = Rig::with_account(stopped_clock()).await;
        let fault = json!({
            "path": "/v1.0/templates", "times": u32::MAX, "chance": 0.35, "seed": 11,
            "kind": "refuse", "status": 503
        });
        assert_eq!(rig.call("POST", "/_sandbox/faults", fault).await.0, 200);
        let mut statuses = Vec::new();
        for _ in 0..60 {
            statuses.push(rig.call("GET", "/v1.0/templates", Value::Null).await.0);
        }
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&200) && runs[0].contains(&503), "{runs:?}");
}

#[tokio::test]
async fn a_revoked_token_is_refused_until_a_new_one_is_asked_for() {
    let mut rig = Rig::with_account(stopped_clock()).await;
    rig.inject(FaultKind::TokenRevoked);
    assert_eq!(rig.call("POST", &install_path(), Value::Null).await.0, 401);
    assert_eq!(rig.call("POST", &install_path(), Value::Null).await.0, 401);
    assert_eq!(rig.cycles(), 0);
    rig.renew_token().await;
    rig.install(CRM_TO_MAIL).await;
}

#[tokio::test]
async fn the_control_surface_takes_faults_moves_the_clock_and_shows_the_world() {
    let rig = Rig::with_account(stopped_clock()).await;
    let fault = json!({ "path": "/v1.0/*", "skip": 1, "kind": "refuse", "status": 503 });
    assert_eq!(rig.call("POST", "/_sandbox/faults", fault).await.0, 200);
    rig.get("/v1.0/templates").await;
    assert_eq!(rig.call("GET", "/v1.0/templates", Value::Null).await.0, 503);
    let lasting = json!({ "path": "/v1.0/*", "times": 9, "kind": "drop_before" });
    rig.call("POST", "/_sandbox/faults", lasting).await;
    assert_eq!(rig.call("DELETE", "/_sandbox/faults", Value::Null).await.0, 204);
    rig.get("/v1.0/templates").await;
    for wrong in [
        json!({ "path": "/", "kind": "refuse", "status": 99 }),
        json!({ "path": "/", "kind": "drip", "chance": 1.1 }),
        json!({ "path": "/", "kind": "commit_late", "seconds": -1 }),
    ] {
        assert_eq!(rig.call("POST", "/_sandbox/faults", wrong).await.0, 400);
    }
    let moved = rig.call("POST", "/_sandbox/clock", json!({ "advance_seconds": 60 })).await.1;
    assert_eq!(moved["now"], "2026-03-01T10:01:00.123456700Z");
    assert_eq!(rig.get("/_sandbox/world").await, rig.sandbox.world());
    assert_eq!(rig.get("/_sandbox/calls").await, json!(rig.sandbox.calls()));
    let name = json!({ "Name": "<b>Acme</b>" });
    rig.call("PUT", &format!("/v1.0/accounts/{ACCOUNT}"), name).await;
    let page = rig.get("/").await;
    assert!(!page.as_str().unwrap().contains("<b>Acme"));
}

/// A call that brings its own fault along.
async fn struck(rig: &Rig, fault: &str) -> reqwest::Result<reqwest::Response> {
    let asked = rig.http.post(format!("{}{}", rig.base, install_path())).bearer_auth(&rig.token);
    asked.header("X-Cyclr-Account", ACCOUNT).header("X-Sandbox-Fault", fault).send().await
}

#[tokio::test]
async fn a_header_strikes_the_call_that_carries_it_and_no_other() {
    let rig = Rig::with_account(stopped_clock()).await;
    let refused = struck(&rig, "refuse 429; retry-after=7; message=Slow down").await.unwrap();
    assert_eq!((refused.status().as_u16(), rig.cycles()), (429, 0));
    assert_eq!(refused.headers()["retry-after"], "7");
    assert_eq!(refused.text().await.unwrap(), r#"{"Message":"Slow down"}"#);
    assert!(struck(&rig, r#"{"kind":"lose_answer"}"#).await.is_err());
    assert_eq!((rig.cycles(), rig.last()), (1, (None, true)));
    let by = rig.sandbox.calls().pop().unwrap().fault.unwrap();
    assert_eq!((by.number, by.kind), (0, "lose_answer"));

    let page = struck(&rig, "html 502").await.unwrap();
    assert_eq!((page.status().as_u16(), rig.cycles()), (502, 2));
    let told = struck(&rig, "refuse four").await.unwrap();
    assert_eq!(told.status(), 400);
    let text = told.text().await.unwrap();
    assert!(text.contains("X-Sandbox-Fault") && text.contains("`four` is no number"), "{text}");
    rig.install(CRM_TO_MAIL).await;
    assert_eq!(rig.cycles(), 3);
}

#[tokio::test]
async fn an_answer_of_wrong_types_keeps_its_names_and_comes_out_the_same_for_a_seed() {
    let rig = Rig::with_account(stopped_clock()).await;
    let whole = rig.get(&format!("/v1.0/accounts/{ACCOUNT}")).await;
    let mut seen = Vec::new();
    for seed in [4, 4, 5] {
        let fault = json!({ "path": "/v1.0/accounts/*", "kind": "wrong_types", "seed": seed });
        assert_eq!(rig.call("POST", "/_sandbox/faults", fault).await.0, 200);
        let spoilt = rig.get(&format!("/v1.0/accounts/{ACCOUNT}")).await;
        let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&spoilt), names(&whole));
        assert_ne!(spoilt, whole);
        seen.push(spoilt);
    }
    assert!(seen[0] == seen[1] && seen[1] != seen[2], "{seen:#?}");
}

#[tokio::test]
async fn a_body_can_be_missing_break_off_be_too_large_or_too_slow() {
    let rig = Rig::with_account(stopped_clock()).await;
    let none = struck(&rig, "empty").await.unwrap();
    assert_eq!((none.status().as_u16(), none.bytes().await.unwrap().len()), (200, 0));
    assert_eq!(struck(&rig, "empty 503").await.unwrap().status(), 503);

    let broken = struck(&rig, "reset").await.unwrap();
    let promised = broken.content_length().unwrap();
    assert!(broken.status() == 200 && promised > 100, "{promised}");
    let error = broken.bytes().await.unwrap_err();
    assert!(error.is_body() || error.is_decode() || error.is_request(), "{error:?}");

    let large = struck(&rig, "oversized 5000000").await.unwrap().bytes().await.unwrap();
    assert_eq!(large.len(), 5_000_000);
    assert_eq!(serde_json::from_slice::<Value>(&large).unwrap()["Status"], "Paused");

    let begun = std::time::Instant::now();
    let slow = struck(&rig, "slow 0.5").await.unwrap().bytes().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(500));
    assert_eq!(serde_json::from_slice::<Value>(&slow).unwrap()["Status"], "Paused");
    assert_eq!(rig.cycles(), 5);
}

#[tokio::test]
async fn the_faults_in_force_are_listed_with_what_they_struck() {
    let faults = parse_faults(
        "[[fault]]\npath = '/v1.0/templates'\ntimes = 5\nskip = 1\nkind = 'refuse'\nstatus = 503\n",
    );
    let settings = Settings { faults: faults.unwrap(), ..stopped_clock() };
    let rig = Rig::with_account(settings).await;
    for status in [200, 503, 503] {
        assert_eq!(rig.call("GET", "/v1.0/templates", Value::Null).await.0, status);
    }
    let once = json!({ "path": "/v1.0/connectors", "kind": "drip" });
    let told = rig.call("POST", "/_sandbox/faults", once).await.1;
    assert_eq!(told["number"], 2);
    let listed = rig.get("/_sandbox/faults").await;
    let short = listed.as_array().unwrap().iter().map(|one| {
        (
            one["number"].as_u64().unwrap(),
            one["struck"].as_u64().unwrap(),
            one["times"].as_u64().unwrap(),
        )
    });
    assert_eq!(short.collect::<Vec<_>>(), [(1, 2, 3), (2, 0, 1)]);
    assert_eq!(rig.call("DELETE", "/_sandbox/faults", Value::Null).await.0, 204);
    assert_eq!(rig.get("/_sandbox/faults").await, json!([]));
    let slip = json!({ "path": "/v1.0/*", "tmes": 9, "kind": "drip" });
    let (status, told) = rig.call("POST", "/_sandbox/faults", slip).await;
    assert_eq!(status, 400);
    assert!(told["Message"].as_str().unwrap().contains("unknown field `tmes`"), "{told}");
}
