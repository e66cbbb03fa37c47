//! What is old goes in small pieces, and nobody who is on the way misses it.

use chrono::TimeDelta;
use gangway::engine::Keep;
use gangway::ids::OnboardingId;
use gangway::onboarding::Status;
use gangway::store::{Filter, ListOrder, Search, Sight};
use sqlx::PgPool;
use uuid::Uuid;

use super::restore::take_part;
use super::{kinds, start_known, with_data};
use crate::house::{House, unattended};

/// The ids of what is made now are of these years, whatever the test's clock says.
const YEARS: TimeDelta = TimeDelta::days(4000);

fn keep(journal: i64, calls: i64) -> Keep {
    let days = |days: i64| (days > 0).then(|| TimeDelta::days(days));
    Keep { journal: days(journal), calls: days(calls), ..Keep::default() }
}

async fn count(pool: &PgPool, sql: &'static str, id: OnboardingId) -> i64 {
    sqlx::query_scalar(sql).bind(id.0).fetch_one(pool).await.unwrap()
}

const WITH_CALLS: &str =
    "SELECT count(*) FROM journal WHERE onboarding_id = $1 AND calls IS NOT NULL";
const STRAYS: &str = "SELECT count(*) FROM stray_call WHERE onboarding_id = $1";
const ATTEMPTS: &str = "SELECT count(*) FROM attempt WHERE onboarding_id = $1";

#[tokio::test]
async fn what_has_ended_is_shortened_and_what_is_open_is_left_whole() {
    let mut house = House::open().await;
    let pool = house.pool().await;
    let key = house.publish(with_data(None)).await;
    let ended = start_known(&house, "acme", &key).await;
    let live = take_part(&mut house, ended).await;
    let open = start_known(&house, "bravo", &key).await;
    house.settle_in_time(open).await;
    let before = (kinds(&house, ended).await, kinds(&house, open).await);
    let (ended_calls, open_calls) =
        (count(&pool, WITH_CALLS, ended).await, count(&pool, WITH_CALLS, open).await);
    assert!(ended_calls > 3 && open_calls > 1 && count(&pool, ATTEMPTS, ended).await == 1);
    let strays = count(&pool, STRAYS, ended).await;
    sqlx::query("INSERT INTO stray_call VALUES ($1, $2, '[]'), ($1, $3, '[]')")
        .bind(ended.0)
        .bind(house.clock.now())
        .bind(house.clock.now() + YEARS)
        .execute(&pool)
        .await
        .unwrap();

    house.advance(YEARS);
    house.engine.forget_aged(keep(0, 0)).await.unwrap();
    assert_eq!(count(&pool, WITH_CALLS, ended).await, ended_calls, "for ever");
    assert_eq!(count(&pool, STRAYS, ended).await, strays + 2);

    house.engine.forget_aged(keep(0, 90)).await.unwrap();
    assert_eq!(count(&pool, WITH_CALLS, ended).await, 0);
    assert_eq!(count(&pool, WITH_CALLS, open).await, open_calls);
    assert_eq!((count(&pool, STRAYS, ended).await, count(&pool, ATTEMPTS, ended).await), (1, 0));
    assert_eq!((kinds(&house, ended).await, kinds(&house, open).await), before);

    house.engine.forget_aged(keep(365, 90)).await.unwrap();
    assert_eq!(kinds(&house, ended).await, ["installed"]);
    assert_eq!(kinds(&house, open).await, before.1);
    let cycle = live.facts.slots[0].cycle.unwrap().to_string();
    let filter = Filter { search: Search::parse(&cycle), ..Filter::default() };
    let found = house.store.list((&filter, &Sight::All), ListOrder::Newest, None, 5).await.unwrap();
    assert_eq!(found.onboardings.len(), 1, "support finds it by its cycle as before");
    assert_eq!(take_part(&mut house, open).await.status, Status::Live, "it misses nothing");
}

#[tokio::test]
async fn a_long_journal_goes_in_pieces_and_new_lines_stay() {
    let mut house = House::open().await;
    let pool = house.pool().await;
    let key = house.publish(unattended()).await;
    let id = house.start("acme", &key).await;
    house.settle().await;
    sqlx::query(
        "INSERT INTO journal (onboarding_id, version, at, actor, kind, status, step, detail)
         SELECT $1, 1000 + n, $2, 'test', 'noted', 'live', 'live', '{\"text\": \"x\"}'
         FROM generate_series(1, 2500) n",
    )
    .bind(id.0)
    .bind(house.clock.now())
    .execute(&pool)
    .await
    .unwrap();
    house.advance(YEARS);
    let late = "INSERT INTO journal VALUES ($1, 9999, $2, 'test', 'noted', 'live', 'live', '{\"text\": \"\"}')";
    sqlx::query(late).bind(id.0).bind(house.clock.now()).execute(&pool).await.unwrap();
    let days = Some(TimeDelta::days(30));
    let (mut after, mut pieces) = ((Uuid::nil(), 0), Vec::new());
    loop {
        let thinned = house.store.thin_journal(after, days, None).await.unwrap();
        pieces.push(thinned.lines);
        let Some(next) = thinned.next else { break };
        after = next;
    }
    assert_eq!(pieces.len(), 3, "{pieces:?}");
    assert!(pieces.iter().all(|lines| *lines <= 1000), "{pieces:?}");
    assert_eq!(kinds(&house, id).await, ["installed", "noted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_go_can_be_put_away_before() {
    let mut house = House::open().await;
    let pool = house.pool().await;
    let key = house.publish(unattended()).await;
    let id = house.start("acme", &key).await;
    house.settle().await;
    sqlx::query(
        "INSERT INTO journal (onboarding_id, version, at, actor, kind, status, step, detail)
         SELECT $1, 1000 + n, $2, 'test', 'noted', 'live', 'live', '{\"text\": \"x\"}'
         FROM generate_series(1, 1500) n",
    )
    .bind(id.0)
    .bind(house.clock.now())
    .execute(&pool)
    .await
    .unwrap();
    let late = "INSERT INTO journal VALUES ($1, 9999, '2098-05-05', 'test', 'noted', 'live', 'live', '{}')";
    sqlx::query(late).bind(id.0).execute(&pool).await.unwrap();
    let archive = |before: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gangway"));
        command.args(["archive", "--before", before]).env("DATABASE_URL", house.database.url());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect::<Vec<serde_json::Value>>()
    };
    let lines = archive("2098-05-05");
    let all: i64 =
        sqlx::query_scalar("SELECT count(*) FROM journal").fetch_one(&pool).await.unwrap();
    assert_eq!(i64::try_from(lines.len()).unwrap(), all - 1, "all but the one that is too young");
    assert!(lines.iter().any(|line| line["kind"] == "installed" && line["calls"].is_array()));
    assert_eq!(archive("2098-05-05T00:00:01Z").len(), lines.len() + 1);
    assert_eq!(archive("2020-01-01").len(), 0);
}

#[tokio::test]
async fn nobody_else_changes_the_journal_and_nobody_at_all_the_audit() {
    let mut house = House::open().await;
    let pool = house.pool().await;
    let key = house.publish(unattended()).await;
    house.start("acme", &key).await;
    house.settle().await;
    let line = "INSERT INTO audit (audit_id, at, actor, action, object)
                VALUES (gen_random_uuid(), now(), 'a', 'b', 'c')";
    sqlx::query(line).execute(&pool).await.unwrap();
    for change in ["DELETE FROM journal", "UPDATE journal SET actor = 'nobody'"] {
        let refused = sqlx::query(change).execute(&pool).await.unwrap_err().to_string();
        assert!(refused.contains("journal is append-only"), "{refused}");
    }
    for change in ["DELETE FROM audit", "UPDATE audit SET actor = 'nobody'"] {
        let mut tx = pool.begin().await.unwrap();
        let keeping = "SELECT set_config('gangway.keeping', 'on', true)";
        sqlx::query(keeping).execute(&mut *tx).await.unwrap();
        let refused = sqlx::query(change).execute(&mut *tx).await.unwrap_err().to_string();
        assert!(refused.contains("audit is append-only"), "{refused}");
    }
}
