//! What an order would do, said before it is given: what is asked of Cyclr, what ends, what stays.

use super::{Action, Onboarding, Status, StepKind};

impl Onboarding {
    /// For staff, as it stands now. Never empty.
    #[expect(clippy::too_many_lines, reason = "a sentence for each action")]
    pub fn foreshadow(&self, action: Action) -> String {
        match action {
            Action::Retry => format!("The step {} is tried again at once. {}", self.step().name(), self.calls()),
            Action::Answer => format!(
                "The answers are checked as on the customer's page and kept. What they change is mapped \
                 again: {}",
                lower(calls_of(StepKind::Map))
            ),
            Action::Adopt => format!(
                "The cycle that you choose becomes this onboarding's. The others are left at Cyclr as they \
                 are. Then it goes on: {}",
                lower(calls_of(StepKind::Map))
            ),
            Action::Skip => match self.step() {
                StepKind::Map => "Nothing is called for the mapping: the template stays as Cyclr has it. \
                                  Before it is activated, Cyclr is asked whether anything is missing."
                    .to_owned(),
                StepKind::CreateAccount
                | StepKind::Install
                | StepKind::Connect
                | StepKind::Activate
                | StepKind::Live
                | StepKind::Offboard => "Nothing is called at Cyclr for it: the connection stays as it is. \
                                     Before anything is activated, Cyclr is asked whether it can do without."
                    .to_owned(),
            },
            Action::RestartFrom => format!(
                "What was done from that step on is looked at or done again at Cyclr. From install on, \
                 {} cycle(s) that have never run are deleted and installed anew; the other steps delete \
                 nothing.",
                self.facts.slots.iter().filter(|slot| slot.cycle.is_some()).count()
            ),
            Action::Cancel => format!(
                "Nothing is called at Cyclr, and nothing happens by itself any more. What was made there \
                 stays: {}. The customer's link ends. A cancelled onboarding cannot be taken up again; the \
                 integrator can start another one.",
                self.made()
            ),
            Action::RotateLink => "Nothing is called at Cyclr. There is a new link; the one so far and every \
                                   visit that began with it end at once. The integrator sends the new one."
                .to_owned(),
            Action::RevokeLink => "Nothing is called at Cyclr. The link and every visit end at once, and \
                                   there is no other one until it is rotated."
                .to_owned(),
            Action::ExtendLink => {
                "Nothing is called at Cyclr. The link stays as it is and is good for longer.".to_owned()
            }
            Action::Note => {
                "Nothing is called at Cyclr and nothing changes. It stands in the timeline.".to_owned()
            }
            Action::Assign => "Nothing is called at Cyclr. Lists can be narrowed to it.".to_owned(),
            Action::Snooze => "Nothing is called at Cyclr. It goes on by itself all the same, and comes back \
                               as soon as it moves or the time is over."
                .to_owned(),
            Action::Check => "Account, cycles, connections and mappings are read at Cyclr and compared with \
                              what is on record here. Nothing is changed there; a lost sign-in is asked for \
                              again."
                .to_owned(),
            Action::Reauthorize => "The sign-in is given up at Cyclr, and what uses it stops until somebody of \
                                    the tenant has signed in again. There is a new link; the integrator sends \
                                    it. Afterwards the cycles are started again if Cyclr has stopped them."
                .to_owned(),
            Action::SettleDrift => "What is called at Cyclr depends on the choice: nothing to accept or to \
                                    ignore a difference; to apply the record again, the cycle is installed, \
                                    mapped or activated as its kind needs."
                .to_owned(),
            Action::Upgrade => "Templates that are new in that version are installed and mapped while the old \
                                cycles run. Then those that it does not have any more are stopped, the new ones \
                                are activated, and the old ones are deleted. Templates in both are mapped again. \
                                People may be asked something new."
                .to_owned(),
            Action::Offboard => format!(
                "At Cyclr, every cycle of it is stopped and deleted, its sign-ins that no other onboarding of \
                 the tenant uses are given up, and the account is deleted if Gangway made it and no other \
                 onboarding needs it. That is: {}. It cannot be taken back.",
                self.made()
            ),
        }
    }

    fn calls(&self) -> &'static str {
        match self.status {
            Status::Live | Status::Cancelled => "Nothing is called at Cyclr.",
            Status::Running
            | Status::Retrying { .. }
            | Status::Waiting { .. }
            | Status::Stuck { .. } => calls_of(self.step()),
        }
    }

    /// What stands at Cyclr because of it.
    fn made(&self) -> String {
        let account =
            self.facts.account.as_ref().map(|account| format!("the account {}", account.id));
        let cycles = self.facts.slots.iter().filter_map(|slot| slot.cycle);
        let all: Vec<_> =
            account.into_iter().chain(cycles.map(|id| format!("the cycle {id}"))).collect();
        if all.is_empty() { "nothing that is known of".to_owned() } else { all.join(", ") }
    }
}

const fn calls_of(step: StepKind) -> &'static str {
    match step {
        StepKind::CreateAccount => {
            "Cyclr is asked for the account by its id; it is created only if it is not there."
        }
        StepKind::Install => {
            "After any doubt the account's cycles are listed first, and the template is installed only if \
             it is not there."
        }
        StepKind::Connect => "The connections are read; nothing is changed at Cyclr.",
        StepKind::Map => {
            "The template's inputs are read, written and read back; nothing is started."
        }
        StepKind::Activate => {
            "The cycle is read first and started only if it is not active; one that runs a single time is \
             never started twice."
        }
        StepKind::Live => "Nothing is called at Cyclr.",
        StepKind::Offboard => {
            "Cycles are stopped and deleted, sign-ins given up, and the account is deleted if nobody else \
             needs it; what is gone already is passed by."
        }
    }
}

fn lower(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
