//! What is missing right now, derived from the state: never kept beside it.

use super::{Blocker, Connection, Onboarding, Problem, ProviderWord, Status};

/// One thing that is missing, who must bring it, and words for both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    pub code: RequirementCode,
    /// The connection or the question it concerns, by id; the problem's code otherwise.
    pub object: String,
    pub blocker: Blocker,
    pub for_customer: String,
    pub for_staff: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequirementCode {
    ConnectAccount,
    /// The same again: it was there once, and is not any more.
    ReauthorizationRequired,
    NeedsAdminApproval,
    AnswerQuestion,
    ResolveProblem,
}

impl RequirementCode {
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConnectAccount => "connect_account",
            Self::ReauthorizationRequired => "reauthorization_required",
            Self::NeedsAdminApproval => "needs_admin_approval",
            Self::AnswerQuestion => "answer_question",
            Self::ResolveProblem => "resolve_problem",
        }
    }
}

impl Onboarding {
    pub fn requirements(&self) -> Vec<Requirement> {
        match &self.status {
            Status::Waiting { .. } => self.wanted_of_end_user(),
            Status::Retrying { problem, .. } | Status::Stuck { problem } => vec![resolve(problem)],
            Status::Live => self.problem().map(resolve).into_iter().collect(),
            Status::Running | Status::Cancelled => Vec::new(),
        }
    }

    fn wanted_of_end_user(&self) -> Vec<Requirement> {
        let connections = self.facts.connections.iter().filter(|c| c.waits_for_person());
        let again = self.was_live();
        let connections: Vec<_> = connections.map(|one| connect(one, again)).collect();
        if !connections.is_empty() {
            return connections;
        }
        self.facts
            .open_questions()
            .map(|question| Requirement {
                code: RequirementCode::AnswerQuestion,
                object: question.key.0.clone(),
                blocker: Blocker::EndUser,
                for_customer: format!("Answer: {}", question.label),
                for_staff: format!("The tenant has not answered \"{}\" yet.", question.label),
            })
            .collect()
    }
}

fn connect(connection: &Connection, was_live: bool) -> Requirement {
    let Connection { name, connector, .. } = connection;
    let said = connection.attempt.and_then(|attempt| attempt.said);
    let (code, for_customer, for_staff) = if connection.handed_over.stands() {
        (
            RequirementCode::ConnectAccount,
            format!("A colleague was asked to connect your {name} account."),
            format!(
                "A colleague of the tenant was asked to connect {name} (account connector {connector})."
            ),
        )
    } else if connection.is_for_admin() {
        (
            RequirementCode::NeedsAdminApproval,
            format!("An administrator of yours has to approve the connection at {name}."),
            format!(
                "An administrator of the tenant has to approve the connection at {name} (account \
                 connector {connector})."
            ),
        )
    } else {
        let staff = match said {
            Some(ProviderWord::Denied) => {
                format!(
                    "Somebody of the tenant declined to connect {name} (account connector {connector})."
                )
            }
            Some(ProviderWord::Trouble) => format!(
                "{name} reported a failure of its own when somebody of the tenant signed in (account \
                 connector {connector})."
            ),
            Some(ProviderWord::NeedsAdmin) | None => {
                format!(
                    "Nobody of the tenant has connected {name} (account connector {connector}) yet."
                )
            }
        };
        if was_live && !connection.authenticated.is_untouched() {
            let again = format!("Sign in to your {name} account again.");
            let staff = format!(
                "The sign-in to {name} (account connector {connector}) is lost, and somebody of the tenant has \
                 to sign in again."
            );
            (RequirementCode::ReauthorizationRequired, again, staff)
        } else {
            (RequirementCode::ConnectAccount, format!("Connect your {name} account."), staff)
        }
    };
    let blocker = if connection.is_for_admin() { Blocker::CustomerAdmin } else { Blocker::EndUser };
    Requirement { code, object: connector.to_string(), blocker, for_customer, for_staff }
}

fn resolve(problem: &Problem) -> Requirement {
    Requirement {
        code: RequirementCode::ResolveProblem,
        object: problem.code.name().to_owned(),
        blocker: problem.code.blocker(),
        for_customer: problem.code.for_customer().to_owned(),
        for_staff: problem.code.for_staff().to_owned(),
    }
}
