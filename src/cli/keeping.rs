//! `gangway reseal`, `after-restore` and `tenant …`: what is kept, under which key, and how it ends.

use std::fmt::Write as _;
use std::io::Write;

use chrono::{DateTime, NaiveDate, Utc};
use clap::Subcommand;
use serde_json::json;
use uuid::Uuid;

use super::onboardings::{Manner, say};
use super::remote::{Failure, Remote, ServiceOptions};
use crate::store::Store;

#[derive(Debug, Subcommand)]
pub enum KeepingCommand {
    /// Bring the secrets in the database under `GANGWAY_SECRET_KEY`, while the key that they are under stands
    /// beside it as `GANGWAY_OTHER_SECRET_KEY`.
    Reseal,
    /// After a backup was restored and before `serve` runs on it: have every open onboarding look at Cyclr
    /// before it makes anything.
    AfterRestore {
        /// The time that the backup is of, like 2026-11-27T03:00:00Z. Worked out from the database if left out.
        #[arg(long, value_parser = parse_time)]
        back_to: Option<DateTime<Utc>>,
    },
    /// Print the lines of all timelines that are older than a time, with the calls that led to them, a JSON
    /// document on each line: to be put away before they go by age.
    Archive {
        /// Like 2026-01-01, which begins at midnight UTC, or 2026-11-27T03:00:00Z.
        #[arg(long, value_parser = parse_time)]
        before: DateTime<Utc>,
    },
    /// All that is kept of a tenant.
    #[command(subcommand)]
    Tenant(TenantCommand),
}

#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// Print all that is kept of a tenant, as one JSON document.
    Export {
        tenant_id: String,
        #[command(flatten)]
        service: ServiceOptions,
    },
    /// Erase what is known of a tenant's people. It cannot be brought back.
    Erase {
        tenant_id: String,
        /// For the audit.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        service: ServiceOptions,
    },
}

fn parse_time(text: &str) -> Result<DateTime<Utc>, String> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let midnight = day.and_then(|day| day.and_hms_opt(0, 0, 0)).map(|at| at.and_utc());
    let exact = || DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc());
    let rule = "it is neither a day like 2026-01-01 nor a time like 2026-11-27T03:00:00Z";
    midnight.or_else(exact).ok_or_else(|| rule.to_owned())
}

/// Secrets that nobody can open any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} secrets open with neither key: set GANGWAY_OTHER_SECRET_KEY to the one that sealed them, or rotate \
     the secrets of those webhook endpoints"
)]
pub struct Foreign(u64);

pub const fn require_none_foreign(foreign: u64) -> Result<(), Foreign> {
    if foreign == 0 { Ok(()) } else { Err(Foreign(foreign)) }
}

/// Why an archive is not whole.
#[derive(Debug, thiserror::Error)]
pub enum NotArchived {
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    #[error("it could not be written")]
    Written(#[from] std::io::Error),
}

/// Line by line.
pub async fn archive(
    store: &Store,
    before: DateTime<Utc>,
    out: &mut impl Write,
) -> Result<(), NotArchived> {
    let mut after = (Uuid::nil(), 0);
    loop {
        let (lines, next) = store.list_journal_before(after, before).await?;
        for line in lines {
            writeln!(out, "{line}")?;
        }
        let Some(next) = next else { return Ok(out.flush()?) };
        after = next;
    }
}

/// As it comes: it may be long.
pub async fn export(remote: &Remote, tenant: &str, out: &mut impl Write) -> Result<(), Failure> {
    let mut answer = remote.fetch(&format!("{}/export", path_of(tenant))).await?;
    loop {
        let chunk = answer.chunk().await.map_err(|_| broken())?;
        let Some(chunk) = chunk else { break };
        out.write_all(&chunk).map_err(|_| Failure::Unread)?;
    }
    say(out, "")
}

pub async fn erase(
    remote: &Remote,
    (tenant, reason): (&str, &str),
    manner: Manner,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let told =
        remote.post(&format!("{}/erase", path_of(tenant)), &json!({ "reason": reason })).await?;
    if manner.json {
        return say(out, &told.to_string());
    }
    say(
        out,
        &format!(
            "What was known of the tenant's people is erased from {} onboardings.",
            told["onboardings"]
        ),
    )
}

/// The integrator's ids are free in their form.
fn path_of(tenant: &str) -> String {
    let mut name = String::new();
    for byte in tenant.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            name.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(name, "%{byte:02X}");
        }
    }
    format!("v1/tenants/{name}")
}

fn broken() -> Failure {
    Failure::Unreachable(
        "the answer broke off: what was printed is not whole; ask again".to_owned(),
    )
}
