//! The protocol by which one template of one onboarding becomes one active cycle, as a model.
//!
//! A state is the row in Postgres, two workers and Cyclr. An action is one exchange between them, or a
//! fault. Each part stands for something in the program:
//!
//! | Here | There |
//! | --- | --- |
//! | [`Row`] | a row of `onboarding` with its facts (`src/onboarding/facts.rs`) |
//! | `Row::unfinished` | `claims > 0`: whoever claims next takes over (`Leased::is_takeover`) |
//! | `Worker::fenced` | the worker's lease token is no longer the row's (`src/store/keep_changes.sql`) |
//! | `Worker::late` | frozen or slow, past the end of its lease; it may still send what it was about to |
//! | [`Action::Claim`] | `src/store/claim.sql` and the first decision of the step (`src/engine/steps/`) |
//! | [`Action::Go`] | the call under way is performed and answered, or the result is committed |
//! | [`Action::GiveUp`] | no answer in time; the request may still be on its way (`Fault::Ambiguous`) |
//! | [`Action::Order`] | a person's order ends the lease of a worker at work (`src/store/overrule.rs`) |
//! | [`Doubt`] | `InstallIntent::doubted_at` and `Slot::activation_doubted`, with the quiet period |
//! | [`Doing::Disown`] | a worker whose result was refused takes the row's lock and marks what it made |
//! | [`Action::Adopt`], [`Action::Retry`] | what staff do about `ambiguous_install`, `activation_unclear` |
//!
//! Connecting and mapping are left out: repeating them changes nothing. Time is left out too; what it
//! means is kept: a row is claimed when nobody holds it in time, and the quiet period outlasts every
//! request that was sent in time. A frozen worker's request knows no such bound.
//!
//! [`Rules`] weakens the protocol, one rule at a time, to show that the model would notice.

/// More than any history with the faults of a check can make; going beyond is a panic.
pub(super) const MOST_CYCLES: usize = 12;

/// A set of cycles, one bit each.
pub(super) type Cycles = u16;

/// What holds. All true (but for the schedule) is the protocol as it should be.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each can be broken by itself")]
pub(super) struct Rules {
    /// The cycle runs a single time: activating it again runs it again.
    pub run_once: bool,
    /// Faults in one history.
    pub faults: u8,
    /// A result is refused when the lease was lost.
    pub fence: bool,
    /// An install whose outcome is unclear is remembered as such.
    pub intent: bool,
    /// The quiet period is waited out before cycles are looked through.
    pub quiet_before_look: bool,
    /// The same before a look at the activation of a cycle that runs once.
    pub quiet_before_activation_look: bool,
    /// A cycle is marked in the row before it is deleted for want of a record.
    pub disown: bool,
    /// Marking ends the present lease.
    pub disown_ends_lease: bool,
    /// Surplus is only deleted once another cycle is recorded.
    pub record_before_retiring: bool,
    /// After any doubt, the account is looked through once more before the activation.
    pub look_before_activation: bool,
    /// A doubted activation of a cycle that runs once is not repeated by itself.
    pub run_once_waits: bool,
    /// What staff vouch for is read again before it is acted upon.
    pub look_after_vouching: bool,
    /// No frozen worker sleeps until after a person has vouched.
    pub wakes_before_vouching: bool,
    /// After a lease was ended by an order, the row rests until that lease would have ended.
    pub rests_after_order: bool,
    /// After a lease was ended by an order, the next claim is a takeover.
    pub order_leaves_doubt: bool,
    /// The account's id is ours, so that a second create finds the first.
    pub own_account_id: bool,
}

impl Rules {
    pub(super) const fn sound(run_once: bool, faults: u8) -> Self {
        Self {
            run_once,
            faults,
            fence: true,
            intent: true,
            quiet_before_look: true,
            quiet_before_activation_look: true,
            disown: true,
            disown_ends_lease: true,
            record_before_retiring: true,
            look_before_activation: true,
            run_once_waits: true,
            look_after_vouching: true,
            wakes_before_vouching: true,
            rests_after_order: true,
            order_leaves_doubt: true,
            own_account_id: true,
        }
    }
}

/// Whether something may have taken effect without our knowing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Doubt {
    #[default]
    None,
    /// Until nothing sent in time can be under way any more.
    Quiet,
    /// A look decides.
    Look,
    /// A person says that it did not. Only for activations.
    Vouched,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Stuck {
    AmbiguousInstall,
    ActivationUnclear,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "a row has flags")]
pub(super) struct Row {
    pub(super) held: bool,
    pub(super) unfinished: bool,
    pub(super) account: bool,
    pub(super) install: Doubt,
    pub(super) activation: Doubt,
    pub(super) stuck: Option<Stuck>,
    pub(super) recorded: Option<u8>,
    pub(super) disowned: Cycles,
    pub(super) live: bool,
    /// What was there beside the recorded cycle when it was recorded. Only the properties ask.
    pub(super) surplus: Cycles,
}

/// What a worker is about to do. Calls may also be on their way already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Doing {
    #[default]
    Nothing,
    CreateAccount,
    ListToInstall,
    /// After a look, with what was there.
    Install {
        looked: Option<Cycles>,
    },
    /// Only with a rule broken: surplus is looked for before the cycle is recorded.
    ListToRetire {
        made: u8,
        there: Cycles,
    },
    RetireEarly {
        made: u8,
        surplus: Cycles,
    },
    ListToActivate {
        cycle: u8,
    },
    Retire {
        cycle: u8,
        surplus: Cycles,
    },
    LookAtActivation {
        cycle: u8,
        vouched: bool,
    },
    Activate {
        cycle: u8,
    },
    Commit(Found),
    Disown {
        made: u8,
    },
    Delete {
        cycle: u8,
    },
}

/// What a worker has to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Found {
    Account,
    Made(u8),
    Ours(u8),
    InstallUnclear,
    Ambiguous,
    Activated {
        cycle: u8,
    },
    ActivationUnclear,
    NotSeenToRun,
    /// Nothing was sent and nothing found: to be tried again.
    Nothing,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Worker {
    pub(super) doing: Doing,
    pub(super) fenced: bool,
    pub(super) late: bool,
}

impl Doing {
    /// Whether the call under way changes something at Cyclr.
    pub(super) fn changes_cyclr(self) -> bool {
        match self {
            Self::CreateAccount
            | Self::Install { .. }
            | Self::RetireEarly { .. }
            | Self::Retire { .. }
            | Self::Activate { .. }
            | Self::Delete { .. } => true,
            Self::Nothing
            | Self::ListToInstall
            | Self::ListToRetire { .. }
            | Self::ListToActivate { .. }
            | Self::LookAtActivation { .. }
            | Self::Commit(_)
            | Self::Disown { .. } => false,
        }
    }

    /// Whether the worker may come to activate without asking the row again.
    pub(super) fn may_activate(self) -> bool {
        match self {
            Self::ListToActivate { .. }
            | Self::Retire { .. }
            | Self::LookAtActivation { .. }
            | Self::Activate { .. } => true,
            Self::Nothing
            | Self::CreateAccount
            | Self::ListToInstall
            | Self::Install { .. }
            | Self::ListToRetire { .. }
            | Self::RetireEarly { .. }
            | Self::Commit(_)
            | Self::Disown { .. }
            | Self::Delete { .. } => false,
        }
    }
}

impl Worker {
    pub(super) fn is_idle(self) -> bool {
        self.doing == Doing::Nothing
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Cycle {
    #[default]
    NotMade,
    Paused,
    /// With the number of times it was activated.
    Active(u8),
    Deleted,
}

/// Requests whose sender no longer waits for the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Underway {
    /// Sent in time, and by a worker that was late already.
    pub(super) installs: [u8; 2],
    pub(super) activations: [Cycles; 2],
    pub(super) deletions: Cycles,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct State {
    pub(super) row: Row,
    pub(super) workers: [Worker; 2],
    pub(super) accounts: u8,
    pub(super) cycles: [Cycle; MOST_CYCLES],
    pub(super) underway: Underway,
    pub(super) faults: u8,
    /// Somebody was late once. Only the properties ask.
    pub(super) late: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Claim(usize),
    Go(usize),
    QuietIsOver,
    QuietIsOverForActivation,
    /// A request that nobody waits for reaches Cyclr, or is lost.
    InstallArrives {
        late: bool,
        lost: bool,
    },
    ActivationArrives {
        late: bool,
        cycle: u8,
        lost: bool,
    },
    DeletionArrives {
        cycle: u8,
        lost: bool,
    },
    /// Staff decide which of several cycles is ours.
    Adopt(u8),
    /// Staff order a retry; where the activation was unclear, they vouch that it has not run.
    Retry,
    // Faults.
    GiveUp(usize),
    Crash(usize),
    Freeze(usize),
    /// Kept, and the worker never learns it.
    LoseCommit(usize),
    Order,
}

impl Action {
    /// Counted against [`Rules::faults`].
    pub(super) fn is_fault(self) -> bool {
        match self {
            Self::GiveUp(_)
            | Self::Crash(_)
            | Self::Freeze(_)
            | Self::LoseCommit(_)
            | Self::Order => true,
            Self::Claim(_)
            | Self::Go(_)
            | Self::QuietIsOver
            | Self::QuietIsOverForActivation
            | Self::InstallArrives { .. }
            | Self::ActivationArrives { .. }
            | Self::DeletionArrives { .. }
            | Self::Adopt(_)
            | Self::Retry => false,
        }
    }
}
