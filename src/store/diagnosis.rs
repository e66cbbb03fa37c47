//! What a database says of itself, for whoever looks why something does not work. Changes nothing.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sqlx::migrate::Migrate as _;

use super::{Error, MIGRATOR, Store};

/// How the server is set up, and what our user may do there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// Like 170002 for 17.2.
    pub version: i32,
    pub synchronous_commit: String,
    pub fsync: String,
    pub full_page_writes: String,
    pub read_only: bool,
    pub most_connections: i32,
    /// Whether tables can be made, which a migration needs.
    pub may_create: bool,
    /// Our tables that may not be read or written.
    pub barred_tables: i64,
    /// The server's time, in the middle of the question.
    pub now: DateTime<Utc>,
}

/// How far the database is from the shape that this program needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    Fits,
    /// So many migrations are missing.
    Behind(usize),
    /// It knows migrations that this program does not.
    Ahead(usize),
    /// A migration has begun and not ended, or is another one than ours of that name.
    Broken(i64),
}

impl Store {
    pub async fn database_facts(&self) -> Result<DatabaseFacts, Error> {
        let facts = sqlx::query_as!(
            DatabaseFacts,
            r#"
            SELECT current_setting('server_version_num')::int AS "version!",
                   current_setting('synchronous_commit') AS "synchronous_commit!",
                   current_setting('fsync') AS "fsync!",
                   current_setting('full_page_writes') AS "full_page_writes!",
                   pg_is_in_recovery() OR current_setting('transaction_read_only')::bool
                       AS "read_only!",
                   current_setting('max_connections')::int AS "most_connections!",
                   coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)
                       AS "may_create!",
                   (SELECT count(*) FROM pg_tables t
                    WHERE t.schemaname = current_schema()
                      AND NOT (has_table_privilege(format('%I.%I', t.schemaname, t.tablename), 'SELECT')
                          AND has_table_privilege(format('%I.%I', t.schemaname, t.tablename), 'INSERT'))
                   ) AS "barred_tables!",
                   clock_timestamp() AS "now!"
            "#
        );
        Ok(self.within(facts.fetch_one(&self.pool)).await?)
    }

    /// Compares the migrations that were carried out with ours.
    pub async fn database_shape(&self) -> Result<Shape, Error> {
        self.within(self.compare_migrations()).await
    }

    async fn compare_migrations(&self) -> Result<Shape, Error> {
        let ours: BTreeSet<_> = MIGRATOR.iter().map(|ours| ours.version).collect();
        let mut session = self.pool.acquire().await?;
        let begun = sqlx::query_scalar!(
            r#"SELECT to_regclass('_sqlx_migrations') IS NOT NULL AS "there!""#
        );
        if !begun.fetch_one(&mut *session).await? {
            return Ok(Shape::Behind(ours.len()));
        }
        let table = &MIGRATOR.table_name;
        if let Some(version) = session.dirty_version(table).await.map_err(of_migrations)? {
            return Ok(Shape::Broken(version));
        }
        let done = session.list_applied_migrations(table).await.map_err(of_migrations)?;
        let differs = |ours: &sqlx::migrate::Migration| {
            done.iter().any(|done| done.version == ours.version && done.checksum != ours.checksum)
        };
        if let Some(altered) = MIGRATOR.iter().find(|ours| differs(ours)) {
            return Ok(Shape::Broken(altered.version));
        }
        let done: BTreeSet<_> = done.iter().map(|done| done.version).collect();
        Ok(match (ours.difference(&done).count(), done.difference(&ours).count()) {
            (0, 0) => Shape::Fits,
            (0, ahead) => Shape::Ahead(ahead),
            (behind, _) => Shape::Behind(behind),
        })
    }
}

fn of_migrations(error: sqlx::migrate::MigrateError) -> Error {
    Error::Database(sqlx::Error::from(error))
}
