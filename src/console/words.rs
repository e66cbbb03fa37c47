//! How times and states are spelled for staff. English, UTC: what is read here is quoted in tickets.

use chrono::{DateTime, TimeDelta, Utc};

use crate::onboarding::{Onboarding, Status};

/// A moment with the words that say how far away it is.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    /// For machines.
    pub(super) exact: String,
    /// For people.
    pub(super) spelled: String,
    /// `3 h ago`, `in 2 d`.
    pub(super) away: String,
}

impl Moment {
    pub(super) fn new(at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let away = if at <= now {
            format!("{} ago", long(now - at))
        } else {
            format!("in {}", long(at - now))
        };
        let exact = at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        Self { exact, spelled: spell(at), away }
    }
}

pub(super) fn spell(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// In its largest unit, rounded down: `50 s`, `3 h`, `12 d`.
pub(super) fn long(span: TimeDelta) -> String {
    let seconds = span.num_seconds().max(0);
    let units = [(86_400, "d"), (3_600, "h"), (60, "min")];
    units.into_iter().find(|(length, _)| seconds >= *length).map_or_else(
        || format!("{seconds} s"),
        |(length, unit)| format!("{} {unit}", seconds / length),
    )
}

/// `customer_admin` as people write it.
pub(super) fn plain(name: &str) -> String {
    name.replace('_', " ")
}

/// How the sending of a message stands, and the class that colours it.
pub(super) fn sending(
    (state, is_under_way): (&str, bool),
    attempts: i32,
    (due_at, now): (DateTime<Utc>, DateTime<Utc>),
) -> (String, &'static str) {
    let tries = tries(attempts);
    match state {
        "pending" if is_under_way => (format!("being sent, {tries} so far"), "calm"),
        "delivered" => (format!("delivered after {tries}"), "good"),
        "failed" => (format!("given up after {tries}"), "bad"),
        _ => (format!("{tries} so far, next {}", Moment::new(due_at, now).away), "wait"),
    }
}

fn tries(attempts: i32) -> String {
    match attempts {
        1 => "1 attempt".to_owned(),
        more => format!("{more} attempts"),
    }
}

/// Why nothing is sent to an endpoint, by the code that is kept of it.
pub(super) fn why_off(code: &str) -> String {
    match code {
        "ordered" => "somebody ordered it".to_owned(),
        "gone" => "it answered that it is gone (410)".to_owned(),
        "failing" => "nothing had arrived for days".to_owned(),
        other => plain(other),
    }
}

/// The class that colours a status.
pub(super) fn colour(onboarding: &Onboarding, now: DateTime<Utc>) -> &'static str {
    if onboarding.stuck_because(now).is_some() {
        return "bad";
    }
    match onboarding.status {
        Status::Running => "calm",
        Status::Retrying { .. } => "warn",
        Status::Waiting { .. } => "wait",
        Status::Stuck { .. } => "bad",
        Status::Live => "good",
        Status::Cancelled => "over",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_one_unit() {
        for (seconds, words) in
            [(-5, "0 s"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (7_199, "1 h"), (200_000, "2 d")]
        {
            assert_eq!(long(TimeDelta::seconds(seconds)), words);
        }
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        assert_eq!(Moment::new(now - TimeDelta::hours(3), now).away, "3 h ago");
        assert_eq!(Moment::new(now + TimeDelta::days(2), now).away, "in 2 d");
    }

    #[test]
    fn sending_is_told_in_one_way_wherever_it_is_shown() {
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let due = now + TimeDelta::minutes(5);
        for (state, under_way, attempts, words, colour) in [
            ("delivered", false, 1, "delivered after 1 attempt", "good"),
            ("failed", false, 8, "given up after 8 attempts", "bad"),
            ("pending", false, 0, "0 attempts so far, next in 5 min", "wait"),
            ("pending", true, 1, "being sent, 1 attempt so far", "calm"),
        ] {
            let told = sending((state, under_way), attempts, (due, now));
            assert_eq!(told, (words.to_owned(), colour));
        }
    }
}
