//! `gangway reseal`, `after-restore` and `tenant …`: what is kept, under which key, and how it ends.

use std::io::Write;

use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde_json::json;

use super::onboardings::{Manner, say};
use super::remote::{Failure, Remote, ServiceOptions};

#[derive(Debug, Subcommand)]
pub enum KeepingCommand {
    /// Bring the secrets in the database under `GANGWAY_SECRET_KEY`, while the key that they are under stands
    /// beside it as `GANGWAY_OTHER_SECRET_KEY`.
    Reseal,
    /// After a backup was restored and before `serve` runs on it: have every open onboarding look at Cyclr
    /// before it makes anything.
    AfterRestore {
        /// The time that the backup is of, like 2026-11-27T03:00:00Z. Worked out from the database if left out.
        #[arg(long)]
        back_to: Option<DateTime<Utc>>,
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

/// As it comes: it may be long.
pub async fn export(
    remote: &Remote,
    tenant: &str,
    out: &mut impl Write,
) -> Result<(), Failure> {
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
    let told = remote.post(&format!("{}/erase", path_of(tenant)), &json!({ "reason": reason })).await?;
    if manner.json {
        return say(out, &told.to_string());
    }
    say(out, &format!("What was known of the tenant's people is erased from {} onboardings.", told["onboardings"]))
}

/// The integrator's ids are free in their form.
fn path_of(tenant: &str) -> String {
    let mut name = String::new();
    for byte in tenant.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("v1/tenants/{name}")
}

fn broken() -> Failure {
    Failure::Unreachable("the answer broke off: what was printed is not whole; ask again".to_owned())
}
