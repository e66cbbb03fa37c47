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

/// One key, and perhaps a second one that is good beside it while one takes over from the other.
#[derive(Clone, Copy)]
struct Keys {
    /// Makes whatever is made.
    newest: [u8; 32],
    other: Option<[u8; 32]>,
}

impl Keys {
    fn map(self, derive: impl Fn(&[u8; 32]) -> [u8; 32]) -> Self {
        Self { newest: derive(&self.newest), other: self.other.as_ref().map(derive) }
    }

    fn each(&self) -> impl Iterator<Item = &[u8; 32]> {
        std::iter::once(&self.newest).chain(&self.other)
    }
}

/// The deployment's own secret, from which one key per purpose is derived.
///
/// Nothing is signed with it directly: a proof made for one purpose is worthless for another. Whatever is
/// derived from one with another beside it makes with the first and takes both.
#[derive(Clone)]
pub struct MasterKey(Keys);

impl MasterKey {
    /// Fewest characters that [`MasterKey::from_text`] takes.
    pub const LEAST_CHARACTERS: usize = 32;

    /// `None` for a text too short to hold 128 bits of randomness.
    pub fn from_text(text: &str) -> Option<Self> {
        (text.trim().len() >= Self::LEAST_CHARACTERS).then(|| {
            let newest = Sha256::digest(text.trim().as_bytes()).into();
            Self(Keys { newest, other: None })
        })
    }

    /// The same, taking what the other has made as well.
    #[must_use]
    pub fn beside(self, other: &Self) -> Self {
        Self(Keys { other: Some(other.0.newest), ..self.0 })
    }

    /// Whether both are one key.
    pub fn is(&self, other: &Self) -> bool {
        self.0.newest.ct_eq(&other.0.newest).into()
    }

    pub fn derive(&self, purpose: &'static str) -> MacKey {
        MacKey(self.0.map(|key| mac(key, &[b"derive", purpose.as_bytes()])))
    }

    pub fn derive_seal(&self, purpose: &'static str) -> SealKey {
        SealKey(self.0.map(|key| mac(key, &[b"seal", purpose.as_bytes()])))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(hidden)")
    }
}

/// A key for one purpose. Makes and checks the first half of HMAC-SHA-256 tags.
#[derive(Clone)]
pub struct MacKey(Keys);

/// Bytes of a tag: 128 bits.
pub const TAG: usize = 16;

impl MacKey {
    /// The tag over all parts. Parts are framed by their length, so `["ab", "c"]` is not `["a", "bc"]`.
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; TAG] {
        short_mac(&self.0.newest, parts)
    }

    /// Compares in constant time. A tag of another length is simply wrong.
    pub fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.0.each().any(|key| short_mac(key, parts).ct_eq(tag).into())
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(hidden)")
    }
}

fn short_mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; TAG] {
    let whole = mac(key, parts);
    std::array::from_fn(|place| whole[place])
}

/// A key under which secrets are kept (XChaCha20-Poly1305).
#[derive(Clone)]
pub struct SealKey(Keys);

/// Bytes that name the key, so that another one can take over.
const KEY_NAME: usize = 4;
const NONCE: usize = 24;

/// What a sealed text needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reseal {
    /// The newest key has sealed it.
    Fresh,
    /// Sealed with the other one; this is the same under the newest.
    Stale(Vec<u8>),
    /// None of our keys opens it, or not for this place.
    Foreign,
}

impl SealKey {
    /// What only this key opens, and only together with `bound_to`: a sealed text that is copied to
    /// another row is worth nothing there.
    pub fn seal(&self, plain: &[u8], bound_to: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload { msg: plain, aad: bound_to };
        let key = &self.0.newest;
        // Fails for texts of many gigabytes only; nothing opens what comes of it then.
        let sealed = cipher(key).encrypt(&nonce.into(), payload).unwrap_or_default();
        [&key_name(key)[..], &nonce, &sealed].concat()
    }

    /// `None` for what neither key sealed, or not for this.
    pub fn open(&self, sealed: &[u8], bound_to: &[u8]) -> Option<Vec<u8>> {
        self.0.each().find_map(|key| open_with(key, sealed, bound_to))
    }

    /// For whoever brings what is kept under the newest key.
    pub fn reseal(&self, sealed: &[u8], bound_to: &[u8]) -> Reseal {
        if open_with(&self.0.newest, sealed, bound_to).is_some() {
            return Reseal::Fresh;
        }
        match self.open(sealed, bound_to) {
            Some(plain) => Reseal::Stale(self.seal(&plain, bound_to)),
            None => Reseal::Foreign,
        }
    }
}

fn open_with(key: &[u8; 32], sealed: &[u8], bound_to: &[u8]) -> Option<Vec<u8>> {
    let (name, sealed) = sealed.split_at_checked(KEY_NAME)?;
    let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
    let nonce: [u8; NONCE] = nonce.try_into().ok()?;
    let payload = Payload { msg: sealed, aad: bound_to };
    (name == key_name(key)).then(|| cipher(key).decrypt(&nonce.into(), payload).ok())?
}

fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.into())
}

fn key_name(key: &[u8; 32]) -> [u8; KEY_NAME] {
    let [a, b, c, d, ..] = mac(key, &[b"name"]);
    [a, b, c, d]
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
        assert!(!links.verify(&[b"ab", b"c"], &tag[..8]));
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
    fn one_key_takes_over_from_another() {
        let [old, new] = ["o", "n"].map(|letter| MasterKey::from_text(&letter.repeat(32)).unwrap());
        let both = new.clone().beside(&old);
        assert!(old.is(&old) && !old.is(&new) && both.is(&new));
        let parts: &[&[u8]] = &[b"part"];
        let by_old = old.derive("link").tag(parts);
        assert!(both.derive("link").verify(parts, &by_old));
        assert!(!both.derive("visit").verify(parts, &by_old));
        assert!(!new.derive("link").verify(parts, &by_old));
        assert_eq!(both.derive("link").tag(parts), new.derive("link").tag(parts));

        let [old, new, both] = [old, new, both].map(|master| master.derive_seal("webhooks"));
        let by_old = old.seal(b"canary", b"row 1");
        assert_eq!(both.open(&by_old, b"row 1").as_deref(), Some(&b"canary"[..]));
        assert_eq!(both.open(&by_old, b"row 2"), None);
        assert_eq!(both.reseal(&by_old, b"row 2"), Reseal::Foreign);
        assert_eq!(new.reseal(&by_old, b"row 1"), Reseal::Foreign);
        let Reseal::Stale(by_new) = both.reseal(&by_old, b"row 1") else {
            panic!("the other key has sealed it");
        };
        assert_eq!(new.open(&by_new, b"row 1").as_deref(), Some(&b"canary"[..]));
        assert_eq!(old.open(&by_new, b"row 1"), None);
        assert_eq!(both.reseal(&by_new, b"row 1"), Reseal::Fresh);
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
