//! Whether the secret key is one that nobody guesses.

use std::collections::BTreeSet;

use super::Finding;
use crate::config::Parts;
use crate::secret::ExposeSecret as _;

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
    let text = text.expose_secret().trim();
    let different: BTreeSet<_> = text.chars().collect();
    let example = text.to_ascii_lowercase().contains("replace");
    if example || different.len() < FEWEST_DIFFERENT {
        let found =
            "The secret key is an example or easy to guess: whoever knows it can make links.";
        return vec![Finding::attention(CHECK, found, NEW)];
    }
    let found = format!("The secret key can be read and has {} characters.", text.chars().count());
    vec![Finding::ok(CHECK, found)]
}
