//! Whether Cyclr knows us, and whether the people who are sent there find it.

use uuid::Uuid;

use super::Finding;
use crate::clock::Clock;
use crate::config::Parts;
use crate::cyclr::{CallLog, Client, Error, NotSent};
use crate::ids::TemplateId;

const CYCLR: &str = "cyclr";
const DOMAIN: &str = "service_domain";
const NETWORK: &str =
    "Check CYCLR_API_BASE, and that this machine may connect to it: names, firewall, certificates.";
const CREDENTIALS: &str = "Copy CYCLR_CLIENT_ID and CYCLR_CLIENT_SECRET from the Cyclr console, and check that CYCLR_API_BASE is the host of its region.";

pub(super) async fn examine(parts: &Parts, clock: &Clock) -> Vec<Finding> {
    let Some(settings) = parts.cyclr.clone() else {
        let advice = "Correct the CYCLR_ variables that are named above.";
        return vec![Finding::wrong(CYCLR, "There is nothing to ask with.", advice)];
    };
    let api_host = settings.api_base.host_str().unwrap_or_default().to_owned();
    let same = settings.api_base.host_str() == settings.service_domain.host_str();
    let play = super::configuration::is_loopback(&settings.api_base) || settings.plain_http;
    let Ok(client) = Client::new(settings, clock.clone()) else {
        let advice = "Correct the CYCLR_ variables that are named above.";
        return vec![Finding::wrong(CYCLR, "There is nothing to ask with.", advice)];
    };
    let (api, domain) = tokio::join!(ask(&client, &api_host), client.service_domain_answers());
    vec![api, judge_domain(domain, same && !play)]
}

/// A token is asked for, and then a template that nobody has.
async fn ask(client: &Client, host: &str) -> Finding {
    let partner = client.partner(&CallLog::default());
    match partner.find_template(TemplateId(Uuid::nil())).await {
        Ok(_) => Finding::ok(CYCLR, format!("{host} gave a token and answered a read with it.")),
        Err(error) => judge_error(&error),
    }
}

fn judge_error(error: &Error) -> Finding {
    let advice = match error {
        Error::Credentials { .. } => CREDENTIALS,
        Error::Unsent { reason: NotSent::NoToken(_) | NotSent::NoConnection(_), .. }
        | Error::NoAnswer { .. } => NETWORK,
        Error::Unreadable { .. } => {
            "What answers is not Cyclr's API, or a proxy in between. Check CYCLR_API_BASE: it is the API's host, not the console's."
        }
        Error::Refused { .. } | Error::Unsent { .. } => {
            "Cyclr may be away; try again in a minute. If it stays, check CYCLR_API_BASE."
        }
    };
    Finding::wrong(CYCLR, format!("Cyclr did not answer as it should: {error}."), advice)
}

fn judge_domain(answers: Result<(), &'static str>, same: bool) -> Finding {
    match answers {
        Err(why) => {
            let found = format!("CYCLR_SERVICE_DOMAIN does not answer from here ({why}).");
            let advice = "People are sent there to sign in. Check its spelling in the Cyclr console, and its DNS entry; if only this machine cannot reach it, this can stay.";
            Finding::attention(DOMAIN, found, advice)
        }
        Ok(()) if same => {
            let found = "CYCLR_SERVICE_DOMAIN answers, but is the API's own host.";
            let advice = "Give the host that browsers see, like https://acme-h.cyclr.com.";
            Finding::attention(DOMAIN, found, advice)
        }
        Ok(()) => Finding::ok(DOMAIN, "CYCLR_SERVICE_DOMAIN answers."),
    }
}
