//! The page of an onboarding for staff, who see what its people see and do nothing in their name.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use super::options::LiveOptions;
use super::progress::{self, Asked};
use super::visit::Visit;
use crate::onboarding::Onboarding;
use crate::web::{self, AppState, PREVIEW_POLICY, Wishes};

/// Shows such pages. Cheap to clone. It proves nothing: whoever asks sees to who may look.
#[derive(Clone)]
pub struct Preview {
    app: AppState,
    options: Arc<LiveOptions>,
}

impl Preview {
    pub fn new(app: AppState) -> Self {
        Self { options: Arc::new(LiveOptions::new(app.clock())), app }
    }

    /// In the language that its people have, unless the query asks for another one (`lang=`).
    pub async fn show(
        &self,
        onboarding: Onboarding,
        query: Option<&str>,
    ) -> Result<Response, web::Error> {
        let blueprint = self.app.store().load_blueprint(&onboarding.blueprint).await?;
        let wishes = Wishes::of(query, &HeaderMap::new());
        let words = wishes.words(onboarding.profile.locale.as_deref(), blueprint.locale.as_deref());
        let visit = Visit::preview(onboarding, blueprint, words);
        let page = progress::page(&visit, (&self.app, &self.options), Asked::default());
        let mut response = page.await?;
        let policy = HeaderValue::from_static(PREVIEW_POLICY);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        Ok(response)
    }
}
