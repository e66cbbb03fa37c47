//! A pooler between the processes and the database, in both ways in which it can hand out sessions; and a
//! database that never wakes anybody.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gangway::app::SESSION;
use sqlx::AssertSqlSafe;
use tokio::task::JoinSet;
use url::Url;
use uuid::Uuid;

use super::person::Person;
use super::{Company, Process, eventually, free_address, id_of};
use crate::database::{TestDb, scratch_folder};

struct Pooler {
    child: Child,
    folder: PathBuf,
    address: String,
}

/// The one that `./dev test` has put there, or one that is installed.
fn program() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pgbouncer/bin/pgbouncer");
    let places = [built, "/usr/sbin/pgbouncer".into(), "/opt/homebrew/bin/pgbouncer".into()];
    let knows_statements = |program: &PathBuf| {
        let Ok(told) = Command::new(program).arg("--version").output() else { return false };
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        let version = told.split_whitespace().nth(1).unwrap_or_default().to_owned();
        let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
        (parts.next(), parts.next()) >= (Some(1), Some(21))
    };
    let found = places.into_iter().find(knows_statements);
    found.expect("PgBouncer 1.21 or newer is needed; `./dev test` puts it there")
}

impl Pooler {
    fn start(database: &TestDb, mode: &str) -> Self {
        let address = free_address();
        let folder = scratch_folder().join(format!("gangway-pooler-{}", Uuid::new_v4().simple()));
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let url = Url::parse(&database.url()).unwrap();
        let host = url.query_pairs().find(|(name, _)| name == "host").map(|(_, host)| host);
        let host = host.unwrap_or_else(|| url.host_str().unwrap().into());
        let (port, user) = (url.port().unwrap_or(5432), url.username());
        let password = url.password().map_or(String::new(), |word| format!(" password={word}"));
        let (at, listen) = address.rsplit_once(':').unwrap();
        let settings = format!(
            "[databases]\n* = host={host} port={port} user={user}{password}\n\
             [pgbouncer]\nlisten_addr = {at}\nlisten_port = {listen}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = {mode}\ndefault_pool_size = 20\n\
             max_prepared_statements = 200\n\
             ignore_startup_parameters = extra_float_digits,options\n"
        );
        let file = folder.join("pgbouncer.ini");
        fs::write(&file, settings).unwrap();
        // It does not run as root, and the socket may be for the server's user alone.
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program());
            command
        } else {
            Command::new(program())
        };
        let log = fs::File::create(folder.join("log")).unwrap();
        command.arg(&file).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(log).spawn().unwrap();
        Self { child, folder, address }
    }

    fn url(&self, database: &TestDb) -> String {
        let mut url = Url::parse(&database.url()).unwrap();
        let (host, port) = self.address.rsplit_once(':').unwrap();
        url.set_query(None);
        url.set_host(Some(host)).unwrap();
        url.set_port(port.parse().ok()).unwrap();
        url.query_pairs_mut().append_pair("sslmode", "disable");
        url.to_string()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap()
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.child),
            rustix::process::Signal::TERM,
        );
        drop(self.child.wait());
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// What a pooler does not pass on stands at the database itself, as the documentation says.
async fn keep_session_at_database(database: &TestDb) {
    let admin = database.pool_of(1).await;
    let name = Url::parse(&database.url()).unwrap().path().trim_start_matches('/').to_owned();
    for (parameter, value) in SESSION {
        let statement = format!("ALTER DATABASE {name} SET {parameter} = '{value}'");
        sqlx::query(AssertSqlSafe(statement)).execute(&admin).await.unwrap();
    }
}

async fn all_the_way_through(pool_mode: &str) {
    let company = Company::open().await;
    let database = company.database.as_ref().unwrap();
    keep_session_at_database(database).await;
    let between = Pooler::start(database, pool_mode);
    let address = between.url(database);
    eventually("the pooler takes connections", async || {
        tokio::net::TcpStream::connect(&between.address).await.ok()
    })
    .await;
    let more = [("DATABASE_URL", &*address), ("GANGWAY_PUBLIC_URL", "http://go.example.com")];
    let one = Process::start(&company, &more).await;
    let other = Process::start(&company, &more).await;
    // One process starts it, another one shows the pages, whoever drives it.
    let started = company.start(&one.url, "acme", "newsletter").await;
    Person::at(&other.url).go_all_the_way(&company, &started, "a key").await;
    // Many at once, so that server sessions are handed around.
    let mut ids = Vec::new();
    for tenant in 0..20 {
        let at = if tenant % 2 == 0 { &one.url } else { &other.url };
        ids.push(company.start(at, &format!("tenant-{tenant}"), "heartbeat").await);
    }
    for started in &ids {
        company.until(&other.url, id_of(started), "live", "live").await;
    }
    for mut process in [one, other] {
        let (status, _) = process.stop().await;
        assert!(status.success(), "{pool_mode}: {status}");
        assert!(
            !process.lines().contains("\"level\":\"ERROR\""),
            "{pool_mode}: {}",
            process.lines()
        );
    }
    assert!(between.log().contains("login attempt"), "{pool_mode}: it went through the pooler");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_of_sessions_carries_the_whole_journey() {
    all_the_way_through("session").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_of_transactions_carries_the_whole_journey() {
    all_the_way_through("transaction").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_notify_everything_works_a_little_later() {
    let company = Company::open().await;
    let pool = company.database.as_ref().unwrap().pool_of(1).await;
    let mut deaf = JoinSet::new();
    deaf.spawn(async move {
        loop {
            sqlx::query(
                "SELECT count(*) FROM (
                     SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND query ILIKE 'LISTEN%') ended",
            )
            .execute(&pool)
            .await
            .unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let first = Process::start(&company, &[]).await;
    let second = Process::start(&company, &[]).await;
    let started = company.start(&first.url, "acme", "newsletter").await;
    Person::at(&second.url).go_all_the_way(&company, &started, "a key").await;
    assert!(deaf.try_join_next().is_none(), "nobody was heard all the time");
}
