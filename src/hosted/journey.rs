//! How an onboarding looks to the person who goes through it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::visit::Visit;
use crate::onboarding::{AuthKind, Onboarding, Schedule, Status, StepKind, TemplatePlan};
use crate::secret::digest;
use crate::web::Steps;
use crate::words::Words;

const STEPS: [&str; 4] = ["step-prepare", "step-connect", "step-answer", "step-switch-on"];

/// Four steps, whatever the blueprint holds: the number must not change on the way.
pub(super) fn steps(onboarding: &Onboarding) -> Steps {
    let current = match onboarding.step() {
        StepKind::CreateAccount | StepKind::Install => 1,
        StepKind::Connect => 2,
        StepKind::Map => 3,
        StepKind::Activate => 4,
        StepKind::Live | StepKind::Offboard => STEPS.len() + 1,
    };
    Steps { names: &STEPS, current }
}

/// One line of the list of accounts.
#[derive(Debug)]
pub(super) struct AccountLine {
    pub(super) name: String,
    pub(super) state: String,
    pub(super) is_current: bool,
    pub(super) is_done: bool,
}

/// All accounts with their state; empty for a single one, which is what the page is about anyway, and for
/// a colleague.
pub(super) fn account_lines(visit: &Visit) -> Vec<AccountLine> {
    if !visit.is_whole() {
        return Vec::new();
    }
    let connections = visit.onboarding.facts.connections.iter();
    let asks = |c: &&crate::onboarding::Connection| {
        !c.is_passed_over() && (c.auth.is_none() || c.needs_person() || c.found_connected)
    };
    let next = visit.onboarding.next_connection().map(|next| next.connector);
    let lines: Vec<_> = connections
        .filter(|connection| connection.auth != Some(AuthKind::Open))
        .filter(asks)
        .map(|connection| {
            let is_current = Some(connection.connector) == next;
            let is_done = !connection.is_open();
            let state = match (is_done, is_current) {
                (true, _) if connection.found_connected => "account-connected-before",
                (true, _) => "account-connected",
                (false, _) if connection.handed_over.stands() => "account-colleague",
                (false, _) if connection.approval.is_some() => "account-approval",
                (false, true) => "account-now",
                (false, false) => "account-next",
            };
            let state = visit.say(state);
            AccountLine { name: connection.name.clone(), state, is_current, is_done }
        })
        .collect();
    if lines.len() > 1 { lines } else { Vec::new() }
}

/// What a person reads before they begin, in whole sentences.
#[derive(Debug)]
pub(super) struct StartNote {
    pub(super) asks: String,
    pub(super) works_with: Option<String>,
    pub(super) at_hand: Vec<String>,
}

/// `None` once anything has been done, for who has begun knows; and for a colleague.
pub(super) fn start_note(visit: &Visit) -> Option<StartNote> {
    let (onboarding, words) = (&visit.onboarding, visit.words);
    let connections = &onboarding.facts.connections;
    let begun = !onboarding.facts.answers.is_empty()
        || connections.iter().any(|c| {
            c.attempt.is_some() || (!c.authenticated.is_untouched() && !c.found_connected)
        });
    if begun || !visit.is_whole() {
        return None;
    }
    let wanted = || connections.iter().filter(|connection| !connection.is_passed_over());
    let at_hand = wanted().filter(|c| c.waits_for_person()).filter_map(|connection| {
        let message = match connection.auth? {
            AuthKind::OAuth => "start-oauth",
            AuthKind::ApiKey => "start-api-key",
            AuthKind::Basic => "start-basic",
            AuthKind::Fields | AuthKind::OAuthUnattended => "start-fields",
            AuthKind::Open => return None,
        };
        Some(visit.about(message, connection))
    });
    let apps: Vec<_> = wanted().map(|connection| connection.name.clone()).collect();
    let values = [
        ("company", &*visit.company()),
        ("blueprint", &visit.blueprint.name),
        ("tenant", &onboarding.profile.name),
    ];
    Some(StartNote {
        asks: words.with("start-asks", &values),
        works_with: (!apps.is_empty())
            .then(|| words.fill("start-works-with", "apps", &words.list(&apps))),
        at_hand: at_hand.collect(),
    })
}

/// What runs, and when.
#[derive(Debug)]
pub(super) struct RunningLine {
    pub(super) name: String,
    pub(super) when: String,
}

pub(super) fn running_lines(visit: &Visit) -> Vec<RunningLine> {
    let blueprint = &visit.blueprint;
    let several = blueprint.templates.len() > 1;
    let name = |place: usize, template: &TemplatePlan| match &template.name {
        Some(name) => name.clone(),
        None if several => {
            let number = (place + 1).to_string();
            visit.words.with("part", &[("blueprint", &blueprint.name), ("number", &number)])
        }
        None => blueprint.name.clone(),
    };
    let templates = blueprint.templates.iter().enumerate();
    templates
        .map(|(place, template)| RunningLine {
            name: name(place, template),
            when: in_words(template.schedule, visit.words),
        })
        .collect()
}

fn in_words(schedule: Schedule, words: Words) -> String {
    if schedule.run_once {
        return words.say("runs-once");
    }
    let (count, message) = match schedule.interval_minutes {
        minutes if minutes % 10_080 == 0 => (minutes / 10_080, "runs-weeks"),
        minutes if minutes % 1_440 == 0 => (minutes / 1_440, "runs-days"),
        minutes if minutes % 60 == 0 => (minutes / 60, "runs-hours"),
        minutes => (minutes, "runs-minutes"),
    };
    words.count(message, count as usize)
}

/// Changes whenever the page of this onboarding would be another one. Hashed: it stands in the page,
/// and names of states and problems are for staff.
pub(super) fn mark(onboarding: &Onboarding) -> String {
    let problem = match &onboarding.status {
        Status::Retrying { problem, .. } | Status::Stuck { problem } => problem.code.name(),
        Status::Running | Status::Waiting { .. } | Status::Live | Status::Cancelled => "",
    };
    let next = onboarding.next_connection().map(|next| {
        let over = next.attempt.is_some_and(|attempt| attempt.over);
        let said = next.attempt.and_then(|attempt| attempt.said);
        let asked = (next.handed_over.stands(), next.approval.is_some());
        format!("{}.{over}.{said:?}.{asked:?}", next.connector)
    });
    let (step, generation) = (steps(onboarding).current, onboarding.link.generation);
    let open = onboarding.facts.connections.iter().filter(|c| c.is_open()).count();
    let status = onboarding.status.name();
    let place = format!("{status}.{step}.{generation}.{open}.{next:?}.{problem}");
    URL_SAFE_NO_PAD.encode(&digest(&place)[..6])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_interval_has_words() {
        let words = Schedule::INTERVALS.map(|interval_minutes| {
            in_words(Schedule { interval_minutes, run_once: false }, Words::default())
        });
        let beginnings: Vec<_> = words.iter().filter_map(|w| w.split('.').next()).collect();
        assert_eq!(
            beginnings,
            [
                "Runs every minute",
                "Runs every 5 minutes",
                "Runs every 15 minutes",
                "Runs every 30 minutes",
                "Runs every hour",
                "Runs every 2 hours",
                "Runs every 3 hours",
                "Runs every 4 hours",
                "Runs every 6 hours",
                "Runs every 8 hours",
                "Runs every 12 hours",
                "Runs every day",
                "Runs every week",
            ]
        );
    }
}
