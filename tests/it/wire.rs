//! A wire between the store and Postgres that can be cut, frozen, and made to lose or hold back
//! single messages. What the server did meanwhile stays done.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use gangway::clock::Clock;
use gangway::store::Store;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use url::Url;

use crate::database::TestDb;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Pass,
    /// All sessions end, new ones at once.
    Cut,
    /// Nothing comes through, nothing ends.
    Frozen,
    /// All sessions end, and new ones are told that there are too many.
    Full,
}

pub(crate) struct Wire {
    address: SocketAddr,
    state: Arc<State>,
    _carrying: JoinSet<()>,
}

struct State {
    mode: watch::Sender<Mode>,
    /// Once a message with these words has come through, its answer is lost and the session ends.
    loses: Mutex<Option<&'static str>>,
    /// A message with these words is held back until it is let go; the client gets no answer.
    holds: Mutex<Option<&'static str>>,
    let_go: watch::Sender<bool>,
}

impl Wire {
    pub(crate) async fn to(database: &TestDb) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            mode: watch::Sender::new(Mode::Pass),
            loses: Mutex::default(),
            holds: Mutex::default(),
            let_go: watch::Sender::new(false),
        });
        let (shared, url) = (Arc::clone(&state), Url::parse(&database.url()).unwrap());
        let mut carrying = JoinSet::new();
        carrying.spawn(async move {
            let mut sessions = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                sessions.spawn(carry(client, url.clone(), Arc::clone(&shared)));
            }
        });
        Self { address, state, _carrying: carrying }
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.state.mode.send_replace(mode);
    }

    pub(crate) fn lose_answer_to(&self, words: &'static str) {
        *self.state.loses.lock().unwrap() = Some(words);
    }

    /// Whether the answer that was to be lost is lost.
    pub(crate) fn has_struck(&self) -> bool {
        self.state.loses.lock().unwrap().is_none() && self.state.holds.lock().unwrap().is_none()
    }

    pub(crate) fn hold_back(&self, words: &'static str) {
        *self.state.holds.lock().unwrap() = Some(words);
    }

    pub(crate) fn let_go(&self) {
        self.state.let_go.send_replace(true);
    }

    /// A store at the far end, as `app::connect` makes one.
    pub(crate) async fn store(&self, database: &TestDb, clock: &Clock) -> Store {
        let options = database.options();
        let name = options.get_database().unwrap().to_owned();
        let url = Url::parse(&database.url()).unwrap();
        let options = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.address.port())
            .username(url.username())
            .password(url.password().unwrap_or_default())
            .database(&name);
        let pool = PgPoolOptions::new()
            .max_connections(8)
            .acquire_timeout(std::time::Duration::from_secs(5));
        Store::open(pool, options, clock.clone()).await.unwrap()
    }
}

async fn carry(client: TcpStream, url: Url, state: Arc<State>) {
    let mut mode = state.mode.subscribe();
    let now = *mode.borrow_and_update();
    match now {
        Mode::Cut => return,
        Mode::Full => return refuse(client).await,
        Mode::Pass | Mode::Frozen => {}
    }
    let host =
        url.query_pairs().find(|(name, _)| name == "host").map(|(_, path)| path.into_owned());
    let port = url.port().unwrap_or(5432);
    let pumping = async {
        if let Some(folder) = host {
            let server = UnixStream::connect(format!("{folder}/.s.PGSQL.{port}")).await.unwrap();
            let (reading, writing) = server.into_split();
            pump(client, reading, writing, &state).await;
        } else {
            let server = TcpStream::connect((url.host_str().unwrap(), port)).await.unwrap();
            let (reading, writing) = server.into_split();
            pump(client, reading, writing, &state).await;
        }
    };
    let cut = async {
        drop(mode.wait_for(|mode| matches!(mode, Mode::Cut | Mode::Full)).await);
    };
    tokio::select! {
        () = pumping => {}
        () = cut => {}
    }
}

/// What Postgres says when `max_connections` is reached.
async fn refuse(mut client: TcpStream) {
    const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
    let mut first = vec![0; 1024];
    let Ok(length) = client.read(&mut first).await else { return };
    if first[..length] == SSL_REQUEST {
        drop(client.write_all(b"N").await);
        drop(client.read(&mut first).await);
    }
    let words = b"SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0";
    let length = u32::try_from(words.len() + 4).unwrap().to_be_bytes();
    drop(client.write_all(&[&b"E"[..], &length, words].concat()).await);
    drop(client.shutdown().await);
}

async fn pump(
    client: TcpStream,
    mut from_server: impl AsyncRead + Unpin,
    mut to_server: impl AsyncWrite + Unpin,
    state: &State,
) {
    let (mut from_client, mut to_client) = client.into_split();
    let (struck, mut lost) = watch::channel(false);
    let up = async {
        let mut bytes = vec![0; 1 << 20];
        loop {
            let Ok(count @ 1..) = from_client.read(&mut bytes).await else { return };
            thaw(state).await;
            if takes(&state.holds, &bytes[..count]) {
                drop(state.let_go.subscribe().wait_for(|go| *go).await);
            }
            if takes(&state.loses, &bytes[..count]) {
                struck.send_replace(true);
            }
            if to_server.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    };
    let down = async {
        let mut bytes = vec![0; 1 << 16];
        loop {
            let Ok(count @ 1..) = from_server.read(&mut bytes).await else { return };
            thaw(state).await;
            // The server has answered, so it is done.
            if *lost.borrow_and_update() || to_client.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    };
    // The client's going is told to the server only once all that it sent has come through.
    tokio::select! {
        () = pin!(up) => {}
        () = pin!(down) => {}
    }
}

async fn thaw(state: &State) {
    drop(state.mode.subscribe().wait_for(|mode| *mode != Mode::Frozen).await);
}

/// Whether these bytes hold the words; only the first that do are taken.
fn takes(words: &Mutex<Option<&'static str>>, bytes: &[u8]) -> bool {
    let mut words = words.lock().unwrap();
    let found = words.is_some_and(|text| bytes.windows(text.len()).any(|at| at == text.as_bytes()));
    if found {
        *words = None;
    }
    found
}
