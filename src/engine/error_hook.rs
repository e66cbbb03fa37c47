//! Where Cyclr tells of failed runs: an address for each account that nobody can guess, and what is made of
//! what comes there. Cyclr signs nothing, so whatever is told is a reason to look and nothing more.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use super::{Engine, Error};
use crate::ids::{AccountId, CycleId};
use crate::onboarding::{Command, HeardError};
use crate::secret::{MacKey, digest};

/// In the journal, for what Cyclr has told.
const ACTOR: &str = "cyclr";
/// Bytes of a tag that stand in the address: 128 bits.
const TAG: usize = 16;
/// Longest message that is kept, in characters.
const LONGEST: usize = 200;

/// Makes and checks the addresses. They are derived and stand nowhere.
#[derive(Debug, Clone)]
pub struct ErrorHook {
    base: Url,
    key: MacKey,
}

/// A failed run, as Cyclr tells of it.
#[derive(Debug, Clone)]
pub struct ToldError {
    pub cycle: CycleId,
    /// What of it tells one failure from another.
    pub transaction: String,
    pub step: String,
    pub message: String,
}

impl ErrorHook {
    /// `base` is where browsers reach Gangway: Cyclr has no other way in.
    pub fn new(base: Url, key: MacKey) -> Self {
        Self { base, key }
    }

    /// For the account's settings at Cyclr.
    pub(super) fn address(&self, account: &AccountId) -> String {
        let tag = URL_SAFE_NO_PAD.encode(&self.key.tag(&[account.as_str().as_bytes()])[..TAG]);
        let base = self.base.as_str().trim_end_matches('/');
        format!("{base}/hooks/cyclr/{account}/{tag}")
    }

    /// The account that an address of ours is for.
    pub fn read(&self, account: &str, tag: &str) -> Option<AccountId> {
        let account = AccountId::parse(account.to_owned()).ok()?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok().filter(|tag| tag.len() == TAG)?;
        let expected = self.key.tag(&[account.as_str().as_bytes()]);
        let is_genuine: bool = subtle::ConstantTimeEq::ct_eq(&expected[..TAG], &tag[..]).into();
        is_genuine.then_some(account)
    }
}

impl Engine {
    pub fn error_hook(&self) -> &ErrorHook {
        &self.0.settings.error_hook
    }

    /// Has a look at what Cyclr told of. What is known, or about nothing of ours, changes nothing.
    pub async fn hear_of_error(&self, account: &AccountId, told: &ToldError) -> Result<(), Error> {
        let Some(id) = self.store().find_live_by_cycle(account, told.cycle).await? else {
            return Ok(());
        };
        let named = format!("{} {} {}", told.transaction, told.step, told.message);
        let [a, b, c, d, ..] = digest(&named)[..] else { return Ok(()) };
        let message = told.message.chars().map(|c| if c.is_control() { ' ' } else { c });
        let error = HeardError {
            key: format!("{a:02x}{b:02x}{c:02x}{d:02x}"),
            at: self.clock().now(),
            message: message.take(LONGEST).collect(),
            looked: false,
        };
        let command = Command::HearOfError { cycle: told.cycle, error };
        match self.order(id, command, ACTOR).await {
            Ok(_) | Err(Error::Invalid(_) | Error::Unknown) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
