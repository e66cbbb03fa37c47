//! Under which keys secrets are kept and proofs are made, and how long things are kept.

use chrono::TimeDelta;

use super::{Mistakes, Reader};
use crate::engine::Keep;
use crate::secret::MasterKey;

/// A hundred years.
const MOST_DAYS: u64 = 36_500;

/// `GANGWAY_SECRET_KEY` and its companion, for the commands that need nothing else.
pub fn master_key() -> Result<MasterKey, Mistakes> {
    let source = |name: &str| std::env::var(name).ok();
    let mut reader = Reader { source: &source, mistakes: Vec::new() };
    let key = reader.master_key();
    let mistakes = reader.mistakes;
    key.filter(|_| mistakes.is_empty()).ok_or(Mistakes(mistakes))
}

impl Reader<'_> {
    pub(super) fn keep(&mut self) -> Option<Keep> {
        let journal = self.days("GANGWAY_KEEP_JOURNAL_DAYS", 0);
        let calls = self.days("GANGWAY_KEEP_CALLS_DAYS", 0);
        let answers = self.days("GANGWAY_KEEP_ANSWERS_DAYS", 1);
        let bulk = self.days("GANGWAY_KEEP_BULK_ORDERS_DAYS", 1);
        let for_ever = |days: TimeDelta| (days > TimeDelta::zero()).then_some(days);
        Some(Keep {
            journal: for_ever(journal?),
            calls: for_ever(calls?),
            answers: answers?,
            bulk: bulk?,
        })
    }

    fn days(&mut self, name: &str, least: u64) -> Option<TimeDelta> {
        let days = self.number(name, least, MOST_DAYS)?;
        Some(TimeDelta::days(i64::try_from(days).unwrap_or(i64::MAX)))
    }

    pub(super) fn master_key(&mut self) -> Option<MasterKey> {
        let text = self.text("GANGWAY_SECRET_KEY");
        let key = text.and_then(|text| self.one_key("GANGWAY_SECRET_KEY", &text));
        let other = self.value("GANGWAY_OTHER_SECRET_KEY").filter(|text| !text.is_empty());
        let Some(other) = other else { return key };
        let other = self.one_key("GANGWAY_OTHER_SECRET_KEY", &other)?;
        let key = key?;
        if key.is(&other) {
            self.mistake("GANGWAY_OTHER_SECRET_KEY", "another key than GANGWAY_SECRET_KEY");
            return None;
        }
        Some(key.beside(&other))
    }

    fn one_key(&mut self, name: &str, text: &str) -> Option<MasterKey> {
        let key = MasterKey::from_text(text);
        if key.is_none() {
            self.mistake(name, &format!("at least {} characters", MasterKey::LEAST_CHARACTERS));
        }
        key
    }
}
