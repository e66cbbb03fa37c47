//! Published templates, and the installation of one.

use axum::extract::{Path, State};

use super::super::Sandbox;
use super::super::catalogue::Template;
use super::super::effect::{Done, Effect};
use super::super::request::{Answer, Caller, InAccount, Page, Query, Refusal, Reply, Said, guid};
use super::super::shapes::{self, Details};

pub(super) async fn list(
    State(sandbox): State<Sandbox>,
    _: Caller,
    query: Query,
) -> Result<Page, Refusal> {
    let offered = sandbox.0.shelves.templates.iter().filter(|template| template.published);
    let mut found: Vec<_> = offered.filter(|one| sandbox.is_wanted(one, &query)).collect();
    if query.orders_by("Name") {
        found.sort_by_key(|template| template.name.to_lowercase());
    } else if query.orders_by("Id") {
        found.sort_by_key(|template| template.id);
    }
    let details = details(&query);
    let show = |template: &std::sync::Arc<Template>| {
        shapes::template(template, details, |id| sandbox.offered(id))
    };
    Ok(query.page(found.into_iter(), show))
}

pub(super) async fn show(
    State(sandbox): State<Sandbox>,
    _: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Reply {
    let template = sandbox.0.shelves.published(guid(&id)?);
    let template = template.ok_or_else(|| Refusal::missing("Template"))?;
    Ok(Answer(shapes::template(template, details(&query), |id| sandbox.offered(id))))
}

/// A new cycle at every call: Cyclr has no way to tell a repeat (INF).
pub(super) async fn install(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
    query: Query,
    said: Said,
) -> Done {
    let shelves = &sandbox.0.shelves;
    let template = shelves.published(guid(&id)?).ok_or_else(|| Refusal::missing("Template"))?;
    let icons = query.truth_or("includeicons", true);
    let variants = sandbox.variants();
    sandbox.change(|world, now| {
        world.account(&account)?;
        let reuse = variants.reuses_connectors();
        let cycle = world.install(&account, template, &shelves.connectors, reuse, now);
        let cycle = cycle.ok_or_else(|| Refusal::missing("Connector"))?;
        variants.finish_install(cycle, said.text("Name"), now);
        let (id, due) = (cycle.id, cycle.next_due());
        world.expect(due);
        let account = world.account(&account)?;
        let cycle = account.cycle(id).ok_or_else(|| Refusal::missing("Cycle"))?;
        let effect = Effect::of("installed cycle", &id);
        Ok((effect, Answer(shapes::cycle(cycle, account, icons))))
    })
}

fn details(query: &Query) -> Details {
    Details {
        icons: query.truth_or("includeicons", true),
        prerequisites: query.truth_or("includeprerequisites", false),
    }
}

impl Sandbox {
    /// Tags are compared with regard to case (DOC).
    fn is_wanted(&self, template: &Template, query: &Query) -> bool {
        let tagged = query.text("tag").is_none_or(|tag| template.tags.iter().any(|one| one == tag));
        let mut connectors = template.steps.iter().filter_map(|step| self.offered(step.connector));
        let (name, version) = (query.text("connectorname"), query.text("connectorversion"));
        tagged && connectors.any(|one| one.is_called(name, version))
    }
}
