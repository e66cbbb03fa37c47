//! Whether we are where we say we are, and whether those are reached whom we call.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use url::Url;

use super::Finding;
use super::configuration::is_loopback;
use crate::clock::Clock;
use crate::config::Parts;
use crate::identity::Provider;
use crate::webhooks::{DialError, Refusal, check_address, dial};

const PUBLIC: &str = "public_url";
const RETURN: &str = "return_path";
const EGRESS: &str = "webhook_egress";
const POLICY: &str = "webhook_policy";
const IDENTITY: &str = "identity_provider";

/// How long our own address may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most endpoints that are tried.
const MOST_TRIED: usize = 5;
/// The header that each of our answers has.
const OURS: &str = "x-request-id";

/// Addresses that lead inside, in several spellings: none is ever called.
const INSIDE: [&str; 5] = [
    "https://127.0.0.1/",
    "https://[::1]/",
    "https://169.254.169.254/",
    "https://0x7f000001/",
    "https://[::ffff:10.0.0.1]/",
];

pub(super) async fn examine_public_url(parts: &Parts) -> Vec<Finding> {
    let Some(url) = &parts.public_url else {
        let advice = "Set it to the address that browsers use, like https://go.example.com.";
        return vec![Finding::wrong(PUBLIC, "GANGWAY_PUBLIC_URL cannot be used.", advice)];
    };
    let Some(http) = client() else {
        let advice = "Install the system's root certificates (package ca-certificates).";
        return vec![Finding::wrong(PUBLIC, "No HTTPS client can be made.", advice)];
    };
    let base = url.as_str().trim_end_matches('/');
    let (alive, back) = tokio::join!(
        ask(&http, format!("{base}/livez")),
        ask(&http, format!("{base}/return/00000000-0000-0000-0000-000000000000")),
    );
    vec![judge_alive(url, alive), judge_return(back)]
}

/// Whether the process that listens there wants requests. One that listens everywhere does so on loopback.
pub(super) async fn is_ready(listen: SocketAddr) -> bool {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    let Some(http) = client() else { return false };
    let address = format!("http://{}/readyz", SocketAddr::new(ip, listen.port()));
    matches!(ask(&http, address).await, Ok((200, true)))
}

/// The status of an answer, and whether it is one of ours.
async fn ask(http: &reqwest::Client, address: String) -> Result<(u16, bool), &'static str> {
    match http.get(address).send().await {
        Ok(answer) => Ok((answer.status().as_u16(), answer.headers().contains_key(OURS))),
        Err(error) if error.is_timeout() => Err("nothing came within five seconds"),
        Err(error) if error.is_connect() => Err("no connection"),
        Err(_) => Err("the answer broke off"),
    }
}

fn client() -> Option<reqwest::Client> {
    // Somebody else may have installed a provider before; then that one is used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().timeout(PATIENCE).no_proxy();
    builder.redirect(reqwest::redirect::Policy::none()).build().ok()
}

fn judge_alive(url: &Url, answer: Result<(u16, bool), &'static str>) -> Finding {
    let scheme = if is_loopback(url) { "on this machine" } else { "at its public address" };
    match answer {
        Ok((200, true)) => Finding::ok(PUBLIC, format!("A process answers {scheme}.")),
        Ok((status, _)) => {
            let found = format!("Something else than Gangway answers at /livez, with {status}.");
            let advice = "Let the proxy in front pass all paths on to Gangway, unaltered.";
            Finding::attention(PUBLIC, found, advice)
        }
        Err(why) => {
            let found = format!("GANGWAY_PUBLIC_URL does not answer from here: {why}.");
            let advice = "That is as it should be while no process runs. Otherwise check DNS, certificate and proxy; a network that does not lead back to itself is no mistake.";
            Finding::attention(PUBLIC, found, advice)
        }
    }
}

fn judge_return(answer: Result<(u16, bool), &'static str>) -> Finding {
    match answer {
        Ok((_, true)) => {
            Finding::ok(RETURN, "People who come back from a provider get to Gangway.")
        }
        Ok((status, false)) => {
            let found =
                format!("The path /return/ does not lead to Gangway (answered with {status}).");
            let advice = "Let the proxy in front pass /return/ on, as all other paths.";
            Finding::attention(RETURN, found, advice)
        }
        Err(why) => {
            let found = format!("Whether people get back cannot be told: {why}.");
            let advice = "Look again when a process runs and its public address leads to it.";
            Finding::attention(RETURN, found, advice)
        }
    }
}

pub(super) async fn examine_egress(
    parts: &Parts,
    receiver: Option<&str>,
    endpoints: Vec<String>,
) -> Vec<Finding> {
    let insecure = parts.webhooks.as_ref().is_some_and(|webhooks| webhooks.insecure);
    let mut findings = vec![judge_policy(insecure)];
    let tried: Vec<_> = match receiver {
        Some(receiver) => vec![receiver.to_owned()],
        None => endpoints.into_iter().take(MOST_TRIED).collect(),
    };
    if tried.is_empty() {
        let found = "There is no enabled endpoint, so nobody was dialled.";
        let advice = "Add one, or give an address to try with --receiver https://…";
        findings.push(Finding::attention(EGRESS, found, advice));
    }
    for address in tried {
        findings.push(judge_dial(&address, dial(&address, insecure).await));
    }
    findings
}

/// The rules themselves, tried on what they are there for.
fn judge_policy(insecure: bool) -> Finding {
    if insecure {
        let found = "Private addresses and plain http are allowed.";
        let advice = "Take GANGWAY_ALLOW_INSECURE_WEBHOOKS away but for development.";
        return Finding::attention(POLICY, found, advice);
    }
    match INSIDE.iter().find(|inside| check_address(inside, false).is_ok()) {
        Some(inside) => {
            let advice = "Do not run this build, and report it: see SECURITY.md.";
            Finding::wrong(POLICY, format!("{inside} would be called."), advice)
        }
        None => {
            Finding::ok(POLICY, "Addresses that lead inside are refused, however they are spelled.")
        }
    }
}

fn judge_dial(address: &str, dialled: Result<SocketAddr, DialError>) -> Finding {
    // Path and query may hold what proves a sender.
    let host = Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned));
    let host = host.unwrap_or_else(|| "that address".to_owned());
    match dialled {
        Ok(peer) => Finding::ok(EGRESS, format!("{host} was reached at {peer}.")),
        Err(DialError::Refused(refusal @ (Refusal::Private | Refusal::Host))) => {
            let found = format!("{host} is not called: the address {refusal}.");
            let advice = "Give the receiver an address of the public internet.";
            Finding::attention(EGRESS, found, advice)
        }
        Err(error) => {
            let found = format!("{host} was not reached: {error}.");
            let advice = "Check the endpoint's address, and that this machine may connect to the internet: webhooks use no proxy.";
            Finding::attention(EGRESS, found, advice)
        }
    }
}

pub(super) async fn examine_identity(parts: &Parts, clock: &Clock) -> Option<Finding> {
    let settings = parts.identity.clone()?;
    let back = parts.public_url.as_ref()?.join("console/sign-in/return").ok()?;
    let Ok(provider) = Provider::new(settings, clock.clone()) else {
        let advice = "Install the system's root certificates (package ca-certificates).";
        return Some(Finding::wrong(IDENTITY, "The provider cannot be asked.", advice));
    };
    // Its own documents are fetched; nobody is signed in.
    Some(match provider.begin(&back, false).await {
        Ok(_) => Finding::ok(IDENTITY, "It answers and offers a sign-in page."),
        Err(error) => {
            let advice = "Check GANGWAY_OIDC_ISSUER, and that this machine may connect to it. Local accounts work meanwhile.";
            Finding::attention(IDENTITY, format!("It cannot be used: {error}."), advice)
        }
    })
}
