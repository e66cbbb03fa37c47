//! What publishing refuses of a blueprint, all at once and each by its place.
//!
//! Only publishing asks: what is stored was published under the rules of its day and is read for ever.

use std::collections::BTreeSet;

use url::Url;

use super::mapping::check_rules;
use super::question::looks_like_email;
use super::{
    Blueprint, Brand, Colour, DARK_GROUND, LIGHT_GROUND, Question, QuestionKey, QuestionKind,
    RuleValue, Schedule, TemplatePlan,
};

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
        self.brand.check(&mut mistakes);
        let locale = self.locale.as_deref().is_none_or(|tag| is_line(tag, 35));
        mistakes.require("/locale", locale, "must be a language tag, like en or de-AT");
        for (name, value, most) in self.limits.bounds() {
            if value == 0 || value > most {
                mistakes.add(format!("/limits/{name}"), format!("must be 1 to {most}"));
            }
        }
        let retention =
            self.retention_days.is_none_or(|days| (1..=Self::LONGEST_RETENTION).contains(&days));
        let reason = format!("must be 1 to {}", Self::LONGEST_RETENTION);
        mistakes.require("/retention_days", retention, &reason);
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

impl Brand {
    fn check(&self, mistakes: &mut Mistakes) {
        if let Some(name) = &self.name {
            mistakes.text("/brand/name", name);
        }
        let support = self.support_email.as_deref();
        let support = support.is_none_or(|email| is_line(email, 200) && looks_like_email(email));
        mistakes.require("/brand/support_email", support, "must be an e-mail address");
        for (name, colour, ground) in
            [("accent", self.accent, LIGHT_GROUND), ("accent_dark", self.accent_dark, DARK_GROUND)]
        {
            let contrast = colour.map_or(21.0, |colour| colour.contrast(ground));
            if contrast < Colour::LEAST_CONTRAST {
                let reason = format!(
                    "has a contrast of {contrast:.1} to the page ({ground}); people need {} to read",
                    Colour::LEAST_CONTRAST
                );
                mistakes.add(format!("/brand/{name}"), reason);
            }
        }
        let alone = self.accent_dark.is_none() || self.accent.is_some();
        mistakes.require("/brand/accent_dark", alone, "needs an accent beside it");
        for (name, url) in [("privacy_url", &self.privacy_url), ("terms_url", &self.terms_url)] {
            if let Some(url) = url {
                check_return_url(&format!("/brand/{name}"), url, mistakes);
            }
        }
        if let Some(url) = &self.pages_url {
            check_return_url("/brand/pages_url", url, mistakes);
            let bare = url.path() == "/" && url.query().is_none();
            let rule = "must be a scheme and a host, without a path or a query";
            mistakes.require("/brand/pages_url", bare, rule);
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
    let rule = "is found out by mapping and cannot be given";
    mistakes.require(&format!("{pointer}/lookup"), question.lookup.is_none(), rule);
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
    if let Some(mistake) = default.and_then(|default| question.check(default, None, None).err()) {
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A blueprint of one template with these rules and questions.
    fn mistakes(mapping: &Value, questions: &Value) -> Vec<(String, String)> {
        let document = json!({
            "key": "b", "name": "B", "questions": questions,
            "templates": [{ "template_id": "6c0b8b6e-5f0e-4a7c-9a55-0d0b7a3f1c11", "mapping": mapping }],
        });
        let blueprint: Blueprint = serde_json::from_value(document).unwrap();
        blueprint.mistakes().into_iter().map(|m| (m.pointer, m.reason)).collect()
    }

    fn places(mapping: &Value, questions: &Value) -> Vec<String> {
        mistakes(mapping, questions).into_iter().map(|(pointer, _)| pointer).collect()
    }

    fn from(value: &Value) -> Value {
        json!([{ "target": "T", "value": { "from": value } }])
    }

    #[test]
    fn two_rules_for_one_step_and_target_are_refused_and_a_narrower_one_is_not() {
        let rule = |step: Option<&str>, target: &str| match step {
            Some(step) => json!({ "step": step, "target": target, "value": "ignore" }),
            None => json!({ "target": target, "value": "ignore" }),
        };
        let narrower = json!([rule(None, "Tag"), rule(Some("A"), "Tag"), rule(Some("B"), "Tag")]);
        assert_eq!(mistakes(&narrower, &json!([])), []);
        let doubled = json!([
            rule(Some("Add"), "Tag"),
            rule(Some(" add "), "TAG "),
            rule(None, "Tag"),
            rule(None, "tag"),
            rule(Some("ADD"), "tag"),
        ]);
        let found = mistakes(&doubled, &json!([]));
        let reason = |n| format!("is for the same step and target as /templates/0/mapping/{n}");
        let expected = [(1, 0), (3, 2), (4, 0)];
        let expected = expected.map(|(at, n)| (format!("/templates/0/mapping/{at}"), reason(n)));
        assert_eq!(found, expected);
    }

    #[test]
    fn every_mistake_of_a_rule_is_told_with_its_place() {
        let long = "é".repeat(201);
        let entries: serde_json::Map<_, _> =
            (0..501).map(|n| (n.to_string(), json!("x"))).collect();
        for (value, expected) in [
            (json!({ "path": "tenant.age" }), &["path"][..]),
            (json!({ "path": "data.a", "default": "" }), &["default"]),
            (json!({ "path": "data.a", "default": "{{x}}" }), &["default"]),
            (json!({ "path": "data.a", "default": "x".repeat(4_001) }), &["default"]),
            (json!({ "path": "data.a", "apply": vec!["trim"; 11] }), &["apply"]),
            (json!({ "path": "data.a", "apply": ["trim", { "join": long }] }), &["apply/1/join"]),
            (json!({ "path": "data.a", "apply": [{ "prefix": "{{" }] }), &["apply/0/prefix"]),
            (json!({ "path": "data.a", "apply": [{ "suffix": "a{{" }] }), &["apply/0/suffix"]),
            (json!({ "path": "data.a", "apply": [{ "map": {} }] }), &["apply/0/map"]),
            (json!({ "path": "data.a", "apply": [{ "map": entries }] }), &["apply/0/map"]),
            (
                json!({ "path": "data.a", "apply": [{ "map": { long.clone(): "" } }] }),
                &["apply/0/map"],
            ),
            (
                json!({ "path": "data.a", "apply": [{ "map": { "a/~": "{{x}}", "b": long } }] }),
                &["apply/0/map/a~1~0", "apply/0/map/b"],
            ),
            (
                json!({ "path": "x", "apply": ["lower", { "prefix": long }], "default": "{{" }),
                &["path", "apply/1/prefix", "default"],
            ),
            (
                json!({
                    "path": "data.a.0", "default": "d".repeat(4_000),
                    "apply": ["trim", { "map": { "{{": "" } }, { "join": "" }, { "prefix": "é".repeat(200) }],
                }),
                &[],
            ),
        ] {
            let at = |place: &&str| format!("/templates/0/mapping/0/value/from/{place}");
            let expected: Vec<_> = expected.iter().map(at).collect();
            assert_eq!(places(&from(&value), &json!([])), expected, "{value}");
        }
        let rules = json!([
            { "step": " ", "target": "", "value": { "constant": "" } },
            { "target": "a", "value": { "constant": "{{merge fields are the operator's}}" } },
            { "target": "b", "value": { "ask": "nobody" } },
        ]);
        let at = ["0/target", "0/step", "0/value/constant", "2/value/ask"];
        assert_eq!(places(&rules, &json!([])), at.map(|at| format!("/templates/0/mapping/{at}")));
    }

    #[test]
    fn every_mistake_of_a_question_is_told_with_its_place() {
        let rules = json!([
            { "target": "a", "value": { "ask": "a" } },
            { "target": "b", "value": { "ask": "b" } },
        ]);
        let questions = json!([
            { "key": "a", "label": "", "help": "two\nlines", "example": "", "options": ["x"] },
            { "key": "b", "label": "B", "kind": "one_of", "options": ["x", " x ", "{{y}}", ""],
              "default": "z" },
            { "key": "b", "label": "again" },
            { "key": "unasked", "label": "U" },
            { "key": "Not Plain", "label": "N" },
        ]);
        let expected = [
            "0/label",
            "0/help",
            "0/example",
            "0/options",
            "1/options/1",
            "1/options/2",
            "1/options/3",
            "1/default",
            "2/key",
            "3/key",
            "4/key",
            "4/key",
        ];
        assert_eq!(places(&rules, &questions), expected.map(|at| format!("/questions/{at}")));
    }

    #[test]
    fn mistakes_are_bounded_in_number() {
        let rules = vec![json!({ "target": "", "value": { "ask": "nobody" } }); 500];
        assert_eq!(mistakes(&json!(rules), &json!([])).len(), Mistakes::MOST);
    }
}
