//! Lists that are saved under a name: shown beside the built-in ones, saved from the list itself, deleted.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::chrome::Chrome;
use super::list;
use super::operator::{Looks, Operator};
use super::sign_in::Nothing;
use crate::ids::ViewId;
use crate::store::{NewView, Role, SavedView, StaffMember, ViewError};
use crate::web::rewrite::write_anew;
use crate::web::{AppState, Error, Kind, Page, Protected};

/// What a list has beside its rows.
pub(super) struct Saved {
    /// One's own, then what others share.
    pub(super) links: Vec<Link>,
    /// `None` where the list cannot be shown.
    pub(super) form: Option<SaveForm>,
    pub(super) deletable: Vec<Link>,
}

pub(super) struct Link {
    pub(super) id: ViewId,
    pub(super) name: String,
    /// Who shares it, if it is somebody else's.
    pub(super) owner: Option<String>,
    pub(super) is_shared: bool,
    pub(super) address: String,
    pub(super) is_current: bool,
}

pub(super) struct SaveForm {
    /// The view that is shown and saved over; empty for a new one.
    pub(super) view: String,
    pub(super) name: String,
    pub(super) query: String,
    pub(super) is_shared: bool,
    pub(super) may_share: bool,
}

/// Where one lands whose view could not be saved.
#[derive(Template)]
#[template(path = "console/view.html")]
struct ViewPage {
    chrome: Chrome,
    form: SaveForm,
    /// Where the list is.
    list: String,
    mistake: &'static str,
}

#[derive(Debug, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    view: String,
    name: String,
    query: String,
    /// There if it is ticked.
    share: Option<String>,
}

fn may_share(member: &StaffMember) -> bool {
    member.role >= Role::Operator
}

impl Saved {
    /// What belongs to the list with this query.
    pub(super) async fn load(
        app: &AppState,
        operator: &Operator<Looks>,
        query: &str,
    ) -> Result<Self, Error> {
        let member = operator.member();
        let here = write_anew(query).ok();
        let views = app.store().list_views(member.id).await?;
        let link = |view: &SavedView| Link {
            id: view.id,
            name: view.name.clone(),
            owner: (view.owner != member.id).then(|| view.owner_name.clone()),
            is_shared: view.is_shared,
            address: list::address_of(&view.query),
            is_current: here.as_ref() == Some(&view.query),
        };
        let may_delete = |view: &&SavedView| view.may_be_deleted_by(member);
        Ok(Self {
            links: views.iter().map(link).collect(),
            deletable: views.iter().filter(may_delete).map(link).collect(),
            form: here.map(|here| form(member, &views, here)),
        })
    }
}

/// Over the view that is shown, if it is one's own to change; otherwise for a new one.
fn form(member: &StaffMember, views: &[SavedView], here: String) -> SaveForm {
    let may_share = may_share(member);
    let mine = views.iter().find(|view| {
        view.owner == member.id && view.query == here && (may_share || !view.is_shared)
    });
    SaveForm {
        view: mine.map(|view| view.id.to_string()).unwrap_or_default(),
        name: mine.map(|view| view.name.clone()).unwrap_or_default(),
        query: here,
        is_shared: mine.is_some_and(|view| view.is_shared),
        may_share,
    }
}

pub(super) async fn save(
    operator: Operator<Looks>,
    State(app): State<AppState>,
    Protected(typed): Protected<Typed>,
) -> Result<Response, Error> {
    let query = write_anew(&typed.query)?;
    if query.len() > SavedView::LONGEST_QUERY {
        let words = "Nothing was saved: this list is narrowed to more than can be kept.";
        return Err(Error::new(Kind::Malformed, words));
    }
    let back = list::address_of(&query);
    let mut new = NewView {
        instead_of: Uuid::try_parse(&typed.view).ok().map(ViewId),
        name: typed.name.trim().to_owned(),
        query,
        is_shared: typed.share.is_some(),
    };
    if !is_name(&new.name) {
        return Ok(refused(&app, &operator, new, NAME_RULE));
    }
    let mistake = match app.store().save_view(operator.member(), &new).await {
        Ok(()) => return Ok(Redirect::to(&back).into_response()),
        Err(ViewError::NameTaken) => NAME_TAKEN,
        Err(ViewError::TooMany) => TOO_MANY,
        Err(ViewError::Unknown) => {
            new.instead_of = None;
            GONE
        }
        Err(error) => return Err(failure(error)),
    };
    Ok(refused(&app, &operator, new, mistake))
}

const NAME_RULE: &str = "Nothing was saved: give it a name of 1 to 60 characters, on one line.";
const NAME_TAKEN: &str = "Nothing was saved: another view of yours has this name. Choose a different one, or \
                          delete that view first.";
const TOO_MANY: &str = "Nothing was saved: you have 50 views, and nobody may have more. Delete one that you do \
                        not need any more, then save this one.";
const GONE: &str =
    "Nothing was saved: the view has been deleted meanwhile. Save it again to have it anew.";

fn is_name(name: &str) -> bool {
    (1..=SavedView::LONGEST_NAME).contains(&name.chars().count())
        && !name.chars().any(char::is_control)
}

/// The form once more, as it was typed.
fn refused(
    app: &AppState,
    operator: &Operator<Looks>,
    typed: NewView,
    mistake: &'static str,
) -> Response {
    let form = SaveForm {
        view: typed.instead_of.map(|id| id.to_string()).unwrap_or_default(),
        name: typed.name,
        query: typed.query,
        is_shared: typed.is_shared,
        may_share: may_share(operator.member()),
    };
    let chrome = Chrome {
        has_mistakes: true,
        ..Chrome::new(app, operator, list::PLACE, "Save a list as a view")
    };
    let page = ViewPage { chrome, list: list::address_of(&form.query), form, mistake };
    (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response()
}

/// What leads to a page of its own.
fn failure(error: ViewError) -> Error {
    let forbidden = |words: &str| Error::new(Kind::Forbidden, words);
    match error {
        ViewError::NeedsOperator => forbidden(
            "Nothing was done: what all staff see is shared by operators and admins, and your role is viewer. \
             Save the list for yourself, under a name of its own.",
        ),
        ViewError::NotTheirs => forbidden(
            "Nothing was done: somebody else shares this view. Its owner or an administrator can delete it.",
        ),
        ViewError::NameTaken | ViewError::TooMany | ViewError::Unknown => Error::not_found(),
        ViewError::Store(error) => error.into(),
    }
}

pub(super) async fn delete(
    operator: Operator<Looks>,
    State(app): State<AppState>,
    Path(id): Path<Uuid>,
    Protected(Nothing {}): Protected<Nothing>,
) -> Result<Response, Error> {
    app.store().delete_view(ViewId(id), operator.member()).await.map_err(failure)?;
    Ok(Redirect::to(list::PLACE).into_response())
}
