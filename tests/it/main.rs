//! One integration binary: it links once, and its tests share one private Postgres.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod api;
mod browser;
mod crashes;
mod cyclr_client;
mod database;
mod documents;
mod doubts;
mod embedded;
mod faults;
mod happy_path;
mod hosted;
mod house;
mod house_rules;
mod leases;
mod machine;
mod metadata;
mod plans;
mod program;
mod restart;
mod rust_tokens;
mod sandbox;
mod wake;
