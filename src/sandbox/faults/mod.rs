//! Faults on demand: which call is struck, and how.
//!
//! They come in three ways: from a file when the sandbox is opened, through the control surface
//! while it runs, and in a header of the very call that is to be struck.

mod armed;
mod check;
mod read;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

pub use armed::StruckBy;
pub(super) use armed::{Faults, Strike};
pub(super) use read::OnThisCall;
pub use read::parse_faults;

/// One thing that goes wrong for some calls.
///
/// As JSON the fields of the kind stand beside the others:
/// `{"path": "/v1.0/templates/*/install", "times": 1, "kind": "refuse", "status": 503, "message": ""}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Any method when absent; compared without regard to case.
    #[serde(default)]
    pub method: Option<String>,
    /// Path without query. `*` stands for one segment and, as the last one, for all that follow;
    /// `{}` stands for exactly one segment everywhere.
    pub path: String,
    /// How many matching calls it strikes.
    #[serde(default = "once")]
    pub times: u32,
    /// How many matching calls pass before that.
    #[serde(default)]
    pub skip: u32,
    /// Which share of the matching calls it strikes, from 0 to 1; all of them when absent. A call
    /// that it lets pass may be struck by the next fault.
    #[serde(default)]
    pub chance: Option<f64>,
    /// Where the dice of `chance` and of `wrong_types` begin: given the same seed, and calls in the
    /// same order, the same ones are struck in the same way.
    #[serde(default)]
    pub seed: u64,
    #[serde(flatten)]
    pub kind: FaultKind,
}

fn once() -> u32 {
    1
}

/// How a struck call goes wrong. "Performed" means that the world has changed as asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// Not performed; answers this status and `{"Message": …}`.
    Refuse {
        status: u16,
        #[serde(default)]
        message: String,
        /// Seconds, or a date as HTTP writes it.
        #[serde(default, deserialize_with = "text_or_number")]
        retry_after: Option<String>,
    },
    /// Not performed; the connection dies without an answer.
    DropBefore,
    /// Performed; the connection dies without an answer.
    LoseAnswer,
    /// Performed after a pause, unless the client has gone by then.
    StallBefore { seconds: f64 },
    /// Performed at once; answered after a pause.
    StallAfter { seconds: f64 },
    /// Waits until the faults are cleared and is performed then, unless the client has gone.
    HoldBefore,
    /// Performed at once; answered when the faults are cleared.
    HoldAfter,
    /// Performed; answers with an HTML page, as a proxy might, and with this status.
    Html {
        #[serde(default = "ok")]
        status: u16,
    },
    /// Performed; the JSON of the answer breaks off, and the length says that this was all.
    Truncated,
    /// Performed; the length is that of the whole answer, and the connection dies midway.
    Reset,
    /// Performed; answers with this status and no body at all.
    Empty {
        #[serde(default = "ok")]
        status: u16,
    },
    /// Performed; the JSON of the answer has its names, and values of other types: numbers as text,
    /// text as numbers, lists as objects. Which ones, the seed says.
    WrongTypes,
    /// Performed; the body of the answer does not end.
    Huge,
    /// Performed; the true answer, filled up with blanks to this many bytes.
    Oversized { bytes: u64 },
    /// Performed; the body of the answer comes one byte a second and does not end.
    Drip,
    /// Performed; the true answer, a byte at a time, so that it takes this long.
    Slow { seconds: f64 },
    /// The connection dies at once without an answer; performed that much later by the sandbox's
    /// clock, although nobody waits for it any more. Clearing the faults does not take it back.
    CommitLate { seconds: f64 },
    /// Not performed; answers 401 and forgets every access token.
    TokenRevoked,
}

fn ok() -> u16 {
    200
}

fn text_or_number<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(reader)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(serde::de::Error::custom("retry_after is a number of seconds, or a date"))
        }
    }
}

impl Fault {
    /// Strikes the next call of this method and path.
    pub fn once(method: &str, path: &str, kind: FaultKind) -> Self {
        Self {
            method: Some(method.to_owned()),
            path: path.to_owned(),
            times: 1,
            skip: 0,
            chance: None,
            seed: 0,
            kind,
        }
    }
}

impl FaultKind {
    /// As JSON names it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Refuse { .. } => "refuse",
            Self::DropBefore => "drop_before",
            Self::LoseAnswer => "lose_answer",
            Self::StallBefore { .. } => "stall_before",
            Self::StallAfter { .. } => "stall_after",
            Self::HoldBefore => "hold_before",
            Self::HoldAfter => "hold_after",
            Self::Html { .. } => "html",
            Self::Truncated => "truncated",
            Self::Reset => "reset",
            Self::Empty { .. } => "empty",
            Self::WrongTypes => "wrong_types",
            Self::Huge => "huge",
            Self::Oversized { .. } => "oversized",
            Self::Drip => "drip",
            Self::Slow { .. } => "slow",
            Self::CommitLate { .. } => "commit_late",
            Self::TokenRevoked => "token_revoked",
        }
    }
}
