//! What a live onboarding is told over the API, and how it shows how it fares.

use std::time::Duration;

use axum::http::StatusCode;
use chrono::TimeDelta;
use gangway::ids::{AccountId, ConnectorId, CycleId};
use gangway::onboarding::{
    Account, AuthKind, CycleState, Gain, Look, Origin, Outcome, SeenConnector, SeenCycle,
};
use gangway::store::{Change, Kept};
use serde_json::{Value, json};
use uuid::Uuid;

use super::door::{Door, blueprint, signup};
use super::orders::work;

/// Everything that leads to a live onboarding with one sign-in.
pub(super) fn to_live() -> Vec<Outcome> {
    let crm = SeenConnector {
        connector: ConnectorId(7),
        name: "CRM".to_owned(),
        auth: Some(AuthKind::OAuth),
        authenticated: true,
        details: None,
    };
    let account = Account { id: AccountId::parse("acme").unwrap(), origin: Origin::Made };
    let gains = [
        Gain::Account(account),
        Gain::Installed {
            slot: 0,
            cycle: CycleId(Uuid::from_u128(1)),
            origin: Origin::Made,
            connectors: vec![crm],
            seen_paused_at: None,
        },
        Gain::Mapped { slot: 0, retired: Vec::new() },
        Gain::Activated { slot: 0, once: false, retired: Vec::new() },
    ];
    gains.map(Outcome::Done).to_vec()
}

/// The look at it that is due next finds its cycle like this.
pub(super) async fn look(door: &Door, state: CycleState) {
    const LEASE: Duration = Duration::from_mins(1);
    door.clock.advance(TimeDelta::hours(2));
    let leased = door.state.store().claim_looks(1, LEASE).await.unwrap().remove(0);
    let at = door.clock.now();
    let seen = SeenCycle { slot: 0, state, last_success_at: None, errors: 0, incident: None };
    let look = Look {
        account_is_gone: false,
        cycles: vec![seen],
        connectors: Vec::new(),
        missing_connectors: Vec::new(),
        mappings: Some(Vec::new()),
        look_at: at + TimeDelta::hours(1),
    };
    let outcome = Outcome::Done(Gain::Looked(look));
    let transition = leased.onboarding().apply(outcome, &leased.blueprint().limits, at);
    let change = Change::of(leased, transition, Vec::new(), at);
    let kept = door.state.store().commit_all(vec![change], LEASE).await.unwrap().remove(0);
    assert!(matches!(kept, Kept::Rests { .. }));
}

#[tokio::test]
async fn how_a_live_one_fares_is_shown_listed_and_counted_alike() {
    let door = Door::open().await;
    let id = door.start(&signup("acme"), None).await.id();
    let path = format!("/v1/onboardings/{id}");
    assert_eq!(door.get(&path).await.json()["health"], Value::Null);
    work(&door, to_live()).await;
    assert_eq!(door.get(&path).await.json()["health"], "unproven");
    let drift = door.get(&format!("{path}/drift")).await.json();
    assert_eq!((&drift["looked_at"], &drift["differences"]), (&Value::Null, &json!([])));

    look(&door, CycleState::Stopped("Paused".to_owned())).await;
    let shown = door.get(&path).await.json();
    assert_eq!((&shown["status"], &shown["health"]), (&json!("live"), &json!("unhealthy")));
    assert_eq!((&shown["is_stuck"], &shown["stuck_because"]), (&json!(true), &json!("unhealthy")));
    assert_eq!(
        (&shown["blocker"], &shown["problem"]["code"]),
        (&json!("support"), &json!("cycle_stopped"))
    );
    let drift = door.get(&format!("{path}/drift")).await.json();
    let difference = &drift["differences"][0];
    assert_eq!(difference["choices"], json!(["adopt", "reapply", "ignore"]));
    assert_eq!(difference["object"], Uuid::from_u128(1).to_string());

    let found_in = async |query: &str, order: &str| {
        let listed = format!("/v1/onboardings?{query}&order={order}");
        let listed = door.get(&listed).await.json();
        let counted = door.get(&format!("/v1/onboardings/counts?{query}")).await.json();
        let listed = listed["data"].as_array().unwrap().len();
        assert_eq!(counted["total"], listed, "{query}");
        listed
    };
    let found = async |query: &str| found_in(query, "newest").await;
    for order in ["newest", "oldest", "longest_in_step"] {
        assert_eq!(found_in("stuck=true", order).await, 1, "{order}");
        assert_eq!(found_in("stuck=false&status=live", order).await, 0, "{order}");
    }
    for query in ["problem=cycle_stopped", "blocker=support", "status=live"] {
        assert_eq!(found(query).await, 1, "{query}");
    }
    assert_eq!(found("older_than=1h").await, 0, "it has not been like this for an hour");

    let code = json!({
        "code": "cycle_stopped", "object": difference["object"], "choice": "ignore", "reason": "Known.",
    });
    let settled = door.post(&format!("{path}/settle_drift"), &code).await;
    assert_eq!((settled.status, &settled.json()["health"]), (StatusCode::OK, &json!("unproven")));
    assert_eq!(found("stuck=true").await, 0);
    let other = json!({
        "code": "mapping_changed", "object": "x", "choice": "adopt", "reason": "x",
    });
    let again = door.post(&format!("{path}/settle_drift"), &other).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn many_go_on_to_a_newer_version_by_one_order() {
    let door = Door::open().await;
    let id = door.start(&signup("acme"), None).await.id();
    work(&door, to_live()).await;
    let upgrade = |version| {
        json!({
            "filter": { "status": "live" },
            "order": { "upgrade": { "blueprint": "crm", "version": version, "reason": "Newer." } },
        })
    };
    let refused = door.post("/v1/bulk_orders", &upgrade(2)).await;
    assert_eq!(refused.pointers("invalid"), ["/order/upgrade/version"]);
    let mut second = blueprint();
    second["name"] = json!("CRM sync, the second");
    door.post("/v1/blueprints", &second).await;
    let preview = door.post("/v1/bulk_orders", &upgrade(2)).await.json();
    assert_eq!(
        (&preview["order"]["previewed"], &preview["sample"][0]["allowed"]),
        (&json!(1), &json!(true))
    );
    let order = preview["order"]["id"].as_str().unwrap();
    door.post(&format!("/v1/bulk_orders/{order}/start"), &json!({})).await;
    let stop = tokio_util::sync::CancellationToken::new();
    door.state.engine.carry_out_bulk(&stop).await.unwrap();
    let shown = door.get(&format!("/v1/onboardings/{id}")).await.json();
    assert_eq!(shown["blueprint"]["version"], 2);
    assert_eq!((&shown["status"], &shown["step"]), (&json!("running"), &json!("map")));
}
