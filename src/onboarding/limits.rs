//! How long people and retries get, as the blueprint says.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::StepKind;

const USUAL_RETRY_HOURS: u32 = 24;

/// The limits of all onboardings of a blueprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Hours that the tenant's people have to do what is asked of them.
    pub waiting_hours: u32,
    /// Failed tries of one step before it is stuck.
    pub tries: u32,
    /// Hours of retrying one step before it is stuck, however few the tries were.
    #[serde(skip_serializing_if = "is_usual")]
    pub retry_hours: u32,
    /// Minutes for which an open sign-in is looked after.
    pub attempt_minutes: u32,
    /// Where a step needs limits of its own.
    #[serde(skip_serializing_if = "StepTable::is_empty")]
    pub steps: StepTable,
}

/// One entry for each step that fails and is tried again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StepTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_account: Option<StepLimits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install: Option<StepLimits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect: Option<StepLimits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<StepLimits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activate: Option<StepLimits>,
}

/// What one step gets; what is left out is as for all steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StepLimits {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tries: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_hours: Option<u32>,
}

/// So that a document of before this limit reads and is written as it was.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
const fn is_usual(hours: &u32) -> bool {
    *hours == USUAL_RETRY_HOURS
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            waiting_hours: 7 * 24,
            tries: 12,
            retry_hours: USUAL_RETRY_HOURS,
            attempt_minutes: 30,
            steps: StepTable::default(),
        }
    }
}

impl StepTable {
    fn of(&self, step: StepKind) -> StepLimits {
        let own = match step {
            StepKind::CreateAccount => self.create_account,
            StepKind::Install => self.install,
            StepKind::Connect => self.connect,
            StepKind::Map => self.map,
            StepKind::Activate => self.activate,
            StepKind::Live | StepKind::Offboard => None,
        };
        own.unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Limits {
    const MOST_TRIES: u32 = 100;
    const MOST_HOURS: u32 = 24 * 365;

    pub fn waiting(&self) -> TimeDelta {
        TimeDelta::hours(self.waiting_hours.into())
    }

    pub fn attempt(&self) -> TimeDelta {
        TimeDelta::minutes(self.attempt_minutes.into())
    }

    /// Failed tries of this step before it is stuck.
    pub fn tries(&self, step: StepKind) -> u32 {
        self.steps.of(step).tries.unwrap_or(self.tries)
    }

    /// How long this step may be retried before it is stuck.
    pub fn retrying(&self, step: StepKind) -> TimeDelta {
        TimeDelta::hours(self.steps.of(step).retry_hours.unwrap_or(self.retry_hours).into())
    }

    /// Every number by its place in the document, with the most it may be. The least is 1.
    pub(super) fn bounds(&self) -> Vec<(String, u32, u32)> {
        let mut bounds = vec![
            ("waiting_hours".to_owned(), self.waiting_hours, Self::MOST_HOURS),
            ("tries".to_owned(), self.tries, Self::MOST_TRIES),
            ("retry_hours".to_owned(), self.retry_hours, Self::MOST_HOURS),
            ("attempt_minutes".to_owned(), self.attempt_minutes, 24 * 60),
        ];
        for step in StepKind::ALL {
            let StepLimits { tries, retry_hours } = self.steps.of(step);
            let place = |name| format!("steps/{}/{name}", step.name());
            bounds.extend(tries.map(|n| (place("tries"), n, Self::MOST_TRIES)));
            bounds.extend(retry_hours.map(|n| (place("retry_hours"), n, Self::MOST_HOURS)));
        }
        bounds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_has_its_own_limits_where_the_blueprint_says_so() {
        let text = r#"{"tries": 5, "steps": {"install": {"tries": 2}, "map": {"retry_hours": 1}}}"#;
        let limits: Limits = serde_json::from_str(text).unwrap();
        assert_eq!((limits.tries(StepKind::Install), limits.tries(StepKind::Map)), (2, 5));
        assert_eq!(limits.retrying(StepKind::Map), TimeDelta::hours(1));
        assert_eq!(limits.retrying(StepKind::Install), TimeDelta::hours(24));
        assert!(serde_json::from_str::<Limits>(r#"{"steps": {"live": {}}}"#).is_err());
    }

    #[test]
    fn every_number_is_bounded() {
        let text = r#"{"tries": 0, "steps": {"activate": {"tries": 101, "retry_hours": 0}}}"#;
        let limits: Limits = serde_json::from_str(text).unwrap();
        let wrong =
            limits.bounds().into_iter().filter(|(_, value, most)| *value == 0 || value > most);
        let wrong: Vec<_> = wrong.map(|(place, ..)| place).collect();
        assert_eq!(wrong, ["tries", "steps/activate/tries", "steps/activate/retry_hours"]);
    }
}
