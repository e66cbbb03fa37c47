//! What somebody did at Cyclr, past Gangway, told by what was found of it: done to the sandbox just before.

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::Error;
use super::document::{History, Line};
use super::stage::Stage;
use crate::ids::ConnectorId;
use crate::onboarding::{AuthKind, Event, ProblemCode};

/// Connections that were found made, or lost, without anything having been told to Cyclr from here.
pub(super) async fn prepare(stage: &Stage, history: &History, line: &Line) -> Result<(), Error> {
    let by_us = line.calls.iter().any(|call| call.path.ends_with("/deauthenticate"));
    if let Event::ConnectionsSeen { connected, lost, .. } = &line.event {
        for connector in connected {
            sign_in(stage, history, *connector).await?;
        }
        for connector in lost.iter().filter(|_| !by_us) {
            sign_out(stage, history, *connector).await?;
        }
    }
    if let Event::ReauthorizationRequired { connectors, reason: None } = &line.event {
        for connector in connectors {
            sign_out(stage, history, *connector).await?;
        }
    }
    if let Event::HealthChanged { problem: Some(problem), detail, .. } = &line.event {
        harm(stage, history, problem, detail.as_deref().unwrap_or_default()).await?;
    }
    if let Event::RunFailed { template, .. } = &line.event {
        fail_a_run(stage, *template).await?;
    }
    Ok(())
}

/// As whoever was asked would have it: authenticated.
async fn sign_in(stage: &Stage, history: &History, theirs: ConnectorId) -> Result<(), Error> {
    let Some(connector) = find(stage, history, theirs).await? else { return Ok(()) };
    let facts = stage.read().await?.facts;
    let kind = facts.connection(connector).and_then(|connection| connection.auth);
    let by_person = match kind {
        None | Some(AuthKind::OAuth | AuthKind::ApiKey | AuthKind::Basic | AuthKind::Fields) => {
            true
        }
        Some(AuthKind::OAuthUnattended | AuthKind::Open) => false,
    };
    if by_person {
        let body = json!({ "AuthValue": "signed-in-at-the-replay" });
        let path = format!("v1.0/account/connectors/{connector}");
        stage.by_hand(Method::PUT, &path, &stage.account().await?, &body).await?;
    }
    Ok(())
}

async fn sign_out(stage: &Stage, history: &History, theirs: ConnectorId) -> Result<(), Error> {
    let Some(connector) = find(stage, history, theirs).await? else { return Ok(()) };
    let path = format!("v1.0/account/connectors/{connector}/deauthenticate");
    stage.by_hand(Method::PUT, &path, &stage.account().await?, &json!({})).await
}

async fn find(
    stage: &Stage,
    history: &History,
    theirs: ConnectorId,
) -> Result<Option<ConnectorId>, Error> {
    match history.connector_name(theirs) {
        Some(name) => stage.connector(name).await,
        None => Ok(None),
    }
}

/// What made it unhealthy.
async fn harm(stage: &Stage, history: &History, problem: &str, detail: &str) -> Result<(), Error> {
    let account = stage.account().await?;
    let about = |code: ProblemCode| code.name() == problem;
    let template = place_in(stage, history, detail).await?;
    if about(ProblemCode::RunsFailing) {
        return fail_a_run(stage, template).await;
    }
    let nothing = json!({});
    if about(ProblemCode::AccountMissing) {
        let path = format!("v1.0/accounts/{account}");
        return stage.by_hand(Method::DELETE, &path, "", &nothing).await;
    }
    if about(ProblemCode::ConnectorMissing) {
        let named = history.connections.iter().find(|needs| detail.contains(&needs.connector_id));
        let Some(needs) = named else { return Ok(()) };
        let Some(connector) = stage.connector(&needs.name).await? else { return Ok(()) };
        let path = format!("v1.0/account/connectors/{connector}");
        return stage.by_hand(Method::DELETE, &path, &account, &nothing).await;
    }
    let Some(cycle) = stage.cycle(template).await? else { return Ok(()) };
    if about(ProblemCode::CycleStopped) {
        let path = format!("v1.0/cycles/{cycle}/deactivate");
        stage.by_hand(Method::PUT, &path, &account, &nothing).await?;
    } else if about(ProblemCode::CycleMissing) {
        let path = format!("v1.0/cycles/{cycle}");
        stage.by_hand(Method::DELETE, &path, &account, &nothing).await?;
    }
    Ok(())
}

/// The place of the template whose cycle is named in a sentence; the first if none is.
async fn place_in(stage: &Stage, history: &History, detail: &str) -> Result<usize, Error> {
    let named: Option<Uuid> = detail.split(' ').find_map(|word| Uuid::try_parse(word).ok());
    let mut installed = history.installed().into_iter();
    match installed.find(|(_, cycle, _)| Some(cycle.0) == named) {
        Some((template, _, _)) => Ok(stage.place(template).await?.unwrap_or_default()),
        None => Ok(0),
    }
}

async fn fail_a_run(stage: &Stage, template: usize) -> Result<(), Error> {
    let Some(cycle) = stage.cycle(template).await? else { return Ok(()) };
    let account = stage.account().await?;
    let order =
        json!({ "account": account, "cycle": cycle, "outcomes": ["fail"], "at_once": true });
    stage.by_hand(Method::POST, "_sandbox/runs", "", &order).await
}
