//! A code for tokens: Cyclr's call to the provider's token endpoint (RFC 6749 section 4.1.3).
//!
//! A provider set by the catalogue is called over the network, and so is the built-in one, at the
//! sandbox's own listener. Where that speaks TLS, with a certificate that nobody may trust, the same
//! request goes through the sandbox's own router.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use serde_json::Value;
use tower::ServiceExt as _;
use url::{Url, form_urlencoded};

use super::super::catalogue::ClientAuth;
use super::super::suffer::Severed;
use super::super::world::Consent;
use super::super::{Sandbox, provider};
use super::agreement::Agreement;

/// For the whole call, the body included.
const PATIENCE: Duration = Duration::from_secs(10);
const BODY_LIMIT: usize = 64 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";

/// What the provider gave.
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    pub(super) life: Option<TimeDelta>,
    pub(super) refresh_life: Option<TimeDelta>,
}

/// The provider's refusal, in its own words where it has any.
pub(super) struct Failed {
    pub(super) error: String,
    pub(super) description: String,
}

struct Ask {
    form: String,
    authorization: Option<HeaderValue>,
}

pub(super) async fn exchange(
    sandbox: &Sandbox,
    agreement: &Agreement,
    consent: &Consent,
    code: &str,
) -> Result<Tokens, Failed> {
    let ask = ask(agreement, consent, code);
    let answer = async {
        let own = || sandbox.0.own_door.at(provider::TOKEN);
        match agreement.token_url.clone().or_else(own) {
            None => ask_own(sandbox, ask).await,
            Some(url) => ask_over_the_network(sandbox, url, ask).await,
        }
    };
    let answer = tokio::time::timeout(PATIENCE, answer).await.ok().flatten();
    let (status, body) = answer.ok_or_else(|| {
        failed("temporarily_unavailable", "The provider's token endpoint did not answer.")
    })?;
    understand(status, &body)
}

fn failed(error: &str, description: &str) -> Failed {
    Failed { error: error.to_owned(), description: description.to_owned() }
}

fn ask(agreement: &Agreement, consent: &Consent, code: &str) -> Ask {
    let (id, secret) = (&agreement.client_id, &agreement.client_secret);
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", &consent.redirect_uri);
    if agreement.pkce {
        form.append_pair("code_verifier", &consent.verifier);
    }
    let authorization = match agreement.client_auth {
        ClientAuth::Body => {
            form.append_pair("client_id", id);
            if !secret.is_empty() {
                form.append_pair("client_secret", secret);
            }
            None
        }
        ClientAuth::Basic => basic(id, secret),
    };
    Ask { form: form.finish(), authorization }
}

/// Both are form-encoded first (RFC 6749 section 2.3.1).
fn basic(id: &str, secret: &str) -> Option<HeaderValue> {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
    let mut value = HeaderValue::try_from(format!("Basic {pair}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

async fn ask_own(sandbox: &Sandbox, ask: Ask) -> Option<(StatusCode, Vec<u8>)> {
    let mut request = Request::post(provider::TOKEN).header(header::CONTENT_TYPE, FORM);
    if let Some(value) = ask.authorization {
        request = request.header(header::AUTHORIZATION, value);
    }
    let request = request.body(Body::from(ask.form)).ok()?;
    let Ok(response) = sandbox.router().oneshot(request).await;
    if response.extensions().get::<Severed>().is_some() {
        return None;
    }
    let status = response.status();
    Some((status, to_bytes(response.into_body(), BODY_LIMIT).await.ok()?.to_vec()))
}

async fn ask_over_the_network(
    sandbox: &Sandbox,
    url: Url,
    ask: Ask,
) -> Option<(StatusCode, Vec<u8>)> {
    let mut request = sandbox.0.outbound.client()?.post(url).body(ask.form);
    request = request.header(header::CONTENT_TYPE, FORM);
    // Without it some providers answer with a form.
    request = request.header(header::ACCEPT, "application/json");
    if let Some(value) = ask.authorization {
        request = request.header(header::AUTHORIZATION, value);
    }
    let told = request.send().await;
    let mut response = told
        .map_err(|error| {
            let error = error.without_url();
            tracing::info!(%error, "a provider's token endpoint did not answer");
        })
        .ok()?;
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.ok()? {
        if body.len() + piece.len() > BODY_LIMIT {
            return None;
        }
        body.extend_from_slice(&piece);
    }
    Some((response.status(), body))
}

/// Some providers tell an error with status 200.
fn understand(status: StatusCode, body: &[u8]) -> Result<Tokens, Failed> {
    let told: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| told[name].as_str().filter(|text| !text.is_empty());
    if let Some(error) = text("error") {
        return Err(failed(error, text("error_description").unwrap_or_default()));
    }
    let access = text("access_token").filter(|_| status.is_success()).ok_or_else(|| {
        let status = status.as_u16();
        let description = format!("The token endpoint answered {status} without an access token.");
        failed("server_error", &description)
    })?;
    let refresh_life =
        seconds(&told["refresh_token_expires_in"]).or(seconds(&told["refresh_expires_in"]));
    Ok(Tokens {
        access: access.to_owned(),
        refresh: text("refresh_token").map(str::to_owned),
        life: seconds(&told["expires_in"]),
        refresh_life,
    })
}

/// A number, or a number as text.
fn seconds(value: &Value) -> Option<TimeDelta> {
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok())?;
    TimeDelta::try_seconds(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_whatever_its_status_and_nonsense_is_one_too() {
        let told = |status: u16, body: &str| {
            let status = StatusCode::from_u16(status).unwrap();
            understand(status, body.as_bytes()).err().map(|failed| failed.error)
        };
        assert_eq!(
            told(200, r#"{"error":"bad_verification_code"}"#).unwrap(),
            "bad_verification_code"
        );
        assert_eq!(told(400, r#"{"error":"invalid_grant"}"#).unwrap(), "invalid_grant");
        for (status, body) in
            [(200, ""), (200, "[]"), (200, "<p>"), (500, r#"{"access_token":"x"}"#)]
        {
            assert_eq!(told(status, body).unwrap(), "server_error", "{body}");
        }
        assert_eq!(told(200, r#"{"access_token":"x","expires_in":"9"}"#), None);
    }
}
