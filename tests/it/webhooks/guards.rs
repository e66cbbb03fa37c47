//! Nothing inside is reached, whatever address is given and wherever a name leads.

use axum::http::StatusCode;
use gangway::secret::MasterKey;
use gangway::webhooks::{Endpoints, Settings};
use serde_json::json;

use super::{Bell, House, Receiver};

async fn strict() -> Bell {
    let house = House::open().await;
    let master = MasterKey::from_text(&"m".repeat(40)).unwrap();
    let endpoints = Endpoints::new(house.store.clone(), &master, Settings::default());
    Bell::hang(house, endpoints).await
}

#[tokio::test]
async fn a_hostile_address_is_refused_when_it_is_given() {
    let bell = strict().await;
    for hostile in [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://[::ffff:7f00:1]/",
        "https://169.254.169.254/latest",
        "https://[64:ff9b::7f00:1]/",
        "https://user@hooks.example.com/",
        "https://localhost:8443/",
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "https://hooks.example.com:22/",
    ] {
        let (status, problem) =
            bell.ask("POST", "/v1/webhook_endpoints", &json!({ "url": hostile })).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{hostile}");
        assert_eq!(problem["errors"][0]["pointer"], "/url");
        assert!(problem["errors"][0]["detail"].as_str().unwrap().starts_with("must "));
    }
    let good = json!({ "url": "https://hooks.example.com/gangway" });
    let (status, made) = bell.ask("POST", "/v1/webhook_endpoints", &good).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let path = format!("/v1/webhook_endpoints/{}", made["id"].as_str().unwrap());
    let (status, _) = bell.ask("PUT", &path, &json!({ "url": "https://10.0.0.1/" })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "a change is judged as well");
}

#[tokio::test]
async fn an_address_is_judged_again_before_each_attempt() {
    let mut bell = strict().await;
    let receiver = Receiver::open().await;
    let good = json!({ "url": "https://hooks.example.com/", "events": ["onboarding.live"] });
    let (_, made) = bell.ask("POST", "/v1/webhook_endpoints", &good).await;
    let path = format!("/v1/webhook_endpoints/{}", made["id"].as_str().unwrap());
    let pool = bell.house.pool().await;
    let port = receiver.address.port();
    // As if they had been taken by a process that may call them, or before there was a rule.
    for (n, url) in [
        format!("https://localhost.:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
    ]
    .iter()
    .enumerate()
    {
        sqlx::query("UPDATE webhook_endpoint SET url = $1").bind(url).execute(&pool).await.unwrap();
        bell.onboard(&format!("tenant-{n}")).await;
        bell.ring().await;
        let deliveries = bell.deliveries(&path).await;
        let log = bell.log(&path, deliveries[0]["id"].as_str().unwrap()).await;
        assert_eq!(log[0]["outcome"], "forbidden_address", "{url}: {log:?}");
    }
    assert!(receiver.heard().is_empty());
}
