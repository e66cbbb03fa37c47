//! What will become of a template's inputs, as far as that is known without a tenant.

use super::{RuleValue, Target, TemplateRules, fitted, question_for};
use crate::onboarding::Question;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Foreseen {
    /// Rules that meet no input, by their place.
    pub unmet: Vec<usize>,
    /// Rules whose question is a choice where there is nothing to choose from, by their place.
    pub unfit: Vec<usize>,
    /// What people will be asked, in the order of the page.
    pub questions: Vec<Question>,
    /// What of that no rule asks: Cyclr requires it, and nothing is there.
    pub uncovered: Vec<Question>,
}

/// The same choice of rules as in planning, and no values.
pub fn foresee(from: TemplateRules<'_>, targets: &[Target]) -> Foreseen {
    let rules = || from.rules.iter().enumerate();
    let unmet = rules().filter(|(_, rule)| !targets.iter().any(|target| rule.fits(target)));
    let mut seen =
        Foreseen { unmet: unmet.map(|(place, _)| place).collect(), ..Foreseen::default() };
    for target in targets {
        let fitting = rules().filter(|(_, rule)| rule.fits(target));
        match fitting.min_by_key(|(_, rule)| rule.step.is_none()) {
            Some((place, rule)) => {
                let RuleValue::Ask(key) = &rule.value else { continue };
                let asked = from.questions.iter().find(|question| question.key == *key);
                let Some(question) = asked.map(|question| fitted(question, target)) else {
                    continue;
                };
                if question.has_choice() {
                    seen.ask(question);
                } else {
                    seen.unfit.push(place);
                }
            }
            None if target.required && !target.mapped => {
                let question = question_for(target);
                seen.uncovered.push(question.clone());
                seen.ask(question);
            }
            None => {}
        }
    }
    seen
}

impl Foreseen {
    /// Each question once, though several inputs may ask it.
    fn ask(&mut self, question: Question) {
        if !self.questions.iter().any(|known| known.key == question.key) {
            self.questions.push(question);
        }
    }
}
