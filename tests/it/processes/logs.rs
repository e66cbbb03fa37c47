//! Log lines: each is one event, says whose it is, and keeps nobody waiting.

use std::fs::OpenOptions;
use std::os::fd::OwnedFd;
use std::time::Duration;

use serde_json::{Value, json};

use gangway::sandbox::{Fault, FaultKind};

use super::{Company, Lines, Process, id_of};

const HOSTILE: &str = "Acme\r\n{\"level\":\"ERROR\"}\n\u{1b}[31mred\u{1b}[0m\u{7}\u{2028}\u{9b}31m";

fn events(process: &Process) -> Vec<Value> {
    let text = process.lines();
    // The first lines are for people, on standard output.
    let lines = text.lines().filter(|line| line.starts_with('{'));
    lines.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

/// The value of a field in any of the spans that an event is in.
fn in_spans<'a>(event: &'a Value, field: &str) -> Option<&'a str> {
    event["spans"].as_array()?.iter().find_map(|span| span[field].as_str())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_is_one_event_and_says_whose_it_is() {
    let company = Company::open().await;
    let more = [("GANGWAY_LOG", "debug,sqlx=info,hyper=info")];
    let mut process = Process::start(&company, &more).await;
    // Cyclr's words come from outside, too.
    let refusal = FaultKind::Refuse { status: 400, message: HOSTILE.to_owned(), retry_after: None };
    company.sandbox.inject(Fault::once("POST", "/v1.0/accounts", refusal));
    let body = json!({ "tenant_id": "acme", "name": "Acme", "blueprint": "heartbeat",
                       "metadata": { "note": HOSTILE } });
    let answer = company.ask(&process.url, "POST", "/v1/onboardings", &body).await;
    assert_eq!(answer.status(), 201);
    let named = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let started: Value = answer.json().await.unwrap();
    let (id, reference) = (id_of(&started), started["reference"].as_str().unwrap());
    company.until(&process.url, id, "stuck", "create_account").await;
    let retry = format!("/v1/onboardings/{id}/retry");
    company.ask(&process.url, "POST", &retry, &json!({ "reason": "again" })).await;
    company.until(&process.url, id, "live", "live").await;
    // A refusal names the request in header, body and line alike.
    let hostile = json!({ "tenant_id": HOSTILE, "name": HOSTILE, "blueprint": HOSTILE });
    let refused = company.ask(&process.url, "POST", "/v1/onboardings", &hostile).await;
    assert!(refused.status().is_client_error());
    let refused_as = refused.headers()["x-request-id"].to_str().unwrap().to_owned();
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["request_id"], *refused_as);
    process.stop().await;

    let events = events(&process);
    for (request, status) in [(&named, 201), (&refused_as, problem["status"].as_i64().unwrap())] {
        let answered = events.iter().find(|event| {
            event["fields"]["http.status"] == status
                && in_spans(event, "request.id") == Some(request)
        });
        assert!(answered.is_some(), "no line of {request}\n{}", process.lines());
    }
    let of_requests = events.iter().filter(|event| event["fields"]["http.status"].is_number());
    assert!(of_requests.clone().count() > 5);
    assert!(of_requests.clone().all(|event| in_spans(event, "request.id").is_some()));
    let is_engines = |event: &&Value| {
        event["spans"]
            .as_array()
            .is_some_and(|spans| spans.iter().any(|span| span["name"] == "engine.drive"))
    };
    let engines: Vec<_> = events.iter().filter(is_engines).collect();
    assert!(!engines.is_empty(), "{}", process.lines());
    for event in engines {
        assert_eq!(in_spans(event, "onboarding.id"), Some(id), "{event:#}");
        assert_eq!(in_spans(event, "onboarding.reference"), Some(reference), "{event:#}");
    }
    assert_clean(&process.lines());
}

/// Nothing that controls a terminal, and no line that begins elsewhere than a line of ours.
fn assert_clean(text: &str) {
    let is_bad = |c: char| c != '\n' && (c.is_control() || c == '\u{2028}' || c == '\u{2029}');
    assert!(!text.contains(is_bad), "{text}");
    assert!(!text.lines().any(|line| line.starts_with("{\"level\":\"ERROR\"}")), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_text_form_keeps_one_event_to_a_line_too() {
    let company = Company::open().await;
    let more = [("GANGWAY_LOG", "debug,hyper=info"), ("GANGWAY_LOG_FORMAT", "text")];
    let mut process = Process::start(&company, &more).await;
    let refusal = FaultKind::Refuse { status: 400, message: HOSTILE.to_owned(), retry_after: None };
    company.sandbox.inject(Fault::once("POST", "/v1.0/accounts", refusal));
    let started = company.start(&process.url, "acme", "heartbeat").await;
    company.until(&process.url, id_of(&started), "stuck", "create_account").await;
    process.stop().await;
    let text = process.lines();
    assert!(text.contains("http.request{"), "{text}");
    assert_clean(&text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_whoever_reads_the_lines() {
    let company = Company::open().await;
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let (closed_reader, closed) = std::io::pipe().unwrap();
    drop(closed_reader);
    let ways = [
        ("a full disk", OwnedFd::from(full)),
        ("a closed pipe", closed.into()),
        // It takes 64 KiB and then nothing.
        ("a pipe that nobody empties", writer.into()),
    ];
    for (number, (what, to)) in ways.into_iter().enumerate() {
        let more = [("GANGWAY_LOG", "trace")];
        let mut process = Process::start_telling(&company, &more, Lines::To(to)).await;
        let mut all = Vec::new();
        for tenant in 0..10 {
            let tenant = format!("tenant-{number}-{tenant}");
            all.push(company.start(&process.url, &tenant, "heartbeat").await);
        }
        for started in &all {
            company.until(&process.url, id_of(started), "live", "live").await;
        }
        let (status, took) = process.stop().await;
        assert!(status.success(), "{what}: {status}");
        assert!(took < Duration::from_secs(20), "{what}: {took:?}");
    }
    drop(reader);
}
