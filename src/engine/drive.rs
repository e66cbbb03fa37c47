//! One lease: run the step, decide, keep the result, and on to the next until somebody else is next.

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::{Engine, steps};
use crate::cyclr::CallLog;
use crate::onboarding::{Outcome, Problem, ProblemCode};
use crate::store::{CallLine, Change, Committer, Kept, Leased};

impl Engine {
    /// Returns when the onboarding waits, is stuck, done, to be retried later, or in other hands.
    /// Once `stop` says so, the onboarding is given back between two steps.
    pub(super) async fn drive(
        &self,
        leased: Leased,
        committer: &Committer,
        stop: &CancellationToken,
    ) {
        let span = tracing::info_span!(
            "engine.drive",
            onboarding.id = %leased.onboarding().id,
            onboarding.reference = %leased.onboarding().reference,
        );
        self.drive_on(leased, committer, stop).instrument(span).await;
    }

    async fn drive_on(&self, leased: Leased, committer: &Committer, stop: &CancellationToken) {
        let mut next = Box::new(leased);
        loop {
            // A call that could outlast the lease is not begun: by then somebody else may have it.
            let too_late =
                next.remaining(self.0.settings.commit_margin) < self.0.cyclr.call_deadline();
            if stop.is_cancelled() || too_late {
                if let Err(error) = self.store().release(*next, false).await {
                    tracing::info!(%error, "could not give the onboarding back; its lease will end");
                }
                return;
            }
            let id = next.onboarding().id;
            let change = self.run_step(*next).await;
            // Whom to tell, known before the change is given away.
            let connects = change.transition.connects();
            let tenant = connects.then(|| change.transition.to.tenant.clone());
            let status = change.transition.to.status.name();
            let at_step = change.transition.to.step().name();
            let kept = committer.commit(change).await;
            if let (Some(tenant), Ok(Kept::GoOn(_) | Kept::Rests { .. })) = (&tenant, &kept) {
                self.tell_siblings(tenant, id).await;
            }
            match kept {
                Ok(Kept::GoOn(leased)) => next = leased,
                Ok(Kept::Rests { sibling_due }) => {
                    tracing::debug!(status, at_step, "rests");
                    if sibling_due {
                        self.0.due.notify_one();
                    }
                    self.tell_changed(id);
                    return;
                }
                Ok(Kept::Refused) => {
                    tracing::info!(
                        status,
                        at_step,
                        "result refused: the onboarding is in other hands"
                    );
                    return;
                }
                Err(error) => {
                    // Kept or not, the row knows: whoever takes it next reads it and looks.
                    tracing::warn!(%error, "result could not be kept");
                    return;
                }
            }
        }
    }

    async fn run_step(&self, leased: Leased) -> Change {
        let settings = &self.0.settings;
        let log = CallLog::default();
        let outcome = if leased.claims() > settings.most_claims {
            Outcome::Stuck(Problem::with(
                ProblemCode::Poison,
                format!("taken {} times without a result", leased.claims() - 1),
            ))
        } else {
            let context = steps::StepContext::new(self, &leased, &log);
            let remaining = leased.remaining(settings.commit_margin);
            match timeout(remaining, steps::run(&context)).await {
                Ok(outcome) => outcome,
                Err(_) => context.out_of_time(),
            }
        };
        let now = self.clock().now();
        let limits = &leased.blueprint().limits;
        // Whatever comes of it: what an earlier worker did last, nobody knows.
        let transition = if leased.is_takeover() {
            leased.onboarding().in_doubt(now).apply(outcome, limits, now)
        } else {
            leased.onboarding().apply(outcome, limits, now)
        };
        Change { transition, calls: call_lines(&log), at: now, leased }
    }
}

/// What was said to Cyclr, in the form in which it is kept.
pub(super) fn call_lines(log: &CallLog) -> Vec<CallLine> {
    log.take()
        .into_iter()
        .map(|call| CallLine {
            at: call.at,
            name: call.name,
            method: call.method,
            path: call.path,
            status: call.status,
            outcome: call.outcome,
            duration: call.duration,
            message: call.message,
        })
        .collect()
}
