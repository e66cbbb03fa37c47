//! The person's answer. Only this gives anything away.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use url::form_urlencoded;

use super::super::Sandbox;
use super::super::browser::{OwnAddress, note, redirect};
use super::super::request::{Query, Refusal};
use super::WAITING;
use super::authorize::{Asked, back, check, refuse};
use super::memory::Code;

/// How long a slow provider takes, by the sandbox's clock.
const SLOW: TimeDelta = TimeDelta::seconds(15);

pub(super) async fn decide(
    State(sandbox): State<Sandbox>,
    address: OwnAddress,
    body: Bytes,
) -> Result<Response, Refusal> {
    let form = Query::from_form(&body);
    let asked = match check(&sandbox, &address, &form) {
        Ok(asked) => asked,
        Err(refusal) => return Ok(*refusal),
    };
    let refused = |error, why| Ok(refuse(&asked.redirect_uri, &asked.state, error, why));
    match form.text("decision") {
        Some("allow") => allow(&sandbox, &asked),
        Some("slow") => allow_slowly(&sandbox, &asked),
        Some("deny") => refused("access_denied", "The user refused to grant access."),
        Some("needs_admin") => {
            let why = "An administrator has to grant access to this application.";
            refused("consent_required", why)
        }
        Some("fail") => refused("server_error", "Something broke at the provider."),
        Some(_) | None => {
            let text = "This form has no such button. Nothing was decided; go back and choose.";
            Ok(note(StatusCode::BAD_REQUEST, "Nothing was decided", text))
        }
    }
}

fn allow(sandbox: &Sandbox, asked: &Asked) -> Result<Response, Refusal> {
    let there = sandbox.change(|world, now| {
        world.provider.sweep(now);
        let code = world.provider.keep_code(grant(asked, now));
        Ok(back(&asked.redirect_uri, &[("code", &code)], &asked.state))
    })?;
    Ok(redirect(StatusCode::SEE_OTHER, &there))
}

/// It is decided now; the answer only takes its time. Its code lives from then on.
fn allow_slowly(sandbox: &Sandbox, asked: &Asked) -> Result<Response, Refusal> {
    let ticket = sandbox.change(|world, now| {
        world.provider.sweep(now);
        let ready_at = now + SLOW;
        let code = world.provider.keep_code(grant(asked, ready_at));
        let there = back(&asked.redirect_uri, &[("code", &code)], &asked.state);
        Ok(world.provider.keep_answer(there, ready_at))
    })?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    let there = format!("{WAITING}?{}", query.append_pair("ticket", &ticket).finish());
    Ok(redirect(StatusCode::SEE_OTHER, &there))
}

fn grant(asked: &Asked, from: DateTime<Utc>) -> Code {
    let Asked { client_id, redirect_uri, scope, challenge, .. } = asked;
    Code::new(client_id, redirect_uri.as_str(), challenge, scope, from)
}
