//! One integration binary: it links once, and its tests share one private Postgres.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod api;
mod cyclr_client;
mod scratch_db;
