//! The terms of everything that is built in are those that `deny.toml` names, and each that it names is needed.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, ParseMode};

use super::deployment::read;

fn packages() -> Vec<Value> {
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--offline", "--all-features"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    let metadata: Value = serde_json::from_slice(&cargo.stdout).unwrap();
    let resolved = metadata["resolve"]["nodes"].as_array().unwrap().iter();
    let resolved: BTreeSet<_> = resolved.map(|node| node["id"].as_str().unwrap()).collect();
    let all = metadata["packages"].as_array().unwrap().iter();
    all.filter(|package| resolved.contains(package["id"].as_str().unwrap())).cloned().collect()
}

fn strings(list: &toml::Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_licence_is_one_that_is_allowed() {
    let deny: toml::Value = toml::from_str(&read("deny.toml")).unwrap();
    let allowed = strings(&deny["licenses"]["allow"]);
    let mut needed = BTreeSet::new();
    let mut excepted = BTreeSet::new();
    let packages = packages();
    assert!(packages.len() > 200, "{} packages", packages.len());
    for package in &packages {
        let name = package["name"].as_str().unwrap();
        let terms = package["license"].as_str().unwrap_or_else(|| panic!("{name} says no licence"));
        let terms = Expression::parse_mode(terms, ParseMode::LAX).unwrap();
        let exceptions = deny["licenses"]["exceptions"].as_array().unwrap();
        let exception = exceptions.iter().find(|e| e["crate"].as_str() == Some(name));
        let more = exception.map(|e| strings(&e["allow"])).unwrap_or_default();
        let fits = terms.evaluate(|term| {
            let term = term.to_string();
            if allowed.contains(&term) {
                needed.insert(term);
                return true;
            }
            let excepts = more.contains(&term);
            excepts.then(|| excepted.insert(name.to_owned()));
            excepts
        });
        assert!(fits, "{name} has the terms {terms}, which deny.toml does not allow");
        // Who wrote it, and where: a registry that is known, or ourselves.
        let source = package["source"].as_str().unwrap_or("here");
        let known = ["here", "registry+https://github.com/rust-lang/crates.io-index"];
        assert!(known.contains(&source), "{name} comes from {source}");
    }
    let idle: Vec<_> = allowed.difference(&needed).collect();
    assert!(idle.is_empty(), "allowed and not needed: {idle:?}");
    let exceptions = deny["licenses"]["exceptions"].as_array().unwrap();
    for exception in exceptions {
        assert!(
            excepted.contains(exception["crate"].as_str().unwrap()),
            "{exception} is not needed"
        );
    }
}

#[test]
fn what_is_ignored_says_why_and_what_is_forbidden_is_not_there() {
    let deny: toml::Value = toml::from_str(&read("deny.toml")).unwrap();
    for ignored in deny["advisories"]["ignore"].as_array().unwrap() {
        let reason = ignored.get("reason").and_then(toml::Value::as_str).unwrap_or_default();
        assert!(reason.len() > 20, "{ignored} does not say why");
    }
    let packages = packages();
    let names: BTreeSet<_> = packages.iter().map(|p| p["name"].as_str().unwrap()).collect();
    for banned in deny["bans"]["deny"].as_array().unwrap() {
        let banned = banned["crate"].as_str().unwrap();
        assert!(!names.contains(banned), "{banned} is banned and there");
    }
}
