//! What a stranger reads is true: the documents are compared with the program and with the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gangway::config::VARIABLES;
use gangway::ids::{CycleStepId, TenantId};
use gangway::onboarding::{Blueprint, Part, Profile, Rule, Target, TemplateRules, plan};
use gangway::web::read_json;
use serde_json::{Value, json};
use uuid::Uuid;

/// Everything that is written for people who do not read the source.
const DOCUMENTS: &[&str] = &[
    "README.md",
    "CHANGELOG.md",
    "docs/blueprints.md",
    "docs/keeping.md",
    "docs/performance.md",
    "docs/operations.md",
    "docs/reliability.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
    "docs/scale.md",
    ".env.example",
    "docker-compose.yml",
    "Dockerfile",
    "deny.toml",
];

/// Folders of the tree; what a document names in one of them must be there.
const FOLDERS: &[&str] = &[
    "src/",
    "tests/",
    "templates/",
    "migrations/",
    "docs/",
    "static/",
    "benches/",
    "fuzz/",
    ".ci/",
    "deploy/",
    ".sqlx/",
];

/// How the path of somebody's own machine begins.
const MACHINE_PATHS: &[&str] = &["/root/", "/home/", "/Users/", "/mnt/", "C:\\"];

const LARGEST_PICTURE: u64 = 80 * 1024;

#[test]
fn the_table_of_settings_is_the_list_of_settings() {
    let readme = read("README.md");
    let expected: Vec<_> = VARIABLES.iter().map(|v| row(v.name, v.default, v.meaning)).collect();
    let shown = table(&readme, "| Variable | Default | Meaning |");
    assert_eq!(shown, expected, "the rows should be\n{}\n", expected.join("\n"));
}

#[test]
fn the_example_sets_every_variable_once() {
    let example = read(".env.example");
    let lines = example.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut set: Vec<_> = lines.map(|line| line.split_once('=').unwrap()).collect();
    let secret = set.iter().find(|(name, _)| *name == "GANGWAY_SECRET_KEY").unwrap().1;
    assert!(secret.contains("replace"), "the example's secret says what it is");
    let config = gangway::config::Config::read(|name| {
        set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
    });
    assert!(config.is_ok(), "{config:?}");
    set.sort_unstable();
    let set: Vec<_> = set.into_iter().map(|(name, _)| name).collect();
    let mut known: Vec<_> = VARIABLES.iter().map(|variable| variable.name).collect();
    known.sort_unstable();
    assert_eq!(set, known);
}

#[test]
fn the_table_of_commands_is_the_programs_own() {
    let readme = read("README.md");
    let mut shown = BTreeSet::new();
    for row in table(&readme, "| Command | What it does |") {
        let (command, meaning) = row[2..].split_once(" | ").unwrap();
        let command = command.trim_matches('`').strip_prefix("gangway ").unwrap();
        let words: Vec<_> = command.split(' ').collect();
        let help = help(&words);
        for option in quoted(meaning).filter(|word| word.starts_with("--")) {
            assert!(help.contains(option), "`{command}` has no {option}:\n{help}");
        }
        shown.insert(command.to_owned());
    }
    assert_eq!(shown, commands(&[]));
}

#[test]
fn the_floor_plan_is_the_one_that_is_tested() {
    let source = read("tests/it/house_rules.rs");
    let plan = source.split_once("const PLAN").unwrap().1.split_once("];").unwrap().0;
    let planned: Vec<_> = plan
        .lines()
        .filter_map(|line| {
            let mut strings = line.split('"').skip(1).step_by(2);
            Some((strings.next()?.to_owned(), strings.next()?.to_owned()))
        })
        .collect();
    assert!(planned.len() > 10, "the plan was read: {planned:?}");
    let readme = read("README.md");
    let shown: Vec<_> = table(&readme, "| Room | What it says | May use |")
        .iter()
        .map(|row| {
            let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
            let uses = if cells[2] == "nothing of ours" { "" } else { cells[2] };
            (cells[0].trim_matches('`').to_owned(), uses.to_owned())
        })
        .collect();
    assert_eq!(shown, planned);
}

#[test]
fn what_the_documents_name_is_there() {
    let mut missing = Vec::new();
    for document in DOCUMENTS {
        let text = read(document);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let pictures = text.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for path in quoted(&text).chain(links).chain(pictures) {
            let ours = FOLDERS.iter().any(|folder| path.starts_with(folder));
            if ours && !root().join(path).exists() {
                missing.push(format!("{document}: {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn pictures_are_small_and_shown() {
    let readme = read("README.md");
    for entry in fs::read_dir(root().join("docs/pictures")).unwrap() {
        let entry = entry.unwrap();
        let name = format!("docs/pictures/{}", entry.file_name().to_string_lossy());
        assert!(readme.contains(&name), "{name} is shown nowhere");
        assert!(entry.metadata().unwrap().len() <= LARGEST_PICTURE, "{name} is too large");
    }
}

#[test]
fn no_document_names_a_machine() {
    for document in DOCUMENTS {
        let text = read(document);
        for path in MACHINE_PATHS {
            assert!(!text.contains(path), "{document} names {path}");
        }
    }
}

#[test]
fn the_onboarding_that_is_shown_has_the_fields_that_are_sent() {
    let readme = read("README.md");
    let shown = readme.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let shown: Value = serde_json::from_str(shown).unwrap();
    let document = serde_json::to_value(gangway::api::document()).unwrap();
    let schemas = &document["components"]["schemas"];
    assert_eq!(names(&shown), names(&schemas["Onboarding"]["properties"]));
    let due = &shown["requirements"]["currently_due"][0];
    assert_eq!(names(due), names(&schemas["Requirement"]["properties"]));
    let operations = table(&readme, "| Request | What it does |");
    let operations: BTreeSet<_> = operations.iter().flat_map(|row| quoted(row)).collect();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in names(item) {
            let operation = format!("{} {path}", method.to_uppercase());
            assert!(operations.contains(operation.as_str()), "{operation} is not in the README");
        }
    }
}

#[test]
fn what_the_blueprints_document_shows_can_be_published_and_has_every_field() {
    let text = read("docs/blueprints.md");
    let mut examples =
        text.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let example: Value = serde_json::from_str(examples.next().unwrap()).unwrap();
    let blueprint: Blueprint = read_json(example.to_string().as_bytes()).unwrap();
    assert_eq!(blueprint.mistakes(), []);
    let document = serde_json::to_value(gangway::api::document()).unwrap();
    let schemas = &document["components"]["schemas"];
    let words: BTreeSet<_> = quoted(&text).collect();
    let mut fields = BTreeSet::new();
    collect_names(&example, &mut fields);
    for name in
        ["Blueprint", "TemplatePlan", "MappingRule", "Schedule", "Question", "Brand", "Limits"]
    {
        for field in names(&schemas[name]["properties"]) {
            assert!(words.contains(field.as_str()), "{name}: `{field}` is not explained");
            assert!(fields.contains(&field), "{name}: {field} is not in the example");
        }
    }
    // What is started with the second example is what the rules of the first read.
    let start: Value = serde_json::from_str(examples.next().unwrap()).unwrap();
    assert_eq!(start["blueprint"], example["key"]);
    let rules = &example["templates"][0]["mapping"];
    let written: Vec<_> = rules
        .as_array()
        .unwrap()
        .iter()
        .filter(|rule| !rule["value"]["from"].is_null())
        .map(|rule| written(rule, &start["data"]).unwrap())
        .collect();
    assert_eq!(written, ["Acme Ltd", "ada@acme.example", "Germany", "modules: crm, billing."]);
}

#[test]
fn the_examples_of_functions_are_what_is_written() {
    let text = read("docs/blueprints.md");
    let rows = table(&text, "| Found | `apply` | Written |");
    assert!(rows.len() > 5);
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let cell = |n: usize| -> Value {
            let cell: &str = cells[n];
            serde_json::from_str(cell.trim_matches('`')).unwrap_or_default()
        };
        let from = json!({ "path": "data.found", "apply": cell(1) });
        let rule = json!({ "target": "T", "value": { "from": from } });
        let written = written(&rule, &json!({ "found": cell(0) }));
        assert_eq!(json!(written), cell(2), "{row}");
    }
    let document = serde_json::to_value(gangway::api::document()).unwrap();
    let functions = document["components"]["schemas"]["MappingFunction"].to_string();
    let rows = table(&text, "| Function | What it does |");
    let known = rows.iter().map(|row| quoted(row).next().unwrap().split('"').nth(1).unwrap());
    let known: BTreeSet<_> = known.collect();
    for function in ["trim", "lower", "upper", "map", "join", "prefix", "suffix"] {
        assert!(functions.contains(&format!("\"{function}\"")), "{functions}");
        assert!(known.contains(function), "{function} is not explained");
    }
    assert_eq!(known.len(), 7);
}

#[test]
fn why_a_rule_fails_is_explained_in_its_own_words() {
    let text = read("docs/blueprints.md");
    let source = read("src/onboarding/mapping/mod.rs");
    for row in table(&text, "| Why | What to do |") {
        let why = row.trim_start_matches("| ").split(" | ").next().unwrap();
        assert!(source.contains(&format!("\"{why}\"")), "nothing fails because {why}");
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The rows below a header, as they are written.
fn table<'a>(text: &'a str, header: &str) -> Vec<&'a str> {
    let mut lines = text.lines().skip_while(|line| *line != header);
    assert!(lines.next().is_some(), "there is no table {header}");
    lines.skip(1).take_while(|line| line.starts_with('|')).collect()
}

fn row(name: &str, default: Option<&str>, meaning: &str) -> String {
    let default = match default {
        None => "must be set".to_owned(),
        Some("") => "empty".to_owned(),
        Some(default) => format!("`{default}`"),
    };
    format!("| `{name}` | {default} | {meaning} |")
}

/// What stands in backticks on one line.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

fn names(object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

fn help(words: &[&str]) -> String {
    let asked = Command::new(env!("CARGO_BIN_EXE_gangway")).args(words).arg("--help").output();
    let asked = asked.unwrap();
    assert!(asked.status.success(), "gangway {} --help", words.join(" "));
    String::from_utf8(asked.stdout).unwrap()
}

/// The commands that the program offers below these words, each spelled out.
fn commands(words: &[&str]) -> BTreeSet<String> {
    let help = help(words);
    let Some((_, listed)) = help.split_once("Commands:\n") else {
        return BTreeSet::from([words.join(" ")]);
    };
    let listed = listed.lines().take_while(|line| line.starts_with("  "));
    let names = listed.filter_map(|line| line.split_whitespace().next());
    let below = names.filter(|name| *name != "help");
    below.flat_map(|name| commands(&[words, &[name]].concat())).collect()
}

/// What one rule makes of a tenant's data for a target that need not have a value.
fn written(rule: &Value, data: &Value) -> Option<String> {
    let rule: Rule = serde_json::from_value(rule.clone()).unwrap();
    let target = Target {
        step: CycleStepId(Uuid::nil()),
        step_name: rule.step.clone().unwrap_or_default(),
        part: Part::Field,
        id: 1,
        name: rule.target.clone(),
        help: None,
        required: false,
        options: Vec::new(),
        mapped: false,
        value: None,
        lookup: None,
    };
    let profile =
        Profile { data: data.as_object().unwrap().clone(), ..crate::house::profile("Acme Ltd") };
    let tenant = TenantId::parse("acme").unwrap();
    let rules = TemplateRules { template: 0, rules: &[rule], questions: &[] };
    let planned = plan(rules, &[target], (&tenant, &profile), &BTreeMap::new()).unwrap();
    planned.writes.first().map(|write| write.setting.value().to_owned())
}

/// The names of all objects in it.
fn collect_names(value: &Value, found: &mut BTreeSet<String>) {
    if let Some(object) = value.as_object() {
        found.extend(object.keys().cloned());
        object.values().for_each(|value| collect_names(value, found));
    }
    for value in value.as_array().into_iter().flatten() {
        collect_names(value, found);
    }
}
