//! Orders that decide for somebody else: which cycle is ours, what a customer would have answered.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::http::StatusCode;
use gangway::engine::Credential;
use gangway::ids::{AccountId, CycleId};
use gangway::onboarding::{Account, Candidate, Command, Gain, Origin, Outcome, QuestionKey};
use gangway::secret::Secret;
use gangway::store::Role;
use uuid::Uuid;

use super::{Desk, form_request};
use crate::hosted::Site;
use crate::house::{attended, unattended};

#[tokio::test]
async fn staff_say_which_of_several_cycles_is_ours() {
    let site = Site::open().await;
    let key = site.house.publish(unattended()).await;
    let id = site.house.start("beta", &key).await;
    let account = Account { id: AccountId::parse("beta").unwrap(), origin: Origin::Made };
    site.apply(id, Outcome::Done(Gain::Account(account))).await;
    let candidate = |n: u128| Candidate {
        cycle: CycleId(Uuid::from_u128(n)),
        name: format!("Contacts {n} <i>"),
        status: "Paused".to_owned(),
        created_at: None,
    };
    let stuck = site.apply(id, Outcome::Ambiguous(vec![candidate(1), candidate(2)])).await;
    let desk = Desk::around(site);
    let operator = desk.staff(Role::Operator).await;
    let reference = stuck.reference.to_string();
    let page = desk.get(&format!("/console/onboardings/{reference}/adopt"), &operator.cookie).await;
    for n in [1, 2] {
        let shown = format!("Contacts {n} &#60;i&#62; (Paused, {})", Uuid::from_u128(n));
        assert!(page.body.contains(&shown), "{}", page.body);
    }
    let adopt = async |n: u128, reason| {
        let cycle = Uuid::from_u128(n).to_string();
        desk.order(&reference, "adopt", &operator, &[("cycle", &cycle), ("reason", reason)]).await
    };
    assert_eq!(adopt(1, " ").await.status, StatusCode::UNPROCESSABLE_ENTITY, "without a reason");
    let foreign = adopt(3, "a guess").await;
    assert!(foreign.status.is_client_error(), "{}: {}", foreign.status, foreign.body);
    assert_eq!(desk.site.house.read(id).await.facts.slots[0].chosen, None);
    assert_eq!(adopt(2, "It has our mark.").await.status, StatusCode::OK);
    let onboarding = desk.site.house.read(id).await;
    assert_eq!(onboarding.facts.slots[0].chosen, Some(CycleId(Uuid::from_u128(2))));
    assert_eq!(onboarding.status.name(), "running");
    let audit = desk.audit().await;
    assert_eq!(audit.last().unwrap()["action"], "adopt");
    assert_eq!(audit.last().unwrap()["reason"], "It has our mark.");
}

#[tokio::test]
async fn staff_answer_what_a_customer_told_them_and_it_is_mapped() {
    let (site, id) = Site::with(attended()).await;
    let reference = site.house.read(id).await.reference.to_string();
    let mut desk = Desk::around(site);
    let house = &mut desk.site.house;
    let crm = house.connector(id, "Harbour CRM").await;
    house.sign_in(id, crm, "allow").await;
    house.engine.order(id, Command::LookNow, "visitor").await.unwrap();
    house.settle().await;
    let mail = house.connector(id, "Parcel Mail").await;
    assert!(house.give_credential(id, mail, Credential::ApiKey(Secret::from("key"))).await);
    house.settle().await;
    let operator = desk.staff(Role::Operator).await;
    let why = ("reason", "they told us by phone");
    let asked = desk.site.house.read(id).await;
    let open: Vec<_> =
        asked.facts.open_questions().map(|question| question.key.0.clone()).collect();
    assert!(!open.is_empty(), "{:?}", asked.status);
    let answer = async |desk: &Desk, values: &[(&str, &str)]| {
        let named: Vec<_> =
            values.iter().map(|(key, value)| (format!("answer-{key}"), *value)).collect();
        let mut form: Vec<_> = named.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        form.push(why);
        desk.order(&reference, "answer", &operator, &form).await
    };
    let wrong: Vec<_> = open.iter().map(|key| (key.as_str(), "{{no}}")).collect();
    let refused = answer(&desk, &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    assert!(desk.site.house.read(id).await.facts.answers.is_empty());
    let right = asked.facts.open_questions().map(|question| {
        let value = question.options.first().map_or("news@acme.example", String::as_str);
        (question.key.0.as_str(), value)
    });
    let right: Vec<_> = right.collect();
    let taken = answer(&desk, &right).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.body);
    let onboarding = desk.site.house.read(id).await;
    for (key, value) in right {
        assert_eq!(onboarding.facts.answers[&QuestionKey(key.to_owned())], value);
    }
    desk.site.house.settle().await;
    assert_eq!(desk.site.house.read(id).await.status.name(), "live");
    assert_eq!(desk.audit().await.last().unwrap()["action"], "answer");
}

#[tokio::test]
async fn whoever_tries_many_addresses_from_one_place_waits_and_keeps_nobody_else_out() {
    let desk = Desk::open().await;
    desk.add("ada@example.com", Role::Viewer).await;
    let known = desk.enter("ada@example.com").await;
    let from = async |place: &str, cookie: &str, email: &str, password: &str| {
        let form = [("email", email), ("password", password), ("next", "")];
        let mut request = form_request("/console/sign-in", cookie, &form, "same-origin");
        let place: SocketAddr = place.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(place));
        desk.send(request).await
    };
    let mut taken = 0;
    let refused = loop {
        let answer = from("192.0.2.7:1", "", &format!("{taken}@example.com"), "guess").await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            break answer;
        }
        taken += 1;
        assert!(taken <= 30, "nobody is ever stopped");
    };
    assert_eq!(taken, 20);
    assert!(refused.body.contains("too many tries from your network"), "{}", refused.body);
    let other = from("198.51.100.4:1", "", "ada@example.com", super::PASSWORD).await;
    assert_eq!(other.status, StatusCode::SEE_OTHER, "from elsewhere");
    let own = from("192.0.2.7:1", &known.cookie, "ada@example.com", super::PASSWORD).await;
    assert_eq!(own.status, StatusCode::SEE_OTHER, "in a browser that is known");
}
