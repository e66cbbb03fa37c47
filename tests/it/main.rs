//! One integration binary: it links once, and its tests share one private Postgres.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where by panicking"
)]

mod database;
mod embedded;
mod house_rules;
mod metadata;
mod rust_tokens;
