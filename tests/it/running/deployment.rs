//! The files to deploy with: they can be read, and say the same as the program, as the documents and as each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gangway::config::{Config, VARIABLES};
use gangway::cyclr::PressureState;
use serde_json::Value;

const FILES: [&str; 11] = [
    "docker-compose.yml",
    "Dockerfile",
    "deploy/systemd/gangway.service",
    "deploy/kubernetes/gangway.yaml",
    "deploy/kubernetes/secret.yaml",
    "deploy/haproxy/haproxy.cfg",
    "deploy/prometheus/prometheus.yml",
    "deploy/prometheus/alerts.yml",
    "deploy/grafana/gangway.json",
    "deploy/grafana/datasource.yml",
    "deploy/grafana/dashboards.yml",
];

pub(super) fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn manifests() -> Vec<Value> {
    let path = "deploy/kubernetes/gangway.yaml";
    serde_saphyr::from_multiple(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn manifest(kind: &str) -> Value {
    manifests().into_iter().find(|manifest| manifest["kind"] == kind).unwrap()
}

fn container() -> Value {
    manifest("Deployment")["spec"]["template"]["spec"]["containers"][0].clone()
}

fn texts(object: &Value) -> BTreeMap<String, String> {
    let fields = object.as_object().unwrap().iter();
    fields.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

fn port(address: &str) -> u64 {
    address.rsplit(':').next().unwrap().parse().unwrap()
}

/// Every word in it that is made of these characters and begins so.
fn words(text: &str, begins: &str, of: impl Fn(char) -> bool) -> BTreeSet<String> {
    let words = text.split(|c: char| !of(c));
    words.filter(|word| word.starts_with(begins)).map(str::to_owned).collect()
}

fn variables(text: &str) -> BTreeSet<String> {
    let part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let named = ["GANGWAY_", "CYCLR_", "DATABASE_URL"];
    let found = named.iter().flat_map(|begins| words(text, begins, part));
    // `CYCLR_*` in a comment means all of them.
    found.filter(|name| !name.ends_with('_')).collect()
}

/// What a process tells, each by its own name: there is one place for all of them, and a name that nothing
/// counts is a warning of the compiler.
fn metrics() -> BTreeSet<String> {
    let source = read("src/telemetry/meters.rs");
    let consts =
        source.lines().filter(|line| line.starts_with("const ") && line.contains(": &str = "));
    let names: BTreeSet<_> =
        consts.map(|line| line.split('"').nth(1).unwrap().to_owned()).collect();
    assert!(names.len() > 20, "{names:?}");
    names
}

fn metrics_in(text: &str) -> BTreeSet<String> {
    let found =
        words(text, "gangway_", |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let plain = |name: String| {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        base.map_or(name.clone(), str::to_owned)
    };
    found.into_iter().map(plain).collect()
}

fn expressions() -> Vec<String> {
    let alerts = yaml("deploy/prometheus/alerts.yml");
    let rules = alerts["groups"].as_array().unwrap().iter();
    let rules = rules.flat_map(|group| group["rules"].as_array().unwrap().clone());
    let mut all: Vec<_> = rules.map(|rule| rule["expr"].as_str().unwrap().to_owned()).collect();
    let board: Value = serde_json::from_str(&read("deploy/grafana/gangway.json")).unwrap();
    for panel in board["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            all.push(target["expr"].as_str().unwrap().to_owned());
        }
    }
    assert!(all.len() > 30, "{all:?}");
    all
}

#[test]
fn every_file_can_be_read_and_names_only_variables_that_there_are() {
    for path in FILES {
        let text = read(path);
        let documents: Result<Vec<Value>, _> = serde_saphyr::from_multiple(&text);
        match path.rsplit('.').next().unwrap() {
            "yml" | "yaml" => drop(documents.unwrap_or_else(|error| panic!("{path}: {error}"))),
            "json" => drop(serde_json::from_str::<Value>(&text).unwrap()),
            _ => {}
        }
        for name in variables(&text) {
            let known = VARIABLES.iter().any(|variable| variable.name == name);
            assert!(known, "{path} names {name}, which nothing reads");
        }
    }
}

#[test]
fn every_figure_that_is_watched_is_told() {
    let told = metrics();
    for expression in expressions() {
        for name in metrics_in(&expression) {
            assert!(told.contains(&name), "{expression}: {name} is told by nobody");
        }
        for state in words(&expression, "state=", |c| !"{}, ".contains(c)) {
            let known = PressureState::ALL
                .iter()
                .any(|known| state == format!("state=\"{}\"", known.name()));
            assert!(known, "{expression}: {state}");
        }
    }
    for name in metrics_in(&read("docs/operations.md")).union(&metrics_in(&read("README.md"))) {
        assert!(told.contains(name), "{name} is documented and told by nobody");
    }
}

#[test]
fn every_alert_says_what_to_do_and_every_runbook_has_an_alert() {
    let operations = read("docs/operations.md");
    let runbooks = operations.split("## Alerts").nth(1).unwrap().lines();
    let runbooks: BTreeSet<_> = runbooks.filter_map(|line| line.strip_prefix("### ")).collect();
    let alerts = yaml("deploy/prometheus/alerts.yml");
    let mut named = BTreeSet::new();
    for rule in alerts["groups"][0]["rules"].as_array().unwrap() {
        let name = rule["alert"].as_str().unwrap();
        let anchor = format!("docs/operations.md#{}", name.to_ascii_lowercase());
        assert_eq!(rule["annotations"]["runbook"], anchor);
        assert!(rule["annotations"]["summary"].as_str().unwrap().ends_with('.'), "{name}");
        let severity = rule["labels"]["severity"].as_str().unwrap();
        assert!(["page", "ticket"].contains(&severity), "{name}");
        assert!(runbooks.contains(name), "{name} has no runbook");
        named.insert(name.to_owned());
    }
    assert_eq!(named.len(), runbooks.len(), "{runbooks:?}");
    // The figure of each objective is one that is told, or Prometheus's own.
    let objectives = operations.split("| Objective | Goal | Computed from |").nth(1).unwrap();
    let objectives = objectives.lines().skip(2).take_while(|line| line.starts_with('|'));
    let told = metrics();
    for row in objectives {
        let from = row.trim_matches('|').rsplit(" | ").next().unwrap();
        for name in from.split('`').skip(1).step_by(2) {
            assert!(name == "up" || told.contains(name), "{row}");
        }
    }
}

#[test]
fn what_is_deployed_is_a_configuration_that_can_be_used() {
    let compose = yaml("docker-compose.yml");
    for replica in ["gangway-1", "gangway-2"] {
        let mut set = texts(&compose["services"][replica]["environment"]);
        let key = set.get_mut("GANGWAY_SECRET_KEY").unwrap();
        *key = key.split_once(":-").unwrap().1.trim_end_matches('}').to_owned();
        let config = Config::read(|name| set.get(name).cloned());
        assert!(config.is_ok(), "{replica}: {config:?}");
    }
    let mut set = texts(&manifest("ConfigMap")["data"]);
    let secret: Value = yaml("deploy/kubernetes/secret.yaml");
    let secret = texts(&secret["stringData"]);
    assert!(secret.values().all(|value| value == "replace-me"), "a template has no secrets");
    set.extend(secret);
    assert!(
        Config::read(|name| set.get(name).cloned()).is_err(),
        "a template is not taken as it is"
    );
    set.insert("GANGWAY_SECRET_KEY".to_owned(), "x".repeat(44));
    let config = Config::read(|name| set.get(name).cloned()).unwrap();
    assert_eq!(config.public_url.scheme(), "https");
    let host = config.public_url.host_str().unwrap();
    assert_eq!(manifest("Ingress")["spec"]["rules"][0]["host"], host);
    assert_eq!(manifest("Ingress")["spec"]["tls"][0]["hosts"][0], host);
}

#[test]
fn ports_agree() {
    let compose = yaml("docker-compose.yml");
    let set = texts(&compose["services"]["gangway-1"]["environment"]);
    let (listen, figures) = (port(&set["GANGWAY_LISTEN"]), port(&set["GANGWAY_METRICS_LISTEN"]));
    assert!(read("Dockerfile").contains(&format!("EXPOSE {listen} {figures}\n")));
    let proxy = read("deploy/haproxy/haproxy.cfg");
    let servers = proxy.lines().filter_map(|line| line.trim().strip_prefix("server "));
    let servers: Vec<_> = servers.map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_eq!(servers, [format!("gangway-1:{listen}"), format!("gangway-2:{listen}")]);
    let published = compose["services"]["proxy"]["ports"][0].as_str().unwrap();
    assert!(proxy.contains(&format!("bind :{}\n", port(published))));
    let outside: Vec<_> = published.split(':').collect();
    assert_eq!(port(&set["GANGWAY_PUBLIC_URL"]).to_string(), outside[1]);
    let sandbox = compose["services"]["sandbox"]["command"][2].as_str().unwrap();
    assert_eq!(port(&set["CYCLR_API_BASE"]), port(sandbox));
    let scraped = yaml("deploy/prometheus/prometheus.yml");
    for target in scraped["scrape_configs"][0]["static_configs"][0]["targets"].as_array().unwrap() {
        assert_eq!(port(target.as_str().unwrap()), figures);
    }

    let set = texts(&manifest("ConfigMap")["data"]);
    let ports = &container()["ports"];
    assert_eq!(ports[0]["containerPort"], port(&set["GANGWAY_LISTEN"]));
    assert_eq!(ports[1]["containerPort"], port(&set["GANGWAY_METRICS_LISTEN"]));
    let pod = &manifest("Deployment")["spec"]["template"];
    let scraped = &pod["metadata"]["annotations"]["prometheus.io/port"];
    assert_eq!(scraped.as_str().unwrap(), ports[1]["containerPort"].to_string());
    assert_eq!(manifest("Service")["spec"]["ports"][0]["targetPort"], ports[0]["name"]);
}

#[test]
fn whoever_stops_it_waits_long_enough_and_whoever_probes_it_is_in_time() {
    let grace = gangway::app::GRACE.as_secs();
    let compose = yaml("docker-compose.yml");
    let patience = compose["services"]["gangway-1"]["stop_grace_period"].as_str().unwrap();
    assert!(patience.trim_end_matches('s').parse::<u64>().unwrap() > grace);
    let unit = read("deploy/systemd/gangway.service");
    let patience = unit.split("TimeoutStopSec=").nth(1).unwrap().lines().next().unwrap();
    assert!(patience.parse::<u64>().unwrap() > grace);
    let pod = &manifest("Deployment")["spec"]["template"]["spec"];
    assert!(pod["terminationGracePeriodSeconds"].as_u64().unwrap() > grace);
    let ready = &container()["readinessProbe"];
    let noticed =
        ready["periodSeconds"].as_u64().unwrap() * ready["failureThreshold"].as_u64().unwrap();
    let drain = texts(&manifest("ConfigMap")["data"])["GANGWAY_DRAIN_SECONDS"].clone();
    assert!(drain.parse::<u64>().unwrap() >= noticed, "requests come until the probe has failed");
    assert!(unit.contains("NoNewPrivileges=yes") && unit.contains("ProtectSystem=strict"));
}

#[test]
fn the_deployment_is_of_two_that_can_do_little() {
    let deployment = manifest("Deployment");
    assert!(deployment["spec"]["replicas"].as_u64().unwrap() >= 2);
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    for container in [&pod["containers"][0], &pod["initContainers"][0]] {
        let context = &container["securityContext"];
        assert_eq!(context["allowPrivilegeEscalation"], false);
        assert_eq!(context["readOnlyRootFilesystem"], true);
        assert_eq!(context["capabilities"]["drop"][0], "ALL");
        assert_eq!(container["image"], pod["containers"][0]["image"]);
    }
    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    let budget = manifest("PodDisruptionBudget");
    for selector in [
        &deployment["spec"]["selector"]["matchLabels"],
        &budget["spec"]["selector"]["matchLabels"],
        &manifest("Service")["spec"]["selector"],
    ] {
        assert_eq!(selector, labels);
    }
    assert_eq!(container()["livenessProbe"]["httpGet"]["path"], "/livez");
    assert_eq!(container()["readinessProbe"]["httpGet"]["path"], "/readyz");
    let user = pod["securityContext"]["runAsUser"].to_string();
    assert!(read("Dockerfile").contains(&format!("USER {user}:{user}\n")));
}
