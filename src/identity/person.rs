//! What a provider says of a person, as far as it matters here.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use openidconnect::core::CoreGenderClaim;
use openidconnect::{AdditionalClaims, IdTokenClaims, UserInfoClaims};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longest address, name or group that is taken up.
const LONGEST: usize = 254;

/// Claims that are no standard ones; groups are among them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Others {
    #[serde(flatten)]
    claims: HashMap<String, Value>,
}

impl AdditionalClaims for Others {}

pub(super) type Claims = IdTokenClaims<Others, CoreGenderClaim>;
pub(super) type MoreClaims = UserInfoClaims<Others, CoreGenderClaim>;

/// Somebody whom the provider has proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub issuer: String,
    /// The provider's own name for them, which never changes and is never given to another one.
    pub subject: String,
    /// Only if the provider has verified it.
    pub email: Option<String>,
    pub name: Option<String>,
    pub groups: Vec<String>,
    /// When they proved it to the provider, if it says so.
    pub signed_in_at: Option<DateTime<Utc>>,
}

impl Person {
    pub(super) fn read(claims: &Claims, groups_claim: &str) -> Self {
        let verified = claims.email_verified() == Some(true);
        let email = claims.email().filter(|_| verified);
        Self {
            issuer: claims.issuer().to_string(),
            subject: claims.subject().to_string(),
            email: email.and_then(|email| line(email)),
            name: claims.name().and_then(|name| name.get(None)).and_then(|name| line(name)),
            groups: groups(claims.additional_claims(), groups_claim).unwrap_or_default(),
            signed_in_at: claims.auth_time(),
        }
    }

    /// Many providers keep their tokens short and tell the rest when they are asked for it.
    pub(super) fn lacks_something(&self) -> bool {
        self.email.is_none() || self.name.is_none() || self.groups.is_empty()
    }

    /// What the token says itself goes before.
    pub(super) fn fill_in(&mut self, more: &MoreClaims, groups_claim: &str) {
        let verified = more.email_verified() == Some(true);
        let email = more.email().filter(|_| verified).and_then(|email| line(email));
        let name = more.name().and_then(|name| name.get(None)).and_then(|name| line(name));
        self.email = self.email.take().or(email);
        self.name = self.name.take().or(name);
        if self.groups.is_empty() {
            self.groups = groups(more.additional_claims(), groups_claim).unwrap_or_default();
        }
    }
}

/// A list of names, or the only one.
fn groups(others: &Others, claim: &str) -> Option<Vec<String>> {
    let found = others.claims.get(claim)?;
    if let Some(only) = found.as_str() {
        return Some(vec![only.to_owned()]);
    }
    let names = found.as_array()?.iter().filter_map(Value::as_str);
    Some(names.map(str::to_owned).collect())
}

/// Fit to be shown on one line.
fn line(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn person(more: &Value) -> Person {
        let mut claims = json!({
            "iss": "https://id.example.com", "sub": "42", "aud": ["gangway"],
            "exp": 2_000_000_000, "iat": 1_900_000_000
        });
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Person::read(&serde_json::from_value(claims).unwrap(), "groups")
    }

    #[test]
    fn an_address_counts_only_if_it_was_verified() {
        let email = |verified: Value| {
            person(&json!({ "email": "ada@example.com", "email_verified": verified })).email
        };
        assert_eq!(email(json!(true)).as_deref(), Some("ada@example.com"));
        assert_eq!(email(json!("true")).as_deref(), Some("ada@example.com"));
        assert_eq!(email(json!(false)), None);
        assert_eq!(person(&json!({ "email": "ada@example.com" })).email, None);
    }

    #[test]
    fn groups_are_a_list_or_one_name_and_nothing_else() {
        for (claim, groups) in [
            (json!(["support", "ops"]), vec!["support", "ops"]),
            (json!("support"), vec!["support"]),
            (json!(["support", 7, null]), vec!["support"]),
            (json!({ "support": true }), vec![]),
            (json!(null), vec![]),
        ] {
            assert_eq!(person(&json!({ "groups": claim })).groups, groups, "{claim}");
        }
        assert!(person(&json!({ "roles": ["support"] })).groups.is_empty());
    }
}
