//! What log lines look like, and where traces are sent. Read before anything can go wrong; what is wrong in it
//! is told with all other mistakes.

use url::Url;

use super::Reader;
use crate::telemetry::{LogFormat, LogSettings, TraceSettings};

/// Of the process's environment. What is malformed counts as not set.
pub fn log_settings() -> LogSettings {
    let set = |name| std::env::var(name).ok();
    let format = set("GANGWAY_LOG_FORMAT").and_then(|text| text.trim().parse().ok());
    LogSettings { filter: set("GANGWAY_LOG"), format: format.unwrap_or_default() }
}

/// Of the process's environment; `None`: no traces are sent.
pub fn trace_settings() -> Option<TraceSettings> {
    let source = |name: &str| std::env::var(name).ok();
    let mut reader = Reader { source: &source, mistakes: Vec::new() };
    reader.traces()
}

impl Reader<'_> {
    /// Notes what is wrong.
    pub(super) fn telling(&mut self) {
        self.parse::<LogFormat>("GANGWAY_LOG_FORMAT", "auto, json or text");
        self.traces();
    }

    fn traces(&mut self) -> Option<TraceSettings> {
        let name = "OTEL_EXPORTER_OTLP_ENDPOINT";
        self.value(name).filter(|value| !value.is_empty())?;
        let rule = "an address, like http://localhost:4318";
        let endpoint = self.parse::<Url>(name, rule)?;
        if !matches!(endpoint.scheme(), "http" | "https") || !endpoint.has_host() {
            self.mistake(name, rule);
            return None;
        }
        Some(TraceSettings { endpoint, service: self.text("OTEL_SERVICE_NAME")? })
    }
}
