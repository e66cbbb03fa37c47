//! What onboardings depend on, and what the integrator was told of them.

use std::collections::HashMap;
use std::time::Duration;

use axum::http::StatusCode;
use gangway::ids::EndpointId;
use gangway::secret::ExposeSecret as _;
use gangway::store::{EndpointOrder, EndpointText, Role, SealedSecret};
use uuid::Uuid;

use super::{Desk, Staff};
use crate::hosted::Site;
use crate::house::attended;

async fn add_endpoint(desk: &Desk) {
    let text = EndpointText {
        url: "https://shop.example/hooks?<b>".to_owned(),
        description: "the shop".to_owned(),
        events: Vec::new(),
    };
    let secret = SealedSecret { id: Uuid::now_v7(), sealed: vec![1] };
    let order = EndpointOrder::Create { id: EndpointId(Uuid::now_v7()), text, secret };
    let render = |_: &_| (201, String::new(), String::new());
    desk.site.house.store.order_endpoint(&order, None, &render).await.unwrap();
}

#[tokio::test]
async fn a_case_shows_what_was_told_of_it_and_sends_it_again() {
    let desk = Desk::open().await;
    add_endpoint(&desk).await;
    let key = desk.site.house.publish(attended()).await;
    let house = &desk.site.house;
    let (mine, other) = (house.start("acme", &key).await, house.start("beta", &key).await);
    house.store.spread(100, &|told| format!("{{\"kind\":\"{}\"}}", told.kind)).await.unwrap();
    let operator = desk.staff(Role::Operator).await;
    let reference = |onboarding: gangway::onboarding::Onboarding| onboarding.reference.to_string();
    let (mine, other) = (reference(house.read(mine).await), reference(house.read(other).await));
    let page = desk.get(&format!("/console/onboardings/{mine}"), &operator.cookie).await.body;
    for part in
        ["onboarding.started", "0 attempts so far", "https://shop.example/hooks?&#60;b&#62;"]
    {
        assert!(page.contains(part), "{part}\n{page}");
    }
    let (_, rest) = page.split_once("/deliveries/").unwrap();
    let place = rest.split_once('"').unwrap().0;
    // Another onboarding's delivery is not found under this one.
    let foreign = format!("/console/onboardings/{other}/deliveries/{place}");
    assert_eq!(desk.act(&foreign, &operator, &[]).await.status, StatusCode::NOT_FOUND);
    let again = format!("/console/onboardings/{mine}/deliveries/{place}");
    let answer = desk.act(&again, &operator, &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert!(answer.body.contains("It is sent again"));
    let audit = desk.audit().await;
    let line = audit.last().unwrap();
    assert_eq!((&line["action"], &line["object"]), (&"replay".into(), &mine.clone().into()));
    assert_eq!(line["after"]["kind"], "onboarding.started");
    // While it is being sent, that is said, and sending it again has to wait.
    let free = HashMap::new();
    let lease = Duration::from_mins(1);
    assert_eq!(house.store.take_deliveries(9, &free, lease).await.unwrap().len(), 2);
    let under_way = desk.get(&format!("/console/onboardings/{mine}"), &operator.cookie).await.body;
    assert!(under_way.contains("being sent, "), "{under_way}");
    let answer =
        desk.act(&format!("/console/onboardings/{mine}/deliveries/{place}"), &operator, &[]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
}

#[tokio::test]
async fn an_administrator_sees_what_there_is_and_ends_a_key() {
    let (site, _) = Site::with(attended()).await;
    let desk = Desk::around(site);
    add_endpoint(&desk).await;
    let store = &desk.site.house.store;
    let (key, text) = store.create_api_key("the <shop>").await.unwrap();
    let admin = desk.staff(Role::Admin).await;
    let page = desk.get("/console/settings", &admin.cookie).await.body;
    let name = attended()["name"].as_str().unwrap().to_owned();
    for part in
        [&*name, "the &#60;shop&#62;", "https://shop.example/hooks", "takes what is sent", "no end"]
    {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(!page.contains(text.expose_secret()));
    let revoke = format!("/console/settings/keys/{}/revoke", key.id);
    for _ in 0..2 {
        let answer = desk.act(&revoke, &admin, &[]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
    }
    assert!(store.find_api_key(text.expose_secret()).await.unwrap().is_none());
    let page = desk.get("/console/settings", &admin.cookie).await.body;
    assert!(page.contains("revoked 0 s ago"), "{page}");
    let lines = desk.audit().await.into_iter().filter(|line| line["action"] == "revoke_key");
    assert_eq!(lines.count(), 1);
}

#[tokio::test]
async fn a_blueprint_is_looked_at_against_cyclr_and_its_verdict_is_told() {
    let (site, _) = Site::with(attended()).await;
    let desk = Desk::around(site);
    let house = &desk.site.house;
    let mut wrong = attended();
    wrong["key"] = "wrong".into();
    wrong["templates"][0]["template_id"] = "11111111-2222-3333-4444-555555555555".into();
    house.publish(wrong.clone()).await;
    wrong["name"] = "The <second>".into();
    house.publish(wrong).await;
    let admin = desk.staff(Role::Admin).await;
    let key = attended()["key"].as_str().unwrap().to_owned();
    let look = async |key: &str| {
        desk.get(&format!("/console/settings/blueprints/{key}"), &admin.cookie).await
    };
    let before = desk.site.rows().await;
    let good = look(&key).await;
    assert_eq!(good.status, StatusCode::OK, "{}", good.body);
    assert!(!good.body.contains(">failed<"), "{}", good.body);
    for question in ["template", "credentials", "service domain", "Version 1"] {
        assert!(good.body.contains(question), "{question}\n{}", good.body);
    }
    let wrong = look("wrong").await.body;
    for part in ["It cannot work as it is", ">failed<", "The &#60;second&#62;", "Before it: 1 ("] {
        assert!(wrong.contains(part), "{part}\n{wrong}");
    }
    assert_eq!(look("nothing").await.status, StatusCode::NOT_FOUND);
    assert_eq!(desk.site.rows().await, before);
    let calls = house.heard();
    assert!(calls.iter().any(|call| call.contains("templates")), "{calls:?}");
    let settings = desk.get("/console/settings", &admin.cookie).await.body;
    assert!(settings.contains("href=\"/console/settings/blueprints/wrong\""), "{settings}");
}

#[tokio::test]
async fn what_was_sent_to_an_endpoint_is_listed_by_state_and_leads_to_the_cases() {
    let desk = Desk::open().await;
    add_endpoint(&desk).await;
    let key = desk.site.house.publish(attended()).await;
    let house = &desk.site.house;
    for n in 0..60 {
        house.start(&format!("tenant-{n}"), &key).await;
    }
    house.store.spread(100, &|told| format!("{{\"kind\":\"{}\"}}", told.kind)).await.unwrap();
    let admin = desk.staff(Role::Admin).await;
    let settings = desk.get("/console/settings", &admin.cookie).await.body;
    let (_, rest) = settings.split_once("href=\"/console/settings/endpoints/").unwrap();
    let path = format!("/console/settings/endpoints/{}", rest.split_once('"').unwrap().0);
    let first = desk.get(&path, &admin.cookie).await.body;
    let lines = |page: &str| page.matches("<th scope=\"row\">onboarding.started").count();
    assert_eq!(lines(&first), 50, "{first}");
    let (_, rest) = first.split_once("rel=\"next\" href=\"").unwrap();
    let older = rest.split_once('"').unwrap().0.replace("&#38;", "&");
    let second = desk.get(&older, &admin.cookie).await.body;
    assert_eq!(lines(&second), 10, "{second}");
    assert!(!second.contains("rel=\"next\""));
    let (_, rest) = second.split_once("href=\"/console/onboardings?q=").unwrap();
    let case = format!("/console/onboardings?q={}", rest.split_once('"').unwrap().0);
    assert_eq!(desk.get(&case, &admin.cookie).await.status, StatusCode::SEE_OTHER);
    assert_eq!(lines(&desk.get(&format!("{path}?state=pending"), &admin.cookie).await.body), 50);
    for nothing in ["failed", "delivered"] {
        let page = desk.get(&format!("{path}?state={nothing}"), &admin.cookie).await.body;
        assert!(page.contains("Nothing of this kind was sent."), "{page}");
    }
    let unknown = format!("/console/settings/endpoints/{}", Uuid::now_v7());
    assert_eq!(desk.get(&unknown, &admin.cookie).await.status, StatusCode::NOT_FOUND);
}

/// An endpoint that was switched off after days of failures is switched on again by whoever looks after it.
#[tokio::test]
async fn an_endpoint_is_switched_off_and_on_again_by_an_administrator() {
    let desk = Desk::open().await;
    add_endpoint(&desk).await;
    let known = desk.site.house.store.list_endpoints().await.unwrap().remove(0);
    let path = format!("/console/settings/endpoints/{}", known.id.0);
    let (admin, operator) = (desk.staff(Role::Admin).await, desk.staff(Role::Operator).await);
    let switch = async |staff: &Staff, to| {
        desk.act(&format!("{path}/switch"), staff, &[("to", to)]).await.status
    };
    let is_off = async || {
        let known = desk.site.house.store.find_endpoint(known.id).await.unwrap().unwrap();
        known.disabled.is_some()
    };
    assert_eq!(switch(&operator, "off").await, StatusCode::FORBIDDEN);
    assert_eq!(switch(&admin, "elsewhere").await, StatusCode::NOT_FOUND);
    assert!(!is_off().await);
    assert_eq!(switch(&admin, "off").await, StatusCode::SEE_OTHER);
    assert!(is_off().await);
    let page = desk.get(&path, &admin.cookie).await.body;
    assert!(page.contains("somebody ordered it") && page.contains("Send here again"), "{page}");
    assert_eq!(switch(&admin, "on").await, StatusCode::SEE_OTHER);
    assert!(!is_off().await);
    let audit = desk.audit().await;
    let told: Vec<_> = audit.iter().rev().take(2).map(|line| &line["action"]).collect();
    assert_eq!(told, ["enable_endpoint", "disable_endpoint"]);
    assert_eq!(audit.last().unwrap()["object"], known.url);
}
