//! What a history cannot be played without, and does not tell. Better said than played wrongly.

use super::document::{History, Line};
use crate::onboarding::{Event, ProblemCode};

/// One sentence each; none if it can be played.
pub(super) fn find(history: &History) -> Vec<String> {
    let mut found = Vec::new();
    let lines = &history.timeline;
    match lines.first().map(|line| &line.event) {
        Some(Event::Started) => {}
        Some(_) | None => found.push("its timeline does not begin with its start".to_owned()),
    }
    if history.onboarding.status == "running" {
        found.push(
            "it was in the middle of its work when it was exported; export it again once it \
                    rests"
                .to_owned(),
        );
    }
    for connection in &history.onboarding.connections {
        if connection.found_connected && !history.asks_nothing(&connection.name) {
            found.push(format!(
                "{} was connected before it began, which is another onboarding's history",
                connection.name
            ));
        }
    }
    for needs in history.connections.iter().filter(|needs| !needs.ways.is_empty()) {
        found.push(format!("{} can be connected in several ways", needs.name));
    }
    found.extend(questions_of_the_past(history));
    for (place, line) in lines.iter().enumerate() {
        found.extend(in_line(line, lines.get(..place).unwrap_or_default()));
    }
    found
}

fn in_line(line: &Line, before: &[Line]) -> Option<String> {
    match &line.event {
        Event::BecameStuck { problem, detail: _ } | Event::RetryPlanned { problem, .. } => {
            problem_that_is_not_told(problem, line)
        }
        Event::HealthChanged { problem: Some(problem), .. } => illness(problem),
        Event::HealthChanged { problem: None, .. } => recovery(before),
        Event::CandidateChosen { .. } => {
            Some("somebody had to say which of several cycles is its own".to_owned())
        }
        Event::CycleDisowned { .. } | Event::CycleRetired { .. } => {
            Some("one of its workers came back too late".to_owned())
        }
        Event::Erased { .. } => Some("what was known of people was erased".to_owned()),
        Event::LooksFirst => Some("the database was restored from a backup in between".to_owned()),
        Event::CredentialGiven { connector } => {
            let since = before.iter().rev().take_while(|line| !is_lost(line));
            let again = |line: &Line| {
                matches!(&line.event,
                    Event::CredentialGiven { connector: known } if known == connector)
            };
            let refused = since.into_iter().any(again);
            refused.then(|| "Cyclr did not take a credential that somebody entered".to_owned())
        }
        Event::Started
        | Event::AccountReady { .. }
        | Event::Installed { .. }
        | Event::ConnectionsSeen { .. }
        | Event::QuestionsAsked { .. }
        | Event::Mapped { .. }
        | Event::Unmapped { .. }
        | Event::Activated { .. }
        | Event::HeldBack { .. }
        | Event::AttemptOpened { .. }
        | Event::DetailsGiven { .. }
        | Event::Answered { .. }
        | Event::LookOrdered
        | Event::Opened
        | Event::CameBack { .. }
        | Event::HandedOver { .. }
        | Event::ApprovalAsked { .. }
        | Event::LinkWanted
        | Event::RetryOrdered { .. }
        | Event::Skipped { .. }
        | Event::Restarted { .. }
        | Event::Assigned { .. }
        | Event::Snoozed { .. }
        | Event::LinkRotated { .. }
        | Event::LinkRevoked { .. }
        | Event::LinkExtended { .. }
        | Event::Noted { .. }
        | Event::Cancelled { .. }
        | Event::CheckOrdered { .. }
        | Event::RunFailed { .. }
        | Event::ReauthorizationRequired { .. }
        | Event::DriftSettled { .. }
        | Event::UpgradeOrdered { .. }
        | Event::OffboardOrdered { .. }
        | Event::Offboarded { .. } => None,
    }
}

/// The questions of templates that a newer version of the blueprint has not are gone with them.
fn questions_of_the_past(history: &History) -> Option<String> {
    let is_kept = |template| history.templates.iter().any(|asked| asked.template_id == template);
    let plans = history.blueprints.iter().flat_map(|version| &version.document.templates);
    let is_gone = plans.into_iter().any(|plan| !is_kept(plan.template_id));
    let asked = |line: &Line| matches!(line.event, Event::QuestionsAsked { .. });
    let was_asked = history.timeline.iter().any(asked);
    (is_gone && was_asked).then(|| {
        "what was asked for a template that its newer blueprint has not is not kept".to_owned()
    })
}

/// A sign-in that was good is not any more: what comes after it is another one.
fn is_lost(line: &Line) -> bool {
    if let Event::ConnectionsSeen { lost, .. } = &line.event {
        return !lost.is_empty();
    }
    matches!(line.event, Event::ReauthorizationRequired { .. } | Event::Restarted { .. })
}

/// Most problems come from a call that failed, and the call log has that. The others come from what was
/// read, of which nothing is kept.
fn problem_that_is_not_told(name: &str, line: &Line) -> Option<String> {
    let Some(code) = ProblemCode::parse(name) else {
        return Some(format!("this version does not know the problem {name}"));
    };
    let has_failed_call = line.calls.iter().any(|call| call.outcome != "ok");
    let is_unsent = line.calls.iter().any(|call| call.outcome == "unsent");
    match code {
        ProblemCode::SkippedIsNeeded => None,
        ProblemCode::CyclrUnreachable
        | ProblemCode::CyclrThrottled
        | ProblemCode::CyclrPaused
        | ProblemCode::CyclrAnswerUnclear
        | ProblemCode::CyclrRefusedCredentials
        | ProblemCode::CyclrRejected
        | ProblemCode::AccountMissing
        | ProblemCode::TemplateMissing
        | ProblemCode::CycleMissing
        | ProblemCode::ConnectorMissing
        | ProblemCode::ConnectorRefused
        | ProblemCode::CycleRunning
        | ProblemCode::ActivationRefused
            if has_failed_call && !is_unsent =>
        {
            None
        }
        ProblemCode::CyclrUnreachable
        | ProblemCode::CyclrThrottled
        | ProblemCode::CyclrPaused
        | ProblemCode::CyclrAnswerUnclear
        | ProblemCode::CyclrRefusedCredentials
        | ProblemCode::CyclrRejected
        | ProblemCode::AccountMissing
        | ProblemCode::TemplateMissing
        | ProblemCode::CycleMissing
        | ProblemCode::ConnectorMissing
        | ProblemCode::ConnectorRefused
        | ProblemCode::CycleRunning
        | ProblemCode::ActivationRefused
        | ProblemCode::CyclrContradicts
        | ProblemCode::AccountTaken
        | ProblemCode::AmbiguousInstall
        | ProblemCode::UnknownAuthKind
        | ProblemCode::TemplateDefect
        | ProblemCode::MappingRuleFailed
        | ProblemCode::MappingNotKept
        | ProblemCode::ActivationUnclear
        | ProblemCode::NotActiveYet
        | ProblemCode::CycleStopped
        | ProblemCode::MappingChanged
        | ProblemCode::RunsFailing
        | ProblemCode::Poison
        | ProblemCode::InternalFault => {
            Some(format!("what led to {name} stands in no call of its log"))
        }
    }
}

fn illness(name: &str) -> Option<String> {
    let known = [
        ProblemCode::CycleStopped,
        ProblemCode::CycleMissing,
        ProblemCode::ConnectorMissing,
        ProblemCode::AccountMissing,
        ProblemCode::RunsFailing,
    ];
    let is_known = known.iter().any(|code| code.name() == name);
    (!is_known)
        .then(|| format!("what somebody did at Cyclr is not told, only that it led to {name}"))
}

/// It is well again: because runs succeed, or because the difference was settled here.
fn recovery(before: &[Line]) -> Option<String> {
    for line in before.iter().rev() {
        if matches!(line.event, Event::DriftSettled { .. }) {
            return None;
        }
        if let Event::HealthChanged { problem: Some(problem), .. } = &line.event {
            let by_itself = problem == ProblemCode::RunsFailing.name();
            return (!by_itself)
                .then(|| "somebody put something right at Cyclr, and what is not told".to_owned());
        }
    }
    None
}
