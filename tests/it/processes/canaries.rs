//! Secrets that can be recognised go through a whole journey, failures among it, and are looked for afterwards
//! in everything that anybody can read.

use gangway::sandbox::{Fault, FaultKind};
use gangway::secret::{Secret, hash_password};
use gangway::store::{Actor, NewStaff, Role};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

use super::collector::Collector;
use super::person::Person;
use super::proxy::Proxy;
use super::{Company, Process, eventually, id_of};
use crate::database::TestDb;
use crate::webhooks::Receiver;

const PASSWORD: &str = "canary-staff-password-5f1c";
const WRONG_PASSWORD: &str = "canary-mistyped-password-77aa";
const TYPED_KEY: &str = "canary-typed-api-key-90b2";
const CLIENT_SECRET: &str = "canary-client-secret-3d4e";
const MASTER_KEY: &str = "canary-master-key-0123456789-0123456789";
const COLLECTORS: &str = "canary-collector-header-1b2c";
const DATABASES: &str = "canary-database-password-8e8f";

/// What is looked for, and by what name it is told.
struct Canaries(Vec<(&'static str, String)>);

impl Canaries {
    fn add(&mut self, name: &'static str, value: impl Into<String>) {
        let value = value.into();
        assert!(value.len() >= 12, "{name} could be found by chance: {value}");
        self.0.push((name, value));
    }

    /// The names of those that are in there, but for those that belong there.
    fn found_in(&self, place: &str, text: &str, belongs: &[&str]) -> Vec<String> {
        let found = self
            .0
            .iter()
            .filter(|(name, value)| !belongs.contains(name) && text.contains(value.as_str()));
        found.map(|(name, _)| format!("{name} in {place}")).collect()
    }
}

/// Every row of every table, as text; what is binary as hexadecimal digits, and as text once more.
async fn every_row(pool: &PgPool) -> String {
    let tables = "SELECT relname::text FROM pg_class
                  WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(pool).await.unwrap();
    assert!(tables.len() > 20, "{tables:?}");
    let mut all = String::new();
    for table in tables {
        let hex = AssertSqlSafe(format!("SELECT t::text FROM {table} t"));
        let rows: Vec<String> = sqlx::query_scalar(hex).fetch_all(pool).await.unwrap();
        all.extend(rows);
        let mut escaped = pool.begin().await.unwrap();
        sqlx::query("SET LOCAL bytea_output = 'escape'").execute(&mut *escaped).await.unwrap();
        let text = AssertSqlSafe(format!("SELECT t::text FROM {table} t"));
        let rows: Vec<String> = sqlx::query_scalar(text).fetch_all(&mut *escaped).await.unwrap();
        all.extend(rows);
    }
    all
}

async fn add_staff(company: &Company) {
    let new = NewStaff {
        email: "ada@example.com".to_owned(),
        name: "Ada".to_owned(),
        role: Role::Admin,
        password_hash: hash_password(&Secret::from(PASSWORD)).unwrap(),
    };
    let actor = Actor { name: "command line".to_owned(), staff: None };
    company.store.add_staff(&new, &actor).await.unwrap();
}

/// Somebody of support signs in, mistypes before, and looks at a case.
async fn look_at(canaries: &mut Canaries, process: &Process, reference: &str) -> Person {
    let mut staff = Person::at(&process.url);
    for (password, status) in [(WRONG_PASSWORD, 401), (PASSWORD, 303)] {
        let next = "/console/account";
        let form = [("email", "ada@example.com"), ("password", password), ("next", next)];
        let (told, _, body) = staff.post("/console/sign-in", &form).await;
        assert_eq!(told, status, "{body}");
    }
    for path in ["/console", &format!("/console/onboardings/{reference}"), "/console/audit"] {
        let (status, body) = staff.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
    }
    for value in staff.cookie_values() {
        canaries.add("a cookie of staff", value);
    }
    staff
}

/// Requests that go wrong, with secrets in them.
async fn refused(company: &Company, process: &Process, secrets: &Canaries) -> String {
    let mut pages = String::new();
    for (_, secret) in &secrets.0 {
        // Not as a name in the document: one that is unknown is named to whoever sent it.
        let body = json!({ "tenant_id": secret, "name": 7, "blueprint": secret });
        for (method, path, body) in [
            ("POST", "/v1/onboardings".to_owned(), &body),
            ("GET", format!("/l/{secret}"), &Value::Null),
            ("GET", format!("/return/{secret}"), &Value::Null),
            ("GET", format!("/o/GW-0000-0000?token={secret}"), &Value::Null),
        ] {
            let answer =
                company.http.request(method.parse().unwrap(), format!("{}{path}", process.url));
            let answer = answer.bearer_auth(secret).header("cookie", format!("gangway={secret}"));
            let answer = if body.is_null() { answer } else { answer.json(body) };
            let Ok(answer) = answer.send().await else { continue };
            assert!(answer.status().is_client_error() || answer.status().is_redirection());
            pages.push_str(&answer.text().await.unwrap());
        }
    }
    pages
}

/// What stands around the process, and the secrets that go through it.
struct Scene {
    company: Company,
    database: TestDb,
    cyclr: Proxy,
    collector: Collector,
    receiver: Receiver,
    process: Process,
    canaries: Canaries,
}

impl Scene {
    async fn set() -> Self {
        let database = TestDb::fresh().await;
        let mut url = url::Url::parse(&database.url()).unwrap();
        url.set_password(Some(DATABASES)).unwrap();
        let company = Company::on(url.as_str(), CLIENT_SECRET).await;
        let cyclr = Proxy::witness(&company.settings["CYCLR_API_BASE"]).await;
        let (collector, receiver) = (Collector::open().await, Receiver::open().await);
        let header = format!("authorization=Bearer%20{COLLECTORS}");
        let more = [
            ("GANGWAY_LOG", "trace"),
            ("GANGWAY_SECRET_KEY", MASTER_KEY),
            ("CYCLR_API_BASE", &*cyclr.url),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.url),
            ("OTEL_EXPORTER_OTLP_HEADERS", &*header),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
        ];
        let process = Process::start(&company, &more).await;
        add_staff(&company).await;
        let mut canaries = Canaries(Vec::new());
        for (name, value) in [
            ("the client secret", CLIENT_SECRET),
            ("the master key", MASTER_KEY),
            ("the collector's header", COLLECTORS),
            ("the database's password", DATABASES),
            ("the password of staff", PASSWORD),
            ("a mistyped password", WRONG_PASSWORD),
            ("the typed key", TYPED_KEY),
            ("the API key", &company.key),
        ] {
            canaries.add(name, value);
        }
        Self { company, database, cyclr, collector, receiver, process, canaries }
    }

    /// An endpoint and another key, each of which is shown once.
    async fn make_secrets(&mut self) {
        let Self { company, process, receiver, .. } = self;
        let secret = company.add_endpoint(&process.url, &receiver.url()).await;
        self.canaries.add("the webhook secret", secret.trim_start_matches("whsec_"));
        let body = json!({ "name": "second", "scopes": ["read"] });
        let made = company.ask(&process.url, "POST", "/v1/api_keys", &body).await;
        assert_eq!(made.status(), 201);
        let made: Value = made.json().await.unwrap();
        self.canaries.add("a made API key", made["key"].as_str().unwrap());
    }

    /// From the start to live while Cyclr fails in many ways, and repeats what it was sent.
    async fn go_all_the_way(&mut self) -> (Value, Person) {
        let fails = FaultKind::Refuse { status: 500, message: "no".to_owned(), retry_after: None };
        for (method, path, kind) in [
            ("POST", "/v1.0/accounts", fails),
            ("POST", "/v1.0/templates/*/install", FaultKind::LoseAnswer),
            ("PUT", "/v1.0/cycles/*/activate", FaultKind::Truncated),
        ] {
            self.company.sandbox.inject(Fault::once(method, path, kind));
        }
        let (company, url) = (&self.company, &self.process.url);
        let started = company.start(url, "acme", "newsletter").await;
        let link = started["link"]["url"].as_str().unwrap();
        self.canaries.add("the link's token", link.rsplit_once("/l/").unwrap().1);
        let waiting = company.until(url, id_of(&started), "waiting", "connect").await;
        let mut all = waiting["connections"].as_array().unwrap().iter();
        let mail = all.find(|one| one["name"] == "Parcel Mail").unwrap();
        let message = format!("{TYPED_KEY} is not a key");
        let echo = FaultKind::Refuse { status: 400, message, retry_after: None };
        company.sandbox.inject(Fault::once("PUT", "/v1.0/account/connectors/{}", echo));
        let mut person = Person::at(url);
        let page = person.open(link).await;
        let token = person.form(&page).await;
        let form = [("form-token", &*token), ("api_key", TYPED_KEY)];
        let details =
            format!("{page}/connections/{}/details", mail["connector_id"].as_str().unwrap());
        let (status, _, body) = person.post(&details, &form).await;
        assert_ne!(status, 303, "Cyclr did not take it: {body}");
        person.go_all_the_way(company, &started, TYPED_KEY).await;
        for value in person.cookie_values() {
            self.canaries.add("a cookie of a visit", value);
        }
        assert!(!person.sent_to_cyclr.is_empty());
        for value in &person.sent_to_cyclr {
            self.canaries.add("a sign-in token", value);
        }
        (started, person)
    }

    /// As they were given out.
    fn add_access_tokens(&mut self) {
        let carried = self.cyclr.carried();
        let tokens = carried.split("\"access_token\":\"").skip(1);
        let tokens: Vec<_> = tokens.map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(!tokens.is_empty(), "{carried}");
        for token in tokens {
            self.canaries.add("Cyclr's access token", token);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_shows_anywhere() {
    let mut scene = Scene::set().await;
    scene.make_secrets().await;
    let (started, person) = scene.go_all_the_way().await;
    scene.add_access_tokens();
    let Scene { company, database, collector, receiver, mut process, mut canaries, .. } = scene;
    let reference = started["reference"].as_str().unwrap();
    let staff = look_at(&mut canaries, &process, reference).await;
    let refusals = refused(&company, &process, &canaries).await;
    eventually("the end is told", async || {
        receiver.kinds().iter().any(|kind| kind == "onboarding.live").then_some(())
    })
    .await;
    let figures = process.scrape().await;
    process.stop().await;

    let told = format!("{:?}", receiver.heard());
    let rows = every_row(&database.pool_of(1).await).await;
    let traces = String::from_utf8_lossy(&collector.raw()).into_owned();
    let wrong = [
        canaries.found_in("the log", &process.lines(), &[]),
        canaries.found_in("the traces", &traces, &[]),
        canaries.found_in("the database", &rows, &[]),
        // What is shown to the integrator holds the link, which is made for passing on.
        canaries.found_in("webhooks", &told, &["the link's token"]),
        canaries.found_in("figures", &figures, &[]),
        canaries.found_in("refusals", &refusals, &[]),
        canaries.found_in("pages", &person.seen.concat(), &[]),
        canaries.found_in("the console", &staff.seen.concat(), &[]),
    ];
    let wrong = wrong.concat();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    // The looking finds what is there, and there is something to look at.
    assert!(!canaries.found_in("webhooks", &told, &[]).is_empty(), "the link is told");
    for (place, text, there) in [
        ("the log", &process.lines(), "cyclr.call"),
        ("the traces", &traces, "cyclr.call"),
        ("the database", &rows, reference),
        ("figures", &figures, "gangway_steps_total"),
    ] {
        assert!(text.contains(there), "{place}");
    }
}
