//! Asking a running service, over the public API and as anybody else would. Nothing is shared with the
//! room that answers: what drifts apart is seen.

use reqwest::{Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::secret::{ExposeSecret as _, Secret};

/// Which service is asked, and how it is told.
#[derive(Debug, clap::Args)]
pub struct ServiceOptions {
    /// Where the service is; `GANGWAY_URL` if left out, and this machine if that is not set.
    #[arg(long)]
    pub url: Option<Url>,
    /// The API's own JSON, one document per line.
    #[arg(long)]
    pub json: bool,
}

/// Why a command did not come to its end. Each has an exit code of its own, for scripts.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{0}")]
    Failed(String),
    #[error("{0}")]
    NotFound(String),
    /// The present state does not allow it.
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    NotAllowed(String),
    #[error("{0}")]
    Unreachable(String),
    /// Whoever read along has gone.
    #[error("nobody is reading any more")]
    Unread,
}

impl Failure {
    /// 2 is what wrong usage ends with.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::NotFound(_) => 3,
            Self::Refused(_) => 4,
            Self::NotAllowed(_) => 5,
            Self::Unreachable(_) => 6,
            Self::Unread => 0,
        }
    }
}

/// What a failed request tells, as far as it is of use here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    title: String,
    detail: String,
    errors: Vec<ToldField>,
}

#[derive(Debug, Deserialize)]
struct ToldField {
    pointer: String,
    detail: String,
}

/// A service, with a key for it.
#[derive(Debug)]
pub struct Remote {
    http: reqwest::Client,
    base: Url,
    key: Secret,
}

impl Remote {
    /// `base` as people type it, with or without a slash at its end.
    pub fn new(base: &Url, key: Secret) -> Result<Self, Failure> {
        let unusable = |_| Failure::Failed("requests cannot be made on this machine".to_owned());
        // Somebody has chosen one already if this is refused.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(std::time::Duration::from_secs(5))
            .build()
            .map_err(unusable)?;
        let mut base = base.clone();
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Ok(Self { http, base, key })
    }

    /// `path` without a slash at its beginning, each part of it harmless.
    pub async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, Failure> {
        let answer = self.send(Method::GET, path, query, None).await?;
        read(answer).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let answer = self.send(Method::POST, path, &[], Some(body)).await?;
        read(answer).await
    }

    /// An answer that goes on, to be read as it comes.
    pub async fn listen(&self, path: &str, last: i64) -> Result<Response, Failure> {
        self.send(Method::GET, path, &[("after", last.to_string())], None).await
    }

    /// An answer of any size, to be read as it comes.
    pub async fn fetch(&self, path: &str) -> Result<Response, Failure> {
        self.send(Method::GET, path, &[], None).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<Response, Failure> {
        let url = self
            .base
            .join(path)
            .map_err(|_| Failure::Failed(format!("no such address: {path}")))?;
        let mut request =
            self.http.request(method, url).bearer_auth(self.key.expose_secret()).query(query);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|error| self.unreachable(&error))?;
        if answer.status().is_success() { Ok(answer) } else { Err(refusal(answer).await) }
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let why = if error.is_timeout() { "it did not answer in time" } else { "no connection" };
        let origin = self.base.origin().ascii_serialization();
        Failure::Unreachable(format!("{origin} cannot be reached ({why}); look at GANGWAY_URL"))
    }
}

async fn read(answer: Response) -> Result<Value, Failure> {
    let broken = |_| Failure::Unreachable("the answer broke off; ask again".to_owned());
    answer.json().await.map_err(broken)
}

async fn refusal(answer: Response) -> Failure {
    let status = answer.status();
    let told: Told = answer.json().await.unwrap_or_default();
    let mut words = match (told.title.is_empty(), told.detail.is_empty()) {
        (true, _) => format!("the service answered {status}, and not as a Gangway does"),
        (false, true) => told.title,
        (false, false) => format!("{}. {}", told.title, told.detail),
    };
    for field in told.errors {
        words = format!("{words}\n  {}: {}", field.pointer, field.detail);
    }
    let words = super::harmless(&words);
    match status {
        StatusCode::NOT_FOUND => Failure::NotFound(words),
        StatusCode::CONFLICT => Failure::Refused(words),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Failure::NotAllowed(words),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY => Failure::Unreachable(words),
        _ => Failure::Failed(words),
    }
}
