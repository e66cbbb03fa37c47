//! What happens to an onboarding, told while it happens.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event;
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use tokio::time::Instant;

use super::caller::{Caller, Read};
use super::events::EventBody;
use super::onboardings::parse_id;
use crate::ids::OnboardingId;
use crate::store::{JournalLine, Sight};
use crate::web::parameters::Parameters;
use crate::web::{AppState, Error, FieldMistake, Kind, Watching, event_stream};

/// How long it may be silent.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How soon whoever lost the line comes back.
const COME_BACK: Duration = Duration::from_secs(3);
/// How long one answer lasts; then the reader comes back, perhaps to another process.
const LONGEST: Duration = Duration::from_mins(15);
/// Lines read at once.
const AT_ONCE: u16 = 100;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StreamQuery {
    /// The version after which to begin, where no header can be sent. `Last-Event-ID` goes first.
    #[serde(default)]
    #[param(minimum = 0)]
    after: i64,
}

/// Listen to an onboarding's timeline.
///
/// Server-sent events, oldest first: `id` is the version, `event` the kind, `data` an event as in the
/// timeline. The answer goes on for some minutes and then ends; come back with `Last-Event-ID`, as
/// every browser does by itself, and nothing is missed or told twice.
#[utoipa::path(get, path = "/v1/onboardings/{id}/events/stream", operation_id = "stream_events",
    tag = "onboardings",
    params(("id" = Uuid, Path), StreamQuery, ("Last-Event-ID" = Option<i64>, Header,
        description = "The version that was heard last.")),
    responses((status = OK, description = "Events as they happen.", content_type = "text/event-stream")))]
pub(super) async fn stream_events(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    Parameters(query): Parameters<StreamQuery>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let id = parse_id(&id)?;
    let after = last_heard(&headers)?.unwrap_or(query.after);
    state.store().find_in_sight(id, &caller.sight).await?.ok_or_else(Error::not_found)?;
    let watching = state.watch().open(id, after, Some(caller.key)).ok_or_else(too_many)?;
    let line = Line {
        state,
        id,
        sight: caller.sight,
        heard: after,
        watching,
        until: Instant::now() + LONGEST,
        greeted: false,
    };
    Ok(event_stream(line.speak(), HEARTBEAT))
}

fn last_heard(headers: &HeaderMap) -> Result<Option<i64>, Error> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let version = value.to_str().ok().and_then(|text| text.parse().ok());
    version.filter(|version: &i64| *version >= 0).map(Some).ok_or_else(|| {
        Error::invalid(vec![FieldMistake {
            pointer: "Last-Event-ID".to_owned(),
            reason: "must be the id of an event that was heard".to_owned(),
        }])
    })
}

fn too_many() -> Error {
    Error::new(
        Kind::Unavailable,
        "Too many are listening already. Close some, or read the timeline.",
    )
}

/// One listener. Between two lines it holds no connection to the database.
struct Line {
    state: AppState,
    id: OnboardingId,
    sight: Sight,
    heard: i64,
    watching: Watching,
    until: Instant,
    greeted: bool,
}

impl Line {
    fn speak(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        let batches = stream::unfold(self, async |mut line: Self| {
            let lines = line.next().await?;
            Some((stream::iter(lines.into_iter().map(Ok)), line))
        });
        futures_util::StreamExt::flatten(batches)
    }

    /// What is to be said next; `None`: the end.
    async fn next(&mut self) -> Option<Vec<Event>> {
        if !self.greeted {
            self.greeted = true;
            return Some(vec![Event::default().retry(COME_BACK).comment("listening")]);
        }
        loop {
            if self.state.engine.is_stopping() || Instant::now() >= self.until {
                return None;
            }
            let lines = self.read().await?;
            if let Some(last) = lines.last() {
                self.heard = last.version;
                return lines.into_iter().map(spell).collect();
            }
            if !self.watching.wait(&self.state.engine, self.until).await {
                return None;
            }
        }
    }

    /// `None` also where the onboarding is out of sight by now, or the database is away: whoever
    /// listens comes back and is told why.
    async fn read(&self) -> Option<Vec<JournalLine>> {
        let store = self.state.store();
        let lines = store.list_journal_after(self.id, &self.sight, self.heard, AT_ONCE).await;
        lines.inspect_err(|error| tracing::info!(%error, "stopped telling what happens")).ok()
    }
}

fn spell(line: JournalLine) -> Option<Event> {
    let event = Event::default().id(line.version.to_string()).event(line.event.kind());
    event.json_data(EventBody::from(line)).ok()
}
