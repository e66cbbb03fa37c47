//! Pages of the tenant's people by way of the router, as browsers ask for them: with a visit's cookie,
//! compressed. Nobody drives the onboardings, which are put into their states by hand; what the pages would ask
//! Cyclr live is left out.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use gangway::engine::Engine;
use gangway::ids::{AccountId, ConnectorId, CycleId, OnboardingId};
use gangway::onboarding::{
    Account, AuthKind, Blueprint, Gain, Origin, Outcome, Question, SeenConnector,
};
use gangway::store::{Order, Overruling};
use gangway::web::LinkGrant;
use serde_json::json;
use tokio::task::JoinSet;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::Bench;
use crate::measure::percentile;
use crate::requests::Doors;

const AT_ONCE: usize = 16;
const EACH: usize = 1_000;
const PER_SECOND: u32 = 500;

/// A page of somebody's visit.
#[derive(Clone)]
struct Page {
    address: String,
    cookie: String,
}

pub(crate) async fn report(bench: &Bench) {
    let (engine, _idle) = bench.engine();
    let doors = Doors::open(bench, engine.clone()).await;
    let document: Blueprint = serde_json::from_value(json!({
        "key": "pages", "name": "Contacts to newsletter",
        "templates": [{ "template_id": Uuid::from_u128(1), "schedule": { "interval_minutes": 15 } }],
        "brand": { "name": "Tidemark", "support_email": "help@tidemark.example", "accent": "#0b6b4f" }
    }))
    .unwrap();
    let published = bench.store.publish(document).await.unwrap();
    let mut request = bench.request();
    request.blueprint_id = published.id;
    request.blueprint = published.blueprint;
    let id = bench.start_as(&engine, request).await;
    let page = visit(bench, &doors, id).await;
    println!("\n  GET of a page by way of the router, {EACH} each");
    let account = Account { id: AccountId::parse("bench").unwrap(), origin: Origin::Made };
    let installed = Gain::Installed {
        slot: 0,
        cycle: CycleId(Uuid::from_u128(100)),
        origin: Origin::Made,
        connectors: vec![connector(false)],
        seen_paused_at: None,
    };
    let ways = [
        ("that waits for a connection", vec![Gain::Account(account), installed]),
        (
            "of questions",
            vec![Gain::Connections(vec![connector(true)]), Gain::Questions(vec![(0, questions())])],
        ),
        (
            "of what is done",
            vec![
                Gain::Questions(vec![(0, Vec::new())]),
                Gain::Mapped { slot: 0, retired: Vec::new() },
                Gain::Activated { slot: 0, once: false, retired: Vec::new() },
            ],
        ),
    ];
    for (name, gains) in ways {
        for gain in gains {
            put(bench, &engine, id, gain).await;
        }
        measure(&doors.router, name, &page).await;
    }
}

fn connector(authenticated: bool) -> SeenConnector {
    SeenConnector {
        connector: ConnectorId(51),
        name: "Harbour CRM".to_owned(),
        auth: Some(AuthKind::OAuth),
        authenticated,
        details: None,
    }
}

fn questions() -> Vec<Question> {
    let options: Vec<_> = (1..=40).map(|number| format!("List {number}")).collect();
    serde_json::from_value(json!([
        { "key": "pipeline", "label": "Which contacts should we copy?", "kind": "one_of",
          "options": ["Customers", "Partners", "All"] },
        { "key": "list", "label": "Which list should they join?", "kind": "one_of", "options": options },
        { "key": "sender", "label": "Which address should newsletters come from?", "kind": "email" },
        { "key": "limit", "label": "How many a day, at most?", "kind": "number", "required": false },
        { "key": "consent", "label": "Only contacts who agreed to it?", "kind": "boolean" }
    ]))
    .unwrap()
}

/// As a step would, without one.
async fn put(bench: &Bench, engine: &Engine, id: OnboardingId, gain: Gain) {
    let onboarding = bench.store.find(id).await.unwrap().unwrap();
    let blueprint = bench.store.load_blueprint(&onboarding.blueprint).await.unwrap();
    let now = engine.clock().now();
    let transition = onboarding.apply(Outcome::Done(gain), &blueprint.limits, now);
    let overruling = Overruling {
        bulk: None,
        transition: &transition,
        order: Order::EndsWork,
        actor: "bench",
        attempt: None,
        calls: &[],
        once: None,
        audit: None,
    };
    bench.store.overrule(overruling).await.unwrap();
}

async fn visit(bench: &Bench, doors: &Doors, id: OnboardingId) -> Page {
    let onboarding = bench.store.find(id).await.unwrap().unwrap();
    let link = format!("/l/{}", doors.links.link_token(&LinkGrant::whole(&onboarding)));
    let request = Request::get(link).body(Body::empty()).unwrap();
    let opened = doors.router.clone().oneshot(request).await.unwrap();
    let header = |name| opened.headers()[name].to_str().unwrap();
    let cookie = header(header::SET_COOKIE).split(';').next().unwrap().to_owned();
    Page { address: header(header::LOCATION).to_owned(), cookie }
}

async fn measure(router: &Router, name: &str, page: &Page) {
    ask_all(router, page, EACH / 4).await;
    let began = Instant::now();
    let took = ask_all(router, page, EACH).await;
    let rate = took.len() as f64 / began.elapsed().as_secs_f64();
    print(name, &took, &format!("{AT_ONCE} at once, {rate:.0}/s"));
    let took = ask_steadily(router, page).await;
    print("", &took, &format!("at {PER_SECOND}/s, counted from when each was due"));
}

fn print(name: &str, took: &[f64], how: &str) {
    let (p50, p99) = (percentile(took, 0.50), percentile(took, 0.99));
    println!("  {name:<28} p50 {p50:>5.1} ms  p99 {p99:>5.1} ms   (bar: 10)   {how}");
}

/// Each when it is due, whatever became of the earlier ones: what a person waits for while the machine has
/// something left to give.
async fn ask_steadily(router: &Router, page: &Page) -> Vec<f64> {
    let mut askers = JoinSet::new();
    let began = Instant::now();
    for n in 0..u32::try_from(EACH).unwrap() {
        let due = began + Duration::from_secs(1) / PER_SECOND * n;
        tokio::time::sleep_until(due.into()).await;
        let (router, page) = (router.clone(), page.clone());
        askers.spawn(async move {
            ask(&router, &page).await;
            due.elapsed().as_secs_f64() * 1000.0
        });
    }
    askers.join_all().await
}

async fn ask_all(router: &Router, page: &Page, count: usize) -> Vec<f64> {
    let mut askers = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (router, page) = (router.clone(), page.clone());
        askers.spawn(async move {
            let mut took = Vec::with_capacity(count / AT_ONCE + 1);
            for _ in 0..count.div_ceil(AT_ONCE) {
                let began = Instant::now();
                ask(&router, &page).await;
                took.push(began.elapsed().as_secs_f64() * 1000.0);
            }
            took
        });
    }
    askers.join_all().await.concat()
}

async fn ask(router: &Router, page: &Page) {
    let request = Request::get(&page.address)
        .header(header::COOKIE, &page.cookie)
        .header(header::ACCEPT_ENCODING, "gzip");
    let request = request.body(Body::empty()).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    to_bytes(answer.into_body(), 1024 * 1024).await.unwrap();
}
