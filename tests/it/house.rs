//! The whole of Gangway but its doors, on real parts: a database of its own, the sandbox on a port,
//! and one stopped clock for both sides. Nothing sleeps: time moves when a test moves it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use gangway::clock::Clock;
use gangway::cyclr;
use gangway::engine::{self, Credential, Engine, Given, SignInMode, StartRequest, Worker};
use gangway::ids::{AccountId, BlueprintKey, ConnectorId, OnboardingId, TenantId};
use gangway::onboarding::{
    Blueprint, Command, Listed, Onboarding, Profile, QuestionKey, ReturnUrls, Status,
};
use gangway::sandbox::{Catalogue, HeardCall, Sandbox};
use gangway::secret::{ExposeSecret as _, MacKey, MasterKey, Secret};
use gangway::store::{Render, Store};
use gangway::webhooks::{self, Endpoints};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use url::Url;

use crate::database::TestDb;

/// Lease of the house's workers; a test that kills one lets this much time pass.
pub(crate) const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How often a worker of the house that runs by itself looks unasked.
const POLL: Duration = Duration::from_millis(100);
/// Quiet period of the house.
pub(crate) const QUIET: TimeDelta = TimeDelta::seconds(35);

pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) sandbox: Sandbox,
    pub(crate) address: SocketAddr,
    pub(crate) engine: Engine,
    pub(crate) worker: Worker,
    _serving: JoinSet<()>,
    pub(crate) database: TestDb,
    public_url: Url,
}

/// The start of all times in tests.
pub(crate) fn dawn() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-03-02T09:00:00Z").unwrap().to_utc()
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::open_with(Catalogue::built_in()).await
    }

    pub(crate) async fn open_with(catalogue: Catalogue) -> Self {
        Self::open_at(catalogue, Url::parse("https://go.example.com/").unwrap()).await
    }

    /// Its pages are at this address.
    pub(crate) async fn open_at(catalogue: Catalogue, public_url: Url) -> Self {
        let database = TestDb::fresh().await;
        let clock = Clock::stopped_at(dawn());
        let settings = sandbox_settings(catalogue);
        let sandbox = Sandbox::open(settings).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        let served = sandbox.clone();
        serving.spawn(async move {
            gangway::sandbox::serve(served, listener, std::future::pending()).await.unwrap();
        });
        let store = Store::new(database.pool().await, clock.clone());
        let sides = (address, &public_url);
        let (engine, worker) = engine(&store, &clock, sides, POLL);
        Self {
            store,
            clock,
            sandbox,
            address,
            engine,
            worker,
            _serving: serving,
            database,
            public_url,
        }
    }

    /// As if the process had died and another one had started: nothing but the database is left.
    pub(crate) fn restart(&mut self) {
        (self.engine, self.worker) = self.another_process(POLL);
    }

    /// A copy of the database, as a backup would be. This process goes on with a fresh line to the original.
    pub(crate) async fn back_up(&mut self) -> TestDb {
        let copy = self.database.copy().await;
        self.store = Store::new(self.database.pool().await, self.clock.clone());
        self.restart();
        copy
    }

    /// From here on this database is the one in use, as after a restore; gives the one that was.
    pub(crate) async fn move_to(&mut self, database: TestDb) -> TestDb {
        self.store = Store::new(database.pool().await, self.clock.clone());
        self.restart();
        std::mem::replace(&mut self.database, database)
    }

    /// Another process on the same database and the same Cyclr.
    pub(crate) fn another_process(&self, poll: Duration) -> (Engine, Worker) {
        engine(&self.store, &self.clock, (self.address, &self.public_url), poll)
    }

    /// Another process that waits long for Cyclr, as one that was frozen in the middle of a call.
    pub(crate) fn patient_process(&self) -> (Engine, Worker) {
        let sides = (self.address, &self.public_url);
        engine_with(&self.store, &self.clock, sides, POLL, Duration::from_secs(25))
    }

    /// This process keeps its doors and works on nothing.
    pub(crate) fn retire_worker(&mut self) {
        let (engine, worker) = self.another_process(POLL);
        self.engine = engine;
        drop(worker);
    }

    /// Where the integrator is told of changes: to any address, for the receivers of tests.
    pub(crate) fn endpoints(&self) -> Endpoints {
        let settings = webhooks::Settings {
            timeout: Duration::from_millis(600),
            at_once: 4,
            poll: POLL,
            insecure: true,
            ..webhooks::Settings::default()
        };
        let master = MasterKey::from_text(&"m".repeat(40)).unwrap();
        Endpoints::new(self.store.clone(), &master, settings)
    }

    /// For looking past the store.
    pub(crate) async fn pool(&self) -> sqlx::PgPool {
        self.database.pool().await
    }

    /// Moves both sides' clocks.
    pub(crate) fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
        self.sandbox.advance(by);
    }

    pub(crate) async fn publish(&self, blueprint: Value) -> BlueprintKey {
        let blueprint: Blueprint = serde_json::from_value(blueprint).unwrap();
        assert_eq!(blueprint.mistakes(), []);
        let key = blueprint.key.clone();
        self.store.publish(blueprint).await.unwrap();
        key
    }

    pub(crate) async fn start(&self, tenant: &str, blueprint: &BlueprintKey) -> OnboardingId {
        self.start_in(tenant, blueprint, None).await
    }

    /// In an account that the integrator names.
    pub(crate) async fn start_in(
        &self,
        tenant: &str,
        blueprint: &BlueprintKey,
        account: Option<&str>,
    ) -> OnboardingId {
        let published = self.store.find_blueprint(blueprint, None).await.unwrap().unwrap();
        let named_account = account.map(|account| AccountId::parse(account).unwrap());
        let request = StartRequest {
            tenant: TenantId::parse(tenant).unwrap(),
            profile: Profile { named_account, ..profile(tenant) },
            blueprint_id: published.id,
            blueprint: published.blueprint,
            idempotency: None,
            actor: "test".to_owned(),
        };
        let render: Render = Arc::new(|_, _| (201, String::new()));
        self.engine.start(request, render).await.unwrap().shows.unwrap().onboarding
    }

    /// An account that was there before Gangway, made as somebody else would; not in the calls heard.
    pub(crate) async fn make_account(&self, id: &str, name: &str) {
        self.by_hand("POST", "/v1.0/accounts", "", &json!({ "Id": id, "Name": name })).await;
        self.sandbox.forget_calls();
    }

    /// A call to Cyclr that is none of ours, as somebody at its console would make it.
    pub(crate) async fn by_hand(
        &self,
        method: &str,
        path: &str,
        account: &str,
        body: &Value,
    ) -> Value {
        let secret = "sandbox-secret-not-for-production";
        let grant = format!(
            "grant_type=client_credentials&client_id=sandbox-client&client_secret={secret}"
        );
        let token = browser()
            .post(format!("http://{}/oauth/token", self.address))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(grant);
        let token: Value = token.send().await.unwrap().json().await.unwrap();
        let call = browser()
            .request(method.parse().unwrap(), format!("http://{}{path}", self.address))
            .bearer_auth(token["access_token"].as_str().unwrap())
            .header("x-cyclr-account", account)
            .json(body);
        let answer = call.send().await.unwrap();
        assert!(answer.status().is_success(), "{method} {path}: {}", answer.status());
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default()
    }

    /// Drives until nothing is due at this moment, at Cyclr neither.
    pub(crate) async fn settle(&mut self) {
        self.sandbox.wait_until_none_late().await;
        self.worker.tick().await.unwrap();
    }

    /// Lets time pass in steps until the onboarding waits for somebody or is done.
    pub(crate) async fn settle_in_time(&mut self, id: OnboardingId) -> Onboarding {
        for _ in 0..40 {
            self.settle().await;
            let onboarding = self.read(id).await;
            if !matches!(onboarding.status, Status::Running | Status::Retrying { .. }) {
                return onboarding;
            }
            self.advance(TimeDelta::seconds(30));
        }
        panic!("it does not settle: {:?}", self.read(id).await.status);
    }

    pub(crate) async fn read(&self, id: OnboardingId) -> Onboarding {
        self.store.find(id).await.unwrap().unwrap()
    }

    pub(crate) async fn connector(&self, id: OnboardingId, name: &str) -> ConnectorId {
        let facts = self.read(id).await.facts;
        facts.connections.iter().find(|connection| connection.name == name).unwrap().connector
    }

    /// What a person's browser does from our button to the return to our page; `decision` is the
    /// button that they press at the provider. Gives the address at which they end.
    pub(crate) async fn sign_in(
        &self,
        id: OnboardingId,
        connector: ConnectorId,
        decision: &str,
    ) -> String {
        let page =
            self.engine.open_attempt(id, connector, "browser", SignInMode::Redirect).await.unwrap();
        self.decide(page.address.expose_secret(), decision).await
    }

    /// The same, from Cyclr's sign-in page on.
    pub(crate) async fn decide(&self, page: &str, decision: &str) -> String {
        let browser = browser();
        let consent = location(&browser.get(page).send().await.unwrap()).unwrap();
        let consent =
            Url::parse(&format!("http://{}", self.address)).unwrap().join(&consent).unwrap();
        let body = format!("{}&decision={decision}", consent.query().unwrap());
        let decide = browser
            .post(format!("http://{}/provider/decide", self.address))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        // The provider sends the browser to Cyclr with its answer, and Cyclr on.
        let Some(callback) = location(&decide.send().await.unwrap()) else { return String::new() };
        location(&browser.get(callback).send().await.unwrap()).unwrap_or_default()
    }

    /// Whether Cyclr held the connection for made then.
    pub(crate) async fn give_credential(
        &self,
        id: OnboardingId,
        connector: ConnectorId,
        credential: Credential,
    ) -> bool {
        let given = self.engine.give_details(id, connector, credential.into()).await.unwrap();
        given == Given::Connected
    }

    pub(crate) async fn answer(&self, id: OnboardingId, answers: &[(&str, &str)]) {
        let given = answers.iter().map(|(k, v)| (QuestionKey((*k).into()), (*v).into())).collect();
        let answers = self.read(id).await.check_answers(&given, &Listed::new()).unwrap();
        self.engine.order(id, Command::Answer(answers), "visitor").await.unwrap();
    }

    /// Method and path of each call that the sandbox heard, tokens left out and ids shortened.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.sandbox.calls().iter().filter(|call| call.path != "/oauth/token").map(shown).collect()
    }

    /// The accounts of the sandbox's world.
    pub(crate) fn accounts(&self) -> Vec<Value> {
        self.sandbox.world()["accounts"].as_array().unwrap().clone()
    }

    /// The cycles of the only account there is, deleted ones left out.
    pub(crate) fn cycles(&self) -> Vec<Value> {
        let accounts = self.accounts();
        assert_eq!(accounts.len(), 1, "{accounts:#?}");
        let cycles = accounts[0]["cycles"].as_array().unwrap().iter();
        cycles.filter(|cycle| cycle["Status"] != "DeleteScheduled").cloned().collect()
    }
}

/// Where Cyclr is, and where the pages are.
type Sides<'a> = (SocketAddr, &'a Url);

/// Proves the addresses at which Cyclr tells of failed runs.
pub(crate) fn hook_key() -> MacKey {
    MasterKey::from_text(&"house".repeat(8)).unwrap().derive("cyclr errors")
}

fn engine(store: &Store, clock: &Clock, sides: Sides<'_>, poll: Duration) -> (Engine, Worker) {
    engine_with(store, clock, sides, poll, Duration::from_secs(2))
}

fn engine_with(
    store: &Store,
    clock: &Clock,
    (address, public_url): Sides<'_>,
    poll: Duration,
    call_deadline: Duration,
) -> (Engine, Worker) {
    let base = Url::parse(&format!("http://{address}/")).unwrap();
    let cyclr = cyclr::Client::new(
        cyclr::Settings {
            api_base: base.clone(),
            service_domain: base,
            client_id: "sandbox-client".to_owned(),
            client_secret: Secret::from("sandbox-secret-not-for-production"),
            other_client_secret: None,
            call_deadline,
            connect_deadline: Duration::from_secs(1),
            body_limit: 1024 * 1024,
            calls_at_once: 64,
            pressure: brisk(),
            plain_http: false,
        },
        clock.clone(),
    )
    .unwrap();
    let settings = engine::Settings {
        deployment: "house".to_owned(),
        account_prefix: String::new(),
        public_url: public_url.clone(),
        lease: LEASE.to_std().unwrap(),
        commit_margin: Duration::from_secs(1),
        quiet_period: QUIET.to_std().unwrap(),
        at_once: 100,
        poll,
        most_claims: 5,
        link_life: TimeDelta::days(7),
        usual_look: TimeDelta::hours(24),
        looks_per_second: 20,
        error_hook: engine::ErrorHook::new(public_url.clone(), hook_key()),
    };
    Engine::new(store.clone(), cyclr, clock.clone(), settings)
}

/// The same rules in a fraction of the time, which runs by itself: no test waits for the real one.
fn brisk() -> cyclr::PressureSettings {
    cyclr::PressureSettings {
        first_pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(100),
        longest_hold: Duration::from_millis(50),
        least_rate: 2000.0,
        calm: Duration::from_millis(100),
        ..cyclr::PressureSettings::default()
    }
}

pub(crate) fn profile(name: &str) -> Profile {
    Profile {
        name: name.to_owned(),
        timezone: Some("Europe/London".to_owned()),
        locale: None,
        contact: None,
        named_account: None,
        data: serde_json::Map::new(),
        return_urls: ReturnUrls::default(),
        tags: Vec::new(),
        metadata: serde_json::Map::new(),
        pages_url: None,
        retention_days: None,
        erased: None,
    }
}

/// A client without redirects and cookies: what a browser does, one step at a time.
pub(crate) fn browser() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

fn location(answer: &reqwest::Response) -> Option<String> {
    Some(answer.headers().get("location")?.to_str().unwrap().to_owned())
}

fn shown(call: &HeardCall) -> String {
    format!("{} {}", call.method, short(&call.path))
}

/// A path without its ids.
pub(crate) fn short(path: &str) -> String {
    let parts = path.split('/').map(|part| {
        let id = part.len() == 36 || part.parse::<u64>().is_ok();
        if id { "…" } else { part }
    });
    parts.collect::<Vec<_>>().join("/")
}

/// A blueprint without anybody in it: one connector that asks for nothing, one rule.
pub(crate) fn unattended() -> Value {
    json!({
        "key": "heartbeat",
        "name": "Heartbeat",
        "templates": [{
            "template_id": gangway::sandbox::STORE_ONLY,
            "mapping": [{
                "target": "Company name",
                "value": { "from": { "path": "tenant.name" } }
            }]
        }]
    })
}

/// The demo's blueprint in short: a person signs in, enters a key and answers.
pub(crate) fn attended() -> Value {
    json!({
        "key": "newsletter",
        "name": "Newsletter",
        "templates": [{
            "template_id": gangway::sandbox::CRM_TO_MAIL,
            "mapping": [
                { "target": "Pipeline", "value": { "ask": "pipeline" } },
                { "step": "Add subscriber", "target": "Company name",
                  "value": { "from": { "path": "tenant.name" } } },
                { "target": "Sender e-mail", "value": { "ask": "sender" } },
                { "target": "Tag", "value": { "constant": "via-gangway" } }
            ]
        }],
        "questions": [
            { "key": "pipeline", "label": "Which contacts?", "kind": "one_of" },
            { "key": "sender", "label": "Which sender?", "kind": "email" }
        ]
    })
}

fn sandbox_settings(catalogue: Catalogue) -> gangway::sandbox::Settings {
    gangway::sandbox::Settings {
        client_id: "sandbox-client".to_owned(),
        client_secret: "sandbox-secret-not-for-production".to_owned(),
        catalogue,
        kept_in: None,
        clock: Some(dawn()),
        record_calls: true,
        ..gangway::sandbox::Settings::default()
    }
}
