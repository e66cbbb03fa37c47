//! Gangway brings a SaaS company's customers aboard their embedded integrations.
//!
//! The rooms, and who may use whom, are drawn in the README and held by `tests/it/house_rules.rs`.

pub mod api;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod cyclr;
pub mod demo;
pub mod doctor;
pub mod embedded;
pub mod engine;
pub mod hooks;
pub mod hosted;
pub mod identity;
pub mod ids;
pub mod monitor;
pub mod onboarding;
pub mod replay;
pub mod sandbox;
pub mod secret;
pub mod store;
pub mod telemetry;
pub mod web;
pub mod webhooks;
pub mod words;
