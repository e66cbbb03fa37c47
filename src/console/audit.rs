//! What staff did.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::chrome::Chrome;
use super::export::{file_headers, row};
use super::operator::{Administers, Operator};
use super::words::plain;
use crate::onboarding::Action;
use crate::store::{AuditFilter, AuditLine, StaffMember};
use crate::web::{AppState, Error, FieldMistake, Page};

/// Lines of a page, and of the file.
const PAGE: u16 = 50;
const FILE: u16 = 10_000;

/// What is done beside the orders about one onboarding, as the audit names it.
const OTHERS: [&str; 12] = [
    "sign_in",
    "sign_out",
    "add_staff",
    "change_staff",
    "set_password",
    "start_bulk",
    "cancel_bulk",
    "replay",
    "revoke_key",
    "save_view",
    "delete_view",
    "erase_tenant",
];

#[derive(Template)]
#[template(path = "console/audit.html")]
struct AuditPage {
    chrome: Chrome,
    lines: Vec<Line>,
    staff: Vec<(String, bool)>,
    actions: Vec<(&'static str, String, bool)>,
    from: String,
    until: String,
    reference: String,
    next: Option<String>,
    export: String,
}

struct Line {
    at: String,
    actor: String,
    action: String,
    object: String,
    /// Where the object is, if it is an onboarding.
    address: Option<String>,
    reason: String,
    change: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    actor: String,
    action: String,
    from: String,
    until: String,
    reference: String,
    before: String,
}

pub(super) async fn show(
    operator: Operator<Administers>,
    State(app): State<AppState>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let staff = app.store().list_staff().await?;
    let filter = read(&app, &asked, &staff).await?;
    let before = Uuid::try_parse(&asked.before).ok();
    let page = app.store().list_audit(&filter, before, PAGE).await?;
    let query = asked.spell();
    let chosen = |action: &'static str| (action, plain(action), action == asked.action);
    Ok(Page(AuditPage {
        chrome: Chrome::new(&app, &operator, "/console/audit", "Audit"),
        lines: page.lines.into_iter().map(Line::from).collect(),
        staff: staff
            .into_iter()
            .map(|member| {
                let is_chosen = member.email == asked.actor;
                (member.email, is_chosen)
            })
            .collect(),
        actions: OTHERS.into_iter().chain(Action::ALL.map(Action::name)).map(chosen).collect(),
        next: page.next.map(|next| format!("/console/audit?{query}&before={next}")),
        export: format!("/console/audit.csv?{query}"),
        from: asked.from,
        until: asked.until,
        reference: asked.reference,
    })
    .into_response())
}

pub(super) async fn export(
    _: Operator<Administers>,
    State(app): State<AppState>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let staff = app.store().list_staff().await?;
    let filter = read(&app, &asked, &staff).await?;
    let lines = app.store().list_audit(&filter, None, FILE).await?.lines;
    let mut file = "at,actor,action,object,reason,before,after\r\n".to_owned();
    for line in lines {
        let json =
            |value: Option<serde_json::Value>| value.map(|v| v.to_string()).unwrap_or_default();
        file += &row(&[
            &line.at.to_rfc3339_opts(SecondsFormat::Secs, true),
            &line.actor,
            &line.action,
            &line.object,
            &line.reason.unwrap_or_default(),
            &json(line.before),
            &json(line.after),
        ]);
    }
    Ok((file_headers("audit.csv"), file).into_response())
}

async fn read(app: &AppState, asked: &Asked, staff: &[StaffMember]) -> Result<AuditFilter, Error> {
    let mut mistakes = Vec::new();
    let mut day = |name: &str, text: &str| {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        if day.is_none() && !text.is_empty() {
            let (pointer, reason) = (name.to_owned(), "must be a day like 2026-11-30".to_owned());
            mistakes.push(FieldMistake { pointer, reason });
        }
        day.and_then(|day| day.and_hms_opt(0, 0, 0)).map(|at| at.and_utc())
    };
    let from = day("from", &asked.from);
    // The day itself is part of it.
    let until: Option<DateTime<Utc>> =
        day("until", &asked.until).and_then(|at| at.checked_add_signed(TimeDelta::days(1)));
    if !mistakes.is_empty() {
        return Err(Error::invalid(mistakes));
    }
    let onboarding = match asked.reference.trim() {
        "" => None,
        reference => Some(super::case::find(app, reference).await?.id),
    };
    let member = staff.iter().find(|member| member.email == asked.actor);
    let action = (!asked.action.is_empty()).then(|| asked.action.clone());
    Ok(AuditFilter { staff: member.map(|member| member.id), action, onboarding, from, until })
}

impl Asked {
    /// Without the place in the list.
    fn spell(&self) -> String {
        let all = [
            ("actor", &self.actor),
            ("action", &self.action),
            ("from", &self.from),
            ("until", &self.until),
            ("reference", &self.reference),
        ];
        let given = all.into_iter().filter(|(_, value)| !value.is_empty());
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish()
    }
}

impl From<AuditLine> for Line {
    fn from(line: AuditLine) -> Self {
        let is_case = line.onboarding.is_some();
        Self {
            at: super::words::spell(line.at),
            actor: line.actor,
            action: plain(&line.action),
            address: is_case.then(|| format!("/console/onboardings/{}", line.object)),
            object: line.object,
            reason: line.reason.unwrap_or_default(),
            change: change(line.before.as_ref(), line.after.as_ref()),
        }
    }
}

/// What is another value now, as `status: stuck → running`.
pub(super) fn change(
    before: Option<&serde_json::Value>,
    after: Option<&serde_json::Value>,
) -> String {
    let fields = after.and_then(|after| after.as_object()).into_iter().flatten();
    let spell =
        |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let told: Vec<_> = fields
        .filter(|(name, _)| *name != "version")
        .filter_map(|(name, value)| match before.and_then(|before| before.get(name)) {
            Some(old) if old == value => None,
            Some(old) => Some(format!("{name}: {} → {}", spell(old), spell(value))),
            None => Some(format!("{name}: {}", spell(value))),
        })
        .collect();
    told.join(", ")
}
