//! What authenticates a connection, on its way through.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::onboarding::AuthKind;
use crate::secret::{ExposeSecret as _, Secret};

/// What a person typed to authenticate a connection. Goes to Cyclr and nowhere else.
#[derive(Debug)]
pub enum Credential {
    ApiKey(Secret),
    Basic { user_name: String, password: Secret },
}

/// All that a person entered for a connection.
#[derive(Debug, Default)]
pub struct ConnectionDetails {
    /// Which of several ways it is for, by Cyclr's id.
    pub way: Option<String>,
    /// By Cyclr's names.
    pub inputs: Vec<(String, Secret)>,
    pub credential: Option<Credential>,
}

impl From<Credential> for ConnectionDetails {
    fn from(credential: Credential) -> Self {
        Self { credential: Some(credential), ..Self::default() }
    }
}

impl Credential {
    pub(super) fn kind(&self) -> AuthKind {
        match self {
            Self::ApiKey(_) => AuthKind::ApiKey,
            Self::Basic { .. } => AuthKind::Basic,
        }
    }

    /// As Cyclr takes it (DOC).
    pub(super) fn auth_value(&self) -> Secret {
        match self {
            Self::ApiKey(key) => key.clone(),
            Self::Basic { user_name, password } => {
                let pair = format!("{user_name}:{}", password.expose_secret());
                Secret::from(STANDARD.encode(pair))
            }
        }
    }
}
