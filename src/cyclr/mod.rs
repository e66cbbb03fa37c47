//! How to speak to Cyclr. Knows no onboarding; may use `ids`, `clock`,
//! `secret` and `telemetry`.
//!
//! - One way out: every exchange goes through `transport`, which bounds it (one total deadline,
//!   a slot, a body cap after decompression, no redirect, no proxy, no hidden retry) and notes it
//!   in the caller's [`CallLog`]. A function of this room ends within [`Settings::call_deadline`],
//!   whatever number of requests it makes.
//! - Before the way out stands one gate for all (`pressure`): how many at once, and whether at all.
//! - What follows from a failure is decided once, in [`Error::fault`]. "Refused" and "no answer"
//!   are different things: after the second the effect is unknown.
//! - Replies are read leniently (names in any case, nulls, extra fields, ids as number or text,
//!   dates with and without zone) and strictly where a mistake would cost: an object without its
//!   id, or a list that may be incomplete, is unreadable and never "nothing there".
//! - A credential goes in and does not come back: Cyclr echoes it, the decoder has no field for it.
//!   Error texts are shortened, stripped of control characters and masked.
//!
//! Decided against: HTTP/2 (one connection is one queue), account-bound tokens (a token request
//! per tenant), generated bindings (what is published contradicts what was seen), and a
//! `serde_json::Value` in between (slow, and it would hold the echoed credentials).
//!
//! Grades in the doc comments: DOC documented, OBS seen in use, INF inferred, UNK unknown.

mod accounts;
mod call_log;
mod catalogue;
mod client;
mod connectors;
mod cycles;
mod error;
mod lenient;
mod link;
mod needs;
mod pressure;
mod probe;
mod read_reply;
mod refusal;
mod session;
mod settings;
mod steps;
mod templates;
mod token;
mod transport;

pub use accounts::{AccountRecord, NewAccount, SignInToken};
pub use call_log::{Call, CallLog};
pub use catalogue::CatalogueConnector;
pub use client::{Account, Client, Partner};
pub use connectors::{AccountConnector, AuthType, ConnectorChange, OAuth2Type, Property};
pub use cycles::{
    Activation, Cycle, CycleConnector, CycleStatus, Incident, Prerequisite, PrerequisiteObject,
};
pub use error::{Error, Fault, NotSent};
pub use link::WayBack;
pub use needs::{AuthWay, ConnectorNeeds, ConnectorProperty};
pub use pressure::{Pressure, PressureSettings, PressureState};
pub use read_reply::{ReplyKind, Understood, read_reply};
pub use refusal::{parse_retry_after, words as refusal_words};
pub use settings::{Settings, SetupError};
pub use steps::{CycleStep, LookedUp, Mapping, MappingLookup, Setting};
pub use templates::{Template, TemplateConnector};
