//! What happened in the last hour, as the overview tells it.

use chrono::TimeDelta;

use super::words::plain;
use crate::onboarding::ProblemCode;
use crate::store::{Happened, Recent};

/// How far back it goes.
pub(super) const LATELY: TimeDelta = TimeDelta::hours(1);

/// What happened, to how many, and where those are listed that still stand there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct News {
    pub(super) words: String,
    pub(super) list: Option<String>,
    pub(super) count: u64,
}

/// In the order in which an onboarding goes, what went wrong last; what is no news to an overview is left
/// out. What happened in two ways that are told alike is one line.
pub(super) fn tell(recent: Recent) -> Vec<News> {
    let mut told: Vec<(u8, News)> = Vec::new();
    for (rank, news) in recent.happened.into_iter().filter_map(one) {
        match told.iter_mut().find(|(_, known)| known.words == news.words) {
            Some((_, known)) => known.count += news.count,
            None => told.push((rank, news)),
        }
    }
    told.sort_by_key(|(rank, news)| (*rank, std::cmp::Reverse(news.count)));
    told.into_iter().map(|(_, news)| news).collect()
}

fn one(happened: Happened) -> Option<(u8, News)> {
    let Happened { kind, status, problem, onboardings: count } = happened;
    let code = problem.map(ProblemCode::name);
    let about = code.map(plain).unwrap_or_default();
    let list = |query: &str| Some(format!("/console/onboardings?{query}"));
    let of_problem =
        |status: &str| code.and_then(|code| list(&format!("status={status}&problem={code}")));
    let (rank, words, list) = match (kind.as_str(), status.as_str()) {
        ("started", _) => (0, "Started".to_owned(), list("order=newest")),
        ("opened", _) => (1, "Opened by the customer for the first time".to_owned(), None),
        ("activated", "live") => (2, "Went live".to_owned(), list("status=live")),
        ("cancelled", _) => (3, "Cancelled".to_owned(), list("status=cancelled")),
        ("link_wanted", _) => (4, "A new link was asked for".to_owned(), None),
        ("retry_planned", _) => {
            (5, format!("Failed and is tried again: {about}"), of_problem("retrying"))
        }
        ("held_back", _) => (6, format!("Held back: {about}"), of_problem("retrying")),
        ("reauthorization_required", _) => (
            8,
            "A sign-in is needed again".to_owned(),
            list("status=waiting&step=connect&order=longest_in_step"),
        ),
        ("health_changed", _) if code.is_some() => {
            (9, format!("Live and not well: {about}"), of_problem("live"))
        }
        ("offboarded", _) => (10, "Taken away at Cyclr".to_owned(), list("step=offboard")),
        ("became_stuck", _) => (7, format!("Got stuck: {about}"), of_problem("stuck")),
        _ => return None,
    };
    Some((rank, News { words, list, count }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onboarding::Event;

    fn happened(
        event: &Event,
        status: &str,
        problem: Option<ProblemCode>,
        onboardings: u64,
    ) -> Happened {
        Happened { kind: event.kind().to_owned(), status: status.to_owned(), problem, onboardings }
    }

    #[test]
    fn what_happened_is_told_once_in_the_order_of_the_way() {
        let code = ProblemCode::CyclrRejected;
        let stuck = Event::BecameStuck { problem: code.name().to_owned(), detail: None };
        let activated = Event::Activated { template: 0, after_doubt: false, retired: Vec::new() };
        let noted = Event::Noted { text: "x".to_owned() };
        let recent = Recent {
            happened: vec![
                happened(&stuck, "stuck", Some(code), 3),
                happened(&noted, "live", None, 9),
                happened(&activated, "running", None, 5),
                happened(&activated, "live", None, 4),
                happened(&Event::Started, "running", None, 7),
                happened(&Event::Started, "waiting", None, 2),
            ],
            is_partial: false,
        };
        let told: Vec<_> = tell(recent).into_iter().map(|one| (one.words, one.count)).collect();
        let stuck = format!("Got stuck: {}", plain(code.name()));
        assert_eq!(told, [("Started".to_owned(), 9), ("Went live".to_owned(), 4), (stuck, 3)]);
    }
}
