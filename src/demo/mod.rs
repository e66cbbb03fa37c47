//! Everything on one machine, to try Gangway out: a private Postgres, the sandbox, the service, and
//! the signup page of a pretend SaaS company that starts onboardings through the public API.
//!
//! What always holds:
//! - It goes on where it was: database, sandbox world and secret live in one folder.
//! - The parts meet only where they would in real life: the signup page speaks HTTP to the API with
//!   a real key, and the service speaks HTTP to the sandbox.
//! - It listens on loopback only.
//!
//! Decided against: seeding rows past the API (the demo would show something that cannot happen).

mod signup;
mod staff;

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use chrono::TimeDelta;
use sqlx::postgres::PgConnectOptions;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::app::{self, App};
use crate::clock::Clock;
use crate::config::{Config, DatabaseSettings};
use crate::embedded::{self, Durability, Embedded};
use crate::engine::ErrorHook;
use crate::ids::BlueprintKey;
use crate::onboarding::{Blueprint, SignInWindow};
use crate::sandbox::{self, Sandbox};
use crate::secret::{ExposeSecret as _, MasterKey, Secret, random_token};
use crate::{cyclr, engine, web, webhooks};

/// The name of the signup page's API key. Each start makes a new one and ends the old.
const KEY_NAME: &str = "demo signup page";

#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Where database, sandbox world and secret are kept.
    #[arg(long, default_value = ".gangway/demo")]
    pub data_dir: PathBuf,
    /// The service's port; the signup page gets the next one and the sandbox the one after. With 0
    /// all three get free ones.
    #[arg(long, default_value_t = 4000)]
    pub port: u16,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Embedded(#[from] embedded::Error),
    #[error(transparent)]
    App(#[from] app::Error),
    #[error(transparent)]
    Sandbox(#[from] sandbox::Error),
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    #[error("DATABASE_URL is not an address of a Postgres database")]
    DatabaseUrl,
    #[error("the demo's own {0} does not make sense")]
    Own(&'static str),
    #[error("cannot use {path}")]
    Folder { path: String, source: std::io::Error },
    #[error("cannot listen on {address}; is another demo running? Try --port 0")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("cannot serve")]
    Serve(#[from] std::io::Error),
    #[error("the signup page cannot be made")]
    Signup(#[from] reqwest::Error),
}

/// Runs until `stop`.
pub async fn run(options: Options, stop: CancellationToken) -> Result<(), Error> {
    let data_dir = make_folder(&options.data_dir)?;
    let doors = Doors::open(options.port).await?;
    let kept_in = Some(data_dir.join("sandbox.json"));
    let error_link =
        Url::parse(&doors.service_url()).and_then(|url| url.join("return/declined")).ok();
    let sandbox = Sandbox::open(sandbox::Settings { kept_in, error_link, ..Default::default() })?;
    let private = start_database(&data_dir).await?;
    let database = database_options(private.as_ref())?;
    let config = doors.config(&master_key(&data_dir)?)?;
    let store = app::connect(database, config.database.connections).await?;
    store.migrate().await.map_err(app::Error::from)?;
    let blueprints = example_blueprints(&doors)?;
    for blueprint in &blueprints {
        store.publish(blueprint.clone()).await?;
    }
    store.revoke_api_keys(KEY_NAME).await?;
    let (_, key) = store.create_api_key(KEY_NAME).await?;
    let signup = signup::router(&doors.service_url(), &doors.signup_url(), &key, blueprints)?;
    let password = staff::prepare(&store, &data_dir).await?;
    doors.announce(&data_dir, &password);

    let app = App::new(&config, store, Clock::system())?;
    let Doors { service, signup: signup_door, sandbox: sandbox_door } = doors;
    let stopped = |stop: &CancellationToken| stop.clone().cancelled_owned();
    // The sandbox and the page go last: the service may still be in the middle of a call.
    let props = CancellationToken::new();
    let pretend = sandbox::serve(sandbox, sandbox_door, stopped(&props));
    let page = axum::serve(signup_door, signup).with_graceful_shutdown(stopped(&props));
    let service = async {
        app.run(service, stop).await;
        props.cancel();
    };
    let ((), pretended, paged) = tokio::join!(service, pretend, page.into_future());
    if let Some(private) = private {
        private.stop().await;
    }
    pretended?;
    Ok(paged?)
}

/// The three addresses that the demo listens on.
struct Doors {
    service: TcpListener,
    signup: TcpListener,
    sandbox: TcpListener,
}

impl Doors {
    async fn open(port: u16) -> Result<Self, Error> {
        let place = |offset| if port == 0 { 0 } else { port.saturating_add(offset) };
        Ok(Self {
            service: listen(place(0)).await?,
            signup: listen(place(1)).await?,
            sandbox: listen(place(2)).await?,
        })
    }

    fn service_url(&self) -> String {
        address(&self.service)
    }

    fn signup_url(&self) -> String {
        address(&self.signup)
    }

    fn sandbox_url(&self) -> String {
        address(&self.sandbox)
    }

    /// Short times: a person who tries out what happens after `kill -9` does not want to wait.
    fn config(&self, master_key: &MasterKey) -> Result<Config, Error> {
        let url = |text: &str| Url::parse(text).map_err(|_| Error::Own("address"));
        let sandbox = url(&self.sandbox_url())?;
        let call_deadline = Duration::from_secs(4);
        Ok(Config {
            listen: self.service.local_addr()?,
            metrics_listen: None,
            public_url: url(&self.service_url())?,
            master_key: master_key.clone(),
            database: DatabaseSettings { url: None, connections: 8 },
            cyclr: cyclr::Settings {
                api_base: sandbox.clone(),
                service_domain: sandbox,
                client_id: sandbox::CLIENT_ID.to_owned(),
                client_secret: Secret::from(sandbox::CLIENT_SECRET),
                other_client_secret: None,
                call_deadline,
                connect_deadline: Duration::from_secs(2),
                body_limit: 1024 * 1024,
                calls_at_once: 64,
                pressure: cyclr::PressureSettings::default(),
                plain_http: false,
            },
            rates: web::RateSettings::default(),
            identity: None,
            // Whoever tries it out listens on this machine.
            webhooks: webhooks::Settings { insecure: true, ..webhooks::Settings::default() },
            // Nobody balances requests here.
            drain: Duration::ZERO,
            keep: engine::Keep::default(),
            engine: engine::Settings {
                deployment: "demo".to_owned(),
                account_prefix: String::new(),
                public_url: url(&self.service_url())?,
                lease: Duration::from_secs(11),
                commit_margin: Duration::from_secs(1),
                quiet_period: Duration::from_secs(5),
                at_once: 500,
                poll: Duration::from_millis(500),
                most_claims: 5,
                link_life: TimeDelta::days(7),
                usual_look: TimeDelta::hours(1),
                looks_per_second: 20,
                error_hook: ErrorHook::new(
                    url(&self.service_url())?,
                    master_key.derive("cyclr errors"),
                ),
            },
        })
    }

    /// Nobody listening is no reason to stop.
    fn announce(&self, data_dir: &Path, password: &str) {
        let text = format!(
            "\n  Gangway's demo is ready. Begin with the signup page.\n\n\
             \x20   Signup page   {}\n    Service       {}\n    Console       {}console\n    Sandbox       {}\n\n\
             \x20 Sign in to the console as {}, password {password}\n\
             \x20 All of it is kept in {}. Ctrl-C stops it.\n\n",
            self.signup_url(),
            self.service_url(),
            self.service_url(),
            self.sandbox_url(),
            staff::EMAIL,
            data_dir.display(),
        );
        drop(std::io::stdout().write_all(text.as_bytes()));
    }
}

async fn listen(port: u16) -> Result<TcpListener, Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })
}

/// A bound listener always knows its address; port 0 would be plainly wrong to whoever reads it.
fn address(listener: &TcpListener) -> String {
    let port = listener.local_addr().map_or(0, |address| address.port());
    format!("http://127.0.0.1:{port}/")
}

fn make_folder(path: &Path) -> Result<PathBuf, Error> {
    let folder = |source| Error::Folder { path: path.display().to_string(), source };
    std::fs::create_dir_all(path).map_err(folder)?;
    path.canonicalize().map_err(folder)
}

/// Links must stay good over a restart.
fn master_key(data_dir: &Path) -> Result<MasterKey, Error> {
    let text = kept_chance(data_dir, "secret.key")?;
    MasterKey::from_text(&text).ok_or(Error::Own("secret.key"))
}

/// A text of chance that is kept in the demo's folder for its owner's eyes, the same after a restart.
fn kept_chance(data_dir: &Path, name: &str) -> Result<String, Error> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = data_dir.join(name);
    let folder = |source| Error::Folder { path: path.display().to_string(), source };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // Written beside and renamed: a demo killed in between finds none, not half of one.
            let text = random_token();
            let beside = data_dir.join(format!("{name}.new"));
            let mut options = std::fs::OpenOptions::new();
            options
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&beside)
                .and_then(|mut file| file.write_all(text.as_bytes()))
                .and_then(|()| std::fs::rename(&beside, &path))
                .map_err(folder)?;
            Ok(text)
        }
        Err(error) => Err(folder(error)),
    }
}

async fn start_database(data_dir: &Path) -> Result<Option<Embedded>, Error> {
    if database_url().is_some() {
        return Ok(None);
    }
    let settings =
        embedded::Settings { data_dir: data_dir.to_owned(), durability: Durability::Durable };
    Ok(Some(Embedded::start(settings).await?))
}

fn database_options(private: Option<&Embedded>) -> Result<PgConnectOptions, Error> {
    match (private, database_url()) {
        (Some(private), _) => Ok(private.connect_options()),
        (None, Some(url)) => {
            PgConnectOptions::from_str(url.expose_secret()).map_err(|_| Error::DatabaseUrl)
        }
        (None, None) => Err(Error::DatabaseUrl),
    }
}

fn database_url() -> Option<Secret> {
    crate::config::database_url()
}

/// What can be tried: the same setup with its sign-in in this window, in one of its own, and with a message
/// at its end; and one with every other way to connect.
fn example_blueprints(doors: &Doors) -> Result<Vec<Blueprint>, Error> {
    let parse = |text| serde_json::from_str(text).map_err(|_| Error::Own("blueprint"));
    let newsletter: Blueprint = parse(include_str!("blueprint.json"))?;
    let with = |key: &str, sign_in| {
        let key = BlueprintKey::parse(key).map_err(|_| Error::Own("blueprint"))?;
        Ok::<_, Error>(Blueprint { key, sign_in, ..newsletter.clone() })
    };
    let mut blueprints = vec![
        newsletter.clone(),
        with("newsletter-in-window", SignInWindow::Popup)?,
        with("newsletter-by-message", SignInWindow::Message)?,
        parse(include_str!("desk.json"))?,
    ];
    let base = Url::parse(&doors.signup_url()).map_err(|_| Error::Own("address"))?;
    for blueprint in &mut blueprints {
        for path in ["welcome", "later"] {
            blueprint.return_urls.push(base.join(path).map_err(|_| Error::Own("address"))?);
        }
        if !blueprint.mistakes().is_empty() {
            return Err(Error::Own("blueprint"));
        }
    }
    Ok(blueprints)
}
