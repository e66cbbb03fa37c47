//! An exported history, played again against a sandbox: does the same come of it?
//!
//! Uses `engine`, `store`, `cyclr`, `sandbox`, `embedded`, `onboarding`, `ids`, `secret` and `clock`.
//!
//! What always holds:
//! - The real engine works, on a database of its own, with a stopped clock for both sides. Nothing outside this
//!   machine is asked, and no setting of the environment counts.
//! - What Cyclr did wrong is done by faults, what people did by the engine's own orders, and what somebody did
//!   at Cyclr's console by calls to the sandbox: each where the timeline has it.
//! - Compared are what the engine did, in order, with where it stood and why, and how it stands at the end. Ids
//!   differ; times follow the timeline, and may run on where chance made a wait longer.
//! - What the document does not tell is said ("cannot be played again"), never guessed.
//!
//! Decided against: keeping bodies of calls to play them back (they hold what tenants typed, and a replay of
//! answers proves nothing of decisions); comparing what people did (it is what is played).

mod answers;
mod console;
mod document;
mod faults;
mod obstacles;
mod people;
mod play;
mod program;
mod stage;
mod verdict;
mod world;

use sqlx::postgres::PgConnectOptions;

pub use document::History;
pub use program::{Options, Unlike, run};
pub use verdict::{Difference, Ending, Move, Refusal, Verdict};

use crate::{cyclr, embedded, engine, sandbox, store};

/// Why a history was not played.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the document is larger than 64 MiB, which no export is")]
    TooLarge,
    #[error("the document is of the form `{0}`; this version plays `gangway-history/1`")]
    OtherFormat(String),
    #[error("the document is none that `gangway export` has written")]
    Unread { source: serde_json::Error },
    #[error("the document lacks the version of the blueprint that it follows")]
    NoBlueprint,
    #[error("cannot use {path}")]
    File { path: String, source: std::io::Error },
    #[error("the replay's own {0} does not make sense")]
    Own(&'static str),
    #[error("the sandbox cannot be made of this document")]
    Sandbox(#[from] sandbox::Error),
    #[error(transparent)]
    Embedded(#[from] embedded::Error),
    #[error("the replay's database cannot be used")]
    Database(#[from] sqlx::Error),
    #[error("the replay's database could not be brought to this version's shape")]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("the sandbox cannot be asked")]
    Http(#[from] reqwest::Error),
    #[error("cannot listen on this machine")]
    Listen(#[from] std::io::Error),
    #[error(transparent)]
    Cyclr(#[from] cyclr::SetupError),
    #[error(transparent)]
    Engine(#[from] engine::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Plays it in this database, which has to be an empty one.
pub async fn replay(history: &History, database: PgConnectOptions) -> Result<Verdict, Error> {
    let obstacles = obstacles::find(history);
    if !obstacles.is_empty() {
        return Ok(Verdict::CannotBePlayed(obstacles));
    }
    let mut stage = stage::Stage::open(history, database).await?;
    let played = Box::pin(play::play(&mut stage, history)).await?;
    Ok(Verdict::of(history, played))
}
