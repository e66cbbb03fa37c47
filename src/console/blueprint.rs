//! One blueprint, looked at against Cyclr as it is now: whether it can work, and what it will ask.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

use super::chrome::Chrome;
use super::operator::{Administers, Operator};
use super::words::{Moment, plain};
use crate::engine::{Check, CheckStatus};
use crate::ids::BlueprintKey;
use crate::onboarding::Question;
use crate::store::Sight;
use crate::web::{AppState, Error, Page};

#[derive(Template)]
#[template(path = "console/blueprint.html")]
struct BlueprintPage {
    chrome: Chrome,
    key: String,
    version: i32,
    published: Moment,
    /// Versions before it, with the day of each.
    earlier: Vec<String>,
    templates: Vec<(String, String)>,
    verdict: &'static str,
    is_good: bool,
    checks: Vec<CheckLine>,
    questions: Vec<QuestionLine>,
}

struct CheckLine {
    name: String,
    stands: &'static str,
    colour: &'static str,
    pointer: String,
    detail: String,
}

struct QuestionLine {
    label: String,
    is_required: bool,
    help: String,
    options: String,
}

/// Asks Cyclr, and changes nothing there or here.
pub(super) async fn show(
    operator: Operator<Administers>,
    State(app): State<AppState>,
    Path(key): Path<String>,
) -> Result<Response, Error> {
    let key = BlueprintKey::parse(key).map_err(|_| Error::not_found())?;
    let found = app.store().find_blueprint(&key, None).await?;
    let published = found.ok_or_else(Error::not_found)?;
    let version = published.id.version;
    let earlier = app.store().list_versions_of_blueprint(&key, Some(version), 100).await?;
    let blueprint = &published.blueprint;
    let seen = app.engine.preflight(blueprint, &Sight::All).await?;
    let is_good = seen.is_good();
    let unknown = seen.checks.iter().any(|check| check.status == CheckStatus::Unknown);
    let page = BlueprintPage {
        chrome: Chrome::new(&app, &operator, "/console/settings", &blueprint.name),
        key: key.to_string(),
        version,
        published: Moment::new(published.published_at, app.clock().now()),
        earlier: earlier
            .iter()
            .map(|(version, at)| format!("{version} ({})", at.format("%Y-%m-%d")))
            .collect(),
        templates: blueprint
            .templates
            .iter()
            .map(|plan| (plan.template_id.to_string(), rules(plan.mapping.len())))
            .collect(),
        verdict: match (is_good, unknown) {
            (false, _) => "It cannot work as it is: see what failed below.",
            (true, true) => {
                "Nothing was found that keeps it from working; not all could be learnt."
            }
            (true, false) => "It can work.",
        },
        is_good,
        checks: seen.checks.into_iter().map(CheckLine::from).collect(),
        questions: seen.questions.into_iter().map(QuestionLine::from).collect(),
    };
    Ok(Page(page).into_response())
}

impl From<Check> for CheckLine {
    fn from(check: Check) -> Self {
        let colour = match check.status {
            CheckStatus::Good => "good",
            CheckStatus::Warning => "warn",
            CheckStatus::Failed => "bad",
            CheckStatus::Unknown => "calm",
        };
        Self {
            name: plain(check.name),
            stands: check.status.name(),
            colour,
            pointer: check.pointer.unwrap_or_default(),
            detail: check.detail,
        }
    }
}

impl From<Question> for QuestionLine {
    fn from(question: Question) -> Self {
        Self {
            label: question.label,
            is_required: question.required,
            help: question.help.unwrap_or_default(),
            options: question.options.join(", "),
        }
    }
}

fn rules(count: usize) -> String {
    match count {
        0 => "no rules".to_owned(),
        1 => "1 rule".to_owned(),
        more => format!("{more} rules"),
    }
}
