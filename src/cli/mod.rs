//! Words for people at a terminal.
//!
//! Uses `ids` and `store`. `main` parses arguments and carries out; what is chosen from them and how it
//! is shown is decided here, where it can be tested.
//!
//! What always holds:
//! - What is shown holds no character that steers a terminal, whoever wrote it.
//!
//! Decided against: a table that fills the screen (a line per thing goes through `grep` and `cut`).

pub mod keys;
