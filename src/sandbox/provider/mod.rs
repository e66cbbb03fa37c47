//! The pretend connector provider: an OAuth 2 authorization server with PKCE, for people who
//! practise.
//!
//! It knows Cyclr only as a client that asks by the address and by the token endpoint, so a real
//! provider can stand in its place. `authorize` shows the consent screen, `decide` takes the
//! person's answer, `waiting` keeps them while a slow one is under way, `token` gives tokens for
//! codes. The consent form carries the whole request: until somebody decides, nothing is kept.
//!
//! What always holds: a GET decides nothing; a code works once, for 60 seconds, for the client, the
//! address and the verifier it was made for; an unknown client or address is told to the person and
//! never redirected to (RFC 6749 section 4.1.2.1).
//!
//! A code that is sent twice takes back what it gave.
//!
//! Decided against: new refresh tokens at each refresh, which is allowed but not needed to practise
//! with.

mod authorize;
mod clients;
mod decide;
mod memory;
mod token;
mod waiting;

use axum::Router;
use axum::routing::{get, post};

use super::Sandbox;

pub(super) use clients::{CLIENT_ID, CLIENT_SECRET, built_in_client};
pub(super) use memory::Memory;

pub(super) const AUTHORIZE: &str = "/provider/authorize";
pub(super) const TOKEN: &str = "/provider/token";
const DECIDE: &str = "/provider/decide";
const WAITING: &str = "/provider/waiting";
const LEFT: &str = "/provider/left";

/// Everything that it can be asked for.
pub(super) const SCOPES: [&str; 2] = ["read", "write"];

pub(super) fn router() -> Router<Sandbox> {
    Router::new()
        .route(AUTHORIZE, get(authorize::consent))
        .route(DECIDE, post(decide::decide))
        .route(WAITING, get(waiting::wait))
        .route(LEFT, get(waiting::left))
        .route(TOKEN, post(token::issue))
}
