//! What publishing refuses of a blueprint, all at once and each by its place.
//!
//! Only publishing asks: what is stored was published under the rules of its day and is read for ever.

use std::collections::BTreeSet;

use url::Url;

use super::mapping::check_rules;
use super::question::looks_like_email;
use super::{Blueprint, Question, QuestionKey, QuestionKind, RuleValue, Schedule, TemplatePlan};

/// What is wrong with a blueprint, and where (a JSON pointer).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {reason}")]
pub struct BlueprintMistake {
    pub pointer: String,
    pub reason: String,
}

/// Mistakes as they are found. More than [`Mistakes::MOST`] help nobody.
#[derive(Debug, Default)]
pub(super) struct Mistakes(Vec<BlueprintMistake>);

impl Mistakes {
    const MOST: usize = 200;

    pub(super) fn add(&mut self, pointer: impl Into<String>, reason: impl Into<String>) {
        if self.0.len() < Self::MOST {
            self.0.push(BlueprintMistake { pointer: pointer.into(), reason: reason.into() });
        }
    }

    pub(super) fn require(&mut self, pointer: &str, holds: bool, reason: &str) {
        if !holds {
            self.add(pointer, reason);
        }
    }

    pub(super) fn text(&mut self, pointer: &str, text: &str) {
        let reason = "must be 1 to 200 characters on one line";
        self.require(pointer, is_line(text, 200), reason);
    }

    pub(super) fn count(&mut self, pointer: &str, count: usize, least: usize, most: usize) {
        if count < least || count > most {
            self.add(pointer, format!("must have {least} to {most} entries"));
        }
    }
}

fn is_line(text: &str, longest: usize) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= longest
        && !text.chars().any(char::is_control)
}

impl Blueprint {
    const MOST_TEMPLATES: usize = 20;
    const MOST_QUESTIONS: usize = 100;
    const MOST_OPTIONS: usize = 500;

    /// Everything that can be seen to be wrong without asking Cyclr, all at once.
    pub fn mistakes(&self) -> Vec<BlueprintMistake> {
        let mut mistakes = Mistakes::default();
        mistakes.text("/name", &self.name);
        mistakes.count("/templates", self.templates.len(), 1, Self::MOST_TEMPLATES);
        mistakes.count("/questions", self.questions.len(), 0, Self::MOST_QUESTIONS);
        self.check_questions(&mut mistakes);
        for (t, template) in self.templates.iter().enumerate() {
            self.check_template(&format!("/templates/{t}"), template, &mut mistakes);
        }
        for (u, url) in self.return_urls.iter().enumerate() {
            check_return_url(&format!("/return_urls/{u}"), url, &mut mistakes);
        }
        if let Some(name) = &self.brand.name {
            mistakes.text("/brand/name", name);
        }
        let support = self.brand.support_email.as_deref();
        let support = support.is_none_or(|email| is_line(email, 200) && looks_like_email(email));
        mistakes.require("/brand/support_email", support, "must be an e-mail address");
        for (name, value, most) in self.limits.bounds() {
            if value == 0 || value > most {
                mistakes.add(format!("/limits/{name}"), format!("must be 1 to {most}"));
            }
        }
        mistakes.0
    }

    fn check_questions(&self, mistakes: &mut Mistakes) {
        let asked = self.asked();
        let mut keys = BTreeSet::new();
        for (q, question) in self.questions.iter().enumerate() {
            let pointer = format!("/questions/{q}");
            let at = format!("{pointer}/key");
            let key = &question.key.0;
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            let well_formed = !key.is_empty() && key.len() <= 64 && key.chars().all(plain);
            let rule = "must be 1 to 64 of lower-case letters, digits and '_'";
            mistakes.require(&at, well_formed, rule);
            mistakes.require(&at, keys.insert(key), "is used by an earlier question");
            let rule = "is asked by no mapping rule: name it in one, or leave the question out";
            mistakes.require(&at, asked.contains(&question.key), rule);
            check_question(&pointer, question, mistakes);
        }
    }

    /// The keys that rules ask for, of whatever template.
    fn asked(&self) -> BTreeSet<&QuestionKey> {
        let rules = self.templates.iter().flat_map(|template| &template.mapping);
        rules
            .filter_map(|rule| match &rule.value {
                RuleValue::Ask(key) => Some(key),
                RuleValue::Constant(_) | RuleValue::From { .. } | RuleValue::Ignore => None,
            })
            .collect()
    }

    fn check_template(&self, pointer: &str, template: &TemplatePlan, mistakes: &mut Mistakes) {
        if let Some(name) = &template.name {
            mistakes.text(&format!("{pointer}/name"), name);
        }
        check_rules(&format!("{pointer}/mapping"), &template.mapping, &self.questions, mistakes);
        let schedule = template.schedule;
        if !schedule.run_once && !Schedule::INTERVALS.contains(&schedule.interval_minutes) {
            mistakes.add(
                format!("{pointer}/schedule/interval_minutes"),
                format!("must be one of {:?}", Schedule::INTERVALS),
            );
        }
    }
}

fn check_question(pointer: &str, question: &Question, mistakes: &mut Mistakes) {
    mistakes.text(&format!("{pointer}/label"), &question.label);
    for (name, text) in [("help", &question.help), ("example", &question.example)] {
        let fits = text.as_ref().is_none_or(|text| is_line(text, 500));
        let rule = "must be 1 to 500 characters on one line";
        mistakes.require(&format!("{pointer}/{name}"), fits, rule);
    }
    let at = format!("{pointer}/options");
    let choice = question.kind == QuestionKind::OneOf;
    let rule = "are for the kind one_of alone";
    mistakes.require(&at, choice || question.options.is_empty(), rule);
    mistakes.count(&at, question.options.len(), 0, Blueprint::MOST_OPTIONS);
    let mut known = BTreeSet::new();
    for (o, option) in question.options.iter().enumerate() {
        let at = format!("{at}/{o}");
        mistakes.text(&at, option);
        mistakes.require(&at, !option.contains("{{"), "must not hold {{: no answer may");
        mistakes.require(&at, known.insert(option.trim()), "is listed already");
    }
    // A choice without options of its own gets them from Cyclr, later.
    let checkable = !choice || !question.options.is_empty();
    let default = question.default.as_deref().filter(|_| checkable);
    if let Some(mistake) = default.and_then(|default| question.check(default).err()) {
        let reason = format!("does not fit its own question: {mistake}");
        mistakes.add(format!("{pointer}/default"), reason);
    }
}

fn check_return_url(pointer: &str, url: &Url, mistakes: &mut Mistakes) {
    let safe = url.scheme() == "https" || is_loopback(url);
    mistakes.require(pointer, safe, "must start with https://");
    let named = !url.username().is_empty() || url.password().is_some();
    let whole =
        !named && url.fragment().is_none() && url.host_str().is_some_and(|h| !h.contains('*'));
    let rule = "must be one whole address, without a user, a fragment or a '*' as host";
    mistakes.require(pointer, whole, rule);
}

/// Plain http is for trying things out on one's own machine.
fn is_loopback(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
}
