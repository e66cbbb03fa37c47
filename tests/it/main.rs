//! One integration binary: it links once, and its tests share one private Postgres.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod api;
mod browser;
mod chaos;
mod crashes;
mod cyclr_client;
mod database;
mod documents;
mod doubts;
mod embedded;
mod faults;
mod figures;
mod fuzz_seeds;
mod happy_path;
mod hosted;
mod house;
mod house_rules;
mod leases;
mod machine;
mod matrix;
mod metadata;
mod model;
mod outages;
mod plans;
mod pressure;
mod program;
mod replicas;
mod rereading;
mod restart;
mod rust_tokens;
mod sandbox;
mod simulation;
mod surplus;
mod together;
mod wake;
mod wire;
