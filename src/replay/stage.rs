//! Where a history is played: a database, a sandbox on a port of its own, an engine, and one stopped clock for
//! both sides.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

use super::document::History;
use super::{Error, world};
use crate::clock::Clock;
use crate::cyclr;
use crate::engine::{self, Engine, ErrorHook, StartRequest, Worker};
use crate::ids::{BlueprintKey, ConnectorId, CycleId, OnboardingId, TemplateId};
use crate::onboarding::{Onboarding, Profile, ReturnUrls};
use crate::sandbox::{self, Sandbox};
use crate::secret::{MasterKey, Secret, random_token};
use crate::store::{JournalLine, Render, Store};

/// More lines than a document holds: ours may be a few more than theirs.
const MOST_LINES: u16 = 10_000;

pub(super) struct Stage {
    pub(super) engine: Engine,
    pub(super) sandbox: Sandbox,
    pub(super) clock: Clock,
    worker: Worker,
    store: Store,
    http: reqwest::Client,
    base: Url,
    id: Option<OnboardingId>,
    /// The versions here of those in the document.
    versions: Vec<(i32, i32)>,
    _serving: JoinSet<()>,
}

impl Stage {
    /// The database is an empty one. Nothing listens but on loopback, and only while this lives.
    pub(super) async fn open(history: &History, database: PgConnectOptions) -> Result<Self, Error> {
        let begun = history.timeline.first().map_or(DateTime::UNIX_EPOCH, |line| line.at);
        let clock = Clock::stopped_at(begun);
        let pool = PgPoolOptions::new().max_connections(8).connect_with(database).await?;
        let store = Store::new(pool, clock.clone());
        store.migrate().await?;
        let mut catalogue = world::catalogue(history)?;
        world::offer_answers(&mut catalogue, history);
        let settings = sandbox::Settings {
            catalogue,
            clock: Some(begun),
            record_calls: false,
            ..sandbox::Settings::default()
        };
        let sandbox = Sandbox::open(settings)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let base = Url::parse(&format!("http://{}/", listener.local_addr()?))
            .map_err(|_| Error::Own("address"))?;
        let mut serving = JoinSet::new();
        let served = sandbox.clone();
        serving.spawn(async move {
            drop(sandbox::serve(served, listener, std::future::pending()).await);
        });
        let cyclr = cyclr::Client::new(cyclr_settings(&base), clock.clone())?;
        let (engine, worker) = Engine::new(store.clone(), cyclr, clock.clone(), engine_settings()?);
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .no_proxy()
            .build()?;
        Ok(Self {
            engine,
            sandbox,
            clock,
            worker,
            store,
            http,
            base,
            id: None,
            versions: Vec::new(),
            _serving: serving,
        })
    }

    /// Publishes what it follows, and starts it as it was started.
    pub(super) async fn start(&mut self, history: &History, actor: &str) -> Result<(), Error> {
        for version in &history.blueprints {
            let published = self.store.publish(version.document.clone()).await?;
            self.versions.push((version.version, published.id.version));
        }
        let (key, version) = self.version(history, history.first_version())?;
        let found = self.store.find_blueprint(&key, Some(version)).await?;
        let published = found.ok_or(Error::NoBlueprint)?;
        let tenant = &history.tenant;
        if let Some(account) = &tenant.account_id {
            let body = json!({ "Id": account.as_str(), "Name": tenant.name });
            self.by_hand(Method::POST, "v1.0/accounts", "", &body).await?;
        }
        let request = StartRequest {
            tenant: tenant.id.clone(),
            profile: profile(history),
            blueprint_id: published.id,
            blueprint: published.blueprint,
            idempotency: None,
            actor: actor.to_owned(),
        };
        let render: Render = Arc::new(|_, _| (201, String::new()));
        let answer = self.engine.start(request, render).await?;
        self.id = answer.shows.map(|shown| shown.onboarding);
        Ok(())
    }

    /// Key and version here of a version in the document.
    pub(super) fn version(
        &self,
        history: &History,
        version: i32,
    ) -> Result<(BlueprintKey, i32), Error> {
        let key = history.blueprints.first().map(|first| first.document.key.clone());
        let here = self.versions.iter().find(|(theirs, _)| *theirs == version);
        Ok((key.ok_or(Error::NoBlueprint)?, here.ok_or(Error::NoBlueprint)?.1))
    }

    pub(super) fn id(&self) -> Result<OnboardingId, Error> {
        self.id.ok_or(Error::Own("start"))
    }

    pub(super) async fn read(&self) -> Result<Onboarding, Error> {
        self.store.find(self.id()?).await?.ok_or(Error::Own("start"))
    }

    pub(super) async fn journal(&self) -> Result<Vec<JournalLine>, Error> {
        let all = crate::store::Sight::All;
        Ok(self.store.list_journal_after(self.id()?, &all, 0, MOST_LINES).await?)
    }

    /// Both clocks, and never back.
    pub(super) fn move_to(&self, at: DateTime<Utc>) {
        let by = at - self.clock.now();
        if by > chrono::TimeDelta::zero() {
            self.clock.advance(by);
            self.sandbox.advance(by);
        }
    }

    /// Drives until nothing is due.
    pub(super) async fn rest(&mut self) -> Result<(), Error> {
        self.worker.tick().await?;
        Ok(())
    }

    /// Our account connector of that name.
    pub(super) async fn connector(&self, name: &str) -> Result<Option<ConnectorId>, Error> {
        let facts = self.read().await?.facts;
        let found = facts.connections.iter().find(|connection| connection.name == name);
        Ok(found.map(|connection| connection.connector))
    }

    /// Our cycle in that place of the version that it follows now.
    pub(super) async fn cycle(&self, place: usize) -> Result<Option<CycleId>, Error> {
        Ok(self.read().await?.facts.slots.get(place).and_then(|slot| slot.cycle))
    }

    /// The place of a template in the version that it follows now.
    pub(super) async fn place(&self, template: TemplateId) -> Result<Option<usize>, Error> {
        let slots = self.read().await?.facts.slots;
        Ok(slots.iter().position(|slot| slot.template == template))
    }

    /// The account at the sandbox, once there is one.
    pub(super) async fn account(&self) -> Result<String, Error> {
        let account = self.read().await?.facts.account;
        Ok(account.map(|account| account.id.to_string()).unwrap_or_default())
    }

    /// A call that is none of ours, as somebody at Cyclr's console would make it. Whether it was of use is
    /// seen by what becomes of it.
    pub(super) async fn by_hand(
        &self,
        method: Method,
        path: &str,
        account: &str,
        body: &Value,
    ) -> Result<(), Error> {
        let at = |path: &str| self.base.join(path).map_err(|_| Error::Own("address"));
        let grant = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            sandbox::CLIENT_ID,
            sandbox::CLIENT_SECRET
        );
        let asking = self
            .http
            .post(at("oauth/token")?)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(grant);
        let token: Value = asking.send().await?.json().await?;
        let token = token["access_token"].as_str().unwrap_or_default();
        let call = self.http.request(method, at(path)?).bearer_auth(token);
        call.header("x-cyclr-account", account).json(body).send().await?;
        Ok(())
    }
}

fn profile(history: &History) -> Profile {
    let tenant = &history.tenant;
    Profile {
        name: tenant.name.clone(),
        timezone: tenant.timezone.clone(),
        locale: tenant.locale.clone(),
        contact: tenant.contact.clone(),
        named_account: tenant.account_id.clone(),
        data: tenant.data.clone(),
        pages_url: None,
        return_urls: ReturnUrls::default(),
        tags: tenant.tags.clone(),
        metadata: serde_json::Map::new(),
        retention_days: None,
        erased: None,
    }
}

/// The times that pass by themselves are short: nobody waits for a real host.
fn cyclr_settings(base: &Url) -> cyclr::Settings {
    cyclr::Settings {
        api_base: base.clone(),
        service_domain: base.clone(),
        client_id: sandbox::CLIENT_ID.to_owned(),
        client_secret: Secret::from(sandbox::CLIENT_SECRET),
        other_client_secret: None,
        call_deadline: Duration::from_secs(10),
        connect_deadline: Duration::from_secs(2),
        body_limit: 1024 * 1024,
        calls_at_once: 64,
        pressure: cyclr::PressureSettings {
            first_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(2),
            longest_hold: Duration::from_millis(1),
            least_rate: 2000.0,
            calm: Duration::from_millis(5),
            ..cyclr::PressureSettings::default()
        },
        plain_http: false,
    }
}

fn engine_settings() -> Result<engine::Settings, Error> {
    let public_url = Url::parse("https://replay.invalid/").map_err(|_| Error::Own("address"))?;
    let master = MasterKey::from_text(&random_token()).ok_or(Error::Own("secret"))?;
    Ok(engine::Settings {
        deployment: "replay".to_owned(),
        account_prefix: String::new(),
        public_url: public_url.clone(),
        lease: Duration::from_mins(1),
        commit_margin: Duration::from_secs(1),
        quiet_period: Duration::from_secs(35),
        at_once: 10,
        poll: Duration::from_secs(1),
        most_claims: 5,
        link_life: chrono::TimeDelta::days(7),
        usual_look: chrono::TimeDelta::hours(24),
        looks_per_second: 100,
        error_hook: ErrorHook::new(public_url, master.derive("cyclr errors")),
    })
}
