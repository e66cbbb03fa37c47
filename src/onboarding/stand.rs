//! Where an onboarding stands in the eyes of somebody who is about to order something: whatever an order would
//! write over, throw away or decide about. If that is another one by the time the order arrives, it is
//! refused, so nobody's work is undone unseen.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::{Action, Onboarding};

/// Bytes of the digest that are compared: enough that no two states meet by chance.
const SIZE: usize = 12;

impl Onboarding {
    /// Two of the same stand ask for the same order, whatever else was tried in between. Opaque: it goes into a
    /// form and comes back, and what it is made of cannot be read from it.
    pub fn stand(&self, action: Action) -> String {
        let mut print = Print::default();
        // A note takes nothing from anybody, however the onboarding stands. An assignment goes by who has it.
        if !matches!(action, Action::Note | Action::Assign) {
            let problem = self.problem().map_or("", |problem| problem.code.name());
            print.add([self.status.name(), self.step().name(), problem]);
        }
        self.add_decided(action, &mut print);
        print.finish()
    }

    /// What this action decides about, beside where the onboarding stands as a whole.
    fn add_decided(&self, action: Action, print: &mut Print) {
        let facts = &self.facts;
        match action {
            Action::Assign => print.add(&self.assignee),
            Action::Snooze => print.add(self.snoozed_until.map(|at| at.to_rfc3339())),
            Action::RotateLink | Action::RevokeLink | Action::ExtendLink => {
                print.add([self.link.generation.to_string(), self.link.expires_at.to_rfc3339()]);
            }
            Action::Answer => {
                self.add_answers(print);
                print.add(facts.questions().map(|question| &question.key.0));
            }
            Action::Adopt => print.add(self.candidates().iter().map(|one| one.cycle.to_string())),
            Action::Skip => {
                let open = facts.connections.iter().filter(|known| known.is_open());
                print.add(open.map(|known| known.connector.to_string()));
                print.add([facts.position().1.to_string()]);
            }
            // Who has signed in meanwhile is not sent back to do so again.
            Action::Reauthorize => self.add_signed_in(print),
            Action::SettleDrift => {
                for difference in facts.life.iter().flat_map(|life| &life.differences) {
                    let ignored = if difference.ignored { "ignored" } else { "" };
                    print.add([&difference.tell(), ignored]);
                }
            }
            Action::Upgrade => print.add([self.blueprint.version.to_string()]),
            Action::RestartFrom | Action::Cancel | Action::Offboard => self.add_achieved(print),
            Action::Note | Action::Retry | Action::Check => {}
        }
    }

    /// What would be thrown away.
    fn add_achieved(&self, print: &mut Print) {
        let facts = &self.facts;
        print.add(facts.account.iter().map(|account| account.id.as_str()));
        print.add([self.blueprint.version.to_string()]);
        for slot in &facts.slots {
            print.add(slot.cycle.map(|cycle| cycle.to_string()));
            print.add([slot.mapped, slot.active].map(|mark| mark.changes().to_string()));
        }
        self.add_signed_in(print);
        self.add_answers(print);
    }

    fn add_signed_in(&self, print: &mut Print) {
        let connections = self.facts.connections.iter();
        print.add(connections.map(|known| known.authenticated.changes().to_string()));
    }

    fn add_answers(&self, print: &mut Print) {
        for (key, answer) in &self.facts.answers {
            print.add([&key.0, answer]);
        }
    }
}

/// A digest of lists of words, so that no two different ones look the same.
#[derive(Default)]
struct Print(Sha256);

impl Print {
    fn add(&mut self, words: impl IntoIterator<Item = impl AsRef<str>>) {
        for word in words {
            let word = word.as_ref().as_bytes();
            self.0.update(word.len().to_be_bytes());
            self.0.update(word);
        }
        self.0.update(usize::MAX.to_be_bytes());
    }

    fn finish(self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0.finalize()[..SIZE])
    }
}

#[cfg(test)]
mod tests {
    use super::Print;

    #[test]
    fn lists_are_told_apart_by_where_their_words_end() {
        let print = |lists: &[&[&str]]| {
            let mut print = Print::default();
            for words in lists {
                print.add(words.iter());
            }
            print.finish()
        };
        let all = [
            print(&[&["ab", "c"]]),
            print(&[&["a", "bc"]]),
            print(&[&["a"], &["bc"]]),
            print(&[&["abc"]]),
            print(&[&["abc"], &[]]),
            print(&[]),
        ];
        for (place, one) in all.iter().enumerate() {
            assert!(!all[..place].contains(one), "{place}");
        }
    }
}
