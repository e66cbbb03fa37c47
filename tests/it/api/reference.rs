//! The reference: what is said of the API is there, is true, and can be read.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use gangway::onboarding::ProblemCode;
use gangway::web::Kind;
use gangway::webhooks::EVENT_KINDS;
use serde_json::{Value, json};

use super::door::{Answer, Door, signup};

const VERSION: &str = "2026-11-24";

impl Door {
    /// Without a key, as anybody would.
    async fn read_page(&self, path: &str) -> String {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = self.fetch(request).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("script-src"),
            "{policy}"
        );
        answer.text
    }

    async fn with_version(&self, method: &str, path: &str, versions: &[&str]) -> Answer {
        let mut request = self.request(method, path);
        for version in versions {
            request = request.header("gangway-version", *version);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

/// The ids in a page, each once.
fn ids(page: &str) -> BTreeSet<&str> {
    let found: Vec<_> =
        page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let distinct: BTreeSet<_> = found.iter().copied().collect();
    assert_eq!(distinct.len(), found.len(), "an id stands twice");
    distinct
}

/// No address of another host, and every place that is pointed at is there.
fn stands_alone(page: &str) {
    let ids = ids(page);
    for address in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        match address.strip_prefix('#') {
            Some(place) => assert!(ids.contains(place), "{address} leads nowhere"),
            None => assert!(address.starts_with('/') || address == "data:,", "{address}"),
        }
    }
    assert!(!page.contains("<script") && !page.contains(" style="));
}

#[tokio::test]
async fn every_code_has_a_place_where_it_is_explained() {
    let door = Door::open().await;
    let page = door.read_page("/docs/problems").await;
    stands_alone(&page);
    let ids = ids(&page);
    for kind in Kind::all() {
        assert!(ids.contains(kind.code()), "{}", kind.code());
        assert!(page.contains(kind.title()));
    }
    for code in ProblemCode::all() {
        assert!(ids.contains(code.name()), "{}", code.name());
    }
    for (kind, _) in EVENT_KINDS {
        assert!(ids.contains(kind), "{kind}");
    }
    // The type of a problem is the address of its line.
    let problem = door.get("/v1/nothing").await.json();
    let (address, place) = problem["type"].as_str().unwrap().split_once('#').unwrap();
    assert_eq!(address, "https://onboard.example.com/docs/problems");
    assert!(ids.contains(place));
}

#[tokio::test]
async fn the_reference_shows_each_operation_and_each_shape() {
    let door = Door::open().await;
    let page = door.read_page("/docs").await;
    stands_alone(&page);
    let ids = ids(&page);
    let document = serde_json::to_value(gangway::api::document()).unwrap();
    let tags: BTreeSet<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].to_string()).collect();
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.contains(id), "{id}");
            assert!(page.contains(&format!("{path}</code>")), "{path}");
            assert!(tags.contains(&operation["tags"][0].to_string()), "{id} has a tag of its own");
        }
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(ids.contains(&*format!("shape-{name}")), "{name}");
    }
    let style = Request::get("/docs/reference.css").body(Body::empty()).unwrap();
    let style = door.fetch(style).await;
    assert_eq!(style.headers["content-type"], "text/css; charset=utf-8");
    assert!(page.contains("href=\"/docs/reference.css\""));
}

#[tokio::test]
async fn every_answer_tells_its_version_and_another_one_is_refused() {
    let door = Door::open().await;
    let document = serde_json::to_value(gangway::api::document()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        let address = path.replace("{id}", "x").replace("{key}", "x").replace("{message}", "x");
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_uppercase();
            for (versions, refused) in [
                (&[][..], false),
                (&[VERSION], false),
                (&["2020-01-01"], true),
                (&[VERSION, VERSION], true),
                (&[""], true),
            ] {
                let answer = door.with_version(&method, &address, versions).await;
                assert_eq!(answer.headers["gangway-version"], VERSION, "{method} {path}");
                let told = answer.status == StatusCode::BAD_REQUEST;
                assert_eq!(told, refused, "{method} {path} {versions:?}: {}", answer.text);
                if refused {
                    assert!(answer.pointers("unsupported_version").is_empty());
                    assert!(answer.text.contains(VERSION), "it names those that are spoken");
                }
            }
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let mut shared = parameters.filter_map(|one| one["$ref"].as_str());
            let described = shared.any(|one| one.ends_with("/Version"));
            assert_eq!(described, path.starts_with("/v1/"), "{method} {path}");
        }
    }
    let lost = door.get("/v1/nothing").await;
    assert_eq!(lost.headers["gangway-version"], VERSION, "refusals too");
}

/// What linters of such documents ask for, and readers too.
#[test]
fn every_operation_is_described_with_what_it_may_answer() {
    let document = serde_json::to_value(gangway::api::document()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let said = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
            assert!(said(&operation["summary"]), "{method} {path}: no summary");
            assert!(said(&operation["description"]), "{method} {path}: no description");
            let answers = operation["responses"].as_object().unwrap();
            for (status, answer) in answers {
                assert!(said(&answer["description"]), "{method} {path} {status}");
            }
            let fails = answers.keys().filter(|status| status.starts_with('4')).count();
            assert!(fails > 0, "{method} {path}: it can always be asked wrongly");
            if operation["security"] != json!([{}]) {
                assert!(["401", "403", "429"].iter().all(|status| answers.contains_key(*status)));
            }
        }
    }
}

/// A validator for a schema of the document, with all others at hand.
fn validator(document: &Value, schema: &Value) -> jsonschema::Validator {
    let mut whole = schema.clone();
    whole["components"] = document["components"].clone();
    jsonschema::draft202012::options().should_validate_formats(true).build(&whole).unwrap()
}

#[tokio::test]
async fn every_body_has_an_example_that_fits_and_is_taken() {
    let door = Door::open().await;
    let document = serde_json::to_value(gangway::api::document()).unwrap();
    let mut shown = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let content = &operation["requestBody"]["content"]["application/json"];
            if content.is_null() {
                continue;
            }
            let example = &content["example"];
            assert!(example.is_object(), "{path}: no example");
            let faults: Vec<_> = validator(&document, &content["schema"])
                .iter_errors(example)
                .map(|fault| fault.to_string())
                .collect();
            assert!(faults.is_empty(), "{path}: {faults:?}");
            // The handler reads it too: what is wrong then is what is not there, never the fields.
            let absent = "01920000-0000-7000-8000-000000000000";
            let address = path.replace("{id}", absent).replace("{message}", absent);
            let request = door.request(&method.to_uppercase(), &address);
            let request = request.header("content-type", "application/json");
            let answer = door.send(request.body(Body::from(example.to_string())).unwrap()).await;
            let is_taken = answer.status.is_success() || answer.status == StatusCode::NOT_FOUND;
            let names_what_is_not_there =
                answer.status == StatusCode::UNPROCESSABLE_ENTITY && path == "/v1/onboardings";
            let name_is_not_known = path.contains("webhook_endpoints");
            assert!(
                is_taken || names_what_is_not_there || name_is_not_known,
                "{method} {path}: {}",
                answer.text
            );
            shown += 1;
        }
    }
    assert!(shown >= 18, "{shown}");
}

#[tokio::test]
async fn the_shapes_fit_what_is_sent() {
    let door = Door::open().await;
    let document = serde_json::to_value(gangway::api::document()).unwrap();
    let shape = |name: &str| {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        validator(&document, &schema)
    };
    let started = door.start(&signup("acme"), None).await.json();
    let problem = door.get("/v1/nothing").await.json();
    for (name, sent) in [("Onboarding", &started), ("Problem", &problem)] {
        let example = &document["components"]["schemas"][name]["examples"][0];
        for value in [sent, example] {
            let faults: Vec<_> =
                shape(name).iter_errors(value).map(|fault| fault.to_string()).collect();
            assert!(faults.is_empty(), "{name}: {faults:?}");
        }
    }
    for (name, path) in [
        ("OnboardingPage", "/v1/onboardings".to_owned()),
        ("Counts", "/v1/onboardings/counts".to_owned()),
        (
            "EventPage",
            format!("/v1/onboardings/{}/events?include=calls", started["id"].as_str().unwrap()),
        ),
        ("BlueprintPage", "/v1/blueprints".to_owned()),
        ("ApiKeyPage", "/v1/api_keys".to_owned()),
        ("WebhookEndpoints", "/v1/webhook_endpoints".to_owned()),
        ("BulkOrderPage", "/v1/bulk_orders".to_owned()),
    ] {
        let sent = door.get(&path).await.json();
        let faults: Vec<_> =
            shape(name).iter_errors(&sent).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{name}: {faults:?}");
    }
}
