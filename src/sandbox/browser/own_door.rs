//! Where the sandbox reaches itself, to exchange a code at its own provider.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use url::Url;

/// The listener of the pages, once it is served over plain HTTP.
///
/// Not the address that the browser uses: behind a mapped port or a proxy the sandbox could not
/// call that, and a forged `Host` would choose where it calls.
#[derive(Debug, Default)]
pub(in super::super) struct OwnDoor(Mutex<Option<SocketAddr>>);

impl OwnDoor {
    /// `None` where there is no plain HTTP: nobody may trust the certificate that is served.
    pub(in super::super) fn is(&self, address: Option<SocketAddr>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    pub(super) fn at(&self, path: &str) -> Option<Url> {
        let address = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        let address = SocketAddr::new(reachable(address.ip()), address.port());
        Url::parse(&format!("http://{address}{path}")).ok()
    }
}

/// A listener on all addresses is reached on this machine's own.
fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V4(_) | IpAddr::V6(_) => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_all_addresses_is_called_on_loopback() {
        let at = |address: &str| {
            let door = OwnDoor::default();
            door.is(Some(address.parse().unwrap()));
            String::from(door.at("/x").unwrap())
        };
        assert_eq!(at("0.0.0.0:4002"), "http://127.0.0.1:4002/x");
        assert_eq!(at("[::]:4002"), "http://[::1]:4002/x");
        assert_eq!(at("192.0.2.1:80"), "http://192.0.2.1/x");
        assert!(OwnDoor::default().at("/x").is_none());
    }
}
