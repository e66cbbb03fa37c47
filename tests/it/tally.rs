//! The tally is what a count would say, at every moment, whatever is written and added up meanwhile.

use gangway::clock::Clock;
use gangway::store::Store;
use sqlx::{AssertSqlSafe, PgPool};
use tokio::task::JoinSet;

use crate::database::TestDb;

const MANY: i64 = 500;
const ROUNDS: u32 = 60;

/// What tally and table say differently, in one statement and so of one moment.
const DIFFERENCES: &str = "
    SELECT count(*) FROM (
        SELECT blueprint_key, blueprint_version, status, step, problem_code, sum(n)::bigint AS n
        FROM (
            SELECT blueprint_key, blueprint_version, status, step, problem_code, count AS n
            FROM tally
            UNION ALL
            SELECT blueprint_key, blueprint_version, status, step, problem_code, by_how_many
            FROM tally_change
        ) t
        GROUP BY 1, 2, 3, 4, 5 HAVING sum(n) <> 0
    ) kept
    FULL JOIN (
        SELECT blueprint_key, blueprint_version, status, step,
               coalesce(problem_code, '') AS problem_code, count(*) AS n
        FROM onboarding WHERE status <> 'running' GROUP BY 1, 2, 3, 4, 5
    ) counted USING (blueprint_key, blueprint_version, status, step, problem_code)
    WHERE kept.n IS DISTINCT FROM counted.n";

async fn differences(pool: &PgPool) -> i64 {
    sqlx::query_scalar(DIFFERENCES).fetch_one(pool).await.unwrap()
}

/// Moves some onboardings about, and takes every third of its changes back.
async fn move_about(pool: PgPool, seed: u32) {
    for round in 0..ROUNDS {
        let digit = (seed * 7 + round * 3) % 10;
        let (status, step, problem) = match (seed + round) % 5 {
            0 => ("running", "install", "NULL"),
            1 => ("stuck", "install", "'template_missing'"),
            2 => ("waiting", "connect", "NULL"),
            3 => ("retrying", "map", "'cyclr_unreachable'"),
            _ => ("live", "live", "NULL"),
        };
        // Several at once wait for each other's rows in the order of ids, so that none is ended.
        let change = format!(
            "UPDATE onboarding o
             SET status = '{status}', step = '{step}', problem_code = {problem}
             FROM (SELECT onboarding_id FROM onboarding
                   WHERE status <> 'cancelled' AND reference LIKE '%{digit}'
                   ORDER BY onboarding_id LIMIT 40 FOR UPDATE) moved
             WHERE o.onboarding_id = moved.onboarding_id"
        );
        let mut tx = pool.begin().await.unwrap();
        sqlx::query(AssertSqlSafe(change)).execute(&mut *tx).await.unwrap();
        if round % 3 == 2 {
            tx.rollback().await.unwrap();
        } else {
            tx.commit().await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_tally_is_right_at_every_moment() {
    let database = TestDb::fresh().await;
    let pool = database.pool().await;
    let fill = include_str!("../../benches/onboarding/fill.sql");
    sqlx::query(fill).bind(MANY).execute(&pool).await.unwrap();
    assert_eq!(differences(&pool).await, 0, "what was put in at once");
    let store = Store::new(pool.clone(), Clock::system());
    let mut movers = JoinSet::new();
    for seed in 0..4 {
        movers.spawn(move_about(pool.clone(), seed));
    }
    let mut adders = JoinSet::new();
    for _ in 0..2 {
        let store = store.clone();
        adders.spawn(async move {
            loop {
                store.add_up_tally().await.unwrap();
                tokio::task::yield_now().await;
            }
        });
    }
    let mut looks = 0;
    while !movers.is_empty() {
        while let Some(moved) = movers.try_join_next() {
            moved.unwrap();
        }
        assert_eq!(differences(&pool).await, 0, "after {looks} looks");
        looks += 1;
    }
    assert!(looks > 10, "only {looks} looks");
    adders.shutdown().await;
    store.add_up_tally().await.unwrap();
    assert_eq!(differences(&pool).await, 0);
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM tally_change").fetch_one(&pool).await.unwrap();
    assert_eq!(left, 0, "all was added up");
    sqlx::query("DELETE FROM onboarding").execute(&pool).await.unwrap();
    assert_eq!(differences(&pool).await, 0, "and nothing is left");
}
