//! Whose a Cyclr account is: the id that a tenant's account gets, and the mark that proves it ours.

use sha2::{Digest, Sha256};

use crate::ids::{AccountId, Malformed, TenantId};

/// Digits of base 32 in lower case: Cyclr may compare ids without regard to case (unknown).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Longest tenant id that is used as it stands.
const LONGEST_PLAIN: usize = 40;

/// The API ID of a tenant's account: the tenant id itself where that is surely safe, otherwise a
/// readable beginning, `_` and 130 bits of a hash. `_` never stands in a plain one, so the two forms
/// cannot meet; capitals are hashed, so that `Acme` and `acme` stay two tenants everywhere.
///
/// Fails only for a prefix that breaks [`AccountId::RULE`].
pub(super) fn account_id(prefix: &str, tenant: &TenantId) -> Result<AccountId, Malformed> {
    let text = tenant.as_str();
    let safe = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
    let room = LONGEST_PLAIN.saturating_sub(prefix.len());
    let dots = text.bytes().all(|b| b == b'.');
    if text.len() <= room && text.bytes().all(safe) && !dots {
        return AccountId::parse(format!("{prefix}{text}"));
    }
    let beginning: String = text
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .filter(|c| u8::try_from(*c).is_ok_and(safe))
        .take(room.min(20))
        .collect();
    let hash: String = Sha256::digest(text.as_bytes())
        .iter()
        .take(26)
        .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
        .collect();
    AccountId::parse(format!("{prefix}{beginning}_{hash}"))
}

/// What stands in the account's `AuditInfo`. An account without exactly this is somebody else's.
pub(super) fn mark(deployment: &str, tenant: &TenantId) -> String {
    format!("gangway:{deployment}:{tenant}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn id(tenant: &str) -> String {
        account_id("gw-", &TenantId::parse(tenant).unwrap()).unwrap().to_string()
    }

    #[test]
    fn a_plain_tenant_id_is_kept_readable() {
        assert_eq!(id("acme-42.eu"), "gw-acme-42.eu");
        assert!(id("Ärzte & Söhne").starts_with("gw-rzteshne_"));
    }

    #[test]
    fn different_tenants_never_share_an_account_whatever_cyclr_makes_of_case() {
        let long = "x".repeat(128);
        let longer_by_one = format!("{}y", "x".repeat(127));
        let tenants =
            ["acme", "Acme", "ACME", "a_cme", "a/cme", "äcme", "acme ltd", &long, &longer_by_one];
        let ids: BTreeSet<_> = tenants.iter().map(|t| id(t).to_ascii_lowercase()).collect();
        assert_eq!(ids.len(), tenants.len());
        assert!(ids.iter().all(|id| id.len() <= 64));
    }
}
