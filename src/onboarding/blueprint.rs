//! What a tenant is to get. Published as key and version, immutable from then on.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Limits, Question, QuestionKind, Rule, RuleValue};
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

/// What is wrong with a blueprint, and where (a JSON pointer).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {reason}")]
pub struct BlueprintMistake {
    pub pointer: String,
    pub reason: String,
}

impl Blueprint {
    const MOST_TEMPLATES: usize = 20;
    const MOST_QUESTIONS: usize = 100;
    const MOST_RULES: usize = 500;

    /// Everything that can be seen to be wrong without asking Cyclr, all at once.
    pub fn mistakes(&self) -> Vec<BlueprintMistake> {
        let mut mistakes = Mistakes::default();
        mistakes.text("/name", &self.name);
        mistakes.count("/templates", self.templates.len(), 1, Self::MOST_TEMPLATES);
        mistakes.count("/questions", self.questions.len(), 0, Self::MOST_QUESTIONS);
        self.check_questions(&mut mistakes);
        for (t, template) in self.templates.iter().enumerate() {
            self.check_template(&format!("/templates/{t}"), template, &mut mistakes);
        }
        for (u, url) in self.return_urls.iter().enumerate() {
            if url.scheme() != "https" && !is_loopback(url) {
                mistakes.add(format!("/return_urls/{u}"), "must start with https://");
            }
            let named = !url.username().is_empty() || url.password().is_some();
            if named || url.fragment().is_some() || url.host_str().is_none_or(|h| h.contains('*')) {
                let reason =
                    "must be one whole address, without a user, a fragment or a '*' as host";
                mistakes.add(format!("/return_urls/{u}"), reason);
            }
        }
        for (name, value, most) in self.limits.bounds() {
            if value == 0 || value > most {
                mistakes.add(format!("/limits/{name}"), &format!("must be 1 to {most}"));
            }
        }
        mistakes.0
    }

    fn check_questions(&self, mistakes: &mut Mistakes) {
        let mut keys = BTreeSet::new();
        for (q, question) in self.questions.iter().enumerate() {
            let at = |field: &str| format!("/questions/{q}/{field}");
            let key = &question.key.0;
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if key.is_empty() || key.len() > 64 || !key.chars().all(plain) {
                mistakes.add(at("key"), "must be 1 to 64 of lower-case letters, digits and '_'");
            }
            if !keys.insert(key) {
                mistakes.add(at("key"), "is used by an earlier question");
            }
            mistakes.text(&at("label"), &question.label);
            let default = question.default.as_deref();
            // A choice without options of its own gets them from Cyclr, later.
            let checkable = question.kind != QuestionKind::OneOf || !question.options.is_empty();
            if let Some(mistake) =
                default.filter(|_| checkable).and_then(|default| question.check(default).err())
            {
                mistakes.add(at("default"), &format!("does not fit its own question: {mistake}"));
            }
        }
    }

    fn check_template(&self, pointer: &str, template: &TemplatePlan, mistakes: &mut Mistakes) {
        mistakes.count(&format!("{pointer}/mapping"), template.mapping.len(), 0, Self::MOST_RULES);
        for (r, rule) in template.mapping.iter().enumerate() {
            mistakes.text(&format!("{pointer}/mapping/{r}/target"), &rule.target);
            if let RuleValue::Ask(key) = &rule.value
                && !self.questions.iter().any(|question| question.key == *key)
            {
                mistakes.add(
                    format!("{pointer}/mapping/{r}/value/ask"),
                    "names no question of this blueprint",
                );
            }
        }
        let schedule = template.schedule;
        if !schedule.run_once && !Schedule::INTERVALS.contains(&schedule.interval_minutes) {
            mistakes.add(
                format!("{pointer}/schedule/interval_minutes"),
                &format!("must be one of {:?}", Schedule::INTERVALS),
            );
        }
    }

    /// Whether a person may be sent to this address.
    pub fn allows_return_to(&self, url: &Url) -> bool {
        self.return_urls.contains(url)
    }
}

/// Plain http is for trying things out on one's own machine.
fn is_loopback(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
}

#[derive(Default)]
struct Mistakes(Vec<BlueprintMistake>);

impl Mistakes {
    fn add(&mut self, pointer: String, reason: &str) {
        self.0.push(BlueprintMistake { pointer, reason: reason.to_owned() });
    }

    fn text(&mut self, pointer: &str, text: &str) {
        if text.trim().is_empty()
            || text.chars().count() > 200
            || text.chars().any(char::is_control)
        {
            self.add(pointer.to_owned(), "must be 1 to 200 characters on one line");
        }
    }

    fn count(&mut self, pointer: &str, count: usize, least: usize, most: usize) {
        if count < least || count > most {
            self.add(pointer.to_owned(), &format!("must have {least} to {most} entries"));
        }
    }
}
