//! When the recent outcomes say that the host is away, and for how long it is then left alone.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// As many outcomes are looked at: few enough that an outage is seen within a round of calls.
const WINDOW: usize = 20;
/// Failures among them that open the breaker. Half: with a host that answers every other call, retries
/// still get somewhere. Ten: what one onboarding can cause alone stays below.
const FAILURES: usize = 10;
/// Older outcomes say nothing about now.
const MEMORY: Duration = Duration::from_mins(1);
/// Failures with nothing good between them that are enough when little is going on. Less than half
/// the tries that an onboarding has by default.
const IN_A_ROW: u32 = 5;

/// The recent outcomes of the host.
#[derive(Debug, Default)]
pub(super) struct Window {
    outcomes: VecDeque<(Instant, bool)>,
    failed_in_a_row: u32,
    row_began: Option<Instant>,
}

impl Window {
    pub(super) fn note(&mut self, now: Instant, failed: bool) {
        if self.outcomes.len() == WINDOW {
            self.outcomes.pop_front();
        }
        self.outcomes.push_back((now, failed));
        if failed {
            self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
            self.row_began.get_or_insert(now);
        } else {
            (self.failed_in_a_row, self.row_began) = (0, None);
        }
    }

    /// Whether the host seems to be away. `lull`: how long failures in a row must go on.
    pub(super) fn is_bad(&self, now: Instant, lull: Duration) -> bool {
        let recent = self.outcomes.iter().filter(|(at, _)| now.duration_since(*at) <= MEMORY);
        let failures = recent.filter(|(_, failed)| *failed).count();
        let lasting = self.row_began.is_some_and(|began| now.duration_since(began) >= lull);
        failures >= FAILURES || (lasting && self.failed_in_a_row >= IN_A_ROW)
    }

    /// While the host is just coming back, a few failures in a row are enough.
    pub(super) fn is_failing_again(&self) -> bool {
        self.failed_in_a_row >= IN_A_ROW
    }
}

/// How long the host is left alone after `earlier` pauses that did not help: doubled each time, give
/// or take a fifth, so that many processes do not probe together.
pub(super) fn pause(first: Duration, longest: Duration, earlier: u32, chance: f64) -> Duration {
    let doubled = first.saturating_mul(1 << earlier.min(16));
    doubled.min(longest).mul_f64(0.8 + 0.4 * chance.clamp(0.0, 1.0)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LULL: Duration = Duration::from_secs(5);

    #[test]
    fn half_of_twenty_opens_it_and_a_handful_does_not() {
        let start = Instant::now();
        let mut window = Window::default();
        for n in 0..9 {
            window.note(start, true);
            assert!(!window.is_bad(start, LULL), "{n}");
        }
        window.note(start, true);
        assert!(window.is_bad(start, LULL));
        assert!(!window.is_bad(start + MEMORY * 2, LULL * 100), "what is old does not count");
        for _ in 0..11 {
            window.note(start, false);
        }
        assert!(!window.is_bad(start, LULL));
    }

    #[test]
    fn one_failure_in_three_never_opens_it() {
        let mut now = Instant::now();
        let mut window = Window::default();
        for n in 0..1000 {
            now += Duration::from_millis(10);
            window.note(now, n % 3 == 0);
            assert!(!window.is_bad(now, LULL));
        }
    }

    #[test]
    fn few_failures_open_it_when_they_go_on() {
        let start = Instant::now();
        let mut window = Window::default();
        for n in 0..5 {
            window.note(start + Duration::from_secs(n), true);
        }
        assert!(!window.is_bad(start + Duration::from_secs(4), LULL));
        assert!(window.is_bad(start + LULL, LULL));
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        let seconds = |earlier, chance| {
            pause(Duration::from_secs(1), Duration::from_mins(1), earlier, chance).as_secs_f64()
        };
        assert!((seconds(0, 0.5) - 1.0).abs() < 1e-9);
        assert!((seconds(3, 0.0) - 6.4).abs() < 1e-9);
        assert!((seconds(9, 1.0) - 60.0).abs() < 1e-9);
        assert!((seconds(u32::MAX, 1.0) - 60.0).abs() < 1e-9);
    }
}
