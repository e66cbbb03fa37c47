//! What the integrator told us of its tenant when it started the onboarding.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::ids::AccountId;

/// Stored as JSON beside the onboarding; fields are added, never renamed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The tenant's name as its people know it.
    pub name: String,
    /// IANA name, like `Europe/London`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// An existing Cyclr account that the integrator names; it is read, never created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named_account: Option<AccountId>,
    /// Free data for mapping rules.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub data: serde_json::Map<String, serde_json::Value>,
    /// Where the hosted pages are for this tenant's people, if the blueprint has a host name of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages_url: Option<Url>,
    #[serde(default, skip_serializing_if = "ReturnUrls::is_empty")]
    pub return_urls: ReturnUrls,
    /// Words by which the integrator finds onboardings together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The integrator's own notes; returned as they came.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub metadata: serde_json::Map<String, serde_json::Value>,
    /// The blueprint's, copied when it began: how many days after its end people's data is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// What was known of people is here no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<Erased>,
}

/// That people's data was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    pub at: DateTime<Utc>,
    /// Not even what the rules of its blueprint read was left.
    pub everything: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// Where the tenant's person goes when they leave our pages. Each stands in the blueprint's list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnUrls {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<Url>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Url>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<Url>,
}

impl ReturnUrls {
    fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Url)> {
        [("success", &self.success), ("failure", &self.failure), ("incomplete", &self.incomplete)]
            .into_iter()
            .filter_map(|(name, url)| url.as_ref().map(|url| (name, url)))
    }
}
