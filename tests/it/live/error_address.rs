//! The address at which an account tells of failed runs: ours, whatever became of our own address, and nobody
//! else's.

use gangway::onboarding::{Origin, Status};
use gangway::sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::house::{House, unattended};

const OURS: &str = "https://go.example.com/hooks/cyclr/acme/";

/// As Cyclr has it: the address, and whether it is used.
async fn told_at(house: &House) -> (String, bool) {
    let account = house.by_hand("GET", "/v1.0/accounts/acme", "acme", &json!({})).await;
    let address = account["TransactionErrorWebhookUrl"].as_str().unwrap_or_default();
    (address.to_owned(), account["TransactionErrorWebhookEnabled"] == true)
}

async fn tell_at(house: &House, address: &Value) {
    let change = json!({
        "TransactionErrorWebhookEnabled": address.is_string(),
        "TransactionErrorWebhookUrl": address,
    });
    house.by_hand("PUT", "/v1.0/accounts/acme", "acme", &change).await;
    house.sandbox.forget_calls();
}

fn changes(house: &House) -> usize {
    house.heard().iter().filter(|call| call.starts_with("PUT /v1.0/accounts/")).count()
}

#[tokio::test]
async fn it_is_set_where_it_is_not_the_present_one_and_nobody_elses_is() {
    let mut house = House::open().await;
    let id = house.live_unattended().await;
    let (ours, _) = told_at(&house).await;
    assert!(ours.starts_with(OURS), "{ours}");
    let tag = ours.strip_prefix(OURS).unwrap();
    let elsewhere = "https://pager.example.com/cyclr";
    for (found, expected, times) in [
        (json!(ours), ours.as_str(), 0),
        (json!(null), &ours, 1),
        // The public address, or the key, was another one.
        (json!(format!("https://old.example.com/hooks/cyclr/acme/{tag}")), &ours, 1),
        (json!(format!("{OURS}AAAAAAAAAAAAAAAAAAAAAA")), &ours, 1),
        (json!(elsewhere), elsewhere, 0),
    ] {
        tell_at(&house, &found).await;
        assert_eq!(house.check(id).await.status, Status::Live);
        assert_eq!(changes(&house), times, "{found}: {:?}", house.heard());
        assert_eq!(told_at(&house).await, (expected.to_owned(), true), "{found}");
    }
    // A usual look neither asks for it nor changes it.
    tell_at(&house, &json!(null)).await;
    house.look(id).await;
    assert!(!house.heard().iter().any(|call| call.contains("accounts")), "{:?}", house.heard());
}

#[tokio::test]
async fn a_failure_to_set_it_spoils_no_look_and_it_is_set_later() {
    let mut house = House::open().await;
    let id = house.live_unattended().await;
    for kind in [
        FaultKind::Refuse { status: 400, message: "no".to_owned(), retry_after: None },
        FaultKind::Refuse { status: 500, message: "no".to_owned(), retry_after: None },
        FaultKind::LoseAnswer,
    ] {
        let what = format!("{kind:?}");
        tell_at(&house, &json!(null)).await;
        house.sandbox.inject(Fault::once("PUT", "/v1.0/accounts/*", kind));
        let compared = house.check(id).await;
        assert_eq!((compared.status.name(), compared.tries), ("live", 0), "{what}");
        assert_eq!(compared.problem(), None, "{what}");
        let life = compared.facts.life.unwrap();
        assert_eq!(life.compared_at, Some(house.clock.now()), "{what}");
        house.check(id).await;
        assert!(told_at(&house).await.0.starts_with(OURS), "{what}");
    }
}

#[tokio::test]
async fn an_account_that_was_found_gets_it_and_one_that_was_named_does_not() {
    let mut house = House::open().await;
    house.sandbox.inject(Fault::once("POST", "/v1.0/accounts", FaultKind::LoseAnswer));
    let id = house.live_unattended().await;
    let account = house.read(id).await.facts.account.unwrap();
    assert_eq!(account.origin, Origin::Adopted);
    tell_at(&house, &json!(null)).await;
    house.look(id).await;
    assert!(told_at(&house).await.0.starts_with(OURS), "with the first look");
    assert_eq!(changes(&house), 1);

    let mut house = House::open().await;
    house.make_account("acme", "Acme").await;
    let key = house.publish(unattended()).await;
    let id = house.start_in("acme", &key, Some("acme")).await;
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    house.check(id).await;
    assert_eq!((told_at(&house).await, changes(&house)), ((String::new(), false), 0));
}
