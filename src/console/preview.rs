//! What the customer sees, for staff who help them.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use futures_util::future::BoxFuture;

use super::case;
use super::operator::{Looks, Operator};
use crate::onboarding::Onboarding;
use crate::web::{AppState, Error};

type Show =
    dyn Fn(Onboarding, Option<String>) -> BoxFuture<'static, Result<Response, Error>> + Send + Sync;

/// Makes the page that the people of an onboarding have before them, from the query of whoever looks.
/// Brought by whoever puts the doors side by side, for doors do not know each other.
#[derive(Clone)]
pub struct CustomersPage(Arc<Show>);

impl CustomersPage {
    pub fn new<F>(show: impl Fn(Onboarding, Option<String>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Response, Error>> + Send + 'static,
    {
        Self(Arc::new(move |onboarding, query| Box::pin(show(onboarding, query))))
    }
}

pub(super) async fn show(
    _operator: Operator<Looks>,
    State(app): State<AppState>,
    State(CustomersPage(page)): State<CustomersPage>,
    Path(reference): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let onboarding = case::find(&app, &reference).await?;
    page(onboarding, query).await
}
