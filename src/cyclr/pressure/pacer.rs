//! How calls pass after an outage: one by one, at a rate that grows; and when those come back who
//! were not let through.

use std::time::{Duration, Instant};

/// The steady rate forgets over about half a minute: longer than a burst, shorter than a shift.
const SMOOTHING_SECONDS: f64 = 30.0;
/// At most as many times the rate from before.
const MOST_TIMES_STEADY: f64 = 2.0;
/// The pace begins at this share of what it may become.
const FIRST_SHARE: f64 = 0.25;
/// Growth per second without a failure.
const GROWTH: f64 = 1.5;
const GROWTH_PERIOD: Duration = Duration::from_secs(1);
/// Calls that an onboarding makes in a row, as a rule: who comes back needs room for as many.
const CALLS_IN_A_ROW: f64 = 8.0;
/// Nobody is sent away for longer beyond the time that the host needs.
const LONGEST_RETURN: Duration = Duration::from_mins(5);

/// Calls per second while all is well, smoothed.
#[derive(Debug, Default)]
pub(super) struct Meter {
    rate: f64,
    count: u32,
    since: Option<Instant>,
    /// Seconds that were measured: a young figure is a plain mean.
    measured: f64,
}

impl Meter {
    pub(super) fn count(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        let seconds = now.duration_since(since).as_secs_f64();
        if seconds >= 1.0 {
            self.measured += seconds;
            let weight = (1.0 - (-seconds / SMOOTHING_SECONDS).exp()).max(seconds / self.measured);
            self.rate += weight * (f64::from(self.count) / seconds - self.rate);
            (self.count, self.since) = (0, Some(now));
        }
        self.count = self.count.saturating_add(1);
    }

    /// What follows is no part of the steady rate.
    pub(super) fn rest(&mut self) {
        (self.count, self.since) = (0, None);
    }

    pub(super) fn rate(&self) -> f64 {
        self.rate
    }
}

/// Lets one call through at a time, no sooner than the rate allows after the one before.
#[derive(Debug)]
pub(super) struct Pacer {
    next: Instant,
    rate: f64,
    /// Whole, so that never more than this many pass within a second.
    ceiling: f64,
    grows_at: Instant,
    doubles_at: Instant,
    /// When a call last had to wait.
    pub(super) waited_at: Instant,
    pub(super) has_success: bool,
}

impl Pacer {
    pub(super) fn new(now: Instant, steady: f64, least: f64, trust_after: Duration) -> Self {
        let ceiling = (steady * MOST_TIMES_STEADY).max(least).max(1.0).floor();
        Self {
            next: now,
            rate: (ceiling * FIRST_SHARE).max(1.0),
            ceiling,
            grows_at: now + GROWTH_PERIOD,
            doubles_at: now + trust_after,
            waited_at: now,
            has_success: false,
        }
    }

    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    /// What the pace may become.
    pub(super) fn ceiling(&self) -> f64 {
        self.ceiling
    }

    fn gap(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.rate)
    }

    /// How long whoever comes after `ahead` others has to wait.
    pub(super) fn wait(&self, now: Instant, ahead: usize) -> Duration {
        let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
        self.next.saturating_duration_since(now) + self.gap().saturating_mul(ahead)
    }

    pub(super) fn pass(&mut self, now: Instant) {
        self.next = now + self.gap();
    }

    pub(super) fn succeeded(&mut self, now: Instant, doubling: Duration) {
        self.has_success = true;
        if now >= self.doubles_at {
            self.ceiling *= 2.0;
            self.doubles_at = now + doubling;
        }
        if now >= self.grows_at {
            self.rate = (self.rate * GROWTH).min(self.ceiling);
            self.grows_at = now + GROWTH_PERIOD;
        }
    }

    pub(super) fn failed(&mut self, now: Instant, trust_after: Duration) {
        self.rate = (self.rate / 2.0).max(1.0);
        self.grows_at = now + GROWTH_PERIOD;
        self.doubles_at = now + trust_after;
    }
}

/// How far apart those are to come back, where calls will pass at this rate.
pub(super) fn return_gap(rate: f64) -> Duration {
    Duration::from_secs_f64(CALLS_IN_A_ROW / rate.max(1.0))
}

/// Tells each one who was not let through a later time than the one before.
#[derive(Debug, Default)]
pub(super) struct Returns {
    next: Option<Instant>,
    last: Option<Instant>,
}

impl Returns {
    /// How long to stay away: at least until `earliest`.
    pub(super) fn take(
        &mut self,
        now: Instant,
        earliest: Instant,
        gap: Duration,
        chance: f64,
    ) -> Duration {
        let at = self.next.map_or(earliest, |next| next.max(earliest));
        // Beyond that the times begin anew: it is better to ask twice than to be forgotten.
        let at = if at > earliest + LONGEST_RETURN { earliest } else { at };
        self.next = Some(at + gap);
        let told = at + gap.mul_f64(chance.clamp(0.0, 1.0));
        self.last = self.last.max(Some(told));
        told.saturating_duration_since(now)
    }

    /// Somebody was told to come back later than now.
    pub(super) fn are_awaited(&self, now: Instant) -> bool {
        self.last.is_some_and(|last| last > now)
    }
}
