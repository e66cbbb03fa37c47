//! From signup to live, judged by what the other side heard and holds.

use chrono::TimeDelta;
use gangway::engine::{Credential, SignInMode};
use gangway::onboarding::{Blocker, Command, Status, StepKind};
use gangway::secret::Secret;
use serde_json::json;

use crate::house::{House, attended, short, unattended};

#[tokio::test]
async fn without_people_it_is_live_at_once_and_no_call_is_wasted() {
    let mut house = House::open().await;
    let key = house.publish(unattended()).await;
    let id = house.start("acme", &key).await;
    house.settle().await;

    assert_eq!(house.read(id).await.status, Status::Live);
    let mut heard = house.heard();
    // These two are asked side by side.
    heard[6..8].sort_by_key(|call| !call.ends_with("/fieldmappings"));
    assert_eq!(
        heard,
        [
            "POST /v1.0/accounts",
            "POST /v1.0/templates/…/install",
            "GET /v1.0/cycles/…/steps",
            "GET /v1.0/steps/…/parameters",
            "GET /v1.0/steps/…/fieldmappings",
            "PUT /v1.0/steps/…/fieldmappings/…",
            "GET /v1.0/steps/…/fieldmappings",
            "GET /v1.0/cycles/…/prerequisites",
            "PUT /v1.0/cycles/…/activate",
            "GET /v1.0/cycles/…",
        ]
    );
    let cycles = house.cycles();
    assert_eq!(cycles.len(), 1);
    assert_eq!(cycles[0]["Status"], "Active");
    assert_eq!(cycles[0]["activations"], 1);
    assert_eq!(cycles[0]["steps"][0]["fields"][0]["Value"], "acme");

    // Support reads the same calls.
    let kept = house.store.list_calls(id).await.unwrap();
    let kept = kept.iter().filter(|call| call.path.starts_with("/v1.0/"));
    let mut kept: Vec<_> =
        kept.map(|call| format!("{} {}", call.method, short(&call.path))).collect();
    kept.sort();
    heard.sort();
    assert_eq!(kept, heard);
}

#[tokio::test]
async fn a_person_signs_in_enters_a_key_answers_and_sees_it_live() {
    let mut house = House::open().await;
    let key = house.publish(attended()).await;
    let id = house.start("acme", &key).await;
    house.settle().await;

    let waiting = house.read(id).await;
    assert_eq!((waiting.step(), waiting.blocker()), (StepKind::Connect, Blocker::EndUser));
    let wanted: Vec<_> = waiting.requirements().into_iter().map(|r| r.for_customer).collect();
    assert_eq!(wanted, ["Connect your Harbour CRM account.", "Connect your Parcel Mail account."]);

    let crm = house.connector(id, "Harbour CRM").await;
    let back = house.sign_in(id, crm, "allow").await;
    assert!(back.starts_with("https://go.example.com/return/"), "{back}");
    house.engine.order(id, Command::LookNow, "visitor").await.unwrap();
    house.settle().await;
    assert!(!house.read(id).await.facts.connection(crm).unwrap().is_open());

    let mail = house.connector(id, "Parcel Mail").await;
    let key = Credential::ApiKey(Secret::from("canary-api-key"));
    assert!(house.give_credential(id, mail, key).await);
    house.settle().await;

    let asked = house.read(id).await;
    assert_eq!(asked.step(), StepKind::Map);
    let wanted: Vec<_> = asked.requirements().into_iter().map(|r| r.for_customer).collect();
    // Two by the blueprint, and one that Cyclr requires and no rule covers.
    assert_eq!(wanted, ["Answer: Which contacts?", "Answer: List name", "Answer: Which sender?"]);
    let list = asked.requirements()[1].object.clone();
    house
        .answer(id, &[("pipeline", "Partners"), ("sender", "ada@acme.example"), (&list, "Friends")])
        .await;
    house.settle().await;

    assert_eq!(house.read(id).await.status, Status::Live);
    let cycles = house.cycles();
    assert_eq!((cycles.len(), &cycles[0]["Status"]), (1, &json!("Active")));
    let values = |step: usize, part: &str| -> Vec<_> {
        let inputs = cycles[0]["steps"][step][part].as_array().unwrap().iter();
        inputs.map(|input| input["Value"].clone()).collect()
    };
    assert_eq!(values(0, "parameters"), [json!("Partners"), json!(null)]);
    assert_eq!(values(1, "parameters"), [json!("Friends")]);
    assert_eq!(
        values(1, "fields"),
        [json!("acme"), json!("ada@acme.example"), json!("via-gangway")]
    );

    let told: Vec<_> = house.store.list_journal(id).await.unwrap();
    let kinds: Vec<_> = told.iter().map(|line| line.event.kind()).collect();
    assert_eq!(
        kinds,
        [
            "started",
            "account_ready",
            "installed",
            "attempt_opened",
            "look_ordered",
            "connections_seen",
            "credential_given",
            "questions_asked",
            "answered",
            "mapped",
            "activated",
        ]
    );
}

#[tokio::test]
async fn a_person_who_never_returns_is_seen_all_the_same() {
    let mut house = House::open().await;
    let key = house.publish(attended()).await;
    let id = house.start("acme", &key).await;
    house.settle().await;
    let crm = house.connector(id, "Harbour CRM").await;
    house.sign_in(id, crm, "allow").await;
    house.settle().await;
    assert!(house.read(id).await.facts.connection(crm).unwrap().is_open(), "not looked at yet");

    house.advance(TimeDelta::seconds(3));
    house.settle().await;
    assert!(!house.read(id).await.facts.connection(crm).unwrap().is_open());
}

#[tokio::test]
async fn looks_after_an_open_attempt_widen_and_end() {
    let mut house = House::open().await;
    let key = house.publish(attended()).await;
    let id = house.start("acme", &key).await;
    house.settle().await;
    let crm = house.connector(id, "Harbour CRM").await;
    house.engine.open_attempt(id, crm, "browser", SignInMode::Redirect).await.unwrap();
    house.sandbox.forget_calls();
    // Forty minutes, of which the attempt is open for thirty.
    for _ in 0..(40 * 60) {
        house.advance(TimeDelta::seconds(1));
        house.settle().await;
    }
    let looks = house.heard().len();
    assert!((35..60).contains(&looks), "{looks} looks");
    house.advance(TimeDelta::days(3));
    house.sandbox.forget_calls();
    house.settle().await;
    assert_eq!(house.heard(), [""; 0], "nobody is signing in any more");
    assert!(matches!(house.read(id).await.status, Status::Waiting { look_at: None, .. }));
}

#[tokio::test]
async fn denied_consent_leaves_everything_as_it_was() {
    let mut house = House::open().await;
    let key = house.publish(attended()).await;
    let id = house.start("acme", &key).await;
    house.settle().await;
    let crm = house.connector(id, "Harbour CRM").await;
    assert_eq!(house.sign_in(id, crm, "deny").await, "", "Cyclr keeps the browser");
    house.advance(TimeDelta::seconds(5));
    house.settle().await;
    assert!(house.read(id).await.facts.connection(crm).unwrap().is_open());
    // And another try works.
    house.sign_in(id, crm, "allow").await;
    house.advance(TimeDelta::seconds(5));
    house.settle().await;
    assert!(!house.read(id).await.facts.connection(crm).unwrap().is_open());
}

#[tokio::test]
async fn two_blueprints_of_a_tenant_share_its_account_and_are_driven_one_at_a_time() {
    let mut house = House::open().await;
    let first = house.publish(unattended()).await;
    let mut second = unattended();
    second["key"] = json!("second");
    let second = house.publish(second).await;
    let (a, b) = (house.start("acme", &first).await, house.start("acme", &second).await);
    house.settle().await;
    assert_eq!(house.read(a).await.status, Status::Live);
    assert_eq!(house.read(b).await.status, Status::Live);
    assert_eq!(house.cycles().len(), 2, "one account, a cycle each");
    // One at a time: no call of the second stands between two calls of the first.
    let heard = house.heard();
    let first_ends = heard.iter().position(|call| call.ends_with("/activate")).unwrap();
    let second_begins = heard.iter().rposition(|call| call == "POST /v1.0/accounts").unwrap();
    assert!(second_begins > first_ends, "{heard:#?}");
}

#[tokio::test]
async fn a_tenants_named_account_serves_its_later_onboardings_too() {
    let mut house = House::open().await;
    house.make_account("theirs-1", "Made long ago").await;
    let first = house.publish(unattended()).await;
    let mut second = unattended();
    second["key"] = json!("second");
    let second = house.publish(second).await;
    let a = house.start_in("acme", &first, Some("theirs-1")).await;
    house.settle().await;
    let b = house.start("acme", &second).await;
    house.settle().await;
    for id in [a, b] {
        let onboarding = house.read(id).await;
        assert_eq!(onboarding.status, Status::Live);
        assert_eq!(onboarding.facts.account.unwrap().id.as_str(), "theirs-1");
    }
    assert!(!house.heard().contains(&"POST /v1.0/accounts".to_owned()), "named ones are read only");
    assert_eq!(house.cycles().len(), 2);
}

#[tokio::test]
async fn what_one_onboarding_of_a_tenant_connects_the_other_need_not() {
    let mut house = House::open().await;
    let first = house.publish(attended()).await;
    let mut second = attended();
    second["key"] = json!("second");
    let second = house.publish(second).await;
    let (a, b) = (house.start("acme", &first).await, house.start("acme", &second).await);
    house.settle().await;
    let (crm, mail) =
        (house.connector(a, "Harbour CRM").await, house.connector(a, "Parcel Mail").await);
    let key = Credential::ApiKey(Secret::from("canary-api-key"));
    house.give_credential(a, mail, key).await;
    house.settle().await;
    assert!(!house.read(b).await.facts.connection(mail).unwrap().is_open());
    house.sign_in(a, crm, "allow").await;
    // The engine sees the last connection and goes straight on to the questions.
    house.engine.order(a, Command::LookNow, "visitor").await.unwrap();
    house.settle().await;
    for id in [a, b] {
        let onboarding = house.read(id).await;
        assert_eq!(onboarding.step(), StepKind::Map, "{:?}", onboarding.facts.connections);
    }
}
