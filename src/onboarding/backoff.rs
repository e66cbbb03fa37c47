//! How long to wait before a step is tried again.

use chrono::TimeDelta;

const FIRST: TimeDelta = TimeDelta::seconds(2);
const LONGEST: TimeDelta = TimeDelta::minutes(10);

/// Exponential with full jitter: anything between nothing and the ceiling of this try, so that many
/// onboardings that failed together do not come back together.
///
/// `tries` counts the failures so far, from 1. `chance` is a random number in `0.0..1.0`. What the
/// other side asked for (`Retry-After`) is kept to as a floor; its clamp is the caller's.
pub fn retry_delay(tries: u32, chance: f64, asked_for: Option<TimeDelta>) -> TimeDelta {
    let doublings = tries.saturating_sub(1).min(16);
    let ceiling = (FIRST * (1 << doublings)).min(LONGEST);
    #[expect(clippy::cast_precision_loss, reason = "a few minutes in milliseconds are exact")]
    let ceiling_ms = ceiling.num_milliseconds() as f64;
    #[expect(clippy::cast_possible_truncation, reason = "chance keeps it below the ceiling")]
    let jittered = TimeDelta::milliseconds((ceiling_ms * chance.clamp(0.0, 1.0)) as i64);
    asked_for.unwrap_or_default() + jittered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_bounded() {
        let longest_wait = |tries| retry_delay(tries, 1.0, None);
        assert_eq!(longest_wait(1), TimeDelta::seconds(2));
        assert_eq!(longest_wait(2), TimeDelta::seconds(4));
        assert_eq!(longest_wait(5), TimeDelta::seconds(32));
        assert_eq!(longest_wait(12), LONGEST);
        assert_eq!(longest_wait(u32::MAX), LONGEST);
        assert_eq!(retry_delay(9, 0.0, None), TimeDelta::zero());
    }

    #[test]
    fn what_was_asked_for_is_a_floor() {
        let asked = Some(TimeDelta::seconds(30));
        assert_eq!(retry_delay(1, 0.0, asked), TimeDelta::seconds(30));
        assert!(retry_delay(1, 0.5, asked) > TimeDelta::seconds(30));
    }
}
