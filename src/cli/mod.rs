//! Words for people at a terminal.
//!
//! Uses `ids`, `secret`, `onboarding` and `store`. `main` parses arguments and carries out; what is chosen from them and
//! how it is shown is decided here, where it can be tested. What is about onboardings is asked of a running
//! service over its API, as everybody else does; only keys and the console's accounts are made in the database.
//!
//! What always holds:
//! - What is shown holds no character that steers a terminal, whoever wrote it.
//!
//! Decided against: a table that fills the screen (a line per thing goes through `grep` and `cut`).

pub mod blueprints;
pub mod events;
pub mod export;
pub mod keeping;
pub mod keys;
pub mod onboardings;
pub mod remote;
mod table;
pub mod users;

/// Without characters that steer a terminal.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}
