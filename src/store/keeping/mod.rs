//! What is kept for how long, what is known of a tenant, and what a restored copy has to be told.
//!
//! What always holds:
//! - Whatever goes by age goes in small pieces, each found by an index and each a transaction of its own.
//! - What an open onboarding may still need stays, however old it is.
//! - The audit is never shortened and never changed.
//!
//! Decided against: a job that empties a table in one go (it would hold locks for as long as it takes);
//! partitions from the first day (docs/keeping.md says when they are worth it, and how).

mod age;
mod archive;
mod erase;
mod export;
mod restore;

pub use age::{Thinned, WalkPlace};
pub use erase::ToErase;
pub use export::{TenantExport, TenantPart};
pub use restore::Restore;

/// Said in the transactions that may change lines of the journal; see the trigger there.
async fn begin_keeping(tx: &mut sqlx::PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT set_config('gangway.keeping', 'on', true)").fetch_one(tx).await?;
    Ok(())
}
