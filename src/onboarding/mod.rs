//! What an onboarding *is* and how it *may change*. Pure.
//!
//! Uses only `ids`. No I/O, no `async`, no clock: time, randomness and what Cyclr said come in as
//! arguments, so every state can be reached in a test that takes microseconds.
//!
//! What always holds:
//! - Two functions change an onboarding: [`Onboarding::apply`] for what a step found out, and
//!   [`Onboarding::obey`] for what a person wants. `apply` is total, `obey` can refuse.
//! - Beside these, [`Onboarding::erase`] takes away what is known of people once it has ended, and
//!   [`Onboarding::look_first`] tells a restored copy to doubt what is next. Neither moves it.
//! - [`Facts`] only grow, but for answers that are erased. The step an onboarding stands at is derived from them, never stored as a
//!   second truth; so are blocker, requirements and every word on a page.
//! - `Cancelled` stays. A live one is left by four ways only: a sign-in that was lost or is to be made again,
//!   a difference that is put right, a newer version of its blueprint, and its end.
//!
//! Decided against: a saga with compensations (nothing here is unwound: an onboarding goes forward,
//! waits, or is stuck); a status per step (one place to stand is enough); free text as a problem.

mod abandonment;
mod actions;
mod after_live;
mod auth;
mod backoff;
mod blueprint;
mod bulk;
mod candidate;
mod colour;
mod connection;
mod drift;
mod event;
mod explain;
mod facts;
mod foreshadow;
mod gain;
mod keeping;
mod life;
mod limits;
mod link;
mod mapping;
mod mistakes;
mod overdue;
mod problem;
mod profile;
mod question;
mod requirement;
mod settle;
mod staff;
mod stand;
mod state;
mod step;
mod tell;
mod together;
mod transition;
mod visitor;

pub use abandonment::Abandonment;
pub use actions::Action;
pub use after_live::{FormerCycle, Offboarding, Removed, Upgrade};
pub use auth::{AuthKind, CredentialField};
pub use backoff::retry_delay;
pub use blueprint::{Blueprint, BlueprintId, Brand, Schedule, SignInWindow, TemplatePlan};
pub use bulk::BulkCommand;
pub use colour::{Colour, DARK_GROUND, LIGHT_GROUND};
pub use connection::{Approval, Attempt, Connection, ConnectionInput, ConnectionWay, ProviderWord};
pub use drift::{Difference, DriftChoice, DriftCode};
pub use event::Event;
pub use facts::{Account, Candidate, Facts, InstallIntent, Mark, Origin, Slot};
pub use gain::{ConnectorDetails, Gain, SeenConnector};
pub use keeping::Extent;
pub use life::{CycleState, Health, HeardError, Life, Look, Runs, SeenCycle, next_look};
pub use limits::{Limits, StepLimits, StepTable};
pub use mapping::{
    Foreseen, Function, Part, Plan, Rule, RuleFailure, RuleValue, Setting, SourcePath, Target,
    TemplateRules, Write, foresee, plan,
};
pub use mistakes::BlueprintMistake;
pub use overdue::StuckBecause;
pub use problem::{Blocker, Outlook, Problem, ProblemCode};
pub use profile::{Contact, Erased, Profile, ReturnUrls};
pub use question::{
    AnswerMistake, CheckedAnswers, Choice, Listed, Lookup, Question, QuestionKey, QuestionKind,
};
pub use requirement::{Requirement, RequirementCode};
pub use staff::{Restart, RestartStep};
pub use state::{LinkState, Onboarding, Status};
pub use step::StepKind;
pub use transition::{Command, InvalidTransition, Outcome, Transition};
