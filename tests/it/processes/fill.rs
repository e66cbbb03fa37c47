//! What an onboarding leaves in the database, table by table. `GANGWAY_FILL` makes it larger; the figures of
//! `docs/scale.md` are from 2,000.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use sqlx::{AssertSqlSafe, PgPool};

use super::person::Person;
use super::{Company, Process, eventually, id_of};
use crate::webhooks::Receiver;

/// With a person in it.
const ATTENDED: usize = 5;

fn onboardings() -> usize {
    std::env::var("GANGWAY_FILL").map_or(60, |text| text.parse().unwrap())
}

/// Rows, and bytes of table, indexes and what is kept beside.
async fn sizes(pool: &PgPool) -> BTreeMap<String, (i64, i64)> {
    let tables = "SELECT relname::text, pg_total_relation_size(oid) FROM pg_class
                  WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
    let tables: Vec<(String, i64)> = sqlx::query_as(tables).fetch_all(pool).await.unwrap();
    let mut sizes = BTreeMap::new();
    for (table, bytes) in tables {
        let count = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let rows: i64 = sqlx::query_scalar(count).fetch_one(pool).await.unwrap();
        sizes.insert(table, (rows, bytes));
    }
    sizes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_onboarding_leaves_so_many_rows() {
    let company = Company::open().await;
    let receiver = Receiver::open().await;
    let process = Process::start(&company, &[("GANGWAY_LOG", "warn")]).await;
    company.add_endpoint(&process.url, &receiver.url()).await;
    let pool = company.database.as_ref().unwrap().pool_of(1).await;
    let before = sizes(&pool).await;
    let count = onboardings();
    let tenants: Vec<_> = (0..count).map(|number| format!("tenant-{number}")).collect();
    for some in tenants.chunks(16) {
        join_all(some.iter().map(|tenant| company.start(&process.url, tenant, "heartbeat"))).await;
    }
    let quiet = "SELECT (SELECT count(*) FROM onboarding WHERE status = 'live') = $1
                    AND (SELECT count(*) FROM outbox) = 0
                    AND (SELECT count(*) FROM webhook_delivery WHERE state = 'pending') = 0";
    let settled = async |live: usize| {
        eventually("all are live and told", async || {
            let all = i64::try_from(live).unwrap();
            let asked = sqlx::query_scalar(quiet).bind(all).fetch_one(&pool);
            asked.await.unwrap_or(false).then_some(())
        })
        .await;
    };
    settled(count).await;
    let after = sizes(&pool).await;
    for number in 0..ATTENDED {
        let started = company.start(&process.url, &format!("person-{number}"), "newsletter").await;
        assert!(!id_of(&started).is_empty());
        Person::at(&process.url).go_all_the_way(&company, &started, "a key").await;
    }
    settled(count + ATTENDED).await;
    let attended = sizes(&pool).await;
    let (all, few) = (i64::try_from(count).unwrap(), i64::try_from(ATTENDED).unwrap());
    for (table, (rows, bytes)) in &after {
        let (none, empty) = before[table];
        let (rows_attended, _) = attended[table];
        let made = rows - none;
        if made > 0 || rows_attended > *rows {
            // Hundredths: there are no fractions of rows here.
            let (each, one) = (made * 100 / all, (rows_attended - rows) * 100 / few);
            let bytes = (bytes - empty) / all;
            eprintln!("fill: {table}: {each} and {one} rows to a hundred, {bytes} bytes to one");
        }
    }
    // What grows with each onboarding, and nothing else does.
    let grows = |table: &str| after[table].0 - before[table].0;
    assert_eq!((grows("onboarding"), grows("tenant"), grows("stray_call")), (all, all, 0));
    assert!((all..=8 * all).contains(&grows("journal")), "{}", grows("journal"));
    for table in ["outbox", "attempt", "draft", "blueprint", "staff", "audit", "call_log"] {
        assert_eq!(after.get(table).map_or(0, |_| grows(table)), 0, "{table}");
    }
}
