//! Gangway brings a SaaS company's customers aboard their embedded integrations.
//!
//! The rooms, and who may use whom, are drawn in the README and held by `tests/it/house_rules.rs`.

pub mod clock;
pub mod embedded;
pub mod ids;
pub mod secret;
