//! What the tenant's people, the integrator and staff did, done again with the engine's own orders.

use chrono::{DateTime, TimeDelta, Utc};

use super::document::{History, Line};
use super::stage::Stage;
use super::{Error, answers};
use crate::engine::{self, ConnectionDetails, Credential, SignInMode, ToldError};
use crate::ids::ConnectorId;
use crate::onboarding::{AuthKind, Command, DriftChoice, Event, Restart, RestartStep};
use crate::secret::Secret;

/// What somebody is taken to have typed: the real one was never kept.
const TYPED: &str = "typed-at-the-replay";

/// Does again what this line tells of a person. What was refused comes back, in words.
pub(super) async fn act(
    stage: &mut Stage,
    history: &History,
    place: usize,
) -> Result<Option<String>, Error> {
    let Some(line) = history.timeline.get(place) else { return Ok(None) };
    let event = &line.event;
    if *event == Event::Started {
        stage.start(history, &line.actor).await?;
        return Ok(None);
    }
    if let Event::AttemptOpened { connector } = event {
        let Some(connector) = ours(stage, history, *connector).await? else {
            return Ok(Some(absent()));
        };
        let (id, mode) = (stage.id()?, SignInMode::Redirect);
        return refused(stage.engine.open_attempt(id, connector, "replay", mode).await);
    }
    if let Event::CredentialGiven { connector } | Event::DetailsGiven { connector } = event {
        return give(stage, history, *connector).await;
    }
    if let Event::Answered { .. } = event {
        return answers::give(stage, history, place).await;
    }
    if let Event::RunFailed { template, message } = event {
        return hear(stage, *template, message).await;
    }
    let ordered = if let Event::UpgradeOrdered { to, reason, .. } = event {
        let version = stage.version(history, *to)?;
        Some(Command::Upgrade(stage.engine.prepare_upgrade(version, reason.clone()).await?))
    } else if let Event::DriftSettled { difference, choice, reason } = event {
        settling(stage, difference, choice, reason).await?
    } else {
        command(stage, history, event).await?
    };
    match ordered {
        Some(command) => order(stage, line, command).await,
        None => Ok(Some(absent())),
    }
}

fn absent() -> String {
    "what it is about is not there".to_owned()
}

async fn ours(
    stage: &Stage,
    history: &History,
    theirs: ConnectorId,
) -> Result<Option<ConnectorId>, Error> {
    match history.connector_name(theirs) {
        Some(name) => stage.connector(name).await,
        None => Ok(None),
    }
}

async fn order(stage: &Stage, line: &Line, command: Command) -> Result<Option<String>, Error> {
    // A look that was ordered and is to come by itself is no difference.
    let only_looks = matches!(command, Command::LookNow | Command::CameBack { .. });
    let ordered = refused(stage.engine.order(stage.id()?, command, &line.actor).await)?;
    Ok(ordered.filter(|_| !only_looks))
}

/// What the state or Cyclr refuses is part of the story; anything else ends the replay.
pub(super) fn refused<T>(done: Result<T, engine::Error>) -> Result<Option<String>, Error> {
    match done {
        Ok(_) => Ok(None),
        Err(engine::Error::Invalid(why)) => Ok(Some(why.to_string())),
        Err(engine::Error::Cyclr(why)) => Ok(Some(why.to_string())),
        Err(error) => Err(error.into()),
    }
}

async fn give(
    stage: &Stage,
    history: &History,
    theirs: ConnectorId,
) -> Result<Option<String>, Error> {
    let Some(connector) = ours(stage, history, theirs).await? else { return Ok(Some(absent())) };
    let facts = stage.read().await?.facts;
    let Some(known) = facts.connection(connector) else { return Ok(Some(absent())) };
    let credential = match known.auth {
        Some(AuthKind::ApiKey) => Some(Credential::ApiKey(Secret::from(TYPED))),
        Some(AuthKind::Basic) => {
            let user_name = TYPED.to_owned();
            Some(Credential::Basic { user_name, password: Secret::from(TYPED) })
        }
        None
        | Some(AuthKind::OAuth | AuthKind::OAuthUnattended | AuthKind::Fields | AuthKind::Open) => {
            None
        }
    };
    let typed = |options: &[String]| Secret::from(options.first().map_or(TYPED, String::as_str));
    let inputs = known.inputs.iter().map(|input| (input.name.clone(), typed(&input.options)));
    let details = ConnectionDetails { way: None, inputs: inputs.collect(), credential };
    refused(stage.engine.give_details(stage.id()?, connector, details).await)
}

/// Cyclr tells of a failed run, as it would at the address of the account's own.
async fn hear(stage: &Stage, template: usize, message: &str) -> Result<Option<String>, Error> {
    let onboarding = stage.read().await?;
    let cycle = onboarding.facts.slots.get(template).and_then(|slot| slot.cycle);
    let (Some(cycle), Some(account)) = (cycle, &onboarding.facts.account) else {
        return Ok(Some(absent()));
    };
    let told = ToldError {
        cycle,
        transaction: stage.clock.now().to_rfc3339(),
        step: String::new(),
        message: message.to_owned(),
    };
    refused(stage.engine.hear_of_error(&account.id, &told).await)
}

/// The difference here that reads like theirs but for the ids.
async fn settling(
    stage: &Stage,
    difference: &str,
    choice: &str,
    reason: &str,
) -> Result<Option<Command>, Error> {
    let facts = stage.read().await?.facts;
    let here = facts.life.iter().flat_map(|life| &life.differences);
    let found = here.into_iter().find(|here| plain(&here.tell()) == plain(difference));
    Ok(found.zip(DriftChoice::parse(choice)).map(|(found, choice)| Command::SettleDrift {
        code: found.code,
        object: found.object.clone(),
        choice,
        reason: reason.to_owned(),
    }))
}

/// A sentence without the ids in it.
fn plain(text: &str) -> String {
    let is_id = |word: &str| uuid::Uuid::try_parse(word).is_ok() || word.parse::<i64>().is_ok();
    let words = text.split(' ').map(|word| if is_id(word) { "*" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// The order that a line tells of; none if what it is about is not there, or it is no order.
#[expect(clippy::too_many_lines, reason = "a case for each kind")]
async fn command(
    stage: &Stage,
    history: &History,
    event: &Event,
) -> Result<Option<Command>, Error> {
    let now = stage.clock.now();
    let link_expires_at = now + stage.engine.link_life();
    Ok(match event {
        Event::LookOrdered => Some(Command::LookNow),
        Event::Opened => Some(Command::Opened),
        Event::LinkWanted => Some(Command::WantLink),
        Event::CameBack { connector, said } => {
            let connector = ours(stage, history, *connector).await?;
            connector.map(|connector| Command::CameBack { connector, said: *said })
        }
        Event::HandedOver { connector, to_colleague } => {
            let connector = ours(stage, history, *connector).await?;
            let to_colleague = *to_colleague;
            connector.map(|connector| Command::HandOver { connector, to_colleague })
        }
        Event::ApprovalAsked { connector, wanted } => {
            let connector = ours(stage, history, *connector).await?;
            connector.map(|connector| Command::AskApproval { connector, wanted: *wanted })
        }
        Event::RetryOrdered { reason } => Some(Command::Retry { reason: reason.clone() }),
        Event::Skipped { connectors, reason, .. } => {
            let connector = the_only_one(stage, history, connectors).await?;
            Some(Command::Skip { connector, reason: reason.clone() })
        }
        Event::Restarted { from, ask_again, reason } => {
            let from = RestartStep::ALL.into_iter().find(|step| step.step().name() == from);
            let (ask_again, reason) = (*ask_again, reason.clone());
            from.map(|from| Command::RestartFrom(Restart { from, ask_again, reason }))
        }
        Event::Assigned { assignee } => Some(Command::Assign { assignee: assignee.clone() }),
        Event::Snoozed { until, reason } => {
            let (until, reason) = (until.map(|at| after(at, now)), reason.clone());
            Some(Command::Snooze { until, reason })
        }
        Event::LinkRotated { .. } => Some(Command::RotateLink { expires_at: link_expires_at }),
        Event::LinkRevoked { .. } => Some(Command::RevokeLink),
        Event::LinkExtended { expires_at } => {
            Some(Command::ExtendLink { expires_at: after(*expires_at, now) })
        }
        Event::Noted { text } => Some(Command::Note { text: text.clone() }),
        Event::Cancelled { reason } => Some(Command::Cancel { reason: reason.clone() }),
        Event::CheckOrdered { reason } => Some(Command::Check { reason: reason.clone() }),
        Event::ReauthorizationRequired { connectors, reason } => {
            let connector = the_only_one(stage, history, connectors).await?;
            let reason = reason.clone().unwrap_or_default();
            Some(Command::Reauthorize { connector, reason, link_expires_at })
        }
        Event::OffboardOrdered { reason } => Some(Command::Offboard { reason: reason.clone() }),
        Event::Started
        | Event::AccountReady { .. }
        | Event::Installed { .. }
        | Event::ConnectionsSeen { .. }
        | Event::QuestionsAsked { .. }
        | Event::Mapped { .. }
        | Event::Unmapped { .. }
        | Event::Activated { .. }
        | Event::RetryPlanned { .. }
        | Event::HeldBack { .. }
        | Event::BecameStuck { .. }
        | Event::AttemptOpened { .. }
        | Event::CredentialGiven { .. }
        | Event::DetailsGiven { .. }
        | Event::Answered { .. }
        | Event::CandidateChosen { .. }
        | Event::CycleDisowned { .. }
        | Event::CycleRetired { .. }
        | Event::HealthChanged { .. }
        | Event::RunFailed { .. }
        | Event::DriftSettled { .. }
        | Event::UpgradeOrdered { .. }
        | Event::Offboarded { .. }
        | Event::Erased { .. }
        | Event::LooksFirst => None,
    })
}

/// An order that named one connection, and not all that were open.
async fn the_only_one(
    stage: &Stage,
    history: &History,
    theirs: &[ConnectorId],
) -> Result<Option<ConnectorId>, Error> {
    match theirs {
        [one] => ours(stage, history, *one).await,
        [] | [_, _, ..] => Ok(None),
    }
}

/// Clocks here may be a little further on than theirs were.
fn after(at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    at.max(now + TimeDelta::seconds(1))
}
