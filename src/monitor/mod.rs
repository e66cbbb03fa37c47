//! The door for whoever watches the service: figures for Prometheus, on an address of their own.
//!
//! Uses `store` (for reading), `engine`, `onboarding` and `telemetry`.
//!
//! What always holds: it is not among the public routes, so that nobody learns from outside how many
//! customers there are; each figure has few labels whose values come from lists in the program; a
//! scrape costs the database one look in fifteen seconds, whoever scrapes; and when the database
//! cannot be asked, what the process counts by itself is shown all the same.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Mutex;

use crate::engine::{Engine, PressureState};
use crate::onboarding::{ProblemCode, RequirementCode, StepKind};
use crate::store::{self, AtRest, Figures};
use crate::telemetry::{self, meters};

/// How long figures of the database are good.
const FRESH: Duration = Duration::from_secs(15);
/// How long the database may take for them.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct Monitor {
    engine: Engine,
    prometheus: PrometheusHandle,
    /// Held while the database is asked, so that it is asked once.
    told: Arc<Mutex<Told>>,
}

/// What was told last.
#[derive(Default)]
struct Told {
    at: Option<Instant>,
    labels: Vec<(String, &'static str)>,
}

/// `GET /metrics`, in Prometheus's text format.
pub fn router(engine: Engine, prometheus: PrometheusHandle) -> Router {
    let monitor = Monitor { engine, prometheus, told: Arc::default() };
    Router::new().route("/metrics", get(show)).with_state(monitor)
}

async fn show(State(monitor): State<Monitor>) -> impl IntoResponse {
    monitor.refresh().await;
    tell_pressure(&monitor.engine);
    meters::lines_lost(telemetry::lost_lines());
    monitor.prometheus.run_upkeep();
    let text = monitor.prometheus.render();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

impl Monitor {
    async fn refresh(&self) {
        let mut told = self.told.lock().await;
        if told.at.is_some_and(|at| at.elapsed() < FRESH) {
            return;
        }
        let asked = self.engine.store();
        let asking = async {
            let (figures, webhooks) = (asked.figures().await?, asked.webhook_figures().await?);
            Ok::<_, store::Error>((figures, webhooks, asked.funnel().await?))
        };
        let figures = tokio::time::timeout(PATIENCE, asking).await;
        let figures = match figures {
            Ok(Ok(figures)) => Some(figures),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the figures could not be read from the database");
                None
            }
            Err(_) => {
                tracing::warn!("the database takes too long to tell the figures");
                None
            }
        };
        meters::figures_failed(figures.is_none());
        if let Some((figures, webhooks, funnel)) = figures {
            told.tell(&figures);
            for step in funnel {
                if let Some(Ok(median)) = step.median.map(|median| median.to_std()) {
                    meters::time_at_step(step.step.name(), median);
                }
            }
            meters::outbox(webhooks.unspread, webhooks.oldest_unspread);
            meters::webhooks(webhooks.pending, webhooks.oldest, webhooks.disabled_endpoints);
            told.at = Some(Instant::now());
        }
    }
}

fn tell_pressure(engine: &Engine) {
    let pressure = engine.pressure();
    for state in PressureState::ALL {
        meters::breaker(state.name(), state == pressure.state);
    }
    meters::cyclr_calls_now(pressure.limit, pressure.under_way, pressure.waiting);
}

impl Told {
    fn tell(&mut self, figures: &Figures) {
        let sums = sums(&figures.at_rest);
        // What has emptied since must not stay as it was.
        for (status, waits_for) in self.labels.drain(..) {
            meters::at_rest(&status, waits_for, 0);
        }
        for (status, waits_for, count) in sums {
            meters::at_rest(status, waits_for, count);
            self.labels.push((status.to_owned(), waits_for));
        }
        meters::queue(figures.due, figures.driven, figures.oldest_due);
    }
}

/// Steps are told apart only as far as they say what is waited for.
fn sums(groups: &[AtRest]) -> Vec<(&str, &'static str, u64)> {
    let mut sums: Vec<(&str, &'static str, u64)> = Vec::new();
    for group in groups {
        let waits_for = waits_for(group);
        match sums
            .iter_mut()
            .find(|(status, what, _)| (*status, *what) == (&group.status, waits_for))
        {
            Some((.., sum)) => *sum += group.count,
            None => sums.push((&group.status, waits_for, group.count)),
        }
    }
    sums
}

fn waits_for(group: &AtRest) -> &'static str {
    if let Some(problem) = group.problem {
        return ProblemCode::name(problem);
    }
    if group.status != "waiting" {
        return "";
    }
    match group.step {
        Some(StepKind::Connect) => RequirementCode::ConnectAccount.name(),
        Some(StepKind::Map) => RequirementCode::AnswerQuestion.name(),
        Some(
            StepKind::CreateAccount
            | StepKind::Install
            | StepKind::Activate
            | StepKind::Live
            | StepKind::Offboard,
        )
        | None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_the_same_is_counted_together() {
        let group = |status: &str, step, problem, count| AtRest {
            status: status.to_owned(),
            step: Some(step),
            problem,
            count,
        };
        let unreachable = Some(ProblemCode::CyclrUnreachable);
        let groups = [
            group("retrying", StepKind::Install, unreachable, 2),
            group("retrying", StepKind::Map, unreachable, 3),
            group("waiting", StepKind::Connect, None, 4),
            group("waiting", StepKind::Map, None, 5),
            group("live", StepKind::Live, None, 6),
        ];
        assert_eq!(
            sums(&groups),
            [
                ("retrying", "cyclr_unreachable", 5),
                ("waiting", "connect_account", 4),
                ("waiting", "answer_question", 5),
                ("live", "", 6),
            ]
        );
    }
}
