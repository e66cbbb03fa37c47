//! What is counted: enough to run it, and never more series than the program has names for.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Company, Process, id_of};
use crate::webhooks::Receiver;

/// Names and labels, values left out.
fn series(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_step_call_and_queue_can_be_watched() {
    let company = Company::open().await;
    let receiver = Receiver::open().await;
    let process = Process::start(&company, &[]).await;
    company.add_endpoint(&process.url, &receiver.url()).await;
    let live = company.start(&process.url, "acme", "heartbeat").await;
    company.until(&process.url, id_of(&live), "live", "live").await;
    let text = process.scrape().await;
    for line in [
        "gangway_steps_entered_total{step=\"create_account\"} 1",
        "gangway_steps_left_total{step=\"create_account\"} 1",
        "gangway_steps_entered_total{step=\"live\"} 1",
        "gangway_steps_left_total{step=\"activate\"} 1",
        "gangway_steps_total{step=\"install\",outcome=\"done\"} 1",
        "gangway_step_seconds_count{step=\"map\"} 1",
        "gangway_time_at_step_seconds{step=\"install\"} ",
        "gangway_cyclr_calls_total{call=\"install template\",outcome=\"ok\"} 1",
        "gangway_cyclr_call_seconds_count{call=\"install template\"} 1",
        "gangway_oldest_due_seconds ",
        "gangway_outbox_oldest_seconds ",
        "gangway_log_lines_lost 0",
        "gangway_onboardings{status=\"live\",waits_for=\"\"} 1",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("gangway_steps_left_total{step=\"live\"}"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_from_outside_becomes_a_label() {
    let company = Company::open().await;
    let process = Process::start(&company, &[]).await;
    let mut known = None;
    for round in ["canary-one", "canary-two", "canary-three"] {
        let hostile = format!("{round}\"}} 1 evil{{x=\"");
        for (method, path) in [
            ("GET", format!("/{round}")),
            ("PUT", "/v1/onboardings".to_owned()),
            ("GET", format!("/v1/onboardings/{round}?status={round}&step={round}")),
            ("GET", format!("/l/{round}")),
            ("GET", format!("/v1/onboardings?q={round}&blueprint={round}&problem={round}")),
            ("POST", format!("/v1/onboardings/{round}/retry")),
        ] {
            company.ask(&process.url, method, &path, &json!({ round: hostile })).await;
        }
        let asked = company.http.get(format!("{}/v1/onboardings", process.url));
        asked.bearer_auth(round).header("user-agent", round).send().await.unwrap();
        let body = json!({ "tenant_id": round, "name": hostile, "blueprint": "heartbeat",
                           "metadata": { round: hostile }, "tags": [round] });
        let started = company.ask(&process.url, "POST", "/v1/onboardings", &body).await;
        let (status, started) = (started.status(), started.text().await.unwrap());
        assert_eq!(status, 201, "{started}");
        let started: serde_json::Value = serde_json::from_str(&started).unwrap();
        company.until(&process.url, id_of(&started), "live", "live").await;
        let text = process.scrape().await;
        assert!(!text.contains("canary") && !text.contains("evil"), "{text}");
        let now = series(&text);
        // After the first round all series are there.
        let before = known.replace(now.clone()).unwrap_or(now.clone());
        assert_eq!(now.difference(&before).collect::<Vec<_>>(), [""; 0]);
    }
}
