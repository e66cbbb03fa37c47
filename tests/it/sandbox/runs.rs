//! Runs: when they happen, how they end, what is told of them, and to whom.

use std::future::IntoFuture as _;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::harbour::{CYCLE, READ, assert_same_shape, documented, harbour};

/// Somebody who is told of failed transactions.
struct Receiver {
    url: String,
    heard: mpsc::UnboundedReceiver<Value>,
    _server: JoinSet<std::io::Result<()>>,
}

impl Receiver {
    async fn new() -> Self {
        let (tell, heard) = mpsc::unbounded_channel();
        let hear = |State(tell): State<mpsc::UnboundedSender<Value>>, body: Bytes| async move {
            tell.send(serde_json::from_slice(&body).unwrap()).unwrap();
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/errors/secret", listener.local_addr().unwrap());
        let router = Router::new().route("/errors/secret", post(hear)).with_state(tell);
        let mut server = JoinSet::new();
        server.spawn(axum::serve(listener, router).into_future());
        Self { url, heard, _server: server }
    }

    async fn next(&mut self) -> Value {
        self.heard.recv().await.unwrap()
    }
}

#[tokio::test]
async fn an_active_cycle_runs_at_once_and_then_as_often_as_it_was_told() {
    let rig = harbour().await;
    let cycle = format!("/v1.0/cycles/{CYCLE}");
    assert_eq!(
        rig.call("PUT", &format!("{cycle}/activate"), json!({ "Interval": 15 })).await.0,
        200
    );
    assert_eq!(rig.get(&cycle).await["LastSuccessfulRunDate"], "2026-03-01T10:00:00");
    rig.sandbox.advance(TimeDelta::minutes(14));
    assert_eq!(rig.get(&format!("{cycle}/transactions")).await.as_array().unwrap().len(), 1);
    rig.sandbox.advance(TimeDelta::minutes(1));
    let runs = rig.get(&format!("{cycle}/transactions")).await;
    assert_eq!((&runs[0]["Status"], &runs[1]["Status"]), (&json!("Completed"), &json!("Errored")));
    let told = rig.get(&cycle).await;
    assert_eq!((&told["ErrorCount"], &told["TasksUsed"]), (&json!(1), &json!(3)));
    assert_eq!(
        (&told["Status"], &told["LastSuccessfulRunDate"]),
        (&json!("Active"), &json!("2026-03-01T10:00:00"))
    );
    rig.sandbox.advance(TimeDelta::minutes(15));
    assert_eq!(rig.get(&cycle).await["LastSuccessfulRunDate"], "2026-03-01T10:30:00");
    assert_eq!(rig.call("PUT", &format!("{cycle}/deactivate"), Value::Null).await.0, 200);
    rig.sandbox.advance(TimeDelta::days(1));
    assert_eq!(rig.get(&format!("{cycle}/transactions")).await.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_first_run_can_be_set_for_later_and_one_that_runs_once_pauses_itself() {
    let rig = harbour().await;
    let cycle = format!("/v1.0/cycles/{CYCLE}");
    let later = json!({ "StartTime": "2026-03-01T12:00:00Z", "Interval": 60 });
    assert_eq!(rig.call("PUT", &format!("{cycle}/activate"), later).await.0, 200);
    assert_eq!(rig.get(&cycle).await["LastSuccessfulRunDate"], "0001-01-01T00:00:00");
    rig.sandbox.advance(TimeDelta::hours(2));
    assert_eq!(rig.get(&cycle).await["LastSuccessfulRunDate"], "2026-03-01T12:00:00");
    let once = json!({ "RunOnce": true });
    assert_eq!(rig.call("PUT", &format!("{cycle}/activate"), once).await.0, 200);
    assert_eq!(rig.get(&cycle).await["Status"], "Paused");
    let wrong = json!({ "StartTime": "tomorrow" });
    assert_eq!(rig.call("PUT", &format!("{cycle}/activate"), wrong).await.0, 400);
}

#[tokio::test]
async fn a_failed_run_is_an_incident_and_is_told_to_the_accounts_webhook() {
    let rig = harbour().await;
    let mut receiver = Receiver::new().await;
    let hook = json!({ "TransactionErrorWebhookEnabled": true, "TransactionErrorWebhookUrl": receiver.url });
    assert_eq!(rig.call("PUT", "/v1.0/accounts/north-7", hook).await.0, 200);
    let order = json!({ "account": "north-7", "cycle": CYCLE, "outcomes": ["warn", "fail"],
                        "at_once": true });
    let (status, told) = rig.call("POST", "/_sandbox/runs", order).await;
    assert_eq!((status, &told["last"]["Status"]), (200, &json!("Errored")));
    let body = receiver.next().await;
    assert_same_shape("webhook", &documented("transaction_error_webhook"), &body);
    assert_eq!((&body["AccountExternalId"], &body["StepId"]), (&json!("north-7"), &json!(READ)));
    // Warnings are told only where they are asked for.
    assert_eq!(
        (&body["IncidentLevel"], receiver.heard.try_recv().is_err()),
        (&json!("Error"), true)
    );
    let incidents = rig.get(&format!("/v1.0/cycles/{CYCLE}/incidents")).await;
    assert_same_shape("incidents", &json!([documented("incident")]), &incidents);
    assert_eq!(incidents[1]["TransactionId"], body["TransactionId"]);
    let errors = rig.get("/v1.0/cycles/incidents/error?after=2026-03-01&before=3/2/2026").await;
    assert_eq!(errors.as_array().unwrap().len(), 1);
    assert_eq!(rig.get("/v1.0/cycles/incidents/error?before=2026-02-01").await, json!([]));
    assert_eq!(rig.get("/v1.0/cycles/incidents/warning").await.as_array().unwrap().len(), 1);
    assert_eq!(rig.call("GET", "/v1.0/cycles/incidents/other", Value::Null).await.0, 400);
    let done = rig.get("/v1.0/cycles/transactions?status=completed").await;
    assert_eq!(done.as_array().unwrap().len(), 1);
    let one = format!("/v1.0/cycles/{CYCLE}/transactions/{}", done[0]["Id"].as_str().unwrap());
    assert_eq!(rig.get(&one).await, done[0]);
    let cleared = rig.call("DELETE", &format!("/v1.0/cycles/{CYCLE}/incidents"), Value::Null).await;
    assert_eq!(cleared.0, 200);
    assert_eq!(rig.get(&format!("/v1.0/cycles/{CYCLE}")).await["ErrorCount"], 0);
}

#[tokio::test]
async fn warnings_are_told_where_they_are_asked_for() {
    let rig = harbour().await;
    let mut receiver = Receiver::new().await;
    let hook = json!({ "TransactionErrorWebhookEnabled": true, "TransactionErrorWebhookUrl": receiver.url,
                       "TransactionErrorWebhookIncludeWarnings": true });
    assert_eq!(rig.call("PUT", "/v1.0/accounts/north-7", hook).await.0, 200);
    let order = json!({ "account": "north-7", "cycle": CYCLE, "outcomes": ["warn"] });
    assert_eq!(rig.call("POST", "/_sandbox/runs", order).await.1["ordered"], 1);
    let activate = format!("/v1.0/cycles/{CYCLE}/activate");
    assert_eq!(rig.call("PUT", &activate, json!({ "Interval": 1 })).await.0, 200);
    assert_eq!(receiver.next().await["IncidentLevel"], "Warning");
}

#[tokio::test]
async fn a_step_that_fails_can_stop_its_cycle_and_a_called_one_waits_to_be_called() {
    let rig = harbour().await;
    let path = "/v1.0/templates/0a000000-0000-4000-8000-000000000003/install";
    let cycle = rig.call("POST", path, json!({})).await.1;
    let path = format!("/v1.0/cycles/{}", cycle["Id"].as_str().unwrap());
    assert_eq!(rig.call("PUT", &format!("{path}/activate"), json!({ "Interval": 1 })).await.0, 200);
    rig.sandbox.advance(TimeDelta::days(1));
    assert_eq!(rig.get(&path).await["Status"], "Active");
    let order = json!({ "account": "north-7", "cycle": cycle["Id"], "outcomes": ["fail"],
                        "at_once": true });
    assert_eq!(rig.call("POST", "/_sandbox/runs", order).await.0, 200);
    assert_eq!(rig.get(&path).await["Status"], "Stopped");
}

#[tokio::test]
async fn a_years_missed_runs_are_few_and_a_deleted_cycle_is_gone_after_ninety_days() {
    let mut rig = harbour().await;
    let cycle = format!("/v1.0/cycles/{CYCLE}");
    assert_eq!(
        rig.call("PUT", &format!("{cycle}/activate"), json!({ "Interval": 1 })).await.0,
        200
    );
    rig.sandbox.advance(TimeDelta::days(365));
    rig.renew_token().await;
    let kept = rig.get(&format!("{cycle}/transactions?pageSize=1000")).await;
    assert_eq!(kept.as_array().unwrap().len(), 50);
    assert_eq!(rig.call("DELETE", &cycle, Value::Null).await.0, 200);
    rig.sandbox.advance(TimeDelta::days(89));
    rig.renew_token().await;
    assert_eq!(rig.get(&cycle).await["Status"], "DeleteScheduled");
    rig.sandbox.advance(TimeDelta::days(1));
    assert_eq!(rig.call("GET", &cycle, Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_cycle_that_never_ran_leaves_the_recycle_bin_too() {
    let mut rig = harbour().await;
    let cycle = format!("/v1.0/cycles/{CYCLE}");
    assert_eq!(rig.call("DELETE", &cycle, Value::Null).await.0, 200);
    rig.sandbox.advance(TimeDelta::days(90));
    rig.renew_token().await;
    assert_eq!(rig.call("GET", &cycle, Value::Null).await.0, 404);
}

#[tokio::test]
async fn an_order_that_makes_no_sense_changes_nothing() {
    let rig = harbour().await;
    let before = rig.sandbox.world();
    let table = [
        (json!({ "account": "none", "cycle": CYCLE, "outcomes": ["fail"] }), 404),
        (json!({ "account": "north-7", "cycle": READ, "outcomes": ["fail"] }), 404),
        (json!({ "account": "north-7", "cycle": CYCLE, "outcomes": ["explode"] }), 400),
        (json!({ "account": "north-7", "cycle": CYCLE, "outcomes": vec!["fail"; 1001] }), 400),
    ];
    for (order, status) in table {
        assert_eq!(rig.call("POST", "/_sandbox/runs", order.clone()).await.0, status, "{order}");
    }
    assert_eq!(rig.sandbox.world(), before);
}
