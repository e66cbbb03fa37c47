//! An order about one onboarding: first what it would do, then the deed.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::account::{has_proved_lately, proof_address, proof_wanted};
use super::case::{self, Told, Typed, label};
use super::chrome::Chrome;
use super::inputs::{Input, InputKind, inputs};
use super::operator::{Operator, Repairs};
use super::order::{self, Given};
use crate::engine::{self, StaffOrder};
use crate::onboarding::{Action, Onboarding};
use crate::store::{JournalLine, Sight};
use crate::web::{AppState, Error, Page, Protected};

#[derive(Template)]
#[template(path = "console/confirm.html")]
struct ConfirmPage {
    chrome: Chrome,
    reference: String,
    explanation: String,
    action: &'static str,
    label: &'static str,
    /// What it would do.
    foreshadowed: String,
    /// Where the onboarding stood when this was shown.
    stand: String,
    /// The newest change that was seen with it.
    version: i64,
    inputs: Vec<Input>,
    needs_reason: bool,
    reason: String,
    is_destructive: bool,
    mistake: Option<String>,
}

pub(super) async fn show(
    operator: Operator<Repairs>,
    State(app): State<AppState>,
    Path((reference, action)): Path<(String, String)>,
) -> Result<Response, Error> {
    let action = Action::parse(&action).ok_or_else(Error::not_found)?;
    let onboarding = case::find(&app, &reference).await?;
    if let Err(refusal) = onboarding.may(action, app.clock().now()) {
        return refused(&app, &operator, &onboarding, (refusal.reason, Typed::new())).await;
    }
    if is_destructive(action)
        && let Some(proof) = proof_wanted(&app, &operator, &address(&onboarding, action))
    {
        return Ok(proof);
    }
    let page = page(&app, &operator, (&onboarding, action), &Given::new(), None);
    Ok(Page(page).into_response())
}

pub(super) async fn order(
    operator: Operator<Repairs>,
    State(app): State<AppState>,
    Path((reference, action)): Path<(String, String)>,
    Protected(given): Protected<Given>,
) -> Result<Response, Error> {
    let action = Action::parse(&action).ok_or_else(Error::not_found)?;
    let onboarding = case::find(&app, &reference).await?;
    if is_destructive(action) && !has_proved_lately(&app, &operator) {
        return prove_first(&app, &operator, &onboarding, (action, &given)).await;
    }
    let stand = onboarding.stand(action);
    if given.get("stand") != Some(&stand) {
        return moved_on(&app, &operator, &onboarding, (action, &given)).await;
    }
    let order = match order::read(&app, &onboarding, action, &given).await? {
        Ok(order) => order,
        Err(mistake) => {
            let page = page(&app, &operator, (&onboarding, action), &given, Some(mistake));
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response());
        }
    };
    let actor = operator.member().actor();
    let staff = StaffOrder { actor: &actor, action, reason: &order.reason, seen: &stand };
    match app.engine.order_as_staff(onboarding.id, order.command, staff).await {
        Ok(after) => {
            let what = format!("Done: {}. How it stands now:", label(action).to_lowercase());
            let told = Told::new(true, what);
            case::tell(&app, &operator, &after, (StatusCode::OK, told)).await
        }
        Err(engine::Error::Invalid(why)) => {
            let onboarding = case::find(&app, &reference).await?;
            let typed = typed(&onboarding, action, &given);
            refused(&app, &operator, &onboarding, (why.reason, typed)).await
        }
        Err(engine::Error::MovedOn) => {
            let onboarding = case::find(&app, &reference).await?;
            moved_on(&app, &operator, &onboarding, (action, &given)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The form was open for longer than a proof lasts. What was typed into it is shown, to be typed again.
async fn prove_first(
    app: &AppState,
    operator: &Operator<Repairs>,
    onboarding: &Onboarding,
    (action, given): (Action, &Given),
) -> Result<Response, Error> {
    let what = "Nothing was done yet: it is a while ago that you showed who you are. Do that once more, and give \
                the order again.";
    let told = Told {
        typed: typed(onboarding, action, given),
        prove: Some(proof_address(&address(onboarding, action))),
        ..Told::new(false, what)
    };
    case::tell(app, operator, onboarding, (StatusCode::FORBIDDEN, told)).await
}

async fn refused(
    app: &AppState,
    operator: &Operator<Repairs>,
    onboarding: &Onboarding,
    (reason, typed): (&str, Typed),
) -> Result<Response, Error> {
    let what = format!("Nothing was done: {reason}");
    let told = Told { typed, ..Told::new(false, what) };
    case::tell(app, operator, onboarding, (StatusCode::CONFLICT, told)).await
}

/// How many lines say what happened meanwhile; the timeline has all.
const MOST_LINES: u16 = 10;

/// Tells what happened since the form was shown, the first first: what came between the two of them.
async fn moved_on(
    app: &AppState,
    operator: &Operator<Repairs>,
    onboarding: &Onboarding,
    (action, given): (Action, &Given),
) -> Result<Response, Error> {
    // Without a version there is no telling what is new beside the last line.
    let seen = given.get("version").and_then(|seen| seen.parse().ok());
    let seen = seen.unwrap_or(onboarding.version - 1);
    let lines = app.store().list_journal_after(onboarding.id, &Sight::All, seen, MOST_LINES + 1);
    let lines = lines.await?;
    let tell = |line: &JournalLine| {
        let at = super::words::spell(line.at);
        format!("{}, {at}: {}", line.actor, line.event.tell(&onboarding.facts))
    };
    let mut meanwhile: Vec<_> = lines.iter().take(MOST_LINES.into()).map(tell).collect();
    if lines.len() > meanwhile.len() {
        meanwhile.push("And more, which the timeline tells.".to_owned());
    }
    let told = Told {
        meanwhile,
        typed: typed(onboarding, action, given),
        ..Told::new(
            false,
            "Nothing was done: it does not stand any more where you saw it. Look at it again, and order what \
             is needed now.",
        )
    };
    case::tell(app, operator, onboarding, (StatusCode::CONFLICT, told)).await
}

/// What they had typed into an order that is refused, so that they need not think of it again.
fn typed(onboarding: &Onboarding, action: Action, given: &Given) -> Typed {
    let inputs = inputs(onboarding, action, given, "").into_iter();
    let said = inputs.map(|input| match input.kind {
        InputKind::Choice(options) => {
            let chosen = options.into_iter().find(|(value, _)| *value == input.value);
            (input.label, chosen.map(|(_, label)| label).unwrap_or_default())
        }
        InputKind::Tick if !input.value.is_empty() => (input.label, "yes".to_owned()),
        InputKind::Line
        | InputKind::Text
        | InputKind::Number
        | InputKind::Time
        | InputKind::Tick => (input.label, input.value),
    });
    let why = ("Why".to_owned(), order::shown(given, "reason"));
    said.chain([why]).filter(|(_, value)| !value.is_empty()).collect()
}

/// Asks for the password again: what it ends does not come back.
pub(super) const fn is_destructive(action: Action) -> bool {
    match action {
        Action::Cancel
        | Action::RestartFrom
        | Action::Reauthorize
        | Action::Upgrade
        | Action::Offboard => true,
        Action::Retry
        | Action::Answer
        | Action::Adopt
        | Action::Skip
        | Action::RotateLink
        | Action::RevokeLink
        | Action::ExtendLink
        | Action::Note
        | Action::Assign
        | Action::Snooze
        | Action::Check
        | Action::SettleDrift => false,
    }
}

/// Where an order is given.
pub(super) fn address(onboarding: &Onboarding, action: Action) -> String {
    format!("/console/onboardings/{}/{}", onboarding.reference, action.name())
}

fn page(
    app: &AppState,
    operator: &Operator<Repairs>,
    (onboarding, action): (&Onboarding, Action),
    given: &Given,
    mistake: Option<String>,
) -> ConfirmPage {
    let title = format!("{}: {}", label(action), onboarding.profile.name);
    ConfirmPage {
        chrome: Chrome {
            has_mistakes: mistake.is_some(),
            ..Chrome::new(app, operator, "/console/onboardings", title)
        },
        reference: onboarding.reference.to_string(),
        explanation: onboarding.explain_with(app.clock().now(), super::words::spell),
        action: action.name(),
        label: label(action),
        foreshadowed: onboarding.foreshadow(action),
        stand: onboarding.stand(action),
        version: onboarding.version,
        inputs: inputs(onboarding, action, given, &operator.member().email),
        needs_reason: order::needs_reason(action),
        reason: order::shown(given, "reason"),
        is_destructive: is_destructive(action),
        mistake,
    }
}
