//! What lists, counts and search find, held against what each onboarding says of itself.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use chrono::TimeDelta;
use gangway::ids::{AccountId, ConnectorId, CycleId};
use gangway::onboarding::{Account, Gain, Origin, Outcome, Problem, ProblemCode, SeenConnector};
use serde_json::{Value, json};
use uuid::Uuid;

use super::door::{Door, blueprint, signup};
use super::orders::work;

const MANY: i64 = 1000;
const PLACES: [(&str, &str); 4] = [
    ("status", "by_status"),
    ("step", "by_step"),
    ("blocker", "by_blocker"),
    ("problem", "by_problem"),
];

/// Many onboardings in all places, some of them overdue.
async fn crowded() -> Door {
    let door = Door::open().await;
    for key in ["bench", "rare"] {
        let mut other = blueprint();
        other["key"] = json!(key);
        assert_eq!(door.post("/v1/blueprints", &other).await.status, StatusCode::CREATED);
    }
    let fill = include_str!("../../../benches/onboarding/fill.sql");
    sqlx::query(fill).bind(MANY).execute(&door.pool).await.unwrap();
    // Which connectors came with a cycle stands in the line of its install.
    sqlx::query(
        "INSERT INTO journal (onboarding_id, version, at, actor, kind, status, step, detail)
         SELECT onboarding_id, 2, since, 'engine', 'installed', 'running', 'connect',
                jsonb_build_object('template', 0, 'cycle', gen_random_uuid(), 'origin', 'made',
                    'connectors', jsonb_build_array(facts #> '{connections,0,connector}'))
         FROM onboarding",
    )
    .execute(&door.pool)
    .await
    .unwrap();
    let clock = "timestamptz '2026-03-02T09:00:00Z'";
    for change in [
        format!("SET since = {clock} - make_interval(mins => (created_at < now())::int * 7)"),
        format!(
            "SET deadline = {clock} - interval '1 second' WHERE onboarding_id IN (
            SELECT onboarding_id FROM onboarding WHERE status = 'waiting' ORDER BY 1 LIMIT 7)"
        ),
        format!("SET since = {clock} - interval '3 days' WHERE reference LIKE '%3'"),
        format!("SET wake_at = {clock} - interval '1 hour' WHERE status = 'retrying'"),
        format!(
            "SET status = 'running', deadline = NULL, since = {clock} - interval '20 minutes'
            WHERE reference LIKE '%77'"
        ),
        "SET assignee = 'Ada' WHERE reference LIKE '%4'".to_owned(),
        format!("SET snoozed_until = {clock} + interval '1 day' WHERE reference LIKE '%6'"),
        format!("SET snoozed_until = {clock} - interval '1 day' WHERE reference LIKE '%8'"),
        "SET profile = profile || '{\"tags\": [\"eu\", \"vip\"]}' WHERE reference LIKE '%5'"
            .to_owned(),
    ] {
        let change = sqlx::AssertSqlSafe(format!("UPDATE onboarding {change}"));
        sqlx::query(change).execute(&door.pool).await.unwrap();
    }
    door
}

async fn walk(door: &Door, query: &str) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = door.get(&format!("/v1/onboardings?limit=100&{query}{cursor}")).await;
        assert_eq!(page.status, StatusCode::OK, "{query}: {}", page.text);
        let page = page.json();
        found.extend(page["data"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { return found };
        cursor = format!("&cursor={next}");
    }
}

fn ids<'a>(found: impl IntoIterator<Item = &'a Value>) -> Vec<String> {
    found.into_iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

type Holds = fn(&Value) -> bool;

/// Each way to narrow, and what must be true of an onboarding that is found.
fn narrowings() -> Vec<(&'static str, Holds)> {
    vec![
        ("", |_| true),
        ("status=stuck", |o| o["status"] == "stuck"),
        ("status=live,cancelled", |o| o["status"] == "live" || o["status"] == "cancelled"),
        ("step=map", |o| o["step"] == "map"),
        ("step=live", |o| o["step"] == "live"),
        ("blocker=end_user", |o| o["blocker"] == "end_user"),
        ("blocker=cyclr,none", |o| o["blocker"] == "cyclr" || o["blocker"] == "none"),
        ("problem=cyclr_unreachable", |o| o["problem"]["code"] == "cyclr_unreachable"),
        ("problem=template_missing", |_| false),
        ("blueprint=rare", |o| o["blueprint"]["key"] == "rare"),
        ("blueprint=nobody", |_| false),
        ("template=6c0b8b6e-5f0e-4a7c-9a55-0d0b7a3f1c11", |_| true),
        ("template=6c0b8b6e-5f0e-4a7c-9a55-000000000000", |_| false),
        ("tenant_id=tenant-12", |o| o["tenant_id"] == "tenant-12"),
        ("connector=crm", |o| o["connections"][0]["name"] == "CRM"),
        ("connector=13", |o| o["connections"][0]["connector_id"] == "13"),
        ("tag=vip", |o| o["tags"].as_array().unwrap().contains(&json!("vip"))),
        ("tag=eu&status=stuck,live", |o| {
            !o["tags"].as_array().unwrap().is_empty()
                && (o["status"] == "stuck" || o["status"] == "live")
        }),
        ("older_than=1d", |o| o["since"].as_str() <= Some("2026-03-01T09:00:00Z")),
        ("older_than=1d&status=waiting", |o| {
            o["since"].as_str() <= Some("2026-03-01T09:00:00Z") && o["status"] == "waiting"
        }),
        ("stuck=true", |o| o["is_stuck"] == true),
        ("stuck=false", |o| o["is_stuck"] == false),
        ("stuck=true&status=waiting", |o| o["is_stuck"] == true && o["status"] == "waiting"),
        ("stuck=true&tag=vip", |o| o["is_stuck"] == true && o["tags"] != json!([])),
        ("assignee=Ada", |o| o["assignee"] == "Ada"),
        ("assignee=ada", |_| false),
        ("assignee=Ada&stuck=true", |o| o["assignee"] == "Ada" && o["is_stuck"] == true),
        ("snoozed=true", |o| o["snoozed_until"].as_str() > Some("2026-03-02T09:00:00Z")),
        ("snoozed=false&status=stuck", |o| {
            o["snoozed_until"].as_str() <= Some("2026-03-02T09:00:00Z") && o["status"] == "stuck"
        }),
        ("q=tenant-7", |o| o["tenant_id"].as_str().unwrap().starts_with("tenant-7")),
        ("q=acm&status=stuck", |o| o["status"] == "stuck"),
        ("q=vip", |o| o["tags"] != json!([])),
    ]
}

/// What a list of this order shows, in it.
fn sorted(order: &str, mut found: Vec<Value>) -> Vec<String> {
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    match order {
        "newest" => found.sort_by_key(|one| std::cmp::Reverse(text(one, "id"))),
        "oldest" => found.sort_by_key(|one| text(one, "id")),
        "longest_in_step" => {
            found.retain(|one| one["status"] != "live" && one["status"] != "cancelled");
            found.sort_by_key(|one| (text(one, "since"), text(one, "id")));
        }
        "deadline" => {
            found.retain(|one| one["status"] == "waiting");
            found.sort_by_key(|one| (text(one, "deadline"), text(one, "id")));
        }
        other => panic!("{other}"),
    }
    ids(&found)
}

async fn compare(door: &Door) {
    let all = walk(door, "order=oldest").await;
    let there = usize::try_from(door.count("onboarding").await).unwrap();
    assert_eq!(all.len(), there);
    for (query, holds) in narrowings() {
        let matching: Vec<Value> = all.iter().filter(|one| holds(one)).cloned().collect();
        for order in ["newest", "oldest", "longest_in_step", "deadline"] {
            let found = ids(&walk(door, &format!("{query}&order={order}")).await);
            assert_eq!(found, sorted(order, matching.clone()), "{query} {order}");
        }
        let counts = door.get(&format!("/v1/onboardings/counts?{query}")).await;
        assert_eq!(counts.status, StatusCode::OK, "{query}: {}", counts.text);
        let counts = counts.json();
        assert_eq!(counts["total"], matching.len(), "{query}");
        for (field, group) in PLACES {
            let mut expected = BTreeMap::<String, u64>::new();
            for one in &matching {
                let name = if field == "problem" { &one["problem"]["code"] } else { &one[field] };
                if let Some(name) = name.as_str() {
                    *expected.entry(name.to_owned()).or_default() += 1;
                }
            }
            assert_eq!(counts[group], json!(expected), "{query} {group}");
        }
    }
}

#[tokio::test]
async fn lists_counts_and_onboardings_never_disagree() {
    let door = crowded().await;
    let stuck = walk(&door, "stuck=true").await;
    let why = |reason: &str| stuck.iter().filter(|one| one["stuck_because"] == reason).count();
    assert_eq!([why("problem"), why("deadline_passed")], [5, 7]);
    assert!(why("overdue") > 1, "what should have gone on");
    compare(&door).await;
    // Added up, and changed by orders and by workers, the tally is still right.
    assert!(door.state.store().add_up_tally().await.unwrap() > 0);
    assert_eq!(door.state.store().add_up_tally().await.unwrap(), 0);
    compare(&door).await;
    for one in walk(&door, "status=waiting").await.iter().take(20) {
        let path = format!("/v1/onboardings/{}/cancel", one["id"].as_str().unwrap());
        assert_eq!(door.post(&path, &json!({ "reason": "x" })).await.status, StatusCode::OK);
    }
    door.start(&signup("fresh"), None).await;
    compare(&door).await;
}

#[tokio::test]
async fn a_restricted_key_finds_counts_and_meets_only_its_own() {
    let door = crowded().await;
    sqlx::query("UPDATE api_key SET blueprints = '{rare}', scopes = '{read}'")
        .execute(&door.pool)
        .await
        .unwrap();
    let own = walk(&door, "").await;
    assert!(!own.is_empty() && own.iter().all(|one| one["blueprint"]["key"] == "rare"));
    let total = own.len();
    for query in ["", "connector=crm", "q=acme", "blueprint=bench,rare", "stuck=false"] {
        assert_eq!(walk(&door, query).await.len(), total, "{query}");
        let counts = door.get(&format!("/v1/onboardings/counts?{query}")).await.json();
        assert_eq!(counts["total"], total, "{query}");
    }
    for query in ["blueprint=bench", "q=tenant-1", "tenant_id=tenant-1", "status=live", "tag=vip"] {
        assert_eq!(walk(&door, query).await, Vec::<Value>::new(), "{query}");
        let counts = door.get(&format!("/v1/onboardings/counts?{query}")).await.json();
        assert_eq!(counts["total"], 0, "{query}");
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_list_only() {
    let door = crowded().await;
    let page = door.get("/v1/onboardings?status=waiting&limit=2").await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    for query in ["", "status=live", "status=waiting&order=oldest", "status=waiting&tag=vip"] {
        let refused = door.get(&format!("/v1/onboardings?{query}&cursor={cursor}")).await;
        assert_eq!(refused.pointers("invalid"), ["cursor"], "{query}");
    }
    let rest = door.get(&format!("/v1/onboardings?status=waiting&limit=9&cursor={cursor}")).await;
    assert_eq!(rest.json()["data"].as_array().unwrap().len(), 9);
}

#[tokio::test]
async fn pages_show_everything_once_while_others_are_started() {
    let door = Door::open().await;
    let mut there = Vec::new();
    for n in 0..30 {
        there.push(door.start(&signup(&format!("tenant {n}")), None).await.id());
    }
    for order in ["newest", "oldest", "longest_in_step"] {
        let (mut found, mut cursor, mut late) = (Vec::new(), String::new(), 0);
        loop {
            let path = format!("/v1/onboardings?limit=4&order={order}{cursor}");
            let page = door.get(&path).await.json();
            found.extend(ids(page["data"].as_array().unwrap()));
            late += 1;
            door.start(&signup(&format!("late {order} {late}")), None).await;
            let Some(next) = page["next_cursor"].as_str().filter(|_| late < 60) else { break };
            cursor = format!("&cursor={next}");
        }
        for id in &there {
            assert_eq!(found.iter().filter(|one| *one == id).count(), 1, "{order}");
        }
    }
}

/// The account and a cycle with two connectors are there, and then it holds back.
fn installed_with_connectors(cycle: Uuid) -> Vec<Outcome> {
    let connector = |id| SeenConnector {
        connector: ConnectorId(id),
        name: "Mail".to_owned(),
        auth: None,
        authenticated: false,
        details: None,
    };
    let account = Account { id: AccountId::parse("Acme_At_Cyclr").unwrap(), origin: Origin::Named };
    let installed = Gain::Installed {
        slot: 0,
        cycle: CycleId(cycle),
        origin: Origin::Made,
        connectors: vec![connector(4711), connector(4712)],
        seen_paused_at: None,
    };
    let problem = Problem::new(ProblemCode::CyclrPaused);
    let held_back = Outcome::HeldBack { after: TimeDelta::hours(1), problem };
    vec![Outcome::Done(Gain::Account(account)), Outcome::Done(installed), held_back]
}

#[tokio::test]
async fn whatever_a_customer_may_quote_is_found() {
    let door = Door::open().await;
    let mut other = signup("Other & Sons");
    other["name"] = json!("Zebra GmbH");
    door.start(&other, None).await;
    let mut acme = signup("acme-1");
    acme["name"] = json!("Äcme Bäckerei");
    acme["contact"] = json!({ "email": "Ann@acme.example" });
    acme["tags"] = json!(["vip", "eu"]);
    acme["account_id"] = json!("Acme_At_Cyclr");
    let started = door.start(&acme, None).await.json();
    assert_eq!(started["tags"], json!(["eu", "vip"]));
    let (cycle, id) = (Uuid::now_v7(), started["id"].as_str().unwrap());
    // The others are not taken by the worker that follows.
    sqlx::query("UPDATE onboarding SET due_at = NULL WHERE tenant_id <> 'acme-1'")
        .execute(&door.pool)
        .await
        .unwrap();
    work(&door, installed_with_connectors(cycle)).await;
    let reference = started["reference"].as_str().unwrap();
    let loose = reference.to_lowercase().replace('-', "");
    for text in [
        reference,
        &loose,
        id,
        "acme-1",
        "acme",
        "ann@ACME.example",
        "äcme",
        "%C3%84CME B",
        "vip",
        "acme_at_cyclr",
        &cycle.to_string(),
        "4711",
        "4712",
    ] {
        let query = format!("q={}", text.replace(' ', "+"));
        assert_eq!(ids(&walk(&door, &query).await), [id], "{text}");
        let counts = door.get(&format!("/v1/onboardings/counts?{query}")).await.json();
        assert_eq!(counts["total"], 1, "{text}");
    }
    for text in ["4713", "GW-0000-0000", "nobody", "ann@", "%25", "_", "acme_at", "%27;--"] {
        assert_eq!(walk(&door, &format!("q={text}")).await, Vec::<Value>::new(), "{text}");
    }
}

#[tokio::test]
async fn a_tag_is_a_short_plain_word() {
    let door = Door::open().await;
    for tags in [json!(["UP"]), json!([""]), json!(["a b"]), json!(["x".repeat(51)])] {
        let mut refused = signup("third");
        refused["tags"] = tags;
        assert_eq!(door.start(&refused, None).await.pointers("invalid"), ["/tags/0"]);
    }
    assert_eq!(door.count("onboarding").await, 0);
}
