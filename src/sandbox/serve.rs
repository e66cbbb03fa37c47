//! Serves the sandbox on its listeners, and can hang up on a caller.
//!
//! `axum::serve` always sends an answer. Here a service error closes the connection before a
//! status line is written, which is what a caller sees when a server dies.

use std::net::IpAddr;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::Sandbox;
use super::suffer::Severed;

/// How long a caller may take over the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
#[error("the sandbox hangs up, as it was told to")]
struct HangUp;

/// Where a caller calls from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// Marks a request that came over TLS.
#[derive(Debug, Clone, Copy)]
pub(super) struct Secured;

/// Where the sandbox listens.
pub struct Hosts {
    /// The API, and the service domain too where that has no listener of its own.
    pub api: TcpListener,
    pub service_domain: Option<TcpListener>,
    /// Plain HTTP when absent.
    pub tls: Option<TlsAcceptor>,
}

/// Serves everything on one listener until `stop` is done.
pub async fn serve(
    sandbox: Sandbox,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let hosts = Hosts { api: listener, service_domain: None, tls: None };
    serve_hosts(sandbox, hosts, stop).await
}

/// Serves until `stop` is done. Connections still open then are closed, held calls unanswered.
pub async fn serve_hosts(
    sandbox: Sandbox,
    hosts: Hosts,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let Hosts { api, service_domain, tls } = hosts;
    let pages = service_domain.as_ref().unwrap_or(&api);
    sandbox.0.own_door.is(if tls.is_none() { Some(pages.local_addr()?) } else { None });
    let mut doors = JoinSet::new();
    match service_domain {
        None => {
            doors.spawn(keep_open(sandbox.router(), api, tls));
        }
        Some(listener) => {
            doors.spawn(keep_open(sandbox.api_router(), api, tls.clone()));
            doors.spawn(keep_open(sandbox.service_domain_router(), listener, tls));
        }
    }
    doors.spawn(let_runs_happen(sandbox));
    stop.await;
    doors.shutdown().await;
    Ok(())
}

/// Runs of cycles happen when somebody looks; so somebody does.
async fn let_runs_happen(sandbox: Sandbox) {
    loop {
        sleep(Duration::from_secs(1)).await;
        sandbox.run_what_is_due();
    }
}

/// Its connections end with it.
async fn keep_open(router: axum::Router, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let router = if tls.is_some() { router.layer(Extension(Secured)) } else { router };
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, address)) => {
                    let peer = Peer(address.ip().to_canonical());
                    connections.spawn(welcome(router.clone(), socket, tls.clone(), peer));
                }
                // Out of file descriptors, or the caller has gone: others may still come.
                Err(error) => {
                    tracing::warn!(%error, "the sandbox could not accept a connection");
                    sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn welcome(router: axum::Router, socket: TcpStream, tls: Option<TlsAcceptor>, peer: Peer) {
    // Small answers go out at once; a delay here would be measured as Cyclr's.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "the sandbox could not set TCP_NODELAY");
    }
    let Some(tls) = tls else { return converse(router, socket, peer).await };
    match timeout(HANDSHAKE, tls.accept(socket)).await {
        Ok(Ok(secured)) => converse(router, secured, peer).await,
        Ok(Err(error)) => tracing::debug!(%error, "a caller of the sandbox speaks no TLS"),
        Err(_) => tracing::debug!("a caller of the sandbox took too long over TLS"),
    }
}

async fn converse(
    router: axum::Router,
    socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
) {
    let service = service_fn(move |request| answer(router.clone(), request, peer));
    let mut http = http1::Builder::new();
    let connection = http.timer(TokioTimer::new()).serve_connection(TokioIo::new(socket), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection to the sandbox ended early");
    }
}

async fn answer(
    router: axum::Router,
    mut request: Request<Incoming>,
    peer: Peer,
) -> Result<Response, HangUp> {
    request.extensions_mut().insert(peer);
    let Ok(response) = router.oneshot(request.map(Body::new)).await;
    match response.extensions().get::<Severed>() {
        Some(Severed) => Err(HangUp),
        None => Ok(response),
    }
}
