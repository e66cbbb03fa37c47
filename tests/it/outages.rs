//! The database fails, in every way, at every moment. The judges are the sandbox's world, the rows,
//! and the same process, which goes on by itself.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use chrono::TimeDelta;
use gangway::app::{self, App};
use gangway::embedded::{Durability, Embedded, Settings};
use gangway::ids::OnboardingId;
use gangway::onboarding::{Command, Status};
use gangway::sandbox::{Fault, FaultKind};
use gangway::secret::{ExposeSecret as _, MasterKey};
use gangway::web::{AppState, LinkGrant, LinkKeys};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgPool};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::crashes::{assert_one_of_each, ledger_blueprint, ledger_world};
use crate::database::scratch_folder;
use crate::house::House;
use crate::wire::{Mode, Wire};

/// How long anything may take that happens by itself.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the rows say of an onboarding's way: its journal, and how often Cyclr was called for what
/// (some calls are made side by side).
#[derive(Debug, PartialEq, Eq)]
struct Way {
    versions: Vec<i64>,
    kinds: Vec<String>,
    messages: i64,
    calls: Vec<String>,
}

async fn way(pool: &PgPool, id: OnboardingId) -> Way {
    let lines = sqlx::query_as::<_, (i64, String)>(
        "SELECT version, kind FROM journal WHERE onboarding_id = $1 ORDER BY version",
    );
    let (versions, kinds) = lines.bind(id.0).fetch_all(pool).await.unwrap().into_iter().unzip();
    let messages = sqlx::query_scalar("SELECT count(*) FROM outbox WHERE onboarding_id = $1");
    let calls = sqlx::query_scalar(
        "SELECT call ->> 0 AS name
             FROM (SELECT calls FROM journal WHERE onboarding_id = $1 AND calls IS NOT NULL
                   UNION ALL SELECT calls FROM stray_call WHERE onboarding_id = $1) kept,
                  json_array_elements(kept.calls) call
             ORDER BY name",
    );
    Way {
        versions,
        kinds,
        messages: messages.bind(id.0).fetch_one(pool).await.unwrap(),
        calls: calls.bind(id.0).fetch_all(pool).await.unwrap(),
    }
}

/// A house whose store is at the end of a wire.
async fn wired() -> (House, Wire) {
    let mut house = House::open_with(ledger_world()).await;
    let wire = Wire::to(&house.database).await;
    house.store = wire.store(&house.database, &house.clock).await;
    house.restart();
    (house, wire)
}

/// The way of an onboarding that nothing happens to.
async fn undisturbed() -> Way {
    let (mut house, _wire) = wired().await;
    let key = house.publish(ledger_blueprint()).await;
    let id = house.start("acme", &key).await;
    house.settle().await;
    assert_eq!(house.read(id).await.status, Status::Live);
    way(&house.pool().await, id).await
}

#[tokio::test]
async fn a_result_whose_answer_is_lost_is_kept_once_and_the_worker_goes_on() {
    let expected = undisturbed().await;
    let mut words = expected.calls.clone();
    words.dedup();
    assert!(words.len() >= 5, "{words:?}");
    for words in words {
        let (mut house, wire) = wired().await;
        let key = house.publish(ledger_blueprint()).await;
        let id = house.start("acme", &key).await;
        // The name of a call goes over the wire when the result that it led to is kept.
        wire.lose_answer_to(words.clone().leak());
        house.settle().await;
        assert!(wire.has_struck(), "{words}: no result was kept");
        assert_eq!(house.read(id).await.status, Status::Live, "{words}: the same worker goes on");
        assert_one_of_each(&house, &words);
        assert_eq!(way(&house.pool().await, id).await, expected, "{words}");
    }
}

#[tokio::test]
async fn a_copy_of_a_result_that_was_held_up_on_its_way_changes_nothing() {
    let expected = undisturbed().await;
    let (mut house, wire) = wired().await;
    let key = house.publish(ledger_blueprint()).await;
    let id = house.start("acme", &key).await;
    wire.hold_back("create account");
    house.sandbox.inject(Fault::once("PUT", "/v1.0/cycles/*/activate", FaultKind::HoldBefore));
    let (sandbox, pool) = (house.sandbox.clone(), house.pool().await);
    let reached = sandbox.wait_until_held();
    // Nothing is heard of the first copy; the second one is kept, and the steps after it. The worker
    // still has the same lease when the first copy comes through.
    let meanwhile = async {
        reached.await;
        assert!(wire.has_struck(), "a result was held back");
        wire.let_go();
        let begun = Instant::now();
        // The copy's calls are kept a second time: nobody could know. Then it has been there.
        let made = |way: Way| way.calls.iter().filter(|name| *name == "create account").count();
        while made(way(&pool, id).await) < 2 {
            assert!(begun.elapsed() < PATIENCE, "the first copy never arrives");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        sandbox.clear_faults();
    };
    tokio::join!(house.worker.tick(), meanwhile).0.unwrap();
    // The call that was held may have run out of time.
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    let way = way(&pool, id).await;
    let (kinds, expected) = (way.kinds.join(" "), expected.kinds[..5].join(" "));
    assert!(kinds.starts_with(&expected), "{kinds}");
    assert_eq!(kinds.matches("account_ready").count(), 1, "{kinds}");
    assert_one_of_each(&house, "after the copy");
}

#[tokio::test]
async fn what_the_database_ends_for_the_sake_of_others_is_tried_again() {
    let expected = undisturbed().await;
    for code in ["40001", "40P01"] {
        let (mut house, _wire) = wired().await;
        let key = house.publish(ledger_blueprint()).await;
        let pool = house.pool().await;
        let refuse = |count: u32| {
            let statement = format!(
                "DROP SEQUENCE IF EXISTS refused;
                 CREATE SEQUENCE refused;
                 CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     IF nextval('refused') <= {count} THEN
                         RAISE EXCEPTION 'not now' USING ERRCODE = '{code}';
                     END IF;
                     RETURN NEW;
                 END $$;
                 CREATE OR REPLACE TRIGGER refuse BEFORE INSERT OR UPDATE ON onboarding
                     FOR EACH ROW EXECUTE FUNCTION refuse();"
            );
            let pool = pool.clone();
            async move { sqlx::raw_sql(AssertSqlSafe(statement)).execute(&pool).await.unwrap() }
        };
        refuse(2).await;
        let id = house.start("acme", &key).await;
        refuse(3).await;
        house.settle().await;
        assert_eq!(house.read(id).await.status, Status::Live, "{code}");
        assert_one_of_each(&house, code);
        assert_eq!(way(&pool, id).await, expected, "{code}");

        let other = house.start("bravo", &key).await;
        refuse(2).await;
        let cancel = Command::Cancel { reason: "asked to".to_owned() };
        house.engine.order(other, cancel, "test").await.unwrap();
        assert_eq!(house.read(other).await.status, Status::Cancelled, "{code}");
    }
}

/// What becomes of the database for a while.
#[derive(Debug, Clone, Copy)]
enum Outage {
    Gone,
    Frozen,
    ReadOnly,
    Terminated,
    /// No session is to be had.
    Full,
    /// Somebody holds a lock that every statement waits for, until no session is left to wait with.
    Locked,
}

impl Outage {
    async fn begin(self, wire: &Wire, admin: &PgPool) {
        match self {
            Self::Gone => wire.set(Mode::Cut),
            Self::Frozen => wire.set(Mode::Frozen),
            Self::ReadOnly => {
                set_for_new_sessions(admin, "SET default_transaction_read_only = on").await;
                terminate(admin).await;
            }
            Self::Terminated => terminate(admin).await,
            Self::Full => wire.set(Mode::Full),
            Self::Locked => lock_everything(admin).await,
        }
    }

    async fn end(self, wire: &Wire, admin: &PgPool) {
        match self {
            // What is frozen ends for good: another server stands at the address.
            Self::Frozen => {
                wire.set(Mode::Cut);
                wire.set(Mode::Pass);
            }
            Self::Gone | Self::Full => wire.set(Mode::Pass),
            Self::ReadOnly => {
                set_for_new_sessions(admin, "RESET default_transaction_read_only").await;
            }
            Self::Locked => terminate(admin).await,
            Self::Terminated => {}
        }
    }
}

/// Until all sessions are terminated.
async fn lock_everything(admin: &PgPool) {
    let mut session = admin.connect_options().as_ref().clone().connect().await.unwrap();
    let statement = "BEGIN; LOCK TABLE onboarding, tenant, api_key";
    sqlx::raw_sql(statement).execute(&mut session).await.unwrap();
    // Not closed: the server keeps the lock for it.
    std::mem::forget(session);
}

async fn set_for_new_sessions(admin: &PgPool, what: &str) {
    let name: String =
        sqlx::query_scalar("SELECT current_database()").fetch_one(admin).await.unwrap();
    let statement = format!("ALTER DATABASE {name} {what}");
    sqlx::query(AssertSqlSafe(statement)).execute(admin).await.unwrap();
}

/// All sessions but the one that says so.
async fn terminate(admin: &PgPool) {
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .execute(admin)
    .await
    .unwrap();
}

struct Door {
    router: Router,
    key: String,
}

impl Door {
    async fn ask(&self, method: &str, path: &str, body: &str) -> (StatusCode, HeaderMap, String) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .header("idempotency-key", format!("{}{body}", path.len()).replace([' ', '"'], ""));
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn start(&self, tenant: &str) -> (StatusCode, HeaderMap, String) {
        let body = json!({ "tenant_id": tenant, "blueprint": "ledger", "name": tenant });
        self.ask("POST", "/v1/onboardings", &body.to_string()).await
    }
}

#[tokio::test]
async fn the_same_process_lives_through_every_outage() {
    for outage in [
        Outage::Gone,
        Outage::Frozen,
        Outage::ReadOnly,
        Outage::Terminated,
        Outage::Full,
        Outage::Locked,
    ] {
        Box::pin(live_through(outage)).await;
    }
}

async fn live_through(outage: Outage) {
    let (mut house, wire) = wired().await;
    house.publish(ledger_blueprint()).await;
    let admin = house.database.pool_of(1).await;
    let (_, key) = house.store.create_api_key("test").await.unwrap();
    let (engine, worker) = house.another_process(Duration::from_millis(200));
    house.engine = engine;
    let stop = CancellationToken::new();
    let working = JoinSet::from_iter([worker.run(stop.clone(), PATIENCE)]);
    let links = LinkKeys::new(&MasterKey::from_text(&"m".repeat(40)).unwrap());
    let public_url = "https://go.example.com/".parse().unwrap();
    let state = AppState::new(house.engine.clone(), links, house.endpoints(), public_url);
    let page = state.links.link_token(&LinkGrant {
        onboarding: OnboardingId(uuid::Uuid::now_v7()),
        generation: 1,
        only: None,
    });
    let page = format!("/l/{page}");
    let door = Door { router: App::router(&state), key: key.expose_secret().to_owned() };

    // One step is in the middle of a call when it happens.
    house.sandbox.inject(Fault::once("POST", "/v1.0/accounts", FaultKind::HoldAfter));
    let (status, _, before) = door.start("before").await;
    assert_eq!(status, StatusCode::CREATED, "{outage:?}: {before}");
    house.sandbox.wait_until_held().await;
    outage.begin(&wire, &admin).await;
    house.sandbox.clear_faults();

    if !matches!(outage, Outage::Terminated) {
        assert_all_are_put_off(&door, outage, &page).await;
    }
    outage.end(&wire, &admin).await;

    go_on(&door, &admin, outage).await;
    let accounts = house.accounts();
    assert_eq!(accounts.len(), 2, "{outage:?}: {accounts:#?}");
    for account in &accounts {
        let cycles = account["cycles"].as_array().unwrap();
        assert_eq!(cycles.len(), 1, "{outage:?}: {cycles:#?}");
        assert_eq!(cycles[0]["activations"], 1, "{outage:?}");
    }
    let (status, _, _) = door.ask("GET", "/readyz", "").await;
    assert_eq!(status, StatusCode::OK, "{outage:?}");
    house.engine.begin_stop();
    let (status, _, body) = door.ask("GET", "/readyz", "").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{outage:?}");
    assert!(body.contains("stopping"), "{body}");
    stop.cancel();
    working.join_all().await;
}

/// Until the request that was put off is taken, and both onboardings are live.
async fn go_on(door: &Door, admin: &PgPool, outage: Outage) {
    // The request that was put off is sent again, as it was told to.
    let begun = Instant::now();
    loop {
        let (status, headers, body) = door.start("meanwhile").await;
        if status == StatusCode::CREATED {
            break;
        }
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{outage:?}: {body}");
        assert!(headers.contains_key("retry-after"), "{outage:?}");
        assert!(begun.elapsed() < PATIENCE, "{outage:?}: {body}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let live = "SELECT count(*) FILTER (WHERE status = 'live'), count(*) FROM onboarding";
    while sqlx::query_as::<_, (i64, i64)>(live).fetch_one(admin).await.unwrap() != (2, 2) {
        assert!(begun.elapsed() < PATIENCE, "{outage:?}: the process does not go on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// While the database is away.
async fn assert_all_are_put_off(door: &Door, outage: Outage, page: &str) {
    let begun = Instant::now();
    let (start, list, page, ready, alive) = tokio::join!(
        door.start("meanwhile"),
        door.ask("GET", "/v1/onboardings", ""),
        door.ask("GET", page, ""),
        door.ask("GET", "/readyz", ""),
        door.ask("GET", "/livez", ""),
    );
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(25), "{outage:?}: {took:?}");
    assert_eq!(alive.0, StatusCode::OK, "{outage:?}");
    // A read-only server answers those who read.
    let put_off = match outage {
        Outage::ReadOnly => vec![],
        // The server itself is well.
        Outage::Locked => vec![&list, &page],
        Outage::Gone | Outage::Frozen | Outage::Full | Outage::Terminated => {
            vec![&list, &page, &ready]
        }
    };
    for (status, headers, body) in put_off.into_iter().chain([&start]) {
        assert_eq!(*status, StatusCode::SERVICE_UNAVAILABLE, "{outage:?}: {body}");
        assert!(headers.contains_key("retry-after"), "{outage:?}: {body}");
    }
    assert_eq!(start.1["content-type"], "application/problem+json", "{outage:?}");
    if !matches!(outage, Outage::ReadOnly) {
        assert!(page.1["content-type"].to_str().unwrap().starts_with("text/html"), "{outage:?}");
    }
}

#[tokio::test]
async fn a_worker_that_stops_gives_back_what_it_could_not_finish() {
    let (mut house, _wire) = wired().await;
    let key = house.publish(ledger_blueprint()).await;
    let (engine, worker) = house.another_process(Duration::from_millis(100));
    house.engine = engine;
    house.sandbox.inject(Fault::once("PUT", "/v1.0/steps/*", FaultKind::HoldAfter));
    let stop = CancellationToken::new();
    let working = JoinSet::from_iter([worker.run(stop.clone(), Duration::from_millis(600))]);
    let id = house.start("acme", &key).await;
    house.sandbox.wait_until_held().await;
    // Somebody waits for the onboarding meanwhile.
    let engine = house.engine.clone();
    let mut waiting = JoinSet::new();
    waiting.spawn(async move { engine.settled(id, PATIENCE).await.unwrap().status });
    stop.cancel();
    house.engine.begin_stop();
    assert_eq!(waiting.join_next().await.unwrap().unwrap(), Status::Running);
    working.join_all().await;
    house.sandbox.clear_faults();

    // As long as a call may take, nobody has it; no lease can have ended by then.
    house.restart();
    assert!(house.store.claim(1, Duration::from_mins(1)).await.unwrap().is_empty());
    house.advance(TimeDelta::seconds(3));
    let taken = house.store.claim(1, Duration::from_mins(1)).await.unwrap();
    assert_eq!(taken.len(), 1, "it is free");
    assert!(taken[0].is_takeover(), "and whoever has it looks first");
    for leased in taken {
        house.store.release(leased).await.unwrap();
    }
    house.settle().await;
    house.advance(TimeDelta::seconds(1));
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    assert_one_of_each(&house, "after the stop");
}

/// One session is killed for real; Postgres then ends all others and recovers.
#[tokio::test]
async fn a_server_that_crashes_costs_what_was_under_way_and_nothing_else() {
    let name = format!("gangway-crash-{}", uuid::Uuid::new_v4().simple());
    let data_dir = scratch_folder().join(name);
    let settings = Settings { data_dir: data_dir.clone(), durability: Durability::Durable };
    let server = Embedded::start(settings).await.unwrap();
    let store = app::connect(server.connect_options(), 8).await.unwrap();
    store.migrate().await.unwrap();
    let (known, key) = store.create_api_key("test").await.unwrap();
    // Several sessions are open when it happens.
    let asking = (0..8).map(|_| store.find_api_key(key.expose_secret()));
    futures_util::future::try_join_all(asking).await.unwrap();

    let mut victim = server.connect_options().connect().await.unwrap();
    let pid: i32 =
        sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut victim).await.unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    // Until the others are gone, too.
    let begun = Instant::now();
    let mut failures = 0;
    let mut answers = 0;
    while failures == 0 || answers < 20 {
        assert!(begun.elapsed() < PATIENCE, "{failures} failures, {answers} answers");
        if let Ok(found) = store.find_api_key(key.expose_secret()).await {
            assert_eq!(found.unwrap().id, known.id);
            answers += 1;
        } else {
            failures += 1;
            answers = 0;
        }
        if failures == 0 {
            answers = 0;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    assert!(failures < 8, "each session that was open failed once: {failures}");
    server.stop().await;
    drop(std::fs::remove_dir_all(data_dir));
}
