//! What all doors share: the state they hold, how a failure is told, links, limits and headers.
//!
//! Uses `clock`, `ids`, `secret`, `words`, `telemetry`, `identity`, `onboarding`, `store`, `engine` and `webhooks`.
//! Knows no door.
//!
//! What always holds:
//! - A handler fails with [`Error`], which has no body. The router it stands in dresses it: problem
//!   JSON for the API, a page with a way on for people. Neither tells anything of our insides.
//! - Every answer carries `x-request-id`; the cause of a failure is logged once, under that id.
//! - Nobody is slow or greedy for ever: heads, bodies, answers, connections and crowds have their limits, those
//!   of a door by its [`RouteClass`].
//! - Addresses we hand out are made from the configured public URL, never from a request's `Host`.
//!
//! Decided against: a session table for visitors (a cookie with a keyed proof over onboarding, link
//! generation and session says the same, and a rotated link ends it at the next request).

mod assets;
mod csrf;
mod error;
mod event_stream;
pub mod fields;
mod json;
mod json_place;
mod kind;
mod language;
mod layers;
mod link;
pub mod narrow;
mod paced;
mod page;
mod page_headers;
pub mod parameters;
mod problem;
mod rate_limit;
pub mod rewrite;
mod server;
mod state;
mod watch;

pub use assets::{asset, asset_address, assets};
pub use csrf::{FORM_TOKEN, FirstForm, PagesAt, Protected};
pub use error::{AboutOnboarding, Error, FieldMistake};
pub use event_stream::event_stream;
pub use json::{Json, JsonAnswer, json_text, read_body, read_json, require_json};
pub use kind::Kind;
pub use language::{Wishes, read_wishes};
pub use layers::{BODY_LIMIT, RouteClass, guards, log_failure, request_id, shared_layers};
pub use link::{ColleagueGrant, LinkGrant, LinkKeys, Session, StaffToken};
pub use page::{
    Frame, LanguageLink, Notice, Page, Refresh, Steps, Tone, Way, dress_as_page, undress,
};
pub use page_headers::{PAGE_POLICY, PREVIEW_POLICY, protect_pages};
pub use problem::{PROBLEMS_PAGE, ProblemDocument, ProblemField, ProblemPage, dress_as_problem};
pub use rate_limit::{RateLimits, RateSettings, tell_limits};
pub use server::{ServerLimits, serve};
pub use state::AppState;
pub use watch::{Watch, Watching};
