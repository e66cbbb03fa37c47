//! Two who see the same case and order different things: nothing is written over unseen, the second is told what
//! the first has done and what they had typed themselves, and no note is ever lost.

use axum::http::StatusCode;
use gangway::ids::{AccountId, CycleId, OnboardingId};
use gangway::onboarding::{
    Account, Action, Candidate, Command, Gain, Onboarding, Origin, Outcome, Problem, ProblemCode,
    Status,
};
use gangway::store::Role;
use serde_json::json;
use uuid::Uuid;

use super::{Desk, Staff};
use crate::hosted::Site;
use crate::house::{attended, unattended};

type Form = Vec<(String, String)>;

fn form(fields: &[(&str, &str)]) -> Form {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn stuck() -> Outcome {
    Outcome::Stuck(Problem::new(ProblemCode::CyclrRejected))
}

fn several(numbers: &[u128]) -> Outcome {
    let candidate = |n: &u128| Candidate {
        cycle: CycleId(Uuid::from_u128(*n)),
        name: format!("Contacts {n}"),
        status: "Paused".to_owned(),
        created_at: None,
    };
    Outcome::Ambiguous(numbers.iter().map(candidate).collect())
}

fn cycle(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

/// An onboarding for which the action is legal.
async fn stage(action: Action) -> (Site, OnboardingId) {
    let mut site = Site::open().await;
    let id = begin(&mut site, action).await;
    give_cause(&mut site, (id, action)).await;
    (site, id)
}

/// As far as it comes by itself.
async fn begin(site: &mut Site, action: Action) -> OnboardingId {
    match action {
        Action::Adopt => {
            let key = site.house.publish(unattended()).await;
            let id = site.house.start("beta", &key).await;
            let account = Account { id: AccountId::parse("beta").unwrap(), origin: Origin::Made };
            site.apply(id, Outcome::Done(Gain::Account(account))).await;
            site.apply(id, several(&[1, 2, 3])).await;
            id
        }
        Action::Check
        | Action::Reauthorize
        | Action::SettleDrift
        | Action::Upgrade
        | Action::Offboard => Box::pin(site.house.live_attended("acme")).await,
        Action::Retry
        | Action::Answer
        | Action::Skip
        | Action::RestartFrom
        | Action::Cancel
        | Action::RotateLink
        | Action::RevokeLink
        | Action::ExtendLink
        | Action::Note
        | Action::Assign
        | Action::Snooze => {
            let key = site.house.publish(attended()).await;
            let id = site.house.start("acme", &key).await;
            site.house.settle().await;
            id
        }
    }
}

/// What somebody orders it for.
async fn give_cause(site: &mut Site, (id, action): (OnboardingId, Action)) {
    match action {
        Action::Retry => {
            site.apply(id, stuck()).await;
        }
        Action::Answer => {
            Box::pin(site.house.connect_everything(id)).await;
            answer(site, id, "Partners").await;
            site.apply(id, stuck()).await;
        }
        Action::SettleDrift => {
            let cycle = site.house.read(id).await.facts.slots[0].cycle.unwrap();
            let path = format!("/v1.0/cycles/{cycle}/deactivate");
            site.house.by_hand("PUT", &path, "acme", &json!({})).await;
            site.house.check(id).await;
        }
        Action::Upgrade => {
            for retention_days in [100, 200] {
                let mut blueprint = attended();
                blueprint["retention_days"] = json!(retention_days);
                site.house.publish(blueprint).await;
            }
        }
        Action::Adopt
        | Action::Check
        | Action::Reauthorize
        | Action::Offboard
        | Action::Skip
        | Action::RestartFrom
        | Action::Cancel
        | Action::RotateLink
        | Action::RevokeLink
        | Action::ExtendLink
        | Action::Note
        | Action::Assign
        | Action::Snooze => {}
    }
}

/// Everything that is asked; `pipeline` is what differs.
async fn answer(site: &mut Site, id: OnboardingId, pipeline: &str) {
    let asked = site.house.read(id).await;
    let answers = answers(&asked, pipeline);
    let answers: Vec<_> =
        answers.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    site.house.answer(id, &answers).await;
}

fn answers(onboarding: &Onboarding, pipeline: &str) -> Form {
    let one = |question: &gangway::onboarding::Question| {
        let value = match question.key.0.as_str() {
            "pipeline" => pipeline,
            "sender" => "ada@acme.example",
            _ => "Friends",
        };
        (question.key.0.clone(), value.to_owned())
    };
    onboarding.facts.questions().map(one).collect()
}

fn corrected(onboarding: &Onboarding, pipeline: &str) -> Form {
    let answers = answers(onboarding, pipeline).into_iter();
    answers.map(|(key, value)| (format!("answer-{key}"), value)).collect()
}

/// What the one who comes too late wants.
fn mine(action: Action, onboarding: &Onboarding) -> Form {
    let mut mine = match action {
        Action::Adopt => form(&[("cycle", &cycle(2))]),
        Action::Answer => corrected(onboarding, "Partners"),
        Action::RestartFrom => form(&[("from", "install")]),
        Action::Skip => form(&[("connector", "")]),
        Action::RotateLink | Action::ExtendLink => form(&[("hours", "400")]),
        Action::Assign => form(&[("assignee", "me@example.com")]),
        Action::Snooze => form(&[("until", "2026-03-05T10:00")]),
        Action::SettleDrift => {
            let object = onboarding.facts.slots[0].cycle.unwrap();
            form(&[("settle", &format!("reapply cycle_stopped {object}"))])
        }
        Action::Upgrade => form(&[("version", "3")]),
        Action::Note => form(&[("text", "They call\nagain.")]),
        Action::Retry
        | Action::Cancel
        | Action::RevokeLink
        | Action::Check
        | Action::Reauthorize
        | Action::Offboard => Form::new(),
    };
    mine.extend(form(&[("reason", "I saw it first")]));
    mine
}

/// What a colleague, or the customer, does while somebody fills in the form. Afterwards the same action is
/// legal again wherever that can be, and most look as before at first sight.
async fn meanwhile(desk: &mut Desk, (id, action): (OnboardingId, Action), colleague: &Staff) {
    let seen = desk.site.house.read(id).await;
    let reference = seen.reference.to_string();
    let order = async |desk: &Desk, action: Action, fields: Form| {
        let mut fields = fields;
        fields.extend(form(&[("reason", "a colleague")]));
        let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let answer = desk.order(&reference, action.name(), colleague, &fields).await;
        assert_eq!(answer.status, StatusCode::OK, "{action:?}: {}", answer.body);
    };
    match action {
        Action::Retry => order(desk, Action::Retry, Form::new()).await,
        Action::Adopt => {
            order(desk, Action::Adopt, form(&[("cycle", &cycle(1))])).await;
            desk.site.apply(id, several(&[2, 4])).await;
        }
        Action::Answer => {
            order(desk, Action::Answer, corrected(&seen, "Sales")).await;
            desk.site.apply(id, stuck()).await;
        }
        Action::Skip => {
            let crm = desk.site.house.connector(id, "Harbour CRM").await.to_string();
            order(desk, Action::Skip, form(&[("connector", &crm)])).await;
        }
        Action::RestartFrom | Action::Cancel => {
            let house = &mut desk.site.house;
            let crm = house.connector(id, "Harbour CRM").await;
            house.sign_in(id, crm, "allow").await;
            house.order(id, Command::LookNow).await;
            order(desk, Action::Assign, form(&[("assignee", "ada@example.com")])).await;
        }
        Action::RotateLink | Action::RevokeLink | Action::ExtendLink => {
            order(desk, Action::ExtendLink, form(&[("hours", "300")])).await;
        }
        Action::Assign | Action::Note => {
            order(desk, Action::Assign, form(&[("assignee", "ada@example.com")])).await;
        }
        Action::Snooze => {
            order(desk, Action::Snooze, form(&[("until", "2026-03-09T10:00")])).await;
        }
        Action::Check => order(desk, Action::Offboard, Form::new()).await,
        Action::Reauthorize | Action::Offboard => {
            order(desk, Action::Reauthorize, Form::new()).await;
            let house = &mut desk.site.house;
            house.settle_in_time(id).await;
            Box::pin(house.connect_everything(id)).await;
            assert_eq!(house.settle_in_time(id).await.status, Status::Live);
        }
        Action::SettleDrift => {
            let object = seen.facts.slots[0].cycle.unwrap();
            let settle = format!("ignore cycle_stopped {object}");
            order(desk, Action::SettleDrift, form(&[("settle", &settle)])).await;
        }
        Action::Upgrade => {
            order(desk, Action::Upgrade, form(&[("version", "2")])).await;
            let house = &mut desk.site.house;
            assert_eq!(house.settle_in_time(id).await.status, Status::Live);
        }
    }
}

/// The form as it was opened, sent only now.
async fn send_late(
    desk: &Desk,
    (reference, action): (&str, Action),
    staff: &Staff,
    (opened, mine): (&Form, &Form),
) -> crate::hosted::Answer {
    let path = format!("/console/onboardings/{reference}/{}", action.name());
    let fields: Vec<_> =
        opened.iter().chain(mine).map(|(name, value)| (name.as_str(), value.as_str())).collect();
    desk.act(&path, staff, &fields).await
}

/// What a form says of what its reader has seen.
async fn open(desk: &Desk, (reference, action): (&str, Action), staff: &Staff) -> Form {
    let path = format!("/console/onboardings/{reference}/{}", action.name());
    let page = desk.get(&path, &staff.cookie).await;
    assert_eq!(page.status, StatusCode::OK, "{action:?}: {}", page.body);
    let filled = page.filled_in().into_iter();
    filled.filter(|(name, _)| ["stand", "version"].contains(&name.as_str())).collect()
}

#[tokio::test]
async fn whatever_is_ordered_nothing_is_written_over_unseen() {
    for action in Action::ALL {
        let (site, id) = Box::pin(stage(action)).await;
        let mut desk = Desk::around(site);
        let (me, colleague) = (desk.staff(Role::Admin).await, desk.staff(Role::Operator).await);
        let seen = desk.site.house.read(id).await;
        let reference = seen.reference.to_string();
        let opened = open(&desk, (&reference, action), &me).await;
        let mine = mine(action, &seen);
        Box::pin(meanwhile(&mut desk, (id, action), &colleague)).await;

        let before = (desk.site.rows().await, desk.site.house.heard());
        let answer = send_late(&desk, (&reference, action), &me, (&opened, &mine)).await;
        if action == Action::Note {
            assert_eq!(answer.status, StatusCode::OK, "a note takes nothing from anybody");
            continue;
        }
        assert_eq!(answer.status, StatusCode::CONFLICT, "{action:?}: {}", answer.body);
        for part in [
            "it does not stand any more where you saw it",
            "What happened meanwhile",
            "staff:operator@example.com",
            "What you had typed",
        ] {
            assert!(answer.body.contains(part), "{action:?}: {part}\n{}", answer.body);
        }
        let typed = if action == Action::Assign { "me@example.com" } else { "I saw it first" };
        assert!(answer.body.contains(typed), "{action:?}: {}", answer.body);
        let after = (desk.site.rows().await, desk.site.house.heard());
        assert_eq!(after, before, "{action:?}: nothing was done");

        // Whoever has seen what the colleague did may order it all the same.
        if desk.site.house.read(id).await.may(action, desk.site.house.clock.now()).is_ok() {
            let opened = open(&desk, (&reference, action), &me).await;
            let again = send_late(&desk, (&reference, action), &me, (&opened, &mine)).await;
            assert_eq!(again.status, StatusCode::OK, "{action:?}: {}", again.body);
        } else {
            let is_over = [Action::Retry, Action::Check, Action::SettleDrift];
            assert!(is_over.contains(&action), "{action:?}");
        }
    }
}

#[tokio::test]
async fn of_two_who_order_the_same_at_the_same_moment_one_is_told_of_the_other() {
    for action in Action::ALL {
        let (site, id) = Box::pin(stage(action)).await;
        let desk = Desk::around(site);
        let (one, two) = (desk.staff(Role::Admin).await, desk.staff(Role::Operator).await);
        let seen = desk.site.house.read(id).await;
        let reference = seen.reference.to_string();
        let mine = mine(action, &seen);
        let (first, second) = (
            open(&desk, (&reference, action), &one).await,
            open(&desk, (&reference, action), &two).await,
        );
        let audited = desk.audit().await.len();
        let (one, two) = tokio::join!(
            send_late(&desk, (&reference, action), &one, (&first, &mine)),
            send_late(&desk, (&reference, action), &two, (&second, &mine)),
        );
        let mut statuses = [one.status, two.status];
        statuses.sort();
        let lines = desk.audit().await.len() - audited;
        // Two notes are two notes, and to look twice is to look.
        if matches!(action, Action::Note | Action::Check) {
            assert_eq!((statuses, lines), ([StatusCode::OK; 2], 2), "{action:?}");
        } else {
            let expected = [StatusCode::OK, StatusCode::CONFLICT];
            assert_eq!((statuses, lines), (expected, 1), "{action:?}: {}\n{}", one.body, two.body);
        }
        let journal = desk.site.house.store.list_journal(id).await.unwrap();
        let staff = journal.iter().filter(|line| line.actor.starts_with("staff:")).count();
        assert_eq!(staff, lines, "{action:?}");
    }
}

#[tokio::test]
async fn a_colleagues_order_is_told_however_much_has_happened_since() {
    let (site, id) = Box::pin(stage(Action::Retry)).await;
    let desk = Desk::around(site);
    let (me, colleague) = (desk.staff(Role::Admin).await, desk.staff(Role::Operator).await);
    let reference = desk.site.house.read(id).await.reference.to_string();
    let opened = open(&desk, (&reference, Action::Retry), &me).await;
    let why = [("reason", "Cyclr has mended it")];
    assert_eq!(desk.order(&reference, "retry", &colleague, &why).await.status, StatusCode::OK);
    for number in 1..=12 {
        desk.site.obey(id, Command::Note { text: format!("line {number}") }).await;
    }
    let mine = form(&[("reason", "mine")]);
    let answer = send_late(&desk, (&reference, Action::Retry), &me, (&opened, &mine)).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let (_, told) = answer.body.split_once("What happened meanwhile").unwrap();
    let (told, _) = told.split_once("</ul>").unwrap();
    for part in ["staff:operator@example.com", "Cyclr has mended it", "line 9", "And more"] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    assert_eq!(told.matches("<li>").count(), 11, "{told}");
}

/// What is wrong in a form is told beside what was typed into it, however long that is.
#[tokio::test]
async fn what_was_typed_is_not_lost_by_a_mistake() {
    let (site, id) = Box::pin(stage(Action::Note)).await;
    let desk = Desk::around(site);
    let me = desk.staff(Role::Operator).await;
    let reference = desk.site.house.read(id).await.reference.to_string();
    let long = format!("They <call>\r\n{}", "again ".repeat(400));
    let answer = desk.order(&reference, "note", &me, &[("text", &long)]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let shown = format!("They &#60;call&#62;\n{}", "again ".repeat(400));
    assert!(answer.body.contains(shown.trim_end()), "{}", answer.body);
    let why = "because ".repeat(60);
    let fields = [("until", "yesterday"), ("reason", why.as_str())];
    let answer = desk.order(&reference, "snooze", &me, &fields).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains(why.trim_end()), "{}", answer.body);
}
