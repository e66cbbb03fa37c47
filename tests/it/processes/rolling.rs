//! Three processes behind a balancer are exchanged one after the other while people and programs ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::person::Person;
use super::proxy::Proxy;
use super::{Company, Process, free_address, id_of};

/// How long a process may take to go.
const GRACE: Duration = Duration::from_secs(20);

/// `GANGWAY_RESTARTS` makes it longer.
fn restarts() -> usize {
    std::env::var("GANGWAY_RESTARTS").map_or(3, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_under_load_fails_no_request() {
    let mut company = Company::open().await;
    let address = free_address();
    company.settings.insert("GANGWAY_PUBLIC_URL", format!("http://{address}"));
    let mut processes = Vec::new();
    for _ in 0..3 {
        processes.push(Process::start(&company, &[]).await);
    }
    let all = processes.iter().map(|process| process.url.clone()).collect();
    let balancer = Proxy::balancer(&address, all).await;
    let company = Arc::new(company);
    let (stop, asked) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
    let mut load = JoinSet::new();
    for number in 0..2 {
        let company = Arc::clone(&company);
        let (url, stop, asked) = (balancer.url.clone(), stop.clone(), Arc::clone(&asked));
        load.spawn(async move { ask_on(&company, &url, number, &stop, &asked).await });
    }
    for restart in 0..restarts() {
        let count = processes.len();
        let process = &mut processes[restart % count];
        let (status, took) = process.stop().await;
        assert_eq!(status.code(), Some(0), "{}", process.lines());
        assert!(took < GRACE, "{took:?}");
        process.start_again().await;
        // The balancer has seen that it is back.
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    stop.cancel();
    let mut started = Vec::new();
    while let Some(ended) = load.join_next().await {
        started.extend(ended.unwrap());
    }
    let asked = asked.load(Ordering::Relaxed);
    eprintln!("rolling: {} restarts, {asked} requests, {} starts", restarts(), started.len());
    assert!(asked > 20 * restarts(), "{asked}");
    for id in &started {
        company.until(&balancer.url, id, "live", "live").await;
    }
    let accounts = company.sandbox.world()["accounts"].as_array().unwrap().len();
    assert_eq!(accounts, started.len() + 2, "one for each tenant, and those of the people");
}

/// Starts, lists, shows and opens pages until told to stop; each must go well. Gives what it started.
async fn ask_on(
    company: &Company,
    url: &str,
    number: usize,
    stop: &CancellationToken,
    asked: &AtomicUsize,
) -> Vec<String> {
    let mut started = Vec::new();
    let first = company.start(url, &format!("people-{number}"), "newsletter").await;
    let mut person = Person::at(url);
    let page = person.open(first["link"]["url"].as_str().unwrap()).await;
    while !stop.is_cancelled() {
        let tenant = format!("tenant-{number}-{}", started.len());
        let shown = company.start(url, &tenant, "heartbeat").await;
        started.push(id_of(&shown).to_owned());
        for path in ["/v1/onboardings?limit=5", "/v1/onboardings/counts"] {
            let answer = company.ask(url, "GET", path, &Value::Null).await;
            let status = answer.status();
            assert_eq!(status, 200, "{path}: {}", answer.text().await.unwrap());
        }
        company.show(url, id_of(&shown)).await;
        let (status, body) = person.get(&page).await;
        assert_eq!(status, 200, "{body}");
        person.seen.clear();
        asked.fetch_add(5, Ordering::Relaxed);
    }
    started
}
