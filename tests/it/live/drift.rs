//! What somebody changed at Cyclr is shown, is not put right by itself, and is settled by choice.

use gangway::onboarding::{
    Command, DriftChoice, DriftCode, Health, Onboarding, ProblemCode, Status, StepKind,
};
use serde_json::{Value, json};

use super::{cycle_of, problem};
use crate::house::House;

/// What somebody does at Cyclr's console, behind our back.
#[derive(Debug, Clone, Copy)]
enum Meddling {
    StopsTheCycle,
    DeletesTheCycle,
    MapsOtherwise,
    DeletesTheConnector,
    DeletesTheAccount,
}

const ALL: [(Meddling, DriftCode, ProblemCode); 5] = [
    (Meddling::StopsTheCycle, DriftCode::CycleStopped, ProblemCode::CycleStopped),
    (Meddling::DeletesTheCycle, DriftCode::CycleMissing, ProblemCode::CycleMissing),
    (Meddling::MapsOtherwise, DriftCode::MappingChanged, ProblemCode::MappingChanged),
    (Meddling::DeletesTheConnector, DriftCode::ConnectorMissing, ProblemCode::ConnectorMissing),
    (Meddling::DeletesTheAccount, DriftCode::AccountMissing, ProblemCode::AccountMissing),
];

async fn meddle(house: &House, onboarding: &Onboarding, how: Meddling) {
    let cycle = cycle_of(onboarding);
    let connector = onboarding.facts.connections[0].connector;
    let (method, path, body) = match how {
        Meddling::StopsTheCycle => ("PUT", format!("/v1.0/cycles/{cycle}/deactivate"), json!({})),
        Meddling::DeletesTheCycle => ("DELETE", format!("/v1.0/cycles/{cycle}"), json!({})),
        Meddling::DeletesTheConnector => {
            ("DELETE", format!("/v1.0/account/connectors/{connector}"), json!({}))
        }
        Meddling::DeletesTheAccount => ("DELETE", "/v1.0/accounts/acme".to_owned(), json!({})),
        Meddling::MapsOtherwise => return map_otherwise(house, cycle.to_string()).await,
    };
    house.by_hand(method, &path, "acme", &body).await;
}

/// The sandbox refuses that while the cycle runs, as Cyclr does.
async fn map_otherwise(house: &House, cycle: String) {
    let at = format!("/v1.0/cycles/{cycle}");
    house.by_hand("PUT", &format!("{at}/deactivate"), "acme", &json!({})).await;
    let steps = house.by_hand("GET", &format!("{at}/steps"), "acme", &json!({})).await;
    let step = steps[1]["Id"].as_str().unwrap();
    let fields = format!("/v1.0/steps/{step}/fieldmappings");
    let all = house.by_hand("GET", &fields, "acme", &json!({})).await;
    let named = |field: &&Value| field["Field"]["Name"] == "Tag";
    let id = all.as_array().unwrap().iter().find(named).unwrap()["Field"]["Id"].clone();
    let body = json!({ "MappingType": "StaticValue", "Value": "by-hand" });
    house.by_hand("PUT", &format!("{fields}/{id}"), "acme", &body).await;
    let again = json!({ "Interval": 60, "RunOnce": false });
    house.by_hand("PUT", &format!("{at}/activate"), "acme", &again).await;
}

fn settle(onboarding: &Onboarding, code: DriftCode, choice: DriftChoice) -> Command {
    let differences = &onboarding.facts.life.as_ref().unwrap().differences;
    let object = differences.iter().find(|d| d.code == code).unwrap().object.clone();
    Command::SettleDrift { code, object, choice, reason: "We looked.".to_owned() }
}

#[tokio::test]
async fn every_difference_is_shown_and_nothing_is_put_right_by_itself() {
    for (how, code, expected) in ALL {
        let mut house = House::open().await;
        let id = house.live_attended("acme").await;
        let before = house.read(id).await;
        meddle(&house, &before, how).await;
        house.sandbox.forget_calls();
        let seen = house.check(id).await;
        assert_eq!(
            (seen.health(), &seen.status),
            (Some(Health::Unhealthy), &Status::Live),
            "{how:?}"
        );
        assert_eq!(problem(&seen), Some(expected), "{how:?}");
        let differences = &seen.facts.life.as_ref().unwrap().differences;
        assert!(differences.iter().any(|d| d.code == code), "{how:?}: {differences:?}");
        let changing: Vec<_> =
            house.heard().into_iter().filter(|call| !call.starts_with("GET ")).collect();
        assert_eq!(changing, Vec::<String>::new(), "{how:?}: a look changes nothing");

        // It stays like that, and is told once.
        house.look(id).await;
        house.check(id).await;
        let told: i64 =
            sqlx::query_scalar("SELECT count(*) FROM outbox WHERE kind = 'onboarding.unhealthy'")
                .fetch_one(&house.pool().await)
                .await
                .unwrap();
        assert_eq!(told, 1, "{how:?}");
    }
}

#[tokio::test]
async fn every_choice_does_what_it_says_and_leads_to_a_live_onboarding() {
    for (how, code, _) in ALL {
        for choice in DriftChoice::ALL {
            let what = format!("{how:?} {choice:?}");
            let mut house = House::open().await;
            let id = house.live_attended("acme").await;
            meddle(&house, &house.read(id).await, how).await;
            let seen = house.check(id).await;
            let order = settle(&seen, code, choice);
            if !code.choices().contains(&choice) {
                assert!(house.engine.order(id, order, "key:support").await.is_err(), "{what}");
                continue;
            }
            house.engine.order(id, order, "key:support").await.unwrap();
            let after = house.settle_in_time(id).await;
            if (how as usize, choice) == (Meddling::DeletesTheCycle as usize, DriftChoice::Reapply)
            {
                again_from_the_start(&mut house, id, &what).await;
            }
            assert_eq!(house.read(id).await.status, Status::Live, "{what}: {:?}", after.status);
            let after = house.check(id).await;
            let left = &after.facts.life.as_ref().unwrap().differences;
            match choice {
                DriftChoice::Ignore => {
                    assert!(left.iter().all(|d| d.ignored || d.code != code), "{what}: {left:?}");
                }
                DriftChoice::Adopt | DriftChoice::Reapply => {
                    assert!(left.iter().all(|d| d.code != code), "{what}: {left:?}");
                }
            }
            judge(&house, (how, choice), &what);
        }
    }
}

/// Installed anew: what only Cyclr asked for is asked once more.
async fn again_from_the_start(house: &mut House, id: gangway::ids::OnboardingId, what: &str) {
    house.answer_everything(id).await;
    let now = house.settle_in_time(id).await;
    assert_eq!(now.facts.slots[0].disowned.len(), 1, "{what}: the old one is not used any more");
}

fn judge(house: &House, (how, choice): (Meddling, DriftChoice), what: &str) {
    match (how, choice) {
        (Meddling::DeletesTheAccount, _) => assert!(house.accounts().is_empty(), "{what}"),
        (Meddling::StopsTheCycle, DriftChoice::Reapply) => {
            assert_eq!(house.cycles()[0]["Status"], "Active", "{what}");
        }
        (Meddling::StopsTheCycle, DriftChoice::Adopt | DriftChoice::Ignore) => {
            assert_eq!(house.cycles()[0]["Status"], "Paused", "{what}");
        }
        (Meddling::DeletesTheCycle, DriftChoice::Reapply) => {
            assert_eq!(house.cycles().len(), 1, "{what}");
            assert_eq!(house.cycles()[0]["Status"], "Active", "{what}");
        }
        (Meddling::DeletesTheCycle, DriftChoice::Adopt | DriftChoice::Ignore) => {
            assert!(house.cycles().is_empty(), "{what}");
        }
        (Meddling::MapsOtherwise, choice) => {
            let fields = house.cycles()[0]["steps"][1]["fields"].to_string();
            let ours = choice == DriftChoice::Reapply;
            assert_eq!(fields.contains("via-gangway"), ours, "{what}: {fields}");
            assert_eq!(fields.contains("by-hand"), !ours, "{what}: {fields}");
        }
        (Meddling::DeletesTheConnector, _) => {}
    }
}

#[tokio::test]
async fn what_was_ignored_counts_again_when_it_changes() {
    let mut house = House::open().await;
    let id = house.live_attended("acme").await;
    meddle(&house, &house.read(id).await, Meddling::StopsTheCycle).await;
    let seen = house.check(id).await;
    let ignored =
        house.order(id, settle(&seen, DriftCode::CycleStopped, DriftChoice::Ignore)).await;
    assert_eq!(problem(&ignored), None);
    meddle(&house, &house.read(id).await, Meddling::DeletesTheCycle).await;
    assert_eq!(problem(&house.look(id).await), Some(ProblemCode::CycleMissing));
}

#[tokio::test]
async fn what_is_well_is_compared_in_whole_once_a_week() {
    let mut house = House::open().await;
    let id = house.live_attended("acme").await;
    let mut thorough = 0;
    for _ in 0..16 {
        house.sandbox.forget_calls();
        house.look(id).await;
        thorough += usize::from(house.heard().iter().any(|call| call.contains("/accounts/")));
    }
    assert_eq!(thorough, 2, "sixteen days and more");
    assert_eq!(house.read(id).await.step(), StepKind::Live);
    assert_eq!(problem(&house.read(id).await), None);
}
