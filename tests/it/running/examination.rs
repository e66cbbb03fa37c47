//! `gangway check-config`, `doctor` and `healthcheck`: the real program, asked about real and about broken things.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};

use gangway::embedded::{Durability, Embedded, Settings};
use serde_json::Value;
use uuid::Uuid;

use super::deployment::read;
use crate::database::scratch_folder;
use crate::house::House;

type Set = Vec<(String, String)>;

/// The program with these settings and no other, whatever the test itself was started with.
fn program(arguments: &[&str], set: &[(String, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gangway"));
    command.args(arguments).env_clear().envs(set.iter().cloned());
    command
}

fn run(arguments: &[&str], set: &[(String, String)]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = program(arguments, set).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

fn pairs(set: &[(&str, &str)]) -> Set {
    set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn example() -> Set {
    let text = read(".env.example");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.split_once('=').unwrap())
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .collect()
}

fn with(mut set: Set, name: &str, value: &str) -> Set {
    set.retain(|(other, _)| other != name);
    set.push((name.to_owned(), value.to_owned()));
    set
}

#[test]
fn the_example_passes_and_shows_no_secret() {
    let (code, said, _) = run(&["check-config"], &example());
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("GANGWAY_PUBLIC_URL=http://127.0.0.1:4000\n"), "{said}");
    assert!(said.contains("GANGWAY_SECRET_KEY=(set, not shown)\n"), "{said}");
    for secret in ["only-for-trying-out", "sandbox-secret", "gangway:gangway"] {
        assert!(!said.contains(secret), "{said}");
    }
    // A shell reads it as we do.
    let script = "set -a; . ./.env.example; set +a; exec \"$0\" check-config --json";
    let sourced = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_gangway")])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        .output()
        .unwrap();
    let said: Value = serde_json::from_slice(&sourced.stdout).unwrap();
    assert_eq!((sourced.status.code(), &said["healthy"]), (Some(0), &Value::Bool(true)), "{said}");
}

#[test]
fn every_mistake_and_every_unknown_variable_is_told_at_once_and_no_secret() {
    let mut set = example();
    for (name, value) in [
        ("GANGWAY_LISTEN", "nowhere"),
        ("GANGWAY_LINK_DAYS", "0"),
        ("CYCLR_API_BASE", "http://user:canary-1@api.example.com"),
        ("DATABASE_URL", "mysql://canary-2@localhost"),
        ("GANGWAY_PUBLIC_ULR", "https://canary-3.example.com"),
        ("GANGWAY_OIDC_CLIENT_SECRET", "canary-4"),
    ] {
        set = with(set, name, value);
    }
    let (code, said, told) = run(&["check-config"], &set);
    assert_eq!(code, 1, "{said}");
    for name in [
        "GANGWAY_LISTEN must be",
        "GANGWAY_LINK_DAYS must be",
        "The settings for Cyclr will not do",
        "DATABASE_URL is not an address of a Postgres database.",
        "GANGWAY_OIDC_ISSUER is not set",
        "GANGWAY_PUBLIC_ULR is set, and nothing reads it",
        "Is GANGWAY_PUBLIC_URL meant?",
    ] {
        assert!(said.contains(name), "{name}: {said}");
    }
    assert!(!said.contains("canary") && !told.contains("canary"), "{said} {told}");
}

#[test]
fn without_a_database_only_the_embedded_one_will_do() {
    let set = with(example(), "DATABASE_URL", "");
    assert_eq!(run(&["check-config"], &set).0, 1);
    assert_eq!(run(&["check-config", "--embedded"], &set).0, 0);
}

fn findings(said: &str) -> Vec<(String, String, String)> {
    let said: Value = serde_json::from_str(said).unwrap_or_else(|error| panic!("{error}: {said}"));
    let findings = said["findings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut all: Vec<_> =
        findings.map(|f| (text(&f["check"]), text(&f["level"]), text(&f["found"]))).collect();
    all.sort();
    all
}

#[track_caller]
fn level(said: &str, check: &str) -> String {
    let levels: Vec<_> = findings(said).into_iter().filter(|(of, ..)| of == check).collect();
    assert!(!levels.is_empty(), "{check} was not looked at: {said}");
    levels
        .iter()
        .map(|(_, level, _)| level.clone())
        .max_by_key(|l| ["ok", "attention", "wrong"].iter().position(|k| k == l))
        .unwrap()
}

const CHECKS: [&str; 14] = [
    "configuration",
    "cyclr",
    "database",
    "database_clock",
    "database_privileges",
    "database_settings",
    "file_descriptors",
    "keys",
    "migrations",
    "public_url",
    "return_path",
    "service_domain",
    "webhook_egress",
    "webhook_policy",
];

/// Stops it when the test ends, in whatever way.
struct Service(Child);

impl Service {
    fn start(set: &[(String, String)]) -> Self {
        let mut child =
            program(&["serve"], set).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut lines = lines.map(Result::unwrap);
        assert!(lines.any(|line| line.contains("listening on")), "{:?}", child.wait());
        Self(child)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_service_that_runs_in_good_health() {
    let house = House::open().await;
    let data_dir = scratch_folder().join(format!("gangway-doctor-{}", Uuid::new_v4().simple()));
    let settings = Settings { data_dir: data_dir.clone(), durability: Durability::Durable };
    let database = Embedded::start(settings).await.unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (service, cyclr) = (format!("http://{free}"), format!("http://{}", house.address));
    let set = pairs(&[
        ("DATABASE_URL", &database.url()),
        ("GANGWAY_LISTEN", &free.to_string()),
        ("GANGWAY_PUBLIC_URL", &service),
        ("GANGWAY_SECRET_KEY", "Canary/7Jq2vX0aT9kLs4mZ1pW8cN5yB3dF6hG0=="),
        ("CYCLR_API_BASE", &cyclr),
        ("CYCLR_SERVICE_DOMAIN", &cyclr),
        ("CYCLR_CLIENT_ID", "sandbox-client"),
        ("CYCLR_CLIENT_SECRET", "sandbox-secret-not-for-production"),
        ("GANGWAY_LOG", "off"),
    ]);
    // Before it runs: what is to come is told, nothing is done, and nothing is wrong.
    let (code, said, _) = run(&["doctor", "--json"], &set);
    assert_eq!(code, 0, "{said}");
    assert_eq!(level(&said, "migrations"), "attention");
    assert_eq!(level(&said, "public_url"), "attention");
    assert_eq!(run(&["healthcheck"], &set).0, 1);

    let running = Service::start(&set);
    assert_eq!(run(&["healthcheck"], &set).0, 0);
    house.sandbox.forget_calls();
    let receiver = ["doctor", "--json", "--receiver", "https://127.0.0.1/hook"];
    let (code, said, told) = run(&receiver, &set);
    assert_eq!(code, 0, "{said}");
    for check in CHECKS {
        let expected = match check {
            // The policy stands: this machine is no receiver.
            "webhook_egress" => "attention",
            "file_descriptors" => continue,
            _ => "ok",
        };
        assert_eq!(level(&said, check), expected, "{check}: {said}");
    }
    assert!(!said.contains("Canary") && !told.contains("Canary"), "{said} {told}");
    // A token, a read, a page: nothing that changes anything.
    let asked = house.heard();
    assert!(asked.len() <= 3, "{asked:?}");
    assert!(
        asked.iter().all(|call| call.starts_with("GET ") || call.contains("token")),
        "{asked:?}"
    );
    let (_, said, _) = run(&["doctor"], &set);
    assert!(said.lines().all(|line| !line.contains('\u{1b}')), "{said}");
    assert!(said.trim_end().ends_with(", 0 wrong"), "{said}");
    drop(running);
    database.stop().await;
    drop(std::fs::remove_dir_all(data_dir));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_wrong_stops_the_doctor_or_shows_a_secret() {
    let house = House::open().await;
    let cyclr = format!("http://{}", house.address);
    let set = pairs(&[
        ("DATABASE_URL", "postgres://canary-user:canary-password@127.0.0.1:1/gangway"),
        ("GANGWAY_LISTEN", "nowhere"),
        ("GANGWAY_PUBLIC_URL", "http://127.0.0.1:1"),
        ("GANGWAY_SECRET_KEY", "canary-canary-canary-canary-canary"),
        ("GANGWAY_OTHER_SECRET_KEY", "canary-canary-canary-canary-canary-too"),
        ("CYCLR_API_BASE", &cyclr),
        ("CYCLR_SERVICE_DOMAIN", "http://127.0.0.1:1"),
        ("CYCLR_CLIENT_ID", "sandbox-client"),
        ("CYCLR_CLIENT_SECRET", "canary-of-cyclr"),
        ("GANGWAY_ALLOW_INSECURE_WEBHOOKS", "true"),
        ("GANGWAY_LOG", "trace"),
    ]);
    let (code, said, told) =
        run(&["doctor", "--json", "--receiver", "http://127.0.0.1:1/canary"], &set);
    assert_eq!(code, 1, "{said}");
    for (check, expected) in [
        ("configuration", "wrong"),
        ("keys", "attention"),
        ("database", "wrong"),
        ("cyclr", "wrong"),
        ("service_domain", "attention"),
        ("public_url", "attention"),
        ("return_path", "attention"),
        ("webhook_policy", "attention"),
        ("webhook_egress", "attention"),
    ] {
        assert_eq!(level(&said, check), expected, "{check}: {said}");
    }
    let report: Value = serde_json::from_str(&said).unwrap();
    for finding in report["findings"].as_array().unwrap() {
        assert_eq!(finding["level"] == "ok", finding["advice"].is_null(), "{finding}");
    }
    for key in ["The secret key is", "The other secret key is"] {
        assert!(said.contains(&format!("{key} an example or easy to guess")), "{said}");
    }
    assert!(!said.contains("canary"), "{said}");
    assert!(!told.contains("canary-password") && !told.contains("canary-of-cyclr"), "{told}");
    // With nothing at all, everything is still looked at.
    let (code, said, _) = run(&["doctor", "--json"], &[]);
    assert_eq!(code, 1);
    for check in ["configuration", "keys", "database", "cyclr", "public_url", "webhook_policy"] {
        assert!(!level(&said, check).is_empty(), "{check}");
    }
}
