//! The steps of an onboarding, in the order that never changes.

use serde::{Deserialize, Serialize};

/// A step. `install`, `map` and `activate` cover every template of the blueprint, `connect` every
/// connection that they brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    CreateAccount,
    Install,
    Connect,
    Map,
    Activate,
    Live,
    /// Everything of it is taken away at Cyclr; beside the order of the others, and the end.
    Offboard,
}

impl StepKind {
    pub const ALL: [Self; 7] = [
        Self::CreateAccount,
        Self::Install,
        Self::Connect,
        Self::Map,
        Self::Activate,
        Self::Live,
        Self::Offboard,
    ];

    /// As stored and as shown to integrators. Names are added, never changed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateAccount => "create_account",
            Self::Install => "install",
            Self::Connect => "connect",
            Self::Map => "map",
            Self::Activate => "activate",
            Self::Live => "live",
            Self::Offboard => "offboard",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_names_are_pinned() {
        let names: Vec<_> = StepKind::ALL.iter().map(|step| step.name()).collect();
        assert_eq!(
            names,
            ["create_account", "install", "connect", "map", "activate", "live", "offboard"]
        );
        for step in StepKind::ALL {
            assert_eq!(StepKind::parse(step.name()), Some(step));
            assert_eq!(serde_json::to_value(step).unwrap(), step.name());
        }
        assert_eq!(StepKind::parse("invite_users"), None);
    }
}
