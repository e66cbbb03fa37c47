//! What can be said of the settings without asking anybody.

use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;

use super::Finding;
use crate::clock::Clock;
use crate::config::{Mistakes, Parts};
use crate::cyclr;
use crate::secret::ExposeSecret as _;

const CHECK: &str = "configuration";
const WHERE: &str = "The README's table of settings says what each one is.";

/// Every mistake, every name that nobody knows, and what is allowed but should not stay so.
pub(super) fn judge(parts: &Parts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Err(Mistakes(mistakes)) = &parts.whole {
        findings.extend(mistakes.iter().map(|mistake| Finding::wrong(CHECK, mistake, WHERE)));
    }
    findings.extend(database_url(parts));
    findings.extend(cyclr_addresses(parts));
    findings.extend(public_url(parts));
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, "Every setting can be used."));
    }
    findings.extend(loose(parts));
    for unknown in &parts.unknown {
        let advice = match unknown.nearest {
            Some(nearest) => format!("Is {nearest} meant? Rename it, or take it away."),
            None => "Take it away, or look at the README's table for its name.".to_owned(),
        };
        let found = format!("{} is set, and nothing reads it.", unknown.name);
        findings.push(Finding::attention(CHECK, found, advice));
    }
    findings
}

fn database_url(parts: &Parts) -> Option<Finding> {
    let url = parts.database_url.as_ref()?;
    let url = url.expose_secret().trim();
    // The parser takes any scheme, and its own words could repeat the password.
    let ours = ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
    (!ours || PgConnectOptions::from_str(url).is_err()).then(|| {
        let found = "DATABASE_URL is not an address of a Postgres database.";
        let advice = "Spell it like postgres://user:password@host:5432/database, with special characters as %xx.";
        Finding::wrong(CHECK, found, advice)
    })
}

fn cyclr_addresses(parts: &Parts) -> Option<Finding> {
    let settings = parts.cyclr.clone()?;
    // Making one asks nobody.
    let error = cyclr::Client::new(settings, Clock::system()).err()?;
    let (found, advice) = (
        format!("The settings for Cyclr will not do: {error}"),
        "Correct the CYCLR_ variable of that name.",
    );
    Some(Finding::wrong(CHECK, found, advice))
}

fn public_url(parts: &Parts) -> Option<Finding> {
    let url = parts.public_url.as_ref()?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !plain {
        let advice = "Give scheme, host and perhaps port and path, like https://go.example.com.";
        let found = "GANGWAY_PUBLIC_URL is no address that links can be made from.";
        return Some(Finding::wrong(CHECK, found, advice));
    }
    (url.scheme() == "http" && !is_loopback(url)).then(|| {
        let found = "GANGWAY_PUBLIC_URL is plain http: links and cookies can be read on their way.";
        let advice = "Put a proxy with a certificate in front and say https://, or use a loopback address to try out.";
        Finding::attention(CHECK, found, advice)
    })
}

/// What is meant for trying out.
fn loose(parts: &Parts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if parts.webhooks.as_ref().is_some_and(|webhooks| webhooks.insecure) {
        let found =
            "GANGWAY_ALLOW_INSECURE_WEBHOOKS is true: webhooks go to private addresses too.";
        findings.push(Finding::attention(CHECK, found, "Take it away but for development."));
    }
    if parts.cyclr.as_ref().is_some_and(|cyclr| cyclr.plain_http) {
        let found = "GANGWAY_ALLOW_HTTP_CYCLR is true: credentials may travel in the clear.";
        let advice = "Take it away but for a sandbox in a network of your own.";
        findings.push(Finding::attention(CHECK, found, advice));
    }
    findings
}

pub(super) fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}
