//! How a connection is authenticated, and what that asks of a person.

use serde::{Deserialize, Serialize};

/// A way to authenticate an account connector, as far as Gangway can carry it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthKind {
    /// A person signs in at the provider, in a browser.
    OAuth,
    /// OAuth without a person: Cyclr fetches the token by itself once it is told to.
    OAuthUnattended,
    ApiKey,
    Basic,
    /// Several fields of the connector's own, and nothing else.
    Fields,
    /// Nothing to authenticate.
    Open,
}

/// One input of the form that asks a person for a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialField {
    pub name: &'static str,
    /// Names its label among the words of the hosted pages.
    pub label: &'static str,
    /// Shown masked and never filled in again.
    pub secret: bool,
}

impl AuthKind {
    pub const ALL: [Self; 6] =
        [Self::OAuth, Self::OAuthUnattended, Self::ApiKey, Self::Basic, Self::Fields, Self::Open];

    pub const fn name(self) -> &'static str {
        match self {
            Self::OAuth => "oauth",
            Self::OAuthUnattended => "oauth_unattended",
            Self::ApiKey => "api_key",
            Self::Basic => "basic",
            Self::Fields => "fields",
            Self::Open => "open",
        }
    }

    /// Whether somebody has to do something before the connection can be made.
    pub const fn needs_person(self) -> bool {
        match self {
            Self::OAuth | Self::ApiKey | Self::Basic | Self::Fields => true,
            Self::OAuthUnattended | Self::Open => false,
        }
    }

    /// The inputs of the credential form; empty where a form is not the way.
    pub const fn fields(self) -> &'static [CredentialField] {
        match self {
            Self::ApiKey => {
                &[CredentialField { name: "api_key", label: "field-api-key", secret: true }]
            }
            Self::Basic => &[
                CredentialField { name: "user_name", label: "field-user-name", secret: false },
                CredentialField { name: "password", label: "field-password", secret: true },
            ],
            Self::OAuth | Self::OAuthUnattended | Self::Fields | Self::Open => &[],
        }
    }
}
