//! The address at which a tenant signs in to a connector.

use url::Url;

use super::accounts::SignInToken;
use crate::ids::ConnectorId;
use crate::secret::{ExposeSecret, Secret};

const PAGE: &str = "/connectorauth/updateaccountconnectoroauth";

/// Every value is percent-encoded: a token may hold `+`, `/` and `=`, and the target has a query
/// of its own, perhaps (DOC; one page of the documents shows it unencoded, which cannot work).
pub(super) fn sign_in_page(
    service_domain: &Url,
    connector: ConnectorId,
    token: &SignInToken,
    target_origin: &Url,
) -> Secret {
    let mut page = service_domain.clone();
    page.set_path(PAGE);
    page.query_pairs_mut()
        .append_pair("id", &connector.to_string())
        .append_pair("token", token.value().expose_secret())
        .append_pair("targetOrigin", target_origin.as_str());
    Secret::from(String::from(page))
}
