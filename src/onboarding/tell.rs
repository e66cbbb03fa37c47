//! What happened, in a sentence for staff.

use super::{Event, Facts, Origin, ProblemCode, ProviderWord};
use crate::ids::ConnectorId;

impl Event {
    /// With the names that the facts know by now. Never empty; holds no secret, because no event does.
    #[expect(clippy::too_many_lines, reason = "a sentence for each kind")]
    pub fn tell(&self, facts: &Facts) -> String {
        let app = |connector: &ConnectorId| name_of(facts, *connector);
        match self {
            Self::Started => "The onboarding was started.".to_owned(),
            Self::AccountReady { account, origin } => {
                let how = match origin {
                    Origin::Made => "was created at Cyclr",
                    Origin::Adopted => "was found at Cyclr and is the tenant's",
                    Origin::Named => "is the one that the integrator named",
                };
                format!("The account {account} {how}.")
            }
            Self::Installed { template, cycle, origin, after_doubt, .. } => {
                let how = match origin {
                    Origin::Made => "was installed as",
                    Origin::Adopted | Origin::Named => "was found installed as",
                };
                let doubt = doubt(*after_doubt);
                format!("Template {} {how} the cycle {cycle}{doubt}.", template + 1)
            }
            Self::ConnectionsSeen { connected, lost, unfinished } => {
                let told = [
                    (connected, "connected"),
                    (lost, "not connected any more"),
                    (unfinished, "not finished in time"),
                ];
                let told: Vec<_> = told
                    .into_iter()
                    .filter(|(connectors, _)| !connectors.is_empty())
                    .map(|(connectors, how)| {
                        let names: Vec<_> = connectors.iter().map(app).collect();
                        format!("{} ({how})", names.join(", "))
                    })
                    .collect();
                if told.is_empty() {
                    "The connections were looked at, and nothing has changed.".to_owned()
                } else {
                    format!("Seen at Cyclr: {}.", told.join("; "))
                }
            }
            Self::QuestionsAsked { open, .. } => {
                format!("{open} questions are open for the tenant's people.")
            }
            Self::Mapped { template, retired } => {
                format!("Template {} is mapped{}.", template + 1, surplus(retired.len()))
            }
            Self::Unmapped { template } => {
                format!("Cyclr misses something in template {}: it is mapped again.", template + 1)
            }
            Self::Activated { template, after_doubt, retired } => {
                let (doubt, surplus) = (doubt(*after_doubt), surplus(retired.len()));
                format!("Template {} is active{doubt}{surplus}.", template + 1)
            }
            Self::RetryPlanned { problem, detail, tries, after_seconds, doubted } => {
                let doubt = if *doubted {
                    " Whether the call took effect is not known, so it is looked for first."
                } else {
                    ""
                };
                let why = why(problem, detail.as_deref());
                format!("Try {tries} failed ({why}); again in {after_seconds} s.{doubt}")
            }
            Self::HeldBack { problem, detail, after_seconds } => {
                let why = why(problem, detail.as_deref());
                format!("Held back for {after_seconds} s ({why}); no try was spent.")
            }
            Self::BecameStuck { problem, detail } => {
                format!("Stuck: {}.", why(problem, detail.as_deref()))
            }
            Self::AttemptOpened { connector } => {
                format!("Somebody set out to sign in to {}.", app(connector))
            }
            Self::CredentialGiven { connector } => {
                format!("A credential for {} was handed to Cyclr.", app(connector))
            }
            Self::DetailsGiven { connector } => {
                format!("What {} needs before a sign-in was entered.", app(connector))
            }
            Self::Answered { questions } => format!("Answered: {}.", questions.join(", ")),
            Self::LookOrdered => "Somebody says that they are through: looked at once.".to_owned(),
            Self::Opened => "The tenant's people had the pages before them.".to_owned(),
            Self::CameBack { connector, said } => {
                let word = match said {
                    Some(ProviderWord::Denied) => "; the provider says that access was refused",
                    Some(ProviderWord::NeedsAdmin) => {
                        "; the provider says that an administrator has to approve it"
                    }
                    Some(ProviderWord::Trouble) => "; the provider reports trouble",
                    None => "",
                };
                format!("The browser came back from {}{word}.", app(connector))
            }
            Self::HandedOver { connector, to_colleague: true } => {
                format!("A colleague was asked to connect {}.", app(connector))
            }
            Self::HandedOver { connector, to_colleague: false } => {
                format!("No colleague is asked for {} any more.", app(connector))
            }
            Self::ApprovalAsked { connector, wanted: true } => {
                format!("An administrator has to approve {} at the provider.", app(connector))
            }
            Self::ApprovalAsked { connector, wanted: false } => {
                format!("No approval is waited for at {} any more.", app(connector))
            }
            Self::LinkWanted => {
                "Somebody with a link that has ended asks for a new one.".to_owned()
            }
            Self::RetryOrdered { reason } => said("Tried again by order", reason.as_deref()),
            Self::Skipped { step, connectors, reason, .. } => {
                let names: Vec<_> = connectors.iter().map(app).collect();
                let what = if names.is_empty() { step.clone() } else { names.join(", ") };
                said(&format!("Passed over: {what}"), Some(reason))
            }
            Self::Restarted { from, ask_again, reason } => {
                let again = if *ask_again { ", and the questions are asked again" } else { "" };
                said(&format!("Gone back to the step {from}{again}"), Some(reason))
            }
            Self::Assigned { assignee: Some(assignee) } => format!("{assignee} looks after it."),
            Self::Assigned { assignee: None } => "Nobody looks after it any more.".to_owned(),
            Self::Snoozed { until: Some(until), reason } => said(
                &format!("Put off until {}", until.format("%Y-%m-%d %H:%M UTC")),
                reason.as_deref(),
            ),
            Self::Snoozed { until: None, reason } => {
                said("Not put off any more", reason.as_deref())
            }
            Self::CandidateChosen { template, cycle, reason } => {
                said(&format!("The cycle {cycle} is template {}'s", template + 1), Some(reason))
            }
            Self::CycleDisowned { cycle, .. } => {
                format!("A call that came too late made the cycle {cycle}; it is not to be used.")
            }
            Self::CycleRetired { cycle, .. } => {
                format!("The surplus cycle {cycle} was deleted at Cyclr; it had never run.")
            }
            Self::LinkRotated { .. } => {
                "There is a new link; earlier ones and their visits have ended.".to_owned()
            }
            Self::LinkRevoked { .. } => "The link and every visit have ended.".to_owned(),
            Self::LinkExtended { expires_at } => {
                format!("The link is good until {}.", expires_at.format("%Y-%m-%d %H:%M UTC"))
            }
            Self::Noted { text } => text.clone(),
            Self::Cancelled { reason } => said("Cancelled", Some(reason)),
            Self::CheckOrdered { reason } => said("To be looked at at once", reason.as_deref()),
            Self::HealthChanged { health, problem, detail } => match problem {
                Some(problem) => format!("Not well: {}.", why(problem, detail.as_deref())),
                None => format!("Looked at: it is {health}."),
            },
            Self::RunFailed { template, message } => {
                format!("Cyclr tells of a failed run of template {}: {message}", template + 1)
            }
            Self::ReauthorizationRequired { connectors, reason } => {
                let names: Vec<_> = connectors.iter().map(app).collect();
                let names = names.join(", ");
                match reason {
                    Some(reason) => format!("A new sign-in to {names} was ordered: {reason}"),
                    None => format!("The sign-in to {names} is lost; it is asked for again."),
                }
            }
            Self::DriftSettled { difference, choice, reason } => {
                said(&format!("Settled ({choice}): {difference}"), Some(reason))
            }
            Self::UpgradeOrdered { from, to, reason } => {
                said(&format!("Goes on from version {from} to version {to}"), Some(reason))
            }
            Self::OffboardOrdered { reason } => {
                said("Everything of it at Cyclr is to be taken away", Some(reason))
            }
            Self::Offboarded { cycles, connectors, account } => {
                let account = if *account { "; the account was deleted" } else { "" };
                format!(
                    "Taken away at Cyclr: {} cycles, {} sign-ins{account}.",
                    cycles.len(),
                    connectors.len()
                )
            }
            Self::Erased { everything: true } => {
                "What was known of the tenant's people was erased.".to_owned()
            }
            Self::Erased { everything: false } => {
                "What was known of the tenant's people was erased, but for what mapping rules read."
                    .to_owned()
            }
            Self::LooksFirst => {
                "The database was put back to an older state: Cyclr is looked at before anything is made."
                    .to_owned()
            }
        }
    }
}

fn name_of(facts: &Facts, connector: ConnectorId) -> String {
    let known = facts.connection(connector).map(|connection| connection.name.clone());
    known.unwrap_or_else(|| format!("account connector {connector}"))
}

const fn doubt(after_doubt: bool) -> &'static str {
    if after_doubt { ", which settles a doubt about an earlier call" } else { "" }
}

fn surplus(retired: usize) -> String {
    match retired {
        0 => String::new(),
        1 => "; a surplus cycle was deleted".to_owned(),
        more => format!("; {more} surplus cycles were deleted"),
    }
}

/// What the problem means, for people; a code that this release does not know is at least readable.
fn why(problem: &str, detail: Option<&str>) -> String {
    let known = ProblemCode::parse(problem);
    let short = known.map_or_else(|| problem.replace('_', " "), |code| code.in_short().to_owned());
    match detail {
        Some(detail) => format!("{short}: {detail}"),
        None => short,
    }
}

fn said(what: &str, reason: Option<&str>) -> String {
    reason.map_or_else(|| format!("{what}."), |reason| format!("{what}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_in_words_and_never_by_its_code() {
        for code in ProblemCode::all() {
            let told = why(code.name(), Some("<x>"));
            assert_eq!(told, format!("{}: <x>", code.in_short()));
            assert!(!told.contains(code.name()), "{told}");
        }
        assert_eq!(why("not_known_yet", None), "not known yet");
    }
}
