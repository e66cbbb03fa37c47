//! What is missing right now, derived from the state: never kept beside it.

use super::{Blocker, Onboarding, Problem, Status};

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
    AnswerQuestion,
    ResolveProblem,
}

impl RequirementCode {
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConnectAccount => "connect_account",
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
            Status::Running | Status::Live | Status::Cancelled => Vec::new(),
        }
    }

    fn wanted_of_end_user(&self) -> Vec<Requirement> {
        let connections = self.facts.connections.iter().filter(|c| c.waits_for_person());
        let connections: Vec<_> = connections
            .map(|connection| Requirement {
                code: RequirementCode::ConnectAccount,
                object: connection.connector.to_string(),
                blocker: Blocker::EndUser,
                for_customer: format!("Connect your {} account.", connection.name),
                for_staff: format!(
                    "Nobody of the tenant has connected {} (account connector {}) yet.",
                    connection.name, connection.connector
                ),
            })
            .collect();
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

fn resolve(problem: &Problem) -> Requirement {
    Requirement {
        code: RequirementCode::ResolveProblem,
        object: problem.code.name().to_owned(),
        blocker: problem.code.blocker(),
        for_customer: problem.code.for_customer().to_owned(),
        for_staff: problem.code.for_staff().to_owned(),
    }
}
