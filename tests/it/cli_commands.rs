//! `gangway list`, `show`, `retry` and `events`: the real program asks a real service.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};

use gangway::app::App;
use gangway::onboarding::ProblemCode;
use gangway::sandbox::{Fault, FaultKind};
use gangway::secret::{ExposeSecret as _, MasterKey};
use gangway::web::{AppState, LinkKeys};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::house::{House, attended, unattended};

struct Service {
    house: House,
    url: String,
    key: String,
    _serving: JoinSet<()>,
}

impl Service {
    async fn open() -> Self {
        let house = House::open().await;
        let links = LinkKeys::new(&MasterKey::from_text(&"m".repeat(40)).unwrap());
        let url = "https://onboard.example.com/".parse().unwrap();
        let state = AppState::new(house.engine.clone(), links, house.endpoints(), url);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = App::router(&state);
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let watched = house.engine.clone();
        serving.spawn(async move {
            state.watch().clone().run(&watched, &tokio_util::sync::CancellationToken::new()).await;
        });
        let (_, key) = house.store.create_api_key("support").await.unwrap();
        Self { house, url, key: key.expose_secret().to_owned(), _serving: serving }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gangway"));
        command.args(arguments).env("GANGWAY_URL", &self.url).env("GANGWAY_API_KEY", &self.key);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn said(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn fails(&self, arguments: &[&str], code: i32, words: &str) {
        let output = self.run(arguments);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        assert!(told.contains(words), "{arguments:?}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn onboardings_are_listed_narrowed_and_shown() {
    let mut service = Service::open().await;
    let (one, other) =
        (service.house.publish(unattended()).await, service.house.publish(attended()).await);
    service.house.start("acme", &one).await;
    let id = service.house.start("bravo", &other).await;
    service.house.settle().await;
    let listed = service.said(&["list"]);
    let lines: Vec<_> = listed.lines().collect();
    assert_eq!(lines.len(), 3, "{listed}");
    assert!(lines[0].starts_with("REFERENCE"), "{listed}");
    assert!(lines[1].contains("waiting") && lines[1].contains("bravo"), "{listed}");
    assert!(!listed.contains('\u{1b}'), "{listed:?}");
    let narrowed = service.said(&["list", "--status", "live", "--order", "oldest"]);
    assert!(narrowed.contains("live") && !narrowed.contains("bravo"), "{narrowed}");
    let short = service.said(&["list", "--limit", "1"]);
    assert!(short.contains("more than 1"), "{short}");
    // The API's own documents.
    let json = service.said(&["list", "--json"]);
    let documents: Vec<Value> =
        json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((documents.len(), &documents[0]["tenant_id"]), (2, &"bravo".into()));

    let reference = documents[0]["reference"].as_str().unwrap().to_lowercase().replace('-', "");
    for named in [&*id.to_string(), &reference, "bravo"] {
        let shown = service.said(&["show", named]);
        assert!(shown.contains("waiting at connect since"), "{named}: {shown}");
        assert!(shown.contains("connection  Harbour CRM (open)"), "{shown}");
        assert!(shown.contains("takes       skip, restart_from"), "{shown}");
    }
    let shown: Value = serde_json::from_str(&service.said(&["show", "bravo", "--json"])).unwrap();
    assert_eq!(shown, documents[0]);

    service.fails(&["show", "nobody"], 3, "there is no onboarding nobody");
    service.fails(&["show", &uuid::Uuid::nil().to_string()], 3, "no onboarding");
    service.fails(&["list", "--status", "lost"], 1, "status: must be one of");
    service.fails(&["list", "--colour"], 2, "--colour");
    service.fails(&["retry", "bravo"], 4, "can be retried");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_and_whoever_cannot_are_told_apart() {
    let service = Service::open().await;
    let run = |key: Option<&str>, url: &str| {
        let mut command = service.command(&["list", "--url", url]);
        match key {
            Some(key) => command.env("GANGWAY_API_KEY", key),
            None => command.env_remove("GANGWAY_API_KEY"),
        };
        let output = command.output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, told) = run(Some("gwk_wrong"), &service.url);
    assert!(code == 5 && told.contains("A valid API key is needed"), "{code} {told}");
    let (code, told) = run(Some(&service.key), "http://127.0.0.1:1");
    assert!(code == 6 && told.contains("cannot be reached"), "{code} {told}");
    let (code, told) = run(None, &service.url);
    assert!(code == 1 && told.contains("GANGWAY_API_KEY is not set"), "{code} {told}");
    assert!(!told.contains(&service.key));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stuck_one_is_retried_and_its_events_are_followed_to_the_end() {
    let mut service = Service::open().await;
    let key = service.house.publish(unattended()).await;
    let kind = FaultKind::Refuse { status: 400, message: "no".to_owned(), retry_after: None };
    service.house.sandbox.inject(Fault::once("PUT", "/v1.0/cycles/*/activate", kind));
    let id = service.house.start("acme", &key).await.to_string();
    let stuck = service.house.settle_in_time(id.parse().map(gangway::ids::OnboardingId).unwrap());
    assert_eq!(stuck.await.status.problem().unwrap().code, ProblemCode::ActivationRefused);
    let before = service.said(&["events", &id]);
    assert!(
        before.lines().next().unwrap().contains("  started  running at create_account"),
        "{before}"
    );

    let mut following = service.command(&["events", &id, "--follow", "--json"]);
    let mut following = following.stdout(Stdio::piped()).spawn().unwrap();
    let mut heard = BufReader::new(following.stdout.take().unwrap()).lines();
    let first: Value = serde_json::from_str(&heard.next().unwrap().unwrap()).unwrap();
    assert_eq!(first["kind"], "started");
    let retried = service.said(&["retry", &id, "--reason", "It was mended."]);
    assert!(retried.contains("running at activate"), "{retried}");
    service.house.settle().await;
    let rest: Vec<Value> =
        heard.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    let versions: Vec<_> = rest.iter().map(|event| event["version"].as_i64().unwrap()).collect();
    assert!(versions.is_sorted(), "{versions:?}");
    let retry = rest.iter().find(|event| event["kind"] == "retry_ordered").unwrap();
    assert_eq!(retry["detail"]["reason"], "It was mended.");
    assert_eq!(rest.last().unwrap()["status"], "live");
    assert!(following.wait().unwrap().success(), "it ends by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_for_shells_are_printed_and_a_closed_pipe_is_no_failure() {
    let service = Service::open().await;
    for (shell, word) in
        [("bash", "_gangway"), ("zsh", "#compdef gangway"), ("fish", "complete -c gangway")]
    {
        assert!(service.said(&["completions", shell]).contains(word), "{shell}");
    }
    let key = service.house.publish(unattended()).await;
    for tenant in 0..40 {
        service.house.start(&format!("tenant-{tenant}"), &key).await;
    }
    let mut listing = service.command(&["list", "--json"]);
    let mut listing = listing.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(listing.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    drop(lines);
    let output = listing.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_exported_and_played_again_by_commands() {
    let mut service = Service::open().await;
    let key = service.house.publish(unattended()).await;
    let id = service.house.start("acme", &key).await;
    service.house.settle_in_time(id).await;
    let folder = std::env::temp_dir().join(format!("gangway-replay-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("history.json");
    let name = file.to_str().unwrap();
    assert_eq!(service.said(&["export", "acme", "--output", name]), "");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.trim(), service.said(&["export", "acme"]).trim(), "the clock stands still");

    let private = folder.join("private");
    let private = ["--data-dir", private.to_str().unwrap()];
    let replay = |more: &[&str]| service.run(&[&["replay", name], &private[..], more].concat());
    let same = replay(&[]);
    let told = String::from_utf8(same.stdout).unwrap();
    assert_eq!(same.status.code(), Some(0), "{told} {}", String::from_utf8_lossy(&same.stderr));
    assert!(told.starts_with("The same: "), "{told}");

    std::fs::write(&file, text.replace("\"activated\"", "\"unmapped\"")).unwrap();
    let other = replay(&["--json"]);
    let told: Value = serde_json::from_slice(&other.stdout).unwrap();
    assert_eq!(other.status.code(), Some(1), "{told}");
    assert_eq!(told["events"][0]["recorded"]["kind"], "unmapped", "{told}");
    assert_eq!(std::fs::read_dir(private[1]).unwrap().count(), 0, "nothing stays behind");

    std::fs::write(&file, "{}").unwrap();
    let unread = replay(&[]);
    let told = String::from_utf8(unread.stderr).unwrap();
    assert!(unread.status.code() == Some(1) && told.contains("none that"), "{told}");
    std::fs::remove_dir_all(folder).unwrap();
}
