//! What the program tells of itself: log lines, readable on a terminal, JSON elsewhere; traces; and figures.
//!
//! A leaf. What is counted is counted through [`meters`], whose functions are the list of everything
//! there is: names and labels stand there and nowhere else, and no label can grow without bound.
//! Nothing is counted until a recorder is installed, which costs next to nothing until then.
//!
//! What always holds: nobody waits for whoever reads. Lines and spans go through queues of bounded length to
//! threads of their own, and what finds no place is lost. One event is one line.

mod lines;
pub mod meters;
pub mod traces;

use std::io::Write;
use std::sync::OnceLock;

use tracing_appender::non_blocking::{ErrorCounter, WorkerGuard};
use tracing_subscriber::layer::SubscriberExt as _;

pub use lines::{LogFormat, LogSettings};
pub use traces::TraceSettings;

/// Counts the lines that found no place.
static LOST: OnceLock<ErrorCounter> = OnceLock::new();

/// Log lines of this process that were lost because nobody took them.
pub fn lost_lines() -> usize {
    LOST.get().map_or(0, ErrorCounter::dropped_lines)
}

/// What tells, for the whole process.
pub struct Telemetry {
    sending: Option<traces::Sending>,
    _writing: WorkerGuard,
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Telemetry")
    }
}

impl Telemetry {
    /// Sends log lines to standard error, and traces where `traces` says. Begun twice, the first is kept.
    pub fn begin(logs: &LogSettings, traces: Option<&TraceSettings>) -> Self {
        Self::begin_to(std::io::stderr(), logs, traces)
    }

    fn begin_to(
        to: impl Write + Send + 'static,
        logs: &LogSettings,
        traces: Option<&TraceSettings>,
    ) -> Self {
        let (writer, writing, lost) = lines::writer(to);
        let sending = traces.map(traces::Sending::begin).transpose();
        let (sending, failure) = match sending {
            Ok(sending) => (sending, None),
            Err(error) => (None, Some(error)),
        };
        let layers = sending.as_ref().map(traces::Sending::layer);
        let subscriber = tracing_subscriber::registry().with(layers);
        // Without what libraries write by the `log` crate: whether such a line is wanted is asked without one
        // coming, and after a no, layers with filters of their own miss the next span.
        let subscriber = subscriber.with(lines::layer(logs, writer));
        drop(tracing::subscriber::set_global_default(subscriber));
        lines::log_panics();
        if let Some(error) = failure {
            tracing::error!("no traces are sent: {error}");
        }
        let _ = LOST.set(lost);
        Self { sending, _writing: writing }
    }

    /// Sends and writes what is left. Blocks, but not for long.
    pub fn end(self) {
        if let Some(sending) = &self.sending {
            sending.end();
        }
        let lost = lost_lines();
        if lost > 0 {
            tracing::warn!(lost, "log lines found no place");
        }
    }
}
