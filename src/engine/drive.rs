//! One lease: run the step, decide, keep the result, and on to the next until somebody else is next.

use chrono::{DateTime, Utc};
use futures_util::future::OptionFuture;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::ahead::Ahead;
use super::give_up::LateCycle;
use super::{Engine, count, steps};
use crate::cyclr::CallLog;
use crate::ids::OnboardingId;
use crate::onboarding::{Onboarding, Outcome, Problem, ProblemCode, Status, Transition};
use crate::store::{CallLine, Change, Committer, Earlier, Kept, Leased};
use crate::telemetry::{meters, traces};

/// What one run of a step came to, and what was said to Cyclr on the way.
struct StepRun {
    transition: Transition,
    calls: Vec<CallLine>,
    at: DateTime<Utc>,
}

impl Engine {
    /// Returns when the onboarding waits, is stuck, done, to be retried later, or in other hands.
    /// Once `stop` says so, the onboarding is given back between two steps.
    ///
    /// Thousands of these wait side by side, so what is large, or rarely needed, is on the heap.
    pub(super) async fn drive(
        &self,
        leased: Box<Leased>,
        committer: &Committer,
        stop: &CancellationToken,
    ) {
        let span = tracing::info_span!(
            "engine.drive",
            onboarding.id = %leased.onboarding().id,
            onboarding.reference = %leased.onboarding().reference,
        );
        traces::belongs_to(&span, leased.onboarding().id.0);
        self.drive_on(leased, committer, stop).instrument(span).await;
    }

    async fn drive_on(
        &self,
        mut next: Box<Leased>,
        committer: &Committer,
        stop: &CancellationToken,
    ) {
        let mut ahead = None;
        loop {
            if stop.is_cancelled() || !self.has_time_for_a_call(&next) {
                if let Err(error) = Box::pin(self.store().release(*next)).await {
                    tracing::info!(%error, "could not give the onboarding back; its lease will end");
                }
                return;
            }
            let id = next.onboarding().id;
            // Freed before its result is kept, which may take a while.
            let running = Box::pin(self.run_steps(next, ahead.take(), stop));
            let change = running.await;
            // What a refusal would leave behind, and whom to tell: known before the change is gone.
            let installed = LateCycle::of(&change.transition);
            let connects = change.transition.connects();
            let tenant = connects.then(|| change.transition.to.tenant.clone());
            let status = change.transition.to.status.name();
            let at_step = change.transition.to.step().name();
            let looking = OptionFuture::from(self.look_ahead(&change));
            let (kept, seen) = tokio::join!(committer.commit(change), looking);
            ahead = seen.flatten();
            if let (Some(tenant), Ok(Kept::GoOn(_) | Kept::Rests { .. })) = (&tenant, &kept) {
                Box::pin(self.tell_siblings(tenant, id)).await;
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
                    meters::result_refused(at_step);
                    if let Some(ahead) = ahead {
                        Box::pin(self.keep_calls(id, &ahead.log)).await;
                    }
                    if let Some(cycle) = installed {
                        // Rare, and so not part of what every drive takes up.
                        Box::pin(self.give_up_cycle(id, cycle)).await;
                    }
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

    /// The step that is next, and the one after it too if both may be kept together.
    async fn run_steps(
        &self,
        mut leased: Box<Leased>,
        ahead: Option<Ahead>,
        stop: &CancellationToken,
    ) -> Box<Change> {
        let only = self.run_step(&leased, ahead).await;
        let earlier = match self.go_ahead(&mut leased, only, stop) {
            Ok(earlier) => earlier,
            Err(only) => {
                let StepRun { transition, calls, at } = *only;
                return Box::new(Change::of(*leased, transition, calls, at));
            }
        };
        let StepRun { transition, calls, at } = *self.run_step(&leased, None).await;
        Box::new(Change { leased: *leased, earlier: Some(earlier), transition, calls, at })
    }

    /// Where the next step can be run before this one's result is kept.
    fn go_ahead(
        &self,
        leased: &mut Leased,
        mut run: Box<StepRun>,
        stop: &CancellationToken,
    ) -> Result<Box<Earlier>, Box<StepRun>> {
        let goes_on = !leased.is_takeover()
            && !stop.is_cancelled()
            && run.transition.can_wait_for_next(leased.onboarding(), leased.blueprint())
            && self.has_time_for_a_call(leased);
        let Some(event) = run.transition.event.take_if(|_| goes_on) else { return Err(run) };
        let StepRun { transition: Transition { to, .. }, calls, at } = *run;
        let earlier = Earlier { event, step: to.step(), calls, at };
        leased.go_ahead(to);
        Ok(Box::new(earlier))
    }

    async fn run_step(&self, leased: &Leased, ahead: Option<Ahead>) -> Box<StepRun> {
        let settings = &self.0.settings;
        let log = match &ahead {
            Some(ahead) => ahead.log.clone(),
            None if leased.is_untouched() => CallLog::of_a_beginning(),
            None => CallLog::default(),
        };
        let began = Instant::now();
        let outcome = if leased.claims() > settings.most_claims {
            Outcome::Stuck(Problem::with(
                ProblemCode::Poison,
                format!("taken {} times without a result", leased.claims() - 1),
            ))
        } else {
            let context = steps::StepContext::new(self, leased, &log);
            let remaining = leased.remaining(settings.commit_margin);
            let span = tracing::info_span!("engine.step", step = leased.onboarding().step().name());
            match timeout(remaining, steps::run(&context, ahead)).instrument(span).await {
                Ok(outcome) => outcome,
                Err(_) => context.out_of_time(),
            }
        };
        let outcome_name = count::outcome_name(&outcome);
        let now = self.clock().now();
        let limits = &leased.blueprint().limits;
        // Whatever comes of it: what an earlier worker did last, nobody knows.
        let transition = if leased.is_takeover() {
            let doubted_at = self.last_call_of_lost_worker(now);
            leased.onboarding().in_doubt(doubted_at).apply(outcome, limits, now)
        } else {
            leased.onboarding().apply(outcome, limits, now)
        };
        count::step_run(leased.onboarding(), outcome_name, &transition, began.elapsed());
        let calls = calls_to_keep(leased.onboarding(), &transition, call_lines(&log));
        Box::new(StepRun { transition, calls, at: now })
    }

    /// For calls that stand in no result.
    async fn keep_calls(&self, id: OnboardingId, log: &CallLog) {
        if let Err(error) = self.store().log_calls(id, &call_lines(log)).await {
            tracing::info!(%error, "calls could not be kept");
        }
    }

    /// A call that could outlast the lease is not begun: by then somebody else may have it.
    pub(super) fn has_time_for_a_call(&self, leased: &Leased) -> bool {
        leased.remaining(self.0.settings.commit_margin) >= self.0.cyclr.call_deadline()
    }

    /// The latest moment at which a worker that vanished may have begun a call, now that its lease
    /// is over: see [`Self::has_time_for_a_call`]. One that is frozen and wakes up later finds its
    /// result refused, and sees to what it has made.
    pub(super) fn last_call_of_lost_worker(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - (self.0.cyclr.call_deadline() + self.0.settings.commit_margin)
    }
}

/// A look at what is live and well says nothing to anybody, and there may be a million of them a day.
fn calls_to_keep(
    before: &Onboarding,
    transition: &Transition,
    calls: Vec<CallLine>,
) -> Vec<CallLine> {
    let is_quiet = before.status == Status::Live && transition.event.is_none();
    let went_well = |call: &CallLine| call.status.is_some_and(|status| status < 400);
    if is_quiet && calls.iter().all(went_well) { Vec::new() } else { calls }
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
