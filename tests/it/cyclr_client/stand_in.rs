//! A pretend API host that plays what a test tells it to. It knows nothing of Cyclr.

use std::convert::Infallible;
use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use chrono::{DateTime, Utc};
use futures_util::stream;
use gangway::clock::Clock;
use gangway::cyclr::{Account, CallLog, Client, Partner, PressureSettings, Settings};
use gangway::ids::AccountId;
use gangway::secret::Secret;
use serde_json::json;
use tokio::task::JoinSet;
use url::Url;

pub(crate) const CLIENT_SECRET: &str = "canary-client-secret";

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) account: Option<String>,
    pub(crate) bearer: String,
    pub(crate) body: String,
}

/// What to answer.
pub(crate) enum Play {
    Say(u16, String),
    With(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// The headers, then one byte at a time.
    Drip,
    /// The headers, then bytes without end.
    Endless,
    /// The headers and a piece, then the connection is cut.
    Break(String),
    /// Nothing, for longer than anybody waits.
    Stall,
    After(Duration, Box<Play>),
}

type Script = Arc<dyn Fn(&Heard) -> Play + Send + Sync>;

pub(crate) struct StandIn {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    _tasks: JoinSet<()>,
}

#[derive(Clone)]
struct Stage {
    script: Script,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl StandIn {
    /// Answers every request by `script`, the token request included.
    pub(crate) async fn scripted(script: impl Fn(&Heard) -> Play + Send + Sync + 'static) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let stage = Stage { script: Arc::new(script), heard: Arc::clone(&heard) };
        let router = Router::new().fallback(perform).with_state(stage);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, heard, _tasks: tasks }
    }

    /// Gives out the token `token-1`, `token-2`, … and answers the rest by `script`.
    pub(crate) async fn answering(script: impl Fn(&Heard) -> Play + Send + Sync + 'static) -> Self {
        let issued = Mutex::new(0);
        Self::scripted(move |heard| {
            if heard.path != "/oauth/token" {
                return script(heard);
            }
            let mut issued = issued.lock().unwrap();
            *issued += 1;
            say(
                200,
                json!({"token_type": "bearer", "access_token": format!("token-{issued}"),
                       "expires_in": 1_209_599, "clientId": "x", ".refresh": "False"}),
            )
        })
        .await
    }

    pub(crate) async fn saying(status: u16, body: impl Into<String>) -> Self {
        let body = body.into();
        Self::answering(move |_| Play::Say(status, body.clone())).await
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// Method, path and query of all but the token requests.
    pub(crate) fn calls(&self) -> Vec<String> {
        let heard = self.heard().into_iter();
        let calls = heard.filter(|heard| heard.path != "/oauth/token");
        calls.map(|heard| format!("{} {}", heard.method, heard.path)).collect()
    }

    pub(crate) fn tokens_asked(&self) -> usize {
        self.heard().len() - self.calls().len()
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(settings(self.address), clock()).unwrap()
    }

    pub(crate) fn account(&self) -> Account {
        self.client().in_account(&acme(), &CallLog::default())
    }

    pub(crate) fn partner(&self) -> Partner {
        self.client().partner(&CallLog::default())
    }
}

pub(crate) fn say(status: u16, body: impl Display) -> Play {
    Play::Say(status, format!("{body}"))
}

pub(crate) fn settings(address: SocketAddr) -> Settings {
    Settings {
        api_base: Url::parse(&format!("http://{address}")).unwrap(),
        service_domain: Url::parse("https://acme-h.cyclr.com").unwrap(),
        client_id: "client".to_owned(),
        client_secret: Secret::from(CLIENT_SECRET),
        other_client_secret: None,
        call_deadline: Duration::from_secs(5),
        connect_deadline: Duration::from_secs(1),
        body_limit: 64 * 1024,
        calls_at_once: 32,
        pressure: PressureSettings::default(),
        plain_http: false,
    }
}

pub(crate) fn clock() -> Clock {
    Clock::stopped_at(date("2026-01-02T03:04:05Z"))
}

pub(crate) fn date(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn acme() -> AccountId {
    AccountId::parse("acme-42").unwrap()
}

async fn perform(State(stage): State<Stage>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let header = |name: &str| Some(parts.headers.get(name)?.to_str().unwrap().to_owned());
    let heard = Heard {
        method: parts.method.to_string(),
        path: parts.uri.path_and_query().unwrap().to_string(),
        account: header("x-cyclr-account"),
        bearer: header("authorization").unwrap_or_default(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let mut play = (stage.script)(&heard);
    stage.heard.lock().unwrap().push(heard);
    while let Play::After(delay, next) = play {
        tokio::time::sleep(delay).await;
        play = *next;
    }
    answer(play).await
}

async fn answer(play: Play) -> Response<Body> {
    match play {
        Play::Say(status, body) => respond(status, Body::from(body)),
        Play::With(status, headers, body) => {
            let mut response = respond(status, Body::from(body));
            for (name, value) in headers {
                response.headers_mut().append(name, value.parse().unwrap());
            }
            response
        }
        Play::Drip => respond(200, endless(1, Duration::from_millis(20))),
        Play::Endless => respond(200, endless(16 * 1024, Duration::ZERO)),
        Play::Break(piece) => {
            // The pause lets the headers out before the cut.
            let pieces = stream::unfold(Some(piece), |piece| async move {
                if piece.is_none() {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Some((piece.ok_or("cut"), None))
            });
            respond(200, Body::from_stream(pieces))
        }
        Play::Stall | Play::After(..) => {
            tokio::time::sleep(Duration::from_mins(1)).await;
            respond(200, Body::empty())
        }
    }
}

fn endless(size: usize, pause: Duration) -> Body {
    Body::from_stream(stream::unfold((), move |()| async move {
        tokio::time::sleep(pause).await;
        Some((Ok::<_, Infallible>(vec![b' '; size]), ()))
    }))
}

fn respond(status: u16, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}
