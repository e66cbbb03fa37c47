//! Orders about runs: how the next ones end, and a run at once. Part of the control surface.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::Sandbox;
use super::catalogue::RunOutcome;
use super::request::{Answer, Refusal, Reply};
use super::shapes;

/// Most outcomes in one order.
const MOST: usize = 1000;

pub(super) fn router() -> Router<Sandbox> {
    Router::new().route("/_sandbox/runs", post(order)).route("/_sandbox/notices", get(notices))
}

/// `{"account": …, "cycle": …, "outcomes": ["fail", "succeed"], "at_once": true}`: the next runs end
/// like this. With `at_once` they all happen now, also where the cycle is paused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    account: String,
    cycle: Uuid,
    outcomes: Vec<RunOutcome>,
    #[serde(default)]
    at_once: bool,
}

async fn order(State(sandbox): State<Sandbox>, body: Bytes) -> Reply {
    let order: Order = serde_json::from_slice(&body)
        .map_err(|error| Refusal::bad(format!("This was not understood: {error}")))?;
    if order.outcomes.len() > MOST {
        return Err(Refusal::bad("An order has at most 1,000 outcomes."));
    }
    let usual = sandbox.0.shelves.error_webhook.as_ref();
    let (answer, notices, now) = sandbox.change(|world, now| {
        let account = world.account_mut(&order.account)?;
        let place = account.cycles.iter().position(|cycle| cycle.id == order.cycle);
        let place = place.ok_or_else(|| Refusal::missing("Cycle"))?;
        if let Some(cycle) = account.cycles.get_mut(place) {
            cycle.history.ordered.extend(&order.outcomes);
        }
        let runs = if order.at_once { order.outcomes.len() } else { 0 };
        let notices: Vec<_> =
            (0..runs).filter_map(|_| account.run(&order.account, place, now, usual)).collect();
        let cycle = account.cycles.get(place).ok_or_else(|| Refusal::missing("Cycle"))?;
        let transactions = cycle.history.transactions.iter();
        let last = transactions.map(|one| shapes::transaction(cycle, one)).next_back();
        let waiting = cycle.history.ordered.len();
        Ok((Answer(json!({ "ordered": waiting, "last": last })), notices, now))
    })?;
    sandbox.send(notices, now);
    Ok(answer)
}

/// Transaction-error webhooks that were sent.
async fn notices(State(sandbox): State<Sandbox>) -> Answer {
    Answer(json!(sandbox.sent_notices()))
}
