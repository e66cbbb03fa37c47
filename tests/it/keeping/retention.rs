//! What is known of people ends when the blueprint says so.

use chrono::TimeDelta;
use gangway::onboarding::{Command, Extent, Status, StepKind};
use gangway::store::Role;
use serde_json::json;

use super::restore::take_part;
use super::{CANARY, kinds, start_known, tables_with, with_data};
use crate::console::Desk;
use crate::hosted::Site;
use crate::house::House;

const ALL: [&str; 4] = ["draft", "journal", "onboarding", "webhook_message"];

#[tokio::test]
async fn a_live_one_keeps_what_its_rules_read_and_nothing_else() {
    let mut house = House::open().await;
    let pool = house.pool().await;
    let key = house.publish(with_data(Some(30))).await;
    let id = start_known(&house, "acme", &key).await;
    let live = take_part(&mut house, id).await;
    assert_eq!(live.status, Status::Live);
    assert_eq!(tables_with(&pool, CANARY).await, ALL);

    house.advance(TimeDelta::days(29));
    assert_eq!(house.engine.erase_due().await.unwrap(), 0);
    assert_eq!(house.read(id).await, live, "its time is not over");
    house.advance(TimeDelta::days(1));
    assert_eq!(house.engine.erase_due().await.unwrap(), 1);
    assert_eq!(tables_with(&pool, CANARY).await, [""; 0]);

    let erased = house.read(id).await;
    assert_eq!((&erased.status, erased.since), (&live.status, live.since));
    assert_eq!(erased.profile.name, "Acme and Sons");
    assert_eq!(json!(erased.profile.data), json!({ "company": { "name": "Acme Books" } }));
    assert!(erased.profile.erased.is_some_and(|erased| !erased.everything));
    assert_eq!(erased.facts.account, live.facts.account);
    assert_eq!(erased.facts.slots, live.facts.slots, "what is needed to make nothing twice");
    let kinds = kinds(&house, id).await;
    assert!(kinds.contains(&"noted") && kinds.last() == Some(&"erased"), "{kinds:?}");
    assert_eq!(house.engine.erase_due().await.unwrap(), 0, "once");
}

#[tokio::test]
async fn of_one_that_was_given_up_nothing_is_kept_that_names_anybody() {
    let mut house = House::open().await;
    let pool = house.pool().await;
    let key = house.publish(with_data(Some(30))).await;
    let id = start_known(&house, "acme", &key).await;
    house.settle().await;
    let cancel = Command::Cancel { reason: "canary has left".to_owned() };
    house.engine.order(id, cancel, "key:support").await.unwrap();
    house.advance(TimeDelta::days(31));
    assert_eq!(house.engine.erase_due().await.unwrap(), 1);
    for word in [CANARY, "Acme and Sons", "Acme Books"] {
        assert_eq!(tables_with(&pool, word).await, [""; 0], "{word}");
    }
    let erased = house.read(id).await;
    assert_eq!(erased.status, Status::Cancelled);
    assert!(erased.profile.erased.is_some_and(|erased| erased.everything));
}

#[tokio::test]
async fn who_is_still_on_the_way_and_who_has_no_limit_keeps_everything() {
    let mut house = House::open().await;
    let key = house.publish(with_data(Some(1))).await;
    let open = start_known(&house, "acme", &key).await;
    house.settle().await;
    let mut unlimited = with_data(None);
    unlimited["key"] = "unlimited".into();
    let key = house.publish(unlimited).await;
    let kept = start_known(&house, "bravo", &key).await;
    let kept = take_part(&mut house, kept).await;
    house.advance(TimeDelta::days(4000));
    assert_eq!(house.engine.erase_due().await.unwrap(), 0);
    assert!(house.read(open).await.profile.contact.is_some());
    assert_eq!(house.read(kept.id).await, kept);
    let blueprint = house.store.load_blueprint(&kept.blueprint).await.unwrap();
    let open = house.read(open).await;
    assert!(open.erase(Extent::Everything, &blueprint, house.clock.now()).is_none());
}

/// More than are looked at together, of which those that are due lie behind those that are not.
#[tokio::test]
async fn the_time_counts_from_the_end_and_the_walk_goes_past_who_ended_later() {
    let mut house = House::open().await;
    let key = house.publish(with_data(Some(30))).await;
    let id = start_known(&house, "acme", &key).await;
    house.settle().await;
    let cancel = Command::Cancel { reason: "No.".to_owned() };
    house.engine.order(id, cancel, "key:support").await.unwrap();
    let pool = house.pool().await;
    // 450 that ended today, and 450 that ended long ago, in turn.
    sqlx::query(
        "INSERT INTO onboarding
             (onboarding_id, reference, tenant_id, blueprint_key, blueprint_version, created_at,
              profile, link_generation, link_expires_at, version, status, step, since, tries,
              claims, facts)
         SELECT gen_random_uuid(),
                'GW-' || substr(translate(upper(md5(n::text)), 'IOLU', '2345'), 1, 4) || '-'
                      || substr(translate(upper(md5(n::text)), 'IOLU', '2345'), 5, 4),
                'tenant-' || n, blueprint_key, blueprint_version,
                created_at - make_interval(days => 40) + make_interval(mins => n), profile, 1,
                link_expires_at, version, status, step,
                CASE WHEN n % 2 = 0 THEN since - make_interval(days => 39) ELSE since END,
                0, 0, facts
         FROM onboarding, generate_series(1, 900) n WHERE onboarding_id = $1",
    )
    .bind(id.0)
    .execute(&pool)
    .await
    .unwrap();
    assert_eq!(house.engine.erase_due().await.unwrap(), 450);
    assert_eq!(house.engine.erase_due().await.unwrap(), 0);
    house.advance(TimeDelta::days(30));
    assert_eq!(house.engine.erase_due().await.unwrap(), 451);
}

#[tokio::test]
async fn one_that_cannot_be_read_keeps_nobody_elses_time_from_being_over() {
    let mut house = House::open().await;
    let key = house.publish(with_data(Some(30))).await;
    let mut ids = Vec::new();
    for tenant in ["acme", "beta"] {
        let id = start_known(&house, tenant, &key).await;
        house.settle().await;
        let cancel = Command::Cancel { reason: "No.".to_owned() };
        house.engine.order(id, cancel, "key:support").await.unwrap();
        ids.push(id);
    }
    let damage = "UPDATE onboarding SET facts = '[]' WHERE onboarding_id = $1";
    sqlx::query(damage).bind(ids[0].0).execute(&house.pool().await).await.unwrap();
    house.advance(TimeDelta::days(31));
    assert_eq!(house.engine.erase_due().await.unwrap(), 1);
    assert!(house.read(ids[1]).await.profile.erased.is_some());
}

#[tokio::test]
async fn a_live_one_that_has_to_be_mapped_again_asks_again_and_goes_on() {
    let mut house = House::open().await;
    let key = house.publish(with_data(Some(30))).await;
    let id = start_known(&house, "acme", &key).await;
    take_part(&mut house, id).await;
    house.advance(TimeDelta::days(31));
    assert_eq!(house.engine.erase_due().await.unwrap(), 1);
    // As if Cyclr had said that something is missing.
    let reopen = "UPDATE onboarding SET status = 'running', step = 'map', due_at = $2,
             facts = jsonb_set(facts, '{slots,0,mapped}', '2') WHERE onboarding_id = $1";
    let reopen = sqlx::query(reopen).bind(id.0).bind(house.clock.now());
    reopen.execute(&house.pool().await).await.unwrap();
    let asked = house.settle_in_time(id).await;
    assert_eq!((asked.step(), asked.status.name()), (StepKind::Map, "waiting"));
    assert_eq!(take_part(&mut house, id).await.status, Status::Live, "the rule's data was there");
}

#[tokio::test]
async fn staff_see_that_and_when_it_was_erased() {
    let (mut site, id) = Site::with(with_data(Some(30))).await;
    let cancel = Command::Cancel { reason: "They left.".to_owned() };
    site.house.engine.order(id, cancel, "key:support").await.unwrap();
    let reference = site.house.read(id).await.reference.to_string();
    let path = format!("/console/onboardings/{reference}");
    site.house.advance(TimeDelta::days(31));
    assert_eq!(site.house.engine.erase_due().await.unwrap(), 1);
    site.house.settle().await;
    let desk = Desk::around(site);
    let viewer = desk.staff(Role::Viewer).await;
    let page = desk.get(&path, &viewer.cookie).await.body;
    assert!(page.contains("<dt>Erased</dt><dd>all that was known of people, <time"), "{page}");
    assert!(page.contains("What was known of the tenant&#39;s people was erased."), "{page}");
}
