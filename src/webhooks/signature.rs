//! Signatures as Standard Webhooks 1.0 has them: version 1, HMAC-SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of a secret of ours.
pub(super) const SECRET: usize = 32;

/// The header `webhook-signature`: one signature for each secret that is good, newest first.
pub fn sign(secrets: &[[u8; SECRET]], id: &str, timestamp: i64, body: &str) -> String {
    let signatures = secrets.iter().map(|secret| {
        // HMAC pads a short key with zeros to its block itself; done here, making it cannot fail.
        let mut block = [0; 64];
        block[..SECRET].copy_from_slice(secret);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
        for part in [id, ".", &timestamp.to_string(), ".", body] {
            mac.update(part.as_bytes());
        }
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    });
    signatures.collect::<Vec<_>>().join(" ")
}

/// How a secret is shown to whoever must check with it.
pub fn spell_secret(secret: &[u8; SECRET]) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}
