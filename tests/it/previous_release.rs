//! The release before this one works on today's schema: while one version takes over from another, both run.

use std::path::Path;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqlSafeStr as _};

use crate::database::TestDb;

/// Everything that the release before asks of the database. How it is renewed stands in `docs/scale.md`.
fn statements() -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = file.join("tests/data/previous_release/statements.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// Those that the schema does not serve, with what it says.
async fn refused(database: &TestDb) -> Vec<String> {
    let mut session = PgConnection::connect(&database.url()).await.unwrap();
    let mut refused = Vec::new();
    for statement in statements() {
        let prepared = session.prepare(AssertSqlSafe(statement.clone()).into_sql_str()).await;
        if let Err(error) = prepared {
            refused.push(format!("{error}\n{statement}"));
        }
    }
    refused
}

#[tokio::test]
async fn todays_schema_serves_every_statement_of_the_release_before() {
    assert!(statements().len() > 100);
    let database = TestDb::fresh().await;
    assert_eq!(refused(&database).await, [""; 0]);
}

#[tokio::test]
async fn a_contraction_that_comes_too_early_is_noticed() {
    let database = TestDb::fresh().await;
    let pool = database.pool_of(1).await;
    for contraction in [
        "ALTER TABLE onboarding DROP COLUMN problem_detail",
        "ALTER TABLE journal RENAME COLUMN calls TO talks",
        "ALTER TABLE staff ADD COLUMN badge text NOT NULL",
    ] {
        sqlx::query(contraction).execute(&pool).await.unwrap();
    }
    let refused = refused(&database).await.join("\n");
    for said in ["problem_detail", "column \"calls\""] {
        assert!(refused.contains(said), "{said}\n{refused}");
    }
}
