//! What a tenant is to get. Published as key and version, immutable from then on.

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Colour, Limits, Question, Rule};
use crate::ids::{BlueprintKey, LogoId, TemplateId};

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
    /// What the pages speak to whoever's language they do not know; English by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Where people sign in at a provider.
    #[serde(default, skip_serializing_if = "SignInWindow::is_same")]
    pub sign_in: SignInWindow,
    #[serde(default)]
    pub limits: Limits,
    /// Days after which what is known of people is erased, counted from when an onboarding went live or was
    /// given up. Kept for ever by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
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
    /// An image that was uploaded, by its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<LogoId>,
    /// Of buttons and links.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accent: Option<Colour>,
    /// The same on a dark page; made of the other one where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accent_dark: Option<Colour>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy_url: Option<Url>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms_url: Option<Url>,
    /// The pages' own address, such as `https://setup.example.com/`, where the operator leads it to Gangway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages_url: Option<Url>,
}

/// Where people sign in at a provider. Without a script it is always the same window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInWindow {
    /// The whole way in one window: works everywhere.
    #[default]
    Same,
    /// In a window of its own, which ends on our return page.
    Popup,
    /// In a window of its own, which sends a message to the page that opened it (Cyclr's `callbackMessage`).
    Message,
}

impl SignInWindow {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
    fn is_same(&self) -> bool {
        *self == Self::Same
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Popup => "popup",
            Self::Message => "message",
        }
    }
}

impl Blueprint {
    /// Most days that can be said.
    pub const LONGEST_RETENTION: u32 = 36_500;

    /// Whether a person may be sent to this address.
    pub fn allows_return_to(&self, url: &Url) -> bool {
        self.return_urls.contains(url)
    }
}
