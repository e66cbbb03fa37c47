//! Every figure that a process counts by itself, in the names that a monitoring system reads.
//!
//! What the database knows (how many wait, how many are stuck) is not counted here but asked for when
//! somebody looks, see `monitor`.

use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

const TAKEOVERS: &str = "gangway_lease_takeovers_total";
const DOUBTS: &str = "gangway_doubts_total";
const DOUBTS_SETTLED: &str = "gangway_doubts_settled_total";
const RETIRED: &str = "gangway_surplus_cycles_retired_total";
const RESULTS_REFUSED: &str = "gangway_results_refused_total";
const STEPS: &str = "gangway_steps_total";
const STEP_SECONDS: &str = "gangway_step_seconds";
const STEPS_ENTERED: &str = "gangway_steps_entered_total";
const STEPS_LEFT: &str = "gangway_steps_left_total";
const TIME_AT_STEP: &str = "gangway_time_at_step_seconds";
const LINES_LOST: &str = "gangway_log_lines_lost";
const COMMIT_SIZE: &str = "gangway_commit_batch_size";
const COMMIT_SECONDS: &str = "gangway_commit_seconds";
const CALLS: &str = "gangway_cyclr_calls_total";
const CALL_SECONDS: &str = "gangway_cyclr_call_seconds";
const ONBOARDINGS: &str = "gangway_onboardings";
const DUE: &str = "gangway_onboardings_due";
const DRIVEN: &str = "gangway_onboardings_driven";
const OLDEST_DUE: &str = "gangway_oldest_due_seconds";
const WEBHOOK_ATTEMPTS: &str = "gangway_webhook_attempts_total";
const WEBHOOK_SECONDS: &str = "gangway_webhook_attempt_seconds";
const WEBHOOKS_PENDING: &str = "gangway_webhooks_pending";
const WEBHOOKS_UNSPREAD: &str = "gangway_webhooks_unspread";
const OUTBOX_OLDEST: &str = "gangway_outbox_oldest_seconds";
const WEBHOOKS_OLDEST: &str = "gangway_webhooks_oldest_due_seconds";
const WEBHOOKS_DISABLED: &str = "gangway_webhook_endpoints_disabled";
const FIGURES_FAILED: &str = "gangway_figures_failed";
const BREAKER: &str = "gangway_cyclr_breaker";
const CYCLR_LIMIT: &str = "gangway_cyclr_calls_limit";
const CYCLR_UNDER_WAY: &str = "gangway_cyclr_calls_under_way";
const CYCLR_WAITING: &str = "gangway_cyclr_calls_waiting";
const REQUESTS_REFUSED: &str = "gangway_requests_refused_total";

/// Upper bounds of the histograms' buckets.
const SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 20.0];
const SIZES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 128.0, 256.0, 512.0];

/// Begins to count, for the whole process. The handle spells out what was counted.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let recorder = recorder()?;
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)?;
    describe();
    Ok(handle)
}

/// What counts, with the buckets that suit our histograms.
pub fn recorder() -> Result<PrometheusRecorder, BuildError> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(COMMIT_SIZE.to_owned()), &SIZES)?
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?;
    Ok(builder.build_recorder())
}

fn describe() {
    describe_counter!(TAKEOVERS, "Onboardings taken over from a worker that vanished");
    describe_counter!(DOUBTS, "Changes sent to Cyclr whose outcome was not known, by step");
    describe_counter!(DOUBTS_SETTLED, "How such doubts ended: adopted, made, seen, ambiguous");
    describe_counter!(RETIRED, "Surplus cycles deleted at Cyclr that had never run");
    describe_counter!(RESULTS_REFUSED, "Results of workers that had lost their lease");
    describe_counter!(STEPS, "Steps run, by step and outcome");
    describe_histogram!(STEP_SECONDS, "Time of one run of a step, by step");
    describe_counter!(STEPS_ENTERED, "Onboardings that came to a step");
    describe_counter!(STEPS_LEFT, "Onboardings that left a step, wherever to");
    describe_gauge!(
        TIME_AT_STEP,
        "Median time from a step to the next of the newest onboardings, people's time included"
    );
    describe_gauge!(LINES_LOST, "Log lines of this process that nobody took");
    describe_histogram!(COMMIT_SIZE, "Results kept in one transaction");
    describe_histogram!(COMMIT_SECONDS, "Time to keep one batch of results");
    describe_counter!(CALLS, "Calls to Cyclr, by what they are for and how they ended");
    describe_histogram!(CALL_SECONDS, "Time of one call to Cyclr, by what it is for");
    describe_gauge!(
        ONBOARDINGS,
        "Onboardings at rest, by status and by what or whom they wait for"
    );
    describe_gauge!(DUE, "Onboardings that are due and that no worker has taken");
    describe_gauge!(DRIVEN, "Onboardings that a worker has right now");
    describe_gauge!(OLDEST_DUE, "How long the oldest of those that are due has been due");
    describe_gauge!(BREAKER, "1 for the state that the breaker in front of Cyclr is in");
    describe_gauge!(CYCLR_LIMIT, "Calls to Cyclr that may be under way at once");
    describe_gauge!(CYCLR_UNDER_WAY, "Calls to Cyclr that are under way");
    describe_gauge!(CYCLR_WAITING, "Calls that wait for their turn");
    describe_counter!(
        REQUESTS_REFUSED,
        "Requests beyond a limit: rate of a key, unknown keys from an address, a crowd at a door"
    );
    describe_counter!(WEBHOOK_ATTEMPTS, "Attempts to deliver a webhook, by how they ended");
    describe_histogram!(WEBHOOK_SECONDS, "Time of one attempt to deliver a webhook");
    describe_gauge!(WEBHOOKS_PENDING, "Webhooks that wait for delivery to enabled endpoints");
    describe_gauge!(WEBHOOKS_UNSPREAD, "Messages that are not queued for the endpoints yet");
    describe_gauge!(OUTBOX_OLDEST, "How long the oldest message has waited to be queued");
    describe_gauge!(WEBHOOKS_OLDEST, "How long the oldest pending webhook has been due");
    describe_gauge!(WEBHOOKS_DISABLED, "Webhook endpoints that are disabled");
    describe_gauge!(FIGURES_FAILED, "1 while the figures from the database cannot be had");
}

/// A worker has taken over from one that vanished.
pub fn takeover(step: &'static str) {
    counter!(TAKEOVERS, "step" => step).increment(1);
}

/// It became unclear whether a change took effect.
pub fn doubt(step: &'static str) {
    counter!(DOUBTS, "step" => step).increment(1);
}

/// A doubt has ended.
pub fn doubt_settled(step: &'static str, how: &'static str) {
    counter!(DOUBTS_SETTLED, "step" => step, "how" => how).increment(1);
}

pub fn cycles_retired(count: usize) {
    counter!(RETIRED).increment(count as u64);
}

pub fn result_refused(step: &'static str) {
    counter!(RESULTS_REFUSED, "step" => step).increment(1);
}

/// A step was run. `outcome` is the word for its outcome, like `done` or `held_back`.
pub fn step_run(step: &'static str, outcome: &'static str, took: Duration) {
    counter!(STEPS, "step" => step, "outcome" => outcome).increment(1);
    histogram!(STEP_SECONDS, "step" => step).record(took);
}

/// An onboarding went from one step to another; it comes from nowhere when it is started.
pub fn step_change(from: Option<&'static str>, to: &'static str) {
    if let Some(from) = from {
        counter!(STEPS_LEFT, "step" => from).increment(1);
    }
    counter!(STEPS_ENTERED, "step" => to).increment(1);
}

/// How long the newest onboardings stood at a step.
pub fn time_at_step(step: &'static str, median: Duration) {
    gauge!(TIME_AT_STEP, "step" => step).set(median.as_secs_f64());
}

/// So many log lines were lost up to now.
pub fn lines_lost(count: usize) {
    gauge!(LINES_LOST).set(exact(count as u64));
}

/// One transaction has kept so many results, or tried to.
pub fn commit(size: usize, took: Duration) {
    histogram!(COMMIT_SIZE).record(exact(size as u64));
    histogram!(COMMIT_SECONDS).record(took);
}

/// One exchange with Cyclr has ended. Both names come from lists in the program.
pub fn cyclr_call(call: &'static str, outcome: &'static str, took: Duration) {
    counter!(CALLS, "call" => call, "outcome" => outcome).increment(1);
    histogram!(CALL_SECONDS, "call" => call).record(took);
}

/// Onboardings at rest. `waits_for`: a requirement, or the code of a problem; empty otherwise.
pub fn at_rest(status: &str, waits_for: &'static str, count: u64) {
    gauge!(ONBOARDINGS, "status" => status.to_owned(), "waits_for" => waits_for).set(exact(count));
}

pub fn queue(due: u64, driven: u64, oldest: Duration) {
    gauge!(DUE).set(exact(due));
    gauge!(DRIVEN).set(exact(driven));
    gauge!(OLDEST_DUE).set(oldest.as_secs_f64());
}

#[expect(clippy::cast_precision_loss, reason = "counts of things are far below 2^53")]
const fn exact(count: u64) -> f64 {
    count as f64
}

/// Whether the breaker in front of Cyclr is in this state.
pub fn breaker(state: &'static str, it_is: bool) {
    gauge!(BREAKER, "state" => state).set(if it_is { 1.0 } else { 0.0 });
}

pub fn cyclr_calls_now(limit: usize, under_way: usize, waiting: usize) {
    gauge!(CYCLR_LIMIT).set(exact(limit as u64));
    gauge!(CYCLR_UNDER_WAY).set(exact(under_way as u64));
    gauge!(CYCLR_WAITING).set(exact(waiting as u64));
}

/// A request was refused because of a limit; `limit` names it.
pub fn request_refused(limit: &'static str) {
    counter!(REQUESTS_REFUSED, "limit" => limit).increment(1);
}

/// One attempt to deliver a webhook has ended.
pub fn webhook_attempt(outcome: &'static str, took: Duration) {
    counter!(WEBHOOK_ATTEMPTS, "outcome" => outcome).increment(1);
    histogram!(WEBHOOK_SECONDS).record(took);
}

/// What is written with a change and not queued for the endpoints yet.
pub fn outbox(unspread: u64, oldest: Duration) {
    gauge!(WEBHOOKS_UNSPREAD).set(exact(unspread));
    gauge!(OUTBOX_OLDEST).set(oldest.as_secs_f64());
}

pub fn webhooks(pending: u64, oldest: Duration, disabled_endpoints: u64) {
    gauge!(WEBHOOKS_PENDING).set(exact(pending));
    gauge!(WEBHOOKS_OLDEST).set(oldest.as_secs_f64());
    gauge!(WEBHOOKS_DISABLED).set(exact(disabled_endpoints));
}

pub fn figures_failed(failed: bool) {
    gauge!(FIGURES_FAILED).set(if failed { 1.0 } else { 0.0 });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_spelled_out_for_prometheus() {
        let recorder = recorder().unwrap();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            describe();
            takeover("install");
            doubt_settled("install", "adopted");
            commit(3, Duration::from_millis(2));
            cyclr_call("install template", "ok", Duration::from_millis(7));
            at_rest("waiting", "connect_account", 4);
        });
        let text = handle.render();
        for line in [
            "gangway_lease_takeovers_total{step=\"install\"} 1",
            "gangway_doubts_settled_total{step=\"install\",how=\"adopted\"} 1",
            "gangway_commit_batch_size_bucket{le=\"4\"} 1",
            "gangway_commit_seconds_bucket{le=\"0.001\"} 0",
            "gangway_cyclr_calls_total{call=\"install template\",outcome=\"ok\"} 1",
            "gangway_onboardings{status=\"waiting\",waits_for=\"connect_account\"} 4",
            "# TYPE gangway_commit_batch_size histogram",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
