//! Tells an open page that there is another one to show. A browser that cannot listen asks now and then.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use tokio::time::Instant;

use super::journey::mark;
use super::visit::{Visit, is_good};
use crate::onboarding::Onboarding;
use crate::web::{AppState, Session, Watching, event_stream};

/// How long it may be silent.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// How soon whoever lost the line comes back.
const COME_BACK: Duration = Duration::from_secs(3);
/// How long one answer lasts; then the page comes back, perhaps to another process.
const LONGEST: Duration = Duration::from_mins(10);

/// Says the mark of the page as it is now, and again whenever it is another one.
pub(super) async fn listen(visit: Visit, State(state): State<AppState>) -> Response {
    let Visit { onboarding, session, .. } = visit;
    let Some(watching) = state.watch().open(onboarding.id, onboarding.version, None) else {
        // The page looks by itself then.
        return StatusCode::NO_CONTENT.into_response();
    };
    let line = Line { state, session, watching, told: None, until: Instant::now() + LONGEST };
    event_stream(line.speak(onboarding), HEARTBEAT)
}

/// One listener. Between two words it holds no connection to the database.
struct Line {
    state: AppState,
    session: Session,
    watching: Watching,
    told: Option<String>,
    until: Instant,
}

impl Line {
    fn speak(self, first: Onboarding) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        stream::unfold((self, Some(first)), async |(mut line, known)| {
            let said = line.next(known).await?;
            let event = Event::default().event("mark").retry(COME_BACK).data(said);
            Some((Ok(event), (line, None)))
        })
    }

    /// The next mark that is another one; `None`: the end.
    async fn next(&mut self, mut known: Option<Onboarding>) -> Option<String> {
        loop {
            let onboarding = match known.take() {
                Some(onboarding) => onboarding,
                None => self.state.store().find(self.session.grant.onboarding).await.ok()??,
            };
            let mark = mark(&onboarding);
            if self.told.as_ref() != Some(&mark) {
                self.told = Some(mark.clone());
                return Some(mark);
            }
            // A link that was revoked tells nothing more: the page asks again, and is told why.
            if !is_good(&onboarding, &self.session.grant, &self.state) {
                return None;
            }
            if !self.watching.wait(&self.state.engine, self.until).await {
                return None;
            }
        }
    }
}
