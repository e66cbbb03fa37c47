//! Accounts, and the token with which a person enters one.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize};

use super::client::Partner;
use super::error::Error;
use super::lenient::{Lacking, Reply, Scalar};
use super::session::Verb;
use crate::ids::AccountId;
use crate::secret::Secret;

/// How long a sign-in token lives (DOC), for a reply that does not say it legibly.
const SIGN_IN_MINUTES: i64 = 5;

/// An account to be made. The id is ours, so that a second attempt finds the first.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewAccount {
    pub id: AccountId,
    /// Required by Cyclr (OBS).
    pub name: String,
    pub description: String,
    /// An IANA name; what Cyclr does with an unknown one is UNK.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Free text (DOC), good for a mark of ownership.
    pub audit_info: String,
    /// Where Cyclr tells of failed runs (DOC). Both go together: enabled without an address is refused (OBS).
    #[serde(rename = "TransactionErrorWebhookUrl", skip_serializing_if = "Option::is_none")]
    pub error_webhook: Option<String>,
    #[serde(rename = "TransactionErrorWebhookEnabled", skip_serializing_if = "std::ops::Not::not")]
    pub tells_errors: bool,
}

/// An account as Cyclr has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRecord {
    pub id: String,
    pub name: String,
    pub audit_info: Option<String>,
    /// Where it tells of failed runs (OBS); empty for nowhere, `None` where Cyclr does not show it.
    pub error_webhook: Option<String>,
}

/// Opens one sign-in page, or a session in the account: a login, good once, for five minutes (DOC).
#[derive(Debug)]
pub struct SignInToken {
    value: Secret,
    pub expires_at: DateTime<Utc>,
}

impl SignInToken {
    pub(super) fn value(&self) -> &Secret {
        &self.value
    }
}

#[derive(Deserialize)]
pub(super) struct AccountWire {
    #[serde(default)]
    id: Scalar,
    #[serde(default)]
    name: Scalar,
    #[serde(default, rename = "auditinfo")]
    audit_info: Scalar,
    #[serde(default, rename = "transactionerrorwebhookurl", deserialize_with = "shown")]
    error_webhook: Option<Scalar>,
}

/// Tells a null from what is not there at all.
fn shown<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Scalar>, D::Error> {
    Scalar::deserialize(deserializer).map(Some)
}

impl Reply for AccountRecord {
    type Wire = AccountWire;

    fn read(wire: AccountWire) -> Result<Self, Lacking> {
        let id = wire.id.into_text().filter(|id| !id.is_empty());
        Ok(Self {
            id: id.ok_or(Lacking("the account has no Id"))?,
            name: wire.name.into_text().unwrap_or_default(),
            audit_info: wire.audit_info.into_text(),
            error_webhook: wire.error_webhook.map(|shown| shown.into_text().unwrap_or_default()),
        })
    }
}

pub(super) struct Minted {
    token: String,
    expires_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
pub(super) struct MintedWire {
    #[serde(default)]
    token: Scalar,
    #[serde(default, rename = "expiresatutc")]
    expires_at: Scalar,
}

impl Reply for Minted {
    type Wire = MintedWire;

    fn read(wire: MintedWire) -> Result<Self, Lacking> {
        let token = wire.token.into_text().filter(|token| !token.is_empty());
        Ok(Self {
            token: token.ok_or(Lacking("it has no Token"))?,
            expires_at: wire.expires_at.date(),
        })
    }
}

#[derive(Serialize)]
struct ErrorWebhook<'a> {
    #[serde(rename = "TransactionErrorWebhookUrl")]
    address: &'a str,
    #[serde(rename = "TransactionErrorWebhookEnabled")]
    is_enabled: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SignIn<'a> {
    username: &'a str,
}

impl Partner {
    /// `POST accounts` (DOC). An id that is taken is refused: see [`Error::is_id_in_use`].
    pub async fn create_account(&self, new: &NewAccount) -> Result<AccountRecord, Error> {
        let request = self.0.request("create account", Verb::Post, &["accounts"])?;
        self.0.send(request.json(new)?).await
    }

    /// `GET accounts/{id}` (OBS); `None` when Cyclr knows no such account.
    pub async fn find_account(&self, id: &AccountId) -> Result<Option<AccountRecord>, Error> {
        let path = ["accounts", id.as_str()];
        self.0.find(self.0.request("find account", Verb::Get, &path)?).await
    }

    /// `PUT accounts/{id}` (OBS): what is not named stays as it is. Both fields go together, as in
    /// [`NewAccount`].
    pub async fn set_error_webhook(&self, id: &AccountId, address: &str) -> Result<(), Error> {
        let path = ["accounts", id.as_str()];
        let request = self.0.request("set error webhook", Verb::Put, &path)?;
        let body = ErrorWebhook { address, is_enabled: true };
        self.0.send(request.json(&body)?).await
    }

    /// `DELETE accounts/{id}` (OBS). What becomes of active cycles is UNK: stop them first. One that is gone
    /// already is deleted.
    pub async fn delete_account(&self, id: &AccountId) -> Result<(), Error> {
        let path = ["accounts", id.as_str()];
        let request = self.0.request("delete account", Verb::Delete, &path)?;
        match self.0.send(request).await {
            Err(error) if error.is_missing() => Ok(()),
            outcome => outcome,
        }
    }

    /// `POST accounts/{id}/signintoken` (DOC); makes the user if need be. Not mutating for the
    /// purpose of retries: a token whose answer was lost dies by itself.
    pub async fn mint_sign_in_token(
        &self,
        account: &AccountId,
        user_name: &str,
    ) -> Result<SignInToken, Error> {
        let path = ["accounts", account.as_str(), "signintoken"];
        let request = self.0.request("mint sign-in token", Verb::Post, &path)?;
        let request = request.harmless().json(&SignIn { username: user_name })?;
        let minted: Minted = self.0.send(request).await?;
        let default = || self.0.now() + TimeDelta::minutes(SIGN_IN_MINUTES);
        Ok(SignInToken {
            value: Secret::from(minted.token),
            expires_at: minted.expires_at.unwrap_or_else(default),
        })
    }
}
