//! What staff may do beside trying again, judged by what the other side holds in the end.

use gangway::engine::Credential;
use gangway::ids::{ConnectorId, OnboardingId};
use gangway::onboarding::{
    Command, Listed, Onboarding, ProblemCode, Question, QuestionKey, Restart, RestartStep, Status,
    StepKind,
};
use gangway::sandbox::{Fault, FaultKind};
use gangway::secret::Secret;
use serde_json::{Value, json};

use crate::house::{House, attended};

fn skip(connector: Option<ConnectorId>) -> Command {
    Command::Skip { connector, reason: "They do not use it.".to_owned() }
}

fn restart(from: RestartStep, ask_again: bool) -> Command {
    Command::RestartFrom(Restart { from, ask_again, reason: "It went wrong.".to_owned() })
}

impl House {
    async fn begin_attended(&mut self) -> OnboardingId {
        let key = self.publish(attended()).await;
        let id = self.start("acme", &key).await;
        self.settle().await;
        id
    }

    async fn staff(&mut self, id: OnboardingId, command: Command) -> Onboarding {
        self.engine.order(id, command, "key:support").await.unwrap();
        self.settle_in_time(id).await
    }

    async fn connect_all(&mut self, id: OnboardingId) {
        let crm = self.connector(id, "Harbour CRM").await;
        self.sign_in(id, crm, "allow").await;
        self.engine.order(id, Command::LookNow, "visitor").await.unwrap();
        self.settle().await;
        let mail = self.connector(id, "Parcel Mail").await;
        let key = Credential::ApiKey(Secret::from("canary-api-key"));
        self.give_credential(id, mail, key).await;
        self.settle_in_time(id).await;
    }

    /// What only Cyclr asks for is asked until Cyclr has it.
    async fn answer_all(&mut self, id: OnboardingId, sender: &str) -> Onboarding {
        let list = list_question(&self.read(id).await);
        let mut answers = vec![("pipeline", "Partners"), ("sender", sender)];
        answers.extend(list.as_deref().map(|list| (list, "Friends")));
        self.answer(id, &answers).await;
        self.settle_in_time(id).await
    }

    /// What stands in an input of the only cycle.
    fn field(&self, place: usize) -> Value {
        self.cycles()[0]["steps"][1]["fields"][place]["Value"].clone()
    }
}

/// The question that Cyclr requires and the blueprint does not name.
fn list_question(onboarding: &Onboarding) -> Option<String> {
    let unnamed = |question: &&Question| !["pipeline", "sender"].contains(&&*question.key.0);
    let mut questions = onboarding.facts.slots.iter().flat_map(|slot| &slot.questions);
    questions.find(unnamed).map(|question| question.key.0.clone())
}

fn problem(onboarding: &Onboarding) -> Option<ProblemCode> {
    onboarding.status.problem().map(|problem| problem.code)
}

const CRM_FIRST: &str = "what Cyclr cannot do without keeps the cycle from starting";

#[tokio::test]
async fn a_connection_is_passed_over_and_cyclr_still_has_the_last_word() {
    let mut house = House::open().await;
    let id = house.begin_attended().await;
    let crm = house.connector(id, "Harbour CRM").await;
    house.sign_in(id, crm, "allow").await;
    house.engine.order(id, Command::LookNow, "visitor").await.unwrap();
    house.settle().await;
    let mail = house.connector(id, "Parcel Mail").await;
    let asked = house.staff(id, skip(Some(mail))).await;
    assert_eq!(asked.step(), StepKind::Map, "nobody is asked for it any more: {asked:?}");

    let stopped = house.answer_all(id, "ada@acme.example").await;
    assert_eq!(problem(&stopped), Some(ProblemCode::SkippedIsNeeded), "{CRM_FIRST}");
    assert_eq!(house.cycles()[0]["activations"], 0, "{CRM_FIRST}");
    let words = &stopped.requirements()[0];
    assert!(words.for_staff.contains("estart"), "it says what to do: {}", words.for_staff);

    // The way out that the words name.
    let again = house.staff(id, restart(RestartStep::Connect, false)).await;
    assert_eq!(again.step(), StepKind::Connect);
    let open: Vec<_> = again.facts.connections.iter().filter(|c| c.is_open()).collect();
    assert_eq!(open.len(), 1, "the one that Cyclr has is seen: {open:?}");
    let key = Credential::ApiKey(Secret::from("canary-api-key"));
    house.give_credential(id, mail, key).await;
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    assert_eq!(house.cycles()[0]["activations"], 1);
}

#[tokio::test]
async fn a_mapping_is_passed_over_and_nothing_is_written() {
    let mut house = House::open().await;
    let id = house.begin_attended().await;
    house.connect_all(id).await;
    house.sandbox.forget_calls();
    let stopped = house.staff(id, skip(None)).await;
    assert_eq!(problem(&stopped), Some(ProblemCode::SkippedIsNeeded), "inputs are missing");
    assert!(house.heard().iter().all(|call| call.starts_with("GET ")), "{:?}", house.heard());
    assert_eq!(house.cycles()[0]["activations"], 0);

    let asked = house.staff(id, restart(RestartStep::Map, false)).await;
    assert_eq!(asked.step(), StepKind::Map, "and it is taken up again");
    assert_eq!(house.answer_all(id, "ada@acme.example").await.status, Status::Live);
}

#[tokio::test]
async fn another_cycle_takes_the_place_of_one_that_never_ran() {
    let mut house = House::open().await;
    let id = house.begin_attended().await;
    house.connect_all(id).await;
    let first = house.read(id).await.facts.slots[0].cycle.unwrap();
    let waiting = house.staff(id, restart(RestartStep::Install, false)).await;
    let second = waiting.facts.slots[0].cycle.unwrap();
    assert_ne!(first, second);
    assert_eq!(house.cycles().len(), 1, "the first one is gone: {:#?}", house.cycles());
    assert_eq!(house.cycles()[0]["Id"], json!(second.0));

    if waiting.step() == StepKind::Connect {
        house.connect_all(id).await;
    }
    assert_eq!(house.answer_all(id, "ada@acme.example").await.status, Status::Live);
    let cycles = house.cycles();
    assert_eq!((cycles.len(), &cycles[0]["Status"]), (1, &json!("Active")));
}

#[tokio::test]
async fn a_cycle_that_may_have_run_is_not_given_up() {
    let mut house = House::open().await;
    let id = house.begin_attended().await;
    house.connect_all(id).await;
    for kind in [FaultKind::LoseAnswer, FaultKind::LoseAnswer] {
        house
            .sandbox
            .inject(Fault { times: 1, ..Fault::once("PUT", "/v1.0/cycles/*/activate", kind) });
    }
    let list = list_question(&house.read(id).await).unwrap();
    let answers = [("pipeline", "Partners"), ("sender", "ada@acme.example"), (&*list, "Friends")];
    house.answer(id, &answers).await;
    house.settle().await;
    assert!(matches!(house.read(id).await.status, Status::Retrying { .. }));
    let order = restart(RestartStep::Install, false);
    let refused = house.engine.order(id, order, "key:support").await;
    assert!(matches!(refused, Err(gangway::engine::Error::Invalid(_))), "{refused:?}");
    assert_eq!(house.settle_in_time(id).await.status, Status::Live);
    assert_eq!(house.cycles()[0]["activations"], 1);
}

/// At the activation, which Cyclr refuses for now.
async fn stuck_before_the_end(house: &mut House) -> OnboardingId {
    let id = house.begin_attended().await;
    house.connect_all(id).await;
    let refuse = FaultKind::Refuse { status: 400, message: "no".to_owned(), retry_after: None };
    let fault = Fault::once("PUT", "/v1.0/cycles/*/activate", refuse);
    house.sandbox.inject(Fault { times: 1, ..fault });
    let stuck = house.answer_all(id, "ada@acme.example").await;
    assert!(matches!(stuck.status, Status::Stuck { .. }), "{stuck:?}");
    assert_eq!(stuck.step(), StepKind::Activate);
    id
}

#[tokio::test]
async fn each_step_that_was_reached_can_be_gone_back_to_and_ends_live() {
    for from in RestartStep::ALL {
        for ask_again in [false, true] {
            let mut house = House::open().await;
            let id = stuck_before_the_end(&mut house).await;
            let mut now = house.staff(id, restart(from, ask_again)).await;
            if now.step() == StepKind::Connect {
                house.connect_all(id).await;
                now = house.read(id).await;
            }
            let waits = matches!(now.status, Status::Waiting { .. });
            // What only Cyclr asks for is asked by the cycle: another cycle, another question.
            let asks = ask_again || from == RestartStep::Install;
            assert_eq!(waits, asks, "{from:?}: answers are good unless they are asked: {now:?}");
            if waits {
                // Their answers are a start.
                assert_eq!(now.facts.answers[&QuestionKey("sender".into())], "ada@acme.example");
                let sender = if ask_again { "bob@acme.example" } else { "ada@acme.example" };
                now = house.answer_all(id, sender).await;
            }
            assert_eq!(now.status, Status::Live, "{from:?} {ask_again}");
            let cycles = house.cycles();
            assert_eq!((cycles.len(), &cycles[0]["activations"]), (1, &json!(1)), "{from:?}");
            let sender = if ask_again { "bob@acme.example" } else { "ada@acme.example" };
            assert_eq!(house.field(1), sender, "{from:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_is_put_right_after_it_was_given() {
    let mut house = House::open().await;
    let id = stuck_before_the_end(&mut house).await;
    let onboarding = house.read(id).await;
    let list = list_question(&onboarding).unwrap();
    let given = [("pipeline", "Partners"), ("sender", "eve@acme.example"), (&*list, "Friends")];
    let given = given.map(|(key, answer)| (QuestionKey(key.to_owned()), answer.to_owned()));
    let answers = onboarding.check_answers(&given.into_iter().collect(), &Listed::new()).unwrap();
    let live = house.staff(id, Command::Correct(answers)).await;
    assert_eq!(live.status, Status::Live);
    assert_eq!(house.field(1), "eve@acme.example", "it was mapped again");
}

#[tokio::test]
async fn what_somebody_ordered_counts_whatever_a_worker_holds_meanwhile() {
    // The cycle is given up while a worker is installing it.
    let mut house = House::open().await;
    let key = house.publish(attended()).await;
    let away = FaultKind::Refuse { status: 503, message: "away".to_owned(), retry_after: None };
    house.sandbox.inject(Fault::once("POST", "/v1.0/templates/*/install", away));
    let id = house.start("acme", &key).await;
    house.settle().await;
    house.sandbox.inject(Fault::once("POST", "/v1.0/templates/*/install", FaultKind::HoldAfter));
    house.advance(chrono::TimeDelta::minutes(2));
    {
        let reached = house.sandbox.wait_until_held();
        let working = house.worker.tick();
        tokio::select! {
            _ = working => panic!("it went through without being held"),
            () = reached => {}
        }
    }
    house.restart();
    house.sandbox.clear_faults();
    house.engine.order(id, restart(RestartStep::Install, false), "key:support").await.unwrap();
    let waiting = house.settle_in_time(id).await;
    assert_eq!(waiting.step(), StepKind::Connect, "{waiting:?}");
    assert_eq!(house.cycles().len(), 1, "one of them was found or deleted");
}
