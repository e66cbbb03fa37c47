//! Which connections still have to be authenticated. `Authenticated`, as Cyclr shows it, is the only
//! truth; what a browser or a hook says is a reason to look.

use futures_util::future::try_join_all;

use super::{StepContext, Trouble};
use crate::cyclr::{Account, AccountConnector, AuthType, ConnectorNeeds, OAuth2Type};
use crate::ids::ConnectorId;
use crate::onboarding::{
    AuthKind, Connection, ConnectionInput, ConnectionWay, ConnectorDetails, Gain, Outcome, Problem,
    ProblemCode, SeenConnector,
};

pub(super) async fn run(context: &StepContext<'_>) -> Result<Outcome, Trouble> {
    let account = context.account()?;
    if let Some(given_up) = Box::pin(give_up_sign_ins(context, &account)).await? {
        return Ok(given_up);
    }
    let connectors = to_look_at(&context.onboarding.facts.connections);
    let looks = connectors.iter().map(|connector| account.find_connector(*connector));
    let looked = try_join_all(looks).await?;
    let mut shown = Vec::new();
    for (connector, found) in connectors.into_iter().zip(looked) {
        let Some(found) = found else {
            return Ok(Outcome::Stuck(Problem::with(
                ProblemCode::ConnectorMissing,
                format!("account connector {connector}"),
            )));
        };
        let known = context.onboarding.facts.connection(connector);
        match look(context, (connector, found), known).await? {
            Ok(seen) => shown.push(seen),
            Err(problem) => return Ok(Outcome::Stuck(problem)),
        }
    }
    Ok(Outcome::Done(Gain::Connections(shown)))
}

/// Sign-ins that are to be made again: Cyclr shows no new one beside the old one, so that goes first.
async fn give_up_sign_ins(
    context: &StepContext<'_>,
    account: &Account,
) -> Result<Option<Outcome>, Trouble> {
    let mut given_up = Vec::new();
    for known in context.onboarding.facts.connections.iter().filter(|known| known.to_renew) {
        account.deauthenticate(known.connector).await?;
        given_up.push(SeenConnector {
            connector: known.connector,
            name: known.name.clone(),
            auth: known.auth,
            authenticated: false,
            details: None,
        });
    }
    Ok((!given_up.is_empty()).then_some(Outcome::Done(Gain::Connections(given_up))))
}

/// What one connector comes to, once Cyclr has fetched by itself what it can.
async fn look(
    context: &StepContext<'_>,
    (connector, found): (ConnectorId, AccountConnector),
    known: Option<&Connection>,
) -> Result<Result<SeenConnector, Problem>, Trouble> {
    if found.authenticated {
        return Ok(Ok(seen(connector, &found, None)));
    }
    let account = context.account()?;
    let needs = context.engine.needs_of(&account, &found).await;
    let mut shown = seen(connector, &found, needs.as_deref());
    let details = shown.details.clone().unwrap_or_default();
    if !details.ways.is_empty() {
        // People choose among them.
        return Ok(Ok(shown));
    }
    match auth_kind(&found.auth, &found.oauth2) {
        Ok(AuthKind::OAuthUnattended) if !details.lacks_inputs() => {
            let fetched = account.authenticate_by_itself(connector).await?;
            let asked_people = known.is_some_and(|known| !known.inputs.is_empty());
            if !fetched.authenticated && !asked_people {
                let detail = format!("{} (account connector {connector})", found.name);
                return Ok(Err(Problem::with(ProblemCode::ConnectorRefused, detail)));
            }
            shown.authenticated = fetched.authenticated;
            if !fetched.authenticated {
                // What somebody entered will not do: they are asked again.
                shown.ask_again();
            }
        }
        Ok(
            AuthKind::OAuth
            | AuthKind::OAuthUnattended
            | AuthKind::ApiKey
            | AuthKind::Basic
            | AuthKind::Fields
            | AuthKind::Open,
        ) => {}
        Err(word) => {
            let detail = format!("{} asks for \"{word}\"", found.name);
            return Ok(Err(Problem::with(ProblemCode::UnknownAuthKind, detail)));
        }
    }
    Ok(Ok(shown))
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

/// An account connector in our words, under the id that was asked for, with what it needs as far as that is
/// known.
pub(in crate::engine) fn seen(
    id: ConnectorId,
    connector: &AccountConnector,
    needs: Option<&ConnectorNeeds>,
) -> SeenConnector {
    SeenConnector {
        connector: id,
        name: connector.name.clone(),
        auth: auth_kind(&connector.auth, &connector.oauth2).ok(),
        authenticated: connector.authenticated,
        details: needs.map(|needs| details(connector, needs)),
    }
}

/// What people have to enter, and the ways to choose from: none where there is nothing to choose.
fn details(connector: &AccountConnector, needs: &ConnectorNeeds) -> ConnectorDetails {
    let inputs = needs.parameters_to_set.iter().map(|wanted| ConnectionInput {
        is_set: connector.has_property(&wanted.target_name),
        name: wanted.target_name.clone(),
        label: wanted.label.clone(),
        help: wanted.description.clone(),
        secret: wanted.sensitive,
        optional: wanted.optional,
        options: wanted.values.clone(),
    });
    let ways = needs.ways.iter().filter_map(|way| {
        let auth = auth_kind(&way.auth, &way.oauth2).ok()?;
        let (id, name, help) = (way.id.clone(), way.name.clone(), way.description.clone());
        Some(ConnectionWay { id, name, help, auth })
    });
    let ways: Vec<_> = ways.collect();
    let own_is_known = auth_kind(&connector.auth, &connector.oauth2).is_ok();
    let choice = ways.len() > 1 || !own_is_known;
    ConnectorDetails { inputs: inputs.collect(), ways: if choice { ways } else { Vec::new() } }
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
        AuthType::AuthFields => Ok(AuthKind::Fields),
        AuthType::Other(word) => Err(word.clone()),
    }
}
