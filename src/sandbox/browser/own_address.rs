//! Under which address the browser reaches the sandbox.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use url::Url;

use super::super::Sandbox;
use super::super::request::Refusal;
use super::super::serve::Secured;

/// The service domain as this request's browser sees it.
#[derive(Debug, Clone)]
pub(in super::super) struct OwnAddress(Url);

impl OwnAddress {
    pub(in super::super) fn at(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(path);
        url
    }
}

impl FromRequestParts<Sandbox> for OwnAddress {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, sandbox: &Sandbox) -> Result<Self, Refusal> {
        let known = sandbox.0.service_domain.as_ref();
        let secured = parts.extensions.get::<Secured>().is_some();
        let scheme = if secured { "https" } else { "http" };
        let found = known.cloned().or_else(|| said_by(&parts.headers, scheme));
        found.map(Self).ok_or_else(|| Refusal::bad("The Host header names no address."))
    }
}

/// Only a browser's own request is answered with it, so a forged one misleads nobody else.
fn said_by(headers: &HeaderMap, scheme: &str) -> Option<Url> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let plain = |sign: char| sign.is_ascii_alphanumeric() || ".-:[]_".contains(sign);
    if !host.chars().all(plain) {
        return None;
    }
    Url::parse(&format!("{scheme}://{host}/")).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_a_host_and_a_port_make_an_address() {
        let address = |host: &'static str| {
            let headers = [(header::HOST, HeaderValue::from_static(host))].into_iter().collect();
            said_by(&headers, "http").map(String::from)
        };
        assert_eq!(address("127.0.0.1:7080").unwrap(), "http://127.0.0.1:7080/");
        assert_eq!(address("[::1]:7080").unwrap(), "http://[::1]:7080/");
        for bad in ["", "a/b", "a@b", "a?b", "a#b", "a b", "a\\b", "a:port"] {
            assert_eq!(address(bad), None, "{bad}");
        }
    }
}
