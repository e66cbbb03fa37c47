//! How an onboarding has fared since it went live, as its case shows it: whether it is well, when it was and
//! will be looked at, and where Cyclr differs from what is on record.

use chrono::{DateTime, Utc};

use super::act;
use super::words::Moment;
use crate::onboarding::{Action, Difference, Health, Onboarding};

pub(super) struct LifeText {
    pub(super) health: &'static str,
    pub(super) colour: &'static str,
    pub(super) meaning: &'static str,
    /// What happened or will, with when.
    pub(super) times: Vec<(&'static str, Moment)>,
    pub(super) differences: Vec<DifferenceText>,
    /// Where they are settled, while they can be.
    pub(super) settle: Option<String>,
}

pub(super) struct DifferenceText {
    pub(super) what: String,
    pub(super) stands: &'static str,
    pub(super) colour: &'static str,
}

/// `None` for what never was live, and for what was taken away.
pub(super) fn tell(onboarding: &Onboarding, now: DateTime<Utc>) -> Option<LifeText> {
    if !onboarding.was_live() || onboarding.is_offboarded() {
        return None;
    }
    let health = onboarding.health();
    let (colour, meaning) = match health {
        Some(Health::Unproven) => {
            ("wait", "It is active at Cyclr. Nothing has shown yet that it works.")
        }
        Some(Health::Healthy) => ("good", "It works, as far as Cyclr shows."),
        Some(Health::Unhealthy) => {
            ("bad", "Something fails, was stopped or is gone. The problem says what.")
        }
        None => ("warn", "It was live, and goes on once it is there again."),
    };
    let life = onboarding.facts.life.as_ref();
    let runs = onboarding.facts.slots.iter().filter_map(|slot| slot.runs.as_ref());
    let ran = runs.filter_map(|runs| runs.last_success_at).max();
    let times = [
        ("Live since", Some(life.map_or(onboarding.since, |life| life.since))),
        ("Works since", life.and_then(|life| life.proven_at)),
        ("Last run that went well", ran),
        ("Looked at", life.and_then(|life| life.looked_at)),
        ("Compared in full", life.and_then(|life| life.compared_at)),
        ("Next look", health.map(|_| onboarding.next_look_at_live())),
    ];
    let told =
        |(what, at): (&'static str, Option<DateTime<Utc>>)| Some((what, Moment::new(at?, now)));
    let settle = onboarding.may(Action::SettleDrift, now).is_ok();
    Some(LifeText {
        health: health.map_or("not live now", Health::name),
        colour,
        meaning,
        times: times.into_iter().filter_map(told).collect(),
        differences: life.iter().flat_map(|life| &life.differences).map(difference).collect(),
        settle: settle.then(|| act::address(onboarding, Action::SettleDrift)),
    })
}

fn difference(difference: &Difference) -> DifferenceText {
    let told = difference.tell();
    let mut letters = told.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let (stands, colour) =
        if difference.ignored { ("left as it is", "over") } else { ("to be settled", "bad") };
    DifferenceText { what: format!("{first}{}.", letters.as_str()), stands, colour }
}
