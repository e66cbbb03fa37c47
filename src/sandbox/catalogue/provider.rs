//! A connector's OAuth 2 provider, where it is not the built-in pretend one.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

/// A real OAuth 2 provider in the place of the built-in one, as `provider` of a connector:
///
/// ```json
/// {
///   "id": 2101, "name": "Harbour CRM", "auth_type": "OAuth2", "oauth2_type": "AuthorisationCode",
///   "provider": {
///     "authorize_url": "https://login.crm.example/authorize",
///     "token_url": "https://login.crm.example/token",
///     "client_id": "…",
///     "client_secret": "…",
///     "scopes": ["contacts.read", "offline_access"]
///   }
/// }
/// ```
///
/// At the provider, `https://{service domain}/connector/callback` has to be registered as the
/// address to return to. An account's own client takes precedence: properties that are named
/// exactly `ClientId` and `ClientSecret`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuthProvider {
    /// Where people are asked. A query that it has already is kept, for what a provider wants
    /// besides (`prompt=consent`).
    pub authorize_url: Url,
    /// Where codes become tokens. It is called by the sandbox itself and no redirect is followed.
    pub token_url: Url,
    pub client_id: String,
    /// Absent for a client without a secret.
    #[serde(default)]
    pub client_secret: String,
    /// Asked for together, divided by spaces; none means that the provider decides.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Whether a code challenge (RFC 7636, method S256) is sent.
    #[serde(default = "yes")]
    pub pkce: bool,
    #[serde(default)]
    pub client_auth: ClientAuth,
}

/// How Cyclr tells its client secret at the token endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// As `client_id` and `client_secret` in the form.
    #[default]
    Body,
    /// In an `Authorization: Basic` header.
    Basic,
}

fn yes() -> bool {
    true
}

impl fmt::Debug for OAuthProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthProvider")
            .field("authorize_url", &self.authorize_url.as_str())
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

impl OAuthProvider {
    /// What a browser or the sandbox could not follow.
    pub(super) fn mistakes(&self) -> impl Iterator<Item = &'static str> {
        let web = |url: &Url| matches!(url.scheme(), "http" | "https");
        let found = [
            (!web(&self.authorize_url), "an authorize_url that is no http or https address"),
            (!web(&self.token_url), "a token_url that is no http or https address"),
            (self.client_id.is_empty(), "no client_id"),
        ];
        found.into_iter().filter_map(|(wrong, what)| wrong.then_some(what))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_followed_is_told_and_the_secret_is_not() {
        let provider: OAuthProvider = serde_json::from_value(json!({
            "authorize_url": "javascript:alert(1)", "token_url": "ftp://x/", "client_id": "",
            "client_secret": "hush" }))
        .unwrap();
        assert_eq!(provider.mistakes().count(), 3);
        assert!(provider.pkce && provider.client_auth == ClientAuth::Body);
        assert!(!format!("{provider:?}").contains("hush"));
    }
}
