//! The real program, in a process of its own, with a folder and ports that survive its death.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use uuid::Uuid;

use crate::database::{TestDb, scratch_folder};
use crate::house::browser;

/// How long anything may take that the program does by itself.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// A demo that can be killed and started again. Its folder goes with it.
pub(crate) struct Demo {
    data_dir: PathBuf,
    port: u16,
    /// Somebody else's in place of its own.
    database: Option<String>,
    child: Child,
}

impl Demo {
    pub(crate) fn start() -> Self {
        Self::start_with(None)
    }

    /// On a database that the test can make keys in.
    pub(crate) fn start_on(database: &TestDb) -> Self {
        Self::start_with(Some(database.url()))
    }

    fn start_with(database: Option<String>) -> Self {
        let data_dir = scratch_folder().join(format!("gangway-demo-{}", Uuid::new_v4().simple()));
        let port = three_free_ports();
        let child = start(&data_dir, port, database.as_deref());
        Self { data_dir, port, database, child }
    }

    pub(crate) fn service(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn signup(&self) -> String {
        format!("http://127.0.0.1:{}", self.port + 1)
    }

    /// What the demo prints for signing in to its console.
    pub(crate) fn console_password(&self) -> String {
        std::fs::read_to_string(self.data_dir.join("console-password")).unwrap()
    }

    pub(crate) fn sandbox(&self) -> String {
        format!("http://127.0.0.1:{}", self.port + 2)
    }

    /// As a crash would: nothing is told, nothing is put away.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn start_again(&mut self) {
        self.child = start(&self.data_dir, self.port, self.database.as_deref());
    }

    /// As Ctrl-C does.
    pub(crate) fn interrupt(&mut self) -> ExitStatus {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::INT).unwrap();
        self.child.wait().unwrap()
    }

    /// As a supervisor does, so many times.
    pub(crate) fn terminate(&mut self, signals: u32) -> ExitStatus {
        let pid = Pid::from_child(&self.child);
        for _ in 0..signals {
            // Two signals that come together are one to the system.
            std::thread::sleep(Duration::from_millis(300));
            kill_process(pid, Signal::TERM).unwrap();
        }
        self.child.wait().unwrap()
    }

    /// Processes that have to do with this demo's folder.
    pub(crate) fn relatives(&self) -> Vec<String> {
        let name = self.data_dir.file_name().unwrap().to_str().unwrap();
        let listed = Command::new("ps").args(["-eo", "pid,args"]).output().unwrap();
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let related = listed.lines().filter(|line| line.contains(name));
        related.map(str::to_owned).collect()
    }

    pub(crate) async fn world(&self) -> Value {
        let answer = browser().get(format!("{}/_sandbox/world", self.sandbox())).send().await;
        answer.unwrap().json().await.unwrap()
    }

    pub(crate) async fn calls(&self) -> Vec<Value> {
        let answer = browser().get(format!("{}/_sandbox/calls", self.sandbox())).send().await;
        answer.unwrap().json().await.unwrap()
    }

    /// What the signup page does for a company; gives the link it leads to.
    pub(crate) async fn sign_up(&self, company: &str) -> String {
        self.sign_up_for(company, "crm-to-newsletter").await
    }

    /// For another one of the demo's setups.
    pub(crate) async fn sign_up_for(&self, company: &str, setup: &str) -> String {
        let who = format!("company={company}&email=ada%40{company}.example&form={company}");
        let body = format!("{who}&setup={setup}");
        let answer = browser()
            .post(format!("{}/", self.signup()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 303);
        answer.headers()["location"].to_str().unwrap().to_owned()
    }

    /// The page behind a link, as a browser without script that goes on where it is sent.
    pub(crate) async fn page(&self, link: &str) -> String {
        let browser = browser();
        let opened = browser.get(link).send().await.unwrap();
        assert_eq!(opened.status(), 303, "the link opens");
        let cookie = opened.headers()["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let place = opened.headers()["location"].to_str().unwrap();
        let page = browser.get(format!("{}{place}", self.service())).header("cookie", cookie);
        page.send().await.unwrap().text().await.unwrap()
    }

    /// Opens the page again until it says so.
    pub(crate) async fn page_saying(&self, link: &str, words: &str) -> String {
        let begun = Instant::now();
        loop {
            let page = self.page(link).await;
            if page.contains(words) {
                return page;
            }
            assert!(begun.elapsed() < PATIENCE, "it never says \"{words}\":\n{page}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        // Its Postgres ends by itself once the program is gone; only then can the folder go.
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(10) && !self.relatives().is_empty() {
            std::thread::sleep(Duration::from_millis(50));
        }
        drop(std::fs::remove_dir_all(&self.data_dir));
    }
}

/// Starts the demo and waits until it says that it is ready.
fn start(data_dir: &Path, port: u16, database: Option<&str>) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gangway"));
    command.args(["demo", "--port", &port.to_string(), "--data-dir"]).arg(data_dir);
    command.env_remove("DATABASE_URL").env("GANGWAY_LOG", "warn");
    command.envs(database.map(|url| ("DATABASE_URL", url)));
    let mut child = command.process_group(0).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for line in lines {
        if line.unwrap().contains("Ctrl-C stops it") {
            return child;
        }
    }
    panic!("the demo ended before it was ready: {:?}", child.wait());
}

/// A port with the next two free as well. Somebody may take one before the demo does; that is rare.
fn three_free_ports() -> u16 {
    let bind = |port| std::net::TcpListener::bind(("127.0.0.1", port));
    loop {
        let first = bind(0).unwrap();
        let port = first.local_addr().unwrap().port();
        if port < 65_000 && bind(port + 1).is_ok() && bind(port + 2).is_ok() {
            return port;
        }
    }
}
