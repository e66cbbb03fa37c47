//! Access tokens for the partner's client credentials.

use std::fmt::Write;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::super::Sandbox;
use super::super::effect::Effect;
use super::super::request::{Answer, Query, Refusal};
use super::super::world::AccessToken;

/// Fourteen days less one second (DOC).
const LIFETIME: TimeDelta = TimeDelta::seconds(1_209_599);

/// Older tokens stay alive. What is wrong is told as OAuth tells it (INF).
pub(super) async fn issue(
    State(sandbox): State<Sandbox>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let form = Query::from_form(&body);
    if form.text("grant_type") != Some("client_credentials") {
        return Ok(wrong("unsupported_grant_type"));
    }
    let (id, secret) = (form.text("client_id"), form.text("client_secret"));
    let known = sandbox.0.partner.iter().find(|one| {
        id == Some(one.client_id.as_str()) && secret == Some(one.client_secret.as_str())
    });
    let Some(partner) = known else {
        return Ok(wrong("invalid_client"));
    };
    let only_account = match form.text("scope").map(|scope| scope.strip_prefix("account:")) {
        None => None,
        Some(Some(account)) => Some(account.to_owned()),
        Some(None) => return Ok(wrong("invalid_scope")),
    };
    let token = token();
    let issued_at = sandbox.change(|world, now| {
        let expires_at = now + LIFETIME;
        let client = partner.client_id.clone();
        world.access_tokens.insert(token.clone(), AccessToken { expires_at, only_account, client });
        Ok(now)
    })?;
    let answer = Answer(json!({
        "access_token": token,
        "token_type": "bearer",
        "expires_in": LIFETIME.num_seconds(),
        "clientId": partner.client_id,
        ".refresh": "False",
        ".issued": http_date(issued_at),
        ".expires": http_date(issued_at + LIFETIME),
    }));
    Ok((Effect::of("issued a token to", &partner.client_id), answer).into_response())
}

fn wrong(error: &str) -> Response {
    (StatusCode::BAD_REQUEST, Answer(json!({ "error": error }))).into_response()
}

fn http_date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// 64 hexadecimal digits (OBS).
fn token() -> String {
    rand::random::<[u8; 32]>().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    })
}
