//! The list of onboardings: every filter of the API, in the address.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};

use super::chrome::Chrome;
use super::operator::{Looks, Operator};
use super::views::Saved;
use super::words::{self, Moment, long, plain};
use crate::onboarding::{Abandonment, Blocker, Onboarding, ProblemCode, Status, StepKind};
use crate::store::{Cursor, Filter, ListOrder, Sight};
use crate::web::narrow::{Narrowed, read_asked};
use crate::web::{AppState, Error, FieldMistake, Kind, Page};

pub(super) const PLACE: &str = "/console/onboardings";

/// What lists are narrowed to by choosing: the parameter, its label, what there is to choose from.
const CHOICES: [(&str, &str); 6] = [
    ("status", "Status"),
    ("step", "Step"),
    ("blocker", "Who must act"),
    ("problem", "Problem"),
    ("abandonment", "Where people stopped"),
    ("order", "Order"),
];
/// What is typed.
const TEXTS: [(&str, &str, &str); 5] = [
    ("blueprint", "Blueprint", "its key"),
    ("connector", "Connector", "a name or an id"),
    ("tag", "Tag", ""),
    ("assignee", "Looked after by", "an e-mail address"),
    ("older_than", "Unchanged for", "90m, 12h, 3d"),
];

#[derive(Template)]
#[template(path = "console/list.html")]
struct ListPage {
    chrome: Chrome,
    views: Vec<View>,
    saved: Saved,
    choices: Vec<Choice>,
    texts: Vec<TextField>,
    mistakes: Vec<FieldMistake>,
    rows: Vec<Row>,
    total: Option<u64>,
    /// The address of the next page and of the first one.
    next: Option<String>,
    first: Option<String>,
    export: String,
    bulk: String,
    is_narrowed: bool,
    is_view: bool,
}

/// A list that everybody often wants.
struct View {
    name: &'static str,
    address: String,
    is_current: bool,
}

struct Choice {
    name: &'static str,
    label: &'static str,
    options: Vec<(&'static str, String, bool)>,
}

struct TextField {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    value: String,
}

/// One onboarding, as a line.
pub(super) struct Row {
    pub(super) address: String,
    pub(super) reference: String,
    pub(super) name: String,
    pub(super) tenant: String,
    pub(super) blueprint: String,
    pub(super) status: &'static str,
    pub(super) colour: &'static str,
    pub(super) step: String,
    pub(super) reason: String,
    pub(super) blocker: String,
    pub(super) age: String,
    pub(super) since: Moment,
    pub(super) left: Option<Moment>,
    pub(super) is_overdue: bool,
    pub(super) tries: u32,
    pub(super) next_try: Option<Moment>,
    pub(super) assignee: String,
}

impl Row {
    pub(super) fn new(onboarding: &Onboarding, now: DateTime<Utc>) -> Self {
        let problem = onboarding.problem().map(|problem| plain(problem.code.name()));
        let stopped = onboarding.abandonment().map(|class| plain(class.name()));
        let deadline = onboarding.status.deadline();
        Self {
            address: format!("{PLACE}/{}", onboarding.reference),
            reference: onboarding.reference.to_string(),
            name: onboarding.profile.name.clone(),
            tenant: onboarding.tenant.to_string(),
            blueprint: onboarding.blueprint.key.to_string(),
            status: onboarding.status.name(),
            colour: words::colour(onboarding, now),
            step: plain(onboarding.step().name()),
            reason: problem.or(stopped).unwrap_or_default(),
            blocker: blocker(onboarding.blocker()),
            age: long(now - onboarding.created_at),
            since: Moment::new(onboarding.since, now),
            left: deadline.map(|deadline| Moment::new(deadline, now)),
            is_overdue: deadline.is_some_and(|deadline| deadline <= now),
            tries: onboarding.tries,
            next_try: onboarding.status.retry_at().map(|at| Moment::new(at, now)),
            assignee: onboarding.assignee.clone().unwrap_or_default(),
        }
    }
}

/// Nothing where nobody must.
fn blocker(blocker: Blocker) -> String {
    if blocker == Blocker::None { String::new() } else { plain(blocker.name()) }
}

pub(super) async fn show(
    operator: Operator<Looks>,
    State(app): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let pairs = given(query.as_deref());
    let saved = Saved::load(&app, &operator, &spell(&pairs)).await?;
    let asked = Narrowed::read(&spell(&pairs)).and_then(|Narrowed(filter, paging)| {
        let searched = filter.searched().map(str::to_owned);
        read_asked(&filter, &paging).map(|asked| (asked, searched))
    });
    let ((filter, order, after, limit), searched) = match asked {
        Ok(asked) => asked,
        Err(error) if error.kind == Kind::Invalid => {
            let page = page(&app, &operator, &pairs, (saved, error.fields));
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response());
        }
        Err(error) => return Err(error),
    };
    let is_first = after.is_none();
    let found = app.store().list((&filter, &Sight::All), order, after, limit).await?;
    if searched.is_some()
        && is_first
        && pairs.len() == 1
        && let [only] = found.onboardings.as_slice()
    {
        return Ok(Redirect::to(&format!("{PLACE}/{}", only.reference)).into_response());
    }
    let total = if is_counted_soon(&filter) {
        Some(app.store().count(&filter, &Sight::All).await?.total)
    } else {
        None
    };
    let now = app.clock().now();
    let next = found.next.as_ref().map(|cursor| turned(&pairs, cursor));
    let base = page(&app, &operator, &pairs, (saved, Vec::new()));
    let page = ListPage {
        rows: found.onboardings.iter().map(|onboarding| Row::new(onboarding, now)).collect(),
        total,
        next,
        first: (!is_first).then(|| address(&without(&pairs, &["cursor"]))),
        ..base
    };
    Ok(Page(page).into_response())
}

/// Whether their number is known without looking at each of them, however many there are. The page itself
/// comes off an index in any case.
const fn is_counted_soon(filter: &Filter) -> bool {
    filter.older_than.is_none() && filter.connector.is_none()
}

type Pairs = Vec<(String, String)>;

/// A form sends every field; what is empty narrows nothing.
pub(super) fn given(query: Option<&str>) -> Pairs {
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned();
    pairs.filter(|(_, value)| !value.trim().is_empty()).collect()
}

pub(super) fn spell(pairs: &Pairs) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn without(pairs: &Pairs, names: &[&str]) -> Pairs {
    pairs.iter().filter(|(name, _)| !names.contains(&name.as_str())).cloned().collect()
}

fn address(pairs: &Pairs) -> String {
    address_of(&spell(pairs))
}

/// Where the list with this query is.
pub(super) fn address_of(query: &str) -> String {
    if query.is_empty() { PLACE.to_owned() } else { format!("{PLACE}?{query}") }
}

fn turned(pairs: &Pairs, cursor: &Cursor) -> String {
    let mut pairs = without(pairs, &["cursor"]);
    pairs.push(("cursor".to_owned(), cursor.write()));
    address(&pairs)
}

/// All but what was found.
fn page(
    app: &AppState,
    operator: &Operator<Looks>,
    pairs: &Pairs,
    (saved, mistakes): (Saved, Vec<FieldMistake>),
) -> ListPage {
    let value = |name: &str| {
        let found = pairs.iter().find(|(known, _)| known == name);
        found.map_or_else(String::new, |(_, value)| value.clone())
    };
    let chrome = Chrome {
        searched: value("q"),
        has_mistakes: !mistakes.is_empty(),
        is_live: true,
        ..Chrome::new(app, operator, PLACE, "Onboardings")
    };
    let here = spell(&without(pairs, &["cursor"]));
    let choice = |(name, label)| {
        let chosen = value(name);
        let option = |name: &'static str| (name, plain(name), name == chosen);
        Choice { name, label, options: options(name).into_iter().map(option).collect() }
    };
    let text = |(name, label, hint)| TextField { name, label, hint, value: value(name) };
    let views = views(&operator.member().email, &here);
    // A view says by itself what it is narrowed to.
    let is_view =
        views.iter().any(|view| view.is_current) || saved.links.iter().any(|link| link.is_current);
    ListPage {
        chrome,
        choices: CHOICES.map(choice).into(),
        texts: TEXTS.map(text).into(),
        mistakes,
        rows: Vec::new(),
        total: None,
        next: None,
        first: None,
        export: format!("/console/onboardings.csv?{here}"),
        bulk: format!("/console/bulk/new?{here}"),
        is_narrowed: !without(pairs, &["cursor", "order", "limit"]).is_empty(),
        is_view,
        views,
        saved,
    }
}

fn options(name: &str) -> Vec<&'static str> {
    match name {
        "status" => Status::NAMES.to_vec(),
        "step" => StepKind::ALL.map(StepKind::name).to_vec(),
        "blocker" => Blocker::ALL.map(Blocker::name).to_vec(),
        "problem" => ProblemCode::all().map(ProblemCode::name).collect(),
        "abandonment" => Abandonment::ALL.map(Abandonment::name).to_vec(),
        _ => ListOrder::ALL.map(ListOrder::name).to_vec(),
    }
}

/// What support comes for. Mine goes by the address under which one signs in.
fn views(email: &str, here: &str) -> Vec<View> {
    let email: String = url::form_urlencoded::byte_serialize(email.as_bytes()).collect();
    let all = [
        ("All", String::new()),
        ("Somebody has to look", "stuck=true&order=longest_in_step".to_owned()),
        ("Mine", format!("assignee={email}")),
        ("Live and not well", "status=live&stuck=true&order=longest_in_step".to_owned()),
        ("Overdue", "status=waiting&stuck=true&order=deadline".to_owned()),
        (
            "Waiting for the customer > 3 days",
            "status=waiting&older_than=3d&order=longest_in_step".to_owned(),
        ),
        ("Provider trouble", "blocker=provider".to_owned()),
        ("Cyclr trouble", "blocker=cyclr".to_owned()),
        ("Put off", "snoozed=true".to_owned()),
        ("Newest", "order=newest".to_owned()),
    ];
    let view = |(name, query): (&'static str, String)| View {
        name,
        is_current: query == here,
        address: address_of(&query),
    };
    all.map(view).into()
}
