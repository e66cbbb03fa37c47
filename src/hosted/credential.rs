//! Connecting an account by an API key, or by a user name and a password.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::journey::{AccountLine, StartNote, account_lines, start_note};
use super::progress::see_next;
use super::visit::Visit;
use crate::engine::{self, Credential};
use crate::ids::ConnectorId;
use crate::onboarding::{AuthKind, Connection, CredentialField};
use crate::secret::Secret;
use crate::web::{self, AppState, Frame, Page, Protected};

/// Longest value of one field, in characters.
const LONGEST: usize = 4096;

#[derive(Template)]
#[template(path = "hosted/connect_secret.html")]
pub(super) struct ConnectSecret {
    frame: Frame,
    app: String,
    action: String,
    fields: &'static [CredentialField],
    mistake: Option<Mistake>,
    /// Which field it is about, counted from 1; 0 for none.
    wrong: usize,
    accounts: Vec<AccountLine>,
    start_note: Option<StartNote>,
    form_token: String,
}

/// Why the values will not do. Never holds any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mistake {
    Missing(&'static str),
    TooLong(&'static str),
    NotPlainText(&'static str),
    /// Between user name and password stands a colon on the wire.
    Colon(&'static str),
    NotAccepted,
    NotChecked,
}

impl Mistake {
    fn status(self) -> StatusCode {
        match self {
            Self::NotChecked => StatusCode::BAD_GATEWAY,
            Self::Missing(_)
            | Self::TooLong(_)
            | Self::NotPlainText(_)
            | Self::Colon(_)
            | Self::NotAccepted => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    fn place_in(self, fields: &[CredentialField]) -> usize {
        match self {
            Self::Missing(label)
            | Self::TooLong(label)
            | Self::NotPlainText(label)
            | Self::Colon(label) => {
                fields.iter().position(|field| field.label == label).map_or(0, |place| place + 1)
            }
            Self::NotAccepted => 1,
            Self::NotChecked => 0,
        }
    }
}

/// The form, with every field empty, whatever was sent before.
pub(super) fn page(
    visit: &Visit,
    connection: &Connection,
    mistake: Option<Mistake>,
) -> Page<ConnectSecret> {
    let frame = visit.frame(format!("Connect {}", connection.name));
    let fields = connection.auth.map_or(&[][..], AuthKind::fields);
    Page(ConnectSecret {
        frame: Frame { has_mistakes: mistake.is_some(), ..frame },
        app: connection.name.clone(),
        action: format!("{}/connections/{}/credential", visit.address(), connection.connector),
        wrong: mistake.map_or(0, |mistake| mistake.place_in(fields)),
        fields,
        mistake,
        accounts: account_lines(&visit.onboarding),
        start_note: start_note(&visit.onboarding, &visit.blueprint),
        form_token: visit.form_token.clone(),
    })
}

/// Hands the values to Cyclr; here they only pass through.
pub(super) async fn submit(
    visit: Visit,
    State(state): State<AppState>,
    Path((_, connector)): Path<(String, ConnectorId)>,
    Protected(fields): Protected<BTreeMap<String, String>>,
) -> Result<Response, web::Error> {
    let connection = visit.onboarding.facts.connection(connector).filter(|c| c.is_open());
    let Some((connection, auth)) = connection.and_then(|c| Some((c, c.auth?))) else {
        return Ok(see_next(&visit));
    };
    let mistake = match read(auth, fields) {
        Ok(None) => return Ok(see_next(&visit)),
        Ok(Some(credential)) => hand_over(&visit, &state, connector, credential).await?,
        Err(mistake) => Some(mistake),
    };
    let Some(mistake) = mistake else { return Ok(see_next(&visit)) };
    Ok((mistake.status(), page(&visit, connection, Some(mistake))).into_response())
}

/// `None` when Cyclr has taken it, or when it is no longer asked for.
async fn hand_over(
    visit: &Visit,
    state: &AppState,
    connector: ConnectorId,
    credential: Credential,
) -> Result<Option<Mistake>, web::Error> {
    match state.engine.give_credential(visit.onboarding.id, connector, credential).await {
        Ok(true) | Err(engine::Error::Invalid(_) | engine::Error::Unknown) => Ok(None),
        Ok(false) => Ok(Some(Mistake::NotAccepted)),
        Err(engine::Error::Cyclr(error)) => {
            tracing::info!(%error, "a credential was not taken");
            Ok(Some(match error.status() {
                Some(400 | 422) => Mistake::NotAccepted,
                Some(_) | None => Mistake::NotChecked,
            }))
        }
        Err(
            error @ (engine::Error::Start(_) | engine::Error::Once(_) | engine::Error::Store(_)),
        ) => Err(error.into()),
    }
}

/// `None` where this connection takes no form.
fn read(
    auth: AuthKind,
    mut fields: BTreeMap<String, String>,
) -> Result<Option<Credential>, Mistake> {
    for field in auth.fields() {
        let value = fields.get(field.name).map_or("", String::as_str);
        check(field, value)?;
        if auth == AuthKind::Basic && !field.secret && value.contains(':') {
            return Err(Mistake::Colon(field.label));
        }
    }
    let mut take = |name| fields.remove(name).unwrap_or_default().trim().to_owned();
    Ok(match auth {
        AuthKind::ApiKey => Some(Credential::ApiKey(Secret::from(take("api_key")))),
        AuthKind::Basic => {
            let user_name = take("user_name");
            // Blanks at the ends of a password may be meant.
            let password = Secret::from(fields.remove("password").unwrap_or_default());
            Some(Credential::Basic { user_name, password })
        }
        AuthKind::OAuth | AuthKind::OAuthUnattended | AuthKind::Open => None,
    })
}

fn check(field: &CredentialField, value: &str) -> Result<(), Mistake> {
    if value.trim().is_empty() {
        Err(Mistake::Missing(field.label))
    } else if value.chars().count() > LONGEST {
        Err(Mistake::TooLong(field.label))
    } else if value.chars().any(char::is_control) {
        Err(Mistake::NotPlainText(field.label))
    } else {
        Ok(())
    }
}
