//! Whoever holds a link that has ended asks for a new one. The integrator is told, and sends it.

use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};

use super::notices;
use crate::engine;
use crate::onboarding::Command;
use crate::web::{self, AppState, Page, Wishes};

/// Says the same whether or not the link was one of ours, whether or not anybody was told just now: what
/// exists is nobody's business who cannot prove it.
pub(super) async fn ask(
    State(state): State<AppState>,
    Path(token): Path<String>,
    Extension(wishes): Extension<Wishes>,
    request: Request,
) -> Result<Response, web::Error> {
    let (parts, _) = request.into_parts();
    let grant = state.links.read_link(&token).filter(|grant| grant.only.is_none());
    // The link may be an older one than the newest, but not one that we never made.
    if let Some(grant) = grant
        && state.rate_limits().admit_stranger(&parts)
    {
        match state.engine.order(grant.onboarding, Command::WantLink, "visitor").await {
            // Told before, over, or gone: the answer is the same.
            Ok(_) | Err(engine::Error::Invalid(_) | engine::Error::Unknown) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Page(notices::link_requested(wishes.words(None, None))).into_response())
}
