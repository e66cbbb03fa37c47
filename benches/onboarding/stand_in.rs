//! The least that can pass for Cyclr, in a process of its own: it answers at once (or after a set
//! time) and remembers nothing but what was mapped and activated.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post, put};
use url::Url;
use uuid::Uuid;

/// One template with one field, answered by rule.
pub(crate) const BLUEPRINT: &str = r#"{
    "key": "bench", "name": "Bench",
    "templates": [{
        "template_id": "7ad2265e-2ff0-477b-b913-cae1dfde2ea8",
        "mapping": [{ "target": "Company", "value": { "from": { "path": "tenant.name" } } }]
    }]
}"#;

/// The running stand-in; it ends with this value.
pub(crate) struct Process {
    child: Child,
    address: Url,
}

impl Process {
    pub(crate) fn start(delay: Duration) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--stand-in", &delay.as_millis().to_string()])
            // It ends when this pipe does, however we go.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, address: line.trim().parse().unwrap() }
    }

    pub(crate) fn address(&self) -> Url {
        self.address.clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[derive(Clone)]
struct World {
    delay: Duration,
    mapped: Arc<Mutex<HashMap<Uuid, bool>>>,
    active: Arc<Mutex<HashMap<Uuid, bool>>>,
}

pub(crate) fn run(delay_ms: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = World {
        delay: Duration::from_millis(delay_ms),
        mapped: Arc::default(),
        active: Arc::default(),
    };
    let router = Router::new()
        .route("/oauth/token", post(token))
        .route("/v1.0/accounts", post(create_account))
        .route("/v1.0/templates/{id}/install", post(install))
        .route("/v1.0/cycles/{id}", get(cycle))
        .route("/v1.0/cycles/{id}/steps", get(steps))
        .route("/v1.0/cycles/{id}/prerequisites", get(none))
        .route("/v1.0/cycles/{id}/activate", put(activate))
        .route("/v1.0/steps/{id}/parameters", get(none))
        .route("/v1.0/steps/{id}/fieldmappings", get(fields))
        .route("/v1.0/steps/{id}/fieldmappings/{field}", put(set_field))
        .with_state(world);
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("http://{}/", listener.local_addr().unwrap());
        let parent = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
        tokio::select! {
            served = axum::serve(listener, router).into_future() => served.unwrap(),
            _ = parent => std::process::exit(0),
        }
    });
}

async fn json(world: &World, body: String) -> impl IntoResponse + use<> {
    if !world.delay.is_zero() {
        tokio::time::sleep(world.delay).await;
    }
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], body)
}

async fn token(State(world): State<World>) -> impl IntoResponse {
    json(&world, r#"{"token_type":"bearer","access_token":"bench","expires_in":1209599}"#.into())
        .await
}

/// Answers what it was given, as Cyclr does. For one of a name it fails each time.
async fn create_account(State(world): State<World>, body: Bytes) -> impl IntoResponse {
    let body = String::from_utf8(body.to_vec()).unwrap();
    let fails = body.contains("poison");
    let status = if fails { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
    (status, json(&world, body).await)
}

async fn install(State(world): State<World>, Path(template): Path<Uuid>) -> impl IntoResponse {
    json(&world, cycle_body(Uuid::new_v4(), template, "Paused")).await
}

fn cycle_body(id: Uuid, template: Uuid, status: &str) -> String {
    format!(
        r#"{{"Id":"{id}","CreatedOnUtc":"2026-01-01T00:00:00.0000000Z","TasksUsed":0,"ErrorCount":0,"WarningCount":0,"Connectors":[],"Status":"{status}","LastSuccessfulRunDate":"0001-01-01T00:00:00","InProgressTransactionCount":0,"Name":"Bench","Description":null,"TemplateId":"{template}"}}"#
    )
}

async fn cycle(State(world): State<World>, Path(id): Path<Uuid>) -> impl IntoResponse {
    let active = world.active.lock().unwrap().contains_key(&id);
    json(&world, cycle_body(id, Uuid::nil(), if active { "Active" } else { "Paused" })).await
}

/// One step, named like its cycle.
async fn steps(State(world): State<World>, Path(id): Path<Uuid>) -> impl IntoResponse {
    json(&world, format!(r#"[{{"Id":"{id}","Name":"Send","ActionType":"Action"}}]"#)).await
}

async fn none(State(world): State<World>) -> impl IntoResponse {
    json(&world, "[]".to_owned()).await
}

async fn fields(State(world): State<World>, Path(id): Path<Uuid>) -> impl IntoResponse {
    let mapped = world.mapped.lock().unwrap().contains_key(&id);
    json(&world, format!("[{}]", field_body(mapped))).await
}

fn field_body(mapped: bool) -> String {
    let (kind, value) = if mapped { ("StaticValue", r#""Acme""#) } else { ("Ignore", "null") };
    format!(
        r#"{{"Field":{{"Id":1,"Name":"Company","Description":null,"IsOptional":false,"DataType":"Text","TriggerName":null,"Values":[],"DisplayOrder":1,"Triggers":[]}},"MappingType":"{kind}","SourceFieldId":null,"SourceStepId":null,"TriggerValue":null,"TriggerValueDisplayName":null,"Value":{value}}}"#
    )
}

async fn set_field(
    State(world): State<World>,
    Path((step, _)): Path<(Uuid, i64)>,
) -> impl IntoResponse {
    world.mapped.lock().unwrap().insert(step, true);
    json(&world, field_body(true)).await
}

async fn activate(State(world): State<World>, Path(id): Path<Uuid>) -> impl IntoResponse {
    world.active.lock().unwrap().insert(id, true);
    json(&world, "{}".to_owned()).await
}
