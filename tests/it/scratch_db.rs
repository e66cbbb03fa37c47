//! A database of its own for each test, on the server that `SCRATCH_DATABASE_URL` names.

use gangway::store::MIGRATOR;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, PgPool};
use uuid::Uuid;

/// A migrated database that nobody else uses.
pub(crate) struct TestDb {
    options: PgConnectOptions,
}

impl TestDb {
    pub(crate) async fn fresh() -> Self {
        let url = std::env::var("SCRATCH_DATABASE_URL").unwrap();
        let server: PgConnectOptions = url.parse().unwrap();
        let name = format!("test_{}", Uuid::new_v4().simple());
        let mut admin = server.connect().await.unwrap();
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        let db = Self { options: server.database(&name) };
        MIGRATOR.run(&db.pool().await).await.unwrap();
        db
    }

    pub(crate) async fn pool(&self) -> PgPool {
        PgPoolOptions::new().max_connections(6).connect_with(self.options.clone()).await.unwrap()
    }
}
