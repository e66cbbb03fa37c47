//! The pure machine under random histories: whatever steps report and people want, in any order.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use gangway::ids::{
    AccountId, BlueprintKey, ConnectorId, CycleId, OnboardingId, Reference, TemplateId, TenantId,
};
use gangway::onboarding::{
    Account, Action, AuthKind, Blocker, BlueprintId, Candidate, CheckedAnswers, Command,
    Connection, ConnectionInput, ConnectionWay, ConnectorDetails, CycleState, DriftChoice,
    DriftCode, Event, Gain, HeardError, Limits, LinkState, Look, Onboarding, Origin, Outcome,
    Problem, ProblemCode, ProviderWord, Question, QuestionKey, QuestionKind, Removed, Restart,
    RestartStep, SeenConnector, SeenCycle, Status, StepKind, Upgrade,
};
use proptest::prelude::*;
use uuid::Uuid;

use crate::house::{dawn, profile};

const TEMPLATES: u128 = 2;

/// One thing that happens to an onboarding.
#[derive(Debug, Clone)]
enum Happening {
    Found(Outcome),
    Wanted(Command),
    Later(i64),
}

fn begin() -> Onboarding {
    let templates = (0..TEMPLATES).map(|n| TemplateId(Uuid::from_u128(n))).collect();
    Onboarding::begin(
        (OnboardingId(Uuid::from_u128(1)), Reference::spell(1)),
        (TenantId::parse("acme").unwrap(), profile("Acme")),
        (BlueprintId { key: BlueprintKey::parse("b").unwrap(), version: 1 }, templates),
        LinkState { generation: 1, expires_at: dawn() + TimeDelta::days(7) },
        dawn(),
    )
}

fn question(name: &str, required: bool) -> Question {
    Question {
        key: QuestionKey(name.to_owned()),
        label: name.to_owned(),
        kind: QuestionKind::Text,
        help: None,
        example: None,
        default: None,
        options: Vec::new(),
        required,
        lookup: None,
    }
}

fn problem() -> impl Strategy<Value = Problem> {
    proptest::sample::select(ProblemCode::all().collect::<Vec<_>>()).prop_map(Problem::new)
}

fn seen() -> impl Strategy<Value = SeenConnector> {
    let auth = proptest::option::of(proptest::sample::select(AuthKind::ALL.to_vec()));
    (0..3_i64, auth, any::<bool>(), details()).prop_map(|(id, auth, authenticated, details)| {
        SeenConnector {
            connector: ConnectorId(id),
            name: format!("Connector {id}"),
            auth,
            authenticated,
            details,
        }
    })
}

fn candidate(id: u128) -> Candidate {
    let cycle = CycleId(Uuid::from_u128(id));
    Candidate { cycle, name: "Ledger".to_owned(), status: "Paused".to_owned(), created_at: None }
}

fn choose(id: u128) -> Command {
    Command::ChooseCandidate { cycle: CycleId(Uuid::from_u128(id)), reason: "seen".to_owned() }
}

fn gain() -> impl Strategy<Value = Gain> {
    // A place too many and a second account, so that reports that do not fit happen too.
    let slot = 0..=usize::try_from(TEMPLATES).unwrap();
    let seen = || proptest::collection::vec(seen(), 0..3);
    let account = proptest::sample::select(vec!["acme", "acme", "acme", "other"]);
    prop_oneof![
        account.prop_map(|id| Gain::Account(Account {
            id: AccountId::parse(id).unwrap(),
            origin: Origin::Made
        })),
        (slot.clone(), 0..3_u128, seen()).prop_map(|(slot, cycle, connectors)| Gain::Installed {
            slot,
            cycle: CycleId(Uuid::from_u128(cycle)),
            origin: Origin::Made,
            connectors,
            seen_paused_at: None,
        }),
        seen().prop_map(Gain::Connections),
        (slot.clone(), any::<bool>()).prop_map(|(slot, required)| Gain::Questions(vec![(
            slot,
            vec![question("q", required)]
        )])),
        slot.clone().prop_map(|slot| Gain::Mapped { slot, retired: vec![] }),
        slot.clone().prop_map(|slot| Gain::Unmapped { slot }),
        slot.prop_map(|slot| Gain::Activated { slot, once: false, retired: vec![] }),
        (seen(), 0..3_usize, any::<bool>()).prop_map(|(connectors, state, compared)| {
            let stopped = CycleState::Stopped("Paused".to_owned());
            let state = [CycleState::Fine, stopped, CycleState::Gone][state].clone();
            let mappings = compared.then(|| vec![(0, vec!["Tag".to_owned()])]);
            Gain::Looked(Look { connectors, mappings, ..look(state) })
        }),
    ]
}

/// What the step that is next would report if all went well, so that histories get somewhere.
fn success(onboarding: &Onboarding) -> Option<Gain> {
    let (step, slot) = onboarding.facts.position();
    Some(match step {
        StepKind::CreateAccount => {
            Gain::Account(Account { id: AccountId::parse("acme").unwrap(), origin: Origin::Made })
        }
        StepKind::Install => Gain::Installed {
            slot,
            cycle: CycleId(Uuid::from_u128(100 + slot as u128)),
            origin: Origin::Made,
            connectors: vec![],
            seen_paused_at: None,
        },
        StepKind::Connect => Gain::Connections(
            onboarding
                .facts
                .connections
                .iter()
                .map(|connection| SeenConnector {
                    connector: connection.connector,
                    name: connection.name.clone(),
                    auth: connection.auth.or(Some(AuthKind::OAuth)),
                    authenticated: true,
                    details: None,
                })
                .collect(),
        ),
        StepKind::Map => Gain::Mapped { slot, retired: vec![] },
        StepKind::Activate => Gain::Activated { slot, once: false, retired: vec![] },
        StepKind::Offboard => Gain::Removed(Removed::default()),
        StepKind::Live => return None,
    })
}

fn said() -> impl Strategy<Value = Option<ProviderWord>> {
    use ProviderWord as P;
    let words = vec![None, Some(P::Denied), Some(P::NeedsAdmin), Some(P::Trouble)];
    proptest::sample::select(words)
}

/// Nothing, or one input that is there or not, and perhaps ways to choose from.
fn details() -> impl Strategy<Value = Option<ConnectorDetails>> {
    let one = |is_set, several: bool| {
        let input = ConnectionInput {
            name: "Domain".to_owned(),
            label: "Address".to_owned(),
            help: None,
            secret: false,
            optional: false,
            options: Vec::new(),
            is_set,
        };
        let way = |auth: AuthKind| ConnectionWay {
            id: auth.name().to_owned(),
            name: auth.name().to_owned(),
            help: None,
            auth,
        };
        let ways = if several { vec![way(AuthKind::OAuth), way(AuthKind::ApiKey)] } else { vec![] };
        ConnectorDetails { inputs: vec![input], ways }
    };
    let some =
        (any::<bool>(), any::<bool>()).prop_map(move |(is_set, several)| one(is_set, several));
    proptest::option::of(some)
}

#[expect(clippy::too_many_lines, reason = "all that can happen")]
fn happening() -> impl Strategy<Value = Happening> {
    let outcome = prop_oneof![
        4 => gain().prop_map(Outcome::Done),
        2 => (0..600_i64, problem(), any::<bool>()).prop_map(|(after, problem, doubt)| {
            Outcome::Retry { after: TimeDelta::seconds(after), problem, doubt }
        }),
        1 => problem().prop_map(Outcome::Stuck),
        1 => (0..600_i64, problem()).prop_map(|(after, problem)| {
            Outcome::HeldBack { after: TimeDelta::seconds(after), problem }
        }),
        1 => proptest::collection::vec(0..5_u128, 1..3)
            .prop_map(|ids| Outcome::Ambiguous(ids.into_iter().map(candidate).collect())),
    ];
    let command = prop_oneof![
        1 => (0..3_i64).prop_map(|id| Command::OpenAttempt { connector: ConnectorId(id) }),
        1 => seen().prop_map(Command::CredentialGiven),
        1 => proptest::option::of("[a-z]{0,5}").prop_map(|answer| Command::Answer(BTreeMap::from([(
            QuestionKey("q".to_owned()),
            answer
        )]).into())),
        1 => Just(Command::LookNow),
        1 => (0..3_i64, said()).prop_map(|(id, said)| Command::CameBack {
            connector: ConnectorId(id),
            said,
        }),
        1 => Just(Command::Opened),
        1 => (0..3_i64, any::<bool>()).prop_map(|(id, to_colleague)| Command::HandOver {
            connector: ConnectorId(id),
            to_colleague,
        }),
        1 => (0..3_i64, any::<bool>()).prop_map(|(id, wanted)| Command::AskApproval {
            connector: ConnectorId(id),
            wanted,
        }),
        1 => Just(Command::WantLink),
        3 => Just(Command::Retry { reason: None }),
        2 => proptest::sample::select(vec![
            Command::Check { reason: None }, reauthorize(), settle(), upgrade(), hear(),
        ]),
        1 => Just(Command::SettleDrift {
            code: DriftCode::CycleMissing,
            object: Uuid::from_u128(100).to_string(),
            choice: DriftChoice::Reapply,
            reason: "again".to_owned(),
        }),
        1 => (0..5_u128).prop_map(choose),
        1 => (0..3_usize, 0..5_u128).prop_map(|(slot, cycle)| Command::Disown {
            slot,
            cycle: CycleId(Uuid::from_u128(cycle))
        }),
        1 => Just(Command::NoteRetired { slot: 0, cycle: CycleId(Uuid::from_u128(9)) }),
        1 => Just(Command::RotateLink { expires_at: dawn() }),
        1 => Just(Command::RevokeLink),
        1 => Just(Command::ExtendLink { expires_at: dawn() + TimeDelta::days(60) }),
        1 => Just(Command::Note { text: "called them".to_owned() }),
        1 => Just(Command::Cancel { reason: "asked to".to_owned() }),
        1 => proptest::option::of(0..3_i64).prop_map(|id| skip(id.map(ConnectorId))),
        2 => (0..4_usize, any::<bool>()).prop_map(|(step, again)| restart(RestartStep::ALL[step], again)),
        1 => "[a-z]{0,5}".prop_map(|answer| correct(&answer)),
        1 => Just(Command::Assign { assignee: Some("ada".to_owned()) }),
        1 => (0..90_i64).prop_map(|days| Command::Snooze {
            until: Some(dawn() + TimeDelta::days(days)),
            reason: None
        }),
    ];
    prop_oneof![
        5 => outcome.prop_map(Happening::Found),
        3 => command.prop_map(Happening::Wanted),
        1 => (0..5_000_i64).prop_map(Happening::Later),
    ]
}

/// What must hold in every state, whatever led there.
fn check(state: &Onboarding, now: DateTime<Utc>) {
    let blocker = state.blocker();
    match &state.status {
        Status::Running => {
            assert_eq!(blocker, Blocker::None);
            assert_eq!(state.due_at(now), Some(now), "the engine is the way out");
            assert!(success(state).is_some());
        }
        Status::Retrying { retry_at, .. } => {
            assert_ne!(blocker, Blocker::None);
            assert_eq!(state.due_at(now), Some(*retry_at), "time is the way out");
        }
        Status::Waiting { deadline, .. } => {
            let wanted = state.requirements();
            let first = wanted.first().map(|wanted| wanted.blocker);
            assert_eq!(first, Some(blocker), "a person must know what to do");
            assert!(matches!(blocker, Blocker::EndUser | Blocker::CustomerAdmin));
            assert!(*deadline > dawn());
        }
        Status::Stuck { .. } => {
            assert_ne!(blocker, Blocker::None);
            assert_eq!(state.requirements().len(), 1);
            let retried = state.obey(Command::Retry { reason: None }, &Limits::default(), now);
            assert!(retried.is_ok(), "retry is the way out");
        }
        Status::Live => {
            let problem = state.problem();
            assert_eq!(blocker, problem.map_or(Blocker::None, |problem| problem.code.blocker()));
            assert_eq!(state.requirements().len(), problem.iter().count());
        }
        Status::Cancelled => assert_eq!(blocker, Blocker::None),
    }
    if state.status == Status::Live {
        assert_eq!(state.step(), StepKind::Live);
    }
    if let (StepKind::Install, slot) = state.facts.position()
        && state.status == Status::Running
    {
        assert!(state.facts.slots[slot].install.is_some(), "intent before the act");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn facts_only_grow_ends_are_final_and_there_is_always_a_way_out(
        history in proptest::collection::vec((happening(), any::<bool>()), 1..60)
    ) {
        let limits = Limits::default();
        let mut now = dawn();
        let mut state = begin();
        check(&state, now);
        for (happening, goes_well) in history {
            let next = match happening {
                Happening::Later(seconds) => {
                    now += TimeDelta::seconds(seconds);
                    continue;
                }
                Happening::Found(outcome) => {
                    let outcome = match success(&state) {
                        Some(gain) if goes_well => Outcome::Done(gain),
                        _ => outcome,
                    };
                    state.apply(outcome, &limits, now)
                }
                Happening::Wanted(command) => {
                    let Ok(transition) = state.obey(command, &limits, now) else { continue };
                    transition
                }
            };
            prop_assert!(next.to.facts.covers(&state.facts), "{:?}\n{:?}", state.facts, next.to.facts);
            prop_assert_eq!(next.to.version, state.version + 1);
            prop_assert_eq!(
                next.announces.is_some(),
                next.to.status.name() != state.status.name()
            );
            if state.status == Status::Cancelled {
                prop_assert_eq!(&next.to.status, &state.status);
            }
            if next.to.status == Status::Running && state.status == Status::Running {
                let leaves_work_alone = matches!(
                    next.event,
                    Some(Event::LinkRotated { .. } | Event::LinkRevoked { .. } | Event::LinkExtended { .. }
                        | Event::Noted { .. } | Event::CycleDisowned { .. } | Event::CycleRetired { .. }
                        | Event::Assigned { .. } | Event::Snoozed { .. })
                );
                // What people want is not endless by itself.
                let wanted = matches!(
                    next.event,
                    Some(Event::Restarted { .. } | Event::Skipped { .. } | Event::Answered { .. })
                );
                prop_assert!(
                    next.to.facts != state.facts || leaves_work_alone || wanted,
                    "going on without anything new would never end"
                );
            }
            state = next.to;
            check(&state, now);
        }
    }

    #[test]
    fn what_is_stored_reads_back(
        history in proptest::collection::vec(gain(), 1..30)
    ) {
        let mut state = begin();
        for gain in history {
            state = state.apply(Outcome::Done(gain), &Limits::default(), dawn()).to;
            let stored = serde_json::to_value(&state.facts).unwrap();
            prop_assert_eq!(serde_json::from_value::<gangway::onboarding::Facts>(stored).unwrap(), state.facts.clone());
            if let Status::Stuck { .. } = state.status {
                state = state.obey(Command::Retry { reason: None }, &Limits::default(), dawn()).unwrap().to;
            }
        }
    }
}

fn skip(connector: Option<ConnectorId>) -> Command {
    Command::Skip { connector, reason: "not needed".to_owned() }
}

fn restart(from: RestartStep, ask_again: bool) -> Command {
    Command::RestartFrom(Restart { from, ask_again, reason: "it was wrong".to_owned() })
}

fn correct(answer: &str) -> Command {
    Command::Correct(
        BTreeMap::from([(QuestionKey("q".to_owned()), Some(answer.to_owned()))]).into(),
    )
}

fn cancel() -> Command {
    Command::Cancel { reason: "asked to".to_owned() }
}

fn one_of_each_command(oauth: SeenConnector) -> [(&'static str, Command); 31] {
    [
        ("open_attempt", Command::OpenAttempt { connector: ConnectorId(1) }),
        ("give_credential", Command::CredentialGiven(oauth)),
        ("answer", Command::Answer(CheckedAnswers::default())),
        ("look_now", Command::LookNow),
        ("retry", Command::Retry { reason: None }),
        ("choose_candidate", choose(1)),
        ("disown", Command::Disown { slot: 0, cycle: CycleId(Uuid::from_u128(9)) }),
        ("note_retired", Command::NoteRetired { slot: 0, cycle: CycleId(Uuid::from_u128(9)) }),
        ("rotate_link", Command::RotateLink { expires_at: dawn() }),
        ("revoke_link", Command::RevokeLink),
        ("extend_link", Command::ExtendLink { expires_at: dawn() + TimeDelta::days(60) }),
        ("note", Command::Note { text: "called them".to_owned() }),
        ("cancel", cancel()),
        ("correct", correct("b")),
        ("skip", skip(None)),
        ("restart_install", restart(RestartStep::Install, false)),
        ("restart_connect", restart(RestartStep::Connect, false)),
        ("restart_map", restart(RestartStep::Map, true)),
        ("assign", Command::Assign { assignee: None }),
        ("snooze", Command::Snooze { until: None, reason: None }),
        ("come_back", Command::CameBack { connector: ConnectorId(1), said: None }),
        ("opened", Command::Opened),
        ("hand_over", Command::HandOver { connector: ConnectorId(1), to_colleague: true }),
        ("ask_approval", Command::AskApproval { connector: ConnectorId(1), wanted: true }),
        ("want_link", Command::WantLink),
        ("check", Command::Check { reason: None }),
        ("reauthorize", reauthorize()),
        ("settle_drift", settle()),
        ("upgrade", upgrade()),
        ("offboard", Command::Offboard { reason: "they have left".to_owned() }),
        ("hear_of_error", hear()),
    ]
}

/// Each status once or more, with a name.
fn states(oauth: &SeenConnector) -> [(&'static str, Onboarding); 10] {
    let limits = Limits::default();
    let mut installed = begin();
    for _ in 0..3 {
        let gain = success(&installed).unwrap();
        installed = installed.apply(Outcome::Done(gain), &limits, dawn()).to;
    }
    let after = |state: &Onboarding, outcome| state.apply(outcome, &limits, dawn()).to;
    let connecting = after(&installed, Outcome::Done(Gain::Connections(vec![oauth.clone()])));
    let asking =
        after(&installed, Outcome::Done(Gain::Questions(vec![(0, vec![question("q", true)])])));
    let problem = || Problem::new(ProblemCode::CyclrUnreachable);
    let retrying =
        Outcome::Retry { after: TimeDelta::seconds(9), problem: problem(), doubt: false };
    let mut live = installed.clone();
    while let Some(gain) = success(&live) {
        live = after(&live, Outcome::Done(gain));
    }
    let account_made = after(&begin(), Outcome::Done(success(&begin()).unwrap()));
    [
        ("running", begin()),
        ("retrying", after(&begin(), retrying)),
        ("waiting to connect", connecting),
        ("waiting for answers", asking),
        ("stuck", after(&begin(), Outcome::Stuck(problem()))),
        ("stuck over candidates", after(&account_made, Outcome::Ambiguous(vec![candidate(1)]))),
        ("live", live.clone()),
        ("live and stopped", stopped(live, oauth)),
        ("being taken away", begin().obey(offboard(), &limits, dawn()).unwrap().to),
        ("cancelled", begin().obey(cancel(), &limits, dawn()).unwrap().to),
    ]
}

/// With a sign-in, and a cycle that somebody has stopped.
fn stopped(mut live: Onboarding, oauth: &SeenConnector) -> Onboarding {
    let mut connection = Connection::new(oauth.connector, oauth.name.clone());
    connection.auth = oauth.auth;
    connection.authenticated.note(true);
    live.facts.connections.push(connection);
    let limits = Limits::default();
    live.apply(
        Outcome::Done(Gain::Looked(look(CycleState::Stopped("Paused".to_owned())))),
        &limits,
        dawn(),
    )
    .to
}

fn look(state: CycleState) -> Look {
    Look {
        account_is_gone: false,
        cycles: vec![SeenCycle {
            slot: 0,
            state,
            last_success_at: None,
            errors: 0,
            incident: None,
        }],
        connectors: Vec::new(),
        missing_connectors: Vec::new(),
        mappings: None,
        look_at: dawn() + TimeDelta::hours(1),
    }
}

fn offboard() -> Command {
    Command::Offboard { reason: "they have left".to_owned() }
}

fn reauthorize() -> Command {
    let link_expires_at = dawn() + TimeDelta::days(7);
    Command::Reauthorize { connector: None, reason: "another account".to_owned(), link_expires_at }
}

fn settle() -> Command {
    Command::SettleDrift {
        code: DriftCode::CycleStopped,
        object: Uuid::from_u128(100).to_string(),
        choice: DriftChoice::Ignore,
        reason: "known".to_owned(),
    }
}

fn upgrade() -> Command {
    let BlueprintId { key, version } = begin().blueprint;
    Command::Upgrade(Upgrade {
        to: BlueprintId { key, version: version + 1 },
        templates: vec![TemplateId(Uuid::from_u128(77))],
        pages_url: None,
        link_expires_at: dawn() + TimeDelta::days(7),
        reason: "newer".to_owned(),
    })
}

fn hear() -> Command {
    let error = HeardError {
        key: "1".to_owned(),
        at: dawn(),
        message: "Failed to call the method".to_owned(),
        looked: false,
    };
    Command::HearOfError { cycle: CycleId(Uuid::from_u128(100)), error }
}

fn oauth() -> SeenConnector {
    SeenConnector {
        connector: ConnectorId(1),
        name: "CRM".to_owned(),
        auth: Some(AuthKind::OAuth),
        authenticated: false,
        details: None,
    }
}

/// Which commands each status allows, as a table that can be read.
#[test]
fn who_may_want_what_and_when() {
    let limits = Limits::default();
    let states = states(&oauth());
    let commands = one_of_each_command(oauth());
    let mut table = String::new();
    for (name, state) in &states {
        let legal: Vec<_> = commands
            .iter()
            .filter(|(_, command)| state.obey(command.clone(), &limits, dawn()).is_ok())
            .collect();
        // What is offered is what is obeyed, and the other way round.
        for action in Action::ALL {
            let obeyed = legal.iter().any(|(_, command)| command.action() == Some(action));
            let offered = state.allowed_actions(dawn()).any(|offered| offered == action);
            assert_eq!(offered, obeyed, "{name}: {}", action.name());
        }
        let legal: Vec<_> = legal.iter().map(|(name, _)| *name).collect();
        table.push_str(format!("{name}: {}", legal.join(" ")).trim_end());
        table.push('\n');
    }
    insta::assert_snapshot!(table, @r"
    running: disown note_retired rotate_link revoke_link extend_link note cancel assign snooze want_link offboard
    retrying: retry disown note_retired rotate_link revoke_link extend_link note cancel assign snooze want_link offboard
    waiting to connect: open_attempt give_credential look_now disown note_retired rotate_link revoke_link extend_link note cancel skip restart_install restart_connect assign snooze opened hand_over ask_approval want_link offboard
    waiting for answers: answer disown note_retired rotate_link revoke_link extend_link note cancel correct skip restart_install restart_connect restart_map assign snooze opened want_link offboard
    stuck: retry disown note_retired rotate_link revoke_link extend_link note cancel assign snooze want_link offboard
    stuck over candidates: retry choose_candidate disown note_retired rotate_link revoke_link extend_link note cancel restart_install assign snooze want_link offboard
    live: disown note_retired rotate_link revoke_link extend_link note check upgrade offboard hear_of_error
    live and stopped: disown note_retired rotate_link revoke_link extend_link note assign snooze check reauthorize settle_drift upgrade offboard hear_of_error
    being taken away: disown note_retired note cancel assign snooze
    cancelled: disown note_retired note
    ");
}

#[test]
fn how_it_stands_is_said_in_a_sentence() {
    let states = states(&oauth());
    let explained: Vec<_> = states.iter().map(|(_, state)| state.explain(dawn())).collect();
    let explanations = explained.join("\n");
    insta::assert_snapshot!(explanations, @r#"
    Gangway is at the step create_account since 2026-03-02T09:00:00Z and goes on by itself at once; nobody has to act.
    The step create_account does not go well since 2026-03-02T09:00:00Z (Cyclr did not answer, or answered with a failure of its own); it is tried again by itself at 2026-03-02T09:00:09Z, and Cyclr must act if it stays like that.
    It waits for the tenant's people at the step connect since 2026-03-02T09:00:00Z (Nobody of the tenant has connected CRM (account connector 1) yet); nothing happens by itself until they act, and their time ends at 2026-03-09T09:00:00Z.
    It waits for the tenant's people at the step map since 2026-03-02T09:00:00Z (The tenant has not answered "q" yet); nothing happens by itself until they act, and their time ends at 2026-03-09T09:00:00Z.
    It is stuck at the step create_account since 2026-03-02T09:00:00Z (Cyclr did not answer, or answered with a failure of its own); Cyclr must act, and nothing happens by itself until it is ordered to go on.
    It is stuck at the step install since 2026-03-02T09:00:00Z (The account holds several cycles of this template that could be ours); support must act, and nothing happens by itself until it is ordered to go on.
    It is live since 2026-03-02T09:00:00Z, nothing has shown yet that it works, and nobody has to act; it is looked at by itself at 2026-03-02T09:10:00Z.
    It is live and has not been well since 2026-03-02T09:00:00Z (The cycle was active and Cyclr shows it as stopped); it is looked at by itself at 2026-03-02T10:00:00Z, and support must act if it stays like that.
    Gangway is at the step offboard since 2026-03-02T09:00:00Z and goes on by itself at once; nobody has to act.
    It is cancelled since 2026-03-02T09:00:00Z, and nothing happens any more.
    "#);
    let late = dawn() + TimeDelta::days(8);
    for (place, words) in
        [(0, "whoever runs Gangway"), (1, "should have been"), (2, "time ended at")]
    {
        let explained = states[place].1.explain(late);
        assert!(explained.contains(words), "{explained}");
    }
}
