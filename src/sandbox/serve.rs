//! Serves the sandbox on a listener, and can hang up on a caller.
//!
//! `axum::serve` always sends an answer. Here a service error closes the connection before a
//! status line is written, which is what a caller sees when a server dies.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::Sandbox;
use super::hear::Severed;

#[derive(Debug, thiserror::Error)]
#[error("the sandbox hangs up, as it was told to")]
struct HangUp;

/// Where a caller calls from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// Serves until `stop` is done. Connections still open then are closed, held calls unanswered.
pub async fn serve(
    sandbox: Sandbox,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let router = sandbox.router();
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((socket, address)) => {
                    let peer = Peer(address.ip().to_canonical());
                    connections.spawn(converse(router.clone(), socket, peer));
                }
                // Out of file descriptors, or the caller has gone: others may still come.
                Err(error) => {
                    tracing::warn!(%error, "the sandbox could not accept a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    connections.shutdown().await;
    Ok(())
}

async fn converse(router: axum::Router, socket: TcpStream, peer: Peer) {
    // Small answers go out at once; a delay here would be measured as Cyclr's.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "the sandbox could not set TCP_NODELAY");
    }
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
