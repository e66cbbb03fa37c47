//! Published templates and connectors, and the installation of a template.

use std::sync::Arc;

use axum::extract::{Path, State};

use super::super::Sandbox;
use super::super::catalogue::Connector;
use super::super::request::{Answer, Caller, InAccount, Page, Query, Refusal, Reply, Said};
use super::super::request::{guid, number};
use super::super::shapes;

pub(super) async fn templates(
    State(sandbox): State<Sandbox>,
    _: Caller,
    query: Query,
) -> Result<Page, Refusal> {
    // Tags are compared with regard to case [DOC].
    let tagged =
        |tags: &[String]| query.text("tag").is_none_or(|tag| tags.iter().any(|one| one == tag));
    let found = sandbox.0.shelves.templates.iter().filter(|template| tagged(&template.tags));
    let found: Vec<_> = found.collect();
    Ok(query
        .page(found.into_iter(), |template| shapes::template(template, |id| sandbox.offered(id))))
}

pub(super) async fn template(
    State(sandbox): State<Sandbox>,
    _: Caller,
    Path(id): Path<String>,
) -> Reply {
    let template = sandbox.0.shelves.by_id.get(&guid(&id)?);
    let template = template.ok_or_else(|| Refusal::missing("Template"))?;
    Ok(Answer(shapes::template(template, |id| sandbox.offered(id))))
}

/// A new cycle at every call: Cyclr has no way to tell a repeat (INF).
pub(super) async fn install(
    State(sandbox): State<Sandbox>,
    InAccount(account): InAccount,
    Path(id): Path<String>,
    said: Said,
) -> Reply {
    let template = sandbox.0.shelves.by_id.get(&guid(&id)?);
    let template = template.ok_or_else(|| Refusal::missing("Template"))?;
    sandbox.change(|world, now| {
        world.account(&account)?;
        let cycle = world.install(&account, template, &sandbox.0.shelves.connectors, now);
        let cycle = cycle.ok_or_else(|| Refusal::missing("Connector"))?;
        if let Some(name) = said.text("Name").filter(|name| !name.is_empty()) {
            cycle.name = name;
        }
        let id = cycle.id;
        let account = world.account(&account)?;
        let cycle = account.cycle(id).ok_or_else(|| Refusal::missing("Cycle"))?;
        Ok(Answer(shapes::cycle(cycle, account)))
    })
}

pub(super) async fn connectors(
    State(sandbox): State<Sandbox>,
    _: Caller,
    query: Query,
) -> Result<Page, Refusal> {
    let wanted = query.text("query").unwrap_or_default().to_lowercase();
    let offered = sandbox.0.shelves.connectors.values();
    let found = offered.filter(|connector| connector.name.to_lowercase().contains(&wanted));
    let found: Vec<_> = found.collect();
    Ok(query.page(found.into_iter(), |connector| shapes::catalogue_connector(connector)))
}

pub(super) async fn connector(
    State(sandbox): State<Sandbox>,
    _: Caller,
    Path(id): Path<String>,
) -> Reply {
    let connector = sandbox.offered(number(&id)?).ok_or_else(|| Refusal::missing("Connector"))?;
    Ok(Answer(shapes::catalogue_connector(connector)))
}

impl Sandbox {
    fn offered(&self, id: i64) -> Option<&Connector> {
        self.0.shelves.connectors.get(&id).map(Arc::as_ref)
    }
}
