//! What surrounds every page of the console, and what the pages refer to.

use std::sync::LazyLock;

use axum::Router;
use axum::routing::get;

use super::operator::{Need, Operator};
use super::words;
use crate::store::Role;
use crate::web::{AppState, asset, asset_address};

const CSS: &str =
    concat!(include_str!("../../static/colours.css"), include_str!("../../static/console.css"));
const SCRIPT: &str = include_str!("../../static/console.js");

static CSS_ADDRESS: LazyLock<String> = LazyLock::new(|| asset_address("/static/console.css", CSS));
static SCRIPT_ADDRESS: LazyLock<String> =
    LazyLock::new(|| asset_address("/static/console.js", SCRIPT));

/// Who looks, at what, and since when it was so.
#[derive(Debug, Clone)]
pub(super) struct Chrome {
    pub(super) title: String,
    /// The part of the console that the page belongs to, by its address.
    pub(super) place: &'static str,
    pub(super) who: Option<Who>,
    /// When the page was made, for people and for the script.
    pub(super) made_at: String,
    /// Refreshed by the script while it is looked at.
    pub(super) is_live: bool,
    pub(super) has_mistakes: bool,
    /// What stands in the search box.
    pub(super) searched: String,
    pub(super) css: &'static str,
    pub(super) script: &'static str,
}

#[derive(Debug, Clone)]
pub(super) struct Who {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) form_token: String,
}

/// A part of the console.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) address: &'static str,
    pub(super) name: &'static str,
    pub(super) is_current: bool,
}

impl Chrome {
    pub(super) fn new<N: Need>(
        app: &AppState,
        operator: &Operator<N>,
        place: &'static str,
        title: impl Into<String>,
    ) -> Self {
        let member = operator.member();
        let who = Who {
            name: member.name.clone(),
            role: member.role,
            form_token: operator.form_token.clone(),
        };
        Self { who: Some(who), place, ..Self::outside(app, title) }
    }

    /// For whoever is not signed in.
    pub(super) fn outside(app: &AppState, title: impl Into<String>) -> Self {
        Self { made_at: words::spell(app.clock().now()), ..Self::bare(title) }
    }

    /// With nobody named and no time, for failures.
    pub(super) fn bare(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            place: "",
            who: None,
            made_at: String::new(),
            is_live: false,
            has_mistakes: false,
            searched: String::new(),
            css: &CSS_ADDRESS,
            script: &SCRIPT_ADDRESS,
        }
    }

    /// Empty for whoever is not signed in.
    pub(super) fn form_token(&self) -> &str {
        self.who.as_ref().map_or("", |who| &who.form_token)
    }

    pub(super) fn may_repair(&self) -> bool {
        self.who.as_ref().is_some_and(|who| who.role >= Role::Operator)
    }

    pub(super) fn places(&self) -> Vec<Place> {
        let Some(who) = &self.who else { return Vec::new() };
        let all = [
            ("/console", "Overview", Role::Viewer),
            ("/console/onboardings", "Onboardings", Role::Viewer),
            ("/console/bulk", "Orders to many", Role::Viewer),
            ("/console/audit", "Audit", Role::Admin),
            ("/console/settings", "Settings", Role::Admin),
            ("/console/staff", "Staff", Role::Admin),
        ];
        let mine = all.into_iter().filter(|(_, _, role)| who.role >= *role);
        mine.map(|(address, name, _)| Place { address, name, is_current: address == self.place })
            .collect()
    }
}

/// The routes of what the console's pages refer to.
pub(super) fn assets<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/static/console.css", get(|| async { asset("text/css; charset=utf-8", CSS) }))
        .route(
            "/static/console.js",
            get(|| async { asset("text/javascript; charset=utf-8", SCRIPT) }),
        )
}
