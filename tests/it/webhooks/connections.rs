//! What is told when a connection is made, is not made, or is lost.

use gangway::engine::Credential;
use gangway::onboarding::Command;
use gangway::sandbox::{Fault, FaultKind};
use gangway::secret::Secret;

use super::{Bell, Receiver};
use crate::house::attended;

const CONNECTIONS: [&str; 2] = ["connection.succeeded", "connection.failed"];

#[tokio::test]
async fn each_result_of_a_connection_is_told_before_the_status() {
    let mut bell = Bell::open().await;
    let receiver = Receiver::open().await;
    bell.endpoint(&receiver).await;
    let only = Receiver::open().await;
    bell.endpoint_for(&only, &CONNECTIONS).await;
    let key = bell.house.publish(attended()).await;
    let id = bell.house.start("acme", &key).await;
    bell.house.settle().await;
    // Signing in at the provider.
    let crm = bell.house.connector(id, "Harbour CRM").await;
    bell.house.sign_in(id, crm, "allow").await;
    bell.house.engine.order(id, Command::LookNow, "visitor").await.unwrap();
    bell.house.settle().await;
    // A key that Cyclr takes and does not find good, then one that is.
    let mail = bell.house.connector(id, "Parcel Mail").await;
    for given in ["", "canary-api-key"] {
        let credential = Credential::ApiKey(Secret::from(given));
        bell.house.give_credential(id, mail, credential).await;
        bell.house.settle().await;
    }
    bell.ring().await;
    let told = only.heard();
    let kinds: Vec<_> = told.iter().map(super::Heard::kind).collect();
    assert_eq!(kinds, ["connection.succeeded", "connection.failed", "connection.succeeded"]);
    let connected = |place: usize, connection: usize| {
        told[place].json()["data"]["connections"][connection]["connected"].as_bool().unwrap()
    };
    assert!(connected(2, 0) && connected(2, 1), "with the whole onboarding");
    let all = receiver.kinds();
    let last = all.iter().rposition(|kind| kind == "connection.succeeded").unwrap();
    assert_eq!(all[last + 1], "onboarding.running", "{all:?}");
    let sequence = |place: usize| receiver.heard()[place].json()["sequence"].as_i64();
    assert_eq!(sequence(last), sequence(last + 1), "of the same change");
    assert_ne!(receiver.heard()[last].id(), receiver.heard()[last + 1].id());
}

#[tokio::test]
async fn a_connection_that_is_lost_before_it_goes_live_is_told() {
    let mut bell = Bell::open().await;
    let only = Receiver::open().await;
    bell.endpoint_for(&only, &CONNECTIONS).await;
    let key = bell.house.publish(attended()).await;
    let id = bell.house.start("acme", &key).await;
    bell.house.settle().await;
    let crm = bell.house.connector(id, "Harbour CRM").await;
    bell.house.sign_in(id, crm, "allow").await;
    bell.house.engine.order(id, Command::LookNow, "visitor").await.unwrap();
    bell.house.settle().await;
    let mail = bell.house.connector(id, "Parcel Mail").await;
    let credential = Credential::ApiKey(Secret::from("canary-api-key"));
    bell.house.give_credential(id, mail, credential).await;
    let asked = bell.house.settle_in_time(id).await;
    // Revoked at the provider while people think about the questions; found when it is activated.
    let account = asked.facts.account.as_ref().unwrap().id.to_string();
    let path = format!("/v1.0/account/connectors/{crm}/deauthenticate");
    bell.house.by_hand("PUT", &path, &account, &serde_json::json!({})).await;
    let list = asked.requirements()[1].object.clone();
    bell.house
        .answer(id, &[("pipeline", "Partners"), ("sender", "a@b.co"), (&list, "Friends")])
        .await;
    let refuse = FaultKind::Refuse { status: 400, message: "no".to_owned(), retry_after: None };
    bell.house.sandbox.inject(Fault::once("PUT", "/v1.0/cycles/*/activate", refuse));
    bell.house.settle_in_time(id).await;
    bell.ring().await;
    let kinds: Vec<_> = only.heard().iter().map(super::Heard::kind).collect();
    assert_eq!(kinds.last().map(String::as_str), Some("connection.failed"), "{kinds:?}");
}
