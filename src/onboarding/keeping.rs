//! What becomes of an onboarding that has ended, and of one whose last steps were forgotten: people's data is
//! erased; a restored copy looks before it acts.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{
    Blueprint, Contact, Erased, Event, InstallIntent, Onboarding, Profile, ReturnUrls, Status,
    Transition,
};

/// How much is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What may still be needed stays: a live onboarding may have to be mapped again, and what its rules read
    /// nobody can be asked for. Its people can be asked again for their answers.
    WhatRests,
    Everything,
}

impl Onboarding {
    /// How many versions a restored copy goes ahead: more than what it has forgotten, so that whoever was told
    /// of that takes what comes now for newer.
    pub const FORGOTTEN_VERSIONS: i64 = 1_000_000;

    /// The same without what is known of people. `None` while it is open, and when nothing is left to erase.
    pub fn erase(
        &self,
        extent: Extent,
        blueprint: &Blueprint,
        now: DateTime<Utc>,
    ) -> Option<Transition> {
        let everything = match (&self.status, extent) {
            (Status::Live, Extent::WhatRests) => false,
            (Status::Live | Status::Cancelled, _) => true,
            (
                Status::Running
                | Status::Retrying { .. }
                | Status::Waiting { .. }
                | Status::Stuck { .. },
                _,
            ) => return None,
        };
        if self.profile.erased.is_some_and(|erased| erased.everything || !everything) {
            return None;
        }
        let mut to = self.clone();
        to.version += 1;
        to.facts.answers.clear();
        to.facts.labels.clear();
        let rules = (!everything).then(|| Read::of(blueprint));
        to.profile = Profile { erased: Some(Erased { at: now, everything }), ..self.rest(rules) };
        Some(Transition { to, event: Some(Event::Erased { everything }), announces: None })
    }

    /// Of the profile what names nobody, and what rules read if there are any.
    fn rest(&self, rules: Option<Read>) -> Profile {
        let profile = &self.profile;
        let nobody = Profile {
            // A name has to stand there; this one is nobody's.
            name: self.reference.to_string(),
            timezone: None,
            locale: None,
            contact: None,
            named_account: profile.named_account.clone(),
            data: serde_json::Map::new(),
            pages_url: profile.pages_url.clone(),
            return_urls: ReturnUrls::default(),
            tags: Vec::new(),
            metadata: serde_json::Map::new(),
            retention_days: profile.retention_days,
            erased: None,
        };
        let Some(read) = rules else { return nobody };
        let contact = profile.contact.as_ref().map(|contact| Contact {
            name: contact.name.clone().filter(|_| read.contact_name),
            email: contact.email.clone().filter(|_| read.contact_email),
        });
        let data = profile.data.iter().filter(|(key, _)| read.data.contains(*key));
        Profile {
            name: profile.name.clone(),
            timezone: profile.timezone.clone(),
            locale: profile.locale.clone(),
            contact: contact.filter(|contact| contact.name.is_some() || contact.email.is_some()),
            data: data.map(|(key, value)| (key.clone(), value.clone())).collect(),
            return_urls: profile.return_urls.clone(),
            tags: profile.tags.clone(),
            ..nobody
        }
    }

    /// The same in a restored copy: whatever is next may have been done already, by a Gangway whose memory is
    /// lost. `None` for one that has ended.
    pub fn look_first(&self, now: DateTime<Utc>) -> Option<Transition> {
        if self.status.is_terminal() {
            return None;
        }
        let mut to = self.clone();
        to.version += Self::FORGOTTEN_VERSIONS;
        to.facts.taken_over_at = to.facts.taken_over_at.max(Some(now));
        if to.facts.account.is_none() {
            to.facts.account_doubted_at = to.facts.account_doubted_at.max(Some(now));
        }
        for slot in &mut to.facts.slots {
            if slot.cycle.is_none() {
                // Whatever was installed for it was installed after it began.
                let fresh = InstallIntent { at: self.created_at, doubted_at: None };
                let intent = slot.install.get_or_insert(fresh);
                intent.doubted_at = intent.doubted_at.max(Some(now));
            }
            if !slot.active.stands() {
                slot.activation_doubted.note(true);
                slot.activation_doubted_at = slot.activation_doubted_at.max(Some(now));
            }
        }
        Some(Transition { to, event: Some(Event::LooksFirst), announces: None })
    }
}

/// What the rules of a blueprint read of a tenant.
struct Read {
    contact_name: bool,
    contact_email: bool,
    /// Names at the top of the data.
    data: BTreeSet<String>,
}

impl Read {
    fn of(blueprint: &Blueprint) -> Self {
        let rules = blueprint.templates.iter().flat_map(|template| &template.mapping);
        let paths: BTreeSet<_> = rules.filter_map(|rule| Some(rule.path()?.as_str())).collect();
        let tops = paths.iter().filter_map(|path| path.strip_prefix("data.")?.split('.').next());
        Self {
            contact_name: paths.contains("tenant.contact_name"),
            contact_email: paths.contains("tenant.contact_email"),
            data: tops.map(str::to_owned).collect(),
        }
    }
}
