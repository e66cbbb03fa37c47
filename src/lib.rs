//! Gangway brings a SaaS company's customers aboard their embedded integrations.
//!
//! The rooms, and who may use whom, are drawn in the README and held by `tests/it/house_rules.rs`.

pub mod api;
pub mod clock;
pub mod cyclr;
pub mod engine;
pub mod ids;
pub mod onboarding;
pub mod secret;
pub mod store;
pub mod web;
