//! Log lines: one event, one line, whatever stands in it; and nobody waits for whoever reads them.

use std::fmt::{self, Write as _};
use std::io::{IsTerminal as _, Write};

use tracing::Subscriber;
use tracing::field::Field;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::{self, Writer};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};

/// What is logged unless told otherwise. Postgres's notices tell nothing that is not known.
const DEFAULT: &str = "info,sqlx::postgres::notice=warn";

/// Lines that may wait to be written. What comes beyond that is lost, and counted.
const MOST_WAITING: usize = 8192;

/// What lines look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    Json,
    Text,
}

/// What is logged, and how.
#[derive(Debug, Clone, Default)]
pub struct LogSettings {
    /// In the form of `RUST_LOG`; a malformed one falls back to the default.
    pub filter: Option<String>,
    pub format: LogFormat,
}

impl std::str::FromStr for LogFormat {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err(UnknownFormat),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("log lines are auto, json or text")]
pub struct UnknownFormat;

/// Writes lines from a thread of its own: a pipe that nobody empties, a full disk and a closed descriptor
/// cost lines, never a step.
pub(super) fn writer(to: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard, ErrorCounter) {
    let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(MOST_WAITING);
    let (writer, guard) = builder.thread_name("gangway-log").finish(to);
    let lost = writer.error_counter();
    (writer, guard, lost)
}

pub(super) fn layer<S>(
    settings: &LogSettings,
    writer: NonBlocking,
) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let filter = settings.filter.as_deref().and_then(|text| EnvFilter::try_new(text).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new(DEFAULT));
    let terminal = std::io::stderr().is_terminal();
    let json = match settings.format {
        LogFormat::Auto => !terminal,
        LogFormat::Json => true,
        LogFormat::Text => false,
    };
    // Its own complaints would be printed to where nothing can be written, which panics.
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).log_internal_errors(false);
    if json {
        lines.json().with_filter(filter).boxed()
    } else {
        let fields = format::debug_fn(one_line).delimited(" ");
        let lines = lines.with_target(false).with_ansi(terminal).fmt_fields(fields);
        lines.with_filter(filter).boxed()
    }
}

/// A field in the text form. What came from outside cannot begin a line of its own or colour it.
fn one_line(writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug) -> fmt::Result {
    if field.name() != "message" {
        write!(writer, "{}=", field.name())?;
    }
    write!(Encoded(writer), "{value:?}")
}

/// Encodes what controls a terminal, line ends among it, as Rust's strings do.
struct Encoded<'a, 'w>(&'a mut Writer<'w>);

impl fmt::Write for Encoded<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            // The last two are line ends to some who read.
            if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
                write!(self.0, "{}", character.escape_default())?;
            } else {
                self.0.write_char(character)?;
            }
        }
        Ok(())
    }
}

/// A panic is an event like any other: one line, and not printed by whoever panics.
pub(super) fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let words = panic.payload_as_str().unwrap_or("without words");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked: {words}");
    }));
}
