//! Passwords of local accounts: which are good enough, and holding one against its hash without keeping
//! others from being served.

use tokio::sync::Semaphore;

use crate::secret::{ExposeSecret as _, Secret, hash_password, is_password};
use crate::web::{Error, Kind};

/// What [`is_good`] asks for.
pub const RULE: &str = "12 to 200 characters, and not the e-mail address";

/// Hashes made at once: each takes a core and 19 MiB.
const AT_ONCE: usize = 2;

/// Whether it may become somebody's password. Length is what counts; it is no riddle of signs.
pub fn is_good(password: &Secret, email: &str) -> bool {
    let text = password.expose_secret();
    (12..=200).contains(&text.chars().count())
        && !text.to_lowercase().contains(&email.to_lowercase())
}

/// The place where passwords are hashed, a few at a time.
#[derive(Debug)]
pub(super) struct Hashing(Semaphore);

impl Default for Hashing {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl Hashing {
    pub(super) async fn is_password(
        &self,
        password: Secret,
        hash: Option<Secret>,
    ) -> Result<bool, Error> {
        self.apart(move || is_password(&password, hash.as_ref())).await
    }

    pub(super) async fn hash(&self, password: Secret) -> Result<Secret, Error> {
        self.apart(move || hash_password(&password)).await?.ok_or_else(too_busy)
    }

    /// On a thread that may be busy.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let _turn = self.0.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)
    }
}

fn too_busy() -> Error {
    Error::new(Kind::Unavailable, "There is not enough memory right now. Try again in a moment.")
}
