//! Webhooks from a change to the receiver's log: real doors, real HTTP, one stopped clock.

mod connections;
mod delivery;
mod guards;
mod isolation;
mod management;
pub(crate) mod receiver;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use chrono::TimeDelta;
use gangway::app::App;
use gangway::ids::OnboardingId;
use gangway::secret::{ExposeSecret as _, MasterKey};
use gangway::web::{AppState, LinkKeys};
use gangway::webhooks::{Deliverer, Endpoints};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::house::{House, unattended};
pub(crate) use receiver::Receiver;
use receiver::{Heard, Manner};

/// A house whose doors are open, and somebody who delivers.
struct Bell {
    house: House,
    state: AppState,
    router: Router,
    key: String,
    deliverer: Deliverer,
}

impl Bell {
    async fn open() -> Self {
        let house = House::open().await;
        let endpoints = house.endpoints();
        Self::hang(house, endpoints).await
    }

    async fn hang(house: House, endpoints: Endpoints) -> Self {
        let master = MasterKey::from_text(&"m".repeat(40)).unwrap();
        let public_url = "https://go.example.com/".parse().unwrap();
        let links = LinkKeys::new(&master);
        let state = AppState::new(house.engine.clone(), links, endpoints, public_url);
        let (_, key) = house.store.create_api_key("test").await.unwrap();
        house.publish(unattended()).await;
        Self {
            router: App::router(&state),
            deliverer: another_deliverer(&house, &state),
            key: key.expose_secret().to_owned(),
            state,
            house,
        }
    }

    /// As if the process had died in whatever it was doing, and another one had started.
    fn restart(&mut self) {
        self.deliverer = another_deliverer(&self.house, &self.state);
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
        self.ask_as(method, path, body, None).await
    }

    async fn ask_as(
        &self,
        method: &str,
        path: &str,
        body: &Value,
        name: Option<&str>,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json");
        if let Some(name) = name {
            request = request.header("idempotency-key", name);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let answer = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = answer.status();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// An endpoint at the receiver: its path in the API, and its secret.
    async fn endpoint(&self, receiver: &Receiver) -> (String, String) {
        self.endpoint_for(receiver, &[]).await
    }

    async fn endpoint_for(&self, receiver: &Receiver, events: &[&str]) -> (String, String) {
        let body = json!({ "url": receiver.url(), "events": events });
        let (status, made) = self.ask("POST", "/v1/webhook_endpoints", &body).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        let path = format!("/v1/webhook_endpoints/{}", made["id"].as_str().unwrap());
        (path, made["secret"].as_str().unwrap().to_owned())
    }

    async fn deliveries(&self, endpoint: &str) -> Vec<Value> {
        let path = format!("{endpoint}/deliveries?limit=100");
        let (status, page) = self.ask("GET", &path, &Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        page["data"].as_array().unwrap().clone()
    }

    /// The log of a delivery's attempts: how each ended.
    async fn log(&self, endpoint: &str, message: &str) -> Vec<Value> {
        let path = format!("{endpoint}/deliveries/{message}");
        let (status, shown) = self.ask("GET", &path, &Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{shown}");
        shown["log"].as_array().unwrap().clone()
    }

    /// An onboarding that goes live without anybody: two messages, `started` and `live`.
    async fn onboard(&mut self, tenant: &str) -> OnboardingId {
        let key = "heartbeat".to_owned().try_into().unwrap();
        let id = self.house.start(tenant, &key).await;
        self.house.settle().await;
        id
    }

    async fn ring(&mut self) -> usize {
        self.deliverer.tick().await.unwrap()
    }

    async fn ring_after(&mut self, time: TimeDelta) -> usize {
        self.house.advance(time);
        self.ring().await
    }
}

fn another_deliverer(house: &House, state: &AppState) -> Deliverer {
    let endpoints = state.endpoints().clone();
    let words = gangway::api::webhook_words(state);
    Deliverer::new(house.store.clone(), house.clock.clone(), endpoints, words).unwrap()
}
