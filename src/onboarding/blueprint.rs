//! What a tenant is to get. Published as key and version, immutable from then on.

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Limits, Question, Rule};
use crate::ids::{BlueprintKey, TemplateId};

/// A published version; an onboarding is pinned to one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlueprintId {
    pub key: BlueprintKey,
    /// Counted from 1.
    pub version: i32,
}

/// The document that operators write. Stored as JSON as it was published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blueprint {
    pub key: BlueprintKey,
    /// What the tenant's people are told they are setting up.
    pub name: String,
    /// Installed, mapped and activated in this order.
    pub templates: Vec<TemplatePlan>,
    #[serde(default)]
    pub questions: Vec<Question>,
    /// Where a person may be sent afterwards. Compared as whole addresses.
    #[serde(default)]
    pub return_urls: Vec<Url>,
    #[serde(default)]
    pub brand: Brand,
    #[serde(default)]
    pub limits: Limits,
}

/// One template of a blueprint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplatePlan {
    pub template_id: TemplateId,
    /// Shown to people instead of Cyclr's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default)]
    pub mapping: Vec<Rule>,
    #[serde(default)]
    pub schedule: Schedule,
    /// A cycle that is running while it has to be mapped may be stopped, and is started again
    /// afterwards. Its running transactions end for good, so this has to be said.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stop_to_change: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// When an active cycle runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Minutes between two runs; one of [`Schedule::INTERVALS`].
    #[serde(default = "hourly")]
    pub interval_minutes: u32,
    /// Run a single time; the interval is not used then.
    #[serde(default)]
    pub run_once: bool,
}

const fn hourly() -> u32 {
    60
}

impl Schedule {
    /// What Cyclr documents. The effect of any other number is unknown, so none is sent.
    pub const INTERVALS: [u32; 13] = [1, 5, 15, 30, 60, 120, 180, 240, 360, 480, 720, 1440, 10080];
}

impl Default for Schedule {
    fn default() -> Self {
        Self { interval_minutes: hourly(), run_once: false }
    }
}

/// How the hosted pages look and whom they name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    /// The integrator's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support_email: Option<String>,
}

impl Blueprint {
    /// Whether a person may be sent to this address.
    pub fn allows_return_to(&self, url: &Url) -> bool {
        self.return_urls.contains(url)
    }
}
