//! What the client is told at start, and what it refuses to start with.

use std::time::Duration;

use url::{Host, Url};

use super::pressure::PressureSettings;
use crate::secret::{ExposeSecret, Secret};

/// Where Cyclr is and how patient to be with it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The API's host, such as `https://api.cyclr.com`. Not derivable from the service domain.
    pub api_base: Url,
    /// The host that tenants' browsers see, such as `https://acme-h.cyclr.com`.
    pub service_domain: Url,
    pub client_id: String,
    pub client_secret: Secret,
    /// Tried where the first is refused, while one takes over from the other.
    pub other_client_secret: Option<Secret>,
    /// Total time of one call: slot, token, sending, and reading to the last byte.
    pub call_deadline: Duration,
    /// Time to reach the host, TLS included. Never more than the call's deadline in effect.
    pub connect_deadline: Duration,
    /// The longest reply that is read, in bytes after decompression.
    pub body_limit: usize,
    /// Most requests under way at once, per process and host.
    pub calls_at_once: usize,
    pub pressure: PressureSettings,
    /// Allows plain http beyond loopback. For a sandbox in a private network; never for Cyclr.
    pub plain_http: bool,
}

/// Why a client cannot be made. Names the setting, never its value.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("{setting} must start with https:// (http:// is for loopback addresses only)")]
    Insecure { setting: &'static str },
    #[error("{setting} must be scheme, host and port, without user name, query or fragment")]
    NotAnAddress { setting: &'static str },
    #[error("{setting} must not be empty or zero")]
    Empty { setting: &'static str },
    #[error("the HTTPS client could not be made; are the system's root certificates installed?")]
    Tls(#[source] reqwest::Error),
}

impl Settings {
    pub(super) fn check(&self) -> Result<(), SetupError> {
        check_address("api_base", &self.api_base, self.plain_http)?;
        check_address("service_domain", &self.service_domain, self.plain_http)?;
        let empty = [
            ("client_id", self.client_id.is_empty()),
            ("client_secret", self.client_secret.expose_secret().is_empty()),
            ("call_deadline", self.call_deadline.is_zero()),
            ("connect_deadline", self.connect_deadline.is_zero()),
            ("body_limit", self.body_limit == 0),
            ("calls_at_once", self.calls_at_once == 0),
        ];
        match empty.iter().find(|(_, is_empty)| *is_empty) {
            Some((setting, _)) => Err(SetupError::Empty { setting }),
            None => Ok(()),
        }
    }
}

fn check_address(setting: &'static str, url: &Url, plain_http: bool) -> Result<(), SetupError> {
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if url.cannot_be_a_base() || !plain {
        return Err(SetupError::NotAnAddress { setting });
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if plain_http || is_loopback(url) => Ok(()),
        _ => Err(SetupError::Insecure { setting }),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}
