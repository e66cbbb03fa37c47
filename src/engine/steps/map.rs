//! What goes into a cycle's parameters and fields: by rule where the blueprint has one, by asking
//! otherwise. Writes are absolute, read back and compared; Cyclr's prerequisites have the last word.

use futures_util::future::try_join_all;

use super::{StepContext, Trouble, seen, surplus};
use crate::cyclr::{
    self, Account, CycleStep, Mapping, MappingLookup, Prerequisite, PrerequisiteObject,
};
use crate::engine::ahead::Ahead;
use crate::ids::CycleId;
use crate::onboarding::{
    AuthKind, Gain, Lookup, Outcome, Part, Plan, Problem, ProblemCode, Question, RuleFailure,
    SeenConnector, Setting, Target, TemplatePlan, TemplateRules, Write, plan,
};

/// Cyclr's code for a connector that is not authenticated (DOC).
const UNAUTHENTICATED: i64 = 20;

pub(super) async fn run(
    context: &StepContext<'_>,
    ahead: Option<Ahead>,
) -> Result<Outcome, Trouble> {
    let account = context.account()?;
    let cycle = context.cycle()?;
    let template = context.template()?;
    let retired = surplus::retire(context, &account).await?;
    let targets = match ahead.filter(|ahead| ahead.cycle == cycle) {
        Some(ahead) => ahead.targets?,
        None => read_targets(&account, cycle).await?,
    };
    let planned = match decide(context, (context.slot, template), &targets) {
        Ok(planned) => planned,
        Err(failure) => return Ok(rule_failed(&failure)),
    };
    if has_open(context, &planned.questions) {
        return ask_everything(context, &account, planned.questions).await;
    }
    write_stopping(context, &account, &planned.writes).await?;
    // Reading back what was written and asking for what is missing do not depend on each other.
    let (lost, missing) = tokio::try_join!(find_lost(&account, &planned.writes), async {
        Ok(account.list_prerequisites(cycle).await?)
    })?;
    if let Some(problem) = lost {
        return Ok(context.retry(problem));
    }
    if missing.is_empty() {
        return Ok(Outcome::Done(Gain::Mapped { slot: context.slot, retired }));
    }
    what_is_missing(context, &account, targets, &missing).await
}

fn decide(
    context: &StepContext<'_>,
    (place, template): (usize, &TemplatePlan),
    targets: &[Target],
) -> Result<Plan, RuleFailure> {
    let onboarding = context.onboarding;
    let questions = &context.blueprint.questions;
    plan(
        TemplateRules { template: place, rules: &template.mapping, questions },
        targets,
        (&onboarding.tenant, &onboarding.profile),
        &onboarding.facts.answers,
    )
}

fn rule_failed(failure: &RuleFailure) -> Outcome {
    Outcome::Stuck(Problem::with(ProblemCode::MappingRuleFailed, failure.to_string()))
}

fn has_open(context: &StepContext<'_>, questions: &[Question]) -> bool {
    questions.iter().any(|question| context.onboarding.facts.is_to_answer(question))
}

/// Asks what this template needs, and what the templates after it will need: a person is asked once.
async fn ask_everything(
    context: &StepContext<'_>,
    account: &Account,
    questions: Vec<Question>,
) -> Result<Outcome, Trouble> {
    let mut asked = vec![(context.slot, questions)];
    let later = context.onboarding.facts.slots.iter().zip(&context.blueprint.templates).enumerate();
    for (place, (slot, template)) in later.skip(context.slot + 1) {
        let Some(cycle) = slot.cycle.filter(|_| slot.is_to_map()) else { continue };
        let targets = read_targets(account, cycle).await?;
        match decide(context, (place, template), &targets) {
            Ok(planned) => asked.push((place, planned.questions)),
            Err(failure) => return Ok(rule_failed(&failure)),
        }
    }
    Ok(Outcome::Done(Gain::Questions(asked)))
}

pub(in crate::engine) async fn read_targets(
    account: &Account,
    cycle: CycleId,
) -> Result<Vec<Target>, cyclr::Error> {
    let steps = account.list_steps(cycle).await?;
    let read = try_join_all(steps.iter().map(|step| read_step(account, step))).await?;
    Ok(read.into_iter().flatten().collect())
}

async fn read_step(account: &Account, step: &CycleStep) -> Result<Vec<Target>, cyclr::Error> {
    let (parameters, fields) =
        tokio::try_join!(account.list_parameters(step.id), account.list_field_mappings(step.id))?;
    let parameters = parameters.into_iter().map(|mapping| target(step, Part::Parameter, mapping));
    let fields = fields.into_iter().map(|mapping| target(step, Part::Field, mapping));
    Ok(parameters.chain(fields).collect())
}

fn target(step: &CycleStep, part: Part, mapping: Mapping) -> Target {
    Target {
        step: step.id,
        step_name: step.name.clone(),
        part,
        id: mapping.id,
        required: !mapping.optional,
        mapped: mapping.kind.as_deref().is_some_and(|kind| !kind.eq_ignore_ascii_case("Ignore")),
        value: static_value(&mapping).map(str::to_owned),
        lookup: lookup(step, part, &mapping),
        name: mapping.name,
        help: mapping.description,
        options: mapping.values,
    }
}

/// A parameter is asked by itself; for a field the connector is asked, where Cyclr names it.
fn lookup(step: &CycleStep, part: Part, mapping: &Mapping) -> Option<Lookup> {
    let MappingLookup { trigger, connector } = mapping.lookup.as_ref()?;
    let (trigger, connector) = (*trigger, connector.or(step.connector));
    let lookup = |parameter, connector| Lookup { step: step.id, parameter, connector, trigger };
    match part {
        Part::Parameter => Some(lookup(Some(mapping.id), None)),
        Part::Field => connector.map(|connector| lookup(None, Some(connector))),
    }
}

/// The value that stands there, if it is one that we could have written.
fn static_value(mapping: &Mapping) -> Option<&str> {
    let kind = mapping.kind.as_deref()?;
    let ours = ["StaticValue", "ValueList"].iter().any(|name| kind.eq_ignore_ascii_case(name));
    mapping.value.as_deref().filter(|_| ours)
}

/// Writes; a cycle that is running refuses that (OBS) and is stopped first, where the blueprint lets
/// us. Never one that runs a single time: starting it again would be a second run.
async fn write_stopping(
    context: &StepContext<'_>,
    account: &Account,
    writes: &[Write],
) -> Result<(), Trouble> {
    let template = context.template()?;
    let may_stop = template.stop_to_change && !template.schedule.run_once;
    match write_all(account, writes).await {
        Err(Trouble::Cyclr(error)) if error.status() == Some(409) && may_stop => {
            account.deactivate(context.cycle()?).await?;
            write_all(account, writes).await
        }
        written => written,
    }
}

/// The writes of one template do not depend on each other.
async fn write_all(account: &Account, writes: &[Write]) -> Result<(), Trouble> {
    try_join_all(writes.iter().map(|write| async move {
        let setting = match &write.setting {
            Setting::Static(value) => cyclr::Setting::StaticValue(value.clone()),
            Setting::Listed(value) => cyclr::Setting::ValueList(value.clone()),
        };
        match write.part {
            Part::Parameter => account.set_parameter(write.step, write.id, &setting).await,
            Part::Field => account.set_field_mapping(write.step, write.id, &setting).await,
        }
    }))
    .await?;
    Ok(())
}

/// What was written and does not stand there.
async fn find_lost(account: &Account, writes: &[Write]) -> Result<Option<Problem>, Trouble> {
    let mut places: Vec<_> = writes.iter().map(|write| (write.step, write.part)).collect();
    places.sort_unstable();
    places.dedup();
    let shown = try_join_all(places.iter().map(|(step, part)| async move {
        match part {
            Part::Parameter => account.list_parameters(*step).await,
            Part::Field => account.list_field_mappings(*step).await,
        }
    }))
    .await?;
    let stands = |write: &Write| {
        let place =
            places.iter().zip(&shown).find(|(place, _)| **place == (write.step, write.part));
        let mut mappings = place.into_iter().flat_map(|(_, mappings)| mappings);
        mappings.any(|mapping| {
            mapping.id == write.id && static_value(mapping) == Some(write.setting.value())
        })
    };
    Ok(writes.iter().find(|write| !stands(write)).map(|write| {
        Problem::with(ProblemCode::MappingNotKept, format!("step {}, id {}", write.step, write.id))
    }))
}

/// Inputs of a live cycle that do not stand as they would be written now, by their names. What a rule cannot
/// answer any more, or nobody was asked, was never written.
pub(super) async fn find_changed(
    context: &StepContext<'_>,
    account: &Account,
    (place, cycle): (usize, CycleId),
) -> Result<Vec<String>, Trouble> {
    let Some(template) = context.blueprint.templates.get(place) else { return Ok(Vec::new()) };
    let targets = read_targets(account, cycle).await?;
    let Ok(planned) = decide(context, (place, template), &targets) else { return Ok(Vec::new()) };
    let stands = |write: &Write| {
        let is_it = |t: &&Target| (t.step, t.part, t.id) == (write.step, write.part, write.id);
        targets
            .iter()
            .find(is_it)
            .is_some_and(|t| t.value.as_deref() == Some(write.setting.value()))
    };
    let changed = planned.writes.iter().filter(|write| !stands(write));
    let named = changed.filter_map(|write| {
        let is_it = |t: &&Target| (t.step, t.part, t.id) == (write.step, write.part, write.id);
        targets.iter().find(is_it).map(|t| format!("{} of {}", t.name, t.step_name))
    });
    Ok(named.collect())
}

/// Cyclr names something although all is written: a connection, an input that it wants after all, or
/// something that only the template's makers can mend.
async fn what_is_missing(
    context: &StepContext<'_>,
    account: &Account,
    mut targets: Vec<Target>,
    missing: &[Prerequisite],
) -> Result<Outcome, Trouble> {
    match lost_connections(context, account, missing).await? {
        Lost::Nothing => {}
        Lost::Connections(lost) => return Ok(Outcome::Done(Gain::Connections(lost))),
        Lost::Contradiction(problem) => return Ok(context.retry(problem)),
        Lost::Skipped => return Ok(Outcome::Stuck(skipped(missing))),
    }
    for wanted in wanted_inputs(account, missing).await? {
        for target in &mut targets {
            let hit = match wanted {
                PrerequisiteObject::Parameter(id) => {
                    target.part == Part::Parameter && target.id == id
                }
                PrerequisiteObject::Field(id) => target.part == Part::Field && target.id == id,
                PrerequisiteObject::Connector(_)
                | PrerequisiteObject::Step(_)
                | PrerequisiteObject::Other(_) => false,
            };
            if hit {
                (target.required, target.mapped) = (true, false);
            }
        }
    }
    match decide(context, (context.slot, context.template()?), &targets) {
        Ok(planned) if has_open(context, &planned.questions) => {
            Ok(Outcome::Done(Gain::Questions(vec![(context.slot, planned.questions)])))
        }
        Ok(_) => Ok(Outcome::Stuck(defect(missing))),
        Err(failure) => Ok(rule_failed(&failure)),
    }
}

/// What "unauthenticated connector" among the prerequisites comes to.
pub(super) enum Lost {
    Nothing,
    Connections(Vec<SeenConnector>),
    /// The connector itself reads as authenticated: one of the two lags behind.
    Contradiction(Problem),
    /// It was passed over, and Cyclr wants it.
    Skipped,
}

/// Connections that were authenticated and are not any more. The connector has the last word.
pub(super) async fn lost_connections(
    context: &StepContext<'_>,
    account: &Account,
    missing: &[Prerequisite],
) -> Result<Lost, Trouble> {
    let mut lost = Vec::new();
    for prerequisite in missing.iter().filter(|prerequisite| prerequisite.code == UNAUTHENTICATED) {
        let PrerequisiteObject::Connector(connector) = prerequisite.object else { continue };
        let known = context.onboarding.facts.connection(connector);
        if known.is_some_and(|known| known.auth == Some(AuthKind::Open)) {
            continue;
        }
        match account.find_connector(connector).await? {
            Some(found) if found.authenticated => {
                return Ok(Lost::Contradiction(Problem::with(
                    ProblemCode::CyclrContradicts,
                    format!("account connector {connector} is authenticated and named as not"),
                )));
            }
            Some(_) if known.is_some_and(|known| known.set_aside.stands()) => {
                return Ok(Lost::Skipped);
            }
            Some(found) => lost.push(seen(connector, &found, None)),
            None => {
                return Ok(Lost::Contradiction(Problem::with(
                    ProblemCode::ConnectorMissing,
                    format!("account connector {connector}"),
                )));
            }
        }
    }
    Ok(if lost.is_empty() { Lost::Nothing } else { Lost::Connections(lost) })
}

/// The single inputs behind "missing mapping" of a step.
async fn wanted_inputs(
    account: &Account,
    missing: &[Prerequisite],
) -> Result<Vec<PrerequisiteObject>, Trouble> {
    let mut wanted = Vec::new();
    for prerequisite in missing {
        match prerequisite.object {
            PrerequisiteObject::Step(step) => {
                let inputs = account.list_step_prerequisites(step).await?;
                wanted.extend(inputs.into_iter().map(|input| input.object));
            }
            PrerequisiteObject::Parameter(_) | PrerequisiteObject::Field(_) => {
                wanted.push(prerequisite.object.clone());
            }
            PrerequisiteObject::Connector(_) | PrerequisiteObject::Other(_) => {}
        }
    }
    Ok(wanted)
}

pub(super) fn defect(missing: &[Prerequisite]) -> Problem {
    Problem::with(ProblemCode::TemplateDefect, name_all(missing))
}

pub(super) fn skipped(missing: &[Prerequisite]) -> Problem {
    Problem::with(ProblemCode::SkippedIsNeeded, name_all(missing))
}

fn name_all(missing: &[Prerequisite]) -> String {
    let named: Vec<_> = missing
        .iter()
        .map(|prerequisite| format!("{} (code {})", prerequisite.reason, prerequisite.code))
        .collect();
    named.join("; ")
}
