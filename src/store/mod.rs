//! How things are kept: all SQL is here.
//!
//! Uses `clock`, `ids`, `secret`, `telemetry` and `onboarding`.
//!
//! What always holds:
//! - No connection is held between two calls; nothing foreign is awaited inside a transaction.
//! - A lease is made in one place (`claim`, or `start` for a fresh onboarding) and spent in one
//!   place (`commit_all`). Every write of a worker names its lease and the version it read.
//! - Leases and due times go by the database's clock, see [`crate::clock`].
//! - A change, its journal line, its calls and its outgoing message are one statement.
//! - Nobody waits for the database for ever, and what it failed to say is not assumed: see `trouble`.
//! - A row that makes no sense is [`Error::Inconsistent`] and stops that row, not the program.
//!
//! Decided against: a repository trait (there is one database), Postgres enums (sets grow; text and
//! a parser do not need a migration in step with a deploy), a job table beside the onboarding (two
//! truths).

mod answers;
mod api_key_orders;
mod api_key_uses;
mod api_keys;
mod attempts;
mod blueprints;
mod bulk;
mod calls;
mod commit;
mod committer;
mod diagnosis;
mod drafts;
mod figures;
mod journal;
mod keeping;
mod kept_session;
mod leases;
mod lists;
mod logos;
mod news;
mod onboardings;
mod overrule;
mod repeat;
mod row;
mod staff;
mod start;
mod starter;
mod trouble;

mod webhooks;

use std::time::Instant;

use sqlx::migrate::Migrate as _;
use sqlx::postgres::PgListener;
use sqlx::{Connection as _, PgConnection, PgPool};
use tokio::sync::watch;
use trouble::Sessions;

pub use answers::{Answer, IdempotencyKey, OnceError, Shown};
pub use api_key_orders::{KeyRender, NewApiKey, RevokedRender};
pub use api_keys::{ApiKey, KeyScope, Sight};
pub use attempts::{NewAttempt, OpenAttempt};
pub use blueprints::Published;
pub use bulk::{
    BulkDeed, BulkItem, BulkItemPage, BulkOrder, BulkProgress, BulkRefusal, BulkRender, BulkState,
    ItemResult, NewBulkOrder,
};
pub use calls::{CallLine, KeptCall};
pub use commit::{Change, Earlier, Kept};
pub use committer::Committer;
pub use diagnosis::{DatabaseFacts, Shape};
pub use figures::{AtRest, Figures};
pub use journal::{JournalLine, NEWEST_LINES};
pub use keeping::{Restore, TenantExport, TenantPart, Thinned, ToErase, WalkPlace};
pub use leases::{Held, Leased};
pub use lists::{
    Cohort, Cohorts, Counts, Cursor, Filter, FunnelStep, Happened, ListOrder, Overview, Page,
    Place, Recent, Search,
};
pub use logos::Logo;
pub use overrule::{Kept as KeptOrder, Order, Overruling};
pub use staff::{
    Act, Actor, Arrival, AuditFilter, AuditLine, AuditPage, Bucket, Identity, NewSession, NewStaff,
    NewView, Role, SavedView, StaffChange, StaffError, StaffMember, StaffSession, ViewError,
};
pub use start::{NewOnboarding, Render, StartError, Started};
pub use starter::Starter;
pub use webhooks::{
    About, AttemptLine, Delivery, DeliveryInFull, DeliveryPage, Endpoint, EndpointOrder,
    EndpointText, KeptAttempt, NewMessage, OrderOutcome, OrderRender, OrderedAnswer, SealedSecret,
    Spread, TakenDelivery, Told, ToldDelivery, Verdict, WebhookFigures,
};

use crate::clock::Clock;

/// Whether all migrations have been applied, and no others. Asked before anything else: what a migration
/// needs, a lock of the session among it, is not to be had through a pooler of transactions.
async fn is_newest(session: &mut PgConnection) -> bool {
    if !matches!(session.dirty_version(APPLIED).await, Ok(None)) {
        return false;
    }
    let Ok(applied) = session.list_applied_migrations(APPLIED).await else { return false };
    let known = MIGRATOR.iter().map(|known| (known.version, &known.checksum));
    known.eq(applied.iter().map(|one| (one.version, &one.checksum)))
}

/// All migrations, oldest first.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// The channel on which other processes are told that something is due. Carries no message.
const DUE: &str = "gangway_due";

/// Where the migrations that were applied are remembered.
const APPLIED: &str = "_sqlx_migrations";

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
    clock: Clock,
    blueprints: blueprints::Cache,
    sessions: Sessions,
    lost: leases::Lost,
    key_uses: api_key_uses::KeyUses,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not do it; whether it can later is for the caller to try.
    #[error("the database did not answer as expected")]
    Database(#[from] sqlx::Error),
    /// A row that this version of the program cannot understand.
    #[error("{table} {row} does not make sense: {column}")]
    Inconsistent { table: &'static str, column: &'static str, row: String },
    /// The onboarding was changed by somebody else since it was read.
    #[error("the onboarding was changed by somebody else in the meantime")]
    Conflict,
}

impl Error {
    fn inconsistent(
        table: &'static str,
        column: &'static str,
        row: impl std::fmt::Display,
    ) -> Self {
        Self::Inconsistent { table, column, row: row.to_string() }
    }
}

/// Hears what other processes say.
pub struct Listener {
    messages: PgListener,
    failures: watch::Receiver<Option<Instant>>,
}

impl Listener {
    /// Waits for a message; `false` when none may come any more, so that one should listen anew. A
    /// host that vanished says nothing: then the failure of another session tells.
    pub async fn recv(&mut self) -> bool {
        tokio::select! {
            message = self.messages.recv() => message.is_ok(),
            _ = self.failures.changed() => false,
        }
    }
}

impl Store {
    pub fn new(pool: PgPool, clock: Clock) -> Self {
        Self {
            pool,
            clock,
            blueprints: blueprints::Cache::default(),
            sessions: Sessions::new(),
            lost: leases::Lost::default(),
            key_uses: api_key_uses::KeyUses::default(),
        }
    }

    /// Brings the database to the newest shape. Several processes may do so at once.
    pub async fn migrate(&self) -> Result<(), sqlx::migrate::MigrateError> {
        // A session of its own: a migration may take its time, and so may waiting for another one.
        let mut session = self.pool.acquire().await?.detach();
        if is_newest(&mut session).await {
            return Ok(session.close().await?);
        }
        sqlx::query!("SET statement_timeout = 0").execute(&mut session).await?;
        sqlx::query!("SET lock_timeout = 0").execute(&mut session).await?;
        MIGRATOR.run(&mut session).await?;
        session.close().await?;
        Ok(())
    }

    /// Whether the database answers right now.
    pub async fn ping(&self) -> Result<(), Error> {
        self.within(sqlx::query!("SELECT 1 AS one").fetch_one(&self.pool)).await?;
        Ok(())
    }

    /// Tells all processes that something became due. Losing the message costs one poll interval.
    pub async fn notify(&self) -> Result<(), Error> {
        self.within(sqlx::query!("SELECT pg_notify($1, '')", DUE).execute(&self.pool)).await?;
        Ok(())
    }

    /// Listens for [`Store::notify`] of any process.
    pub async fn listen(&self) -> Result<Listener, Error> {
        let failures = self.sessions.failures();
        let mut messages = self.within(PgListener::connect_with(&self.pool)).await?;
        self.within(messages.listen(DUE)).await?;
        Ok(Listener { messages, failures })
    }
}
