//! The committed answers about our queries are those that the migrated database gives today.

use std::fs;
use std::path::Path;

use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor as _, SqlSafeStr as _};

use crate::database::TestDb;

#[tokio::test]
async fn query_metadata_is_up_to_date() {
    let files = json_files(".sqlx");
    if files.is_empty() {
        assert!(
            !Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").exists(),
            "there are migrations, but no query metadata: run ./dev prepare"
        );
        return;
    }
    let db = TestDb::fresh().await;
    let pool = db.pool().await;
    let mut stale = Vec::new();
    for (name, committed) in files {
        let query = committed["query"].as_str().unwrap().to_owned();
        match pool.describe(AssertSqlSafe(query).into_sql_str()).await {
            Ok(answer) => {
                let answer = serde_json::to_value(answer).unwrap();
                if shape(&answer) != shape(&committed["describe"]) {
                    stale.push(format!("{name}: other columns or parameters"));
                }
            }
            Err(error) => stale.push(format!("{name}: {error}")),
        }
    }
    assert!(stale.is_empty(), "run ./dev prepare: {stale:#?}");
}

/// Names, types and origins. Whether a column can be null is left out: sqlx reads that off the
/// plan, which may differ between versions of Postgres.
fn shape(description: &Value) -> (&Value, &Value) {
    (&description["columns"], &description["parameters"])
}

fn json_files(folder: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("query-"))
        .map(|entry| {
            let text = fs::read_to_string(entry.path()).unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, serde_json::from_str(&text).unwrap())
        })
        .collect()
}
