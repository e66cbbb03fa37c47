//! What is kept, under which key, for how long, and what comes of a copy of an earlier day.

mod aging;
mod keys;
mod restore;
mod retention;
mod tenants;

use std::sync::Arc;

use gangway::engine::StartRequest;
use gangway::ids::{BlueprintKey, OnboardingId, TenantId};
use gangway::onboarding::{Command, Contact, Profile};
use gangway::store::Render;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

use crate::house::{House, attended, profile};

/// Stands in whatever names a person.
const CANARY: &str = "canary";

/// A person signs in, enters a key and answers; one rule reads the tenant's data.
fn with_data(retention_days: Option<u32>) -> Value {
    let mut blueprint = attended();
    let from = json!({ "from": { "path": "data.company.name" } });
    blueprint["templates"][0]["mapping"][1]["value"] = from;
    if let Some(days) = retention_days {
        blueprint["retention_days"] = days.into();
    }
    blueprint
}

/// Somebody about whom much is known.
async fn start_known(house: &House, tenant: &str, key: &BlueprintKey) -> OnboardingId {
    let published = house.store.find_blueprint(key, None).await.unwrap().unwrap();
    let object = |value: Value| value.as_object().unwrap().clone();
    let contact =
        Contact { name: Some("Canary Ada".into()), email: Some("canary@acme.example".into()) };
    let data = json!({ "company": { "name": "Acme Books" }, "phone": "canary 555" });
    let request = StartRequest {
        tenant: TenantId::parse(tenant).unwrap(),
        profile: Profile {
            contact: Some(contact),
            data: object(data),
            metadata: object(json!({ "sales": "canary said yes" })),
            ..profile("Acme and Sons")
        },
        blueprint_id: published.id,
        blueprint: published.blueprint,
        idempotency: None,
        actor: "test".to_owned(),
    };
    let render: Render = Arc::new(|_, _| (201, String::new()));
    let id = house.engine.start(request, render).await.unwrap().shows.unwrap().onboarding;
    let note = Command::Note { text: "canary calls on Monday".to_owned() };
    house.engine.order(id, note, "key:support").await.unwrap();
    hang_on(&house.pool().await, id).await;
    id
}

/// What else may name a person: a draft, and a message that was told.
async fn hang_on(pool: &PgPool, id: OnboardingId) {
    let endpoint =
        "INSERT INTO webhook_endpoint (endpoint_id, url, description, events, created_at)
         VALUES ('00000000-0000-7000-8000-000000000001', 'https://a.example/', '', '{}', now())
         ON CONFLICT DO NOTHING";
    sqlx::query(endpoint).execute(pool).await.unwrap();
    let draft = "INSERT INTO draft VALUES ($1, '{\"sender\": \"canary\"}', now())";
    sqlx::query(draft).bind(id.0).execute(pool).await.unwrap();
    let body = json!({
        "type": "onboarding.started", "sequence": 1,
        "data": { "id": id.0, "contact": { "name": "canary" }, "metadata": { "a": "canary" },
                  "tags": ["canary"], "status": "running" }
    });
    let message =
        "INSERT INTO webhook_message VALUES ($1, $1, 1, 'onboarding.started', now(), $2, 1)";
    sqlx::query(message).bind(id.0).bind(body.to_string()).execute(pool).await.unwrap();
    let delivery = "INSERT INTO webhook_delivery VALUES
         ('00000000-0000-7000-8000-000000000001', $1, $1, 1, 'delivered', 1, 1, now(), NULL)";
    sqlx::query(delivery).bind(id.0).execute(pool).await.unwrap();
}

/// The tables in which the word stands, in whatever column.
async fn tables_with(pool: &PgPool, word: &str) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut found = Vec::new();
    for table in tables {
        let asking = format!("SELECT count(*) FROM {table} t WHERE t::text ILIKE '%' || $1 || '%'");
        let count: i64 =
            sqlx::query_scalar(AssertSqlSafe(asking)).bind(word).fetch_one(pool).await.unwrap();
        if count > 0 {
            found.push(table);
        }
    }
    found
}

async fn kinds(house: &House, id: OnboardingId) -> Vec<&'static str> {
    let lines = house.store.list_journal(id).await.unwrap();
    lines.iter().map(|line| line.event.kind()).collect()
}
