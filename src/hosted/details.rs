//! Connecting an account with a form: an API key, user name and password, the connector's own fields, or
//! what has to be known before somebody can sign in.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::connect::kind_of;
use super::journey::{AccountLine, StartNote, account_lines, start_note};
use super::progress::watch;
use super::visit::Visit;
use crate::engine::{self, ConnectionDetails, Credential, Given};
use crate::ids::ConnectorId;
use crate::onboarding::{AuthKind, Connection};
use crate::secret::Secret;
use crate::web::{self, AppState, Frame, Page, Protected};

/// Longest value of one field, in characters.
const LONGEST: usize = 4096;
/// Before the connector's own fields, which may have any name.
const INPUT: &str = "input-";
/// Which way the form is for.
const WAY: &str = "way";

#[derive(Template)]
#[template(path = "hosted/connect_form.html")]
pub(super) struct ConnectForm {
    frame: Frame,
    app: String,
    about: Option<String>,
    explain: String,
    button: String,
    action: String,
    fields: Vec<Field>,
    way: Option<String>,
    other_ways: bool,
    mistake: Option<MistakeLine>,
    accounts: Vec<AccountLine>,
    start_note: Option<StartNote>,
    form_token: String,
    hand_over: Option<String>,
}

/// One input. Never holds a value.
#[derive(Debug, Clone)]
struct Field {
    name: String,
    label: String,
    help: Option<String>,
    secret: bool,
    optional: bool,
    options: Vec<String>,
    is_wrong: bool,
}

/// What is wrong, and the field that it leads to, counted from 1.
#[derive(Debug)]
struct MistakeLine {
    text: String,
    place: Option<usize>,
}

/// Why the values will not do. Never holds any of them; fields are meant by their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mistake {
    Missing(usize),
    TooLong(usize),
    NotPlainText(usize),
    /// Between user name and password stands a colon on the wire.
    Colon(usize),
    NotListed(usize),
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
            | Self::NotListed(_)
            | Self::NotAccepted => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::Missing(_) => "field-missing",
            Self::TooLong(_) => "field-too-long",
            Self::NotPlainText(_) => "field-not-plain",
            Self::Colon(_) => "field-colon",
            Self::NotListed(_) => "field-not-listed",
            Self::NotAccepted => "form-not-accepted",
            Self::NotChecked => "form-not-checked",
        }
    }

    /// Counted from 0.
    const fn place(self) -> Option<usize> {
        match self {
            Self::Missing(place)
            | Self::TooLong(place)
            | Self::NotPlainText(place)
            | Self::Colon(place)
            | Self::NotListed(place) => Some(place),
            Self::NotAccepted => Some(0),
            Self::NotChecked => None,
        }
    }
}

/// The connector's own fields first: where it is comes before how to get in.
fn fields(visit: &Visit, connection: &Connection, kind: AuthKind) -> Vec<Field> {
    let inputs = connection.inputs.iter().map(|input| Field {
        name: format!("{INPUT}{}", input.name),
        label: input.label.clone(),
        help: input.help.clone(),
        secret: input.secret,
        optional: input.optional,
        options: input.options.clone(),
        is_wrong: false,
    });
    let credential = kind.fields().iter().map(|field| Field {
        name: field.name.to_owned(),
        label: visit.say(field.label),
        help: None,
        secret: field.secret,
        optional: false,
        options: Vec::new(),
        is_wrong: false,
    });
    inputs.chain(credential).collect()
}

/// The form, with every field empty, whatever was sent before.
pub(super) fn page(
    visit: &Visit,
    connection: &Connection,
    way: Option<&str>,
    mistake: Option<Mistake>,
) -> Page<ConnectForm> {
    let base = visit.connection_address(connection.connector);
    let kind = kind_of(connection, way).unwrap_or(AuthKind::Open);
    let mut fields = fields(visit, connection, kind);
    let place = mistake.and_then(Mistake::place).filter(|place| *place < fields.len());
    let label = place.map(|place| fields[place].label.clone()).unwrap_or_default();
    if let Some(place) = place {
        fields[place].is_wrong = true;
    }
    let signs_in_next = kind == AuthKind::OAuth;
    let about = |message| visit.about(message, connection);
    let frame = visit.frame(about("connect"));
    // What was refused is not loaded again: that would send it again.
    let refresh = mistake.is_none().then(|| watch(visit, 0));
    Page(ConnectForm {
        frame: Frame { has_mistakes: mistake.is_some(), refresh, ..frame },
        app: connection.name.clone(),
        about: visit.for_colleague(connection),
        explain: about(if signs_in_next { "form-first" } else { "form-explain" }),
        button: about(if signs_in_next { "form-next" } else { "connect" }),
        action: format!("{base}/details"),
        fields,
        way: way.map(str::to_owned),
        other_ways: connection.ways.len() > 1,
        mistake: mistake.map(|mistake| MistakeLine {
            text: visit
                .words
                .with(mistake.message(), &[("label", &label), ("app", &connection.name)]),
            place: place.map(|place| place + 1),
        }),
        accounts: account_lines(visit),
        start_note: start_note(visit),
        form_token: visit.form_token.clone(),
        hand_over: visit.is_whole().then(|| format!("{base}/hand-over")),
    })
}

/// Hands the values to Cyclr; here they only pass through.
pub(super) async fn submit(
    visit: Visit,
    State(state): State<AppState>,
    Path((_, connector)): Path<(String, ConnectorId)>,
    Protected(mut given): Protected<BTreeMap<String, String>>,
) -> Result<Response, web::Error> {
    let connection = visit.onboarding.facts.connection(connector).filter(|c| c.waits_for_person());
    let way = given.remove(WAY).filter(|way| !way.is_empty());
    let kind = connection.and_then(|c| Some((c, kind_of(c, way.as_deref())?)));
    let Some((connection, kind)) = kind else { return Ok(visit.see_next()) };
    let fields = fields(&visit, connection, kind);
    if fields.is_empty() {
        return Ok(visit.see_next());
    }
    let mistake = match read(kind, &fields, given) {
        Ok(details) => {
            let details = ConnectionDetails { way: way.clone(), ..details };
            hand_over(&visit, &state, connector, details).await?
        }
        Err(mistake) => Some(mistake),
    };
    match mistake {
        None => Ok(onwards(&visit, kind, way.as_deref())),
        Some(mistake) => {
            let page = page(&visit, connection, way.as_deref(), Some(mistake));
            Ok((mistake.status(), page).into_response())
        }
    }
}

/// With the way that was chosen, where there is still something to do in it.
fn onwards(visit: &Visit, kind: AuthKind, way: Option<&str>) -> Response {
    match way.filter(|_| kind == AuthKind::OAuth) {
        Some(way) => {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            let query = query.append_pair(WAY, way).finish();
            Redirect::to(&format!("{}?{query}", visit.address())).into_response()
        }
        None => visit.see_next(),
    }
}

/// `None` when Cyclr has taken it, or when it is no longer asked for.
async fn hand_over(
    visit: &Visit,
    state: &AppState,
    connector: ConnectorId,
    details: ConnectionDetails,
) -> Result<Option<Mistake>, web::Error> {
    match state.engine.give_details(visit.onboarding.id, connector, details).await {
        Ok(Given::Connected | Given::GoOn)
        | Err(engine::Error::Invalid(_) | engine::Error::Unknown | engine::Error::MovedOn) => {
            Ok(None)
        }
        Ok(Given::NotAccepted) => Ok(Some(Mistake::NotAccepted)),
        Err(engine::Error::Cyclr(error)) => {
            tracing::info!(%error, "what a person entered was not taken");
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

fn read(
    kind: AuthKind,
    fields: &[Field],
    mut given: BTreeMap<String, String>,
) -> Result<ConnectionDetails, Mistake> {
    for (place, field) in fields.iter().enumerate() {
        let value = given.get(&field.name).map_or("", String::as_str);
        check(place, field, value)?;
        if kind == AuthKind::Basic && field.name == "user_name" && value.contains(':') {
            return Err(Mistake::Colon(place));
        }
    }
    let mut take = |name: &str| given.remove(name).unwrap_or_default();
    let credential = match kind {
        AuthKind::ApiKey => Some(Credential::ApiKey(Secret::from(take("api_key").trim()))),
        AuthKind::Basic => Some(Credential::Basic {
            user_name: take("user_name").trim().to_owned(),
            // Blanks at the ends of a password may be meant.
            password: Secret::from(take("password")),
        }),
        AuthKind::OAuth | AuthKind::OAuthUnattended | AuthKind::Fields | AuthKind::Open => None,
    };
    let inputs = fields.iter().filter_map(|field| {
        let name = field.name.strip_prefix(INPUT)?;
        let value = given.remove(&field.name)?;
        let value = if field.secret { value } else { value.trim().to_owned() };
        (!value.is_empty()).then(|| (name.to_owned(), Secret::from(value)))
    });
    Ok(ConnectionDetails { way: None, inputs: inputs.collect(), credential })
}

fn check(place: usize, field: &Field, value: &str) -> Result<(), Mistake> {
    let is_empty = value.trim().is_empty();
    if is_empty && !field.optional {
        Err(Mistake::Missing(place))
    } else if value.chars().count() > LONGEST {
        Err(Mistake::TooLong(place))
    } else if value.chars().any(char::is_control) {
        Err(Mistake::NotPlainText(place))
    } else if !is_empty && !field.options.is_empty() && !field.options.iter().any(|o| o == value) {
        Err(Mistake::NotListed(place))
    } else {
        Ok(())
    }
}
