//! Which connections still have to be authenticated. `Authenticated`, as Cyclr shows it, is the only
//! truth; what a browser or a hook says is a reason to look.

use futures_util::future::try_join_all;

use super::{StepContext, Trouble};
use crate::cyclr::{Account, AccountConnector, AuthType, OAuth2Type};
use crate::ids::ConnectorId;
use crate::onboarding::{AuthKind, Connection, Gain, Outcome, Problem, ProblemCode, SeenConnector};
use crate::secret::Secret;

/// What makes Cyclr fetch an OAuth token by itself (DOC).
const FETCH_IT_YOURSELF: &str = "{}";

pub(super) async fn run(context: &StepContext<'_>) -> Result<Outcome, Trouble> {
    let account = context.account()?;
    let connectors = to_look_at(&context.onboarding.facts.connections);
    let looks = connectors.iter().map(|connector| account.find_connector(*connector));
    let looked = try_join_all(looks).await?;
    let mut shown = Vec::new();
    for (connector, found) in connectors.into_iter().zip(looked) {
        let Some(mut found) = found else {
            return Ok(Outcome::Stuck(Problem::with(
                ProblemCode::ConnectorMissing,
                format!("account connector {connector}"),
            )));
        };
        if !found.authenticated {
            match auth_kind(&found.auth, &found.oauth2) {
                Ok(AuthKind::OAuthUnattended) => {
                    found = fetch_unattended(&account, connector).await?;
                    if !found.authenticated {
                        return Ok(Outcome::Stuck(Problem::with(
                            ProblemCode::ConnectorRefused,
                            format!("{} (account connector {connector})", found.name),
                        )));
                    }
                }
                Ok(AuthKind::OAuth | AuthKind::ApiKey | AuthKind::Basic | AuthKind::Open) => {}
                Err(unknown) => {
                    return Ok(Outcome::Stuck(Problem::with(
                        ProblemCode::UnknownAuthKind,
                        format!("{} asks for \"{unknown}\"", found.name),
                    )));
                }
            }
        }
        shown.push(seen(connector, &found));
    }
    Ok(Outcome::Done(Gain::Connections(shown)))
}

/// Those whose kind is not known, those that somebody set out to sign in to, and those that were there
/// or passed over before; else all open ones.
fn to_look_at(connections: &[Connection]) -> Vec<ConnectorId> {
    let open = || connections.iter().filter(|connection| connection.is_open());
    let worth_it = open()
        .filter(|connection| {
            !connection.waits_for_person()
                || connection.attempt.is_some()
                || connection.was_settled_before()
        })
        .map(|connection| connection.connector)
        .collect::<Vec<_>>();
    if worth_it.is_empty() {
        open().map(|connection| connection.connector).collect()
    } else {
        worth_it
    }
}

async fn fetch_unattended(
    account: &Account,
    connector: ConnectorId,
) -> Result<AccountConnector, Trouble> {
    Ok(account.set_credential(connector, &Secret::from(FETCH_IT_YOURSELF)).await?)
}

/// An account connector in our words, under the id that was asked for.
pub(in crate::engine) fn seen(id: ConnectorId, connector: &AccountConnector) -> SeenConnector {
    SeenConnector {
        connector: id,
        name: connector.name.clone(),
        auth: auth_kind(&connector.auth, &connector.oauth2).ok(),
        authenticated: connector.authenticated,
    }
}

/// How it is authenticated; the raw word where we do not know the way.
pub(in crate::engine) fn auth_kind(
    auth: &AuthType,
    oauth2: &OAuth2Type,
) -> Result<AuthKind, String> {
    match auth {
        AuthType::ApiKey => Ok(AuthKind::ApiKey),
        AuthType::Basic => Ok(AuthKind::Basic),
        AuthType::None => Ok(AuthKind::Open),
        AuthType::OAuth1 => Ok(AuthKind::OAuth),
        AuthType::OAuth2 => Ok(match oauth2 {
            OAuth2Type::ClientCredentials | OAuth2Type::PasswordCredentials => {
                AuthKind::OAuthUnattended
            }
            // With an unknown flow a person can at least try Cyclr's page (DOC: some just bounce back).
            OAuth2Type::AuthorisationCode | OAuth2Type::Unknown | OAuth2Type::Other(_) => {
                AuthKind::OAuth
            }
        }),
        AuthType::AuthFields => Err("AuthFields".to_owned()),
        AuthType::Other(word) => Err(word.clone()),
    }
}
