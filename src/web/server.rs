//! How connections are taken: nobody is slow for ever, and nobody sends more of a head than a request needs.
//!
//! A head has its own short time from its first byte on, apart from how long an idle connection is kept: that
//! one must outlast the patience of the proxy in front, which would send a request into a closed connection
//! otherwise.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::paced::{Paced, Turn};

/// Most headers of a request. Browsers send about twenty, proxies add some.
const MOST_HEADERS: usize = 100;
/// Longest head of a request, in bytes: line and headers.
const LONGEST_HEAD: usize = 32 * 1024;
/// Most that is read ahead of what has been taken, in bytes, for each connection.
const MOST_BUFFERED: usize = 64 * 1024;
/// How long to wait when no connection can be taken, for instance without file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// How patient a listener is with those who connect.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// From the first byte of a request to the end of its headers.
    pub head: Duration,
    /// How long a connection is kept on which nothing is asked.
    pub idle: Duration,
    /// How long nothing of an answer may be taken.
    pub stall: Duration,
    /// Most connections at once. Those beyond wait with the system until there is room.
    pub connections: usize,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            // Load balancers keep theirs for a minute.
            idle: Duration::from_secs(75),
            stall: Duration::from_secs(30),
            connections: 30_000,
        }
    }
}

/// Serves until `stop`, and from then on until every answer that is under way has been taken.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ServerLimits,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        // It is never closed.
        let Ok(place) = place else { break };
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((socket, peer)) => {
                    let visitor = Visitor { peer, limits, stop: stop.clone(), _place: place };
                    connections.spawn(visitor.converse(router.clone(), socket));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken; trying on");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// One connection, as long as it lasts.
struct Visitor {
    peer: SocketAddr,
    limits: ServerLimits,
    stop: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Visitor {
    async fn converse(self, router: Router, socket: TcpStream) {
        // Small answers go out at once.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let turn = Turn::default();
        let paced = Paced::new(socket, turn.clone(), self.limits.head, self.limits.stall);
        let peer = ConnectInfo(self.peer);
        let service =
            service_fn(move |request| answer(router.clone(), request, peer, turn.clone()));
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(self.limits.idle)
            .max_headers(MOST_HEADERS)
            .max_header_size(LONGEST_HEAD)
            .max_buf_size(MOST_BUFFERED);
        let mut connection = pin!(http.serve_connection(TokioIo::new(paced), service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

async fn answer(
    router: Router,
    request: Request<Incoming>,
    peer: ConnectInfo<SocketAddr>,
    turn: Turn,
) -> Result<Response, Infallible> {
    // The head is here; from now on the doors say how long anything may take.
    turn.passes();
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(peer);
    let answer = router.oneshot(request).await;
    turn.passes();
    answer
}
