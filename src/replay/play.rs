//! The walk through a timeline: each line's time, what was done at Cyclr, what people did, and the engine's work
//! until it has come as far as it had then.

use super::document::{History, Line};
use super::stage::Stage;
use super::verdict::{Ending, Move, Refusal};
use super::{Error, console, faults, people};
use crate::onboarding::Event;

/// How often the clock is moved on to what is due next, for one line: the looks of one sign-in are 44.
const MOST_WAITS: usize = 200;

/// What became of it here.
pub(super) struct Played {
    pub(super) moves: Vec<Move>,
    pub(super) ending: Ending,
    /// The first order that was taken then and is not here.
    pub(super) refusal: Option<Refusal>,
}

pub(super) async fn play(stage: &mut Stage, history: &History) -> Result<Played, Error> {
    let lines = &history.timeline;
    let theirs: Vec<Move> = recorded(history);
    let (mut reached, mut refusal) = (0, None);
    for (place, line) in lines.iter().enumerate() {
        if begins(lines, place) {
            stage.sandbox.clear_faults();
            let stretch = lines.get(place..stretch_end(lines, place)).unwrap_or_default();
            for fault in faults::of_stretch(stretch) {
                stage.sandbox.inject(fault);
            }
        }
        stage.move_to(line.at);
        if is_counted(&line.event) {
            reached += 1;
            await_line(stage, history, line, reached, &theirs).await?;
        } else if is_persons(&line.event) {
            prepare(stage, history, place).await?;
            let refused = people::act(stage, history, place).await?;
            stage.rest().await?;
            if let Some(why) = refused {
                refusal = Some(Refusal { place: place + 1, kind: line.event.kind(), why });
            }
        }
        if refusal.is_some() || parted(stage, &theirs).await? {
            break;
        }
    }
    let ending = Ending::of(&stage.read().await?);
    Ok(Played { moves: moves(stage).await?, ending, refusal })
}

/// What the engine did in the document, as it is compared.
pub(super) fn recorded(history: &History) -> Vec<Move> {
    let lines = history.timeline.iter().filter(|line| is_counted(&line.event));
    lines.map(|line| Move::of(&line.event, &line.status, &line.step)).collect()
}

async fn moves(stage: &Stage) -> Result<Vec<Move>, Error> {
    let lines = stage.journal().await?;
    let counted = lines.iter().filter(|line| is_counted(&line.event));
    Ok(counted.map(|line| Move::of(&line.event, &line.status, &line.step)).collect())
}

/// Whether it has gone another way already: what comes then is another story.
async fn parted(stage: &Stage, theirs: &[Move]) -> Result<bool, Error> {
    let ours = moves(stage).await?;
    Ok(ours.iter().zip(theirs).any(|(ours, theirs)| ours != theirs))
}

/// What was done at Cyclr before a person's line, and before what was found right after it.
async fn prepare(stage: &Stage, history: &History, place: usize) -> Result<(), Error> {
    let (line, next) = (history.timeline.get(place), history.timeline.get(place + 1));
    for line in line.into_iter().chain(next.filter(|next| is_seen(&next.event))) {
        if line.event != Event::Started && stage.id().is_ok() {
            console::prepare(stage, history, line).await?;
        }
    }
    Ok(())
}

const fn is_seen(event: &Event) -> bool {
    matches!(event, Event::ConnectionsSeen { .. })
}

/// Lets the engine work until it has made as many moves.
async fn await_line(
    stage: &mut Stage,
    history: &History,
    line: &Line,
    reached: usize,
    theirs: &[Move],
) -> Result<(), Error> {
    if moves(stage).await?.len() < reached {
        console::prepare(stage, history, line).await?;
    }
    stage.rest().await?;
    for _ in 0..MOST_WAITS {
        if moves(stage).await?.len() >= reached || parted(stage, theirs).await? {
            return Ok(());
        }
        let now = stage.clock.now();
        let Some(due) = stage.read().await?.due_at(now) else { return Ok(()) };
        // What is due and does not happen is held back for a moment.
        stage.move_to(due.max(now + chrono::TimeDelta::seconds(1)));
        stage.rest().await?;
    }
    Ok(())
}

/// A line at which it rested before, or that a person made: how often Cyclr was asked in vain meanwhile is not
/// told, so what fails is counted from there.
fn begins(lines: &[Line], place: usize) -> bool {
    let Some(before) = place.checked_sub(1).and_then(|before| lines.get(before)) else {
        return true;
    };
    let is_persons = lines.get(place).is_some_and(|line| is_persons(&line.event));
    is_persons || !matches!(before.status.as_str(), "running" | "retrying")
}

fn stretch_end(lines: &[Line], place: usize) -> usize {
    (place + 1..lines.len()).find(|next| begins(lines, *next)).unwrap_or(lines.len())
}

/// What the engine does of itself and is compared. That calls were held back is the pressure of a whole process.
fn is_counted(event: &Event) -> bool {
    !is_persons(event) && !matches!(event, Event::HeldBack { .. })
}

/// Done by people, or by Cyclr of itself: not for the engine to do again.
fn is_persons(event: &Event) -> bool {
    match event {
        Event::ReauthorizationRequired { reason, .. } => reason.is_some(),
        Event::Started
        | Event::AttemptOpened { .. }
        | Event::CredentialGiven { .. }
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
        | Event::CandidateChosen { .. }
        | Event::CycleDisowned { .. }
        | Event::CycleRetired { .. }
        | Event::LinkRotated { .. }
        | Event::LinkRevoked { .. }
        | Event::LinkExtended { .. }
        | Event::Noted { .. }
        | Event::Cancelled { .. }
        | Event::CheckOrdered { .. }
        | Event::RunFailed { .. }
        | Event::DriftSettled { .. }
        | Event::UpgradeOrdered { .. }
        | Event::OffboardOrdered { .. }
        | Event::Erased { .. }
        | Event::LooksFirst => true,
        Event::AccountReady { .. }
        | Event::Installed { .. }
        | Event::ConnectionsSeen { .. }
        | Event::QuestionsAsked { .. }
        | Event::Mapped { .. }
        | Event::Unmapped { .. }
        | Event::Activated { .. }
        | Event::RetryPlanned { .. }
        | Event::HeldBack { .. }
        | Event::BecameStuck { .. }
        | Event::HealthChanged { .. }
        | Event::Offboarded { .. } => false,
    }
}
