//! What becomes of onboardings after they went live, judged by what the other side holds and heard.

mod drift;
mod error_address;
mod health;
mod offboard;
mod reauthorize;
mod upgrade;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chrono::TimeDelta;
use gangway::engine::Credential;
use gangway::ids::{CycleId, OnboardingId};
use gangway::onboarding::{Command, Onboarding, ProblemCode, Question, Status};
use gangway::secret::Secret;
use gangway::web::AppState;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::hosted::link_keys;
use crate::house::{House, attended, unattended};

/// Longer than the time until the next look at something that is well.
const NEXT_LOOK: TimeDelta = TimeDelta::hours(27);

impl House {
    /// Live, without anybody in it.
    pub(crate) async fn live_unattended(&mut self) -> OnboardingId {
        let key = self.publish(unattended()).await;
        let id = self.start("acme", &key).await;
        assert_eq!(self.settle_in_time(id).await.status, Status::Live);
        id
    }

    /// Live, with a person's sign-in, a key and answers.
    pub(crate) async fn live_attended(&mut self, tenant: &str) -> OnboardingId {
        let mut blueprint = attended();
        blueprint["templates"][0]["stop_to_change"] = json!(true);
        let key = self.publish(blueprint).await;
        let id = self.start(tenant, &key).await;
        self.settle().await;
        Box::pin(self.connect_everything(id)).await;
        Box::pin(self.answer_everything(id)).await;
        assert_eq!(self.settle_in_time(id).await.status, Status::Live);
        id
    }

    pub(crate) async fn connect_everything(&mut self, id: OnboardingId) {
        let crm = self.connector(id, "Harbour CRM").await;
        self.sign_in(id, crm, "allow").await;
        self.order(id, Command::LookNow).await;
        let mail = self.connector(id, "Parcel Mail").await;
        let key = Credential::ApiKey(Secret::from("canary-api-key"));
        self.give_credential(id, mail, key).await;
        self.settle_in_time(id).await;
    }

    pub(crate) async fn answer_everything(&mut self, id: OnboardingId) {
        while let Status::Waiting { .. } = self.read(id).await.status {
            let onboarding = self.read(id).await;
            let unnamed =
                |question: &&Question| !["pipeline", "sender"].contains(&&*question.key.0);
            let asked = onboarding.facts.open_questions().find(unnamed);
            let list = asked.map(|question| question.key.0.clone());
            let mut answers = vec![("pipeline", "Partners"), ("sender", "ada@acme.example")];
            answers.extend(list.as_deref().map(|list| (list, "Friends")));
            Box::pin(self.answer(id, &answers)).await;
            Box::pin(self.settle_in_time(id)).await;
        }
    }

    pub(crate) async fn order(&mut self, id: OnboardingId, command: Command) -> Onboarding {
        self.engine.order(id, command, "key:support").await.unwrap();
        self.settle().await;
        self.read(id).await
    }

    /// Lets the time of the next look come.
    pub(crate) async fn look(&mut self, id: OnboardingId) -> Onboarding {
        self.advance(NEXT_LOOK);
        self.settle().await;
        self.read(id).await
    }

    /// Looks at once, and compares everything.
    pub(crate) async fn check(&mut self, id: OnboardingId) -> Onboarding {
        self.order(id, Command::Check { reason: None }).await
    }

    /// The next runs of a cycle end like this, at once.
    pub(crate) async fn let_run(&self, cycle: CycleId, outcomes: &[&str]) {
        let order = json!({
            "account": "acme", "cycle": cycle, "outcomes": outcomes, "at_once": true,
        });
        self.by_hand("POST", "/_sandbox/runs", "acme", &order).await;
    }

    /// What Cyclr would send of a failed run, at the address that its account holds.
    async fn tell_error(&self, cycle: CycleId, transaction: &str) -> StatusCode {
        let account = self.by_hand("GET", "/v1.0/accounts/acme", "acme", &json!({})).await;
        assert_eq!(account["TransactionErrorWebhookEnabled"], true);
        let address = account["TransactionErrorWebhookUrl"].as_str().unwrap();
        let path = address.strip_prefix("https://go.example.com").unwrap();
        self.post_to_hook(path, &told(cycle, transaction)).await
    }

    async fn post_to_hook(&self, path: &str, body: &Value) -> StatusCode {
        let public_url = "https://go.example.com/".parse().unwrap();
        let state =
            AppState::new(self.engine.clone(), link_keys("k"), self.endpoints(), public_url);
        let request = Request::post(path).body(Body::from(body.to_string())).unwrap();
        gangway::hooks::router(state).oneshot(request).await.unwrap().status()
    }
}

/// The documented body.
fn told(cycle: CycleId, transaction: &str) -> Value {
    json!({
        "Timestamp": "2026-03-02T09:00:00.1234567Z", "AccountExternalId": "acme",
        "CycleId": cycle, "StepId": "5e1f0c3a-7b52-4c0e-9a41-0d6c2f8b1a99",
        "TransactionId": transaction, "Message": "Failed to call\r\nthe method",
        "Detail": "canary-of-a-third-party", "IncidentLevel": "Error",
    })
}

pub(crate) fn cycle_of(onboarding: &Onboarding) -> CycleId {
    onboarding.facts.slots[0].cycle.unwrap()
}

fn problem(onboarding: &Onboarding) -> Option<ProblemCode> {
    onboarding.problem().map(|problem| problem.code)
}
