//! The one way out of this room: a bounded exchange of one request and one reply.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

/// Somebody is waiting before a page.
pub(super) const DEADLINE: Duration = Duration::from_secs(5);
/// Documents, keys and tokens have some KiB.
const LIMIT: usize = 256 * 1024;

#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("the answer is larger than {LIMIT} bytes")]
    TooLarge,
}

#[derive(Debug)]
pub(super) struct Http(reqwest::Client);

impl Http {
    pub(super) fn new(https_only: bool) -> Result<Self, reqwest::Error> {
        // Somebody else may have installed a provider before; then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("gangway/", env!("CARGO_PKG_VERSION")))
            .https_only(https_only)
            // What the provider's document names is asked, and nobody whom that one names.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .gzip(true)
            .timeout(DEADLINE)
            .build()?;
        Ok(Self(client))
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut answer = self.0.execute(request.try_into()?).await?;
        let mut body = Vec::new();
        // Counted after decompression. Giving up drops the connection.
        while let Some(chunk) = answer.chunk().await? {
            if chunk.len() > LIMIT - body.len() {
                return Err(HttpError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let mut reply = HttpResponse::new(body);
        *reply.status_mut() = answer.status();
        *reply.headers_mut() = answer.headers().clone();
        Ok(reply)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}
