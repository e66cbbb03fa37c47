//! What the program tells of itself: log lines, readable on a terminal, JSON elsewhere; and figures.
//!
//! A leaf. What is counted is counted through [`meters`], whose functions are the list of everything
//! there is: names and labels stand there and nowhere else, and no label can grow without bound.
//! Nothing is counted until a recorder is installed, which costs next to nothing until then.

pub mod meters;

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What is logged unless told otherwise. Postgres's notices tell nothing that is not known.
const DEFAULT: &str = "info,sqlx::postgres::notice=warn";

/// Sends log lines to standard error. `filter` is in the form of `RUST_LOG`; a malformed one falls
/// back to the default. Calling it twice keeps the first.
pub fn init(filter: Option<&str>) {
    let filter = filter.and_then(|text| EnvFilter::try_new(text).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new(DEFAULT));
    let lines = tracing_subscriber::registry().with(filter);
    let outcome = if std::io::stderr().is_terminal() {
        lines
            .with(tracing_subscriber::fmt::layer().with_target(false).with_writer(std::io::stderr))
            .try_init()
    } else {
        lines.with(tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr)).try_init()
    };
    drop(outcome);
}
