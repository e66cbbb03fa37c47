//! What an order asks for beside a reason.

use super::order::{self, ANSWER, Given};
use super::words::plain;
use crate::onboarding::{Action, DriftChoice, Onboarding, RestartStep, StepKind};

/// Something to choose or to type.
pub(super) struct Input {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) hint: &'static str,
    pub(super) value: String,
    pub(super) kind: InputKind,
}

pub(super) enum InputKind {
    Line,
    Text,
    Number,
    Time,
    Tick,
    /// Values and labels.
    Choice(Vec<(String, String)>),
}

/// With what was typed before; `me` is who would look after it.
pub(super) fn inputs(
    onboarding: &Onboarding,
    action: Action,
    given: &Given,
    me: &str,
) -> Vec<Input> {
    match action {
        Action::RestartFrom => restart(given, |step| step <= onboarding.step()),
        Action::Skip => choice("connector", "Connection", open_connections(onboarding), given),
        Action::Adopt => choice("cycle", "Cycle", candidates(onboarding), given),
        Action::Answer => answers(onboarding, given),
        Action::Reauthorize => choice("connector", "Connection", made_by_person(onboarding), given),
        Action::SettleDrift => drift(onboarding, given),
        Action::Upgrade => {
            let hint = "A published version, newer than its own";
            vec![input("version", "Version", hint, InputKind::Number, given)]
        }
        Action::Retry
        | Action::Cancel
        | Action::RotateLink
        | Action::RevokeLink
        | Action::ExtendLink
        | Action::Note
        | Action::Assign
        | Action::Snooze
        | Action::Check
        | Action::Offboard => plain_inputs(action, given, me),
    }
}

/// For many at once; `None` for what is about one onboarding alone.
pub(super) fn inputs_for_many(action: Action, given: &Given, me: &str) -> Option<Vec<Input>> {
    match action {
        Action::Adopt | Action::Answer | Action::SettleDrift => None,
        Action::RestartFrom => Some(restart(given, |_| true)),
        Action::Upgrade => {
            let hint = "Others refuse the order";
            let key = input("blueprint", "Blueprint", hint, InputKind::Line, given);
            let hint = "A published version of it";
            Some(vec![key, input("version", "Version", hint, InputKind::Number, given)])
        }
        Action::Retry
        | Action::Skip
        | Action::Cancel
        | Action::RotateLink
        | Action::RevokeLink
        | Action::ExtendLink
        | Action::Note
        | Action::Assign
        | Action::Snooze
        | Action::Check
        | Action::Reauthorize
        | Action::Offboard => Some(plain_inputs(action, given, me)),
    }
}

/// What is asked whatever the onboarding.
fn plain_inputs(action: Action, given: &Given, me: &str) -> Vec<Input> {
    match action {
        Action::Note => vec![input("text", "Note", "", InputKind::Text, given)],
        Action::Assign => {
            let label = "Who looks after it";
            let mut mine = input("assignee", label, "Empty: nobody", InputKind::Line, given);
            if given.is_empty() {
                me.clone_into(&mut mine.value);
            }
            vec![mine]
        }
        Action::Snooze => {
            let hint = "Empty: at once again";
            vec![input("until", "Until (UTC)", hint, InputKind::Time, given)]
        }
        Action::RotateLink | Action::ExtendLink => {
            let hint = "Empty: as long as links usually live";
            vec![input("hours", "Good for so many hours", hint, InputKind::Number, given)]
        }
        Action::Retry
        | Action::Cancel
        | Action::RevokeLink
        | Action::RestartFrom
        | Action::Skip
        | Action::Adopt
        | Action::Answer
        | Action::Check
        | Action::Reauthorize
        | Action::SettleDrift
        | Action::Upgrade
        | Action::Offboard => Vec::new(),
    }
}

fn input(name: &str, label: &str, hint: &'static str, kind: InputKind, given: &Given) -> Input {
    let (name, label) = (name.to_owned(), label.to_owned());
    Input { value: order::shown(given, &name), name, label, hint, kind }
}

fn choice(name: &str, label: &str, all: Vec<(String, String)>, given: &Given) -> Vec<Input> {
    if all.is_empty() {
        return Vec::new();
    }
    vec![input(name, label, "", InputKind::Choice(all), given)]
}

fn restart(given: &Given, fits: impl Fn(StepKind) -> bool) -> Vec<Input> {
    let steps = RestartStep::ALL.into_iter().map(RestartStep::step);
    let steps = steps.filter(|step| fits(*step));
    let steps = steps.map(|step| pair(step.name(), plain(step.name()))).collect();
    let ask = "Ask the customer the questions again";
    let mut all = choice("from", "Back to", steps, given);
    all.push(input("ask_again", ask, "", InputKind::Tick, given));
    all
}

fn pair(value: &str, label: String) -> (String, String) {
    (value.to_owned(), label)
}

fn open_connections(onboarding: &Onboarding) -> Vec<(String, String)> {
    let open = onboarding.facts.connections.iter().filter(|known| known.is_open());
    let open: Vec<_> =
        open.map(|known| pair(&known.connector.to_string(), known.name.clone())).collect();
    let all = (!open.is_empty()).then(|| pair("", "All that are open".to_owned()));
    all.into_iter().chain(open).collect()
}

fn made_by_person(onboarding: &Onboarding) -> Vec<(String, String)> {
    let made = onboarding.facts.connections.iter();
    let made = made.filter(|known| known.needs_person() && known.authenticated.stands());
    let made: Vec<_> =
        made.map(|known| pair(&known.connector.to_string(), known.name.clone())).collect();
    let all = (made.len() > 1).then(|| pair("", "All of them".to_owned()));
    all.into_iter().chain(made).collect()
}

/// Each difference with each of its choices, and what that does.
fn drift(onboarding: &Onboarding, given: &Given) -> Vec<Input> {
    let differences = onboarding.facts.life.iter().flat_map(|life| &life.differences);
    let pairs = differences.flat_map(|difference| {
        difference.code.choices().iter().map(|choice| {
            let value =
                format!("{} {} {}", choice.name(), difference.code.name(), difference.object);
            let label = format!(
                "{}: {}. {}",
                match choice {
                    DriftChoice::Adopt => "Accept it",
                    DriftChoice::Reapply => "Apply the record again",
                    DriftChoice::Ignore => "Leave it",
                },
                difference.tell(),
                difference.code.foretell(*choice)
            );
            (value, label)
        })
    });
    choice("settle", "Difference, and what is done", pairs.collect(), given)
}

fn candidates(onboarding: &Onboarding) -> Vec<(String, String)> {
    let candidates = onboarding.candidates().iter();
    candidates
        .map(|known| {
            let id = known.cycle.to_string();
            let label = format!("{} ({}, {id})", known.name, known.status);
            (id, label)
        })
        .collect()
}

fn answers(onboarding: &Onboarding, given: &Given) -> Vec<Input> {
    let input = |question: &crate::onboarding::Question| {
        let name = format!("{ANSWER}{}", question.key.0);
        let known = onboarding.facts.answers.get(&question.key).cloned().unwrap_or_default();
        let value = if given.is_empty() { known } else { order::shown(given, &name) };
        let options = question.options.iter();
        let kind = if question.options.is_empty() {
            InputKind::Line
        } else {
            InputKind::Choice(options.map(|value| pair(value, value.clone())).collect())
        };
        Input { name, label: question.label.clone(), hint: "", value, kind }
    };
    onboarding.facts.questions().map(input).collect()
}
