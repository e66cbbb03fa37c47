//! What may go wrong: with requests, and with onboardings. And what webhooks tell of.

use askama::Template;

use super::view::{Piece, pieces};
use crate::onboarding::ProblemCode;
use crate::web::Kind;
use crate::webhooks::EVENT_KINDS;

#[derive(Template)]
#[template(path = "docs/problems.html")]
pub(super) struct ProblemsPage {
    requests: Vec<RequestProblem>,
    onboardings: Vec<OnboardingProblem>,
    events: Vec<EventView>,
}

struct RequestProblem {
    code: &'static str,
    status: u16,
    title: &'static str,
    advice: Vec<Piece>,
}

struct OnboardingProblem {
    code: &'static str,
    blocker: &'static str,
    customer: &'static str,
    staff: Vec<Piece>,
}

struct EventView {
    kind: &'static str,
    meaning: &'static str,
}

pub(super) fn page() -> ProblemsPage {
    let requests = Kind::all().map(|kind| RequestProblem {
        code: kind.code(),
        status: kind.status().as_u16(),
        title: kind.title(),
        advice: pieces(kind.advice()),
    });
    let onboardings = ProblemCode::all().map(|code| OnboardingProblem {
        code: code.name(),
        blocker: code.blocker().name(),
        customer: code.for_customer(),
        staff: pieces(code.for_staff()),
    });
    let events = EVENT_KINDS.iter().map(|(kind, meaning)| EventView { kind, meaning });
    ProblemsPage {
        requests: requests.collect(),
        onboardings: onboardings.collect(),
        events: events.collect(),
    }
}
