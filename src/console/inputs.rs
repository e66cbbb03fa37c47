//! What an order asks for beside a reason.

use super::order::{self, ANSWER, Given};
use super::words::plain;
use crate::onboarding::{Action, Onboarding, RestartStep};

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
    let input = |name: &str, label: &str, hint, kind| Input {
        name: name.to_owned(),
        label: label.to_owned(),
        hint,
        value: order::shown(given, name),
        kind,
    };
    match action {
        Action::Retry | Action::Cancel | Action::RevokeLink => Vec::new(),
        Action::Note => vec![input("text", "Note", "", InputKind::Text)],
        Action::Assign => {
            let mut mine =
                input("assignee", "Who looks after it", "Empty: nobody", InputKind::Line);
            if given.is_empty() {
                me.clone_into(&mut mine.value);
            }
            vec![mine]
        }
        Action::Snooze => {
            vec![input("until", "Until (UTC)", "Empty: at once again", InputKind::Time)]
        }
        Action::RotateLink | Action::ExtendLink => {
            let hint = "Empty: as long as links usually live";
            vec![input("hours", "Good for so many hours", hint, InputKind::Number)]
        }
        Action::RestartFrom => {
            let steps = RestartStep::ALL.into_iter().map(RestartStep::step);
            let steps = steps.filter(|step| *step <= onboarding.step());
            let steps = steps.map(|step| pair(step.name(), plain(step.name()))).collect();
            let ask =
                input("ask_again", "Ask the customer the questions again", "", InputKind::Tick);
            vec![input("from", "Back to", "", InputKind::Choice(steps)), ask]
        }
        Action::Skip => {
            let all = open_connections(onboarding);
            if all.is_empty() {
                return Vec::new();
            }
            vec![input("connector", "Connection", "", InputKind::Choice(all))]
        }
        Action::Adopt => {
            vec![input("cycle", "Cycle", "", InputKind::Choice(candidates(onboarding)))]
        }
        Action::Answer => answers(onboarding, given),
    }
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
