//! The process dies at every point of every step. The judge is the other side's world.

use chrono::TimeDelta;
use gangway::onboarding::{Status, StepKind};
use gangway::sandbox::{Catalogue, Fault, FaultKind};
use serde_json::{Value, json};

use crate::house::{House, LEASE};

/// Where the process dies.
#[derive(Debug, Clone, Copy)]
enum Point {
    /// The request has left us and Cyclr has not acted on it, and never will.
    BeforeTheCall,
    /// Cyclr has acted; the answer never reaches us.
    AfterTheCall,
    /// The result is kept; the next call has just left us.
    AfterTheCommit,
}

const POINTS: [Point; 3] = [Point::BeforeTheCall, Point::AfterTheCall, Point::AfterTheCommit];

/// The call of a step that changes something at Cyclr; none where there is nothing left to do.
pub(crate) fn act(step: StepKind) -> Option<(&'static str, &'static str)> {
    match step {
        StepKind::CreateAccount => Some(("POST", "/v1.0/accounts")),
        StepKind::Install => Some(("POST", "/v1.0/templates/*/install")),
        StepKind::Connect => Some(("PUT", "/v1.0/account/connectors/*")),
        StepKind::Map => Some(("PUT", "/v1.0/steps/*")),
        StepKind::Activate => Some(("PUT", "/v1.0/cycles/*/activate")),
        StepKind::Live | StepKind::Offboard => None,
    }
}

/// A template whose every step changes something without a person.
pub(crate) fn ledger_world() -> Catalogue {
    let world = json!({
        "connectors": [{
            "id": 1, "name": "Ledger Cloud", "version": "1.0",
            "auth_type": "OAuth2", "oauth2_type": "ClientCredentials"
        }],
        "templates": [{
            "id": TEMPLATE, "name": "Ledger", "steps": [
                { "name": "Post", "connector": 1, "method": { "id": 9, "name": "Post" },
                  "parameters": [{ "id": 1, "name": "Book" }],
                  "fields": [{ "id": 2, "name": "Company" }] },
                { "name": "Tell", "connector": 1, "method": { "id": 10, "name": "Tell" },
                  "fields": [{ "id": 3, "name": "Company" }] }
            ]
        }]
    });
    Catalogue::parse(&world.to_string()).unwrap()
}

pub(crate) const TEMPLATE: &str = "11111111-2222-4333-8444-555555555555";

pub(crate) fn ledger_blueprint() -> Value {
    json!({
        "key": "ledger", "name": "Ledger",
        "templates": [{ "template_id": TEMPLATE, "mapping": [
            { "target": "Book", "value": { "constant": "main" } },
            { "target": "Company", "value": { "from": { "path": "tenant.name" } } }
        ]}]
    })
}

/// Judges the world: one account, one cycle, started once, with the values that were meant.
pub(crate) fn assert_one_of_each(house: &House, what: &str) {
    let cycles = house.cycles();
    assert_eq!(cycles.len(), 1, "{what}: {cycles:#?}");
    let cycle = &cycles[0];
    assert_eq!(cycle["Status"], "Active", "{what}");
    assert_eq!(cycle["activations"], 1, "{what}");
    assert_eq!(cycle["steps"][0]["parameters"][0]["Value"], "main", "{what}");
    assert_eq!(cycle["steps"][0]["fields"][0]["Value"], "acme", "{what}");
    assert_eq!(cycle["steps"][1]["fields"][0]["Value"], "acme", "{what}");
}

#[tokio::test]
async fn the_process_dies_at_every_point_of_every_step() {
    for step in StepKind::ALL {
        let Some((method, path)) = act(step) else { continue };
        for point in POINTS {
            let what = format!("{} {point:?}", step.name());
            Box::pin(die_and_come_back((method, path), point, &what)).await;
        }
    }
}

async fn die_and_come_back((method, path): (&str, &str), point: Point, what: &str) {
    let mut house = House::open_with(ledger_world()).await;
    let key = house.publish(ledger_blueprint()).await;
    let hold = |method: Option<&str>, path: &str, kind| Fault {
        method: method.map(str::to_owned),
        ..Fault::once("GET", path, kind)
    };
    let kind = match point {
        Point::BeforeTheCall => FaultKind::HoldBefore,
        // For the commit, the step is let through later and the call after it is held.
        Point::AfterTheCall | Point::AfterTheCommit => FaultKind::HoldAfter,
    };
    house.sandbox.inject(hold(Some(method), path, kind));
    let id = house.start("acme", &key).await;
    {
        let reached = house.sandbox.wait_until_held();
        let working = house.worker.tick();
        tokio::pin!(working);
        tokio::select! {
            _ = &mut working => panic!("{what}: it went through without being held"),
            () = reached => {}
        }
        if matches!(point, Point::AfterTheCommit) {
            // The answer is let go; whatever call comes next is held, and there the process dies.
            house.sandbox.clear_faults();
            house.sandbox.inject(hold(None, "/v1.0/*", FaultKind::HoldBefore));
            let reached = house.sandbox.wait_until_held();
            tokio::select! {
                // After the last commit there is no next call: it is simply done.
                _ = &mut working => {}
                () = reached => {}
            }
        }
    }
    house.restart();
    house.sandbox.clear_faults();

    house.settle().await;
    let early = house.read(id).await;
    assert!(
        early.status == Status::Running || early.status == Status::Live,
        "{what}: nobody takes it before the lease has ended"
    );
    house.advance(LEASE + TimeDelta::seconds(1));
    let done = house.settle_in_time(id).await;
    assert_eq!(done.status, Status::Live, "{what}");
    assert_one_of_each(&house, what);
}
