//! `gangway key …`, the real program on a real database.

use std::process::{Command, Output};

use gangway::clock::Clock;
use gangway::store::{KeyScope, Store};

use crate::database::TestDb;

fn run(database: &TestDb, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gangway"));
    command.arg("key").args(arguments).env("DATABASE_URL", database.url()).output().unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap().trim().to_owned()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_listed_and_ended() {
    let database = TestDb::fresh().await;
    let store = Store::new(database.pool().await, Clock::system());
    let all = said(&run(&database, &["create", "every\u{7}thing"]));
    let known = store.find_api_key(&all).await.unwrap().unwrap();
    assert_eq!(known.scopes, KeyScope::ALL);
    let some = run(&database, &["create", "some", "--blueprint", "crm", "--expires-in-days", "3"]);
    let some = store.find_api_key(&said(&some)).await.unwrap().unwrap();
    assert_eq!(some.scopes, [KeyScope::Read, KeyScope::Write, KeyScope::Blueprints]);
    let listed = said(&run(&database, &["list"]));
    let lines: Vec<_> = listed.lines().collect();
    assert_eq!(lines.len(), 2, "{listed}");
    assert!(lines[0].contains("read,write,blueprints  crm  used never  until "), "{listed}");
    assert!(lines[1].ends_with("no end  every thing"), "{listed}");
    assert!(!listed.contains(&all[12..]), "no key is shown again");
    let ended = said(&run(&database, &["revoke", &known.id.to_string()]));
    assert!(ended.contains("  revoked 2"), "{ended}");
    assert!(store.find_api_key(&all).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_said_and_makes_no_key() {
    let database = TestDb::fresh().await;
    for (arguments, words) in [
        (vec!["create", "x", "--scope", "all"], "none of read, write"),
        (vec!["create", "x", "--blueprint", "UP"], "blueprint"),
        (vec!["create", "x", "--blueprint", "crm", "--scope", "admin"], "at most"),
        (vec!["create", "x", "--expires-in-days", "0"], "0"),
        (vec!["revoke", "01920000-0000-7000-8000-000000000000"], "there is no key"),
    ] {
        let told = complaint(&run(&database, &arguments));
        assert!(told.contains(words), "{arguments:?}: {told}");
    }
    assert_eq!(said(&run(&database, &["list"])), "");
}
