//! What a list is narrowed to, and how it is ordered. Parsed already; nothing here asks anybody.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::places::Place;
use crate::ids::{BlueprintKey, Reference, TemplateId, TenantId};
use crate::onboarding::{Abandonment, Blocker, ProblemCode, StepKind};

/// All that is given must hold. Where there may be several values, one of them must; none: any.
///
/// Stored with bulk orders: fields are added, never changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Of [`crate::onboarding::Status::NAMES`].
    pub statuses: Vec<String>,
    pub steps: Vec<StepKind>,
    pub blockers: Vec<Blocker>,
    pub problems: Vec<ProblemCode>,
    /// Where people stopped.
    pub abandoned: Vec<Abandonment>,
    pub blueprints: Vec<BlueprintKey>,
    /// In a blueprint version that has this template.
    pub template: Option<TemplateId>,
    pub tenant: Option<TenantId>,
    /// A connection's name, or its account connector's id.
    pub connector: Option<String>,
    pub tag: Option<String>,
    /// For at least so long where it is.
    pub older_than: Option<TimeDelta>,
    /// Whether somebody has to look, see [`crate::onboarding::StuckBecause`].
    pub stuck: Option<bool>,
    pub assignee: Option<String>,
    /// Whether it is put off for now.
    pub snoozed: Option<bool>,
    pub search: Option<Search>,
}

/// What somebody typed to find an onboarding, and all that it may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Search {
    pub text: String,
    pub reference: Option<Reference>,
    /// An onboarding's or a cycle's.
    pub id: Option<Uuid>,
    /// An account connector's.
    pub connector: Option<i64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ListOrder {
    #[default]
    Newest,
    Oldest,
    /// Those that have been as they are for longest first; without what is live and well, or cancelled.
    LongestInStep,
    /// Those with the least time left first; only what waits for a person.
    Deadline,
}

impl ListOrder {
    pub const ALL: [Self; 4] = [Self::Newest, Self::Oldest, Self::LongestInStep, Self::Deadline];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::LongestInStep => "longest_in_step",
            Self::Deadline => "deadline",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.name() == name)
    }

    /// Whether what stands there is in a list of this order.
    pub(super) fn shows(self, place: &Place) -> bool {
        let status = place.status.as_str();
        match self {
            Self::Newest | Self::Oldest => true,
            Self::LongestInStep => {
                status != "cancelled" && (status != "live" || place.reason.is_some())
            }
            Self::Deadline => status == "waiting",
        }
    }
}

impl Search {
    /// Longest text that is looked for, in characters.
    pub const LONGEST: usize = 200;

    /// `None` for nothing, too much, or what nobody can have typed.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = (1..=Self::LONGEST).contains(&text.chars().count())
            && !text.chars().any(char::is_control);
        fits.then(|| Self {
            text: text.to_owned(),
            reference: reference(text),
            id: Uuid::try_parse(text).ok(),
            connector: text.parse().ok().filter(|id: &i64| *id > 0),
        })
    }
}

impl From<Search> for String {
    fn from(search: Search) -> Self {
        search.text
    }
}

impl TryFrom<String> for Search {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("nothing that can be looked for")
    }
}

/// As people write it down: in any case, with or without the beginning and the dashes, and with the
/// letters that are easily taken for digits.
fn reference(text: &str) -> Option<Reference> {
    let mut letters = text.to_ascii_uppercase().replace(['-', ' '], "");
    if letters.len() == 10
        && let Some(rest) = letters.strip_prefix("GW")
    {
        letters = rest.to_owned();
    }
    let letters = letters.replace('O', "0").replace(['I', 'L'], "1");
    (letters.len() == 8 && letters.is_ascii())
        .then(|| Reference::parse(format!("GW-{}-{}", &letters[..4], &letters[4..])).ok())?
}

impl Filter {
    /// Tells this filter in this order from any other one, for cursors.
    pub(super) fn digest(&self, order: ListOrder) -> [u8; 8] {
        let whole = Sha256::digest(format!("{order:?} {self:?}"));
        let mut short = [0; 8];
        short.copy_from_slice(&whole[..8]);
        short
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_known_however_it_is_written() {
        for text in [
            "GW-7K3F-92QD",
            "gw-7k3f-92qd",
            "7K3F-92QD",
            "7k3f92qd",
            " GW7K3F92QD ",
            "gw 7k3f 92qd",
        ] {
            let found = Search::parse(text).and_then(|search| search.reference);
            assert_eq!(found.map(String::from).as_deref(), Some("GW-7K3F-92QD"), "{text}");
        }
        let misread = Search::parse("GW-OIL0-1111").and_then(|search| search.reference);
        assert_eq!(misread.map(String::from).as_deref(), Some("GW-0110-1111"));
        for text in ["GW-7K3F", "acme", "ünïcödé", "12345678901"] {
            assert_eq!(Search::parse(text).unwrap().reference, None, "{text}");
        }
        for text in ["", "  ", "a\nb", &"x".repeat(201)] {
            assert_eq!(Search::parse(text), None, "{text}");
        }
    }
}
