//! The private server, under every kind of violent death.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gangway::embedded::{Durability, Embedded, Error, Settings};
use rustix::process::{Pid, Signal, getpgid, getpgrp, kill_process, test_kill_process};
use sqlx::{Connection as _, PgConnection};

use crate::database::scratch_folder;

#[tokio::test]
async fn rows_survive_a_stop_and_a_start() {
    let scratch = Scratch::new("restart");
    let embedded = scratch.start().await;
    write_row(&embedded.url()).await;
    let postmaster = postmaster(embedded.folder()).unwrap();
    assert_ne!(
        getpgid(Some(postmaster)).unwrap(),
        getpgrp(),
        "Ctrl-C must reach us before it reaches the server"
    );
    embedded.stop().await;
    assert!(!is_running(postmaster), "stop waits for the end");

    let embedded = scratch.start().await;
    assert_eq!(count_rows(&embedded.url()).await, 1);
    let mut connection = PgConnection::connect_with(&embedded.connect_options()).await.unwrap();
    let database: String = sqlx::query_scalar("SELECT current_user || '/' || current_database()")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(database, "gangway/gangway");
    embedded.stop().await;
}

#[tokio::test]
async fn psql_understands_the_address() {
    let scratch = Scratch::new("a name, with \"marks\" & blanks");
    let embedded = scratch.start().await;
    let output = Command::new(embedded.bin_dir().join("psql"))
        .args(["-XAtc", "SHOW fsync", &embedded.url()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.trim(), "on", "{output:?}");
    embedded.stop().await;
}

#[tokio::test]
async fn a_dropped_server_stops() {
    let scratch = Scratch::new("drop");
    let embedded = scratch.start().await;
    let postmaster = postmaster(embedded.folder()).unwrap();
    drop(embedded);
    eventually("the server has stopped", || !is_running(postmaster)).await;
}

#[tokio::test]
async fn a_second_start_in_the_same_folder_is_refused() {
    let scratch = Scratch::new("twice");
    let embedded = scratch.start().await;
    let refused = Embedded::start(scratch.settings()).await.unwrap_err();
    assert!(matches!(refused, Error::InUse { .. }), "{refused:?}");
    let holder = format!("in use by process {}", std::process::id());
    assert!(refused.to_string().contains(&holder), "{refused}");
    assert_eq!(count_rows(&embedded.url()).await, 0, "the first one goes on");
    embedded.stop().await;
}

#[tokio::test]
async fn a_killed_postmaster_is_replaced() {
    let scratch = Scratch::new("heal");
    let embedded = scratch.start().await;
    write_row(&embedded.url()).await;
    let first = postmaster(embedded.folder()).unwrap();
    kill(first);
    eventually("another server is ready", || {
        postmaster(embedded.folder()).is_some_and(|now| now != first)
            && pid_file(embedded.folder()).contains("\nready")
    })
    .await;
    assert_eq!(count_rows(&embedded.url()).await, 1);
    embedded.stop().await;
}

#[tokio::test]
async fn a_killed_program_takes_its_server_along() {
    let scratch = Scratch::new("program");
    let mut program = Program::start(&scratch);
    write_row(&program.url).await;
    let postmaster = postmaster(&scratch.server()).unwrap();
    program.kill();
    eventually("the server has stopped", || !is_running(postmaster)).await;

    let embedded = scratch.start().await;
    assert_eq!(count_rows(&embedded.url()).await, 1);
    embedded.stop().await;
}

#[tokio::test]
async fn a_start_right_after_the_kill_does_not_wait_to_be_told() {
    let scratch = Scratch::new("quick");
    let mut program = Program::start(&scratch);
    write_row(&program.url).await;
    program.kill();
    let embedded = scratch.start().await;
    assert_eq!(count_rows(&embedded.url()).await, 1);
    embedded.stop().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_orphaned_server_is_stopped_by_the_next_start() {
    let scratch = Scratch::new("orphan");
    let mut program = Program::start(&scratch);
    write_row(&program.url).await;
    let orphan = postmaster(&scratch.server()).unwrap();
    kill_watchers(orphan);
    program.kill();
    assert!(is_running(orphan), "nobody was left to stop it");

    let embedded = scratch.start().await;
    assert!(!is_running(orphan));
    assert_eq!(count_rows(&embedded.url()).await, 1);
    embedded.stop().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn after_everything_was_killed_it_starts_again() {
    let scratch = Scratch::new("everything");
    let mut program = Program::start(&scratch);
    write_row(&program.url).await;
    // A session that is in the middle of something does not notice at once.
    let mut busy = PgConnection::connect(&program.url).await.unwrap();
    sqlx::query("BEGIN").execute(&mut busy).await.unwrap();
    let last = postmaster(&scratch.server()).unwrap();
    kill_watchers(last);
    program.kill();
    kill(last);

    let embedded = scratch.start().await;
    assert_eq!(count_rows(&embedded.url()).await, 1);
    embedded.stop().await;
}

#[tokio::test]
async fn a_stale_pid_file_with_a_number_in_use_is_no_obstacle() {
    let scratch = Scratch::new("stale");
    scratch.start().await.stop().await;
    let stale = format!("{}\n/nowhere\n1700000000\n5432\n\n\n0 0\nready\n", std::process::id());
    fs::write(scratch.server().join("data/postmaster.pid"), stale).unwrap();
    scratch.start().await.stop().await;
}

#[tokio::test]
async fn an_interrupted_initdb_is_begun_anew() {
    let scratch = Scratch::new("initdb");
    let half = scratch.server().join("data.unfinished.1");
    fs::create_dir_all(half.join("base")).unwrap();
    let embedded = scratch.start().await;
    assert!(!half.exists());
    embedded.stop().await;
}

#[tokio::test]
async fn a_long_path_gets_a_short_socket() {
    let scratch = Scratch::new(&"long-".repeat(30));
    let embedded = scratch.start().await;
    write_row(&embedded.url()).await;
    assert!(embedded.url().contains("host=/tmp/gangway-"));
    embedded.stop().await;
}

#[tokio::test]
async fn a_folder_that_the_server_cannot_enter_is_replaced_by_one_that_it_can() {
    use std::os::unix::fs::PermissionsExt as _;

    if !rustix::process::geteuid().is_root() {
        return; // Only root runs the server as somebody else.
    }
    let scratch = Scratch::new("closed");
    fs::set_permissions(&scratch.0, fs::Permissions::from_mode(0o700)).unwrap();
    let settings = Settings { data_dir: scratch.0.join("inside"), ..scratch.settings() };
    let embedded = Embedded::start(settings).await.unwrap();
    write_row(&embedded.url()).await;
    let folder = embedded.folder().to_owned();
    embedded.stop().await;
    fs::remove_dir_all(&folder).unwrap();
    assert!(folder.starts_with("/var/lib/gangway"));
}

#[tokio::test]
async fn a_wrong_folder_of_programs_is_named() {
    let scratch = Scratch::new("no-server");
    let output = Program::command(&scratch).env("PG_BIN_DIR", "/nowhere/bin").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("PG_BIN_DIR is /nowhere/bin"), "{said}");
}

/// A folder for one test, gone after it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = scratch_folder().join(format!("gangway-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn settings(&self) -> Settings {
        Settings { data_dir: self.0.clone(), durability: Durability::Durable }
    }

    fn server(&self) -> PathBuf {
        self.0.join("postgres")
    }

    async fn start(&self) -> Embedded {
        Embedded::start(self.settings()).await.unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A server that was not waited for may still be writing.
        let began = Instant::now();
        while fs::remove_dir_all(&self.0).is_err() && began.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A whole program with a server, to be killed. It is this test binary, told to run one test.
struct Program {
    child: Child,
    url: String,
}

const PROGRAM_FOLDER: &str = "GANGWAY_TEST_PROGRAM_FOLDER";

/// Not a test by itself: what [`Program`] runs.
#[test]
fn the_program_that_is_killed() {
    let Some(data_dir) = std::env::var_os(PROGRAM_FOLDER) else {
        return;
    };
    let settings = Settings { data_dir: data_dir.into(), durability: Durability::Durable };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut out = std::io::stdout();
    match runtime.block_on(Embedded::start(settings)) {
        Ok(embedded) => {
            writeln!(out, "\nurl={}", embedded.url()).unwrap();
            // Goes on until it is killed, or until its parent is gone.
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        }
        Err(error) => writeln!(out, "\nerror={error}").unwrap(),
    }
}

impl Program {
    fn command(scratch: &Scratch) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "embedded::the_program_that_is_killed", "--nocapture"])
            .env(PROGRAM_FOLDER, &scratch.0)
            .stdin(Stdio::piped());
        command
    }

    fn start(scratch: &Scratch) -> Self {
        let mut child = Self::command(scratch).stdout(Stdio::piped()).spawn().unwrap();
        let url = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("url=").map(str::to_owned))
            .expect("the program starts its server");
        Self { child, url }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

async fn write_row(url: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    for statement in
        ["CREATE TABLE IF NOT EXISTS kept (word text)", "INSERT INTO kept VALUES ('committed')"]
    {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
}

/// Rows that were written, 0 if there is no table for them.
async fn count_rows(url: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let there: bool = sqlx::query_scalar("SELECT to_regclass('kept') IS NOT NULL")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    if !there {
        return 0;
    }
    sqlx::query_scalar("SELECT count(*) FROM kept").fetch_one(&mut connection).await.unwrap()
}

fn pid_file(server: &Path) -> String {
    fs::read_to_string(server.join("data/postmaster.pid")).unwrap_or_default()
}

fn postmaster(server: &Path) -> Option<Pid> {
    Pid::from_raw(pid_file(server).lines().next()?.parse().ok()?)
}

fn kill(pid: Pid) {
    kill_process(pid, Signal::KILL).unwrap();
}

/// The shell above the server and the one beside it, which holds the pipe.
#[cfg(target_os = "linux")]
fn kill_watchers(postmaster: Pid) {
    let watcher = parent_of(postmaster).unwrap();
    let beside: Vec<Pid> = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| Pid::from_raw(entry.unwrap().file_name().to_str()?.parse().ok()?))
        .filter(|pid| *pid != postmaster && parent_of(*pid) == Some(watcher))
        .collect();
    assert_eq!(beside.len(), 1, "one shell beside the server");
    kill(watcher);
    kill(beside[0]);
}

#[cfg(target_os = "linux")]
fn parent_of(pid: Pid) -> Option<Pid> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    Pid::from_raw(rest.split(' ').nth(1)?.parse().ok()?)
}

/// Runs, that is: is neither gone nor merely unburied.
fn is_running(pid: Pid) -> bool {
    let unburied =
        fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "));
    test_kill_process(pid).is_ok() && !unburied
}

async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_mins(1), "not so: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
