//! The floor plan, and the rules that no compiler knows. The plan below is the one that counts.

use std::fs;
use std::path::Path;

use crate::rust_tokens::tokens;

/// Each room, and the rooms it may use. Lower rooms know nothing of higher ones.
#[rustfmt::skip]
const PLAN: &[(&str, &str)] = &[
    ("main",       "app config demo replay doctor monitor cli telemetry api sandbox store embedded onboarding ids secret clock"),
    ("demo",       "app config web webhooks engine store cyclr sandbox embedded onboarding ids secret clock"),
    ("replay",     "engine store cyclr sandbox embedded onboarding ids secret clock"),
    ("doctor",     "app config identity webhooks store cyclr ids secret clock"),
    ("app",        "config telemetry api hosted hooks console web webhooks engine store cyclr identity onboarding sandbox embedded ids secret clock"),
    ("config",     "telemetry api hosted web webhooks engine store cyclr identity sandbox embedded ids secret"),
    ("api",        "web webhooks engine store onboarding ids secret clock"),
    ("hooks",      "web engine ids"),
    ("hosted",     "web engine store onboarding words ids secret clock"),
    ("console",    "web engine store identity onboarding ids secret clock"),
    ("web",        "webhooks engine store identity onboarding telemetry words ids secret clock"),
    ("webhooks",   "store onboarding telemetry ids secret clock"),
    ("monitor",    "engine store onboarding telemetry"),
    ("cli",        "store onboarding ids secret"),
    ("engine",     "store cyclr onboarding telemetry ids secret clock"),
    ("store",      "onboarding telemetry ids secret clock"),
    ("cyclr",      "telemetry ids secret clock"),
    ("identity",   "secret clock"),
    ("onboarding", "ids"),
    ("sandbox",    ""),
    ("embedded",   ""),
    ("words",      ""),
    ("telemetry",  ""),
    ("ids",        ""),
    ("secret",     ""),
    ("clock",      ""),
];

/// What changes an onboarding, and who may say so. `commit` catches transactions in doors as well.
const WRITES: &[&str] = &[
    "commit",
    "commit_all",
    "overrule",
    "claim",
    "release",
    "release_all",
    "log_calls",
    "start_fresh",
    "keep_erased",
    "keep_looking_first",
];
const WRITERS: &[&str] = &["engine", "store"];

/// Who may read the environment; `embedded` looks there for installed programs.
const ENVIRONMENT_READERS: &[&str] = &["config", "embedded"];

/// What may stand beside the code that includes it: long statements, documents, words and a page's script.
const BESIDE: &[&str] = &[".sql", ".json", ".ftl", ".js"];

const LONGEST_FILE: usize = 400;
const LONGEST_PLAQUE: usize = 25;

#[test]
fn the_house_stands_as_planned() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    visit(&src, "src", &mut wrong);
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn the_plan_has_no_circle_and_no_unknown_room() {
    // Every room may only use rooms further down the list, so there cannot be a way back up.
    for (place, (room, uses)) in PLAN.iter().enumerate() {
        for used in uses.split_whitespace() {
            let below = PLAN[place + 1..].iter().any(|(name, _)| *name == used);
            assert!(below, "{used} does not stand below {room} in the plan");
        }
    }
}

fn visit(folder: &Path, name: &str, wrong: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            if !entry.path().join("mod.rs").exists() {
                wrong.push(format!("{name}: has no mod.rs, so there is no plaque on the door"));
            }
            visit(&entry.path(), &name, wrong);
        } else if !BESIDE.iter().any(|ending| name.ends_with(ending)) {
            wrong.extend(check(&name, &fs::read_to_string(entry.path()).unwrap()));
        }
    }
}

/// Everything that is wrong with one file, named from the root of the repository.
fn check(name: &str, source: &str) -> Vec<String> {
    let Some(module) = module_path(name) else {
        return vec![format!("{name}: is not a Rust source file")];
    };
    let tokens = tokens(source);
    let mut wrong = check_text(name, source);
    if let Some(room) = module.first() {
        match PLAN.iter().find(|(planned, _)| planned == room) {
            Some((_, uses)) => wrong.extend(
                rooms_used(&tokens, module.len())
                    .into_iter()
                    .filter(|used| {
                        used != room && !uses.split_whitespace().any(|allowed| allowed == used)
                    })
                    .map(|used| format!("uses `{used}`, which the plan does not allow `{room}`")),
            ),
            None => wrong.push(format!("`{room}` is not in the plan")),
        }
        if !WRITERS.contains(&room.as_str()) {
            wrong.extend(
                calls(&tokens, WRITES).map(|call| {
                    format!("calls `{call}`, but only the engine changes an onboarding")
                }),
            );
        }
        if !ENVIRONMENT_READERS.contains(&room.as_str()) && reads_environment(&tokens) {
            wrong.push("reads the environment, which is for `config`".into());
        }
    }
    if switches_for_tests(&tokens) {
        wrong.push("has a test switch other than `#[cfg(test)] mod tests`".into());
    }
    wrong.into_iter().map(|what| format!("{name}: {what}")).collect()
}

fn check_text(name: &str, source: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let lines = source.lines().count();
    if lines > LONGEST_FILE {
        wrong.push(format!("has {lines} lines; {LONGEST_FILE} are enough for one subject"));
    }
    let plaque = source.lines().take_while(|line| line.starts_with("//!")).count();
    if name.ends_with("/mod.rs") && plaque == 0 {
        wrong.push("has no plaque: begin with `//!`".into());
    }
    if name.ends_with("/mod.rs") && plaque > LONGEST_PLAQUE {
        wrong.push(format!("has a plaque of {plaque} lines; {LONGEST_PLAQUE} are enough"));
    }
    for plan in ["TODO", "FIXME"] {
        if source.contains(plan) {
            wrong.push(format!("says {plan}, to which nobody returns"));
        }
    }
    wrong
}

/// `src/store/leases.rs` is `[store, leases]`, `src/store/mod.rs` is `[store]`, and `src/lib.rs`,
/// which stands above all rooms, is `[]`.
fn module_path(name: &str) -> Option<Vec<String>> {
    let mut path: Vec<String> =
        name.strip_prefix("src/")?.strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
    if path == ["lib"] || path.last().is_some_and(|last| last == "mod") {
        path.pop();
    }
    Some(path)
}

/// The rooms that a file names, by whatever way: `crate::x`, `crate::{x, y::z}`, `gangway::x` or
/// enough of `super`. `depth` is how far below the root the file's module is.
fn rooms_used(tokens: &[String], depth: usize) -> Vec<String> {
    let mut used = Vec::new();
    let mut open = Vec::new(); // one entry per brace: does it open a module?
    for (at, token) in tokens.iter().enumerate() {
        let inside = depth + open.iter().filter(|is_module| **is_module).count();
        let is_path = tokens.get(at + 1).is_some_and(|next| next == "::");
        let continues = at > 0 && tokens[at - 1] == "::";
        match token.as_str() {
            "{" => open.push(at >= 2 && tokens[at - 2] == "mod"),
            "}" => {
                open.pop();
            }
            "crate" | "gangway" if is_path && !continues => walk(tokens, at + 2, 0, &mut used),
            // Under another name, the root could be entered unseen.
            "crate" if tokens.get(at + 1).is_some_and(|next| next == "as") => used.push("*".into()),
            "super" if is_path && !continues => walk(tokens, at, inside, &mut used),
            _ => {}
        }
    }
    used.sort();
    used.dedup();
    used
}

/// Follows a path from the module `depth` below the root and notes the names at the root. Returns
/// where the path ends.
fn walk(tokens: &[String], mut at: usize, depth: usize, used: &mut Vec<String>) {
    let Some(token) = tokens.get(at) else { return };
    match token.as_str() {
        // `super::x` and `super::{x}`; a bare `super` in a group names a module, not a room.
        "super" if tokens.get(at + 1).is_some_and(|next| next == "::") => {
            walk(tokens, at + 2, depth.saturating_sub(1), used);
        }
        "{" => {
            let mut nested = 0;
            loop {
                let Some(token) = tokens.get(at) else { return };
                match token.as_str() {
                    "{" => nested += 1,
                    "}" => nested -= 1,
                    _ => {}
                }
                if nested == 0 {
                    return;
                }
                if nested == 1 && ["{", ","].contains(&token.as_str()) {
                    walk(tokens, at + 1, depth, used);
                }
                at += 1;
            }
        }
        "}" => {}
        "*" | "self" if depth == 0 => used.push("*".into()),
        name if depth == 0 => used.push(name.to_owned()),
        _ => {}
    }
}

/// The names among `names` that are called, as `x.name(` or `X::name(`.
fn calls<'a>(tokens: &'a [String], names: &'a [&str]) -> impl Iterator<Item = &'a str> {
    tokens
        .windows(3)
        .filter(|three| [".", "::"].contains(&three[0].as_str()) && three[2] == "(")
        .map(|three| three[1].as_str())
        .filter(|name| names.contains(name))
}

/// `env::var(`, `env::{var}`, and clap's `#[arg(env)]`.
fn reads_environment(tokens: &[String]) -> bool {
    let is_var = |token: &String| token.starts_with("var");
    let reads = tokens.windows(3).enumerate().any(|(at, three)| {
        three[0] == "env"
            && three[1] == "::"
            && (is_var(&three[2]) || three[2] == "{" && group(tokens, at + 2).iter().any(is_var))
    });
    let derives = tokens.windows(4).enumerate().any(|(at, four)| {
        four[0] == "#"
            && four[2] == "arg"
            && group(tokens, at + 3).iter().any(|token| token == "env")
    });
    reads || derives
}

/// Whether `cfg`, `cfg!` or `cfg_attr` asks for `test`, other than to fence off `mod tests`.
fn switches_for_tests(tokens: &[String]) -> bool {
    tokens.iter().enumerate().any(|(at, token)| {
        if token != "cfg" && token != "cfg_attr" {
            return false;
        }
        let bracket = at + 1 + usize::from(tokens.get(at + 1).is_some_and(|next| next == "!"));
        let asks = group(tokens, bracket).iter().any(|token| token == "test");
        let fence = ["cfg", "(", "test", ")", "]", "mod", "tests"];
        asks && !tokens[at..].iter().take(fence.len()).eq(fence)
    })
}

/// What is between the bracket at `at` and its partner.
fn group(tokens: &[String], at: usize) -> &[String] {
    let mut nested = 0;
    for (length, token) in tokens.iter().skip(at).enumerate() {
        match token.as_str() {
            "(" | "[" | "{" => nested += 1,
            ")" | "]" | "}" => nested -= 1,
            _ => {}
        }
        if nested == 0 {
            return &tokens[at..at + length];
        }
    }
    &[]
}

#[test]
fn a_forbidden_room_is_found_however_it_is_named() {
    for planted in [
        "use crate::store::Store;",
        "use crate::{ids::TenantId, store::{Store, Error}};",
        "use super::store;",
        "use super::super::store::Store;",
        "use super::{super::store};",
        "mod inner { use super::super::super::store; }",
        "fn f() { crate::store::open() }",
        "type S = gangway::store::Store;",
        "use crate::*;",
        "use crate as everything;",
        "use crate::{self as everything};",
    ] {
        let file = if planted.starts_with("use super::store") {
            "src/cyclr.rs"
        } else {
            "src/cyclr/token.rs"
        };
        let found = check(file, planted);
        assert_eq!(found.len(), 1, "{planted}: {found:?}");
    }
}

#[test]
fn what_is_allowed_or_only_mentioned_is_let_through() {
    for innocent in [
        "use crate::ids::{TenantId, AccountId};",
        "use super::super::secret;",
        "use super::client::Client;",
        "pub(crate) fn f() {} pub(in crate::cyclr) fn g() {}",
        "// use crate::store; TO-DO\n/* crate::web */ const A: &str = \"crate::store \\\" crate::web\";",
        "const A: &str = r#\"crate::store \" \"#; fn f<'a>(x: &'a str) -> char { '\"' }",
        "#[cfg(test)]\nmod tests { use super::*; use super::super::client; }",
        "let path = env!(\"CARGO_MANIFEST_DIR\"); let c = commit(x);",
    ] {
        assert_eq!(check("src/cyclr/token.rs", innocent), Vec::<String>::new(), "{innocent}");
    }
    assert!(check("src/engine/commit.rs", "fn f() { store.commit(lease) }").is_empty());
    assert!(check("src/config.rs", "fn f() { std::env::var(\"X\") }").is_empty());
    assert!(check("src/lib.rs", "pub mod store;").is_empty());
}

#[test]
fn every_other_rule_can_be_broken() {
    let long = "\n".repeat(LONGEST_FILE + 1);
    let plaque = "//! words\n".repeat(LONGEST_PLAQUE + 1);
    for (file, planted) in [
        ("src/hosted/connect.rs", "fn f() { transaction.commit().await }"),
        ("src/api/start.rs", "fn f() { Store::overrule(&store) }"),
        ("src/api/start.rs", "fn f() { std::env::var_os(\"X\") }"),
        ("src/api/start.rs", "use std::env::{self, var};"),
        ("src/main.rs", "struct A { #[arg(long, env = \"X\")] a: u8 }"),
        ("src/api/start.rs", "#[cfg(not(test))] fn f() {}"),
        ("src/api/start.rs", "fn f() { if cfg!(test) {} }"),
        ("src/api/start.rs", "#[cfg(test)] fn f() {}"),
        ("src/api/start.rs", "#[cfg_attr(test, derive(Debug))] struct A;"),
        ("src/api/start.rs", "// TODO later"),
        ("src/api/start.rs", &long),
        ("src/api/mod.rs", "mod start;"),
        ("src/api/mod.rs", &plaque),
        ("src/garage.rs", ""),
        ("src/api/notes.txt", ""),
    ] {
        let found = check(file, planted);
        assert_eq!(found.len(), 1, "{file} {planted}: {found:?}");
    }
}
