//! All that is kept of a tenant is handed over, and what is known of its people is erased.

use std::process::{Command, Output};

use gangway::app::App;
use gangway::onboarding::{Command as Order, Status};
use gangway::secret::ExposeSecret as _;
use gangway::store::{KeyScope, NewApiKey, Sight};
use gangway::web::AppState;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{CANARY, start_known, tables_with, with_data};
use crate::hosted::link_keys;
use crate::house::{House, browser};

struct Office {
    house: House,
    url: String,
    key: String,
    _serving: JoinSet<()>,
}

impl Office {
    async fn open() -> Self {
        let house = House::open().await;
        let url = "https://onboard.example.com/".parse().unwrap();
        let engine = house.engine.clone();
        let state = AppState::new(engine, link_keys("m"), house.endpoints(), url);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = App::router(&state);
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let (_, key) = house.store.create_api_key("office").await.unwrap();
        Self { house, url, key: key.expose_secret().to_owned(), _serving: serving }
    }

    async fn ask(&self, key: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let url = format!("{}{path}", self.url);
        let request = match body {
            Some(body) => browser().post(url).json(body).header("idempotency-key", "once"),
            None => browser().get(url),
        };
        let answer = request.bearer_auth(key).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gangway"));
        command.arg("tenant").args(arguments);
        command.env("GANGWAY_URL", &self.url).env("GANGWAY_API_KEY", &self.key).output().unwrap()
    }

    fn said(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_export_holds_everything_and_opens_nothing() {
    let mut office = Office::open().await;
    let pool = office.house.pool().await;
    let key = office.house.publish(with_data(None)).await;
    let mut other = with_data(None);
    other["key"] = "other".into();
    let other = office.house.publish(other).await;
    let first = start_known(&office.house, "acme", &key).await;
    start_known(&office.house, "acme", &other).await;
    start_known(&office.house, "bravo", &key).await;
    office.house.settle().await;
    sqlx::query(
        "INSERT INTO journal (onboarding_id, version, at, actor, kind, status, step, detail)
         SELECT $1, 1000 + n, now(), 'test', 'noted', 'live', 'live', '{\"text\": \"x\"}'
         FROM generate_series(1, 1200) n",
    )
    .bind(first.0)
    .execute(&pool)
    .await
    .unwrap();
    let (status, export) = office.ask(&office.key, "/v1/tenants/acme/export", None).await;
    assert_eq!(status, 200, "{export}");
    assert_eq!(
        (&export["tenant"]["tenant_id"], &export["tenant"]["account_id"]),
        (&json!("acme"), &json!("acme"))
    );
    let onboardings = export["onboardings"].as_array().unwrap();
    assert_eq!(onboardings.len(), 2, "and not the other tenant's");
    let one = onboardings.iter().find(|one| one["onboarding_id"] == json!(first.0)).unwrap();
    let journal = one["journal"].as_array().unwrap();
    let versions: Vec<_> = journal.iter().map(|line| line["version"].as_i64().unwrap()).collect();
    assert!(versions.len() > 1200 && versions.is_sorted(), "{versions:?}");
    assert_eq!(one["profile"]["contact"]["email"], "canary@acme.example");
    assert_eq!(one["draft"]["sender"], CANARY);
    assert_eq!(one["messages"][0]["body"]["data"]["contact"]["name"], CANARY);
    for list in ["other_calls", "sign_ins", "audit"] {
        assert!(one[list].is_array(), "{list}");
    }
    for secret in ["lease_token", "digest", "sealed", "/l/"] {
        assert!(!export.to_string().contains(secret), "{secret}");
    }
    // The command prints the same, and nothing else.
    let printed: Value = serde_json::from_str(&office.said(&["export", "acme"])).unwrap();
    assert_eq!(printed, export);
}

#[tokio::test(flavor = "multi_thread")]
async fn erasing_is_refused_while_one_is_open_and_leaves_nothing_afterwards() {
    let mut office = Office::open().await;
    let pool = office.house.pool().await;
    let key = office.house.publish(with_data(None)).await;
    let id = start_known(&office.house, "acme", &key).await;
    let stranger = start_known(&office.house, "bravo", &key).await;
    office.house.settle().await;
    let open = office.house.read(id).await;
    let (path, body) = ("/v1/tenants/acme/erase", json!({ "reason": "They asked for it." }));
    let (status, problem) = office.ask(&office.key, path, Some(&body)).await;
    assert_eq!((status, &problem["code"]), (409, &json!("conflict")));
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(open.reference.as_str()) && detail.contains("Cancel it"), "{detail}");
    assert_eq!(office.house.read(id).await, open);

    let cancel = Order::Cancel { reason: "canary has left".to_owned() };
    office.house.engine.order(id, cancel, "key:support").await.unwrap();
    let told = office.said(&["erase", "acme", "--reason", "They asked for it."]);
    assert_eq!(told, "What was known of the tenant's people is erased from 1 onboardings.\n");
    let erased = office.house.read(id).await;
    assert!(erased.profile.erased.is_some_and(|erased| erased.everything));
    assert_eq!(
        erased.facts.account, open.facts.account,
        "what keeps accounts from being made twice"
    );
    assert_eq!(erased.facts.slots[0].cycle, open.facts.slots[0].cycle);
    let (_, export) = office.ask(&office.key, "/v1/tenants/acme/export", None).await;
    for word in [CANARY, "Acme and Sons", "Acme Books"] {
        assert!(!export.to_string().to_lowercase().contains(&word.to_lowercase()), "{word}");
    }
    let audit: Vec<(String, String, String, String)> =
        sqlx::query_as("SELECT actor, action, object, reason FROM audit")
            .fetch_all(&pool)
            .await
            .unwrap();
    let line = ["key:office", "erase_tenant", "acme", "They asked for it."].map(str::to_owned);
    let [actor, action, object, reason] = line;
    assert_eq!(audit, [(actor, action, object, reason)]);

    // Nobody else's is touched, and the tenant may come again.
    assert!(office.house.read(stranger).await.profile.contact.is_some());
    assert!(tables_with(&pool, CANARY).await.contains(&"onboarding".to_owned()));
    let again = start_known(&office.house, "acme", &key).await;
    office.house.settle().await;
    assert_eq!(
        office.house.read(again).await.facts.account.map(|known| known.id),
        erased.facts.account.map(|known| known.id)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn live_ones_are_erased_as_well_and_the_same_request_is_answered_the_same() {
    let mut office = Office::open().await;
    let key = office.house.publish(crate::house::unattended()).await;
    // The integrator's ids are free in their form.
    let tenant = "acme/söhne & co.%20";
    let id = start_known(&office.house, tenant, &key).await;
    office.house.settle().await;
    assert_eq!(office.house.read(id).await.status, Status::Live);
    let path = "/v1/tenants/acme%2Fs%C3%B6hne%20%26%20co.%2520/erase";
    let body = json!({ "reason": "They asked for it." });
    let first = office.ask(&office.key, path, Some(&body)).await;
    assert_eq!(first, (200, json!({ "tenant_id": tenant, "onboardings": 1 })));
    assert_eq!(office.ask(&office.key, path, Some(&body)).await, first);
    let audit: i64 = sqlx::query_scalar("SELECT count(*) FROM audit")
        .fetch_one(&office.house.pool().await)
        .await
        .unwrap();
    assert_eq!(audit, 1);
    assert_eq!(office.house.read(id).await.status, Status::Live);
    assert!(office.said(&["export", tenant]).contains("\"erased\""));
    let refused = office.run(&["export", "nobody"]);
    assert_eq!(refused.status.code(), Some(3), "{}", String::from_utf8_lossy(&refused.stderr));
}

#[tokio::test]
async fn only_a_key_for_administration_sees_and_erases() {
    let office = Office::open().await;
    let key = office.house.publish(with_data(None)).await;
    start_known(&office.house, "acme", &key).await;
    let scopes = KeyScope::ALL.into_iter().filter(|scope| *scope != KeyScope::Admin).collect();
    let new = NewApiKey { name: "rest".to_owned(), scopes, sight: Sight::All, expires_at: None };
    let (_, rest) = office.house.store.make_api_key(&new).await.unwrap();
    let body = json!({ "reason": "They asked for it." });
    for (path, body) in [("export", None), ("erase", Some(&body))] {
        let path = format!("/v1/tenants/acme/{path}");
        let (status, problem) = office.ask(rest.expose_secret(), &path, body).await;
        assert_eq!((status, &problem["code"]), (403, &json!("forbidden")), "{path}");
        let unknown = path.replace("acme", "nobody");
        assert_eq!(office.ask(&office.key, &unknown, body).await.0, 404);
    }
    let wordless = json!({ "reason": "" });
    assert_eq!(office.ask(&office.key, "/v1/tenants/acme/erase", Some(&wordless)).await.0, 422);
}
