//! Things that must not be seen: texts that do not print, and keyed proofs made from one secret.

use std::fmt;

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Aead as _, Payload};
use hmac::{Hmac, KeyInit, Mac};
pub use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Text without a `Debug` that shows it. `SecretString` wipes itself when dropped.
pub type Secret = SecretString;

/// The deployment's own secret, from which one key per purpose is derived.
///
/// Nothing is signed with it directly: a proof made for one purpose is worthless for another.
#[derive(Clone)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// Fewest characters that [`MasterKey::from_text`] takes.
    pub const LEAST_CHARACTERS: usize = 32;

    /// `None` for a text too short to hold 128 bits of randomness.
    pub fn from_text(text: &str) -> Option<Self> {
        (text.trim().len() >= Self::LEAST_CHARACTERS)
            .then(|| Self(Sha256::digest(text.trim().as_bytes()).into()))
    }

    pub fn derive(&self, purpose: &'static str) -> MacKey {
        MacKey(mac(&self.0, &[b"derive", purpose.as_bytes()]))
    }

    pub fn derive_seal(&self, purpose: &'static str) -> SealKey {
        SealKey(mac(&self.0, &[b"seal", purpose.as_bytes()]))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(hidden)")
    }
}

/// A key for one purpose. Makes and checks HMAC-SHA-256 tags.
#[derive(Clone)]
pub struct MacKey([u8; 32]);

impl MacKey {
    /// The tag over all parts. Parts are framed by their length, so `["ab", "c"]` is not `["a", "bc"]`.
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.0, parts)
    }

    /// Compares in constant time. A tag of another length is simply wrong.
    pub fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.tag(parts).ct_eq(tag).into()
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(hidden)")
    }
}

/// A key under which secrets are kept (XChaCha20-Poly1305).
#[derive(Clone)]
pub struct SealKey([u8; 32]);

/// Bytes that name the key, so that another one can take over some day.
const KEY_NAME: usize = 4;
const NONCE: usize = 24;

impl SealKey {
    /// What only this key opens, and only together with `bound_to`: a sealed text that is copied to
    /// another row is worth nothing there.
    pub fn seal(&self, plain: &[u8], bound_to: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload { msg: plain, aad: bound_to };
        // Fails for texts of many gigabytes only; nothing opens what comes of it then.
        let sealed = self.cipher().encrypt(&nonce.into(), payload).unwrap_or_default();
        [&self.name()[..], &nonce, &sealed].concat()
    }

    /// `None` for what this key did not seal, or not for this.
    pub fn open(&self, sealed: &[u8], bound_to: &[u8]) -> Option<Vec<u8>> {
        let (name, sealed) = sealed.split_at_checked(KEY_NAME)?;
        let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let payload = Payload { msg: sealed, aad: bound_to };
        (name == self.name()).then(|| self.cipher().decrypt(&nonce.into(), payload).ok())?
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }

    fn name(&self) -> [u8; KEY_NAME] {
        let [a, b, c, d, ..] = mac(&self.0, &[b"name"]);
        [a, b, c, d]
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(hidden)")
    }
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC pads a short key with zeros to its block itself; done here, making it cannot fail.
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// 256 random bits, spelled for a URL or a header. For keys, attempts and sessions.
pub fn random_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// What is kept of a random token. Without salt: 256 random bits cannot be guessed from a hash.
pub fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Argon2id as OWASP asks for it: 19 MiB, two rounds, one lane. A tenth of a second or less of one core, so
/// it is done on a thread that may be busy.
fn argon2() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// What is kept of a password. `None` when there is not enough memory for it.
pub fn hash_password(password: &Secret) -> Option<Secret> {
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>()).ok()?;
    let hash = argon2().hash_password(password.expose_secret().as_bytes(), &salt).ok()?;
    Some(Secret::from(hash.to_string()))
}

/// Whether it is the password that the hash was made of. With no hash it takes as long and is wrong: how
/// long an answer takes does not tell who is known here.
pub fn is_password(password: &Secret, hash: Option<&Secret>) -> bool {
    let password = password.expose_secret().as_bytes();
    let known = hash.map(ExposeSecret::expose_secret);
    if let Some(hash) = known.and_then(|hash| PasswordHash::new(hash).ok()) {
        return argon2().verify_password(password, &hash).is_ok();
    }
    let _ = argon2().hash_password_into(password, &[0; 16], &mut [0; 32]);
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_bound_to_its_purpose_its_key_and_its_parts() {
        let master = MasterKey::from_text(&"k".repeat(32)).unwrap();
        let links = master.derive("link");
        let tag = links.tag(&[b"ab", b"c"]);
        assert!(links.verify(&[b"ab", b"c"], &tag));
        assert!(!links.verify(&[b"a", b"bc"], &tag));
        assert!(!links.verify(&[b"ab", b"c"], &tag[..16]));
        assert!(!master.derive("visit").verify(&[b"ab", b"c"], &tag));
        let other = MasterKey::from_text(&"j".repeat(32)).unwrap();
        assert!(!other.derive("link").verify(&[b"ab", b"c"], &tag));
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_and_for_its_row_only() {
        let master = MasterKey::from_text(&"k".repeat(32)).unwrap();
        let key = master.derive_seal("webhooks");
        let sealed = key.seal(b"canary", b"row 1");
        assert_eq!(key.open(&sealed, b"row 1").as_deref(), Some(&b"canary"[..]));
        assert_eq!(key.open(&sealed, b"row 2"), None);
        assert_eq!(master.derive_seal("answers").open(&sealed, b"row 1"), None);
        assert_ne!(key.seal(b"canary", b"row 1"), sealed, "the nonce is fresh");
        for place in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[place] ^= 1;
            assert_eq!(key.open(&bent, b"row 1"), None, "{place}");
            assert_eq!(key.open(&sealed[..place], b"row 1"), None, "{place}");
        }
        assert!(!sealed.windows(6).any(|six| six == b"canary"));
        assert_eq!(format!("{key:?}"), "SealKey(hidden)");
    }

    #[test]
    fn a_weak_secret_is_no_key_and_a_key_does_not_print() {
        assert!(MasterKey::from_text("short").is_none());
        let master = MasterKey::from_text(&"k".repeat(32)).unwrap();
        assert_eq!(
            format!("{master:?} {:?}", master.derive("x")),
            "MasterKey(hidden) MacKey(hidden)"
        );
    }

    #[test]
    fn a_password_is_known_by_its_hash_and_no_two_hashes_are_alike() {
        let password = Secret::from("correct horse battery");
        let (one, two) = (hash_password(&password).unwrap(), hash_password(&password).unwrap());
        assert_ne!(one.expose_secret(), two.expose_secret());
        assert!(one.expose_secret().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(is_password(&password, Some(&one)) && is_password(&password, Some(&two)));
        assert!(!is_password(&Secret::from("correct horse batteri"), Some(&one)));
        assert!(!is_password(&password, Some(&Secret::from("nonsense"))));
        assert!(!is_password(&password, None));
    }
}
