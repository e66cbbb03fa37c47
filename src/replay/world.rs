//! The world in which a history is played: a sandbox's catalogue that has what its blueprint reads and what
//! people were asked. What the real templates hold beyond that is not known, and not needed.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::Error;
use super::document::{History, Needs};
use crate::onboarding::{AuthKind, Blueprint, Question, Rule, RuleValue, TemplatePlan};
use crate::sandbox::{
    AuthType, Catalogue, Choice, Connector, ConnectorProperty, ConnectorStatus, Input, Lookup,
    Method, OAuth2Type, StepErrorAction, Template, TemplateStep,
};

/// Ids of connectors begin here; the first asks for nothing, and stands in where none is known.
const FIRST_CONNECTOR: i64 = 9001;

pub(super) fn catalogue(history: &History) -> Result<Catalogue, Error> {
    let mut connectors =
        vec![connector(FIRST_CONNECTOR, "Nothing to connect", Some(AuthKind::Open))];
    for (needs, id) in history.connections.iter().zip(FIRST_CONNECTOR + 1..) {
        let properties = properties(needs);
        connectors
            .push(Connector { properties, ..connector(id, &needs.name, kind(history, needs)) });
    }
    let mut known = BTreeSet::new();
    let mut templates = Vec::new();
    // The newest version says what a template has to hold; the older ones add what only they read.
    for version in history.blueprints.iter().rev() {
        for plan in &version.document.templates {
            if known.insert(plan.template_id.0) {
                templates.push(template(history, plan));
            }
        }
    }
    let catalogue = Catalogue { connectors, templates, ..Catalogue::default() };
    // It is checked as one that somebody wrote would be.
    let text = serde_json::to_string(&catalogue).map_err(|source| Error::Unread { source })?;
    Ok(Catalogue::parse(&text)?)
}

fn kind(history: &History, needs: &Needs) -> Option<AuthKind> {
    if history.asks_nothing(&needs.name) {
        return Some(AuthKind::Open);
    }
    AuthKind::ALL.into_iter().find(|kind| Some(kind.name()) == needs.auth.as_deref())
}

fn connector(id: i64, name: &str, kind: Option<AuthKind>) -> Connector {
    let (auth_type, oauth2_type) = match kind {
        // Nobody got as far as asking: any kind that waits for a person will do.
        None | Some(AuthKind::OAuth) => (AuthType::OAuth2, OAuth2Type::AuthorisationCode),
        Some(AuthKind::OAuthUnattended) => (AuthType::OAuth2, OAuth2Type::ClientCredentials),
        Some(AuthKind::ApiKey) => (AuthType::ApiKey, OAuth2Type::Unknown),
        Some(AuthKind::Basic) => (AuthType::Basic, OAuth2Type::Unknown),
        Some(AuthKind::Fields) => (AuthType::AuthFields, OAuth2Type::Unknown),
        Some(AuthKind::Open) => (AuthType::None, OAuth2Type::Unknown),
    };
    Connector {
        id,
        name: name.to_owned(),
        version: None,
        description: None,
        status: ConnectorStatus::Approved,
        categories: Vec::new(),
        icon: None,
        auth_type,
        oauth2_type,
        auth_description: None,
        auth_scheme: None,
        authentication: Vec::new(),
        provider: None,
        properties: Vec::new(),
        methods: Vec::new(),
        triggers: Vec::new(),
        partner_native: false,
        system: false,
    }
}

fn properties(needs: &Needs) -> Vec<ConnectorProperty> {
    let inputs = needs.inputs.iter().zip(1..);
    let property = inputs.map(|(input, id)| ConnectorProperty {
        id,
        name: input.label.clone(),
        target_name: input.name.clone(),
        description: input.help.clone(),
        optional: input.optional,
        sensitive: input.secret,
        values: input.options.clone(),
        account_property: true,
    });
    property.collect()
}

fn template(history: &History, plan: &TemplatePlan) -> Template {
    let mut steps = Steps::default();
    let versions = history.blueprints.iter().map(|version| &version.document);
    for (blueprint, rule) in versions.flat_map(|one| rules_of(one, plan.template_id.0)) {
        steps.take_rule(rule, asked(history, plan.template_id.0, blueprint, rule));
    }
    let ruled: Vec<&str> = history.blueprints.iter().flat_map(questions_of).collect();
    for question in questions(history, plan.template_id.0) {
        if !ruled.contains(&question.key.0.as_str()) {
            steps.take_question(question);
        }
    }
    let connectors = connectors_of(history, plan.template_id.0);
    Template {
        id: plan.template_id.0,
        name: plan.name.clone().unwrap_or_else(|| format!("Template {}", plan.template_id)),
        description: None,
        tags: Vec::new(),
        published: true,
        fresh_connectors: false,
        steps: steps.finish(&connectors),
        variables: Vec::new(),
        prerequisites: Vec::new(),
        runs: Vec::new(),
        on_step_error: StepErrorAction::Ignore,
    }
}

fn questions_of(version: &super::document::Version) -> impl Iterator<Item = &str> {
    version.document.questions.iter().map(|question| question.key.0.as_str())
}

fn rules_of(blueprint: &Blueprint, template: Uuid) -> impl Iterator<Item = (&Blueprint, &Rule)> {
    let plans = blueprint.templates.iter().filter(move |plan| plan.template_id.0 == template);
    plans.flat_map(|plan| &plan.mapping).map(move |rule| (blueprint, rule))
}

fn questions(history: &History, template: Uuid) -> impl Iterator<Item = &Question> {
    let asked = history.templates.iter().filter(move |asked| asked.template_id.0 == template);
    asked.flat_map(|asked| &asked.questions)
}

/// The question of a rule that asks: as it was asked, or, where it was not yet, as it is published.
fn asked<'a>(
    history: &'a History,
    template: Uuid,
    blueprint: &'a Blueprint,
    rule: &Rule,
) -> Option<&'a Question> {
    let RuleValue::Ask(key) = &rule.value else { return None };
    let mut known = questions(history, template).chain(&blueprint.questions);
    known.find(|question| question.key == *key)
}

/// Numbers of the catalogue's connectors that came with the template.
fn connectors_of(history: &History, template: Uuid) -> Vec<i64> {
    let installed = history.installed().into_iter().filter(|(known, _, _)| known.0 == template);
    let mut ids = Vec::new();
    for connector in installed.flat_map(|(_, _, connectors)| connectors) {
        let mut known = history.connections.iter();
        let found = known.position(|needs| needs.connector_id == connector.to_string());
        let number = found.and_then(|found| i64::try_from(found).ok());
        ids.extend(number.map(|number| FIRST_CONNECTOR + 1 + number));
    }
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() { vec![FIRST_CONNECTOR] } else { ids }
}

/// Steps with their inputs, while they are gathered.
#[derive(Default)]
struct Steps {
    named: Vec<(String, Vec<Input>)>,
    next: i64,
}

fn same(a: &str, b: &str) -> bool {
    a.trim().eq_ignore_ascii_case(b.trim())
}

impl Steps {
    fn take_rule(&mut self, rule: &Rule, question: Option<&Question>) {
        let somewhere = |step: &(String, Vec<Input>)| {
            let right_step = rule.step.as_ref().is_none_or(|name| same(name, &step.0));
            right_step && step.1.iter().any(|input| same(&input.name, &rule.target))
        };
        if !self.named.iter().any(somewhere) {
            let input = self.input(&rule.target, question, true);
            self.add(rule.step.as_deref().unwrap_or("First step"), input);
        }
    }

    /// What no rule covers was asked because the template wants it.
    fn take_question(&mut self, question: &Question) {
        let input = self.input(&question.label, Some(question), false);
        self.add("First step", input);
    }

    fn add(&mut self, step: &str, input: Input) {
        match self.named.iter_mut().find(|known| same(&known.0, step)) {
            Some((_, inputs)) => inputs.push(input),
            None => self.named.push((step.to_owned(), vec![input])),
        }
    }

    fn input(&mut self, name: &str, question: Option<&Question>, optional: bool) -> Input {
        self.next += 1;
        let lookup = question.filter(|question| question.lookup.is_some());
        Input {
            id: self.next,
            name: name.to_owned(),
            description: None,
            optional,
            data_type: "Undefined".to_owned(),
            values: question.map(|question| question.options.clone()).unwrap_or_default(),
            test_value: None,
            lookup: lookup.map(|_| Lookup {
                id: self.next + 100_000,
                name: name.to_owned(),
                choices: Vec::new(),
            }),
        }
    }

    /// A step for each connector at least, each with one of them.
    fn finish(mut self, connectors: &[i64]) -> Vec<TemplateStep> {
        while self.named.len() < connectors.len() {
            self.named.push((format!("Step {}", self.named.len() + 1), Vec::new()));
        }
        let steps = self.named.into_iter().zip(connectors.iter().cycle()).zip(1..);
        let step = steps.map(|(((name, parameters), connector), id)| TemplateStep {
            name,
            description: None,
            connector: *connector,
            method: Method { id, name: "play".to_owned() },
            parameters,
            fields: Vec::new(),
            outputs: Vec::new(),
            webhook: false,
        });
        step.collect()
    }
}

/// Puts what was chosen among what there is to choose from.
pub(super) fn offer_answers(catalogue: &mut Catalogue, history: &History) {
    let chosen: Vec<Choice> = history
        .answers
        .values()
        .filter(|answer| !answer.is_empty())
        .map(|answer| Choice { name: answer.clone(), value: answer.clone() })
        .collect();
    let steps = catalogue.templates.iter_mut().flat_map(|template| &mut template.steps);
    for lookup in steps.flat_map(|step| &mut step.parameters).filter_map(|one| one.lookup.as_mut())
    {
        lookup.choices.clone_from(&chosen);
    }
}
