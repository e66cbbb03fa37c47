//! The token endpoint: RFC 6749 sections 4.1.3, 5 and 6, with PKCE (RFC 7636 section 4.6).

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use super::super::Sandbox;
use super::super::browser::random;
use super::super::request::{Answer, Query, Refusal};
use super::clients::is_known;
use super::memory::{ACCESS_LIFE, Code, REFRESH_LIFE};

/// An error of RFC 6749 section 5.2 with its reason.
struct Wrong(&'static str, &'static str);

/// How a client says who it is; either way is good.
struct Client {
    id: String,
    secret: String,
}

pub(super) async fn issue(
    State(sandbox): State<Sandbox>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let form = Query::from_form(&body);
    let client = client(&headers, &form).filter(|one| is_known(&sandbox, &one.id, &one.secret));
    let Some(client) = client else {
        return Ok(refuse(Wrong(
            "invalid_client",
            "The client is unknown or its secret is wrong.",
        )));
    };
    let told = match form.text("grant_type") {
        Some("authorization_code") => for_code(&sandbox, &client, &form)?,
        Some("refresh_token") => for_refresh_token(&sandbox, &client, &form),
        Some(_) => Err(Wrong("unsupported_grant_type", "Only codes and refresh tokens are taken.")),
        None => Err(Wrong("invalid_request", "The form needs a grant_type.")),
    };
    Ok(match told {
        Ok(told) => ([NO_STORE], Answer(told)).into_response(),
        Err(wrong) => refuse(wrong),
    })
}

const NO_STORE: (header::HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

fn refuse(Wrong(error, description): Wrong) -> Response {
    let told = Answer(json!({ "error": error, "error_description": description }));
    if error != "invalid_client" {
        return (StatusCode::BAD_REQUEST, [NO_STORE], told).into_response();
    }
    let challenge =
        (header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"provider\""));
    (StatusCode::UNAUTHORIZED, [NO_STORE, challenge], told).into_response()
}

fn client(headers: &HeaderMap, form: &Query) -> Option<Client> {
    let Some(header) = headers.get(header::AUTHORIZATION) else {
        let secret = form.text("client_secret").unwrap_or_default().to_owned();
        return Some(Client { id: form.text("client_id")?.to_owned(), secret });
    };
    let (scheme, pair) = header.to_str().ok()?.split_once(' ')?;
    let pair =
        STANDARD.decode(pair.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let pair = String::from_utf8(pair).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some(Client { id: decoded(id), secret: decoded(secret) })
}

/// One form-encoded value.
fn decoded(text: &str) -> String {
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    pairs.next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

fn for_code(
    sandbox: &Sandbox,
    client: &Client,
    form: &Query,
) -> Result<Result<Value, Wrong>, Refusal> {
    sandbox.change(|world, now| {
        let text = form.text("code").unwrap_or_default();
        let Some(code) = world.provider.spend_code(text, now) else {
            return Ok(Err(Wrong("invalid_grant", "The code is unknown, used or too old.")));
        };
        if let Err(wrong) = fits(&code, client, form) {
            return Ok(Err(wrong));
        }
        let scope = code.scope.clone();
        let refresh = world.provider.keep_grant(text, code, now);
        Ok(Ok(tokens(&refresh, &scope, REFRESH_LIFE)))
    })
}

fn fits(code: &Code, client: &Client, form: &Query) -> Result<(), Wrong> {
    let text = |name: &str| form.text(name).unwrap_or_default();
    if code.client_id != client.id {
        return Err(Wrong("invalid_grant", "The code was given to another client."));
    }
    if code.redirect_uri != text("redirect_uri") {
        return Err(Wrong("invalid_grant", "The redirect_uri is not the one of the request."));
    }
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(text("code_verifier")));
    if code.challenge != challenge {
        return Err(Wrong("invalid_grant", "The code_verifier does not fit."));
    }
    Ok(())
}

/// The refresh token stays the same (RFC 6749 section 6 allows it).
fn for_refresh_token(sandbox: &Sandbox, client: &Client, form: &Query) -> Result<Value, Wrong> {
    let text = form.text("refresh_token").unwrap_or_default();
    let found = sandbox.read(|world, now| {
        let grant = world.provider.grant(text, now)?;
        Some((grant.clone(), grant.expires_at - now))
    });
    let ours = found.filter(|(grant, _)| grant.client_id == client.id);
    let (grant, left) =
        ours.ok_or(Wrong("invalid_grant", "The refresh token is unknown or too old."))?;
    let wanted = form.text("scope").unwrap_or(&grant.scope);
    let granted: Vec<_> = grant.scope.split(' ').collect();
    if wanted.split(' ').any(|one| !granted.contains(&one)) {
        return Err(Wrong("invalid_scope", "More is asked for than was granted."));
    }
    Ok(tokens(text, wanted, left))
}

fn tokens(refresh: &str, scope: &str, refresh_life: TimeDelta) -> Value {
    json!({
        "access_token": random(),
        "token_type": "Bearer",
        "expires_in": ACCESS_LIFE.num_seconds(),
        "refresh_token": refresh,
        "refresh_token_expires_in": refresh_life.num_seconds(),
        "scope": scope,
    })
}
