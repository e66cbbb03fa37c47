//! Names of things. A raw `Uuid`, `i64` or `String` that names something does not cross a room.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A newtype around an id that is compared, printed and stored, and nothing else.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// One tenant on its way through one blueprint (`UUIDv7`, so ids sort by age).
    OnboardingId(Uuid)
);
id!(
    /// One API key of the integrator. The key's secret is not its id.
    ApiKeyId(Uuid)
);
id!(
    /// Somebody who uses the console.
    StaffId(Uuid)
);
id!(
    /// One browser that somebody has signed in with. What opens the door is a token, not this.
    StaffSessionId(Uuid)
);
id!(
    /// A list of onboardings that somebody in the console has given a name.
    ViewId(Uuid)
);
id!(
    /// One order to many onboardings.
    BulkOrderId(Uuid)
);
id!(
    /// An address at which the integrator wants to be told of changes.
    EndpointId(Uuid)
);
id!(
    /// A Cyclr template, as published in the integrator's Cyclr console.
    TemplateId(Uuid)
);
id!(
    /// A Cyclr cycle: a template installed in one account.
    CycleId(Uuid)
);
id!(
    /// A step inside a Cyclr cycle. Not to be confused with a step of an onboarding.
    CycleStepId(Uuid)
);
id!(
    /// A Cyclr *account* connector: a connector as installed in one account (`AccountConnectorId`).
    ConnectorId(i64)
);

/// A text that was checked once and is trusted from there on.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $check:expr, $rule:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What the text must look like, in words for the person who sent it.
            pub const RULE: &'static str = $rule;

            /// Fails with [`Malformed`] unless the text keeps to [`Self::RULE`].
            pub fn parse(text: impl Into<String>) -> Result<Self, Malformed> {
                let text = text.into();
                let check: fn(&str) -> bool = $check;
                if check(&text) { Ok(Self(text)) } else { Err(Malformed { rule: Self::RULE }) }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = Malformed;
            fn try_from(text: String) -> Result<Self, Malformed> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_text!(
    /// The integrator's own name for its customer. Free text within bounds: it is theirs.
    TenantId,
    |text| (1..=128).contains(&text.chars().count())
        && text.trim() == text
        && !text.chars().any(char::is_control),
    "1 to 128 characters, no control characters, no blank at either end"
);
checked_text!(
    /// A Cyclr account's API ID. Alphabet and length as far as they are known to be safe
    /// (Cyclr documents neither; see the room `cyclr`).
    AccountId,
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
        && text != "." && text != "..",
    "1 to 64 of letters, digits, '.', '-' and '_'; not '.' or '..'"
);
checked_text!(
    /// A blueprint's name across its versions.
    BlueprintKey,
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b)),
    "1 to 64 of lower-case letters, digits, '-' and '_'"
);
checked_text!(
    /// An uploaded image, named by its content.
    LogoId,
    |text| text.len() == 64
        && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)),
    "the 64 digits that the upload answered with"
);
checked_text!(
    /// The short code on every page and message of an onboarding, like `GW-7K3F-92QD`.
    Reference,
    |text| {
        let bytes = text.as_bytes();
        bytes.len() == 12
            && text.starts_with("GW-")
            && bytes[7] == b'-'
            && bytes[3..7].iter().chain(&bytes[8..]).all(|b| REFERENCE_ALPHABET.contains(b))
    },
    "'GW-', four characters, '-', four characters"
);

/// Crockford's base 32: no I, L, O or U, so that a code survives being read out on the phone.
const REFERENCE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl Reference {
    /// Spells 40 random bits. The caller brings the randomness and handles the rare clash.
    pub fn spell(bits: u64) -> Self {
        let letters: String = (0..8)
            .map(|i| char::from(REFERENCE_ALPHABET[((bits >> (5 * i)) & 31) as usize]))
            .collect();
        Self(format!("GW-{}-{}", &letters[..4], &letters[4..]))
    }
}

/// The text breaks the rule it is held to. The text itself is not repeated: it came from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be {rule}")]
pub struct Malformed {
    pub rule: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_id_is_free_text_within_bounds() {
        for good in ["acme", "Ärzte & Söhne #7", "a/b?c", &"x".repeat(128)] {
            assert!(TenantId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", " acme", "acme\n", "a\u{0}b", "a\u{1b}[31m", &"x".repeat(129)] {
            assert!(TenantId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_reference_reads_back_what_it_spells() {
        for bits in [0, 1, 0xFF_FFFF_FFFF, 0x12_3456_789A, u64::MAX] {
            let spelled = Reference::spell(bits);
            assert_eq!(Reference::parse(spelled.as_str()), Ok(spelled));
        }
        assert!(Reference::parse("GW-ILOU-0000").is_err());
        assert!(Reference::parse("GW-éé-ééé-é").is_err());
    }
}
