//! Looks whether a blueprint can work, before any tenant sees anything of it. Changes nothing anywhere.
//!
//! Cyclr tells a template's inputs only of a cycle that is installed. So rules are held against the newest
//! cycle of the template that an onboarding has, if there is one; what cannot be learnt is told as not
//! known, never as good.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::timeout;

use super::Engine;
use super::steps::{auth_kind, read_targets};
use crate::cyclr::{self, CallLog, Fault, Partner, Template};
use crate::ids::{AccountId, CycleId, TemplateId};
use crate::onboarding::{
    AuthKind, Blueprint, Foreseen, Question, RuleValue, TemplatePlan, TemplateRules, foresee,
};
use crate::store::{self, Filter, ListOrder, Sight};

/// What was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub name: &'static str,
    pub status: CheckStatus,
    /// Where in the blueprint, if it is about a place in it.
    pub pointer: Option<String>,
    /// What was seen, and what to do if it is not good. Bounded.
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStatus {
    Good,
    /// It works, and somebody should know.
    Warning,
    /// It cannot work.
    Failed,
    /// It could not be learnt.
    Unknown,
}

impl CheckStatus {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// All that was seen.
#[derive(Debug)]
pub struct Preflight {
    pub checks: Vec<Check>,
    /// What the tenant's people will be asked, in the order of the blueprint; with what Cyclr requires
    /// beside that as far as it is known.
    pub questions: Vec<Question>,
}

impl Preflight {
    /// Nothing was found that keeps it from working.
    pub fn is_good(&self) -> bool {
        self.checks.iter().all(|check| check.status != CheckStatus::Failed)
    }
}

/// How long all of it takes at most.
const PATIENCE: Duration = Duration::from_secs(20);
/// Onboardings of a template that are looked through for a cycle of it.
const MOST_LOOKED_AT: u16 = 25;
const NOT_KNOWN_YET: &str = "Cyclr tells a template's inputs once it is installed somewhere. Take a \
    tenant of your own through this blueprint first; then this is checked.";

impl Engine {
    /// Looks at everything that can be learnt, within a bounded time.
    pub async fn preflight(
        &self,
        blueprint: &Blueprint,
        sight: &Sight,
    ) -> Result<Preflight, store::Error> {
        let mut checks = document_checks(blueprint);
        let log = CallLog::default();
        let partner = self.0.cyclr.partner(&log);
        let (service, templates) =
            tokio::join!(self.service_domain(), templates_checks(&partner, blueprint));
        checks.push(service);
        checks.extend(templates);
        let mut questions: Vec<Question> = Vec::new();
        for (place, template) in blueprint.templates.iter().enumerate() {
            let seen = self.foresee(place, template, blueprint, sight).await?;
            checks.extend(mapping_checks(place, template, seen.as_ref()));
            let asked = match seen {
                Some(seen) => seen.questions,
                None => declared(template, &blueprint.questions),
            };
            for question in asked {
                if !questions.iter().any(|known| known.key == question.key) {
                    questions.push(question);
                }
            }
        }
        Ok(Preflight { checks, questions })
    }

    /// What becomes of the template's inputs; `None` where they cannot be learnt.
    async fn foresee(
        &self,
        place: usize,
        template: &TemplatePlan,
        blueprint: &Blueprint,
        sight: &Sight,
    ) -> Result<Option<Foreseen>, store::Error> {
        let Some(known) = self.known_cycle(template.template_id, sight).await? else {
            return Ok(None);
        };
        let log = CallLog::default();
        let account = self.0.cyclr.in_account(&known.account, &log);
        let reading = timeout(PATIENCE, read_targets(&account, known.cycle));
        let Ok(Ok(targets)) = reading.await else { return Ok(None) };
        let questions = &blueprint.questions;
        let rules = TemplateRules { template: place, rules: &template.mapping, questions };
        let mut seen = foresee(rules, &targets);
        // In that cycle they were asked and are there by now; in the next one they will be asked again.
        for question in known.asked {
            let is_new = |known: &Question| known.label != question.label;
            let is_declared = questions.iter().any(|declared| declared.key == question.key);
            if !is_declared && seen.questions.iter().all(is_new) {
                seen.uncovered.push(question.clone());
                seen.questions.push(question);
            }
        }
        Ok(Some(seen))
    }

    /// Any answer will do: what stands there is a page for people.
    async fn service_domain(&self) -> Check {
        let answers = self.0.cyclr.service_domain_answers().await;
        let origin = self.service_origin();
        let (status, detail) = match answers {
            Ok(()) => (CheckStatus::Good, format!("{origin} answers.")),
            Err(why) => {
                let what =
                    format!("{origin} does not answer ({why}). Look at CYCLR_SERVICE_DOMAIN.");
                (CheckStatus::Failed, what)
            }
        };
        Check { name: "service_domain", status, pointer: None, detail }
    }

    /// The newest cycle of this template that an onboarding has.
    async fn known_cycle(
        &self,
        template: TemplateId,
        sight: &Sight,
    ) -> Result<Option<KnownCycle>, store::Error> {
        let filter = Filter { template: Some(template), ..Filter::default() };
        let listed =
            self.store().list((&filter, sight), ListOrder::Newest, None, MOST_LOOKED_AT).await?;
        Ok(listed.onboardings.iter().find_map(|onboarding| {
            let account = onboarding.facts.account.as_ref()?;
            let slot = onboarding.facts.slots.iter().find(|slot| slot.template == template)?;
            let asked = slot.questions.clone();
            Some(KnownCycle { account: account.id.clone(), cycle: slot.cycle?, asked })
        }))
    }
}

/// A cycle of the template, in which its inputs can be read.
struct KnownCycle {
    account: AccountId,
    cycle: CycleId,
    /// What was asked for it.
    asked: Vec<Question>,
}

/// What the rules ask, in their order.
fn declared(template: &TemplatePlan, questions: &[Question]) -> Vec<Question> {
    let asked = template.mapping.iter().filter_map(|rule| match &rule.value {
        RuleValue::Ask(key) => questions.iter().find(|question| question.key == *key),
        RuleValue::Constant(_) | RuleValue::From { .. } | RuleValue::Ignore => None,
    });
    asked.cloned().collect()
}

/// What the document says by itself.
fn document_checks(blueprint: &Blueprint) -> Vec<Check> {
    let mistakes = blueprint.mistakes();
    let mut checks: Vec<_> = mistakes
        .into_iter()
        .map(|mistake| Check {
            name: "document",
            status: CheckStatus::Failed,
            pointer: Some(mistake.pointer),
            detail: mistake.reason,
        })
        .collect();
    if checks.is_empty() {
        let detail = "Fields, intervals, rules and paths are as they must be.".to_owned();
        checks.push(Check { name: "document", status: CheckStatus::Good, pointer: None, detail });
    }
    let (status, detail) = if blueprint.return_urls.is_empty() {
        let detail = "None is listed: people end on our page and are sent nowhere.";
        (CheckStatus::Warning, detail.to_owned())
    } else {
        let count = blueprint.return_urls.len();
        (CheckStatus::Good, format!("{count} listed, compared letter by letter."))
    };
    let pointer = Some("/return_urls".to_owned());
    checks.push(Check { name: "return_urls", status, pointer, detail });
    checks
}

/// Credentials, templates, and the connectors that they bring.
async fn templates_checks(partner: &Partner, blueprint: &Blueprint) -> Vec<Check> {
    let looking = async {
        let mut checks = Vec::new();
        let mut faults = Vec::new();
        let mut connectors = BTreeSet::new();
        for (place, plan) in blueprint.templates.iter().enumerate() {
            let found = partner.find_template(plan.template_id).await;
            let pointer = Some(format!("/templates/{place}/template_id"));
            checks.push(template_check(pointer, plan, &found));
            match found {
                Ok(Some(template)) => connectors
                    .extend(template.connectors.into_iter().map(|one| (one.name, one.version))),
                Ok(None) => {}
                Err(error) => faults.push(error.fault()),
            }
        }
        checks.insert(0, credentials_check(&faults, blueprint.templates.len()));
        for (name, version) in connectors {
            checks.push(connector_check(partner, &name, version.as_deref()).await);
        }
        checks
    };
    timeout(PATIENCE, looking).await.unwrap_or_else(|_| {
        let detail = "Cyclr did not answer in time. Look again later.".to_owned();
        vec![Check { name: "credentials", status: CheckStatus::Unknown, pointer: None, detail }]
    })
}

fn credentials_check(faults: &[Fault], asked: usize) -> Check {
    let (status, detail) = if faults.contains(&Fault::Auth) {
        let detail = "Cyclr refuses CYCLR_CLIENT_ID and CYCLR_CLIENT_SECRET. Put them right.";
        (CheckStatus::Failed, detail)
    } else if asked > 0 && faults.len() == asked {
        (CheckStatus::Unknown, "Cyclr could not be asked. Look again later.")
    } else {
        (CheckStatus::Good, "Cyclr takes them.")
    };
    Check { name: "credentials", status, pointer: None, detail: detail.to_owned() }
}

fn template_check(
    pointer: Option<String>,
    plan: &TemplatePlan,
    found: &Result<Option<Template>, cyclr::Error>,
) -> Check {
    let (status, detail) = match found {
        Ok(Some(template)) => {
            (CheckStatus::Good, format!("\"{}\" is published.", bounded(&template.name)))
        }
        Ok(None) => {
            let id = plan.template_id;
            (CheckStatus::Failed, format!("Cyclr does not know {id}, or it is not published."))
        }
        Err(_) => (CheckStatus::Unknown, "Cyclr could not be asked. Look again later.".to_owned()),
    };
    Check { name: "template", status, pointer, detail }
}

async fn connector_check(partner: &Partner, name: &str, version: Option<&str>) -> Check {
    let shown = bounded(name);
    let found = match partner.find_in_catalogue(name).await {
        Ok(Some(versions)) => versions.into_iter().find(|one| {
            version.is_none_or(|version| one.version.as_deref().is_none_or(|own| own == version))
        }),
        Ok(None) | Err(_) => None,
    };
    let kind = found.map(|found| auth_kind(&found.auth, &found.oauth2));
    let (status, detail) = match kind {
        Some(Ok(AuthKind::OAuth)) => (CheckStatus::Good, format!("{shown}: people sign in.")),
        Some(Ok(AuthKind::ApiKey)) => (CheckStatus::Good, format!("{shown}: people enter a key.")),
        Some(Ok(AuthKind::Basic)) => {
            (CheckStatus::Good, format!("{shown}: people enter user name and password."))
        }
        Some(Ok(AuthKind::Fields)) => {
            (CheckStatus::Good, format!("{shown}: people enter several fields."))
        }
        Some(Ok(AuthKind::OAuthUnattended | AuthKind::Open)) => {
            (CheckStatus::Good, format!("{shown}: nobody is needed."))
        }
        Some(Err(word)) => {
            let kind = bounded(&word);
            let detail = format!(
                "{shown} asks for \"{kind}\", which Gangway cannot carry out. Somebody has to \
                 authenticate it in Cyclr's console for each tenant."
            );
            (CheckStatus::Failed, detail)
        }
        None => {
            (CheckStatus::Unknown, format!("{shown}: Cyclr does not tell how it is connected."))
        }
    };
    Check { name: "connector", status, pointer: None, detail }
}

/// Whether each rule meets an input of the template, and what no rule covers.
fn mapping_checks(place: usize, template: &TemplatePlan, seen: Option<&Foreseen>) -> Vec<Check> {
    let check = |status, at: &str, detail: String| {
        let pointer = Some(format!("/templates/{place}/mapping{at}"));
        Check { name: "mapping", status, pointer, detail }
    };
    let Some(seen) = seen else {
        return vec![check(CheckStatus::Unknown, "", NOT_KNOWN_YET.to_owned())];
    };
    let mut checks = Vec::new();
    for number in &seen.unmet {
        let target = template.mapping.get(*number).map_or("", |rule| &rule.target);
        let target = bounded(target);
        let detail = format!("The template has no input \"{target}\". Look at its name at Cyclr.");
        checks.push(check(CheckStatus::Failed, &format!("/{number}/target"), detail));
    }
    for number in &seen.unfit {
        let detail =
            "The question is a choice, and neither it nor Cyclr says between what.".to_owned();
        checks.push(check(CheckStatus::Failed, &format!("/{number}/value"), detail));
    }
    for question in &seen.uncovered {
        let label = bounded(&question.label);
        let detail = format!("\"{label}\" is required and no rule names it: people will be asked.");
        checks.push(check(CheckStatus::Warning, "", detail));
    }
    if checks.is_empty() {
        let detail = "Every rule meets an input, and no required input is left over.";
        checks.push(check(CheckStatus::Good, "", detail.to_owned()));
    }
    checks
}

/// What comes from Cyclr or the document, short enough for a line.
fn bounded(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}
