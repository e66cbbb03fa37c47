//! A receiver of webhooks that does what it is told, and remembers all that it heard.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::any;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What it does with one request. Without orders it takes everything.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    Answer(u16),
    AnswerWith(u16, &'static str, String),
    /// A body without an end.
    Flood(u16),
    /// Says nothing for this long.
    Hang(Duration),
}

#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> String {
        self.headers[name].to_str().unwrap().to_owned()
    }

    pub(crate) fn id(&self) -> String {
        self.header("webhook-id")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// Whether one of its signatures is what a foreign crate makes with this secret. That crate's
    /// verifier looks at the real time, so it is asked in a test of its own.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let signer = standardwebhooks::Webhook::new(secret).unwrap();
        let timestamp = self.header("webhook-timestamp").parse().unwrap();
        let expected = signer.sign(&self.id(), timestamp, self.body.as_bytes()).unwrap();
        self.header("webhook-signature").split(' ').any(|signature| signature == expected)
    }
}

#[derive(Default)]
struct Orders {
    next: VecDeque<Manner>,
    always: Option<Manner>,
    heard: Vec<Heard>,
}

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    orders: Arc<Mutex<Orders>>,
    _serving: JoinSet<()>,
}

impl Receiver {
    pub(crate) async fn open() -> Self {
        let orders = Arc::<Mutex<Orders>>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(any(take)).with_state(orders.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, orders, _serving: serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(crate) fn then(&self, manner: Manner) {
        self.orders.lock().unwrap().next.push_back(manner);
    }

    pub(crate) fn always(&self, manner: Manner) {
        self.orders.lock().unwrap().always = Some(manner);
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.orders.lock().unwrap().heard.clone()
    }

    pub(crate) fn kinds(&self) -> Vec<String> {
        self.heard().iter().map(Heard::kind).collect()
    }
}

async fn take(
    State(orders): State<Arc<Mutex<Orders>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let manner = {
        let mut orders = orders.lock().unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        orders.heard.push(Heard { path: uri.path().to_owned(), headers, body });
        orders.next.pop_front().or_else(|| orders.always.clone())
    };
    let answer = Response::builder();
    match manner.unwrap_or(Manner::Answer(204)) {
        Manner::Answer(status) => answer.status(status).body(Body::from("so be it")),
        Manner::AnswerWith(status, name, value) => {
            answer.status(status).header(name, value).body(Body::empty())
        }
        Manner::Flood(status) => {
            let chunks = futures_util::stream::repeat_with(|| {
                Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 1024]))
            });
            answer.status(status).body(Body::from_stream(chunks))
        }
        Manner::Hang(time) => {
            tokio::time::sleep(time).await;
            answer.status(StatusCode::OK).body(Body::empty())
        }
    }
    .unwrap()
}
