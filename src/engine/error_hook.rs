//! Where Cyclr tells of failed runs: an address for each account that nobody can guess, and what is made of
//! what comes there. Cyclr signs nothing, so whatever is told is a reason to look and nothing more.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use super::{Engine, Error};
use crate::ids::{AccountId, CycleId};
use crate::onboarding::{Command, HeardError};
use crate::secret::{MacKey, TAG, digest};

/// In the journal, for what Cyclr has told.
const ACTOR: &str = "cyclr";
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
        let tag = URL_SAFE_NO_PAD.encode(self.key.tag(&[account.as_str().as_bytes()]));
        let base = self.base.as_str().trim_end_matches('/');
        format!("{base}/hooks/cyclr/{account}/{tag}")
    }

    /// The account that an address of ours is for.
    pub fn read(&self, account: &str, tag: &str) -> Option<AccountId> {
        let account = AccountId::parse(account.to_owned()).ok()?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        self.key.verify(&[account.as_str().as_bytes()], &tag).then_some(account)
    }

    /// Whether the account is to be given our address where it has this one, which is empty for none. One that
    /// we have set under another base or with another key is replaced; somebody else's is not.
    pub(super) fn is_to_set(&self, account: &AccountId, present: &str) -> bool {
        present.is_empty() || (present != self.address(account) && is_of_ours(account, present))
    }
}

fn is_of_ours(account: &AccountId, address: &str) -> bool {
    let Ok(address) = Url::parse(address) else { return false };
    let mut segments = address.path_segments().into_iter().flatten().rev();
    let tag = segments.next().and_then(|tag| URL_SAFE_NO_PAD.decode(tag).ok());
    tag.is_some_and(|tag| tag.len() == TAG)
        && segments.next() == Some(account.as_str())
        && segments.next() == Some("cyclr")
        && segments.next() == Some("hooks")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::MasterKey;

    fn hook(base: &str, letter: &str, other: Option<&str>) -> ErrorHook {
        let key = |letter: &str| MasterKey::from_text(&letter.repeat(40)).unwrap();
        let master = key(letter);
        let master = match other {
            Some(other) => master.beside(&key(other)),
            None => master,
        };
        ErrorHook::new(base.parse().unwrap(), master.derive("cyclr errors"))
    }

    fn ends(address: &str) -> (&str, &str) {
        let (start, tag) = address.rsplit_once('/').unwrap();
        (start.rsplit_once('/').unwrap().1, tag)
    }

    #[test]
    fn addresses_of_either_key_are_taken_and_made_with_the_newest() {
        let acme = AccountId::parse("acme".to_owned()).unwrap();
        let old = hook("https://go.example.com/", "a", None);
        let both = hook("https://go.example.com/", "b", Some("a"));
        let address = old.address(&acme);
        let (account, tag) = ends(&address);
        assert_eq!(both.read(account, tag), Some(acme.clone()));
        assert_eq!(both.read("acme2", tag), None);
        assert_eq!(hook("https://go.example.com/", "b", None).read(account, tag), None);
        assert_ne!(both.address(&acme), old.address(&acme));
        assert!(both.is_to_set(&acme, &old.address(&acme)));
    }

    #[test]
    fn only_what_was_set_by_us_is_replaced() {
        let acme = AccountId::parse("acme".to_owned()).unwrap();
        let hook = hook("https://go.example.com/sub", "a", None);
        let ours = hook.address(&acme);
        let (_, tag) = ends(&ours);
        assert!(!hook.is_to_set(&acme, &ours));
        assert!(hook.is_to_set(&acme, ""));
        for (present, is_to_set) in [
            (format!("https://old.example.com/hooks/cyclr/acme/{tag}"), true),
            (format!("https://old.example.com/x/y/hooks/cyclr/acme/{tag}"), true),
            (format!("https://old.example.com/hooks/cyclr/other/{tag}"), false),
            ("https://old.example.com/hooks/cyclr/acme/short".to_owned(), false),
            (format!("https://old.example.com/acme/{tag}"), false),
            ("https://pager.example.com/cyclr".to_owned(), false),
            ("no address".to_owned(), false),
        ] {
            assert_eq!(hook.is_to_set(&acme, &present), is_to_set, "{present}");
        }
    }
}
