//! Links and visits: keyed proofs that are derived, shown, checked, and never kept.
//!
//! A link names an onboarding and a generation. Raising the generation in the row ends all links and
//! all visits that were made before. A leaked database opens nothing: the key is not in it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::ids::{ConnectorId, OnboardingId};
use crate::onboarding::Onboarding;
use crate::secret::{MacKey, MasterKey, SealKey, TAG, random_token};
use crate::store::IdempotencyKey;

/// The keys of links, visits, forms and answers that show a secret, one per purpose.
#[derive(Debug, Clone)]
pub struct LinkKeys {
    link: MacKey,
    colleague: MacKey,
    visit: MacKey,
    form: MacKey,
    answer: SealKey,
    staff_form: MacKey,
    staff_browser: MacKey,
    staff_sign_in: SealKey,
}

/// What a link opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkGrant {
    pub onboarding: OnboardingId,
    pub generation: i32,
    /// For a colleague: this one connection, and nothing else.
    pub only: Option<ColleagueGrant>,
}

/// A single connection, as often as it was handed over by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColleagueGrant {
    pub connector: ConnectorId,
    pub turn: u32,
}

/// One browser's visit to one onboarding's pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub grant: LinkGrant,
    /// 256 random bits that name this browser session.
    pub name: String,
}

/// What the cookie of somebody signed in to the console holds. Left in the request by whoever has shown that
/// it opens a session, for [`super::Protected`].
#[derive(Clone)]
pub struct StaffToken(pub String);

impl LinkGrant {
    /// All of an onboarding, by the link that is good now.
    pub fn whole(onboarding: &Onboarding) -> Self {
        Self { onboarding: onboarding.id, generation: onboarding.link.generation, only: None }
    }
}

impl LinkKeys {
    pub fn new(master: &MasterKey) -> Self {
        Self {
            link: master.derive("link"),
            colleague: master.derive("colleague"),
            visit: master.derive("visit"),
            form: master.derive("form"),
            answer: master.derive_seal("answers"),
            staff_form: master.derive("staff form"),
            staff_browser: master.derive("staff browser"),
            staff_sign_in: master.derive_seal("staff sign-in"),
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

    /// What stands in the link's address after `/l/`, or after `/c/` in a colleague's.
    pub fn link_token(&self, grant: &LinkGrant) -> String {
        let mut bytes = frame(grant);
        let tag = self.key_of(grant).tag(&[&bytes]);
        bytes.extend_from_slice(&tag);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a token of ours opens. Whether it still does is for the row to say.
    pub fn read_link(&self, token: &str) -> Option<LinkGrant> {
        let bytes = decode(token)?;
        let (framed, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG)?)?;
        let grant = unframe(framed)?;
        self.key_of(&grant).verify(&[framed], tag).then_some(grant)
    }

    /// A colleague's link is none of the others, whatever it is put into.
    fn key_of(&self, grant: &LinkGrant) -> &MacKey {
        if grant.only.is_some() { &self.colleague } else { &self.link }
    }

    /// A fresh browser session, and the cookie value that proves it.
    pub fn open_session(&self, grant: LinkGrant) -> (Session, String) {
        let session = Session { grant, name: random_token() };
        let value = self.session_cookie(&session);
        (session, value)
    }

    fn session_cookie(&self, session: &Session) -> String {
        let framed = frame(&session.grant);
        let tag = self.visit.tag(&[&framed, session.name.as_bytes()]);
        format!(
            "{}.{}.{}",
            URL_SAFE_NO_PAD.encode(&framed),
            session.name,
            URL_SAFE_NO_PAD.encode(tag)
        )
    }

    /// The session that a cookie value proves.
    pub fn read_session(&self, value: &str) -> Option<Session> {
        let mut parts = value.split('.');
        let (framed, name, tag) = (parts.next()?, parts.next()?, parts.next()?);
        let (framed, tag) = (decode(framed)?, decode(tag)?);
        let genuine =
            parts.next().is_none() && self.visit.verify(&[&framed, name.as_bytes()], &tag);
        let grant = genuine.then(|| unframe(&framed))??;
        Some(Session { grant, name: name.to_owned() })
    }

    /// What a form of this session carries to show that one of our pages sent it.
    pub fn form_token(&self, session: &Session) -> String {
        let framed = frame(&session.grant);
        URL_SAFE_NO_PAD.encode(self.form.tag(&[&framed, session.name.as_bytes()]))
    }

    pub fn form_token_is_genuine(&self, session: &Session, token: &str) -> bool {
        let framed = frame(&session.grant);
        let parts: &[&[u8]] = &[&framed, session.name.as_bytes()];
        decode(token).is_some_and(|tag| self.form.verify(parts, &tag))
    }
}

impl LinkKeys {
    /// What a form of the console carries, for the session whose token this is.
    pub fn staff_form_token(&self, session: &StaffToken) -> String {
        URL_SAFE_NO_PAD.encode(self.staff_form.tag(&[session.0.as_bytes()]))
    }

    pub fn staff_form_token_is_genuine(&self, session: &StaffToken, token: &str) -> bool {
        let parts: &[&[u8]] = &[session.0.as_bytes()];
        decode(token).is_some_and(|tag| self.staff_form.verify(parts, &tag))
    }

    /// What a browser keeps that somebody has signed in with, so that it is known when they come again.
    pub fn browser_mark(&self, email: &str, name: &str) -> String {
        let tag = self.staff_browser.tag(&[email.to_lowercase().as_bytes(), name.as_bytes()]);
        format!("{name}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    /// What a browser keeps while its owner is at the provider of identities. It cannot read it either.
    pub fn seal_sign_in(&self, pending: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.staff_sign_in.seal(pending, b"cookie"))
    }

    /// `None` for what was not sealed with our key. The caller bounds its length.
    pub fn open_sign_in(&self, kept: &str) -> Option<Vec<u8>> {
        self.staff_sign_in.open(&URL_SAFE_NO_PAD.decode(kept).ok()?, b"cookie")
    }

    /// The browser's name, if its mark is ours and for this address.
    pub fn read_browser_mark<'a>(&self, email: &str, mark: &'a str) -> Option<&'a str> {
        let (name, tag) = mark.split_once('.')?;
        let email = email.to_lowercase();
        let parts: &[&[u8]] = &[email.as_bytes(), name.as_bytes()];
        decode(tag).is_some_and(|tag| self.staff_browser.verify(parts, &tag)).then_some(name)
    }
}

fn bound_to(once: &IdempotencyKey) -> Vec<u8> {
    [b"api key".as_slice(), once.owner.0.as_bytes(), once.key.as_bytes()].concat()
}

fn frame(grant: &LinkGrant) -> Vec<u8> {
    let mut bytes = grant.onboarding.0.as_bytes().to_vec();
    bytes.extend_from_slice(&grant.generation.to_be_bytes());
    if let Some(ColleagueGrant { connector, turn }) = grant.only {
        bytes.extend_from_slice(&connector.0.to_be_bytes());
        bytes.extend_from_slice(&turn.to_be_bytes());
    }
    bytes
}

fn unframe(framed: &[u8]) -> Option<LinkGrant> {
    let (id, rest) = framed.split_at_checked(16)?;
    let (generation, rest) = rest.split_at_checked(4)?;
    let only = match rest {
        [] => None,
        rest => {
            let (connector, turn) = rest.split_at_checked(8)?;
            Some(ColleagueGrant {
                connector: ConnectorId(i64::from_be_bytes(connector.try_into().ok()?)),
                turn: u32::from_be_bytes(turn.try_into().ok()?),
            })
        }
    };
    Some(LinkGrant {
        onboarding: OnboardingId(Uuid::from_slice(id).ok()?),
        generation: i32::from_be_bytes(generation.try_into().ok()?),
        only,
    })
}

/// Bounded, so that a huge token costs nothing.
fn decode(text: &str) -> Option<Vec<u8>> {
    (text.len() <= 128).then(|| URL_SAFE_NO_PAD.decode(text).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(letter: &str) -> LinkKeys {
        LinkKeys::new(&MasterKey::from_text(&letter.repeat(40)).unwrap())
    }

    fn grants() -> [LinkGrant; 2] {
        let whole =
            LinkGrant { onboarding: OnboardingId(Uuid::from_u128(7)), generation: 3, only: None };
        let only = ColleagueGrant { connector: ConnectorId(36_001), turn: 1 };
        [whole, LinkGrant { only: Some(only), ..whole }]
    }

    #[test]
    fn a_link_reads_back_and_nothing_else_does() {
        let ours = keys("a");
        for grant in grants() {
            let token = ours.link_token(&grant);
            assert_eq!(ours.read_link(&token), Some(grant));
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
        // What a colleague holds does not become the whole by leaving something out.
        let [whole, colleague] = grants();
        let (short, long) = (ours.link_token(&whole), ours.link_token(&colleague));
        let cut = URL_SAFE_NO_PAD.decode(&long).unwrap();
        let cut = [&cut[..20], &cut[32..]].concat();
        assert_ne!(URL_SAFE_NO_PAD.encode(&cut), short);
        assert_eq!(ours.read_link(&URL_SAFE_NO_PAD.encode(&cut)), None);
    }

    #[test]
    fn a_session_is_bound_to_what_it_may_see_and_to_its_browser() {
        let ours = keys("a");
        let [whole, colleague] = grants();
        let (session, cookie) = ours.open_session(whole);
        assert_eq!(ours.read_session(&cookie), Some(session.clone()));
        assert_eq!(ours.read_session(&format!("{cookie}.x")), None);
        assert_eq!(ours.read_session(&cookie.replace('.', "")), None);
        let form = ours.form_token(&session);
        assert!(ours.form_token_is_genuine(&session, &form));
        let (other, _) = ours.open_session(whole);
        assert!(!ours.form_token_is_genuine(&other, &form));
        for grant in [LinkGrant { generation: 4, ..whole }, colleague] {
            let other = Session { grant, name: session.name.clone() };
            assert!(!ours.form_token_is_genuine(&other, &form));
        }
    }

    #[test]
    fn a_browser_is_known_for_one_address_only() {
        let ours = keys("a");
        let mark = ours.browser_mark("Ada@example.com", "name");
        assert_eq!(ours.read_browser_mark("ada@example.com", &mark), Some("name"));
        for (email, mark) in [
            ("bob@example.com", mark.as_str()),
            ("ada@example.com", "name"),
            ("ada@example.com", "other.AAAA"),
            ("ada@example.com", ""),
        ] {
            assert_eq!(ours.read_browser_mark(email, mark), None, "{email} {mark}");
        }
        let token = StaffToken("one".to_owned());
        let form = ours.staff_form_token(&token);
        assert!(ours.staff_form_token_is_genuine(&token, &form));
        assert!(!ours.staff_form_token_is_genuine(&StaffToken("two".to_owned()), &form));
    }
}
