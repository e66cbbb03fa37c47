//! Links and visits: keyed proofs that are derived, shown, checked, and never kept.
//!
//! A link names an onboarding and a generation. Raising the generation in the row ends all links and
//! all visits that were made before. A leaked database opens nothing: the key is not in it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::ids::OnboardingId;
use crate::secret::{MacKey, MasterKey, SealKey, random_token};
use crate::store::IdempotencyKey;

/// Bytes of a tag that go into a token: 128 bits.
const TAG: usize = 16;

/// The keys of links, visits, forms and answers that show a secret, one per purpose.
#[derive(Debug, Clone)]
pub struct LinkKeys {
    link: MacKey,
    visit: MacKey,
    form: MacKey,
    answer: SealKey,
}

/// One browser's visit to one onboarding's pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub onboarding: OnboardingId,
    pub generation: i32,
    /// 256 random bits that name this browser session.
    pub name: String,
}

impl LinkKeys {
    pub fn new(master: &MasterKey) -> Self {
        Self {
            link: master.derive("link"),
            visit: master.derive("visit"),
            form: master.derive("form"),
            answer: master.derive_seal("answers"),
        }
    }

    /// An answer that shows a secret, as it may be kept for whoever sends the same request again.
    pub fn seal_answer(&self, answer: &str, once: &IdempotencyKey) -> String {
        URL_SAFE_NO_PAD.encode(self.answer.seal(answer.as_bytes(), &bound_to(once)))
    }

    /// `None` for what was not sealed with our key, or for another request.
    pub fn open_answer(&self, kept: &str, once: &IdempotencyKey) -> Option<String> {
        let sealed = URL_SAFE_NO_PAD.decode(kept).ok()?;
        let opened = self.answer.open(&sealed, &bound_to(once))?;
        String::from_utf8(opened).ok()
    }

    /// What stands in the link's address after `/l/`.
    pub fn link_token(&self, id: OnboardingId, generation: i32) -> String {
        let mut bytes = frame(id, generation);
        let tag = self.link.tag(&[&bytes]);
        bytes.extend_from_slice(&tag[..TAG]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The onboarding and generation of a token that we made. Whether that generation still holds is
    /// for the row to say.
    pub fn read_link(&self, token: &str) -> Option<(OnboardingId, i32)> {
        let bytes = decode(token)?;
        let (framed, tag) = bytes.split_at_checked(20)?;
        matches(&self.link.tag(&[framed]), tag).then(|| unframe(framed))?
    }

    /// A fresh browser session, and the cookie value that proves it.
    pub fn open_session(&self, onboarding: OnboardingId, generation: i32) -> (Session, String) {
        let session = Session { onboarding, generation, name: random_token() };
        let value = self.session_cookie(&session);
        (session, value)
    }

    fn session_cookie(&self, session: &Session) -> String {
        let framed = frame(session.onboarding, session.generation);
        let tag = self.visit.tag(&[&framed, session.name.as_bytes()]);
        format!(
            "{}.{}.{}",
            URL_SAFE_NO_PAD.encode(&framed),
            session.name,
            URL_SAFE_NO_PAD.encode(&tag[..TAG])
        )
    }

    /// The session that a cookie value proves.
    pub fn read_session(&self, value: &str) -> Option<Session> {
        let mut parts = value.split('.');
        let (framed, name, tag) = (parts.next()?, parts.next()?, parts.next()?);
        let (framed, tag) = (decode(framed)?, decode(tag)?);
        let genuine =
            parts.next().is_none() && matches(&self.visit.tag(&[&framed, name.as_bytes()]), &tag);
        let (onboarding, generation) = genuine.then(|| unframe(&framed))??;
        Some(Session { onboarding, generation, name: name.to_owned() })
    }

    /// What a form of this session carries to show that one of our pages sent it.
    pub fn form_token(&self, session: &Session) -> String {
        let framed = frame(session.onboarding, session.generation);
        URL_SAFE_NO_PAD.encode(&self.form.tag(&[&framed, session.name.as_bytes()])[..TAG])
    }

    pub fn form_token_is_genuine(&self, session: &Session, token: &str) -> bool {
        let framed = frame(session.onboarding, session.generation);
        let expected = self.form.tag(&[&framed, session.name.as_bytes()]);
        decode(token).is_some_and(|tag| matches(&expected, &tag))
    }
}

fn bound_to(once: &IdempotencyKey) -> Vec<u8> {
    [b"api key".as_slice(), once.owner.0.as_bytes(), once.key.as_bytes()].concat()
}

fn frame(id: OnboardingId, generation: i32) -> Vec<u8> {
    let mut bytes = id.0.as_bytes().to_vec();
    bytes.extend_from_slice(&generation.to_be_bytes());
    bytes
}

fn unframe(framed: &[u8]) -> Option<(OnboardingId, i32)> {
    let (id, generation) = framed.split_at_checked(16)?;
    let generation = i32::from_be_bytes(generation.try_into().ok()?);
    Some((OnboardingId(Uuid::from_slice(id).ok()?), generation))
}

/// Bounded, so that a huge token costs nothing.
fn decode(text: &str) -> Option<Vec<u8>> {
    (text.len() <= 128).then(|| URL_SAFE_NO_PAD.decode(text).ok())?
}

/// In constant time; a tag of another length is wrong.
fn matches(expected: &[u8; 32], tag: &[u8]) -> bool {
    use subtle::ConstantTimeEq as _;
    expected[..TAG].ct_eq(tag).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(letter: &str) -> LinkKeys {
        LinkKeys::new(&MasterKey::from_text(&letter.repeat(40)).unwrap())
    }

    #[test]
    fn a_link_reads_back_and_nothing_else_does() {
        let ours = keys("a");
        let id = OnboardingId(Uuid::from_u128(7));
        let token = ours.link_token(id, 3);
        assert_eq!(ours.read_link(&token), Some((id, 3)));
        for place in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(ours.read_link(&forged), None, "{place}");
        }
        for junk in ["", "x", &token[1..], &"A".repeat(10_000), "ä"] {
            assert_eq!(ours.read_link(junk), None);
        }
        assert_eq!(keys("b").read_link(&token), None);
    }

    #[test]
    fn a_session_is_bound_to_onboarding_generation_and_browser() {
        let ours = keys("a");
        let (session, cookie) = ours.open_session(OnboardingId(Uuid::from_u128(7)), 1);
        assert_eq!(ours.read_session(&cookie), Some(session.clone()));
        assert_eq!(ours.read_session(&format!("{cookie}.x")), None);
        assert_eq!(ours.read_session(&cookie.replace('.', "")), None);
        let form = ours.form_token(&session);
        assert!(ours.form_token_is_genuine(&session, &form));
        let (other, _) = ours.open_session(OnboardingId(Uuid::from_u128(7)), 1);
        assert!(!ours.form_token_is_genuine(&other, &form));
        let rotated = Session { generation: 2, ..session };
        assert!(!ours.form_token_is_genuine(&rotated, &form));
    }
}
