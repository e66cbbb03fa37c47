//! Every statement reaches its rows by key, however many rows there are. The plans are the ones that
//! our sessions really use: each statement is asked about in the session that has prepared it.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use gangway::clock::Clock;
use gangway::ids::{BlueprintKey, BulkOrderId, OnboardingId, TenantId};
use gangway::onboarding::{
    Blocker, BulkCommand, Extent, Outcome, Problem, ProblemCode, Status, StepKind,
};
use gangway::store::{
    BulkDeed, BulkRender, Change, Filter, ItemResult, ListOrder, NewBulkOrder, Search, Sight,
    Store, TenantExport, TenantPart,
};
use serde_json::Value;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use crate::database::TestDb;
use crate::house::attended;

/// Enough for a plan that looks through everything to cost more than one that does not.
const MANY: i64 = 5000;
/// Tables that grow. A blueprint's does not.
const BIG: [&str; 7] =
    ["onboarding", "tenant", "journal", "stray_call", "idempotency", "attempt", "bulk_item"];
/// An index that holds nothing but what is wanted of it, and is emptied.
const QUEUE: &str = "onboarding_never_looked_at";
const LEASE: Duration = Duration::from_mins(1);

/// A full database, with one session that forgets nothing: whatever was prepared can be asked about.
async fn filled() -> (TestDb, Store, PgPool) {
    let database = TestDb::fresh().await;
    let options = gangway::app::session(database.options()).statement_cache_capacity(1000);
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let store = Store::new(pool.clone(), Clock::system());
    fill(&store, &pool).await;
    (database, store, pool)
}

#[tokio::test]
async fn no_statement_looks_through_a_table() {
    let (_database, store, pool) = filled().await;
    sqlx::query("ANALYZE").execute(&pool).await.unwrap();
    use_everything(&store).await;
    let (mut asked, mut used) = (0, BTreeSet::new());
    for (name, statement, parameters) in prepared(&pool).await {
        let values = vec!["NULL"; parameters].join(", ");
        let values = if parameters == 0 { values } else { format!("({values})") };
        let explain = format!("EXPLAIN (FORMAT JSON) EXECUTE \"{name}\" {values}");
        let plan: Value =
            sqlx::query_scalar(AssertSqlSafe(explain)).fetch_one(&pool).await.unwrap();
        if let Some(fault) = fault(&plan[0]["Plan"]) {
            panic!("{fault}\n{statement}\n{plan:#}");
        }
        indexes(&plan[0]["Plan"], &mut used);
        asked += 1;
    }
    assert!(asked >= 10, "only {asked} statements were seen");
    for index in ["onboarding_to_erase", "stray_call_by_time", "attempt_by_time", "journal_pkey"] {
        assert!(used.contains(index), "what is old is not found by {index}: {used:?}");
    }
}

/// What the overview shows side by side is of one moment, and the tally is added up once for all of it.
#[tokio::test]
async fn the_overview_adds_up_the_tally_once() {
    let (_database, store, pool) = filled().await;
    store.add_up_tally().await.unwrap();
    let times = "SELECT statement, (generic_plans + custom_plans)::bigint
                 FROM pg_prepared_statements WHERE statement LIKE '%FROM tally%'";
    let told = async || -> Vec<(String, i64)> {
        sqlx::query_as(times).persistent(false).fetch_all(&pool).await.unwrap()
    };
    let before: i64 = told().await.iter().map(|(_, times)| times).sum();
    let overview = store.overview().await.unwrap();
    assert!(overview.counts.total > 0 && !overview.funnel.is_empty());
    let after = told().await;
    let sum: i64 = after.iter().map(|(_, times)| times).sum();
    assert_eq!(sum - before, 1, "{after:#?}");
}

/// What a signup and a worker do, as a session plans it while the tables are empty: it goes on with that
/// until they are looked at again, and by then there may be many rows of one blueprint, or many due.
#[tokio::test]
async fn an_empty_database_misleads_nobody() {
    let database = TestDb::fresh().await;
    let options = gangway::app::session(database.options());
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    sqlx::query("VACUUM ANALYZE").execute(&pool).await.unwrap();
    // With this few rows they would all be held in memory; which index is preferred could not be seen.
    sqlx::query("SET enable_material = off").execute(&pool).await.unwrap();
    let hot = [
        ("start_many", include_str!("../../src/store/start_many.sql"), ["blueprint_key", "due_at"]),
        (
            "keep_changes",
            include_str!("../../src/store/keep_changes.sql"),
            ["blueprint_key", "due_at"],
        ),
        ("claim", include_str!("../../src/store/claim.sql"), ["blueprint_key", "status"]),
    ];
    for (name, statement, unfit) in hot {
        sqlx::raw_sql(AssertSqlSafe(format!("PREPARE {name} AS {statement}")))
            .execute(&pool)
            .await
            .unwrap();
        let parameters: i32 = sqlx::query_scalar(
            "SELECT array_length(parameter_types, 1) FROM pg_prepared_statements WHERE name = $1",
        )
        .bind(name)
        .fetch_one(&pool)
        .await
        .unwrap();
        let values = vec!["NULL"; parameters.try_into().unwrap()].join(", ");
        let explain = format!("EXPLAIN (FORMAT JSON) EXECUTE {name} ({values})");
        let plan: Value =
            sqlx::query_scalar(AssertSqlSafe(explain)).fetch_one(&pool).await.unwrap();
        let conditions = conditions_on_onboarding(&plan[0]["Plan"]);
        assert!(!conditions.is_empty(), "{name}");
        for condition in &conditions {
            let wide = unfit.iter().any(|column| condition.contains(column));
            assert!(!wide, "{name}: {condition}");
        }
    }
}

/// What each scan of the table is narrowed to.
fn conditions_on_onboarding(plan: &Value) -> Vec<String> {
    let scans = plan["Node Type"].as_str().unwrap().contains("Scan");
    let condition = plan["Index Cond"].as_str().or(plan["Recheck Cond"].as_str());
    let mine = (scans && plan["Relation Name"] == "onboarding")
        .then(|| condition.unwrap_or("nothing").to_owned());
    let below = plan["Plans"].as_array().into_iter().flatten().flat_map(conditions_on_onboarding);
    mine.into_iter().chain(below).collect()
}

async fn fill(store: &Store, pool: &PgPool) {
    for key in ["bench", "rare"] {
        let mut blueprint = attended();
        blueprint["key"] = key.into();
        store.publish(serde_json::from_value(blueprint).unwrap()).await.unwrap();
    }
    let fill = include_str!("../../benches/onboarding/fill.sql");
    sqlx::query(fill).bind(MANY).execute(pool).await.unwrap();
    sqlx::raw_sql(
        "INSERT INTO journal (onboarding_id, version, at, actor, kind, status, step, detail)
         SELECT onboarding_id, 2, since, 'engine', 'installed', 'running', 'connect',
                jsonb_build_object('template', 0, 'cycle', gen_random_uuid(), 'origin', 'made',
                                   'connectors', jsonb_build_array(facts #> '{connections,0,connector}'))
         FROM onboarding",
    )
    .execute(pool)
    .await
    .unwrap();
}

/// The lists with all that they can be narrowed to, and what a worker does.
async fn use_everything(store: &Store) {
    let tenant = TenantId::parse("tenant-500".to_owned()).unwrap();
    let all = Filter::default();
    let newest = ListOrder::Newest;
    let page = store.list((&all, &Sight::All), newest, None, 25).await.unwrap();
    assert_eq!(page.onboardings.len(), 25);
    let deep = store.list((&all, &Sight::All), newest, page.next, 100).await.unwrap();
    assert_eq!(deep.onboardings.len(), 100);
    for (filter, expected) in narrowed(&tenant) {
        for order in [ListOrder::Newest, ListOrder::Oldest, ListOrder::LongestInStep] {
            let found = store.list((&filter, &Sight::All), order, None, 25).await.unwrap();
            assert_eq!(found.onboardings.len(), expected, "{order:?} {filter:?}");
        }
        store.list((&filter, &Sight::All), ListOrder::Deadline, None, 25).await.unwrap();
        store.count(&filter, &Sight::All).await.unwrap();
    }
    store.add_up_tally().await.unwrap();
    let overview = store.overview().await.unwrap();
    assert!(!overview.cohorts.cohorts.is_empty());
    assert_eq!(overview.funnel.len(), 6);
    assert!(!store.happened_since(DateTime::UNIX_EPOCH).await.unwrap().happened.is_empty());
    order_many(store).await;
    let id = page.onboardings[0].id;
    let found = store.find(id).await.unwrap().unwrap();
    store.find_by_reference(&found.reference).await.unwrap().unwrap();
    store.list_journal(id).await.unwrap();
    store.list_calls(id).await.unwrap();
    store.list_cycles_of_siblings(&tenant, OnboardingId(Uuid::nil())).await.unwrap();
    assert_eq!(store.wake_siblings(&tenant, OnboardingId(Uuid::nil())).await.unwrap(), 1);
    look_after_live(store).await;
    store.forget_answers(TimeDelta::hours(36)).await.unwrap();
    keep_house(store, &tenant).await;
    let mut claimed = store.claim(10, LEASE).await.unwrap();
    let leased = claimed.pop().unwrap();
    assert!(claimed.is_empty());
    let outcome = Outcome::Stuck(Problem::new(ProblemCode::InternalFault));
    let now = Clock::system().now();
    let transition = leased.onboarding().apply(outcome, &leased.blueprint().limits, now);
    let change = Change::of(leased, transition, Vec::new(), now);
    store.commit_all(vec![change], LEASE).await.unwrap();
}

/// What live ones are looked after with: those of before there were looks, those that are due, and what Cyclr
/// tells of one.
async fn look_after_live(store: &Store) {
    assert!(!store.plan_looks(Duration::ZERO).await.unwrap(), "all of them at once");
    let claimed = store.claim_looks(10, LEASE).await.unwrap();
    assert_eq!(claimed.len(), 10);
    let onboarding = claimed[0].onboarding().clone();
    let cycle = onboarding.facts.slots[0].cycle.unwrap();
    let account = onboarding.facts.account.clone().unwrap().id;
    let found = store.find_live_by_cycle(&account, cycle).await.unwrap();
    assert_eq!(found, Some(onboarding.id));
    store.list_siblings(&onboarding.tenant, onboarding.id).await.unwrap();
    for leased in claimed {
        store.release(leased).await.unwrap();
    }
}

/// An order to all there are, up to its end.
async fn order_many(store: &Store) {
    let new = NewBulkOrder {
        actor: "test".to_owned(),
        sight: Sight::All,
        asked: Value::Null,
        filter: Filter::default(),
        command: BulkCommand::Note { text: "They call.".to_owned() },
        previewed: MANY.unsigned_abs(),
    };
    let render: BulkRender<'_> = &|order| (200, order.id.to_string());
    let kept = store.preview_bulk(&new, None, render).await.unwrap();
    let id = BulkOrderId(kept.body.parse().unwrap());
    let all = store.gather(&Filter::default(), &Sight::All).await.unwrap();
    assert_eq!(all.len(), usize::try_from(MANY).unwrap());
    let deed = BulkDeed { once: None, render, audit: None };
    store.start_bulk((id, &Sight::All), &all, deed).await.unwrap().unwrap();
    assert!(store.take_bulk(LEASE).await.unwrap().is_some());
    assert!(store.keep_bulk(id, LEASE).await.unwrap());
    let open = store.list_open_items(id, 200).await.unwrap();
    let matching = store.still_matching(&open, &new.filter, &new.sight).await.unwrap();
    assert_eq!(matching.len(), 200);
    store.settle_items(id, &open, ItemResult::Refused, Some("no")).await.unwrap();
    for result in [None, Some(None), Some(Some(ItemResult::Refused))] {
        store.list_bulk_items(id, result, Some(open[0]), 25).await.unwrap();
    }
    assert!(!store.end_bulk(id).await.unwrap());
    store.release_bulk(id).await.unwrap();
    store.list_bulk(&Sight::All, None, 25).await.unwrap();
    store.find_bulk(id, &Sight::All).await.unwrap().unwrap();
    store.cancel_bulk((id, &Sight::All), deed).await.unwrap().unwrap();
    let now = Clock::system().now();
    store.forget_bulk(now - TimeDelta::days(1), now - TimeDelta::days(90)).await.unwrap();
}

/// What a list can be narrowed to, with what there is of it among those that are not live or cancelled.
fn narrowed(tenant: &TenantId) -> Vec<(Filter, usize)> {
    let key = |key: &str| BlueprintKey::parse(key.to_owned()).unwrap();
    let search = |text: &str| Some(Search::parse(text).unwrap());
    let filter = Filter::default;
    vec![
        (Filter { statuses: vec!["stuck".to_owned()], ..filter() }, 25),
        (Filter { stuck: Some(true), ..filter() }, 25),
        (Filter { steps: vec![StepKind::Map], ..filter() }, 5),
        (Filter { problems: vec![ProblemCode::CyclrUnreachable], ..filter() }, 25),
        (Filter { blockers: vec![Blocker::EndUser], ..filter() }, 25),
        (Filter { blueprints: vec![key("rare")], ..filter() }, 1),
        (Filter { tenant: Some(tenant.clone()), ..filter() }, 1),
        (Filter { older_than: Some(TimeDelta::minutes(59)), ..filter() }, 25),
        (Filter { connector: Some("crm".to_owned()), ..filter() }, 25),
        (Filter { connector: Some("500".to_owned()), ..filter() }, 1),
        (Filter { tag: Some("eu".to_owned()), ..filter() }, 0),
        (Filter { assignee: Some("ada".to_owned()), ..filter() }, 0),
        (Filter { snoozed: Some(true), ..filter() }, 0),
        (Filter { search: search("tenant-500"), ..filter() }, 2),
        (Filter { search: search("acme"), ..filter() }, 25),
        (Filter { search: search("018bcfe5-6800-7000-8000-000000000001"), ..filter() }, 0),
    ]
}

/// What goes when its time is over, and what is known of one tenant.
async fn keep_house(store: &Store, tenant: &TenantId) {
    let days = Some(TimeDelta::days(30));
    assert_eq!(store.list_to_erase(None, 200).await.unwrap(), []);
    let place = (DateTime::UNIX_EPOCH.naive_utc(), OnboardingId(Uuid::nil()));
    assert_eq!(store.list_to_erase(Some(place), 200).await.unwrap(), []);
    store.thin_journal((Uuid::nil(), 0), days, days).await.unwrap();
    store.list_journal_before((Uuid::nil(), 0), Clock::system().now()).await.unwrap();
    store.forget_calls(TimeDelta::days(30)).await.unwrap();
    store.forget_attempts(TimeDelta::days(30)).await.unwrap();
    let theirs = store.list_of_tenant(tenant, OnboardingId(Uuid::nil()), 200).await.unwrap();
    assert_eq!(theirs.len(), 1);
    assert!(store.knows_tenant(tenant).await.unwrap());
    let export = TenantExport::new(store.clone());
    assert!(export.tenant(tenant).await.unwrap().is_some());
    let first = export.onboarding_after(tenant, OnboardingId(Uuid::nil())).await.unwrap();
    for part in TenantPart::ALL {
        export.part(part, first.as_ref().unwrap().0, 0).await.unwrap();
    }
    let (was, now) = (&theirs[0], Clock::system().now());
    let blueprint = store.load_blueprint(&was.blueprint).await.unwrap();
    let mut ended = was.clone();
    ended.status = Status::Cancelled;
    let erased = ended.erase(Extent::Everything, &blueprint, now).unwrap();
    assert!(!store.keep_erased(was, &erased, "test").await.unwrap(), "it is open");
}

fn indexes(plan: &Value, used: &mut BTreeSet<String>) {
    used.extend(plan["Index Name"].as_str().map(str::to_owned));
    plan["Plans"].as_array().into_iter().flatten().for_each(|below| indexes(below, used));
}

async fn prepared(pool: &PgPool) -> Vec<(String, String, usize)> {
    let rows: Vec<(String, String, i32)> = sqlx::query_as(
        "SELECT name, statement, coalesce(array_length(parameter_types, 1), 0)
         FROM pg_prepared_statements
         WHERE statement ~* '\\m(from|update|into)\\M' AND statement !~ 'pg_|generate_series'",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    rows.into_iter().map(|(name, text, count)| (name, text, count.try_into().unwrap())).collect()
}

/// What is wrong with a plan: a look through a whole table, or a sort of more than a page.
fn fault(plan: &Value) -> Option<String> {
    let kind = plan["Node Type"].as_str().unwrap();
    let table = plan["Relation Name"].as_str().unwrap_or_default();
    if kind == "Seq Scan" && BIG.contains(&table) {
        return Some(format!("a look through all of {table}"));
    }
    let by_index = ["Index Scan", "Index Only Scan", "Bitmap Index Scan"].contains(&kind);
    if plan["Index Name"] == QUEUE {
        return None;
    }
    if by_index && (kind == "Bitmap Index Scan" || BIG.contains(&table)) && !is_by_key(plan) {
        return Some(format!("a look through {}: {}", plan["Index Name"], plan["Filter"]));
    }
    let below = &plan["Plans"][0]["Node Type"];
    if kind == "Sort" && plan["Plan Rows"].as_i64() > Some(MANY / 4) && below != "CTE Scan" {
        return Some("a sort of a large part of the table".to_owned());
    }
    plan["Plans"].as_array().into_iter().flatten().find_map(fault)
}

/// A stretch that begins somewhere will do only for whoever takes all that comes: with something else
/// to look for it may go on to the table's end.
fn is_by_key(scan: &Value) -> bool {
    let condition = scan["Index Cond"].as_str().unwrap_or_default();
    // What the index holds alone is no further condition.
    let says_index =
        scan["Filter"] == "(status = 'live'::text)" || scan["Filter"] == "(status <> 'live'::text)";
    condition.contains(" = ") || (!condition.is_empty() && (scan["Filter"].is_null() || says_index))
}
