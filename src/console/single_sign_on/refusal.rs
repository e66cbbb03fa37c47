//! Why somebody does not come in by the provider, as a page: what happened, what it means, what to do.

use std::error::Error as _;

use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::console::account::place_of;
use crate::console::chrome::Chrome;
use crate::identity;
use crate::store::StaffError;
use crate::web::{self, Page, request_id};

#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("it was not begun in this browser")]
    NotBegunHere,
    #[error("it took more than ten minutes")]
    TookTooLong,
    #[error("it has come back before")]
    CameBackBefore,
    #[error("the provider says that access was denied")]
    SaidNo,
    #[error("the provider says that it failed")]
    ProviderFailed,
    #[error("the provider's name for the person cannot be shown")]
    NoName,
    #[error("no group of theirs has a role")]
    NoGroup,
    #[error("another person came back than the one who is signed in")]
    SomebodyElse,
    #[error("the session that was to be proven is over")]
    SignedOut,
    #[error(transparent)]
    Identity(#[from] identity::Error),
    #[error(transparent)]
    Staff(#[from] StaffError),
    #[error(transparent)]
    Failed(#[from] web::Error),
}

#[derive(Template)]
#[template(path = "console/turned_away.html")]
struct TurnedAway<'a> {
    chrome: Chrome,
    what: &'static str,
    means: &'static str,
    todo: &'static str,
    back: &'a str,
    back_to: &'static str,
    /// Under which the log tells more.
    request_id: Option<String>,
}

/// Status, title, what happened, what it means, what to do.
type Told = (StatusCode, &'static str, &'static str, &'static str, &'static str);

const CONSOLE: &str = "/console";
const NOTHING_CHANGED: &str = "Nobody was signed in, and nothing was changed.";
const AGAIN: &str = "Go back to the console and sign in from there.";
const TELL: &str = "Try again in a moment. If it stays so, tell whoever runs Gangway; with a local account you \
                    can sign in meanwhile.";

const NOT_BEGUN_HERE: Told = (
    StatusCode::BAD_REQUEST,
    "This sign-in was not begun here",
    "What came back does not belong to a sign-in that this browser has begun. It was begun in \
     another browser or another time since, or somebody else made the link.",
    NOTHING_CHANGED,
    AGAIN,
);

const TOOK_TOO_LONG: Told = (
    StatusCode::BAD_REQUEST,
    "The sign-in took too long",
    "More than ten minutes went by between the button and your return.",
    NOTHING_CHANGED,
    AGAIN,
);

const CAME_BACK_BEFORE: Told = (
    StatusCode::CONFLICT,
    "This sign-in was used before",
    "Each sign-in is taken once. This one has come back already; perhaps the page was opened again.",
    "Nothing was changed by it this time. If you were signed in by it then, you still are.",
    AGAIN,
);

const SAID_NO: Told = (
    StatusCode::FORBIDDEN,
    "The sign-in was refused",
    "Where you sign in, somebody said no: you, or a rule about who may use this console.",
    NOTHING_CHANGED,
    "If you did not stop it yourself, ask whoever looks after your sign-in to let you use Gangway.",
);

const PROVIDER_FAILED: Told = (
    StatusCode::BAD_GATEWAY,
    "The sign-in did not work out",
    "The place where you sign in sent you back without saying who you are.",
    NOTHING_CHANGED,
    TELL,
);

const NO_NAME: Told = (
    StatusCode::FORBIDDEN,
    "The sign-in does not say what to call you",
    "Neither an e-mail address that was verified came with it, nor another name that can be shown.",
    NOTHING_CHANGED,
    "Ask whoever looks after your sign-in to verify your e-mail address.",
);

const NO_GROUP: Told = (
    StatusCode::FORBIDDEN,
    "You are in no group that uses this console",
    "You have signed in, but none of your groups has a role here.",
    "You are not let in, and nothing was changed.",
    "Ask whoever looks after your groups to add you to one of support's. Then sign in again.",
);

const SOMEBODY_ELSE: Told = (
    StatusCode::FORBIDDEN,
    "Somebody else has signed in",
    "You were to prove again who you are, and came back as another person.",
    "Nothing was done. You are still signed in here as before.",
    "Go back, do it again, and sign in as yourself. To work as the other one, sign out first.",
);

const SIGNED_OUT: Told = (
    StatusCode::UNAUTHORIZED,
    "You are not signed in any more",
    "Your session ended before you came back.",
    "Nothing was done.",
    "Sign in, and do it again.",
);

impl Refusal {
    /// `back` is where somebody was who is to prove themselves again; the others were nowhere yet.
    pub(super) fn into_page(self, headers: &HeaderMap, back: Option<&str>) -> Response {
        let (status, title, what, means, todo) = match self {
            Self::Failed(error) => return error.into_response(),
            Self::Staff(StaffError::Store(error)) => {
                return web::Error::from(error).into_response();
            }
            Self::NotBegunHere
            | Self::TookTooLong
            | Self::CameBackBefore
            | Self::SaidNo
            | Self::ProviderFailed
            | Self::NoName
            | Self::NoGroup
            | Self::SomebodyElse
            | Self::SignedOut
            | Self::Identity(_)
            | Self::Staff(_) => self.told(),
        };
        self.log();
        let request_id = request_id(headers).map(str::to_owned);
        let (back, back_to) = match back.map(place_of) {
            Some(place) if place != CONSOLE => (place, "Back to where you were"),
            Some(_) | None => (CONSOLE, "Back to the console"),
        };
        let chrome = Chrome::bare(title);
        let page = TurnedAway { chrome, what, means, todo, back, back_to, request_id };
        (status, Page(page)).into_response()
    }

    /// Once, with its causes, which hold neither codes nor tokens.
    fn log(&self) {
        let mut causes = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            causes = format!("{causes}: {error}");
            cause = error.source();
        }
        if matches!(self, Self::Identity(_)) {
            tracing::warn!(causes, "a sign-in at the provider of identities failed");
        } else {
            tracing::info!(causes, "a sign-in at the provider of identities was refused");
        }
    }

    fn told(&self) -> Told {
        match self {
            Self::NotBegunHere => NOT_BEGUN_HERE,
            Self::TookTooLong => TOOK_TOO_LONG,
            Self::CameBackBefore => CAME_BACK_BEFORE,
            Self::SaidNo => SAID_NO,
            Self::ProviderFailed => PROVIDER_FAILED,
            Self::NoName => NO_NAME,
            Self::NoGroup => NO_GROUP,
            Self::SomebodyElse => SOMEBODY_ELSE,
            Self::SignedOut => SIGNED_OUT,
            Self::Identity(error) => of_provider(error),
            Self::Staff(error) => of_staff(error),
            Self::Failed(_) => unexplained(),
        }
    }
}

fn unexplained() -> Told {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    let what = "Something here did not work.";
    (status, "The sign-in did not work out", what, NOTHING_CHANGED, TELL)
}

fn of_provider(error: &identity::Error) -> Told {
    match error {
        identity::Error::Away(_) => (
            StatusCode::BAD_GATEWAY,
            "The sign-in cannot be reached",
            "The place where you sign in does not answer right now.",
            NOTHING_CHANGED,
            TELL,
        ),
        identity::Error::Unreadable(_) => (
            StatusCode::BAD_GATEWAY,
            "The sign-in cannot be understood",
            "The place where you sign in answered with something that makes no sense here.",
            NOTHING_CHANGED,
            TELL,
        ),
        identity::Error::Refused(_) => (
            StatusCode::BAD_GATEWAY,
            "The sign-in was not confirmed",
            "The place where you sign in did not confirm what your browser brought. It is too old, or was used \
             before, or Gangway is not registered there as it should be.",
            NOTHING_CHANGED,
            TELL,
        ),
        identity::Error::Untrue(_) => (
            StatusCode::FORBIDDEN,
            "The sign-in cannot be believed",
            "What came back does not prove that it was made there, for this console, and for this sign-in.",
            NOTHING_CHANGED,
            TELL,
        ),
        identity::Error::Stale(_) => (
            StatusCode::FORBIDDEN,
            "You were not asked again who you are",
            "This needs a sign-in of just now, and the place where you sign in did not confirm one.",
            "Nothing was done. You are still signed in here as before.",
            "Go back and do it again. If you are not asked there, sign out there first.",
        ),
    }
}

fn of_staff(error: &StaffError) -> Told {
    match error {
        StaffError::Disabled => (
            StatusCode::FORBIDDEN,
            "You are not let in any more",
            "An administrator of this console has ended your access.",
            "You are not let in, and nothing was changed.",
            "If that is a mistake, ask an administrator to let you in again, under Staff.",
        ),
        StaffError::EmailTaken => (
            StatusCode::CONFLICT,
            "Your address belongs to another account here",
            "There is an account with your e-mail address that is opened in another way, with a password for one. \
             It is not handed over by itself.",
            NOTHING_CHANGED,
            "Sign in the way that account is opened, or ask an administrator to have a look.",
        ),
        StaffError::LastAdmin => (
            StatusCode::CONFLICT,
            "You are the last administrator here",
            "Your groups give you less than that by now, and without you nobody could see to staff any more.",
            "You are not let in, and nothing was changed.",
            "Make another administrator first, on the command line with gangway user create, or get your group \
             back. Then sign in again.",
        ),
        StaffError::Unknown | StaffError::NoPassword | StaffError::Store(_) => unexplained(),
    }
}
