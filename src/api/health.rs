//! Whether this process is alive, and whether it can do its work.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;

use super::shapes::HealthBody;
use crate::web::{AppState, Error, JsonAnswer, Kind};

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the process answers at all.
///
/// Asks nothing else: a database that is away is no reason to start the process anew.
#[utoipa::path(get, path = "/livez", tag = "health", security(()),
    responses((status = OK, body = HealthBody)))]
pub(super) async fn livez() -> JsonAnswer<HealthBody> {
    JsonAnswer(StatusCode::OK, HealthBody { status: "ok" })
}

/// Whether requests should be sent here.
///
/// The database answers within two seconds, and the process is not about to stop.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()),
    responses((status = OK, body = HealthBody)))]
pub(super) async fn readyz(State(state): State<AppState>) -> Result<JsonAnswer<HealthBody>, Error> {
    if state.engine.is_stopping() {
        return Err(Error::new(Kind::Unavailable, "This process is stopping. Ask another one."));
    }
    tokio::time::timeout(PATIENCE, state.store().ping())
        .await
        .map_err(|_| Error::new(Kind::Unavailable, "The database takes too long to answer."))??;
    Ok(JsonAnswer(StatusCode::OK, HealthBody { status: "ok" }))
}
