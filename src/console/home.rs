//! What is to be done, at a glance.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};

use super::chrome::Chrome;
use super::news::{self, News};
use super::operator::{Looks, Operator};
use super::words::{Moment, long, plain};
use crate::engine::PressureState;
use crate::store::{Cohort, Counts, FunnelStep, Overview, WebhookFigures};
use crate::web::{AppState, Error, Page};

#[derive(Template)]
#[template(path = "console/home.html")]
struct HomePage {
    chrome: Chrome,
    total: u64,
    to_look_at: u64,
    groups: Vec<Group>,
    health: Vec<Sign>,
    cohorts: Vec<CohortLine>,
    is_partial: bool,
    news: Vec<News>,
    news_are_partial: bool,
    funnel: Vec<Bar>,
}

/// What stands alike, with its list and an order to all of it.
struct CohortLine {
    problem: String,
    step: String,
    about: String,
    count: u64,
    first: Moment,
    last: Moment,
    list: String,
    bulk: String,
    /// Onboardings that the order reaches beside these: Cyclr answered otherwise about them.
    with_others: u64,
    examples: Vec<String>,
}

/// A step of the way as it is drawn: widths are parts of 1,000.
struct Bar {
    step: String,
    name: &'static str,
    reached: u64,
    here: u64,
    lost: u64,
    median: String,
    wide: u64,
    top: usize,
}

/// Numbers of one kind, each with its list.
struct Group {
    title: &'static str,
    parameter: &'static str,
    counts: Vec<(String, String, u64)>,
}

/// How something stands that everything depends on.
struct Sign {
    name: &'static str,
    words: String,
    colour: &'static str,
}

pub(super) async fn show(
    operator: Operator<Looks>,
    State(app): State<AppState>,
) -> Result<Response, Error> {
    let store = app.store();
    let Overview { counts, to_look_at, cohorts: found, funnel } = store.overview().await?;
    let now = app.clock().now();
    let lately = store.happened_since(now - news::LATELY).await?;
    let page = HomePage {
        chrome: Chrome { is_live: true, ..Chrome::new(&app, &operator, "/console", "Overview") },
        total: counts.total,
        to_look_at,
        groups: groups(counts),
        health: health(&app).await?,
        is_partial: found.is_partial,
        cohorts: cohorts(found.cohorts, now),
        news_are_partial: lately.is_partial,
        news: news::tell(lately),
        funnel: bars(funnel),
    };
    Ok(Page(page).into_response())
}

/// Lists and orders know problem, step and connection; what Cyclr answered tells cohorts apart beside that.
fn cohorts(found: Vec<Cohort>, now: DateTime<Utc>) -> Vec<CohortLine> {
    let alike = |one: &Cohort| (one.problem, one.step, one.connection.clone());
    let others = |one: &Cohort| {
        let reached = found.iter().filter(|other| alike(other) == alike(one));
        reached.map(|other| other.count).sum::<u64>() - one.count
    };
    let others: Vec<_> = found.iter().map(others).collect();
    let lines = found.into_iter().zip(others);
    lines.map(|(one, others)| cohort(one, others, now)).collect()
}

fn cohort(found: Cohort, with_others: u64, now: DateTime<Utc>) -> CohortLine {
    let Cohort { step, problem, connection, answered, count, first, last, examples } = found;
    let mut pairs = vec![("problem", problem.name().to_owned()), ("step", step.name().to_owned())];
    pairs.extend(connection.iter().map(|name| ("connector", name.clone())));
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let answered = answered.map(|status| format!("Cyclr answered {status}"));
    let about: Vec<_> = connection.into_iter().chain(answered).collect();
    CohortLine {
        problem: plain(problem.name()),
        step: plain(step.name()),
        about: about.join(", "),
        count,
        first: Moment::new(first, now),
        last: Moment::new(last, now),
        list: format!("/console/onboardings?{query}"),
        bulk: format!("/console/bulk/new?{query}&action=retry"),
        with_others,
        examples,
    }
}

/// Pixels from one bar to the next.
const BAR: usize = 34;

fn bars(steps: Vec<FunnelStep>) -> Vec<Bar> {
    let all = steps.first().map_or(0, |first| first.reached);
    let bar = |(place, step): (usize, FunnelStep)| Bar {
        step: plain(step.step.name()),
        name: step.step.name(),
        reached: step.reached,
        here: step.here,
        lost: step.lost,
        median: step.median.map(long).unwrap_or_default(),
        wide: (step.reached * 1000).checked_div(all).unwrap_or(0),
        top: place * BAR,
    };
    steps.into_iter().enumerate().map(bar).collect()
}

fn groups(counts: Counts) -> Vec<Group> {
    let Counts { by_status, by_step, by_blocker, by_problem, by_abandonment, .. } = counts;
    let named = |title, parameter, counts: Vec<(String, u64)>| {
        let counts = counts.into_iter().map(|(name, count)| (plain(&name), name, count));
        Group { title, parameter, counts: counts.collect() }
    };
    let owned = |counts: std::collections::BTreeMap<&'static str, u64>| {
        let mut counts: Vec<_> =
            counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    };
    vec![
        named("Problems", "problem", owned(by_problem)),
        named("Who must act", "blocker", owned(by_blocker)),
        named("Where people stopped", "abandonment", owned(by_abandonment)),
        named("Steps", "step", owned(by_step)),
        named("Status", "status", by_status.into_iter().collect()),
    ]
}

async fn health(app: &AppState) -> Result<Vec<Sign>, Error> {
    let figures = app.store().figures().await?;
    let webhooks = app.store().webhook_figures().await?;
    let oldest = chrono::TimeDelta::from_std(figures.oldest_due).unwrap_or_default();
    let behind = oldest > chrono::TimeDelta::minutes(1);
    Ok(vec![
        cyclr(app),
        Sign {
            name: "Work",
            words: if figures.due == 0 {
                format!("Nothing is late; {} under way.", figures.driven)
            } else {
                format!(
                    "{} due, the oldest for {}; {} under way.",
                    figures.due,
                    long(oldest),
                    figures.driven
                )
            },
            colour: if behind { "bad" } else { "good" },
        },
        deliveries(&webhooks),
    ])
}

fn deliveries(figures: &WebhookFigures) -> Sign {
    let oldest = chrono::TimeDelta::from_std(figures.oldest).unwrap_or_default();
    let (waiting, off) = (figures.pending + figures.unspread, figures.disabled_endpoints);
    let waits = if waiting == 0 {
        "Nothing is waiting".to_owned()
    } else {
        format!("{waiting} waiting, the oldest for {}", long(oldest))
    };
    let switched_off = match off {
        0 => String::new(),
        1 => "; an endpoint is switched off".to_owned(),
        more => format!("; {more} endpoints are switched off"),
    };
    let late = oldest > chrono::TimeDelta::minutes(10);
    Sign {
        name: "Webhooks",
        words: format!("{waits}{switched_off}."),
        colour: if late || off > 0 { "warn" } else { "good" },
    }
}

/// As this process finds it; others may see it otherwise for a while.
fn cyclr(app: &AppState) -> Sign {
    let (words, colour) = match app.engine.pressure().state {
        PressureState::Closed => ("Answers.", "good"),
        PressureState::Open => {
            ("Does not answer, or asked us to wait: nothing is sent to it for a while.", "bad")
        }
        PressureState::HalfOpen => ("Is being tried with one call.", "warn"),
        PressureState::Recovering => ("Is back; calls pass at a measured pace.", "warn"),
    };
    Sign { name: "Cyclr", words: words.to_owned(), colour }
}
