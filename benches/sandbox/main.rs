//! How many simple calls the pretend Cyclr answers on one core, and whether its memory stays flat.
//!
//! `cargo bench --bench sandbox [-- N]` makes N calls (200,000) of three simple kinds on sixteen
//! connections. The sandbox runs in a process of its own on a single thread; what counts are the calls
//! for each second of its processor time, so that the caller beside it does not matter.
#![expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a benchmark, not the service"
)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};
use gangway::sandbox::{self, CLIENT_ID, CLIENT_SECRET, Sandbox, TIDE_STORE};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The service's own, see the binary's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONNECTIONS: usize = 16;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--serve") {
        return serve();
    }
    let count = words.iter().find_map(|word| word.parse().ok()).unwrap_or(200_000);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    drop(rustls::crypto::ring::default_provider().install_default());
    runtime.block_on(report(count));
}

/// On one thread, until the parent is gone.
fn serve() {
    std::thread::spawn(|| {
        drop(std::io::stdin().read(&mut [0]));
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let sandbox = Sandbox::open(sandbox::Settings::default()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("http://{}", listener.local_addr().unwrap());
        sandbox::serve(sandbox, listener, std::future::pending()).await.unwrap();
    });
}

async fn report(count: usize) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("--serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut base = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut base).unwrap();
    let caller = Caller::new(base.trim()).await;

    // The first calls fill what is remembered of calls, and warm everything up.
    caller.make(110_000).await;
    let (memory, cpu, began) = (kept(&child), cpu(&child), Instant::now());
    caller.make(count).await;
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), self::cpu(&child).saturating_sub(cpu));
    println!("\n{count} simple calls on {CONNECTIONS} connections\n");
    println!(
        "  for each second of one core   {:>7.0}   (bar: 8000)",
        count as f64 / cpu.as_secs_f64()
    );
    println!("  in a second, caller beside it {:>7.0}", count as f64 / seconds);
    println!("  memory: {memory:.0} MiB before, {:.0} MiB after", kept(&child));
    drop(child.kill());
    drop(child.wait());
}

struct Caller {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Caller {
    /// With an account that has one cycle.
    async fn new(base: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT_ID),
            ("client_secret", CLIENT_SECRET),
        ];
        let told = http.post(format!("{base}/oauth/token")).form(&form).send().await.unwrap();
        let told: Value = told.json().await.unwrap();
        let token = told["access_token"].as_str().unwrap().to_owned();
        let caller = Self { http, base: base.to_owned(), token };
        let account = caller.http.post(format!("{base}/v1.0/accounts")).bearer_auth(&caller.token);
        let made = account.json(&json!({ "Id": "bench", "Name": "Bench" })).send().await.unwrap();
        assert_eq!(made.status(), 200);
        let install = format!("/v1.0/connectors/{TIDE_STORE}/install");
        let install = caller.http.post(format!("{base}{install}")).bearer_auth(&caller.token);
        let made = install.header("X-Cyclr-Account", "bench").json(&json!({}));
        assert_eq!(made.send().await.unwrap().status(), 200);
        caller
    }

    async fn make(&self, count: usize) {
        let paths = ["/v1.0/accounts/bench", "/v1.0/account/connectors?pageSize=1", "/v1.0/cycles"];
        let one = |number: usize| async move {
            let url = format!("{}{}", self.base, paths[number % paths.len()]);
            let call =
                self.http.get(url).bearer_auth(&self.token).header("X-Cyclr-Account", "bench");
            let answer = call.send().await.unwrap();
            assert_eq!(answer.status(), 200);
            answer.bytes().await.unwrap();
        };
        stream::iter(0..count).map(one).buffer_unordered(CONNECTIONS).for_each(async |()| ()).await;
    }
}

/// Processor time of a process so far; nothing where the kernel has no `/proc`.
fn cpu(child: &Child) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
    // Fields 14 and 15, counted after the name, which may hold blanks; in hundredths of a second.
    let after_name = stat.rsplit(')').next().unwrap();
    let ticks: u64 =
        after_name.split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// MiB that it keeps in memory now.
fn kept(child: &Child) -> f64 {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}
