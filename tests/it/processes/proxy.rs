//! What stands in front of processes: a balancer that asks whether they are ready, or one that remembers what
//! it carried; and an address that can be moved from one database to another.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::house::browser;

pub(super) struct Proxy {
    pub(super) url: String,
    shared: Arc<Shared>,
    serving: JoinSet<()>,
}

struct Shared {
    http: reqwest::Client,
    all: Vec<String>,
    ready: Mutex<Vec<String>>,
    next: AtomicUsize,
    carried: Mutex<Vec<u8>>,
}

impl Proxy {
    /// Sends each request to the next one of those that said that they are ready.
    pub(super) async fn balancer(address: &str, all: Vec<String>) -> Self {
        let mut proxy = Self::open(address, all).await;
        let shared = Arc::clone(&proxy.shared);
        proxy.serving.spawn(async move {
            loop {
                let mut ready = Vec::new();
                for url in &shared.all {
                    let asked = shared.http.get(format!("{url}/readyz"));
                    let asked = asked.timeout(Duration::from_millis(500)).send().await;
                    if asked.is_ok_and(|answer| answer.status() == StatusCode::OK) {
                        ready.push(url.clone());
                    }
                }
                *shared.ready.lock().unwrap() = ready;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        proxy
    }

    /// Sends everything to one, and remembers the answers' bodies.
    pub(super) async fn witness(of: &str) -> Self {
        Self::open("127.0.0.1:0", vec![of.to_owned()]).await
    }

    async fn open(address: &str, all: Vec<String>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            http: browser(),
            ready: Mutex::new(all.clone()),
            all,
            next: AtomicUsize::new(0),
            carried: Mutex::default(),
        });
        let router = Router::new().fallback(carry).with_state(Arc::clone(&shared));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared, serving }
    }

    pub(super) fn carried(&self) -> String {
        String::from_utf8_lossy(&self.shared.carried.lock().unwrap()).into_owned()
    }
}

async fn carry(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let Some(to) = shared.choose() else {
        return (StatusCode::BAD_GATEWAY, "nobody is ready").into_response();
    };
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let mut headers = parts.headers;
    headers.remove("host");
    let asked = shared.http.request(parts.method, format!("{to}{path}"));
    let answer = match asked.headers(headers).body(body).send().await {
        Ok(answer) => answer,
        Err(error) => {
            return (StatusCode::BAD_GATEWAY, format!("{to}{path}: {error:?}")).into_response();
        }
    };
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    let Ok(body) = answer.bytes().await else {
        return (StatusCode::BAD_GATEWAY, "the answer ends early").into_response();
    };
    shared.carried.lock().unwrap().extend_from_slice(&body);
    headers.remove("transfer-encoding");
    headers.remove("content-length");
    (status, headers, Body::from(body)).into_response()
}

impl Shared {
    fn choose(&self) -> Option<String> {
        let ready = self.ready.lock().unwrap();
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        (!ready.is_empty()).then(|| ready[turn % ready.len()].clone())
    }
}

/// An address in front of a database. Moving it ends all connections.
pub(super) struct Address {
    pub(super) port: u16,
    to: watch::Sender<u16>,
    _carrying: JoinSet<()>,
}

impl Address {
    pub(super) async fn of(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap().port();
        let to = watch::Sender::new(port);
        let mut moved = to.subscribe();
        let mut carrying = JoinSet::new();
        carrying.spawn(async move {
            let mut sessions = JoinSet::new();
            loop {
                tokio::select! {
                    _ = moved.changed() => sessions.abort_all(),
                    client = listener.accept() => {
                        let (mut client, port) = (client.unwrap().0, *moved.borrow());
                        sessions.spawn(async move {
                            let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else {
                                return;
                            };
                            drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
                        });
                    }
                }
            }
        });
        Self { port: at, to, _carrying: carrying }
    }

    pub(super) fn move_to(&self, port: u16) {
        self.to.send_replace(port);
    }
}
