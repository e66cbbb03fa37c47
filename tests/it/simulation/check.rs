//! What must hold after every step, whatever led there.

use chrono::{DateTime, Utc};
use gangway::onboarding::{
    Blocker, Connection, Facts, Limits, Onboarding, ProblemCode, Status, StepKind, Transition,
};

fn require(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

/// One change, by a step or by a person. `ordered_retry`: a person said that it may go on.
pub(super) fn change(
    from: &Onboarding,
    change: &Transition,
    limits: &Limits,
    now: DateTime<Utc>,
    ordered_retry: bool,
) -> Result<(), String> {
    let to = &change.to;
    let moved = from.status.name() != to.status.name();
    require(to.facts.covers(&from.facts), "something known was taken back")?;
    require(to.version == from.version + 1, "the version grows by one")?;
    require(change.announces.is_some() == moved, "a change of status is announced, and only that")?;
    let fares_otherwise = from.problem().is_some() != to.problem().is_some()
        && from.status == Status::Live
        && to.status == Status::Live;
    let moved_on = moved || from.step() != to.step() || fares_otherwise;
    let since = if moved_on { now } else { from.since };
    require(to.since == since, "since changes with status and step, and only with them")?;
    if from.status.is_terminal() {
        let same = to.status == from.status && without_life(to) == without_life(from);
        require(same, "an end is an end, and nothing but a look changes what is live")?;
    }
    for (old, new) in from.facts.slots.iter().zip(&to.facts.slots) {
        let forgotten = old.activation_doubted.stands() && !new.activation_doubted.stands();
        let vouched = ordered_retry
            && from.status.problem().is_some_and(|p| p.code == ProblemCode::ActivationUnclear);
        require(!forgotten || vouched, "a doubted activation is only cleared by a person")?;
    }
    let same = (&from.id, &from.reference, &from.tenant, &from.blueprint, &from.profile)
        == (&to.id, &to.reference, &to.tenant, &to.blueprint, &to.profile);
    require(same && from.created_at == to.created_at, "who it is never changes")?;
    state(to, limits, now)
}

fn state(state: &Onboarding, limits: &Limits, now: DateTime<Utc>) -> Result<(), String> {
    require(state.tries <= limits.tries(state.step()), "tries are bounded")?;
    let due = state.due_at(now);
    let blocker = state.blocker();
    let wanted = state.requirements();
    let explained = state.explain(now);
    require(explained.contains(state.step().name()) || due.is_none(), "it says where it stands")?;
    require(explained.len() > 30 && explained.ends_with('.'), "it is explained in a sentence")?;
    let (step, slot) = state.facts.position();
    match &state.status {
        Status::Running => {
            require(due == Some(now), "what runs is due")?;
            require(blocker == Blocker::None && wanted.is_empty(), "what runs wants nobody")?;
            require(step != StepKind::Live, "what is done does not run")?;
            require(!only_a_person_can_go_on(state), "what runs has something to do")?;
        }
        Status::Retrying { retry_at, problem } => {
            require(due == Some(*retry_at), "a retry is due at its time")?;
            require(blocker == problem.code.blocker(), "the problem names who is next")?;
            require(wanted.len() == 1, "one problem, one requirement")?;
            require(state.tries < limits.tries(step), "after the last try it is stuck")?;
        }
        Status::Waiting { look_at, deadline } => {
            let theirs = matches!(blocker, Blocker::EndUser | Blocker::CustomerAdmin);
            require(theirs, "it waits for the tenant's people")?;
            let first = wanted.first().map(|wanted| wanted.blocker);
            require(first == Some(blocker), "what is wanted first is wanted of whoever is next")?;
            require(!wanted.is_empty(), "who waits for somebody says for what")?;
            require(only_a_person_can_go_on(state), "it waits only where a person is next")?;
            require(due == *look_at, "it is looked at when somebody is on the way")?;
            require(*deadline > state.created_at, "there is time")?;
            let on_the_way =
                state.facts.connections.iter().any(|c| c.is_open() && c.attempt.is_some());
            require(
                look_at.is_none() || on_the_way || step == StepKind::Connect,
                "nobody is looked for who never set out",
            )?;
        }
        Status::Stuck { problem } => {
            require(due.is_none(), "what is stuck is left alone")?;
            require(blocker == problem.code.blocker(), "the problem names who is next")?;
            require(wanted.len() == 1, "one problem, one requirement")?;
        }
        Status::Live => {
            require(due == Some(state.next_look_at_live()), "what is live is looked at")?;
            let problem = state.problem();
            require(wanted.len() == problem.iter().count(), "what ails it is wanted")?;
            let theirs = problem.map_or(Blocker::None, |problem| problem.code.blocker());
            require(blocker == theirs, "the problem names who is next")?;
        }
        Status::Cancelled => {
            require(due.is_none() && wanted.is_empty(), "an end wants nothing")?;
            require(blocker == Blocker::None, "an end waits for nobody")?;
        }
    }
    require((state.status == Status::Live) <= (step == StepKind::Live), "live is all done")?;
    let about_to_install = step == StepKind::Install
        && matches!(state.status, Status::Running | Status::Retrying { .. });
    let intended = state.facts.slots.get(slot).is_some_and(|slot| slot.install.is_some());
    require(!about_to_install || intended, "the intent is durable before the act")
}

fn only_a_person_can_go_on(state: &Onboarding) -> bool {
    let facts = &state.facts;
    match state.step() {
        StepKind::Connect => {
            facts.connections.iter().filter(|c| c.is_open()).all(Connection::waits_for_person)
        }
        StepKind::Map => facts.open_questions().next().is_some(),
        StepKind::CreateAccount
        | StepKind::Install
        | StepKind::Activate
        | StepKind::Live
        | StepKind::Offboard => false,
    }
}

fn without_life(state: &Onboarding) -> Facts {
    Facts { life: None, ..state.facts.clone() }
}
