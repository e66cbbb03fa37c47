//! How changes are told: with the same words as when they are asked for.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::shapes::{EndpointBody, MessageBody};
use crate::api::shapes::{OnboardingBody, kept};
use crate::ids::OnboardingId;
use crate::store::{About, Endpoint, Told};
use crate::web::AppState;
use crate::webhooks::Words;

/// What the room `webhooks` says, and how it puts links in.
pub fn webhook_words(state: &AppState) -> Words {
    let (told_by, linked_by) = (state.clone(), state.clone());
    Words {
        body: Arc::new(move |told: &Told<'_>| body(&told_by, told)),
        with_link: Arc::new(move |body: &str, id: OnboardingId, generation: i32| {
            with_link(&linked_by, body, id, generation)
        }),
    }
}

/// The body of a message about an endpoint.
pub(super) fn about_endpoint(kind: &str, at: DateTime<Utc>, endpoint: &Endpoint) -> String {
    spell(kind, at, None, EndpointBody::from(endpoint))
}

pub(super) fn with_link(state: &AppState, body: &str, id: OnboardingId, generation: i32) -> String {
    state.fill_in_link(body, id, generation)
}

fn body(state: &AppState, told: &Told<'_>) -> String {
    match told.about {
        About::Onboarding(onboarding) => {
            let data = OnboardingBody::to_keep(onboarding, state);
            spell(told.kind, told.at, Some(told.sequence), data)
        }
        About::Endpoint(endpoint) => about_endpoint(told.kind, told.at, endpoint),
    }
}

/// Text, numbers and lists only: this cannot fail, and an empty body would show if it did.
fn spell<T: Serialize>(kind: &str, at: DateTime<Utc>, sequence: Option<i64>, data: T) -> String {
    let message = MessageBody { kind: kind.to_owned(), timestamp: kept(at), sequence, data };
    serde_json::to_string(&message).unwrap_or_default()
}
