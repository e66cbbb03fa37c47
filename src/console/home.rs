//! What is to be done, at a glance.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::chrome::Chrome;
use super::operator::{Looks, Operator};
use super::words::{long, plain};
use crate::engine::PressureState;
use crate::store::{Counts, Filter, Sight, WebhookFigures};
use crate::web::{AppState, Error, Page};

#[derive(Template)]
#[template(path = "console/home.html")]
struct HomePage {
    chrome: Chrome,
    total: u64,
    to_look_at: u64,
    groups: Vec<Group>,
    health: Vec<Sign>,
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
    let stuck = Filter { stuck: Some(true), ..Filter::default() };
    let (all, stuck) = (Filter::default(), stuck);
    let counts = store.count(&all, &Sight::All).await?;
    let to_look_at = store.count(&stuck, &Sight::All).await?.total;
    let page = HomePage {
        chrome: Chrome { is_live: true, ..Chrome::new(&app, &operator, "/console", "Overview") },
        total: counts.total,
        to_look_at,
        groups: groups(counts),
        health: health(&app).await?,
    };
    Ok(Page(page).into_response())
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
