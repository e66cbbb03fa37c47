//! The call that finds out whether Cyclr is back: it reads a little and changes nothing.

use serde::de::IgnoredAny;
use url::Url;

use super::error::NotSent;
use super::lenient::{Lacking, Reply};
use super::pressure::Permit;
use super::transport::{Purpose, Transport};
use crate::secret::{ExposeSecret, Secret};

pub(super) struct Probe {
    url: Url,
}

/// Any JSON will do: what a proxy says is HTML.
struct Anything;

impl Reply for Anything {
    type Wire = IgnoredAny;

    fn read(_: IgnoredAny) -> Result<Self, Lacking> {
        Ok(Self)
    }
}

impl Probe {
    /// The list of templates, one of them: it needs no account and goes through to Cyclr's data.
    pub(super) fn at(api_base: &Url) -> Self {
        let mut url = api_base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["v1.0", "templates"]);
        }
        url.query_pairs_mut().append_pair("pageSize", "1").append_pair("includeIcons", "false");
        Self { url }
    }

    /// On behalf of whoever wanted to make the call of `purpose`, in its log.
    pub(super) async fn send(
        &self,
        transport: &Transport,
        purpose: &Purpose<'_>,
        bearer: &Secret,
        permit: Permit,
    ) -> Result<(), NotSent> {
        let request = transport
            .http()
            .get(self.url.clone())
            .header(reqwest::header::ACCEPT, "application/json")
            .bearer_auth(bearer.expose_secret());
        let probe = Purpose {
            call: "look whether Cyclr is back",
            mutating: false,
            needs_slot: false,
            method: "GET",
            path: self.url.path(),
            deadline: purpose.deadline,
            log: purpose.log,
            bearer: Some(bearer),
            credential: None,
        };
        transport.probe::<Anything>(&probe, request, permit).await
    }
}
