//! The commands: what they take, and what they print.

use serde::Serialize;

use super::{Finding, Report, examine, judge_configuration, outside};
use crate::clock::Clock;
use crate::config::{self, Parts, ShownValue};

#[derive(Debug, Clone, clap::Subcommand)]
pub enum Command {
    /// Read the configuration as `serve` does, and tell every mistake at once. Asks nobody.
    CheckConfig(CheckConfigOptions),
    /// Look whether everything is there that the service needs, and say what to do where it is not.
    Doctor(DoctorOptions),
    /// Ask the service on this machine whether it is ready; for containers.
    Healthcheck,
}

#[derive(Debug, Clone, clap::Args)]
pub struct DoctorOptions {
    /// One JSON document, for machines.
    #[arg(long)]
    json: bool,
    /// A receiver of webhooks to try to reach, in place of the endpoints that there are.
    #[arg(long)]
    receiver: Option<String>,
}

#[derive(Debug, Clone, clap::Args)]
pub struct CheckConfigOptions {
    /// One JSON document, for machines.
    #[arg(long)]
    json: bool,
    /// For `serve --embedded`, which needs no `DATABASE_URL`.
    #[arg(long)]
    embedded: bool,
}

/// Asks the service that listens on this machine, as `GANGWAY_LISTEN` says, whether requests should be sent
/// to it. For containers, in which there is nothing else to ask with.
async fn healthcheck() -> Told {
    let Some(listen) = config::listen() else {
        let text = "GANGWAY_LISTEN is no address and port".to_owned();
        return Told { text, healthy: false };
    };
    let ready = outside::is_ready(listen).await;
    let text = if ready { "ready" } else { "not ready" }.to_owned();
    Told { text, healthy: ready }
}

/// What a command has to say, and whether nothing is wrong.
#[derive(Debug)]
pub struct Told {
    pub text: String,
    pub healthy: bool,
}

#[derive(Serialize)]
struct Checked<'a> {
    #[serde(flatten)]
    report: &'a Report,
    settings: &'a [ShownValue],
}

pub async fn run(command: &Command) -> Told {
    match command {
        Command::CheckConfig(options) => check_config(options),
        Command::Doctor(options) => doctor(options).await,
        Command::Healthcheck => healthcheck().await,
    }
}

/// Asks everybody.
async fn doctor(options: &DoctorOptions) -> Told {
    let parts = Parts::from_environment();
    let report = examine(&parts, options.receiver.as_deref(), &Clock::system()).await;
    let text = if options.json { spell(&report) } else { report.lines() };
    Told { text, healthy: report.healthy }
}

/// Asks nobody.
fn check_config(options: &CheckConfigOptions) -> Told {
    let parts = Parts::from_environment();
    let mut findings = judge_configuration(&parts);
    if parts.database_url.is_none() && !options.embedded {
        let advice = "Set it, or say --embedded here and to `serve`.";
        findings.insert(0, Finding::wrong("configuration", "DATABASE_URL is not set.", advice));
    }
    let report = Report::of(findings);
    let text = if options.json {
        spell(&Checked { report: &report, settings: &parts.values })
    } else {
        let values: Vec<_> = parts.values.iter().map(ToString::to_string).collect();
        format!("{}\n\n{}", values.join("\n"), report.lines())
    };
    Told { text, healthy: report.healthy }
}

fn spell(report: &impl Serialize) -> String {
    serde_json::to_string(report).unwrap_or_default()
}
