//! One attempt: one request, and as much of the answer as is worth keeping.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect;
use url::Url;

use super::Settings;
use super::address::{LookUpError, PublicOnly, check_place};

/// Bytes of an answer's body that are read, and characters that are kept.
const MOST_READ: usize = 4096;
const MOST_KEPT: usize = 1000;
/// How long a connection is kept for the next message.
const IDLE_CONNECTION: Duration = Duration::from_secs(20);

/// What is sent, ready to go.
pub(super) struct Letter<'a> {
    pub(super) url: &'a str,
    pub(super) id: String,
    pub(super) timestamp: i64,
    pub(super) signature: String,
    pub(super) body: String,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) took: Duration,
    pub(super) outcome: Outcome,
    pub(super) status: Option<u16>,
    pub(super) response: Option<String>,
    /// As the receiver wrote it.
    pub(super) retry_after: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Delivered,
    /// An answer other than 2xx.
    Refused,
    /// Redirects are not followed.
    Redirected,
    TimedOut,
    Unreachable,
    /// The address is none that is called.
    Forbidden,
    /// The endpoint's secret cannot be opened with our key.
    Unsigned,
}

impl Outcome {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Redirected => "redirected",
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
            Self::Forbidden => "forbidden_address",
            Self::Unsigned => "secret_unreadable",
        }
    }
}

impl Answer {
    pub(super) fn without(outcome: Outcome, took: Duration) -> Self {
        Self { took, outcome, status: None, response: None, retry_after: None }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Sender {
    http: reqwest::Client,
    timeout: Duration,
    insecure: bool,
}

impl Sender {
    pub(super) fn new(settings: &Settings) -> Result<Self, reqwest::Error> {
        // Somebody else may have installed a provider before; then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(concat!("gangway/", env!("CARGO_PKG_VERSION")))
            .https_only(!settings.insecure)
            .dns_resolver(Arc::new(PublicOnly { insecure: settings.insecure }))
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .http1_only()
            .gzip(false)
            .connect_timeout(settings.timeout.min(Duration::from_secs(10)))
            .pool_idle_timeout(IDLE_CONNECTION)
            .pool_max_idle_per_host(settings.at_once.into())
            .build()?;
        Ok(Self { http, timeout: settings.timeout, insecure: settings.insecure })
    }

    pub(super) async fn send(&self, letter: Letter<'_>) -> Answer {
        let began = Instant::now();
        let url = Url::parse(letter.url).ok();
        let Some(url) = url.filter(|url| check_place(url, self.insecure).is_ok()) else {
            return Answer::without(Outcome::Forbidden, began.elapsed());
        };
        let deadline = tokio::time::Instant::now() + self.timeout;
        let request = self
            .http
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", letter.id)
            .header("webhook-timestamp", letter.timestamp)
            .header("webhook-signature", letter.signature)
            .body(letter.body);
        let mut answer = match tokio::time::timeout_at(deadline, request.send()).await {
            Err(_) => Answer::without(Outcome::TimedOut, Duration::ZERO),
            Ok(Err(error)) => Answer::without(outcome_of(&error), Duration::ZERO),
            Ok(Ok(response)) => read(response, deadline).await,
        };
        answer.took = began.elapsed();
        answer
    }
}

/// The status counts; of the body so much is read as is kept.
async fn read(mut response: reqwest::Response, deadline: tokio::time::Instant) -> Answer {
    let status = response.status();
    let outcome = if status.is_success() {
        Outcome::Delivered
    } else if status.is_redirection() {
        Outcome::Redirected
    } else {
        Outcome::Refused
    };
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.map(str::to_owned);
    let mut body = Vec::new();
    while body.len() < MOST_READ {
        let chunk = tokio::time::timeout_at(deadline, response.chunk()).await;
        let Ok(Ok(Some(chunk))) = chunk else { break };
        body.extend_from_slice(&chunk);
    }
    Answer {
        took: Duration::ZERO,
        outcome,
        status: Some(status.as_u16()),
        response: Some(start_of(&body)),
        retry_after,
    }
}

/// Printable, whatever the receiver sent.
fn start_of(body: &[u8]) -> String {
    let body = body.get(..MOST_READ).unwrap_or(body);
    let text = String::from_utf8_lossy(body);
    let plain = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
    text.chars().map(plain).take(MOST_KEPT).collect()
}

fn outcome_of(error: &reqwest::Error) -> Outcome {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if matches!(error.downcast_ref(), Some(LookUpError::Refused(_))) {
            return Outcome::Forbidden;
        }
        cause = error.source();
    }
    if error.is_timeout() { Outcome::TimedOut } else { Outcome::Unreachable }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// What comes of a request that nobody judged before, to a name that leads to this machine; and
    /// whether anybody was dialled.
    async fn dial(insecure: bool) -> (Outcome, bool) {
        let listener = TcpListener::bind(("localhost", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let settings = Settings { insecure, ..Settings::default() };
        let sender = Sender::new(&settings).unwrap();
        let asking = sender.http.post(format!("https://localhost:{port}/")).send();
        tokio::select! {
            answer = asking => (outcome_of(&answer.unwrap_err()), false),
            dialled = listener.accept() => {
                dialled.unwrap();
                (Outcome::Unreachable, true)
            }
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_dialled() {
        assert_eq!(dial(false).await, (Outcome::Forbidden, false));
        assert_eq!(dial(true).await, (Outcome::Unreachable, true), "the test can tell");
    }
}
