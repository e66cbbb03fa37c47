//! What is left of the ways to suffer: a step that panics, a stop under load, a server that is frozen
//! for real, an order whose answer is lost, a single run that begins late.

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use gangway::app;
use gangway::embedded::{Durability, Embedded, Settings};
use gangway::engine::Error;
use gangway::onboarding::{Command, ProblemCode, Status};
use gangway::sandbox::{Fault, FaultKind};
use gangway::secret::ExposeSecret as _;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::span::Attributes;
use tracing::{Id, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::{Layer, Registry};

use crate::crashes::{ledger_blueprint, ledger_world};
use crate::database::scratch_folder;
use crate::house::{House, LEASE};
use crate::wire::Wire;

const PATIENCE: Duration = Duration::from_mins(1);

/// Panics in the middle of a step, at a call that names the tenant. The program itself has no place
/// that panics on purpose.
struct PanicAtCalls;

impl<S: Subscriber> Layer<S> for PanicAtCalls {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let mut is_poisoned = IsPoisoned(false);
        attributes.record(&mut is_poisoned);
        assert!(!is_poisoned.0, "planted: a step panics");
    }
}

struct IsPoisoned(bool);

impl tracing::field::Visit for IsPoisoned {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.0 |= field.name() == "http.path" && format!("{value:?}").contains("accounts");
    }
}

/// In a process of its own: whether anybody listens to what is traced is kept for all threads together, and
/// the other tests' threads have been seen to end it.
#[test]
fn a_step_that_panics_each_time_is_parked_and_the_process_goes_on() {
    let alone = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hardship::a_panicking_step_alone", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&alone.stdout);
    let complained = String::from_utf8_lossy(&alone.stderr);
    assert!(alone.status.success(), "{told}\n{complained}");
    assert!(told.contains("1 passed"), "{told}");
    // It panicked with the client's secret and a token in hand, and what is said of that shows neither.
    assert!(complained.contains("planted: a step panics"), "{complained}");
    for secret in ["sandbox-secret-not-for-production", "Bearer "] {
        assert!(!complained.contains(secret) && !told.contains(secret), "{complained}\n{told}");
    }
}

#[tokio::test]
#[ignore = "run by the test before this one"]
async fn a_panicking_step_alone() {
    let mut house = House::open_with(ledger_world()).await;
    let key = house.publish(ledger_blueprint()).await;
    let (engine, worker) = house.another_process(Duration::from_millis(20));
    house.engine = engine;
    let stop = CancellationToken::new();
    let working = JoinSet::from_iter([worker.run(stop.clone(), PATIENCE)]);

    let panicking = tracing::subscriber::set_default(Registry::default().with(PanicAtCalls));
    let id = house.start("poison", &key).await;
    let begun = Instant::now();
    let parked = loop {
        let row = house.read(id).await;
        if matches!(row.status, Status::Stuck { .. }) {
            break row;
        }
        assert!(begun.elapsed() < PATIENCE, "it is never parked: {:?}", row.status);
        // Whoever had it is gone, so its lease ends by itself.
        house.advance(LEASE + TimeDelta::seconds(1));
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    drop(panicking);
    assert_eq!(parked.status.problem().unwrap().code, ProblemCode::Poison);
    let shown = format!("{parked:?} {:?}", house.store.list_journal(id).await.unwrap());
    assert!(!shown.contains("sandbox-secret-not-for-production"), "{shown}");

    // The same process drives the next one, and this one too when staff say so.
    let other = house.start("acme", &key).await;
    house.engine.order(id, Command::Retry { reason: None }, "key:support").await.unwrap();
    for id in [other, id] {
        let begun = Instant::now();
        while house.read(id).await.status != Status::Live {
            assert!(begun.elapsed() < PATIENCE, "{:?}", house.read(id).await.status);
            house.advance(TimeDelta::seconds(1));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let accounts = house.accounts();
    assert_eq!(accounts.len(), 2);
    let cycles = accounts.iter().map(|account| account["cycles"].as_array().unwrap().len());
    assert_eq!(cycles.collect::<Vec<_>>(), [1, 1], "nothing was made twice");
    stop.cancel();
    working.join_all().await;
}

#[tokio::test]
async fn told_to_stop_under_load_it_drains_and_the_next_process_finishes() {
    const MANY: usize = 150;
    const GRACE: Duration = Duration::from_secs(20);
    let mut house = House::open_with(ledger_world()).await;
    let key = house.publish(ledger_blueprint()).await;
    let (engine, worker) = house.another_process(Duration::from_millis(20));
    house.engine = engine;
    // Answers take their time, so that many calls are under way when the order comes.
    house.sandbox.inject(Fault {
        times: u32::MAX,
        ..Fault::once("POST", "/v1.0/templates/*/install", FaultKind::StallAfter { seconds: 0.3 })
    });
    let stop = CancellationToken::new();
    let working = JoinSet::from_iter([worker.run(stop.clone(), GRACE)]);
    let mut ids = Vec::new();
    for n in 0..MANY {
        ids.push(house.start(&format!("t{n}"), &key).await);
    }
    let begun = Instant::now();
    while house.heard().len() < 20 {
        assert!(begun.elapsed() < PATIENCE, "it is in the middle of it");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.cancel();
    let begun = Instant::now();
    working.join_all().await;
    assert!(begun.elapsed() < GRACE + Duration::from_secs(2), "{:?}", begun.elapsed());
    let pool = house.pool().await;
    let count = |what: &'static str| sqlx::query_scalar::<_, i64>(what).fetch_one(&pool);
    let leased = count("SELECT count(*) FROM onboarding WHERE lease_token IS NOT NULL").await;
    assert_eq!(leased.unwrap(), 0, "all were given back");
    let live = count("SELECT count(*) FROM onboarding WHERE status = 'live'").await.unwrap();
    assert!(live < i64::try_from(MANY).unwrap(), "some were not finished yet");

    house.sandbox.clear_faults();
    house.restart();
    for id in ids {
        assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    }
    let accounts = house.accounts();
    assert_eq!(accounts.len(), MANY);
    for account in &accounts {
        let cycles = account["cycles"].as_array().unwrap();
        let active = cycles.iter().filter(|cycle| cycle["Status"] == "Active").count();
        assert_eq!(active, 1, "{account:#}");
    }
}

/// The server and all its sessions.
fn family(postmaster: i32) -> Vec<Pid> {
    let parent_of = |pid: &str| -> Option<i32> {
        let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).ok()?;
        stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()
    };
    let names = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().file_name());
    let pids = names.filter_map(|name| name.into_string().ok());
    let children = pids.filter(|pid| parent_of(pid) == Some(postmaster));
    let children = children.filter_map(|pid| pid.parse().ok());
    std::iter::once(postmaster).chain(children).filter_map(Pid::from_raw).collect()
}

#[tokio::test]
async fn a_server_that_is_frozen_is_not_waited_for_and_used_again_when_it_thaws() {
    let name = format!("gangway-frozen-{}", uuid::Uuid::new_v4().simple());
    let data_dir = scratch_folder().join(name);
    let settings = Settings { data_dir: data_dir.clone(), durability: Durability::Durable };
    let server = Embedded::start(settings).await.unwrap();
    let store = app::connect(server.connect_options(), 4).await.unwrap();
    store.migrate().await.unwrap();
    let (known, key) = store.create_api_key("test").await.unwrap();
    let mut session = server.connect_options().connect().await.unwrap();
    let folder: String =
        sqlx::query_scalar("SHOW data_directory").fetch_one(&mut session).await.unwrap();
    let pid_file = std::fs::read_to_string(Path::new(&folder).join("postmaster.pid")).unwrap();
    let postmaster: i32 = pid_file.lines().next().unwrap().parse().unwrap();
    let frozen = family(postmaster);
    assert!(frozen.len() > 4, "the server has children");
    let tell_all = |signal| frozen.iter().for_each(|pid| kill_process(*pid, signal).unwrap());

    tell_all(Signal::STOP);
    let begun = Instant::now();
    let asked = (0..6).map(|_| store.find_api_key(key.expose_secret()));
    let answers = futures_util::future::join_all(asked).await;
    assert!(answers.iter().all(Result::is_err), "nobody answered");
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());

    tell_all(Signal::CONT);
    let begun = Instant::now();
    loop {
        match store.find_api_key(key.expose_secret()).await {
            Ok(found) => break assert_eq!(found.unwrap().id, known.id),
            Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    server.stop().await;
    drop(std::fs::remove_dir_all(data_dir));
}

#[tokio::test]
async fn an_order_whose_commit_is_not_answered_is_carried_out_once_or_not_at_all() {
    let mut house = House::open_with(ledger_world()).await;
    let wire = Wire::to(&house.database).await;
    let key = house.publish(ledger_blueprint()).await;
    let id = house.start("acme", &key).await;
    house.store = wire.store(&house.database, &house.clock).await;
    house.restart();
    wire.lose_answer_to("COMMIT");
    let cancel = || Command::Cancel { reason: "they left".to_owned() };
    let first = house.engine.order(id, cancel(), "key:support").await;
    assert!(wire.has_struck(), "the answer was lost");
    assert!(matches!(first, Err(Error::Store(_))), "nobody says that it worked: {first:?}");
    // Whoever asks again is told how it stands now.
    let second = house.engine.order(id, cancel(), "key:support").await;
    assert!(matches!(second, Err(Error::Invalid(_))), "{second:?}");
    assert_eq!(house.read(id).await.status, Status::Cancelled);
    let journal = house.store.list_journal(id).await.unwrap();
    let cancelled = journal.iter().filter(|line| line.event.kind() == "cancelled").count();
    assert_eq!(cancelled, 1, "{journal:#?}");
}

#[tokio::test]
async fn a_single_run_that_begins_after_its_worker_died_is_not_begun_again() {
    let mut house = House::open_with(ledger_world()).await;
    let mut blueprint: Value = ledger_blueprint();
    blueprint["templates"][0]["schedule"] = json!({ "run_once": true });
    let key = house.publish(blueprint).await;
    let (engine, mut worker) = house.patient_process();
    house.engine = engine;
    let activation = Fault::once("PUT", "/v1.0/cycles/*/activate", FaultKind::HoldBefore);
    house.sandbox.inject(activation);
    let id = house.start("acme", &key).await;
    let mut working = JoinSet::from_iter([async move { drop(worker.tick().await) }]);
    house.sandbox.wait_until_held().await;

    // Another one takes over while the call is still on its way, waits, sees a cycle that has not
    // run, and asks a person instead of trying.
    house.restart();
    house.advance(LEASE + TimeDelta::seconds(1));
    let asked = house.settle_in_time(id).await;
    assert_eq!(asked.status.problem().unwrap().code, ProblemCode::ActivationUnclear);
    // Now the first order comes through; then the person, who looked too early, says "go on".
    house.sandbox.clear_faults();
    working.join_next().await.unwrap().unwrap();
    house.engine.order(id, Command::Retry { reason: None }, "key:support").await.unwrap();
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    let cycles = house.cycles();
    assert_eq!(cycles.len(), 1);
    assert_eq!(cycles[0]["activations"], 1, "it was seen to have begun");
}
