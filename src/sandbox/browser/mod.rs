//! Cyclr's browser-facing service domain: where a person begins a sign-in and where it ends.
//!
//! A sign-in goes through four files. `open` spends the sign-in token (DOC: by opening the page, not
//! by finishing) and sends the browser to the connector's provider; `agreement` says which provider
//! that is; `callback` takes the browser back and `exchange` turns the provider's code into tokens;
//! `finish` returns the browser to whoever sent it. The provider may be a real one: nothing here
//! knows how it decides.
//!
//! What always holds: a state and a token are good for one use; the code verifier, the client's
//! secret and the tokens never reach the browser, a log or a `Debug`; a refusal ends on Cyclr's
//! own error page and never returns to `targetOrigin` (DOC).
//!
//! Decided against: keeping a frame from showing these pages, since message mode works in frames;
//! a `targetOrigin` of `*` in message mode, of which no source speaks.

mod agreement;
mod callback;
mod exchange;
mod finish;
mod open;
mod own_address;
mod own_door;
mod pages;

use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Sandbox, provider};

pub(super) use finish::WayBack;
pub(super) use own_address::OwnAddress;
pub(super) use own_door::OwnDoor;
pub(super) use pages::{note, page, redirect, show};

/// Where every provider sends the browser back to (DOC).
pub(super) const CALLBACK: &str = "/connector/callback";

pub(super) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/connectorauth/updateaccountconnectoroauth", get(open::open))
        .route(CALLBACK, get(callback::callback))
        .merge(provider::router())
}

/// Nobody guesses it, and it needs no encoding in an address.
pub(super) fn random() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}
