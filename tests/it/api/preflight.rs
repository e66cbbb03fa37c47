//! A look beforehand, against the sandbox: what it finds, what it leaves open, and that it changes nothing.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use gangway::onboarding::{Problem, ProblemCode, Status, StepKind};
use gangway::sandbox::{Fault, FaultKind};
use gangway::secret::{ExposeSecret as _, MasterKey};
use gangway::web::{AppState, LinkKeys};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::door::all_layers;
use crate::house::{House, attended, unattended};

struct Looker {
    house: House,
    router: Router,
    key: String,
}

impl Looker {
    async fn open() -> Self {
        let house = House::open().await;
        let links = LinkKeys::new(&MasterKey::from_text(&"m".repeat(40)).unwrap());
        let url = "https://onboard.example.com/".parse().unwrap();
        let state = AppState::new(house.engine.clone(), links, house.endpoints(), url);
        let router = all_layers(&state, gangway::api::router(state.clone()));
        let (_, key) = house.store.create_api_key("signup").await.unwrap();
        Self { house, router, key: key.expose_secret().to_owned() }
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let body = to_bytes(answer.into_body(), 1 << 22).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    /// Looks; nothing must have changed at Cyclr.
    async fn look(&self, blueprint: &Value) -> Value {
        let before = self.house.sandbox.world();
        self.house.sandbox.forget_calls();
        let (status, seen) = self.ask("POST", "/v1/preflight", blueprint).await;
        assert_eq!(status, StatusCode::OK, "{seen}");
        assert_eq!(self.house.sandbox.world(), before);
        let heard = self.house.heard();
        assert!(heard.iter().all(|call| call.starts_with("GET ")), "{heard:?}");
        seen
    }
}

/// The status of each check of this name, with its pointer.
fn checks<'a>(seen: &'a Value, name: &str) -> Vec<(&'a str, &'a Value)> {
    let all = seen["checks"].as_array().unwrap().iter();
    all.filter(|check| check["name"] == name)
        .map(|check| (check["status"].as_str().unwrap(), &check["pointer"]))
        .collect()
}

fn labels(questions: &Value) -> Vec<&str> {
    let questions = questions.as_array().unwrap().iter();
    questions.map(|question| question["label"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_is_good_is_said_and_what_is_not_known_is_not_called_good() {
    let looker = Looker::open().await;
    let seen = looker.look(&attended()).await;
    assert_eq!(seen["ok"], true, "{seen:#}");
    for name in ["document", "credentials", "service_domain"] {
        assert_eq!(checks(&seen, name), [("good", &Value::Null)], "{name}: {seen:#}");
    }
    assert_eq!(checks(&seen, "return_urls"), [("warning", &json!("/return_urls"))]);
    assert_eq!(checks(&seen, "template"), [("good", &json!("/templates/0/template_id"))]);
    let connectors = checks(&seen, "connector");
    assert_eq!(connectors, [("good", &Value::Null); 2], "{seen:#}");
    let text = seen.to_string();
    assert!(text.contains("Harbour CRM: people sign in.") && text.contains("people enter a key."));
    assert_eq!(checks(&seen, "mapping"), [("unknown", &json!("/templates/0/mapping"))]);
    assert_eq!(labels(&seen["questions"]), ["Which contacts?", "Which sender?"]);
}

#[tokio::test]
async fn once_somebody_went_through_it_the_page_is_foreseen() {
    let mut looker = Looker::open().await;
    let key = looker.house.publish(attended()).await;
    let id = looker.house.start("acme", &key).await;
    looker.house.settle().await;
    let seen = looker.look(&attended()).await;
    let asked = ["Which contacts?", "List name", "Which sender?"];
    assert_eq!(labels(&seen["questions"]), asked, "{seen:#}");
    assert_eq!(checks(&seen, "mapping"), [("warning", &json!("/templates/0/mapping"))]);

    // What the page really asks.
    let crm = looker.house.connector(id, "Harbour CRM").await;
    looker.house.sign_in(id, crm, "allow").await;
    let look = gangway::onboarding::Command::LookNow;
    looker.house.engine.order(id, look, "visitor").await.unwrap();
    looker.house.settle().await;
    let mail = looker.house.connector(id, "Parcel Mail").await;
    let secret = gangway::secret::Secret::from("canary-api-key");
    let credential = gangway::engine::Credential::ApiKey(secret);
    looker.house.give_credential(id, mail, credential).await;
    let waiting = looker.house.settle_in_time(id).await;
    assert_eq!(waiting.step(), StepKind::Map);
    let shown: Vec<_> = waiting.facts.slots[0].questions.iter().map(|q| q.label.clone()).collect();
    assert_eq!(shown, asked);
    let (status, published) =
        looker.ask("POST", "/v1/blueprints/newsletter/preflight", &json!({})).await;
    assert_eq!((status, labels(&published["questions"])), (StatusCode::OK, asked.to_vec()));

    // Rules that meet nothing.
    let mut wrong = attended();
    wrong["templates"][0]["mapping"][2]["target"] = json!("Sender mail");
    let seen = looker.look(&wrong).await;
    assert_eq!(seen["ok"], false);
    let failed: Vec<_> =
        checks(&seen, "mapping").into_iter().filter(|(status, _)| *status == "failed").collect();
    assert_eq!(failed, [("failed", &json!("/templates/0/mapping/2/target"))], "{seen:#}");
}

#[tokio::test]
async fn what_cannot_work_is_found_and_a_silent_cyclr_is_no_verdict() {
    let looker = Looker::open().await;
    let mut wrong = unattended();
    wrong["templates"][0]["template_id"] = json!("00000000-0000-4000-8000-000000000000");
    let seen = looker.look(&wrong).await;
    assert_eq!(seen["ok"], false);
    assert_eq!(checks(&seen, "template"), [("failed", &json!("/templates/0/template_id"))]);
    assert_eq!(checks(&seen, "credentials"), [("good", &Value::Null)]);

    let mut wrong = unattended();
    wrong["templates"][0]["schedule"] = json!({ "interval_minutes": 7 });
    wrong["name"] = json!("");
    let seen = looker.look(&wrong).await;
    let mut places: Vec<_> =
        checks(&seen, "document").iter().map(|(_, at)| at.to_string()).collect();
    places.sort();
    assert_eq!(places, ["\"/name\"", "\"/templates/0/schedule/interval_minutes\""], "{seen:#}");

    for (status, expected) in [(401, "failed"), (500, "unknown")] {
        let message = "no".to_owned();
        let kind = FaultKind::Refuse { status, message, retry_after: None };
        looker.house.sandbox.clear_faults();
        let fault = Fault { times: 99, ..Fault::once("GET", "/v1.0/templates/*", kind) };
        looker.house.sandbox.inject(fault);
        let seen = looker.look(&unattended()).await;
        assert_eq!(checks(&seen, "credentials"), [(expected, &Value::Null)], "{status}: {seen:#}");
        let place = json!("/templates/0/template_id");
        assert_eq!(checks(&seen, "template"), [("unknown", &place)], "{status}");
    }
    let (status, _) = looker.ask("POST", "/v1/blueprints/nobody/preflight", &json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn no_link_is_handed_out_for_what_cannot_begin() {
    let mut looker = Looker::open().await;
    let mut wrong = unattended();
    wrong["templates"][0]["template_id"] = json!("00000000-0000-4000-8000-000000000000");
    let key = looker.house.publish(wrong).await;
    let id = looker.house.start("acme", &key).await;
    let stuck = looker.house.settle_in_time(id).await;
    assert_eq!(stuck.status.problem().unwrap().code, ProblemCode::TemplateMissing);
    let path = format!("/v1/onboardings/{id}");
    let (_, shown) = looker.ask("GET", &path, &Value::Null).await;
    assert_eq!((&shown["blocker"], &shown["link"]["url"]), (&json!("integrator"), &Value::Null));
    assert!(shown["link"]["expires_at"].is_string());
    let (_, listed) = looker.ask("GET", "/v1/onboardings", &Value::Null).await;
    assert_eq!(listed["data"][0]["link"]["url"], Value::Null);
    // As soon as it goes on there is one again.
    let (status, retried) = looker.ask("POST", &format!("{path}/retry"), &json!({})).await;
    assert_eq!((status, &retried["status"]), (StatusCode::OK, &json!("running")));
    assert!(retried["link"]["url"].is_string(), "{retried}");
}

/// The rule as a table: where the integrator is next before anything can be connected, and nowhere else.
#[tokio::test]
async fn a_link_is_withheld_at_the_first_steps_alone() {
    let looker = Looker::open().await;
    let key = looker.house.publish(unattended()).await;
    let id = looker.house.start("acme", &key).await;
    let mut onboarding = looker.house.read(id).await;
    let now = looker.house.clock.now();
    for code in ProblemCode::all() {
        onboarding.status = Status::Stuck { problem: Problem::new(code) };
        let integrator = onboarding.blocker() == gangway::onboarding::Blocker::Integrator;
        assert_eq!(onboarding.step(), StepKind::CreateAccount);
        assert_eq!(onboarding.offers_link(now), !integrator, "{}", code.name());
    }
    onboarding.status = Status::Running;
    assert!(onboarding.offers_link(now));
    assert!(!onboarding.offers_link(onboarding.link.expires_at), "it is over");
}
