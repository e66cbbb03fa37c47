//! The command line.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr as _;

use anyhow::{Context as _, bail};
use chrono::TimeDelta;
use clap::{CommandFactory as _, Parser, Subcommand};
use gangway::app::{self, App};
use gangway::cli::blueprints::read_blueprint;
use gangway::cli::keeping::{self, KeepingCommand, TenantCommand};
use gangway::cli::keys::{self, KeyCommand};
use gangway::cli::onboardings::{self, Manner, Narrowing};
use gangway::cli::remote::{Failure, Remote, ServiceOptions};
use gangway::cli::{events, export, users};
use gangway::clock::Clock;
use gangway::config::{self, Config};
use gangway::doctor::{self, Told};
use gangway::embedded::{self, Durability, Embedded};
use gangway::ids::ApiKeyId;
use gangway::secret::{ExposeSecret as _, Secret};
use gangway::store::{ApiKey, Store};
use gangway::telemetry::Telemetry;
use gangway::{api, demo, monitor, replay, sandbox, telemetry};
use sqlx::postgres::PgConnectOptions;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Many short-lived pieces on several threads are what a drive is made of: the system's allocator spent
/// a quarter of the processor's time on them, most of it waiting for itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Brings a SaaS company's customers aboard their embedded integrations.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service. Settings come from the environment; see the README's table.
    Serve {
        /// Use a private Postgres of our own instead of `DATABASE_URL`.
        #[arg(long)]
        embedded: bool,
        /// Where the private Postgres keeps its files.
        #[arg(long, default_value = ".gangway/serve")]
        data_dir: PathBuf,
    },
    /// Run everything on this machine, with a pretend Cyclr, to try it out.
    Demo(demo::Options),
    /// Run the pretend Cyclr alone. For practice only: it guards nothing.
    Sandbox(Box<sandbox::Options>),
    /// Bring the database of `DATABASE_URL` to this version's shape.
    Migrate,
    #[command(flatten)]
    Look(doctor::Command),
    /// List onboardings of a running service.
    List {
        #[command(flatten)]
        narrowing: Box<Narrowing>,
        /// Most that are shown.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
        #[command(flatten)]
        service: ServiceOptions,
    },
    /// Show an onboarding: where it stands, who must act, and what to do.
    Show {
        /// Its id, its reference in any spelling, or whatever else the search finds.
        onboarding: String,
        #[command(flatten)]
        service: ServiceOptions,
    },
    /// Try again now, when it is stuck or retrying.
    Retry {
        onboarding: String,
        /// For the timeline.
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        service: ServiceOptions,
    },
    /// Print what happened to an onboarding.
    Events {
        onboarding: String,
        /// Go on while it happens, until it is live or cancelled.
        #[arg(long)]
        follow: bool,
        #[command(flatten)]
        service: ServiceOptions,
    },
    /// Write all that is known of an onboarding into one document, to keep or to play again.
    Export {
        onboarding: String,
        /// The file to write; standard output if left out.
        #[arg(long)]
        output: Option<PathBuf>,
        #[command(flatten)]
        service: ServiceOptions,
    },
    /// Play an exported history again against a sandbox, and say whether it comes to the same.
    Replay(replay::Options),
    /// Print a script that lets your shell complete what you type.
    Completions { shell: clap_complete::Shell },
    /// API keys.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Who may use the console.
    #[command(subcommand)]
    User(users::UserCommand),
    /// Blueprints.
    #[command(subcommand)]
    Blueprint(BlueprintCommand),
    #[command(flatten)]
    Keeping(KeepingCommand),
    /// Print the API's OpenAPI document.
    Openapi,
}

#[derive(Debug, Subcommand)]
enum BlueprintCommand {
    /// Publish the blueprint in a JSON file (`-` reads standard input).
    Publish { file: PathBuf },
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let serves = matches!(&arguments.command, Command::Serve { .. } | Command::Demo(_));
    let traces = config::trace_settings().filter(|_| serves);
    let telemetry = Telemetry::begin(&config::log_settings(), traces.as_ref());
    let ended = run(arguments.command).await;
    tokio::task::block_in_place(|| telemetry.end());
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(replay::Unlike(code)) = error.downcast_ref() {
                return ExitCode::from(*code);
            }
            let failure = error.downcast_ref::<Failure>();
            if !matches!(failure, Some(Failure::Unread)) {
                drop(writeln!(std::io::stderr(), "gangway: {error:#}"));
            }
            ExitCode::from(failure.map_or(1, Failure::exit_code))
        }
    }
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve { embedded, data_dir } => serve(embedded.then_some(data_dir)).await,
        Command::Demo(options) => Ok(demo::run(options, app::stop_signal()?).await?),
        Command::Sandbox(options) => run_sandbox(*options).await,
        Command::Migrate => {
            let store = open_database().await?;
            store.migrate().await?;
            say("The database has this version's shape.")
        }
        Command::Look(command) => tell(&doctor::run(&command).await),
        Command::List { narrowing, limit, service } => {
            let (remote, manner) = open_service(&service)?;
            Ok(onboardings::list(&remote, &narrowing, limit, manner, &mut std::io::stdout())
                .await?)
        }
        Command::Show { onboarding, service } => {
            let (remote, manner) = open_service(&service)?;
            Ok(onboardings::show(&remote, &onboarding, manner, &mut std::io::stdout()).await?)
        }
        Command::Retry { onboarding, reason, service } => {
            let (remote, manner) = open_service(&service)?;
            let (reason, out) = (reason.as_deref(), &mut std::io::stdout());
            Ok(onboardings::retry(&remote, &onboarding, reason, manner, out).await?)
        }
        Command::Events { onboarding, follow, service } => {
            let (remote, manner) = open_service(&service)?;
            let out = &mut std::io::stdout();
            Ok(events::events(&remote, &onboarding, follow, manner, out).await?)
        }
        Command::Export { onboarding, output, service } => {
            let (remote, out) = (open_service(&service)?.0, &mut std::io::stdout());
            Ok(export::export(&remote, &onboarding, output.as_deref(), out).await?)
        }
        Command::Replay(options) => Ok(replay::run(&options, &mut std::io::stdout()).await??),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "gangway", &mut script);
            // Nobody reading is no failure.
            drop(std::io::stdout().write_all(&script));
            Ok(())
        }
        Command::Key(command) => manage_keys(command).await,
        Command::User(command) => {
            let told = users::manage(&open_database().await?, command).await?;
            told.iter().try_for_each(|line| say(line))
        }
        Command::Blueprint(BlueprintCommand::Publish { file }) => publish(&file).await,
        Command::Keeping(command) => keep(command).await,
        Command::Openapi => say(&api::document().to_pretty_json()?),
    }
}

/// The key stands in the environment alone: a flag would be seen by whoever lists processes.
fn open_service(options: &ServiceOptions) -> anyhow::Result<(Remote, Manner)> {
    let Some(key) = config::api_key() else {
        bail!("GANGWAY_API_KEY is not set; `gangway key create` makes a key");
    };
    let manner = Manner { json: options.json, now: Clock::system().now() };
    let url = match &options.url {
        Some(url) => url.clone(),
        None => config::service_url()?,
    };
    Ok((Remote::new(&url, key)?, manner))
}

async fn manage_keys(command: KeyCommand) -> anyhow::Result<()> {
    let store = open_database().await?;
    match command {
        KeyCommand::Create { name, scopes, blueprints, expires_in_days } => {
            let days = expires_in_days.map(|days| TimeDelta::days(days.into()));
            let expires_at = days.map(|days| Clock::system().now() + days);
            let new = keys::choose(name, scopes, blueprints, expires_at)?;
            let (_, key) = store.make_api_key(&new).await?;
            say(key.expose_secret())
        }
        KeyCommand::List => {
            for key in store.list_all_api_keys().await? {
                say(&keys::line(&key))?;
            }
            Ok(())
        }
        KeyCommand::Revoke { id } => {
            let told = |key: &ApiKey| (0, keys::line(key));
            match store.revoke_api_key(ApiKeyId(id), None, &told).await? {
                Some(answer) => say(&answer.body),
                None => bail!("there is no key {id}; `gangway key list` shows all"),
            }
        }
    }
}

async fn serve(embedded: Option<PathBuf>) -> anyhow::Result<()> {
    let config = Config::from_environment()?;
    config::warn_of_unknown();
    let stop = app::stop_signal()?;
    let private = match embedded {
        Some(data_dir) => Some(
            Embedded::start(embedded::Settings { data_dir, durability: Durability::Durable })
                .await?,
        ),
        None => None,
    };
    let options = match &private {
        Some(private) => private.connect_options(),
        None => database_options(config.database.url.as_ref())?,
    };
    let store = app::connect(options, config.database.connections).await?;
    store.migrate().await?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    // Nobody reading is no reason to stop.
    drop(say(&format!("Gangway is at {}, listening on {}.", config.public_url, config.listen)));
    if let Some(private) = &private {
        // For `key create` and `blueprint publish`. It is a socket that only its owner can reach.
        drop(say(&format!("Its private database: DATABASE_URL='{}'", private.url())));
    }
    let app = App::new(&config, store, Clock::system())?;
    let watching = watch(config.metrics_listen, &app, &stop).await?;
    app.run(listener, stop).await;
    watching.join_all().await;
    if let Some(private) = private {
        private.stop().await;
    }
    Ok(())
}

/// Shows figures to whoever watches, where the configuration says so.
async fn watch(
    listen: Option<SocketAddr>,
    app: &App,
    stop: &CancellationToken,
) -> anyhow::Result<JoinSet<()>> {
    let mut watching = JoinSet::new();
    if let Some(address) = listen {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address} (GANGWAY_METRICS_LISTEN)"))?;
        let router = monitor::router(app.state.engine.clone(), telemetry::meters::install()?);
        drop(say(&format!("Figures are at http://{}/metrics.", listener.local_addr()?)));
        let stop = stop.clone();
        watching.spawn(async move {
            // Nobody watching is no reason to stop, nor is one who reads slowly one to stay.
            tokio::select! {
                served = axum::serve(listener, router) => drop(served),
                () = stop.cancelled() => {}
            }
        });
    }
    Ok(watching)
}

async fn run_sandbox(options: sandbox::Options) -> anyhow::Result<()> {
    let opened = options.open().await?;
    drop(say(&opened.addresses()?.join("\n")));
    let stop = app::stop_signal()?;
    opened.serve(async move { stop.cancelled().await }).await?;
    Ok(())
}

async fn keep(command: KeepingCommand) -> anyhow::Result<()> {
    match command {
        KeepingCommand::Reseal => {
            let done = app::reseal(open_database().await?, &config::master_key()?).await?;
            say(&format!("{} secrets sealed anew, {} were already.", done.resealed, done.fresh))?;
            Ok(keeping::require_none_foreign(done.foreign)?)
        }
        KeepingCommand::AfterRestore { back_to } => {
            let (back_to, marked) = app::after_restore(open_database().await?, back_to).await?;
            say(&format!("{marked} onboardings look before they act; the copy is of {back_to}."))
        }
        KeepingCommand::Archive { before } => {
            let out = &mut std::io::BufWriter::new(std::io::stdout());
            Ok(keeping::archive(&open_database().await?, before, out).await?)
        }
        KeepingCommand::Tenant(TenantCommand::Export { tenant_id, service }) => {
            let (remote, _) = open_service(&service)?;
            Ok(keeping::export(&remote, &tenant_id, &mut std::io::stdout()).await?)
        }
        KeepingCommand::Tenant(TenantCommand::Erase { tenant_id, reason, service }) => {
            let (remote, manner) = open_service(&service)?;
            let out = &mut std::io::stdout();
            Ok(keeping::erase(&remote, (&tenant_id, &reason), manner, out).await?)
        }
    }
}

async fn publish(file: &std::path::Path) -> anyhow::Result<()> {
    let mut text = String::new();
    if file.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
    }
    let published = open_database().await?.publish(read_blueprint(&text)?).await?;
    let word = if published.fresh { "Published" } else { "Unchanged:" };
    say(&format!("{word} {} version {}.", published.id.key, published.id.version))
}

/// The database of the environment, for commands that need nothing else.
async fn open_database() -> anyhow::Result<Store> {
    Ok(app::connect(database_options(config::database_url().as_ref())?, 2).await?)
}

fn database_options(url: Option<&Secret>) -> anyhow::Result<PgConnectOptions> {
    let Some(url) = url else {
        bail!("DATABASE_URL is not set; set it, or use `gangway serve --embedded`");
    };
    // The parser's own words could repeat the password.
    PgConnectOptions::from_str(url.expose_secret())
        .map_err(|_| anyhow::anyhow!("DATABASE_URL is not an address of a Postgres database"))
}

/// What was looked at, on standard output; whether something is wrong, by the exit code.
fn tell(told: &Told) -> anyhow::Result<()> {
    say(&told.text)?;
    if told.healthy { Ok(()) } else { bail!("something is wrong; what to do stands beside it") }
}

fn say(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}
