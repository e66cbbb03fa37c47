//! The real program, in as many processes as it takes, seen from outside: what it logs, tells and counts, and
//! how it goes on when processes, poolers and databases are exchanged below and above it.

mod canaries;
mod collector;
mod failover;
mod figures;
mod fill;
mod logs;
mod person;
mod pooler;
mod proxy;
mod rolling;
mod traces;

use std::collections::BTreeMap;
use std::fs::File;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use gangway::app;
use gangway::sandbox::{self, Sandbox};
use gangway::secret::ExposeSecret as _;
use gangway::store::Store;
use reqwest::Response;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::database::{TestDb, scratch_folder};
use crate::house::{attended, browser, unattended};
use crate::program::PATIENCE;

/// What stands around the processes: a database, a Cyclr, and an integrator's backend with a key.
pub(crate) struct Company {
    pub(crate) store: Store,
    pub(crate) sandbox: Sandbox,
    pub(crate) key: String,
    pub(crate) http: reqwest::Client,
    pub(crate) settings: Environment,
    database: Option<TestDb>,
    _serving: JoinSet<std::io::Result<()>>,
}

pub(crate) type Environment = BTreeMap<&'static str, String>;

/// One process of the program. It ends with this value.
pub(crate) struct Process {
    pub(crate) url: String,
    pub(crate) figures: String,
    environment: Environment,
    child: Child,
    log: PathBuf,
}

/// Where a process's lines go.
pub(crate) enum Lines {
    Kept,
    /// Both what is told and what is logged.
    To(OwnedFd),
}

impl Company {
    pub(crate) async fn open() -> Self {
        let database = TestDb::fresh().await;
        let url = database.url();
        let mut company = Self::on(&url, sandbox::CLIENT_SECRET).await;
        company.database = Some(database);
        company
    }

    /// On any database, with any secret at Cyclr.
    pub(crate) async fn on(url: &str, secret: &str) -> Self {
        let http = browser();
        let store = app::connect(url.parse().unwrap(), 4).await.unwrap();
        store.migrate().await.unwrap();
        for blueprint in [attended(), unattended()] {
            store.publish(serde_json::from_value(blueprint).unwrap()).await.unwrap();
        }
        let (_, key) = store.create_api_key("backend").await.unwrap();
        let settings =
            sandbox::Settings { client_secret: secret.to_owned(), ..sandbox::Settings::default() };
        let sandbox = Sandbox::open(settings).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let cyclr = format!("http://{}", listener.local_addr().unwrap());
        let mut serving = JoinSet::new();
        serving.spawn(sandbox::serve(sandbox.clone(), listener, std::future::pending()));
        let settings = [
            ("DATABASE_URL", url),
            ("GANGWAY_SECRET_KEY", "processes-processes-processes-processes"),
            ("GANGWAY_LEASE_SECONDS", "8"),
            ("GANGWAY_QUIET_SECONDS", "4"),
            ("GANGWAY_POLL_MILLISECONDS", "250"),
            ("GANGWAY_DATABASE_CONNECTIONS", "6"),
            ("GANGWAY_ALLOW_INSECURE_WEBHOOKS", "true"),
            ("GANGWAY_DRAIN_SECONDS", "1"),
            ("CYCLR_API_BASE", &cyclr),
            ("CYCLR_SERVICE_DOMAIN", &cyclr),
            ("CYCLR_CLIENT_ID", sandbox::CLIENT_ID),
            ("CYCLR_CLIENT_SECRET", secret),
            ("CYCLR_TIMEOUT_SECONDS", "2"),
        ];
        let settings = settings.map(|(name, value)| (name, value.to_owned())).into();
        let key = key.expose_secret().to_owned();
        Self { store, sandbox, key, http, settings, database: None, _serving: serving }
    }

    pub(crate) async fn ask(&self, url: &str, method: &str, path: &str, body: &Value) -> Response {
        let asked = self.http.request(method.parse().unwrap(), format!("{url}{path}"));
        let asked = asked.bearer_auth(&self.key).timeout(Duration::from_secs(20));
        let asked = if body.is_null() { asked } else { asked.json(body) };
        asked.send().await.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    /// Starts an onboarding; gives what is shown of it.
    pub(crate) async fn start(&self, url: &str, tenant: &str, blueprint: &str) -> Value {
        let body = json!({ "tenant_id": tenant, "name": tenant, "blueprint": blueprint });
        let answer = self.ask(url, "POST", "/v1/onboardings", &body).await;
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 201, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) async fn show(&self, url: &str, id: &str) -> Value {
        let answer = self.ask(url, "GET", &format!("/v1/onboardings/{id}"), &Value::Null).await;
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    /// Looks until it stands there; gives it as it is then.
    pub(crate) async fn until(&self, url: &str, id: &str, status: &str, step: &str) -> Value {
        let begun = Instant::now();
        loop {
            let shown = self.show(url, id).await;
            if shown["status"] == status && shown["step"] == step {
                return shown;
            }
            assert!(begun.elapsed() < PATIENCE, "it is not {status} at {step}: {shown:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// An endpoint that is told of everything; gives its secret. It can be asked for again with the same key, so
    /// the answer is kept, sealed.
    pub(crate) async fn add_endpoint(&self, url: &str, address: &str) -> String {
        let body = json!({ "url": address, "description": "", "events": [] });
        let asked = self.http.post(format!("{url}/v1/webhook_endpoints")).bearer_auth(&self.key);
        let asked = asked.header("idempotency-key", address).json(&body);
        let answer = asked.timeout(Duration::from_secs(20)).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let made: Value = answer.json().await.unwrap();
        made["secret"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn id_of(shown: &Value) -> &str {
    shown["id"].as_str().unwrap()
}

/// Looks until it is so.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl Process {
    /// With these settings in addition, once it is ready.
    pub(crate) async fn start(company: &Company, more: &[(&'static str, &str)]) -> Self {
        Self::start_telling(company, more, Lines::Kept).await
    }

    pub(crate) async fn start_telling(
        company: &Company,
        more: &[(&'static str, &str)],
        lines: Lines,
    ) -> Self {
        let mut environment = company.settings.clone();
        let (listen, figures) = (free_address(), free_address());
        environment.insert("GANGWAY_LISTEN", listen.clone());
        environment.insert("GANGWAY_METRICS_LISTEN", figures.clone());
        environment.entry("GANGWAY_PUBLIC_URL").or_insert(format!("http://{listen}"));
        environment.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let log = scratch_folder().join(format!("gangway-log-{}", Uuid::new_v4().simple()));
        let child = spawn(&environment, &log, lines);
        let (url, figures) = (format!("http://{listen}"), format!("http://{figures}/metrics"));
        let mut process = Self { url, figures, environment, child, log };
        process.until_ready().await;
        process
    }

    /// The same again, at the same address.
    pub(crate) async fn start_again(&mut self) {
        self.child = spawn(&self.environment, &self.log, Lines::Kept);
        self.until_ready().await;
    }

    async fn until_ready(&mut self) {
        let http = browser();
        let begun = Instant::now();
        loop {
            let asked = http.get(format!("{}/readyz", self.url)).send().await;
            if asked.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended: {ended:?}\n{}", self.lines());
            assert!(begun.elapsed() < PATIENCE, "it is never ready\n{}", self.lines());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// As a supervisor ends it; says how, and how long that took.
    pub(crate) async fn stop(&mut self) -> (ExitStatus, Duration) {
        let begun = Instant::now();
        self.signal(Signal::TERM);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, begun.elapsed());
            }
            assert!(begun.elapsed() < PATIENCE, "told to stop, it does not");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// All that it logged, from all its lives.
    pub(crate) fn lines(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub(crate) async fn scrape(&self) -> String {
        browser().get(&self.figures).send().await.unwrap().text().await.unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        drop(std::fs::remove_file(&self.log));
    }
}

fn spawn(environment: &Environment, log: &PathBuf, lines: Lines) -> Child {
    let (out, err) = match lines {
        Lines::Kept => {
            let file = File::options().create(true).append(true).open(log).unwrap();
            (Stdio::from(file.try_clone().unwrap()), Stdio::from(file))
        }
        Lines::To(to) => (Stdio::from(to.try_clone().unwrap()), Stdio::from(to)),
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_gangway"));
    command.arg("serve").env_clear().envs(environment).process_group(0);
    command.stdin(Stdio::null()).stdout(out).stderr(err).spawn().unwrap()
}

pub(crate) fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
