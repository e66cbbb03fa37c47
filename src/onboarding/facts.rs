//! What has been achieved or seen, for good.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Connection, FormerCycle, Life, Offboarding, Question, QuestionKey, Runs, StepKind};
use crate::ids::{AccountId, ConnectorId, CycleId, TemplateId};

/// Stored as JSON in the onboarding's row. Only grows: [`Facts::covers`] says what that means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The id that the tenant's account gets, fixed before it is made: what ids are made of may be
    /// configured otherwise tomorrow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// When it last became unclear whether the account was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_doubted_at: Option<DateTime<Utc>>,
    /// When a worker last took this over from one that vanished, which may have left something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_over_at: Option<DateTime<Utc>>,
    /// One per template of the blueprint, in its order.
    pub slots: Vec<Slot>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connections: Vec<Connection>,
    /// What the tenant's people answered. Never a credential.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<QuestionKey, String>,
    /// How people saw them who chose among values that mean nothing to anybody.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<QuestionKey, String>,
    /// When a person of the tenant first had the pages before them. A mail scanner does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<DateTime<Utc>>,
    /// When somebody last asked for a new link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_wanted_at: Option<DateTime<Utc>>,
    /// What was answered is asked once more, with the answers as a start.
    #[serde(default, skip_serializing_if = "Mark::is_untouched")]
    pub asked_again: Mark,
    /// How it fares since it went live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub life: Option<Life>,
    /// Cycles of earlier versions of the blueprint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<FormerCycle>,
    /// How often it went on to a newer version of the blueprint.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub upgrades: u32,
    /// Everything of it at Cyclr is taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offboarding: Option<Offboarding>,
}

/// The tenant's Cyclr account, proven to be theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    pub origin: Origin,
}

/// How something at Cyclr became ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// This run made it.
    Made,
    /// It was there and was proven to be ours.
    Adopted,
    /// The integrator named it.
    Named,
}

/// One template of the blueprint on its way to an active cycle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    pub template: TemplateId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub install: Option<InstallIntent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycle: Option<CycleId>,
    /// When Cyclr last showed the cycle as paused, before we ever activated it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_paused_at: Option<DateTime<Utc>>,
    /// Cycles that workers of ours made and that are not to become this template's: whoever looks
    /// for one to adopt passes them by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disowned: Vec<CycleId>,
    /// What was there to choose from when it was last unclear which cycle is ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
    /// The one of them that staff chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<CycleId>,
    /// What mapping could not answer by rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
    #[serde(default, skip_serializing_if = "Mark::is_untouched")]
    pub mapped: Mark,
    /// Staff pass its mapping over: it is left as Cyclr has it.
    #[serde(default, skip_serializing_if = "Mark::is_untouched")]
    pub mapping_skipped: Mark,
    /// An activation may have taken effect without our knowing. Stands until it is seen, or until
    /// staff vouch that it has not.
    #[serde(default, skip_serializing_if = "Mark::is_untouched")]
    pub activation_doubted: Mark,
    /// When that last became so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_doubted_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Mark::is_untouched")]
    pub active: Mark,
    /// It was activated to run a single time, which is not repeated.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub runs_once: bool,
    /// Staff accept that it does not run: nobody looks after it any more.
    #[serde(default, skip_serializing_if = "Mark::is_untouched")]
    pub at_rest: Mark,
    /// How it has run since it is live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<Runs>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// We are about to install a template. Durable before the call, because Cyclr has no key there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallIntent {
    pub at: DateTime<Utc>,
    /// When it last became unclear whether a call made under this intent took effect.
    /// While set, nothing is installed before the account's cycles were looked through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubted_at: Option<DateTime<Utc>>,
}

/// A cycle that may be ours, as staff are shown it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    pub cycle: CycleId,
    pub name: String,
    /// Cyclr's word.
    pub status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<DateTime<Utc>>,
}

/// Something that stands or does not, with the number of times that has changed. The count is what
/// makes "was authenticated, then lost it" a fact that has grown and not one that was taken back.
///
/// Stored as the count alone: a mark stands after an odd number of changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredMark", into = "u32")]
pub struct Mark {
    stands: bool,
    changes: u32,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum StoredMark {
    Count(u32),
    /// As it was stored at first.
    Spelled {
        stands: bool,
        changes: u32,
    },
}

impl From<StoredMark> for Mark {
    fn from(stored: StoredMark) -> Self {
        match stored {
            StoredMark::Count(changes) => Self { stands: changes % 2 == 1, changes },
            StoredMark::Spelled { stands, changes } => Self { stands, changes },
        }
    }
}

impl From<Mark> for u32 {
    fn from(mark: Mark) -> Self {
        mark.changes
    }
}

impl Mark {
    pub const fn stands(self) -> bool {
        self.stands
    }

    /// Whether it never stood.
    pub const fn is_untouched(&self) -> bool {
        self.changes == 0
    }

    /// Notes what is so now. Says whether that is news.
    pub fn note(&mut self, stands: bool) -> bool {
        let news = self.stands != stands;
        if news {
            self.stands = stands;
            self.changes = self.changes.saturating_add(1);
        }
        news
    }

    /// How often it has changed.
    pub const fn changes(self) -> u32 {
        self.changes
    }

    pub(super) const fn covers(self, older: Self) -> bool {
        self.changes > older.changes
            || (self.changes == older.changes && self.stands == older.stands)
    }
}

impl Slot {
    pub fn is_to_map(&self) -> bool {
        !self.mapped.stands() && !self.mapping_skipped.stands()
    }

    /// An install of this template may have left a cycle that nobody recorded.
    pub fn install_doubted(&self) -> bool {
        self.install.is_some_and(|intent| intent.doubted_at.is_some())
    }

    pub fn new(template: TemplateId) -> Self {
        Self {
            template,
            install: None,
            cycle: None,
            seen_paused_at: None,
            disowned: Vec::new(),
            candidates: Vec::new(),
            chosen: None,
            questions: Vec::new(),
            mapped: Mark::default(),
            mapping_skipped: Mark::default(),
            activation_doubted: Mark::default(),
            activation_doubted_at: None,
            active: Mark::default(),
            runs_once: false,
            at_rest: Mark::default(),
            runs: None,
        }
    }
}

impl Facts {
    pub fn new(templates: impl IntoIterator<Item = TemplateId>) -> Self {
        Self {
            account_id: None,
            account: None,
            account_doubted_at: None,
            taken_over_at: None,
            slots: templates.into_iter().map(Slot::new).collect(),
            connections: Vec::new(),
            answers: BTreeMap::new(),
            labels: BTreeMap::new(),
            opened_at: None,
            link_wanted_at: None,
            asked_again: Mark::default(),
            life: None,
            former: Vec::new(),
            upgrades: 0,
            offboarding: None,
        }
    }

    /// The step that is next, with the template it concerns.
    pub fn position(&self) -> (StepKind, usize) {
        let first = |open: fn(&Slot) -> bool| self.slots.iter().position(open);
        if self.offboarding.is_some() {
            (StepKind::Offboard, 0)
        } else if self.account.is_none() {
            (StepKind::CreateAccount, 0)
        } else if let Some(slot) = first(|slot| slot.cycle.is_none()) {
            (StepKind::Install, slot)
        } else if self.connections.iter().any(Connection::is_to_connect) {
            (StepKind::Connect, 0)
        } else if let Some(slot) = first(Slot::is_to_map) {
            (StepKind::Map, slot)
        } else if let Some(slot) = first(|slot| !slot.active.stands()) {
            (StepKind::Activate, slot)
        } else {
            (StepKind::Live, 0)
        }
    }

    /// Every question of every template, answered or not.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.slots.iter().flat_map(|slot| &slot.questions)
    }

    /// Questions that nobody has answered yet, over all templates. An optional one that was left
    /// empty is answered.
    pub fn open_questions(&self) -> impl Iterator<Item = &Question> {
        self.slots
            .iter()
            .filter(|slot| !slot.mapping_skipped.stands())
            .flat_map(|slot| &slot.questions)
            .filter(|question| self.is_to_answer(question))
    }

    pub fn is_to_answer(&self, question: &Question) -> bool {
        self.asked_again.stands() || !self.answers.contains_key(&question.key)
    }

    pub fn connection(&self, connector: ConnectorId) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.connector == connector)
    }

    pub fn connection_mut(&mut self, connector: ConnectorId) -> Option<&mut Connection> {
        self.connections.iter_mut().find(|connection| connection.connector == connector)
    }

    /// After an upgrade its cycle is another template's place, or a former one.
    fn knows_cycles_of(&self, old: &Slot) -> bool {
        let mut cycles = old.cycle.iter().chain(&old.disowned);
        cycles.all(|cycle| {
            let kept = |slot: &Slot| slot.cycle == Some(*cycle) || slot.disowned.contains(cycle);
            self.slots.iter().any(kept) || self.former.iter().any(|former| former.cycle == *cycle)
        })
    }

    /// Whether everything known in `older` is still known here: ids stay as they are, marks have
    /// not been turned back, nothing has vanished.
    pub fn covers(&self, older: &Self) -> bool {
        let slots = if self.upgrades > older.upgrades {
            older.slots.iter().all(|old| self.knows_cycles_of(old))
        } else {
            self.slots.len() == older.slots.len()
                && self.slots.iter().zip(&older.slots).all(|(new, old)| {
                    new.template == old.template
                    // A cycle is kept, or given up for good.
                    && old.cycle.is_none_or(|cycle| {
                        new.cycle == Some(cycle) || new.disowned.contains(&cycle)
                    })
                    && old.disowned.iter().all(|cycle| new.disowned.contains(cycle))
                    && old.install.is_none_or(|old| {
                        new.install
                            .is_some_and(|new| new.at == old.at && new.doubted_at >= old.doubted_at)
                    })
                    && new.mapped.covers(old.mapped)
                    && new.mapping_skipped.covers(old.mapping_skipped)
                    && new.activation_doubted.covers(old.activation_doubted)
                    && new.activation_doubted_at >= old.activation_doubted_at
                    && new.active.covers(old.active)
                })
        };
        let connections = older
            .connections
            .iter()
            .all(|old| self.connection(old.connector).is_some_and(|new| new.covers(old)));
        slots
            && connections
            && (older.account_id.is_none() || self.account_id == older.account_id)
            && (older.account.is_none() || self.account == older.account)
            && self.account_doubted_at >= older.account_doubted_at
            && self.taken_over_at >= older.taken_over_at
            && self.opened_at.is_some() >= older.opened_at.is_some()
            && self.link_wanted_at >= older.link_wanted_at
            && self.asked_again.covers(older.asked_again)
            && self.upgrades >= older.upgrades
            && self.life.is_some() >= older.life.is_some()
            && self.offboarding.is_some() >= older.offboarding.is_some()
            && older.former.iter().all(|old| self.former.iter().any(|new| new.cycle == old.cycle))
            && older.answers.keys().all(|key| self.answers.contains_key(key))
    }
}
