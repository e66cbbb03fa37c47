//! Clients that are slow, greedy or malformed, on real connections: each is turned away, and others are served.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use futures_util::stream;
use gangway::app::App;
use gangway::secret::ExposeSecret as _;
use gangway::web::{self, ServerLimits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::hosted::Site;

/// Long enough for this machine on a bad day, short enough to wait for.
const LIMITS: ServerLimits = ServerLimits {
    head: Duration::from_millis(300),
    idle: Duration::from_millis(600),
    stall: Duration::from_millis(300),
    connections: 100,
};

struct Listening {
    address: std::net::SocketAddr,
    stop: CancellationToken,
    serving: JoinSet<()>,
}

impl Listening {
    async fn with(router: Router, limits: ServerLimits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let serving = JoinSet::from_iter([web::serve(listener, router, limits, stop.clone())]);
        Self { address, stop, serving }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Everything that comes of what is sent, until the other side closes.
    async fn send(&self, text: &str) -> String {
        let mut socket = self.connect().await;
        // It may have been closed before all was sent.
        drop(socket.write_all(text.as_bytes()).await);
        rest(&mut socket).await
    }

    async fn is_fine(&self) {
        let said = self.send("GET /livez HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
        assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    }
}

async fn rest(socket: &mut TcpStream) -> String {
    let mut said = Vec::new();
    // A reset is a close as well.
    drop(socket.read_to_end(&mut said).await);
    String::from_utf8_lossy(&said).into_owned()
}

/// Pieces of a long answer, and how long each is.
const PIECES: usize = 4096;
const PIECE: usize = 64 * 1024;

fn small() -> Router {
    let pieces = || (0..PIECES).map(|_| Ok::<_, std::io::Error>(vec![b'x'; PIECE]));
    Router::new()
        .route("/livez", get(async || "alive"))
        .route("/endless", get(async move || Body::from_stream(stream::iter(pieces()))))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_comes_byte_by_byte_is_hung_up_on_and_others_are_served() {
    let listening = Listening::with(small(), LIMITS).await;
    let mut slow = listening.connect().await;
    let mut beat = tokio::time::interval(Duration::from_millis(20));
    let mut sent = 0;
    // A byte at a time keeps an idle limit away, but not the head's.
    while slow.write_all(b"G").await.is_ok() {
        sent += 1;
        assert!(sent < 500, "nobody hangs up");
        beat.tick().await;
        if sent == 5 {
            listening.is_fine().await;
        }
    }
    assert_eq!(rest(&mut slow).await, "");
    listening.is_fine().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_and_answers_that_nobody_takes_end() {
    let listening = Listening::with(small(), LIMITS).await;
    // Waits for the end that must come.
    assert_eq!(rest(&mut listening.connect().await).await, "");
    let mut greedy = listening.connect().await;
    greedy.write_all(b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    tokio::time::sleep(LIMITS.stall * 3).await;
    let taken = rest(&mut greedy).await.len();
    assert!(taken < PIECES * PIECE, "all of it came, so nobody hung up");
    listening.is_fine().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_slower_than_idle_after_an_answer_is_not_cut() {
    let listening = Listening::with(small(), LIMITS).await;
    let mut socket = listening.connect().await;
    let mut buffer = vec![0; 1024];
    for _ in 0..4 {
        socket.write_all(b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        let read = socket.read(&mut buffer).await.unwrap();
        assert!(buffer[..read].starts_with(b"HTTP/1.1 200"), "{read}");
        // Longer than a head may take: that time does not run between two requests.
        tokio::time::sleep(LIMITS.head + Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_or_malformed_is_refused_on_the_wire() {
    let site = Site::open().await;
    let (_, key) = site.house.store.create_api_key("wire").await.unwrap();
    let listening = Listening::with(App::router(&site.state), LIMITS).await;
    let many = "x-more: 1\r\n".repeat(101);
    let long = format!("x-long: {}\r\n", "a".repeat(40 * 1024));
    let bearer = format!("authorization: Bearer {}\r\n", key.expose_secret());
    let json = format!("{bearer}content-type: application/json\r\n");
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let body = "x".repeat(300 * 1024);
    for (line, headers, body, status) in [
        ("GET /livez", "", "", 200),
        ("GET /livez", &*many, "", 431),
        ("GET /livez", &*long, "", 431),
        ("POST /v1/onboardings", &*json, &*body, 413),
        ("POST /console/sign-in", form, &*body, 413),
        ("GET /livez", "content-length: 1\r\ncontent-length: 2\r\n", "x", 400),
        ("GET /livez", "content-length: -1\r\n", "", 400),
        ("GET /livez", "transfer-encoding: gzip\r\n", "", 400),
        ("GET /li\u{1}vez", "", "", 400),
    ] {
        let length = format!("content-length: {}\r\n", body.len());
        let length =
            if headers.contains("content-length") || body.is_empty() { "" } else { &length };
        let head =
            format!("{line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}{length}\r\n");
        let said = listening.send(&format!("{head}{body}")).await;
        let expected = format!("HTTP/1.1 {status} ");
        assert!(
            said.starts_with(&expected),
            "{line} {status}: {}",
            said.lines().next().unwrap_or("nothing")
        );
        if status == 413 && line.contains("/v1/") {
            assert!(
                said.contains("application/problem+json") && said.contains("too_large"),
                "{said}"
            );
        }
    }
    listening.is_fine().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_connections_are_taken_than_there_are_places() {
    let limits = ServerLimits { connections: 1, idle: Duration::from_mins(1), ..LIMITS };
    let listening = Listening::with(small(), limits).await;
    let mut first = listening.connect().await;
    let ask = b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n";
    first.write_all(ask).await.unwrap();
    let mut buffer = vec![0; 1024];
    assert!(first.read(&mut buffer).await.unwrap() > 0);
    let mut second = listening.connect().await;
    second.write_all(ask).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(200), second.read(&mut buffer)).await;
    assert!(early.is_err(), "the second one has to wait");
    drop(first);
    assert!(second.read(&mut buffer).await.unwrap() > 0, "until there is room");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_to_stop_ends_idle_connections_and_lets_answers_be_taken() {
    let limits =
        ServerLimits { idle: Duration::from_mins(1), stall: Duration::from_mins(1), ..LIMITS };
    let mut listening = Listening::with(small(), limits).await;
    let mut idle = listening.connect().await;
    idle.write_all(b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut buffer = vec![0; 1024];
    assert!(idle.read(&mut buffer).await.unwrap() > 0);
    let mut busy = listening.connect().await;
    busy.write_all(b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert!(busy.read(&mut buffer).await.unwrap() > 0);
    listening.stop.cancel();
    assert_eq!(rest(&mut idle).await, "");
    assert!(rest(&mut busy).await.len() > (PIECES - 1) * PIECE, "all of the answer came");
    listening.serving.join_next().await.unwrap().unwrap();
    assert!(TcpStream::connect(listening.address).await.is_err());
}
