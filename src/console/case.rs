//! One onboarding with all that is known of it, and what may be ordered.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::act;
use super::chrome::Chrome;
use super::life::{self, LifeText};
use super::list::Row;
use super::operator::{Looks, Need, Operator, Repairs};
use super::sign_in::Nothing;
use super::timeline::{self, Call, Entry};
use super::words::{Moment, plain, sending};

use crate::ids::EndpointId;
use crate::onboarding::{Action, Connection, Erased, Event, Onboarding, Requirement, Slot, Status};
use crate::store::{
    Act, AuditFilter, AuditLine, EndpointOrder, NEWEST_LINES, Search, ToldDelivery,
};
use crate::web::{AppState, Error, Page, Protected};

#[derive(Template)]
#[template(path = "console/case.html")]
pub(super) struct CasePage {
    chrome: Chrome,
    /// Said first: what became of what was just ordered.
    told: Option<Told>,
    row: Row,
    explanation: String,
    blueprint: String,
    account: Option<String>,
    contact: Option<String>,
    erased: Option<(Moment, &'static str)>,
    tags: Vec<String>,
    created: Moment,
    snoozed: Option<Moment>,
    problem: Option<ProblemText>,
    life: Option<LifeText>,
    /// What is missing, and from whom.
    requirements: Vec<(String, &'static str)>,
    connections: Vec<ConnectionLine>,
    templates: Vec<TemplateLine>,
    link: LinkText,
    actions: Vec<ActionLine>,
    entries: Vec<Entry>,
    /// There are more lines than are shown.
    has_older: bool,
    stray: Vec<Call>,
    notes: Vec<(String, String, String)>,
    audit: Vec<AuditLine>,
    deliveries: Vec<DeliveryLine>,
}

/// Something that the integrator was told, or is to be.
struct DeliveryLine {
    kind: String,
    at: String,
    url: String,
    stands: String,
    colour: &'static str,
    /// Where it is sent again.
    again: String,
}

/// Something to be told above a case.
pub(super) struct Told {
    pub(super) is_good: bool,
    pub(super) what: String,
    /// What happened since they last saw it, oldest first.
    pub(super) meanwhile: Vec<String>,
    /// What they had typed into what was refused.
    pub(super) typed: Typed,
    /// Where they prove again who they are, if that is what is missing.
    pub(super) prove: Option<String>,
}

/// Labels of fields, with what was typed there.
pub(super) type Typed = Vec<(String, String)>;

impl Told {
    pub(super) fn new(is_good: bool, what: impl Into<String>) -> Self {
        Self { is_good, what: what.into(), meanwhile: Vec::new(), typed: Typed::new(), prove: None }
    }
}

struct ProblemText {
    code: &'static str,
    what: &'static str,
    todo: &'static str,
    detail: Option<String>,
    candidates: Vec<(String, String, String)>,
}

struct ConnectionLine {
    name: String,
    id: String,
    auth: String,
    stands: String,
    colour: &'static str,
    /// What is known of the last try at signing in.
    evidence: Option<String>,
}

struct TemplateLine {
    id: String,
    cycle: Option<String>,
    stands: &'static str,
}

struct LinkText {
    expires: Moment,
    is_over: bool,
    opened: Option<Moment>,
    /// What the customer reads there now.
    shows: Vec<String>,
}

struct ActionLine {
    name: &'static str,
    label: String,
    address: String,
    /// Why it cannot be ordered right now.
    refusal: Option<&'static str>,
}

pub(super) async fn show(
    operator: Operator<Looks>,
    State(app): State<AppState>,
    Path(reference): Path<String>,
) -> Result<Response, Error> {
    let onboarding = find(&app, &reference).await?;
    let page = page(&app, &operator, &onboarding, None).await?;
    Ok(Page(page).into_response())
}

/// By its reference, as people write it.
pub(super) async fn find(app: &AppState, text: &str) -> Result<Onboarding, Error> {
    let reference = Search::parse(text).and_then(|search| search.reference);
    let reference = reference.ok_or_else(Error::not_found)?;
    app.store().find_by_reference(&reference).await?.ok_or_else(Error::not_found)
}

/// After an order: how it stands now, with what became of the order.
pub(super) async fn tell<N: Need>(
    app: &AppState,
    operator: &Operator<N>,
    onboarding: &Onboarding,
    (status, told): (StatusCode, Told),
) -> Result<Response, Error> {
    Ok((status, Page(page(app, operator, onboarding, Some(told)).await?)).into_response())
}

async fn page<N: Need>(
    app: &AppState,
    operator: &Operator<N>,
    onboarding: &Onboarding,
    told: Option<Told>,
) -> Result<CasePage, Error> {
    let now = app.clock().now();
    let store = app.store();
    let lines = store.list_journal(onboarding.id).await?;
    let stray = store.list_stray_calls(onboarding.id).await?.into_iter().map(Call::from).collect();
    let filter = AuditFilter { onboarding: Some(onboarding.id), ..AuditFilter::default() };
    let audit = store.list_audit(&filter, None, 50).await?.lines;
    let deliveries = store.list_deliveries_about(onboarding.id, 25).await?.into_iter();
    let facts = &onboarding.facts;
    let title = format!("{} {}", onboarding.reference, onboarding.profile.name);
    let notes = lines.iter().rev().filter_map(note).collect();
    Ok(CasePage {
        chrome: Chrome {
            is_live: told.is_none() && onboarding.status != Status::Cancelled,
            ..Chrome::new(app, operator, "/console/onboardings", title)
        },
        told,
        row: Row::new(onboarding, now),
        explanation: onboarding.explain_with(now, super::words::spell),
        blueprint: format!("{} version {}", onboarding.blueprint.key, onboarding.blueprint.version),
        account: facts.account.as_ref().map(|account| account.id.to_string()),
        contact: contact(onboarding),
        erased: onboarding.profile.erased.map(|erased| erased_text(erased, now)),
        tags: onboarding.profile.tags.clone(),
        created: Moment::new(onboarding.created_at, now),
        snoozed: onboarding.snoozed_until.filter(|at| *at > now).map(|at| Moment::new(at, now)),
        problem: problem(onboarding),
        life: life::tell(onboarding, now),
        requirements: onboarding.requirements().into_iter().map(missing).collect(),
        connections: facts.connections.iter().map(|known| connection(known, now)).collect(),
        templates: facts.slots.iter().map(template).collect(),
        link: link(onboarding, now),
        actions: actions(onboarding, now),
        has_older: i64::try_from(lines.len()) == Ok(NEWEST_LINES),
        entries: timeline::tell(onboarding, lines, now),
        stray,
        notes,
        audit,
        deliveries: deliveries.map(|told| delivery(onboarding, told, now)).collect(),
    })
}

fn delivery(onboarding: &Onboarding, told: ToldDelivery, now: DateTime<Utc>) -> DeliveryLine {
    let last = match (told.status, &told.outcome) {
        (Some(status), _) => format!("; last answer {status}"),
        (None, Some(outcome)) => format!("; last attempt: {}", plain(outcome)),
        (None, None) => String::new(),
    };
    let state = (told.state.as_str(), told.under_way);
    let (stands, colour) = sending(state, told.attempts, (told.due_at, now));
    // Of what has arrived nobody asks how the last attempt went.
    let stands = if told.state == "delivered" { stands } else { stands + &last };
    let (endpoint, message) = (told.endpoint, told.message);
    DeliveryLine {
        kind: told.kind,
        at: super::words::spell(told.at),
        url: told.url,
        stands,
        colour,
        again: format!(
            "/console/onboardings/{}/deliveries/{endpoint}/{message}/replay",
            onboarding.reference
        ),
    }
}

/// Sends a delivery again, to the same endpoint with the same body.
pub(super) async fn replay(
    operator: Operator<Repairs>,
    State(app): State<AppState>,
    Path((reference, endpoint, message)): Path<(String, Uuid, Uuid)>,
    Protected(Nothing {}): Protected<Nothing>,
) -> Result<Response, Error> {
    let onboarding = find(&app, &reference).await?;
    let mut mine = app.store().list_deliveries_about(onboarding.id, 25).await?.into_iter();
    let known = mine.find(|told| told.endpoint == endpoint && told.message == message);
    let known = known.ok_or_else(Error::not_found)?;
    let act = Act {
        onboarding: Some(onboarding.id),
        after: Some(json!({ "message": message, "kind": known.kind, "url": known.url })),
        ..Act::new("replay", &reference)
    };
    let actor = operator.member().actor();
    let order = EndpointOrder::ReplayOne { id: EndpointId(endpoint), message };
    let queued =
        !known.under_way && app.store().order_endpoint_by_staff(&order, (&actor, &act)).await?;
    let what = if queued {
        "It is sent again, to the same address with the same body."
    } else {
        "Nothing was done: it is being sent at this moment."
    };
    let told = Told::new(queued, what);
    let status = if queued { StatusCode::OK } else { StatusCode::CONFLICT };
    tell(&app, &operator, &onboarding, (status, told)).await
}

fn note(line: &crate::store::JournalLine) -> Option<(String, String, String)> {
    let Event::Noted { text } = &line.event else { return None };
    Some((super::words::spell(line.at), line.actor.clone(), text.clone()))
}

fn erased_text(erased: Erased, now: DateTime<Utc>) -> (Moment, &'static str) {
    let extent = if erased.everything {
        "all that was known of people"
    } else {
        "what was known of people, but for what mapping rules read"
    };
    (Moment::new(erased.at, now), extent)
}

fn contact(onboarding: &Onboarding) -> Option<String> {
    let contact = onboarding.profile.contact.as_ref()?;
    let parts = [contact.name.as_deref(), contact.email.as_deref()];
    let told: Vec<_> = parts.into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join(", "))
}

fn problem(onboarding: &Onboarding) -> Option<ProblemText> {
    let problem = onboarding.problem()?;
    let candidates = onboarding.candidates().iter();
    Some(ProblemText {
        code: problem.code.name(),
        what: problem.code.in_short(),
        todo: problem.code.advice(),
        detail: problem.detail.clone(),
        candidates: candidates
            .map(|candidate| {
                let made = candidate.created_at.map(super::words::spell).unwrap_or_default();
                (candidate.cycle.to_string(), candidate.name.clone(), made)
            })
            .collect(),
    })
}

fn connection(known: &Connection, now: DateTime<Utc>) -> ConnectionLine {
    let (stands, colour) = if known.is_passed_over() {
        ("passed over".to_owned(), "over")
    } else if known.authenticated.stands() {
        let how = if known.found_connected { "was connected before" } else { "connected" };
        (how.to_owned(), "good")
    } else if let Some(approval) = known.approval {
        let again = Moment::new(approval.remind_at, now);
        (format!("waits for an administrator; ask again {}", again.away), "wait")
    } else if known.handed_over.stands() {
        ("a colleague was asked".to_owned(), "wait")
    } else {
        ("not connected".to_owned(), "warn")
    };
    ConnectionLine {
        name: known.name.clone(),
        id: known.connector.to_string(),
        auth: known.auth.map(|auth| plain(auth.name())).unwrap_or_default(),
        stands,
        colour,
        evidence: known.attempt.map(|attempt| {
            let opened = Moment::new(attempt.opened_at, now);
            let back = match (attempt.came_back_at, attempt.over) {
                (Some(at), _) => format!("came back {}", Moment::new(at, now).away),
                (None, true) => "did not come back in time".to_owned(),
                (None, false) => "has not come back yet".to_owned(),
            };
            format!("set out to sign in {}; {back}", opened.away)
        }),
    }
}

fn missing(due: Requirement) -> (String, &'static str) {
    (due.for_staff, due.blocker.in_words())
}

fn template(slot: &Slot) -> TemplateLine {
    let stands = if slot.active.stands() {
        "active"
    } else if slot.mapped.stands() {
        "mapped"
    } else if slot.mapping_skipped.stands() {
        "mapping passed over"
    } else if slot.cycle.is_some() {
        "installed"
    } else {
        "not installed yet"
    };
    let cycle = slot.cycle.map(|cycle| cycle.to_string());
    TemplateLine { id: slot.template.to_string(), cycle, stands }
}

fn link(onboarding: &Onboarding, now: DateTime<Utc>) -> LinkText {
    LinkText {
        expires: Moment::new(onboarding.link.expires_at, now),
        is_over: onboarding.link.expires_at <= now,
        opened: onboarding.facts.opened_at.map(|at| Moment::new(at, now)),
        // Whoever is live reads that it is, whatever staff have to put right.
        shows: if onboarding.status == Status::Live {
            Vec::new()
        } else {
            onboarding.requirements().into_iter().map(|due| due.for_customer).collect()
        },
    }
}

fn actions(onboarding: &Onboarding, now: DateTime<Utc>) -> Vec<ActionLine> {
    let action = |action: Action| ActionLine {
        name: action.name(),
        label: label(action).to_owned(),
        address: act::address(onboarding, action),
        refusal: onboarding.may(action, now).err().map(|refusal| refusal.reason),
    };
    Action::ALL.map(action).into()
}

/// What the button says.
pub(super) const fn label(action: Action) -> &'static str {
    match action {
        Action::Retry => "Try again now",
        Action::Answer => "Correct an answer",
        Action::Adopt => "Say which cycle is ours",
        Action::Skip => "Pass over",
        Action::RestartFrom => "Go back to a step",
        Action::Cancel => "Cancel",
        Action::RotateLink => "New link",
        Action::RevokeLink => "End the link",
        Action::ExtendLink => "Extend the link",
        Action::Note => "Write a note",
        Action::Assign => "Assign",
        Action::Snooze => "Put off",
        Action::Check => "Look at it now",
        Action::Reauthorize => "Ask for a new sign-in",
        Action::SettleDrift => "Settle a difference",
        Action::Upgrade => "Go on to a newer blueprint",
        Action::Offboard => "Offboard",
    }
}
