//! What is configured about the provider.

use url::{Host, Url};

use crate::secret::Secret;

#[derive(Debug, Clone)]
pub struct Settings {
    /// As the provider spells it: its tokens name it letter by letter.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Secret,
    pub scopes: Vec<String>,
    /// The claim that holds somebody's groups.
    pub groups_claim: String,
    /// Groups whose people look.
    pub viewers: Vec<String>,
    /// Groups whose people repair.
    pub operators: Vec<String>,
    /// Groups whose people see to staff.
    pub admins: Vec<String>,
    /// What stands on the button.
    pub word: String,
}

/// Whether secrets and proofs may go there: over TLS, or to this machine itself.
pub fn is_safe_address(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => is_loopback(url),
        _ => false,
    }
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        for (address, safe) in [
            ("https://id.example.com", true),
            ("http://127.0.0.1:9000", true),
            ("http://[::1]:9000", true),
            ("http://localhost/realms/a", true),
            ("http://id.example.com", false),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(is_safe_address(&Url::parse(address).unwrap()), safe, "{address}");
        }
    }
}
