//! The address at which a tenant signs in to a connector.

use url::Url;

use super::accounts::SignInToken;
use crate::ids::ConnectorId;
use crate::secret::{ExposeSecret, Secret};

const PAGE: &str = "/connectorauth/updateaccountconnectoroauth";

/// How the browser learns that the sign-in is over (DOC). Neither proves anything.
#[derive(Debug, Clone)]
pub enum WayBack {
    /// It is sent to this address.
    Redirect(Url),
    /// The window that opened it is sent a message, if it is of this origin.
    Message { origin: Url, message: Secret },
}

/// Every value is percent-encoded: a token may hold `+`, `/` and `=`, and the target has a query
/// of its own, perhaps (DOC; one page of the documents shows it unencoded, which cannot work).
pub(super) fn sign_in_page(
    service_domain: &Url,
    connector: ConnectorId,
    token: &SignInToken,
    way_back: &WayBack,
) -> Secret {
    let mut page = service_domain.clone();
    page.set_path(PAGE);
    let mut query = page.query_pairs_mut();
    query
        .append_pair("id", &connector.to_string())
        .append_pair("token", token.value().expose_secret());
    match way_back {
        WayBack::Redirect(address) => query.append_pair("targetOrigin", address.as_str()),
        WayBack::Message { origin, message } => query
            .append_pair("targetOrigin", &origin.origin().ascii_serialization())
            .append_pair("callbackMessage", message.expose_secret()),
    };
    drop(query);
    Secret::from(String::from(page))
}
