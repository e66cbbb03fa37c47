//! What a step found out, and how it enters the facts.

use chrono::{DateTime, Utc};

use super::{
    Account, AuthKind, Connection, ConnectionInput, ConnectionWay, Event, Look, Onboarding, Origin,
    Problem, ProblemCode, Question, Removed, Slot,
};
use crate::ids::{ConnectorId, CycleId};

/// What a step can add to the facts. `slot` counts the blueprint's templates from 0.
#[derive(Debug, Clone, PartialEq)]
pub enum Gain {
    Account(Account),
    Installed {
        slot: usize,
        cycle: CycleId,
        origin: Origin,
        connectors: Vec<SeenConnector>,
        /// When Cyclr showed it as paused; `None` if it showed something else.
        seen_paused_at: Option<DateTime<Utc>>,
    },
    Connections(Vec<SeenConnector>),
    Questions(Vec<(usize, Vec<Question>)>),
    Mapped {
        slot: usize,
        /// Surplus cycles of doubted installs that were found and deleted on the way.
        retired: Vec<CycleId>,
    },
    /// Cyclr says that something is missing again after it was mapped.
    Unmapped {
        slot: usize,
    },
    Activated {
        slot: usize,
        /// To run a single time.
        once: bool,
        /// Surplus cycles, and those of an earlier version of the blueprint, that were deleted.
        retired: Vec<CycleId>,
    },
    /// How a live one fares.
    Looked(Look),
    /// Everything of it at Cyclr was taken away.
    Removed(Removed),
}

/// An account connector as Cyclr showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenConnector {
    pub connector: ConnectorId,
    pub name: String,
    /// `None` where the place it was seen at does not tell.
    pub auth: Option<AuthKind>,
    pub authenticated: bool,
    /// `None` where the place it was seen at does not tell.
    pub details: Option<ConnectorDetails>,
}

/// What Cyclr wants to be told before a connector can be authenticated, and in which ways that goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectorDetails {
    pub inputs: Vec<ConnectionInput>,
    /// Those that Gangway can carry out, where there is something to choose or the connector's own way is
    /// none of them.
    pub ways: Vec<ConnectionWay>,
}

impl ConnectorDetails {
    /// Whether Cyclr has to be told something before it can even try.
    pub fn lacks_inputs(&self) -> bool {
        self.inputs.iter().any(ConnectionInput::is_missing)
    }
}

impl SeenConnector {
    /// Whatever was entered is asked for once more.
    pub fn ask_again(&mut self) {
        let inputs = self.details.iter_mut().flat_map(|details| &mut details.inputs);
        inputs.for_each(|input| input.is_set = false);
    }
}

impl Onboarding {
    /// Adds what was gained. What does not fit is a fault of ours, named.
    #[expect(clippy::too_many_lines, reason = "a case for each kind")]
    pub(super) fn gain(
        &mut self,
        gain: Gain,
        now: DateTime<Utc>,
    ) -> Result<Option<Event>, Problem> {
        match gain {
            Gain::Account(account) => {
                if self.facts.account.as_ref().is_some_and(|known| known.id != account.id) {
                    return Err(misfit("a second account"));
                }
                if self.facts.account.is_none() {
                    self.doubt_install_before_account(account.origin);
                }
                let known = self.facts.account.get_or_insert(account);
                Ok(Some(Event::AccountReady { account: known.id.clone(), origin: known.origin }))
            }
            Gain::Installed { slot, cycle, origin, connectors, seen_paused_at } => {
                let place = self.slot(slot)?;
                if place.cycle.is_some_and(|known| known != cycle) {
                    return Err(misfit("a second cycle"));
                }
                if place.disowned.contains(&cycle) {
                    return Err(misfit("a cycle that was disowned"));
                }
                place.cycle = Some(cycle);
                place.seen_paused_at = seen_paused_at;
                let after_doubt = place.install_doubted();
                let ids: Vec<_> = connectors.iter().map(|seen| seen.connector).collect();
                self.see(connectors, now);
                self.take_up(&ids);
                Ok(Some(Event::Installed {
                    template: slot,
                    cycle,
                    origin,
                    after_doubt,
                    connectors: ids,
                }))
            }
            Gain::Connections(seen) => Ok(self.see(seen, now)),
            Gain::Questions(asked) => {
                let template = self.facts.position().1;
                for (slot, questions) in asked {
                    self.slot(slot)?.questions = questions;
                }
                let open = self.facts.open_questions().count();
                Ok(Some(Event::QuestionsAsked { template, open }))
            }
            Gain::Mapped { slot, retired } => {
                self.slot(slot)?.mapped.note(true);
                Ok(Some(Event::Mapped { template: slot, retired }))
            }
            Gain::Unmapped { slot } => {
                self.slot(slot)?.mapped.note(false);
                Ok(Some(Event::Unmapped { template: slot }))
            }
            Gain::Activated { slot, once, retired } => {
                for former in &mut self.facts.former {
                    former.retired |= retired.contains(&former.cycle);
                }
                let place = self.slot(slot)?;
                place.active.note(true);
                place.runs_once |= once;
                let after_doubt = place.activation_doubted.stands();
                Ok(Some(Event::Activated { template: slot, after_doubt, retired }))
            }
            Gain::Looked(_) => Err(misfit("a look at what is not live")),
            Gain::Removed(removed) => Ok(Some(self.note_removed(removed, now))),
        }
    }

    fn slot(&mut self, slot: usize) -> Result<&mut Slot, Problem> {
        self.facts.slots.get_mut(slot).ok_or_else(|| misfit("a template that is not there"))
    }

    /// A cycle needs them, whatever became of the cycle that they came with.
    fn take_up(&mut self, connectors: &[ConnectorId]) {
        for connection in &mut self.facts.connections {
            if connectors.contains(&connection.connector) {
                connection.set_aside.note(false);
            }
        }
    }

    /// Notes connectors as Cyclr showed them; says what is news.
    pub(super) fn see(&mut self, seen: Vec<SeenConnector>, now: DateTime<Utc>) -> Option<Event> {
        let (mut connected, mut lost) = (Vec::new(), Vec::new());
        let ids: Vec<_> = seen.iter().map(|seen| seen.connector).collect();
        for seen in seen {
            let is_new = self.facts.connection(seen.connector).is_none();
            if is_new {
                let fresh = Connection::new(seen.connector, seen.name.clone());
                self.facts.connections.push(fresh);
            }
            let Some(connection) = self.facts.connection_mut(seen.connector) else {
                continue;
            };
            connection.auth = seen.auth.or(connection.auth);
            if let Some(ConnectorDetails { inputs, ways }) = seen.details {
                connection.inputs = inputs;
                connection.ways = ways;
            }
            // A connector with nothing to authenticate is as good as connected.
            let stands = seen.authenticated || connection.auth == Some(AuthKind::Open);
            connection.found_connected |= is_new && seen.authenticated;
            if !stands {
                connection.to_renew = false;
            }
            if connection.authenticated.note(stands) {
                if stands { &mut connected } else { &mut lost }.push(seen.connector);
            }
            if lost.last() == Some(&seen.connector) {
                // Who is to connect it again is for the tenant's people to say.
                connection.handed_over.note(false);
                connection.approval = None;
                // What somebody did to make it is another story now.
                connection.attempt = None;
            }
        }
        let unfinished = self.end_attempts(&ids, now);
        let news = !connected.is_empty() || !lost.is_empty() || !unfinished.is_empty();
        news.then_some(Event::ConnectionsSeen { connected, lost, unfinished })
    }
}

fn misfit(what: &str) -> Problem {
    Problem::with(ProblemCode::InternalFault, format!("a step reported {what}"))
}
