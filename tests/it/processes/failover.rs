//! The primary dies, its replica takes over at the same address: what was acknowledged is there, and the same
//! processes go on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use super::proxy::Address;
use super::{Company, Process, eventually, free_address, id_of};
use crate::database::{TestDb, scratch_folder};
use crate::program::PATIENCE;

/// A server of our own that nobody starts again. It ends with this value.
struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl Cluster {
    fn new(programs: &Path) -> Self {
        let folder = scratch_folder().join(format!("gangway-cluster-{}", Uuid::new_v4().simple()));
        let port = free_address().rsplit_once(':').unwrap().1.parse().unwrap();
        let cluster = Self { programs: programs.to_owned(), folder, port };
        fs::create_dir(&cluster.folder).unwrap();
        if rustix::process::geteuid().is_root() {
            let owned = Command::new("chown").arg("postgres").arg(&cluster.folder).status();
            assert!(owned.unwrap().success());
        }
        cluster
    }

    fn data(&self) -> String {
        self.folder.join("data").to_str().unwrap().to_owned()
    }

    /// Postgres refuses to be run by root.
    fn run(&self, program: &str, arguments: &[&str]) {
        let path = self.programs.join(program);
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        let log = fs::File::create(self.folder.join(format!("{program}.log"))).unwrap();
        command.args(arguments).current_dir("/").stdout(log.try_clone().unwrap()).stderr(log);
        let ended = command.status().unwrap();
        let said = fs::read_to_string(self.folder.join(format!("{program}.log"))).unwrap();
        assert!(ended.success(), "{program}: {said}");
    }

    fn start(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=60",
            self.port
        );
        let log = self.folder.join("server.log");
        let log = log.to_str().unwrap();
        self.run("pg_ctl", &["-D", &self.data(), "-w", "-l", log, "-o", &options, "start"]);
    }

    fn postmaster(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.folder.join("data/postmaster.pid")).ok()?;
        Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
    }

    async fn connect(&self) -> PgConnection {
        let url = format!("postgres://gangway@127.0.0.1:{}/postgres", self.port);
        PgConnection::connect(&url).await.unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(pid) = self.postmaster() {
            let _ = kill_process(pid, Signal::QUIT);
        }
        let begun = Instant::now();
        while self
            .postmaster()
            .is_some_and(|pid| Path::new(&format!("/proc/{}", pid.as_raw_pid())).exists())
            && begun.elapsed() < Duration::from_secs(10)
        {
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// A primary that acknowledges nothing before its replica has it.
async fn pair() -> (Cluster, Cluster) {
    let database = TestDb::fresh().await;
    let pool = database.pool_of(1).await;
    let programs = sqlx::query_scalar("SELECT setting FROM pg_config WHERE name = 'BINDIR'");
    let programs: String = programs.fetch_one(&pool).await.unwrap();
    let (primary, replica) = (Cluster::new(programs.as_ref()), Cluster::new(programs.as_ref()));
    primary.run("initdb", &["-D", &primary.data(), "-U", "gangway", "-A", "trust", "-E", "UTF8"]);
    primary.start();
    let port = primary.port.to_string();
    let from = ["-h", "127.0.0.1", "-p", &port, "-U", "gangway"];
    let into = ["-D", &replica.data(), "-R", "-X", "stream", "-c", "fast"];
    replica.run("pg_basebackup", &[&from[..], &into[..]].concat());
    replica.start();
    let mut admin = primary.connect().await;
    for statement in ["ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"]
    {
        sqlx::query(statement).execute(&mut admin).await.unwrap();
    }
    eventually("the replica is synchronous", async || {
        let state = sqlx::query_scalar("SELECT sync_state FROM pg_stat_replication");
        let state: Option<String> = state.fetch_optional(&mut admin).await.unwrap();
        (state.as_deref() == Some("sync")).then_some(())
    })
    .await;
    (primary, replica)
}

/// Starts it until that is acknowledged; `None` says that it was put off, as it should be.
async fn try_start(company: &Company, url: &str, tenant: &str) -> Option<String> {
    let body = json!({ "tenant_id": tenant, "name": tenant, "blueprint": "heartbeat" });
    let answer = company.ask(url, "POST", "/v1/onboardings", &body).await;
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    if status.is_success() {
        let shown: Value = serde_json::from_str(&text).unwrap();
        return Some(id_of(&shown).to_owned());
    }
    assert_eq!(status, 503, "{text}");
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_takes_over_and_nothing_acknowledged_is_lost() {
    let (primary, replica) = pair().await;
    let address = Address::of(primary.port).await;
    let url = format!("postgres://gangway@127.0.0.1:{}/postgres?sslmode=disable", address.port);
    let company = Company::on(&url, gangway::sandbox::CLIENT_SECRET).await;
    let (mut first, mut second) =
        (Process::start(&company, &[]).await, Process::start(&company, &[]).await);
    let mut acknowledged = Vec::new();
    for number in 0..20 {
        acknowledged.extend(try_start(&company, &first.url, &format!("before-{number}")).await);
    }
    assert_eq!(acknowledged.len(), 20);

    // In the middle of the work that these made.
    kill_process(primary.postmaster().unwrap(), Signal::KILL).unwrap();
    assert_eq!(try_start(&company, &second.url, "meanwhile").await, None);
    replica.run("pg_ctl", &["-D", &replica.data(), "-w", "promote"]);
    address.move_to(replica.port);
    let writable = Instant::now();
    let mut number = 0;
    while number < 10 {
        assert!(writable.elapsed() < PATIENCE, "no start is taken");
        let at = if number % 2 == 0 { &first.url } else { &second.url };
        match try_start(&company, at, &format!("after-{number}")).await {
            Some(id) => {
                if number == 0 {
                    eprintln!("failover: the first start {:?} after the move", writable.elapsed());
                }
                acknowledged.push(id);
                number += 1;
            }
            None => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    for id in &acknowledged {
        company.until(&first.url, id, "live", "live").await;
    }
    eprintln!("failover: all {} live {:?} after the move", acknowledged.len(), writable.elapsed());
    let world = company.sandbox.world();
    let accounts = world["accounts"].as_array().unwrap();
    for account in accounts {
        let cycles = account["cycles"].as_array().unwrap();
        assert!(
            cycles.iter().filter(|cycle| cycle["Status"] == "Active").count() <= 1,
            "{account:#}"
        );
    }
    assert!(accounts.len() >= acknowledged.len(), "{}", accounts.len());
    // The same processes, all the time.
    for process in [&mut first, &mut second] {
        let (status, _) = process.stop().await;
        assert!(status.success(), "{status}");
    }
}
