//! The catalogue of what can go wrong: a stable code, who can put it right, words for both sides.

use serde::{Deserialize, Serialize};

/// The one party that must act next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blocker {
    EndUser,
    CustomerAdmin,
    Integrator,
    Support,
    Provider,
    Cyclr,
    /// Nobody: Gangway is at work, or there is nothing left to do.
    None,
}

impl Blocker {
    pub const ALL: [Self; 7] = [
        Self::EndUser,
        Self::CustomerAdmin,
        Self::Integrator,
        Self::Support,
        Self::Provider,
        Self::Cyclr,
        Self::None,
    ];

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|blocker| blocker.name() == name)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::EndUser => "end_user",
            Self::CustomerAdmin => "customer_admin",
            Self::Integrator => "integrator",
            Self::Support => "support",
            Self::Provider => "provider",
            Self::Cyclr => "cyclr",
            Self::None => "none",
        }
    }

    /// For staff: who it is that must act.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::EndUser => "the tenant's people",
            Self::CustomerAdmin => "an administrator of the tenant",
            Self::Integrator => "the integrator",
            Self::Support => "support",
            Self::Provider => "the provider",
            Self::Cyclr => "Cyclr",
            Self::None => "nobody",
        }
    }
}

/// Why an onboarding is retrying or stuck.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub code: ProblemCode,
    /// What exactly was seen, for staff: Cyclr's message, a rule's name. Bounded, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Problem {
    /// Longest detail that is kept, in characters.
    pub const DETAIL_LIMIT: usize = 300;

    pub fn new(code: ProblemCode) -> Self {
        Self { code, detail: None }
    }

    pub fn with(code: ProblemCode, detail: impl AsRef<str>) -> Self {
        let detail: String = detail
            .as_ref()
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(Self::DETAIL_LIMIT)
            .collect();
        Self { code, detail: Some(detail) }
    }
}

/// One line of the catalogue.
struct Entry {
    code: ProblemCode,
    name: &'static str,
    blocker: Blocker,
    outlook: Outlook,
    staff: &'static str,
}

/// What a problem means for a customer, who cannot do anything about any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// Somebody has to look at it.
    WeAreOnIt,
    /// A passing trouble is retried.
    TakesLonger,
}

impl Outlook {
    pub const ALL: [Self; 2] = [Self::WeAreOnIt, Self::TakesLonger];

    /// The message of the hosted pages that says it in every language.
    pub const fn message(self) -> &'static str {
        match self {
            Self::WeAreOnIt => "outlook-we-are-on-it",
            Self::TakesLonger => "outlook-takes-longer",
        }
    }

    /// The same in English, for integrators who show it themselves.
    pub const fn in_english(self) -> &'static str {
        match self {
            Self::WeAreOnIt => {
                "Something on our side needs attention before this can go on. Nothing that you entered \
                 is lost. We have been told and will carry on from here."
            }
            Self::TakesLonger => {
                "This is taking longer than usual. We keep trying by ourselves; you can close this page \
                 and come back to it later."
            }
        }
    }
}

macro_rules! catalogue {
    ($($variant:ident, $name:literal, $blocker:ident, $outlook:ident, $staff:literal;)*) => {
        /// Stable codes. Codes are added, never renamed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ProblemCode {
            $(#[serde(rename = $name)] $variant,)*
        }

        const CATALOGUE: &[Entry] = &[$(Entry {
            code: ProblemCode::$variant,
            name: $name,
            blocker: Blocker::$blocker,
            outlook: Outlook::$outlook,
            staff: $staff,
        },)*];
    };
}

catalogue! {
    CyclrUnreachable, "cyclr_unreachable", Cyclr, TakesLonger,
        "Cyclr did not answer, or answered with a failure of its own. Tried again by itself; once the tries \
         are used up, retry when Cyclr answers again.";
    CyclrThrottled, "cyclr_throttled", Cyclr, TakesLonger,
        "Cyclr asked us to slow down. Tried again by itself when it said so; once the tries are used up, \
         retry.";
    CyclrPaused, "cyclr_paused", Cyclr, TakesLonger,
        "Cyclr is away or has asked for a pause, so nothing is sent to it for now. Goes on by itself \
         when Cyclr answers again; no try is spent.";
    CyclrAnswerUnclear, "cyclr_answer_unclear", Cyclr, TakesLonger,
        "A change was sent to Cyclr and its outcome is not known. After a quiet period Gangway looks \
         at what is there before it does anything; once the tries are used up, retry, and it looks first.";
    CyclrContradicts, "cyclr_contradicts", Cyclr, TakesLonger,
        "Cyclr says two different things about the same object, or nothing new although something is \
         missing. Looked at again by itself; once the tries are used up, look at the object in Cyclr, \
         then retry.";
    CyclrRefusedCredentials, "cyclr_refused_credentials", Integrator, WeAreOnIt,
        "Cyclr refuses Gangway's API credentials. Check the client id and secret, then retry.";
    CyclrRejected, "cyclr_rejected", Integrator, WeAreOnIt,
        "Cyclr rejected a call as wrong. Its message is in the detail. If it is about an answer, correct that \
         answer; otherwise put the cause right, then retry.";
    AccountTaken, "account_taken", Integrator, WeAreOnIt,
        "A Cyclr account with this tenant's id exists and does not carry this deployment's mark. \
         Decide whose it is: remove it and retry, or cancel and start again with the account named.";
    AccountMissing, "account_missing", Integrator, WeAreOnIt,
        "The Cyclr account of this tenant does not exist. Create it or cancel and start again with the right \
         id, then retry; once live, restore it and check, or offboard and start again.";
    TemplateMissing, "template_missing", Integrator, WeAreOnIt,
        "Cyclr does not know the template, or it is not published. Publish it, then retry.";
    AmbiguousInstall, "ambiguous_install", Support, WeAreOnIt,
        "The account holds several cycles of this template that could be ours. Choose ours among the \
         candidates, or delete the wrong ones at Cyclr and retry.";
    CycleMissing, "cycle_missing", Support, WeAreOnIt,
        "The installed cycle is gone from Cyclr. It is not made again by itself: restore it from Cyclr's \
         recycle bin and retry (once live: check); once live, settle the difference to install it anew or to \
         let it rest; or cancel or offboard.";
    ConnectorMissing, "connector_missing", Support, WeAreOnIt,
        "An account connector of this onboarding is gone from Cyclr. Restore it and retry (once live: check); \
         once live, settle the difference to go on without it; or cancel or offboard.";
    UnknownAuthKind, "unknown_auth_kind", Integrator, WeAreOnIt,
        "A connector asks for a kind of authentication that Gangway cannot carry out. The kind is in \
         the detail. Authenticate it in Cyclr's console, then retry.";
    ConnectorRefused, "connector_refused", Integrator, WeAreOnIt,
        "A connector that needs no person could not be authenticated. Check its properties and the \
         partner's OAuth client at Cyclr, then retry.";
    TemplateDefect, "template_defect", Integrator, WeAreOnIt,
        "Cyclr names a prerequisite that no answer can fulfil; it is in the detail. Mend the cycle in Cyclr \
         and retry; or mend and publish the template and restart from install; or cancel.";
    MappingRuleFailed, "mapping_rule_failed", Integrator, WeAreOnIt,
        "A mapping rule of the blueprint does not fit the template or the tenant's data. The rule is \
         named in the detail. Mend the template and retry; or map it in Cyclr's console and pass the \
         mapping over; or cancel, publish the blueprint anew and start again.";
    MappingNotKept, "mapping_not_kept", Integrator, WeAreOnIt,
        "Cyclr accepted a mapping and then showed another value. Look at the step in Cyclr, then \
         retry.";
    SkippedIsNeeded, "skipped_is_needed", Support, WeAreOnIt,
        "Cyclr does not start the cycle without something that was skipped; it is in the detail. Bring \
         it in Cyclr's console and retry, or restart from connect or map.";
    CycleRunning, "cycle_running", Support, WeAreOnIt,
        "Cyclr refuses to change a cycle that is running. Stop it in Cyclr, then retry; or let the \
         blueprint say that it may be stopped (stop_to_change).";
    ActivationRefused, "activation_refused", Integrator, WeAreOnIt,
        "Cyclr refused to activate the cycle although it named no open prerequisite. Its message is \
         in the detail; put the cause right, then retry.";
    ActivationUnclear, "activation_unclear", Support, WeAreOnIt,
        "The cycle is to run a single time and it is not known whether that run has begun. Look at \
         its transactions in Cyclr; retry only if it has not run.";
    NotActiveYet, "not_active_yet", Cyclr, TakesLonger,
        "Cyclr accepted the activation and does not show the cycle as active yet. Looked at again by \
         itself; once the tries are used up, look at the cycle in Cyclr, then retry.";
    CycleStopped, "cycle_stopped", Support, WeAreOnIt,
        "The cycle was active and Cyclr shows it as stopped. Whoever stopped it may have meant it: settle the \
         difference to start it again or to let it rest.";
    MappingChanged, "mapping_changed", Support, WeAreOnIt,
        "Inputs of a live cycle are not as they were written. Somebody may have changed them at Cyclr: settle \
         the difference to write them again or to leave them as they are.";
    RunsFailing, "runs_failing", Support, WeAreOnIt,
        "Runs of a live cycle fail; Cyclr's message is in the detail. Put the cause right at Cyclr or at the \
         connected service; it clears by itself at the next run that succeeds.";
    Poison, "poison", Support, WeAreOnIt,
        "Workers that took this onboarding kept dying. It is parked so that it harms nobody else; \
         retry it once the cause is known.";
    InternalFault, "internal_fault", Support, WeAreOnIt,
        "Gangway met a state it does not know. The detail names it. Retry once; if it comes back, give the \
         reference and the detail to whoever runs Gangway.";
}

impl ProblemCode {
    pub fn all() -> impl Iterator<Item = Self> {
        CATALOGUE.iter().map(|entry| entry.code)
    }

    fn entry(self) -> &'static Entry {
        // The table is made from the same list as the enum, in the same order.
        &CATALOGUE[self as usize]
    }

    /// As stored and as shown to integrators.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|code| code.name() == name)
    }

    /// Who can move it.
    pub fn blocker(self) -> Blocker {
        self.entry().blocker
    }

    /// What it means for the tenant's people.
    pub fn outlook(self) -> Outlook {
        self.entry().outlook
    }

    /// That in words.
    pub fn for_customer(self) -> &'static str {
        self.outlook().in_english()
    }

    /// What it means and what to do, for staff and the integrator.
    pub fn for_staff(self) -> &'static str {
        self.entry().staff
    }

    /// What it means: the first sentence of that, without its full stop.
    pub fn in_short(self) -> &'static str {
        self.split().0
    }

    /// What to do: the rest of it. Empty if one sentence says all.
    pub fn advice(self) -> &'static str {
        self.split().1
    }

    fn split(self) -> (&'static str, &'static str) {
        let words = self.for_staff();
        let (first, rest) = words.split_once(". ").unwrap_or((words, ""));
        (first.trim_end_matches('.'), rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_finds_its_own_line_and_names_a_party() {
        for (place, code) in ProblemCode::all().enumerate() {
            assert_eq!(code as usize, place);
            assert_eq!(ProblemCode::parse(code.name()), Some(code));
            assert_ne!(code.blocker(), Blocker::None, "{}", code.name());
            assert!(code.for_customer().ends_with('.') && code.for_staff().ends_with('.'));
        }
    }

    #[test]
    fn a_detail_is_one_bounded_line() {
        let long = "x\n".repeat(400);
        let detail = Problem::with(ProblemCode::CyclrRejected, long).detail.unwrap();
        assert_eq!(detail.chars().count(), Problem::DETAIL_LIMIT);
        assert!(!detail.contains('\n'));
    }
}
