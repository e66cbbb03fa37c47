//! One account that has to be connected, how that is done, and who tried.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{AuthKind, Mark};
use crate::ids::ConnectorId;

/// One account connector that must be authenticated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    pub connector: ConnectorId,
    pub name: String,
    /// Unknown until the connector was read once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<AuthKind>,
    /// What Cyclr wants to be told beside the credential, such as the address of an instance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<ConnectionInput>,
    /// The ways to choose from; empty where it goes in its own way alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<ConnectionWay>,
    #[serde(default, skip_serializing_if = "Mark::is_untouched")]
    pub authenticated: Mark,
    /// It was there before anybody was asked for it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub found_connected: bool,
    /// Nobody is asked for it: staff pass it over, or it came with a cycle that was given up.
    #[serde(default, skip_serializing_if = "Mark::is_untouched")]
    pub set_aside: Mark,
    /// The sign-in that Cyclr has is to be given up, and a person asked for another one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub to_renew: bool,
    /// The newest try of a person at signing in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Attempt>,
    /// A colleague was asked to do it. The count of changes is part of the colleague's link.
    #[serde(default, skip_serializing_if = "Mark::is_untouched")]
    pub handed_over: Mark,
    /// An administrator has to approve it at the provider first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
}

/// Something that has to be set at Cyclr before the connection can be made. Its value is never kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionInput {
    /// Cyclr's name for it.
    pub name: String,
    pub label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Shown masked and never filled in again.
    #[serde(default, skip_serializing_if = "is_false")]
    pub secret: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub optional: bool,
    /// The values to choose from; empty when any will do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Cyclr has a value for it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_set: bool,
}

/// One of several ways to authenticate a connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionWay {
    /// Cyclr's id of it.
    pub id: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    pub auth: AuthKind,
}

/// When a person set out to sign in, how long we look whether they came through, and what is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub opened_at: DateTime<Utc>,
    pub closes_at: DateTime<Utc>,
    /// When the browser that set out came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came_back_at: Option<DateTime<Utc>>,
    /// What the provider let the browser say of it. A hint: what holds is what Cyclr says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<ProviderWord>,
    /// Cyclr was asked for the last time, and it had not come through.
    #[serde(default, skip_serializing_if = "is_false")]
    pub over: bool,
}

/// Why a provider says that it gave no access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderWord {
    Denied,
    NeedsAdmin,
    Trouble,
}

/// Somebody of the tenant waits for an administrator of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub asked_at: DateTime<Utc>,
    /// When to ask again, if nothing has happened.
    pub remind_at: DateTime<Utc>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// How often it is looked once the time of an attempt is over and Cyclr did not answer the last look.
const LAST_LOOKS: TimeDelta = TimeDelta::seconds(60);

impl ProviderWord {
    /// Of an OAuth error and its description, as providers word them: the code is from RFC 6749 or `OpenID`
    /// Connect, and large providers tell of a missing approval in the description alone.
    pub fn of(error: &str, description: &str) -> Self {
        let (error, description) = (error.to_ascii_lowercase(), description.to_ascii_lowercase());
        let admin =
            ["administrator", "admin consent", "admin approval", "aadsts90094", "aadsts65001"];
        let by_code = ["consent_required", "admin_consent_required", "admin_policy_enforced"];
        if by_code.contains(&&*error) || admin.iter().any(|word| description.contains(word)) {
            Self::NeedsAdmin
        } else if matches!(
            &*error,
            "access_denied" | "user_denied" | "cancelled" | "user_cancelled"
        ) {
            Self::Denied
        } else {
            Self::Trouble
        }
    }
}

impl ConnectionInput {
    /// Cyclr cannot even begin without it.
    pub fn is_missing(&self) -> bool {
        !self.optional && !self.is_set
    }
}

impl Attempt {
    pub fn begin(now: DateTime<Utc>, life: TimeDelta) -> Self {
        Self { opened_at: now, closes_at: now + life, came_back_at: None, said: None, over: false }
    }

    /// When to look next whether the person came through; `None` once the attempt is over.
    /// The interval widens with the attempt's age, from 3 to 60 seconds.
    pub fn next_look(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let age = now - self.opened_at;
        let wait = (age / 4).clamp(TimeDelta::seconds(3), TimeDelta::seconds(60));
        let at =
            if now < self.closes_at { (now + wait).min(self.closes_at) } else { now + LAST_LOOKS };
        (!self.over).then_some(at)
    }

    /// Whether somebody may still be signing in.
    pub fn is_under_way(self, now: DateTime<Utc>) -> bool {
        !self.over && self.said.is_none() && now < self.closes_at
    }
}

impl Connection {
    /// As it is first heard of.
    pub fn new(connector: ConnectorId, name: String) -> Self {
        Self {
            connector,
            name,
            auth: None,
            inputs: Vec::new(),
            ways: Vec::new(),
            authenticated: Mark::default(),
            found_connected: false,
            set_aside: Mark::default(),
            to_renew: false,
            attempt: None,
            handed_over: Mark::default(),
            approval: None,
        }
    }

    pub fn is_open(&self) -> bool {
        !self.authenticated.stands() && !self.set_aside.stands()
    }

    /// Open, or to be opened.
    pub fn is_to_connect(&self) -> bool {
        self.is_open() || self.to_renew
    }

    /// Not there, and nobody is asked for it.
    pub fn is_passed_over(&self) -> bool {
        !self.authenticated.stands() && self.set_aside.stands()
    }

    /// Nobody has set out to sign in, and yet it may be there.
    pub fn was_settled_before(&self) -> bool {
        !self.authenticated.is_untouched() || !self.set_aside.is_untouched()
    }

    /// Inputs without which Cyclr cannot even begin.
    pub fn missing_inputs(&self) -> impl Iterator<Item = &ConnectionInput> {
        self.inputs.iter().filter(|input| input.is_missing())
    }

    /// Whether a person has to do something before it can be made.
    pub fn needs_person(&self) -> bool {
        !self.ways.is_empty()
            || self.auth.is_some_and(AuthKind::needs_person)
            || (self.auth == Some(AuthKind::OAuthUnattended)
                && self.missing_inputs().next().is_some())
    }

    /// Open, and only a person can change that.
    pub fn waits_for_person(&self) -> bool {
        self.is_open() && self.needs_person()
    }

    /// Whether it is for an administrator of the tenant to act: asked by a colleague, or for approval.
    pub fn is_for_admin(&self) -> bool {
        let asks_for_admin =
            self.attempt.is_some_and(|attempt| attempt.said == Some(ProviderWord::NeedsAdmin));
        self.handed_over.stands() || self.approval.is_some() || asks_for_admin
    }

    /// Whether everything known in `older` is still known here.
    pub(super) fn covers(&self, older: &Self) -> bool {
        (older.auth.is_none() || self.auth.is_some())
            && self.authenticated.covers(older.authenticated)
            && self.set_aside.covers(older.set_aside)
            && self.handed_over.covers(older.handed_over)
            && (self.authenticated.changes() > older.authenticated.changes()
                || self.attempt.map(|a| a.opened_at) >= older.attempt.map(|a| a.opened_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_providers_say_is_understood() {
        use ProviderWord as P;
        for (error, description, expected) in [
            ("access_denied", "The user refused to grant access.", P::Denied),
            ("ACCESS_DENIED", "", P::Denied),
            ("consent_required", "An administrator has to grant access.", P::NeedsAdmin),
            ("access_denied", "AADSTS90094: Admin consent is required.", P::NeedsAdmin),
            ("admin_policy_enforced", "", P::NeedsAdmin),
            ("server_error", "Something broke.", P::Trouble),
            ("<script>", "", P::Trouble),
            ("", "", P::Trouble),
        ] {
            assert_eq!(ProviderWord::of(error, description), expected, "{error} {description}");
        }
    }

    #[test]
    fn looks_at_an_attempt_become_rarer_and_end() {
        let begun = DateTime::UNIX_EPOCH;
        let attempt = Attempt::begin(begun, TimeDelta::minutes(30));
        let (mut now, mut waits) = (begun, Vec::new());
        while now < attempt.closes_at {
            let next = attempt.next_look(now).unwrap();
            waits.push((next - now).num_seconds());
            now = next;
        }
        assert_eq!((waits[0], waits.len()), (3, 44));
        assert!(waits[..waits.len() - 1].is_sorted(), "{waits:?}");
        // The last look failed: it is looked again until Cyclr has answered.
        assert_eq!(attempt.next_look(now), Some(now + LAST_LOOKS));
        assert_eq!(Attempt { over: true, ..attempt }.next_look(now), None);
    }
}
