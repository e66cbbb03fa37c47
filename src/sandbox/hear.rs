//! Every call comes through here: it is written down, and struck by a fault where one is due.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Sandbox;
use super::calls::Place;
use super::effect::Effect;
use super::faults::{OnThisCall, Strike};
use super::request::Refusal;
use super::suffer::{Severed, suffer};

/// The fault that a call brings along for itself.
const OWN_FAULT: &str = "x-sandbox-fault";

pub(super) async fn hear(State(sandbox): State<Sandbox>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let place = sandbox.0.calls.write(&sandbox, &request);
    let mut response = match strike(&sandbox, &request) {
        Ok(None) => perform(sandbox.clone(), place, request, next).await,
        Ok(Some(strike)) => {
            sandbox.0.calls.amend(place, |call| call.fault = Some(strike.by));
            suffer(&sandbox, place, strike, request, next).await
        }
        Err(refusal) => refusal.into_response(),
    };
    let severed = response.extensions().get::<Severed>().is_some();
    let status = response.status().as_u16();
    let took = u64::try_from(begun.elapsed().as_micros()).ok();
    sandbox.0.calls.amend(place, |call| {
        call.status = (!severed).then_some(status);
        call.took_micros = took.filter(|_| !severed);
    });
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Whether and how this call is struck: as it asks itself, or by a fault in force.
fn strike(sandbox: &Sandbox, request: &Request) -> Result<Option<Strike>, Refusal> {
    let path = request.uri().path();
    if path == "/" || path.starts_with("/_sandbox/") {
        return Ok(None); // the control surface must work whatever is broken
    }
    let Some(own) = request.headers().get(OWN_FAULT) else {
        return Ok(sandbox.0.faults.strike(request.method().as_str(), path));
    };
    let text = own.to_str().map_err(|_| "it is no text".to_owned());
    let order = text.and_then(OnThisCall::read);
    let told = |why| Refusal::bad(format!("X-Sandbox-Fault was not understood: {why}"));
    Ok(Some(sandbox.0.faults.strike_this(order.map_err(told)?)))
}

/// Owns all it needs, because it may happen after the caller has gone.
pub(super) async fn perform(
    sandbox: Sandbox,
    place: Place,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method().clone();
    let mut response = next.run(request).await;
    let status = response.status();
    let effect = response.extensions_mut().remove::<Effect>();
    let effect = effect.unwrap_or_else(|| Effect::guess(&method, status));
    sandbox.0.calls.amend(place, |call| {
        call.performed = status.is_success();
        call.effect = Some(effect);
    });
    response
}
