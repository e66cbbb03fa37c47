//! What publishing refuses of a template's rules. Nothing of this is asked of what was published before.

use std::collections::BTreeMap;

use super::super::mistakes::Mistakes;
use super::super::{Question, Rule};
use super::{Function, RuleValue};

const MOST_RULES: usize = 500;
const MOST_FUNCTIONS: usize = 10;
const MOST_ENTRIES: usize = 500;
/// Longest constant or default, in characters.
const LONGEST_VALUE: usize = 4_000;
/// Longest text of a function, in characters.
const LONGEST_PIECE: usize = 200;

/// `pointer` is the list's own.
pub(in crate::onboarding) fn check_rules(
    pointer: &str,
    rules: &[Rule],
    questions: &[Question],
    mistakes: &mut Mistakes,
) {
    mistakes.count(pointer, rules.len(), 0, MOST_RULES);
    let mut known = BTreeMap::new();
    for (r, rule) in rules.iter().enumerate() {
        let at = format!("{pointer}/{r}");
        mistakes.text(&format!("{at}/target"), &rule.target);
        if let Some(step) = &rule.step {
            mistakes.text(&format!("{at}/step"), step);
        }
        // With a step and without one is no collision: the rule that names it goes first.
        if let Some(earlier) = known.get(&rule.names()) {
            mistakes.add(&at, format!("is for the same step and target as {pointer}/{earlier}"));
        } else {
            known.insert(rule.names(), r);
        }
        check_value(&format!("{at}/value"), &rule.value, questions, mistakes);
    }
}

fn check_value(pointer: &str, value: &RuleValue, questions: &[Question], mistakes: &mut Mistakes) {
    match value {
        RuleValue::Ignore => {}
        RuleValue::Constant(text) => {
            let at = format!("{pointer}/constant");
            mistakes.require(&at, !text.is_empty(), "is empty; use \"ignore\" to write nothing");
            check_length(&at, text, LONGEST_VALUE, mistakes);
        }
        RuleValue::Ask(key) => {
            let known = questions.iter().any(|question| question.key == *key);
            let rule = "names no question of this blueprint";
            mistakes.require(&format!("{pointer}/ask"), known, rule);
        }
        RuleValue::From { path, apply, default } => {
            let pointer = format!("{pointer}/from");
            if let Some(mistake) = path.mistake() {
                mistakes.add(format!("{pointer}/path"), mistake);
            }
            mistakes.count(&format!("{pointer}/apply"), apply.len(), 0, MOST_FUNCTIONS);
            for (f, function) in apply.iter().enumerate() {
                check_function(&format!("{pointer}/apply/{f}"), function, mistakes);
            }
            if let Some(text) = default {
                let at = format!("{pointer}/default");
                mistakes.require(&at, !text.is_empty(), "is empty; leave it out instead");
                check_length(&at, text, LONGEST_VALUE, mistakes);
                check_merge_field(&at, text, mistakes);
            }
        }
    }
}

fn check_function(pointer: &str, function: &Function, mistakes: &mut Mistakes) {
    let mut piece = |at: &str, text: &str| {
        check_length(at, text, LONGEST_PIECE, mistakes);
        check_merge_field(at, text, mistakes);
    };
    match function {
        Function::Trim | Function::Lower | Function::Upper => {}
        Function::Join(text) => piece(&format!("{pointer}/join"), text),
        Function::Prefix(text) => piece(&format!("{pointer}/prefix"), text),
        Function::Suffix(text) => piece(&format!("{pointer}/suffix"), text),
        Function::Map(table) => {
            let pointer = format!("{pointer}/map");
            for (name, text) in table {
                if name.chars().count() <= LONGEST_PIECE {
                    piece(&format!("{pointer}/{}", escape(name)), text);
                }
            }
            let short = table.keys().all(|name| name.chars().count() <= LONGEST_PIECE);
            let rule = "must have names of at most 200 characters";
            mistakes.require(&pointer, short, rule);
            mistakes.count(&pointer, table.len(), 1, MOST_ENTRIES);
        }
    }
}

fn check_length(pointer: &str, text: &str, longest: usize, mistakes: &mut Mistakes) {
    if text.chars().count() > longest {
        mistakes.add(pointer, format!("must be at most {longest} characters"));
    }
}

/// Beside the tenant's data there are none, not even the operator's: a value is made of both, and
/// nobody can tell afterwards whose the braces were.
fn check_merge_field(pointer: &str, text: &str, mistakes: &mut Mistakes) {
    let reason = "must not hold {{: merge fields are for constants alone";
    mistakes.require(pointer, !text.contains("{{"), reason);
}

/// A name as a segment of a JSON pointer (RFC 6901).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
