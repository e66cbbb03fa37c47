//! How an onboarding looks to the person who goes through it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::onboarding::{
    AuthKind, Blueprint, Connection, Onboarding, Schedule, Status, StepKind, TemplatePlan,
};
use crate::secret::digest;
use crate::web::Steps;

/// Who asks, where the blueprint names nobody.
pub(super) const BY_DEFAULT: &str = "The company that sent you here";

const STEPS: [&str; 4] = ["Prepare", "Connect accounts", "Answer questions", "Switch on"];

/// Four steps, whatever the blueprint holds: the number must not change on the way.
pub(super) fn steps(onboarding: &Onboarding) -> Steps {
    let current = match onboarding.step() {
        StepKind::CreateAccount | StepKind::Install => 1,
        StepKind::Connect => 2,
        StepKind::Map => 3,
        StepKind::Activate => 4,
        StepKind::Live => STEPS.len() + 1,
    };
    Steps { names: &STEPS, current }
}

/// The connection that is next: one at a time, in the order in which the templates brought them.
pub(super) fn next_connection(onboarding: &Onboarding) -> Option<&Connection> {
    onboarding.facts.connections.iter().find(|connection| connection.waits_for_person())
}

/// One line of the list of accounts.
#[derive(Debug)]
pub(super) struct AccountLine {
    pub(super) name: String,
    pub(super) state: &'static str,
    pub(super) is_current: bool,
    pub(super) is_done: bool,
}

/// All accounts with their state; empty for a single one, which is what the page is about anyway.
pub(super) fn account_lines(onboarding: &Onboarding) -> Vec<AccountLine> {
    let connections = onboarding.facts.connections.iter().filter(|c| !c.is_passed_over());
    let to_show = connections.filter(|c| c.auth.is_none_or(AuthKind::needs_person));
    let next = next_connection(onboarding).map(|next| next.connector);
    let lines: Vec<_> = to_show
        .map(|connection| {
            let is_current = Some(connection.connector) == next;
            let is_done = !connection.is_open();
            let state = match (is_done, is_current) {
                (true, _) => "Connected",
                (false, true) => "Now",
                (false, false) => "Next",
            };
            AccountLine { name: connection.name.clone(), state, is_current, is_done }
        })
        .collect();
    if lines.len() > 1 { lines } else { Vec::new() }
}

/// What a person reads before they begin.
#[derive(Debug)]
pub(super) struct StartNote {
    pub(super) company: String,
    pub(super) blueprint: String,
    pub(super) tenant: String,
    pub(super) apps: Vec<String>,
    pub(super) at_hand: Vec<String>,
}

/// `None` once anything has been done: who has begun knows.
pub(super) fn start_note(onboarding: &Onboarding, blueprint: &Blueprint) -> Option<StartNote> {
    let connections = &onboarding.facts.connections;
    let begun = !onboarding.facts.answers.is_empty()
        || connections.iter().any(|c| c.attempt.is_some() || !c.authenticated.is_untouched());
    let wanted = || connections.iter().filter(|connection| !connection.is_passed_over());
    let at_hand = wanted().filter_map(|connection| {
        let name = &connection.name;
        match connection.auth? {
            AuthKind::OAuth => Some(format!("Your sign-in for {name}")),
            AuthKind::ApiKey => Some(format!("An API key of {name}")),
            AuthKind::Basic => Some(format!("A user name and password for {name}")),
            AuthKind::OAuthUnattended | AuthKind::Open => None,
        }
    });
    (!begun).then(|| StartNote {
        company: blueprint.brand.name.clone().unwrap_or_else(|| BY_DEFAULT.to_owned()),
        blueprint: blueprint.name.clone(),
        tenant: onboarding.profile.name.clone(),
        apps: wanted().map(|connection| connection.name.clone()).collect(),
        at_hand: at_hand.collect(),
    })
}

/// What runs, and when.
#[derive(Debug)]
pub(super) struct RunningLine {
    pub(super) name: String,
    pub(super) when: String,
}

pub(super) fn running_lines(blueprint: &Blueprint) -> Vec<RunningLine> {
    let several = blueprint.templates.len() > 1;
    let name = |place: usize, template: &TemplatePlan| match &template.name {
        Some(name) => name.clone(),
        None if several => format!("{}, part {}", blueprint.name, place + 1),
        None => blueprint.name.clone(),
    };
    let templates = blueprint.templates.iter().enumerate();
    templates
        .map(|(place, template)| RunningLine {
            name: name(place, template),
            when: in_words(template.schedule),
        })
        .collect()
}

fn in_words(schedule: Schedule) -> String {
    if schedule.run_once {
        return "Runs a single time, beginning now.".to_owned();
    }
    let (count, unit) = match schedule.interval_minutes {
        minutes if minutes % 10_080 == 0 => (minutes / 10_080, "week"),
        minutes if minutes % 1_440 == 0 => (minutes / 1_440, "day"),
        minutes if minutes % 60 == 0 => (minutes / 60, "hour"),
        minutes => (minutes, "minute"),
    };
    if count == 1 {
        format!("Runs every {unit}. The first run begins within the next {unit}.")
    } else {
        format!("Runs every {count} {unit}s. The first run begins within the next {count} {unit}s.")
    }
}

/// Changes whenever the page of this onboarding would be another one. Hashed: it stands in the page,
/// and names of states and problems are for staff.
pub(super) fn mark(onboarding: &Onboarding) -> String {
    let problem = match &onboarding.status {
        Status::Retrying { problem, .. } | Status::Stuck { problem } => problem.code.name(),
        Status::Running | Status::Waiting { .. } | Status::Live | Status::Cancelled => "",
    };
    let next = next_connection(onboarding).map_or(0, |connection| connection.connector.0);
    let step = steps(onboarding).current;
    let place = format!("{}.{step}.{next}.{problem}", onboarding.status.name());
    URL_SAFE_NO_PAD.encode(&digest(&place)[..6])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_interval_has_words() {
        let words = Schedule::INTERVALS
            .map(|interval_minutes| in_words(Schedule { interval_minutes, run_once: false }));
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
