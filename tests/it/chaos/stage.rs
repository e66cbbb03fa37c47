//! The parts: a Postgres of its own, the sandbox on a port, and the real program several times.
//! Everything ends with the stage, however the test ends.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gangway::app;
use gangway::embedded::{Durability, Embedded, Settings};
use gangway::sandbox::{self, Sandbox};
use gangway::secret::ExposeSecret as _;
use rustix::process::{Pid, Signal, kill_process};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{Size, world};
use crate::database::scratch_folder;
use crate::program::PATIENCE;

/// `GANGWAY_LEASE_SECONDS` of the processes: the least that a timeout of one second allows.
pub(super) const LEASE: Duration = Duration::from_secs(6);

/// The latest call is performed two seconds after it was given up, and a call takes one.
const QUIET_SECONDS: &str = "4";

pub(super) struct Stage {
    pub(super) replicas: Vec<Replica>,
    pub(super) sandbox: Sandbox,
    pub(super) sandbox_url: String,
    /// A key of the API.
    pub(super) key: String,
    postgres: Option<Embedded>,
    folder: PathBuf,
    _serving: JoinSet<std::io::Result<()>>,
}

/// One process of the program, started again whenever it is found dead.
pub(super) struct Replica {
    pub(super) url: String,
    settings: Vec<(&'static str, String)>,
    child: Child,
    pub(super) state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Up,
    Frozen { until: Instant },
    Leaving { since: Instant },
}

impl Stage {
    pub(super) async fn set(size: &Size) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = scratch_folder().join(format!("gangway-chaos-{}", Uuid::new_v4().simple()));
        let settings = Settings { data_dir: folder.clone(), durability: Durability::Durable };
        let postgres = Embedded::start(settings).await.unwrap();
        let store = app::connect(postgres.connect_options(), 2).await.unwrap();
        store.migrate().await.unwrap();
        for key in world::BLUEPRINTS {
            store.publish(serde_json::from_value(world::blueprint(key)).unwrap()).await.unwrap();
        }
        let (_, key) = store.create_api_key("chaos").await.unwrap();

        let catalogue = world::catalogue();
        let sandbox = Sandbox::open(sandbox::Settings { catalogue, ..Default::default() }).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sandbox_url = format!("http://{}", listener.local_addr().unwrap());
        let mut serving = JoinSet::new();
        serving.spawn(sandbox::serve(sandbox.clone(), listener, std::future::pending()));

        let database = postgres.url();
        let mut stage = Self {
            replicas: Vec::new(),
            sandbox,
            sandbox_url,
            key: key.expose_secret().to_owned(),
            postgres: Some(postgres),
            folder,
            _serving: serving,
        };
        for _ in 0..size.processes {
            let replica = Replica::new(&database, &stage.sandbox_url);
            stage.replicas.push(replica);
        }
        stage
    }

    /// Wakes what was frozen long enough, and starts anew what has ended.
    pub(super) fn keep_up(&mut self) {
        for replica in &mut self.replicas {
            replica.keep_up();
        }
    }

    /// Wakes and starts all of them.
    pub(super) fn all_up(&mut self) {
        for replica in &mut self.replicas {
            if matches!(replica.state, State::Frozen { .. }) {
                replica.signal(Signal::CONT);
                replica.state = State::Up;
            }
            replica.keep_up();
        }
    }

    /// As its death or `pg_ctl stop -m immediate` would. It is started again by itself.
    pub(super) fn strike_postgres(&self, signal: Signal) {
        if let Some(pid) = self.postmaster() {
            let _ = kill_process(pid, signal);
        }
    }

    fn postmaster(&self) -> Option<Pid> {
        let postgres = self.postgres.as_ref()?;
        let text = std::fs::read_to_string(postgres.folder().join("data/postmaster.pid")).ok()?;
        Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // First whoever uses the database.
        self.replicas.clear();
        let Some(postgres) = self.postgres.take() else { return };
        let folder = postgres.folder().to_owned();
        drop(postgres);
        let begun = Instant::now();
        while folder.join("data/postmaster.pid").exists() && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(20));
        }
        for left in [folder.as_path(), self.folder.as_path()] {
            remove(left);
        }
    }
}

/// The log's thread may write a last line while the folder goes.
fn remove(folder: &Path) {
    for _ in 0..50 {
        drop(std::fs::remove_dir_all(folder));
        if !folder.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Replica {
    fn new(database: &str, cyclr: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let url = format!("http://{free}");
        let settings = vec![
            ("DATABASE_URL", database.to_owned()),
            ("GANGWAY_LISTEN", free.to_string()),
            ("GANGWAY_PUBLIC_URL", url.clone()),
            ("GANGWAY_SECRET_KEY", "chaos-chaos-chaos-chaos-chaos-chaos".to_owned()),
            ("GANGWAY_LEASE_SECONDS", LEASE.as_secs().to_string()),
            ("GANGWAY_QUIET_SECONDS", QUIET_SECONDS.to_owned()),
            ("GANGWAY_POLL_MILLISECONDS", "250".to_owned()),
            ("GANGWAY_DATABASE_CONNECTIONS", "8".to_owned()),
            ("CYCLR_API_BASE", cyclr.to_owned()),
            ("CYCLR_SERVICE_DOMAIN", cyclr.to_owned()),
            ("CYCLR_CLIENT_ID", sandbox::CLIENT_ID.to_owned()),
            ("CYCLR_CLIENT_SECRET", sandbox::CLIENT_SECRET.to_owned()),
            ("CYCLR_TIMEOUT_SECONDS", "1".to_owned()),
            ("GANGWAY_LOG", "error".to_owned()),
        ];
        let child = start(&settings);
        Self { url, settings, child, state: State::Up }
    }

    pub(super) fn is_up(&self) -> bool {
        self.state == State::Up
    }

    pub(super) fn signal(&self, signal: Signal) {
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    pub(super) fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    fn keep_up(&mut self) {
        if let State::Frozen { until } = self.state {
            if Instant::now() < until {
                return;
            }
            self.signal(Signal::CONT);
            self.state = State::Up;
        }
        if self.child.try_wait().unwrap().is_some() {
            self.child = start(&self.settings);
            self.state = State::Up;
        } else if let State::Leaving { since } = self.state {
            assert!(since.elapsed() < PATIENCE, "told to stop, {} does not", self.url);
        }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.kill();
    }
}

fn start(settings: &[(&'static str, String)]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_gangway"))
        .arg("serve")
        .env_clear()
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
