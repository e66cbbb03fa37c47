//! What all calls have in common: token, account header, deadline, pages.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use url::Url;

use super::call_log::CallLog;
use super::client::Inner;
use super::error::{Error, NotSent};
use super::lenient::Reply;
use super::settings::Settings;
use super::token::{self, Bearer, Tokens};
use super::transport::{Answer, Deadline, Purpose, Transport};
use crate::ids::AccountId;
use crate::secret::Secret;

const ACCOUNT_HEADER: &str = "X-Cyclr-Account";
const PAGE_SIZE: usize = 100;
const MOST_PAGES: usize = 50;

/// A page shorter than this is the last one. A fuller one may have been cut by a page size of
/// Cyclr's own (its default and maximum are UNK), so the next page is asked for.
const SURELY_LAST: usize = 10;

/// On whose behalf, and in whose log.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) inner: Arc<Inner>,
    pub(super) account: Option<AccountId>,
    pub(super) log: CallLog,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

impl Verb {
    fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    fn method(self) -> reqwest::Method {
        match self {
            Self::Get => reqwest::Method::GET,
            Self::Post => reqwest::Method::POST,
            Self::Put => reqwest::Method::PUT,
            Self::Delete => reqwest::Method::DELETE,
        }
    }
}

/// One request, spelled out and not yet sent.
pub(super) struct Request<'a> {
    call: &'static str,
    verb: Verb,
    mutating: bool,
    url: Url,
    body: Option<Vec<u8>>,
    credential: Option<&'a Secret>,
    deadline: Deadline,
}

impl<'a> Request<'a> {
    pub(super) fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    pub(super) fn json(mut self, body: &impl Serialize) -> Result<Self, Error> {
        let body = serde_json::to_vec(body).map_err(|_| unbuildable(self.call))?;
        self.body = Some(body);
        Ok(self)
    }

    /// What the body holds that must not come back in an error's text.
    pub(super) fn holding(mut self, credential: &'a Secret) -> Self {
        self.credential = Some(credential);
        self
    }

    /// For a POST whose repetition leaves nothing behind that matters.
    pub(super) fn harmless(mut self) -> Self {
        self.mutating = false;
        self
    }

    /// Ends with another request that belongs to the same call.
    pub(super) fn until(mut self, deadline: Deadline) -> Self {
        self.deadline = deadline;
        self
    }
}

impl Session {
    /// `path` is given in segments after the version; each is percent-encoded.
    pub(super) fn request<'a>(
        &self,
        call: &'static str,
        verb: Verb,
        path: &[&str],
    ) -> Result<Request<'a>, Error> {
        let path: Vec<&str> = std::iter::once("v1.0").chain(path.iter().copied()).collect();
        Ok(Request {
            call,
            verb,
            mutating: !matches!(verb, Verb::Get),
            url: self.url_of(&path).ok_or_else(|| unbuildable(call))?,
            body: None,
            credential: None,
            deadline: self.deadline(),
        })
    }

    pub(super) fn deadline(&self) -> Deadline {
        Deadline::after(self.settings().call_deadline)
    }

    /// `None` for a segment that an address cannot hold: `.` and `..` are taken as directions
    /// even when percent-encoded.
    pub(super) fn url_of(&self, path: &[&str]) -> Option<Url> {
        if path.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
            return None;
        }
        let mut url = self.settings().api_base.clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend(path);
        Some(url)
    }

    /// Sends, and hands over what was understood of the reply.
    pub(super) async fn send<T: Reply>(&self, request: Request<'_>) -> Result<T, Error> {
        Ok(self.deliver(&request).await?.reply)
    }

    /// Like `send`; a 404 is `None`.
    pub(super) async fn find<T: Reply>(&self, request: Request<'_>) -> Result<Option<T>, Error> {
        match self.send(request).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Every page of a list, or an error: an incomplete list is not an answer. `id_of` tells a
    /// page that was seen before, should Cyclr ignore the page number.
    pub(super) async fn list<T: Reply, K: Eq + Hash>(
        &self,
        call: &'static str,
        path: &[&str],
        id_of: impl Fn(&T) -> K,
    ) -> Result<Vec<T>, Error> {
        let deadline = self.deadline();
        let (mut seen, mut all) = (HashSet::new(), Vec::new());
        for page in 1..=MOST_PAGES {
            let request = self
                .request(call, Verb::Get, path)?
                .query("pageSize", &PAGE_SIZE.to_string())
                .query("page", &page.to_string())
                .query("sortOrderAsc", "true")
                .query("includeIcons", "false")
                .until(deadline);
            let answer: Answer<Vec<T>> = self.deliver(&request).await?;
            let total_pages = answer.total_pages.and_then(|total| usize::try_from(total).ok());
            let length = answer.reply.len();
            let before = all.len();
            all.extend(answer.reply.into_iter().filter(|item| seen.insert(id_of(item))));
            let is_last = match total_pages {
                Some(total) => page >= total,
                None => length < SURELY_LAST,
            };
            if is_last || all.len() == before {
                return Ok(all);
            }
        }
        Err(Error::Unreadable { call, mutating: false, reason: "the list has too many pages" })
    }

    /// Sends; after a 401 once more, with a token that is not the one refused.
    async fn deliver<T: Reply>(&self, request: &Request<'_>) -> Result<Answer<T>, Error> {
        let bearer = token::bearer(self, None, request.deadline).await?;
        let first = self.send_as(&bearer, request).await;
        if !matches!(first, Err(Error::Refused { status: 401, .. })) {
            return first;
        }
        let fresh = token::bearer(self, Some(&bearer), request.deadline).await?;
        match self.send_as(&fresh, request).await {
            Err(Error::Refused { call, status: status @ 401, message, .. }) => {
                Err(Error::Credentials { call, status, message })
            }
            outcome => outcome,
        }
    }

    async fn send_as<T: Reply>(
        &self,
        bearer: &Bearer,
        request: &Request<'_>,
    ) -> Result<Answer<T>, Error> {
        let http = self.transport().http();
        let mut builder = http
            .request(request.verb.method(), request.url.clone())
            .header(reqwest::header::ACCEPT, "application/json")
            .header(reqwest::header::AUTHORIZATION, &bearer.header);
        if let Some(account) = &self.account {
            builder = builder.header(ACCOUNT_HEADER, account.as_str());
        }
        if let Some(body) = &request.body {
            builder = builder
                .header(reqwest::header::CONTENT_TYPE, "application/json")
                .body(body.clone());
        }
        let purpose = Purpose {
            call: request.call,
            mutating: request.mutating,
            needs_slot: true,
            method: request.verb.name(),
            path: request.url.path(),
            deadline: request.deadline,
            log: &self.log,
            bearer: Some(&bearer.token),
            credential: request.credential,
        };
        self.transport().exchange(&purpose, builder).await
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    pub(super) fn transport(&self) -> &Transport {
        &self.inner.transport
    }

    pub(super) fn tokens(&self) -> &Tokens {
        &self.inner.tokens
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.transport().clock.now()
    }
}

fn unbuildable(call: &'static str) -> Error {
    Error::Unsent { call, reason: NotSent::Unbuildable }
}
