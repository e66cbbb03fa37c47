//! When an attempt that failed is made again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Seconds after each failure, in their order: 75 and a half hours in all. Jitter only adds to it.
pub const DELAYS: [u64; 10] = [
    5,
    MINUTE,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
];
const JITTER: f64 = 0.2;
/// A receiver may ask for as much, and no more.
const LONGEST_WISH: Duration = Duration::from_hours(24);

/// How long to wait after so many tries; `None` when there were enough of them. `chance` is between
/// 0 and 1.
pub(super) fn delay(tries: i32, wish: Option<Duration>, chance: f64) -> Option<Duration> {
    let place = usize::try_from(tries.max(1) - 1).ok()?;
    let planned = Duration::from_secs(*DELAYS.get(place)?).mul_f64(1.0 + JITTER * chance);
    Some(planned.max(wish.unwrap_or_default()))
}

/// What the header `Retry-After` asks for: seconds or a date. What makes no sense asks for nothing.
pub fn parse_retry_after(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    let wish = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit: as long as possible.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let until = DateTime::parse_from_rfc2822(text).ok()?.to_utc();
        (until - now).max(TimeDelta::zero()).to_std().ok()?
    };
    Some(wish.min(LONGEST_WISH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_spans_more_than_three_days_and_ends() {
        let all: Duration = (1..).map_while(|tries| delay(tries, None, 0.0)).sum();
        assert!(all >= Duration::from_hours(72), "{all:?}");
        assert_eq!(delay(11, Some(Duration::from_secs(1)), 0.0), None);
        assert_eq!(delay(1, None, 1.0), Some(Duration::from_secs(6)));
    }

    #[test]
    fn a_wish_is_heard_within_reason() {
        let now = DateTime::parse_from_rfc3339("2026-03-02T09:00:00Z").unwrap().to_utc();
        for (text, expected) in [
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("0", Some(0)),
            ("Mon, 02 Mar 2026 09:10:00 GMT", Some(600)),
            ("Mon, 02 Mar 2020 09:10:00 GMT", Some(0)),
            ("1000000000", Some(24 * HOUR)),
            ("99999999999999999999999999", Some(24 * HOUR)),
            ("-5", None),
            ("soon", None),
            ("", None),
        ] {
            let heard = parse_retry_after(text, now).map(|wish| wish.as_secs());
            assert_eq!(heard, expected, "{text}");
        }
        let wish = Some(Duration::from_mins(10));
        assert_eq!(delay(1, wish, 0.0), wish, "longer than planned");
        assert_eq!(delay(5, wish, 0.0), Some(Duration::from_hours(2)), "shorter than planned");
    }
}
