//! The page that a sign-in begins with.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::super::Sandbox;
use super::super::account::AccountConnector;
use super::super::catalogue::{AuthType, OAuth2Type};
use super::super::request::{Query, Refusal};
use super::super::world::{Consent, World};
use super::agreement::Agreement;
use super::finish::{WayBack, finish};
use super::pages::{forbidden, note, redirect};
use super::{CALLBACK, OwnAddress, random};

/// How long a person may stay at the provider. Cyclr's own limit is not documented.
const PATIENCE: TimeDelta = TimeDelta::hours(1);

/// What the token led to.
enum Opened {
    Forbidden,
    Return,
    NotHere,
    /// On to this address of the provider.
    Ask(Url),
}

/// Who takes part in a sign-in through the browser.
enum Asks {
    Provider,
    /// Cyclr fetches a token by itself.
    Nobody,
    /// It lets anyone in.
    Nothing,
    /// It takes a key or a password, which no provider can give.
    NotHere,
}

pub(super) async fn open(
    State(sandbox): State<Sandbox>,
    address: OwnAddress,
    query: Query,
) -> Result<Response, Refusal> {
    let Some(target_origin) = query.text("targetorigin").filter(|target| can_return_to(target))
    else {
        let text = "The address needs a targetOrigin: a full http or https address to return to.";
        return Ok(note(StatusCode::BAD_REQUEST, "No way back", text));
    };
    let way_back = WayBack {
        target_origin: target_origin.to_owned(),
        callback_message: query.text("callbackmessage").map(str::to_owned),
    };
    let token = query.text("token").unwrap_or_default();
    let connector = query.text("id").and_then(|id| id.parse::<i64>().ok());
    let opened = sandbox.change(|world, now| {
        let Some((account, connector)) = spend(world, now, token, connector) else {
            return Ok(Opened::Forbidden);
        };
        Ok(match asks(connector) {
            Asks::NotHere => Opened::NotHere,
            Asks::Nothing => Opened::Return,
            Asks::Nobody => {
                // This is how Cyclr is told to fetch it (DOC).
                connector.auth_value.get_or_insert_with(|| "{}".to_owned());
                Opened::Return
            }
            Asks::Provider => {
                let agreement = Agreement::about(&sandbox, &address, connector);
                let consent = Consent {
                    account,
                    connector: connector.id,
                    way_back: way_back.clone(),
                    redirect_uri: address.at(CALLBACK).into(),
                    verifier: random(),
                    expires_at: now + PATIENCE,
                };
                let state = random();
                let there = authorize_url(&agreement, &consent, &state);
                world.consents.retain(|_, consent| now < consent.expires_at);
                world.consents.insert(state, consent);
                Opened::Ask(there)
            }
        })
    })?;
    Ok(match opened {
        Opened::Forbidden => forbidden(),
        Opened::Return => finish(&way_back),
        Opened::Ask(there) => redirect(StatusCode::FOUND, there.as_str()),
        Opened::NotHere => {
            let text = "This connector takes a key or a password, so there is no provider to go \
                        to. Set its AuthValue or its properties instead.";
            note(StatusCode::BAD_REQUEST, "Nobody to sign in with", text)
        }
    })
}

/// Sent back exactly as given, so it must fit into a header, and lead to a page, not to a script.
fn can_return_to(target: &str) -> bool {
    let web = Url::parse(target).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    web && HeaderValue::from_str(target).is_ok()
}

/// The token is gone afterwards, whether or not the connector is its account's.
fn spend<'a>(
    world: &'a mut World,
    now: DateTime<Utc>,
    token: &str,
    connector: Option<i64>,
) -> Option<(String, &'a mut AccountConnector)> {
    let sign_in = world.spend(token, now)?;
    let account = world.accounts.get_mut(&sign_in.account)?;
    Some((sign_in.account, account.connectors.get_mut(&connector?)?))
}

/// What the page does for the kinds without a provider is not documented, but for those whose
/// token Cyclr fetches: they bounce (DOC of single connectors).
fn asks(connector: &AccountConnector) -> Asks {
    let (auth_type, oauth2_type) = connector.way();
    match auth_type {
        AuthType::OAuth2 => match oauth2_type {
            OAuth2Type::ClientCredentials | OAuth2Type::PasswordCredentials => Asks::Nobody,
            OAuth2Type::AuthorisationCode | OAuth2Type::Unknown => Asks::Provider,
        },
        // The pretend provider of such a connector speaks OAuth 2 all the same.
        AuthType::OAuth1 => Asks::Provider,
        AuthType::AuthFields => Asks::Nobody,
        AuthType::None => Asks::Nothing,
        AuthType::ApiKey | AuthType::Basic => Asks::NotHere,
    }
}

/// RFC 6749 section 4.1.1 and RFC 7636 section 4.3.
fn authorize_url(agreement: &Agreement, consent: &Consent, state: &str) -> Url {
    let mut url = agreement.authorize_url.clone();
    let mut query = url.query_pairs_mut();
    query
        .extend_pairs(&agreement.authorize_parameters)
        .append_pair("response_type", "code")
        .append_pair("client_id", &agreement.client_id)
        .append_pair("redirect_uri", &consent.redirect_uri);
    if !agreement.scopes.is_empty() {
        query.append_pair("scope", &agreement.scopes.join(" "));
    }
    query.append_pair("state", state);
    if agreement.pkce {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&consent.verifier));
        query
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
    }
    drop(query);
    url
}
