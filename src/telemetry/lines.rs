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
    let (writer, guard) = builder.thread_name("gangway-log").finish(Harmless(to));
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

/// Whether it ends a line or controls a terminal for some who read, although JSON lets it stand as it is.
fn is_late_control(character: char) -> bool {
    matches!(character, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}')
}

/// Encodes that in whole lines, in the way of JSON.
struct Harmless<W>(W);

impl<W: Write> Write for Harmless<W> {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        match std::str::from_utf8(line) {
            Ok(text) if text.contains(is_late_control) => {
                let mut encoded = String::with_capacity(text.len() + 32);
                for character in text.chars() {
                    if is_late_control(character) {
                        // Writing into a String cannot fail.
                        let _ = write!(encoded, "\\u{:04x}", u32::from(character));
                    } else {
                        encoded.push(character);
                    }
                }
                self.0.write_all(encoded.as_bytes())?;
            }
            Ok(_) | Err(_) => self.0.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
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

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    const HOSTILE: &str = "Acme\r\n{\"level\":\"ERROR\"}\n\u{1b}[31mred\u{7}\u{9b}31m\u{2028}";

    #[derive(Clone, Default)]
    struct Sheet(Arc<Mutex<Vec<u8>>>);

    impl Write for Sheet {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(format: LogFormat) -> String {
        let sheet = Sheet::default();
        let (writer, guard, _) = writer(sheet.clone());
        let settings = LogSettings { filter: None, format };
        let lines = tracing_subscriber::registry().with(layer(&settings, writer));
        tracing::subscriber::with_default(lines, || {
            let span = tracing::info_span!("work", tenant = %HOSTILE, name = HOSTILE);
            span.in_scope(|| tracing::info!(said = %HOSTILE, debug = ?HOSTILE, "heard {HOSTILE}"));
            log_panics();
            drop(std::panic::catch_unwind(|| panic!("{HOSTILE}")));
            drop(std::panic::take_hook());
        });
        // All that waits is written then.
        drop(guard);
        let bytes = sheet.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn an_event_is_one_line_whatever_stands_in_it() {
        for format in [LogFormat::Json, LogFormat::Text] {
            let text = written(format);
            assert_eq!(text.lines().count(), 2, "{format:?}: {text}");
            let bad = |c: char| c != '\n' && (c.is_control() || is_late_control(c));
            assert!(!text.contains(bad), "{format:?}: {text}");
            assert!(text.contains("panicked") && text.contains("Acme"), "{format:?}: {text}");
        }
        let json = written(LogFormat::Json);
        let event: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
        assert_eq!(event["fields"]["said"], HOSTILE);
        assert_eq!(event["spans"][0]["tenant"], HOSTILE);
    }
}
