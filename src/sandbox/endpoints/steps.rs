//! Steps: what they want to know, and what they are told.

use axum::extract::{Path, State};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::Sandbox;
use super::super::account::{Account, AccountConnector};
use super::super::cycle::{Cycle, Mapping, Sort};
use super::super::effect::{Done, Effect};
use super::super::request::{Answer, InAccount, Refusal, Reply, Said, guid, number};
use super::super::shapes;
use super::super::world::World;

type OfStep = Path<String>;
type OfInput = Path<(String, String)>;

pub(super) async fn prerequisites(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(step): OfStep,
) -> Reply {
    let step = guid(&step)?;
    sandbox.read(|world, _| {
        let (_, cycle, place) = find(world, &account, step)?;
        Ok(Answer(shapes::step_prerequisites(cycle, place)))
    })
}

pub(super) async fn parameters(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(step): OfStep,
) -> Reply {
    list(&sandbox, &account, &step, Sort::Parameter)
}

pub(super) async fn fields(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(step): OfStep,
) -> Reply {
    list(&sandbox, &account, &step, Sort::Field)
}

pub(super) async fn parameter(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path((step, id)): OfInput,
) -> Reply {
    show(&sandbox, &account, (&step, &id), Sort::Parameter)
}

pub(super) async fn field(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path((step, id)): OfInput,
) -> Reply {
    show(&sandbox, &account, (&step, &id), Sort::Field)
}

pub(super) async fn set_parameter(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path((step, id)): OfInput,
    said: Said,
) -> Done {
    set(&sandbox, &account, (&step, &id), Sort::Parameter, &said)
}

pub(super) async fn set_field(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path((step, id)): OfInput,
    said: Said,
) -> Done {
    set(&sandbox, &account, (&step, &id), Sort::Field, &said)
}

/// Choices come from the third party, so the connector has to be open.
pub(super) async fn look_up(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path((step, id)): OfInput,
    said: Said,
) -> Reply {
    let (step, id) = (guid(&step)?, number(&id)?);
    sandbox.read(|world, _| {
        let (owner, cycle, place) = find(world, &account, step)?;
        let input = cycle.inputs(place, Sort::Parameter).find(|(input, _)| input.id == id);
        let (input, _) = input.ok_or_else(|| Refusal::missing("Parameter"))?;
        let asked = said.text("TriggerId");
        let lookup = input.lookup.as_ref();
        let lookup = lookup.filter(|lookup| asked == Some(lookup.id.to_string()));
        let lookup = lookup.ok_or_else(|| Refusal::missing("Trigger"))?;
        if !open(owner, cycle, place) {
            return Err(Refusal::bad("The connector is not authenticated."));
        }
        let choices = lookup.choices.iter();
        let choices = choices.map(|one| json!({ "Name": one.name, "Value": one.value }));
        Ok(Answer(choices.collect()))
    })
}

/// Starts to look for the third party's own fields; nothing is documented of what it answers.
pub(super) async fn look_up_fields(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(step): OfStep,
) -> Reply {
    let step = guid(&step)?;
    sandbox.read(|world, _| find(world, &account, step).map(|_| Answer(json!([]))))
}

/// Fields of earlier steps.
pub(super) async fn fields_for_mapping(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(step): OfStep,
) -> Reply {
    let step = guid(&step)?;
    let variants = sandbox.variants();
    sandbox.read(|world, _| {
        let (_, cycle, place) = find(world, &account, step)?;
        Ok(Answer(variants.earlier_fields(cycle, place)))
    })
}

fn open(account: &Account, cycle: &Cycle, place: usize) -> bool {
    let step = cycle.template.steps.get(place);
    let connector = step.and_then(|step| cycle.connectors.get(&step.connector));
    let connector = connector.and_then(|id| account.connectors.get(id));
    connector.is_some_and(AccountConnector::authenticated)
}

fn list(sandbox: &Sandbox, account: &str, step: &str, sort: Sort) -> Reply {
    let step = guid(step)?;
    sandbox.read(|world, _| {
        let (_, cycle, place) = find(world, account, step)?;
        let ids = cycle.inputs(place, sort).map(|(input, _)| input.id);
        Ok(Answer(ids.filter_map(|id| shapes::mapping(cycle, place, sort, id)).collect()))
    })
}

fn show(sandbox: &Sandbox, account: &str, of: (&str, &str), sort: Sort) -> Reply {
    let (step, id) = (guid(of.0)?, number(of.1)?);
    sandbox.read(|world, _| {
        let (_, cycle, place) = find(world, account, step)?;
        shapes::mapping(cycle, place, sort, id).map(Answer).ok_or_else(|| missing(sort))
    })
}

/// A plain replacement, echoed.
fn set(sandbox: &Sandbox, account: &str, of: (&str, &str), sort: Sort, said: &Said) -> Done {
    let (step, id) = (guid(of.0)?, number(of.1)?);
    let told = mapping(said)?;
    let variants = sandbox.variants();
    sandbox.change(|world, _| {
        let owner = world.account_mut(account)?;
        let found = owner.cycle_of_step_mut(step);
        let (cycle, place) = found.ok_or_else(|| Refusal::missing("Step"))?;
        let running = cycle.is_running();
        let known = cycle.inputs(place, sort).find(|(input, _)| input.id == id);
        let (input, _) = known.ok_or_else(|| missing(sort))?;
        variants.change_mapping(running)?;
        variants.listed(&told, &input.values)?;
        variants.value_fits(&told)?;
        let mapping = cycle.mapping_mut(place, sort, id).ok_or_else(|| missing(sort))?;
        *mapping = told;
        let shown = shapes::mapping(cycle, place, sort, id).ok_or_else(|| missing(sort))?;
        let effect = match sort {
            Sort::Parameter => Effect::of("mapped parameter", &id),
            Sort::Field => Effect::of("mapped field", &id),
        };
        Ok((effect, Answer(shown)))
    })
}

fn mapping(said: &Said) -> Result<Mapping, Refusal> {
    if let Some(Value::Object(field)) = said.value("Field") {
        let field = Said::from_object(field.clone());
        field.text("Id").map(|id| number(&id)).transpose()?;
    }
    let source_step = said.text("SourceStepId").map(|id| guid(&id)).transpose()?;
    let source_field = said.text("SourceFieldId").map(|id| number(&id)).transpose()?;
    let kind = said.mapping_type()?;
    Ok(Mapping { kind, value: said.text("Value"), source_step, source_field })
}

fn find<'a>(
    world: &'a World,
    account: &str,
    step: Uuid,
) -> Result<(&'a Account, &'a Cycle, usize), Refusal> {
    let account = world.account(account)?;
    let found = account.cycle_of_step(step);
    let (cycle, place) = found.ok_or_else(|| Refusal::missing("Step"))?;
    Ok((account, cycle, place))
}

fn missing(sort: Sort) -> Refusal {
    Refusal::missing(match sort {
        Sort::Parameter => "Parameter",
        Sort::Field => "Field",
    })
}
