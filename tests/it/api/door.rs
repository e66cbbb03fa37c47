//! The door with a database of its own, and what comes back from it.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use gangway::clock::Clock;
use gangway::engine::{self, Engine};
use gangway::secret::{ExposeSecret as _, MasterKey, Secret};
use gangway::store::Store;
use gangway::web::{AppState, LinkKeys, ProblemPage, shared_layers};
use gangway::webhooks::{self, Endpoints};
use gangway::{api, cyclr};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};
use tower::ServiceExt as _;
use url::Url;

use crate::database::TestDb;

pub(super) const TEMPLATE: &str = "6c0b8b6e-5f0e-4a7c-9a55-0d0b7a3f1c11";
const TABLES: [&str; 16] = [
    "blueprint",
    "tenant",
    "onboarding",
    "journal",
    "call_log",
    "stray_call",
    "outbox",
    "idempotency",
    "attempt",
    "webhook_endpoint",
    "webhook_secret",
    "webhook_message",
    "webhook_delivery",
    "webhook_attempt",
    "bulk_order",
    "bulk_item",
];

pub(super) struct Door {
    pub(super) router: Router,
    pub(super) state: AppState,
    pub(super) clock: Clock,
    pub(super) pool: PgPool,
    pub(super) key: String,
    _database: TestDb,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(super) fn id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }

    /// The pointers of a problem, after a look whether it is one in all its parts.
    pub(super) fn pointers(&self, code: &str) -> Vec<String> {
        let problem = self.json();
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.text);
        assert_eq!(problem["code"], code, "{}", self.text);
        assert_eq!(problem["type"], format!("https://onboard.example.com/docs/problems#{code}"));
        assert_eq!(problem["status"], self.status.as_u16());
        assert_eq!(problem["request_id"], self.headers["x-request-id"].to_str().unwrap());
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        let errors = problem["errors"].as_array().unwrap();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }
}

impl Door {
    /// With one API key and the blueprint `crm`.
    pub(super) async fn open() -> Self {
        let database = TestDb::fresh().await;
        let clock = Clock::stopped_at(dawn_plus(0));
        let pool = database.pool().await;
        let store = Store::new(pool.clone(), clock.clone());
        Self::open_on((database, pool), store, clock).await
    }

    /// `store` may have a way of its own to the database.
    pub(super) async fn open_on(
        (database, pool): (TestDb, PgPool),
        store: Store,
        clock: Clock,
    ) -> Self {
        let (_, key) = store.create_api_key("signup").await.unwrap();
        let public_url: Url = "https://onboard.example.com/".parse().unwrap();
        let master = MasterKey::from_text(&"m".repeat(40)).unwrap();
        let endpoints = Endpoints::new(store.clone(), &master, webhooks::Settings::default());
        let engine = idle_engine(store, &clock, public_url.clone());
        let state = AppState::new(engine, LinkKeys::new(&master), endpoints, public_url);
        let router = all_layers(&state, api::router(state.clone()));
        let key = key.expose_secret().to_owned();
        let door = Self { router, state, clock, pool, key, _database: database };
        let published = door.post("/v1/blueprints", &blueprint()).await;
        assert_eq!(published.status, StatusCode::CREATED, "{}", published.text);
        door
    }

    /// Another process's engine on the same database.
    pub(super) fn beside(&self) -> Engine {
        let store = Store::new(self.pool.clone(), self.clock.clone());
        idle_engine(store, &self.clock, self.state.public_url().clone())
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let answer = self.fetch(request).await;
        assert_eq!(answer.headers["cache-control"], "no-store");
        answer
    }

    /// The same of what caches may keep.
    pub(super) async fn fetch(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, 1 << 24).await.unwrap();
        assert!(parts.headers.contains_key("x-request-id"));
        let text = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// A request with this door's key.
    pub(super) fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        let builder = Request::builder().method(method).uri(path);
        builder.header("authorization", format!("Bearer {}", self.key))
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path).body(Body::empty()).unwrap()).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_text(path, &body.to_string()).await
    }

    pub(super) async fn post_text(&self, path: &str, body: &str) -> Answer {
        let request = self.request("POST", path).header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub(super) async fn start(&self, body: &Value, key: Option<&str>) -> Answer {
        let mut request = self.request("POST", "/v1/onboardings");
        request = request.header("content-type", "application/json; charset=utf-8");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// How many rows each table but the keys' has.
    pub(super) async fn counts(&self) -> Vec<(&'static str, i64)> {
        let mut counts = Vec::new();
        for table in TABLES {
            counts.push((table, self.count(table).await));
        }
        counts
    }

    /// Every row of every table but the keys', as text.
    pub(super) async fn dump(&self) -> String {
        let mut dump = String::new();
        for table in TABLES {
            let statement = AssertSqlSafe(format!("SELECT t::text FROM {table} t ORDER BY 1"));
            let rows: Vec<String> =
                sqlx::query_scalar(statement).fetch_all(&self.pool).await.unwrap();
            dump = format!("{dump}{table}\n{}\n", rows.join("\n"));
        }
        dump
    }

    pub(super) async fn count(&self, table: &str) -> i64 {
        let statement = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        sqlx::query_scalar(statement).fetch_one(&self.pool).await.unwrap()
    }
}

/// What stands around all doors.
pub(super) fn all_layers(state: &AppState, router: Router) -> Router {
    shared_layers(router, ProblemPage::at(state.public_url()))
}

/// An engine whose worker is gone and whose Cyclr is a port where nobody listens.
fn idle_engine(store: Store, clock: &Clock, public_url: Url) -> Engine {
    let nobody: Url = "http://127.0.0.1:1".parse().unwrap();
    let cyclr = cyclr::Settings {
        api_base: nobody.clone(),
        service_domain: nobody,
        client_id: "client".to_owned(),
        client_secret: Secret::from("secret"),
        other_client_secret: None,
        call_deadline: Duration::from_secs(1),
        connect_deadline: Duration::from_secs(1),
        body_limit: 1 << 20,
        calls_at_once: 1,
        pressure: cyclr::PressureSettings::default(),
        plain_http: false,
    };
    let settings = engine::Settings {
        deployment: "test".to_owned(),
        account_prefix: String::new(),
        public_url: public_url.clone(),
        lease: Duration::from_mins(1),
        commit_margin: Duration::from_secs(5),
        quiet_period: Duration::from_secs(35),
        at_once: 8,
        poll: Duration::from_secs(5),
        most_claims: 5,
        link_life: TimeDelta::days(7),
        usual_look: TimeDelta::hours(24),
        looks_per_second: 20,
        error_hook: engine::ErrorHook::new(public_url, crate::house::hook_key()),
    };
    let client = cyclr::Client::new(cyclr, clock.clone()).unwrap();
    Engine::new(store, client, clock.clone(), settings).0
}

pub(super) fn blueprint() -> Value {
    json!({
        "key": "crm",
        "name": "CRM sync",
        "templates": [{ "template_id": TEMPLATE }],
        "return_urls": ["https://app.example.com/done"],
    })
}

pub(super) fn signup(tenant: &str) -> Value {
    json!({ "tenant_id": tenant, "blueprint": "crm", "name": "Acme" })
}

pub(super) fn dawn_plus(days: i64) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-03-02T09:00:00Z").unwrap().to_utc() + TimeDelta::days(days)
}
