//! Whether the secret keys are ones that nobody guesses.

use std::collections::BTreeSet;

use super::Finding;
use crate::config::Parts;
use crate::secret::{ExposeSecret as _, Secret};

const CHECK: &str = "keys";
/// Fewer different characters than these are no output of a random generator of this length.
const FEWEST_DIFFERENT: usize = 12;
const NEW: &str = "Make one, for instance by: openssl rand -base64 32";

pub(super) fn judge(parts: &Parts) -> Vec<Finding> {
    let Some(text) = &parts.secret_text else {
        return vec![Finding::wrong(CHECK, "GANGWAY_SECRET_KEY is not set.", NEW)];
    };
    if parts.master_key.is_none() {
        return vec![Finding::wrong(CHECK, "The secret key cannot be used.", NEW)];
    }
    let other = parts.other_secret_text.as_ref();
    let keys = [("The secret key", Some(text)), ("The other secret key", other)];
    keys.into_iter().filter_map(|(name, text)| Some(judge_one(name, text?))).collect()
}

fn judge_one(name: &str, text: &Secret) -> Finding {
    let text = text.expose_secret().trim();
    let different: BTreeSet<_> = text.chars().collect();
    let example = text.to_ascii_lowercase().contains("replace");
    if example || different.len() < FEWEST_DIFFERENT {
        let found =
            format!("{name} is an example or easy to guess: whoever knows it can make links.");
        return Finding::attention(CHECK, found, NEW);
    }
    Finding::ok(CHECK, format!("{name} can be read and has {} characters.", text.chars().count()))
}
