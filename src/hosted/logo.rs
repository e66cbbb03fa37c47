//! An image of a brand. Its name is its content, so it is kept for as long as anybody likes.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::ids::LogoId;
use crate::web::{AppState, Error};

pub(super) async fn show(
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<Response, Error> {
    let id = LogoId::parse(name).map_err(|_| Error::not_found())?;
    let logo = state.store().find_logo(&id).await?.ok_or_else(Error::not_found)?;
    let kind = HeaderValue::try_from(logo.media_type).map_err(Error::internal)?;
    let for_ever = HeaderValue::from_static("public, max-age=31536000, immutable");
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, for_ever)];
    Ok((headers, logo.image).into_response())
}
