//! What went wrong at Cyclr, as faults of the sandbox: the same calls fail, in the same way.

use super::document::{Call, Line};
use crate::onboarding::{Event, Origin};
use crate::sandbox::{Fault, FaultKind};

/// The faults of these lines, to be in force from the first of them on.
pub(super) fn of_stretch(lines: &[Line]) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    let mut went_well: Vec<(&str, String)> = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        for call in &line.calls {
            let path = shape(&call.path);
            match kind(call, lines.get(place + 1..).unwrap_or_default()) {
                // A fault lets pass what it has not struck yet, whatever strikes that instead.
                Some(kind) => {
                    let same = |(method, shape): &&(&str, String)| {
                        *method == call.method && *shape == path
                    };
                    let skip = went_well.iter().filter(same).count();
                    let skip = u32::try_from(skip).unwrap_or(u32::MAX);
                    faults.push(Fault { skip, ..Fault::once(&call.method, &path, kind) });
                }
                None => went_well.push((&call.method, path)),
            }
        }
    }
    faults
}

fn kind(call: &Call, later: &[Line]) -> Option<FaultKind> {
    let message = call.message.clone().unwrap_or_default();
    match (call.outcome.as_str(), call.status) {
        // The one that waited for it went away: nothing failed.
        ("ok" | "abandoned", _) => None,
        ("unreadable", Some(status)) => Some(FaultKind::Html { status }),
        (_, Some(status)) => Some(FaultKind::Refuse { status, message, retry_after: None }),
        (_, None) if took_effect(call, later) => Some(FaultKind::LoseAnswer),
        (_, None) => Some(FaultKind::DropBefore),
    }
}

/// Whether what was asked for without an answer was found to be done afterwards.
fn took_effect(call: &Call, later: &[Line]) -> bool {
    let made = (call.method.as_str(), shape(&call.path));
    let found = |line: &Line| match (&line.event, made.0, made.1.as_str()) {
        (Event::AccountReady { origin, .. }, "POST", "/v1.0/accounts")
        | (Event::Installed { origin, .. }, "POST", "/v1.0/templates/*/install") => {
            Some(*origin == Origin::Adopted)
        }
        (_, _, _) => None,
    };
    later.iter().find_map(found).unwrap_or(false)
}

/// The path with `*` for what names one thing.
pub(super) fn shape(path: &str) -> String {
    let mut before = "";
    let parts = path.split('/').map(|part| {
        let is_id = uuid::Uuid::try_parse(part).is_ok()
            || part.parse::<i64>().is_ok()
            || before == "accounts";
        before = part;
        if is_id { "*" } else { part }
    });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(event: Event, calls: &[(&str, &str, Option<u16>, &str)]) -> Line {
        let call = |&(method, path, status, outcome): &(&str, &str, Option<u16>, &str)| Call {
            method: method.to_owned(),
            path: path.to_owned(),
            status,
            outcome: outcome.to_owned(),
            message: None,
        };
        Line {
            at: chrono::DateTime::UNIX_EPOCH,
            actor: "engine".to_owned(),
            status: "running".to_owned(),
            step: "install".to_owned(),
            event,
            calls: calls.iter().map(call).collect(),
        }
    }

    #[test]
    fn ids_are_left_out_of_a_path() {
        for (path, expected) in [
            ("/v1.0/accounts", "/v1.0/accounts"),
            ("/v1.0/accounts/acme", "/v1.0/accounts/*"),
            (
                "/v1.0/account/connectors/36001/deauthenticate",
                "/v1.0/account/connectors/*/deauthenticate",
            ),
            (
                "/v1.0/templates/5e1f0c3a-7b52-4c0e-9a41-0d6c2f8b1a01/install",
                "/v1.0/templates/*/install",
            ),
        ] {
            assert_eq!(shape(path), expected);
        }
    }

    #[test]
    fn what_failed_fails_again_after_what_went_well() {
        let steps = ("GET", "/v1.0/cycles/7/steps", Some(200), "ok");
        let refused = ("GET", "/v1.0/cycles/8/steps", Some(503), "refused");
        let lines = [line(Event::LookOrdered, &[steps, refused])];
        let [fault] = &of_stretch(&lines)[..] else { panic!() };
        assert_eq!((fault.skip, fault.path.as_str()), (1, "/v1.0/cycles/*/steps"));
        assert!(matches!(fault.kind, FaultKind::Refuse { status: 503, .. }), "{fault:?}");
    }

    #[test]
    fn an_answer_that_was_lost_is_told_from_a_call_that_never_came() {
        let lost = ("POST", "/v1.0/accounts", None, "no_answer");
        for (origin, expected) in
            [(Origin::Adopted, FaultKind::LoseAnswer), (Origin::Made, FaultKind::DropBefore)]
        {
            let account = crate::ids::AccountId::parse("acme").unwrap();
            let lines = [
                line(Event::LookOrdered, &[lost]),
                line(Event::AccountReady { account, origin }, &[]),
            ];
            assert_eq!(of_stretch(&lines)[0].kind, expected);
        }
    }
}
