//! How a provider of identities is asked who somebody is (OpenID Connect). Knows no staff and no roles.
//!
//! Uses `clock` and `secret`.
//!
//! What always holds:
//! - The code flow with PKCE (S256), `state` and `nonce`. What proves a person is an ID token that the
//!   provider gave us itself, signed with one of its keys, for us, for this sign-in, and not over.
//! - Tokens are judged by the crate `openidconnect`; nothing of that is written here. Keys that are shared
//!   secrets (HS256) are not taken.
//! - Every exchange ends in time, is bounded in size, and follows no redirect.
//! - Tokens and codes are neither kept nor logged.
//!
//! Decided against: fetching the provider's document at the start (a provider that is away would keep Gangway
//! from starting), refresh tokens (our own session is what counts from there on).

mod error;
mod http;
mod person;
mod provider;
mod settings;

pub use error::Error;
pub use person::Person;
pub use provider::{Asked, Brought, Provider};
pub use settings::{Settings, is_safe_address};
