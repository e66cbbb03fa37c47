//! Looks whether everything is there that the service needs, and says what to do where it is not.
//!
//! Uses `app`, `config`, `identity`, `webhooks`, `store`, `cyclr`, `ids`, `secret` and `clock`.
//!
//! What always holds:
//! - Nothing is changed anywhere: no row, no migration, nothing at Cyclr but a read of what is not there.
//! - No check stops another one. What a check needs and is not there is told by that check.
//! - No secret is shown, whoever spells it: a finding is made of our own words, and of errors that hold none.
//! - `wrong` means that the service will not work, `attention` that somebody should look.
//!
//! Decided against: repairing what is found (whoever runs this is looking, and the repair may be elsewhere).

mod command;
mod configuration;
mod cyclr_side;
mod database;
mod keys;
mod outside;
mod process;

use std::fmt::Write as _;

use serde::Serialize;

use crate::clock::Clock;
use crate::config::Parts;

pub use command::{Command, Told, run};
use configuration::judge as judge_configuration;

/// How it stands with what was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Ok,
    Attention,
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, as a stable name.
    pub check: &'static str,
    pub level: Level,
    pub found: String,
    /// What to do; `None` if there is nothing.
    pub advice: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, found: found.into(), advice: None }
    }

    fn attention(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        let (found, advice) = (found.into(), Some(advice.into()));
        Self { check, level: Level::Attention, found, advice }
    }

    fn wrong(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { level: Level::Wrong, ..Self::attention(check, found, advice) }
    }
}

/// All findings, in the order in which they are read best.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whether nothing is wrong. What wants attention is not.
    pub healthy: bool,
    pub findings: Vec<Finding>,
}

impl Report {
    pub fn of(findings: Vec<Finding>) -> Self {
        Self { healthy: findings.iter().all(|finding| finding.level != Level::Wrong), findings }
    }

    /// For a terminal: a line each, what to do below it.
    pub fn lines(&self) -> String {
        let mut text = String::new();
        for finding in &self.findings {
            let level = match finding.level {
                Level::Ok => "ok",
                Level::Attention => "attention",
                Level::Wrong => "wrong",
            };
            // Writing to a string does not fail.
            let _ =
                writeln!(text, "{level:<9}  {:<20}  {}", finding.check, harmless(&finding.found));
            if let Some(advice) = &finding.advice {
                let _ = writeln!(text, "{:<9}  {:<20}  -> {}", "", "", harmless(advice));
            }
        }
        let count = |level| self.findings.iter().filter(|finding| finding.level == level).count();
        let (ok, attention, wrong) =
            (count(Level::Ok), count(Level::Attention), count(Level::Wrong));
        let _ = write!(text, "{ok} ok, {attention} to look at, {wrong} wrong");
        text
    }
}

/// Without characters that steer a terminal: hosts and databases spell some of it.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Looks at everything. `receiver`: an address to try in place of those of the endpoints.
async fn examine(parts: &Parts, receiver: Option<&str>, clock: &Clock) -> Report {
    let mut findings = judge_configuration(parts);
    findings.extend(keys::judge(parts));
    findings.extend(process::judge());
    // Side by side: each has its own patience, and somebody waits.
    let (database, cyclr, public, provider) = tokio::join!(
        Box::pin(database::examine(parts, clock)),
        Box::pin(cyclr_side::examine(parts, clock)),
        Box::pin(outside::examine_public_url(parts)),
        Box::pin(outside::examine_identity(parts, clock)),
    );
    let endpoints = database.endpoints;
    findings.extend(database.findings);
    findings.extend(cyclr);
    findings.extend(public);
    findings.extend(provider);
    findings.extend(outside::examine_egress(parts, receiver, endpoints).await);
    Report::of(findings)
}
