//! One trace to an onboarding, from the request that starts it to the webhook that tells of its end.

use std::time::Duration;

use super::collector::{Collector, Span};
use super::{Company, Process, eventually, id_of};
use crate::webhooks::Receiver;

/// The batches are sent sooner than by default, as an operator can set it.
const SOON: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "100");

fn trace_of(id: &str) -> String {
    id.replace('-', "")
}

fn named<'a>(spans: &'a [Span], trace: &str, name: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.trace == trace && span.name == name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_goes_from_the_request_over_steps_and_calls_to_the_webhook() {
    let (company, collector) = (Company::open().await, Collector::open().await);
    let receiver = Receiver::open().await;
    let more = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.url),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20tell"),
        ("OTEL_SERVICE_NAME", "gangway-eu"),
        SOON,
    ];
    let process = Process::start(&company, &more).await;
    company.add_endpoint(&process.url, &receiver.url()).await;
    let started = company.start(&process.url, "acme", "heartbeat").await;
    let (id, reference) = (id_of(&started), started["reference"].as_str().unwrap());
    company.until(&process.url, id, "live", "live").await;
    let trace = trace_of(id);
    let spans = eventually("the webhook's span", async || {
        let spans = collector.spans();
        let told = named(&spans, &trace, "webhooks.attempt").len();
        (told >= 2 && !named(&spans, &trace, "engine.drive").is_empty()).then_some(spans)
    })
    .await;

    // The root is the start, under an id that every process can tell.
    let roots: Vec<_> =
        spans.iter().filter(|span| span.trace == trace && span.parent.is_empty()).collect();
    assert_eq!(roots.len(), 1, "{roots:#?}");
    let root = roots[0];
    assert_eq!((&*root.name, &*root.id), ("onboarding.start", &trace[16..]));
    assert_eq!(root.attributes["onboarding.id"], id);
    assert_eq!(root.attributes["onboarding.reference"], reference);
    // The request and the start are linked both ways.
    let starts = |span: &&Span| span.links.contains(&(trace.clone(), root.id.clone()));
    let request = spans.iter().find(starts).expect("the request is linked");
    assert_eq!(request.attributes["http.route"], "/v1/onboardings");
    assert_eq!(root.links, [(request.trace.clone(), request.id.clone())]);
    // Each hangs below the one before.
    let drives = named(&spans, &trace, "engine.drive");
    assert!(drives.iter().all(|drive| drive.parent == root.id), "{drives:#?}");
    assert!(drives.iter().all(|drive| drive.attributes["onboarding.id"] == id));
    let steps = named(&spans, &trace, "engine.step");
    let mut kinds: Vec<_> = steps.iter().map(|step| &*step.attributes["step"]).collect();
    kinds.dedup();
    assert_eq!(kinds, ["create_account", "install", "map", "activate"]);
    for step in &steps {
        assert!(drives.iter().any(|drive| drive.id == step.parent), "{step:#?}");
    }
    let calls = named(&spans, &trace, "cyclr.call");
    let install = calls.iter().find(|call| call.attributes["cyclr.call"] == "install template");
    let install = install.expect("the call to install is told");
    let under = steps.iter().find(|step| step.id == install.parent).expect("it is in a step");
    assert_eq!(under.attributes["step"], "install");
    assert_eq!(install.attributes["http.status"], "200");
    for told in named(&spans, &trace, "webhooks.attempt") {
        assert_eq!((&told.parent, &*told.attributes["onboarding.id"]), (&root.id, id));
    }
    assert!(spans.iter().all(|span| span.service == "gangway-eu"));
    assert_eq!(collector.header("authorization").as_deref(), Some("Bearer tell"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_goes_on_in_the_same_trace() {
    let (company, collector) = (Company::open().await, Collector::open().await);
    let more = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.url), SOON];
    let mut first = Process::start(&company, &more).await;
    let started = company.start(&first.url, "acme", "newsletter").await;
    let id = id_of(&started);
    company.until(&first.url, id, "waiting", "connect").await;
    let (status, _) = first.stop().await;
    assert!(status.success(), "{status}");
    let second = Process::start(&company, &more).await;
    let look = format!("/v1/onboardings/{id}/restart_from");
    let body = serde_json::json!({ "step": "connect", "reason": "a look" });
    let answer = company.ask(&second.url, "POST", &look, &body).await;
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    let trace = trace_of(id);
    let drives = eventually("a drive by the second process", async || {
        let spans = collector.spans();
        let drives = named(&spans, &trace, "engine.drive");
        let other = drives.iter().any(|drive| drive.instance != drives[0].instance);
        other.then(|| drives.into_iter().cloned().collect::<Vec<_>>())
    })
    .await;
    assert!(drives.iter().all(|drive| drive.parent == trace[16..]), "{drives:#?}");
    // The order has a trace of its own, linked to the onboarding's.
    eventually("the link of the order", async || {
        let spans = collector.spans();
        let linked = |span: &&Span| {
            span.links.contains(&(trace.clone(), trace[16..].to_owned()))
                && span.attributes.get("http.route").is_some_and(|route| route.contains("restart"))
        };
        spans.iter().any(|span| linked(&span)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_collector_that_says_nothing() {
    let (company, collector) = (Company::open().await, Collector::silent().await);
    // A queue that a few steps fill.
    let more = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.url),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "8"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8"),
        SOON,
    ];
    let mut process = Process::start(&company, &more).await;
    let mut ids = Vec::new();
    for number in 0..20 {
        ids.push(company.start(&process.url, &format!("tenant-{number}"), "heartbeat").await);
    }
    for started in &ids {
        company.until(&process.url, id_of(started), "live", "live").await;
    }
    assert!(collector.header("content-type").is_some(), "it was asked");
    let (status, took) = process.stop().await;
    assert!(status.success() && took < Duration::from_secs(20), "{status} after {took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_address_nothing_is_sent() {
    let (company, collector) = (Company::open().await, Collector::open().await);
    // Only the one variable switches it on.
    let more = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &*collector.url), SOON];
    let mut process = Process::start(&company, &more).await;
    let started = company.start(&process.url, "acme", "heartbeat").await;
    company.until(&process.url, id_of(&started), "live", "live").await;
    process.stop().await;
    assert!(collector.spans().is_empty());
}
