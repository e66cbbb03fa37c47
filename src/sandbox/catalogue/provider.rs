//! A connector's OAuth 2 provider, where it is not the built-in pretend one.

use std::collections::BTreeMap;
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
    /// Where people are asked. A query that it has already is kept.
    pub authorize_url: Url,
    /// Where codes become tokens. It is called by the sandbox itself and no redirect is followed.
    pub token_url: Url,
    pub client_id: String,
    /// Absent for a client without a secret. Read and never written: what was installed is kept
    /// with its connector, and a secret has no place in that file.
    #[serde(default, skip_serializing)]
    pub client_secret: String,
    /// Asked for together, divided by spaces; none means that the provider decides.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Whether a code challenge (RFC 7636, method S256) is sent.
    #[serde(default = "yes")]
    pub pkce: bool,
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// What the provider wants to be told besides, such as `"access_type": "offline"`.
    #[serde(default)]
    pub authorize_parameters: BTreeMap<String, String>,
}

/// What the flow itself says to the authorization endpoint.
const TAKEN: [&str; 7] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];

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
            (self.says_what_is_taken(), "an authorize parameter that the sign-in itself sends"),
        ];
        found.into_iter().filter_map(|(wrong, what)| wrong.then_some(what))
    }

    /// Said twice, a parameter makes the request invalid (RFC 6749 section 3.1).
    fn says_what_is_taken(&self) -> bool {
        let given = self.authorize_parameters.keys().map(String::as_str);
        let query: Vec<_> = self.authorize_url.query_pairs().collect();
        given.chain(query.iter().map(|(name, _)| &**name)).any(|name| TAKEN.contains(&name))
    }
}

/// An application elsewhere that signs people in at the pretend provider, as Cyclr itself does: one
/// of `provider_clients` of the catalogue.
///
/// ```json
/// { "client_id": "another", "client_secret": "…", "connector": 2101,
///   "redirect_uris": ["https://another.example/connector/callback"] }
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderClient {
    pub client_id: String,
    pub client_secret: String,
    /// The connector whose pretend application people sign in to.
    pub connector: i64,
    /// Where people may be sent back to; compared as text.
    pub redirect_uris: Vec<Url>,
}

impl fmt::Debug for ProviderClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderClient").field("client_id", &self.client_id).finish_non_exhaustive()
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
            "client_secret": "hush", "authorize_parameters": { "state": "x" } }))
        .unwrap();
        assert_eq!(provider.mistakes().count(), 4);
        assert!(provider.pkce && provider.client_auth == ClientAuth::Body);
        assert!(!format!("{provider:?}").contains("hush"));
        assert!(!serde_json::to_string(&provider).unwrap().contains("hush"));
    }
}
