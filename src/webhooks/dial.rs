//! Whether an endpoint could be reached from here, without sending it anything.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Host;

use super::address::{LookUpError, PublicOnly};
use super::{Refusal, check_address};

/// How long looking up and connecting may take, each.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why nothing was reached.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// Our own policy says no.
    #[error("the address {0}")]
    Refused(#[from] Refusal),
    #[error("its name cannot be looked up")]
    Unknown,
    #[error("no connection was made within five seconds")]
    TimedOut,
    #[error("no connection: {0}")]
    NoConnection(#[source] std::io::Error),
}

/// Connects to where a message to this address would go, and hangs up. Gives whom it reached.
pub async fn dial(address: &str, insecure: bool) -> Result<SocketAddr, DialError> {
    let url = check_address(address, insecure)?;
    let port = url.port_or_known_default().unwrap_or(443);
    let places = match url.host() {
        Some(Host::Ipv4(ip)) => vec![SocketAddr::new(ip.into(), port)],
        Some(Host::Ipv6(ip)) => vec![SocketAddr::new(ip.into(), port)],
        Some(Host::Domain(name)) => look_up(name, port, insecure).await?,
        None => return Err(Refusal::Host.into()),
    };
    match timeout(PATIENCE, TcpStream::connect(&places[..])).await {
        Ok(Ok(connection)) => connection.peer_addr().map_err(DialError::NoConnection),
        Ok(Err(error)) => Err(DialError::NoConnection(error)),
        Err(_) => Err(DialError::TimedOut),
    }
}

async fn look_up(name: &str, port: u16, insecure: bool) -> Result<Vec<SocketAddr>, DialError> {
    let found = timeout(PATIENCE, PublicOnly { insecure }.look_up(name)).await;
    match found {
        Ok(Ok(found)) => Ok(found.iter().map(|at| SocketAddr::new(at.ip(), port)).collect()),
        Ok(Err(LookUpError::Refused(refusal))) => Err(refusal.into()),
        Ok(Err(LookUpError::Failed(_))) => Err(DialError::Unknown),
        Err(_) => Err(DialError::TimedOut),
    }
}
