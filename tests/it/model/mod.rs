//! Engine, store, Cyclr and crashes as a model, checked in every state that it can reach.
//!
//! `state` maps its parts to the program, `protocol` says how they change, `properties` what must hold.
//! Here the protocol is checked as it should be, and then with one rule broken at a time, each of
//! which must be noticed: a model that cannot fail proves nothing.
//!
//! All histories with up to three faults, a few seconds:
//!
//! ```sh
//! cargo test --test it -- model::
//! ```
//!
//! With more faults, the way to a violation printed step by step where there is one:
//!
//! ```sh
//! GANGWAY_MODEL_FAULTS=4 cargo test --release --test it -- model:: --nocapture
//! ```

mod properties;
mod protocol;
mod state;

use std::collections::HashMap;
use std::fmt::Write as _;

use stateright::{Checker, HasDiscoveries, Model, Path};

use properties::{
    LIVE_IS_ACTIVE, NO_SECOND, ONE_ACCOUNT, ONE_ACTIVE, ONE_RUN, RECORDED_STAYS, TIDY,
};
use state::{Action, Cycle, Rules, State};

/// Unless `GANGWAY_MODEL_FAULTS` says otherwise.
const USUAL_FAULTS: u8 = 3;

fn faults() -> u8 {
    std::env::var("GANGWAY_MODEL_FAULTS").map_or(USUAL_FAULTS, |text| text.parse().unwrap())
}

/// The first property that does not hold, or the one that was asked for, with a shortest way there.
fn find_violation(rules: Rules, wanted: Option<&'static str>) -> Option<(&'static str, String)> {
    let enough = match wanted {
        Some(name) => HasDiscoveries::AnyOf([name].into()),
        None => HasDiscoveries::AnyFailures,
    };
    let checker = rules.checker().finish_when(enough).spawn_bfs().join();
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    eprintln!("{states} states, at most {depth} steps from the beginning");
    let is_failure = |name: &str| {
        let property = checker.model().properties().into_iter().find(|known| known.name == name);
        property.is_some_and(|property| property.expectation.discovery_is_failure())
    };
    let mut found = checker.discoveries().into_iter();
    let found = found.find(|(name, _)| wanted.map_or(is_failure(name), |wanted| *name == wanted));
    found.map(|(name, path)| (name, trace(path)))
}

fn trace(path: Path<State, Action>) -> String {
    let mut text = String::new();
    for (state, action) in path.into_vec() {
        let cycles = state.cycles.iter().take_while(|cycle| **cycle != Cycle::NotMade);
        let cycles: Vec<_> = cycles.collect();
        let doing = state.workers.map(|worker| worker.doing);
        let _ = writeln!(text, "  {:?}; workers {doing:?}; cycles {cycles:?}", state.row);
        if let Some(action) = action {
            let _ = writeln!(text, "{action:?}");
        }
    }
    text
}

#[test]
fn the_protocol_keeps_what_it_promises_whatever_goes_wrong() {
    for run_once in [false, true] {
        let broken = find_violation(Rules::sound(run_once, faults()), None);
        if let Some((name, way)) = broken {
            panic!("broken: {name} (run_once: {run_once})\n{way}");
        }
    }
}

/// Whatever has happened: once faults stop and staff do what is asked of them, it can go live.
#[test]
fn from_every_state_there_is_a_way_to_the_end() {
    for run_once in [false, true] {
        let rules = Rules::sound(run_once, faults());
        let (states, before) = explore(&rules);
        let mut can_finish = vec![false; states.len()];
        let mut open: Vec<usize> = (0..states.len()).filter(|at| states[*at].row.live).collect();
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut can_finish[at], true) {
                open.extend(&before[at]);
            }
        }
        let lost = can_finish.iter().position(|can| !can).map(|at| &states[at]);
        assert!(lost.is_none(), "no way on (run_once: {run_once}): {lost:#?}");
    }
}

/// Every state, and for each the states from which one action other than a fault leads to it.
fn explore(rules: &Rules) -> (Vec<State>, Vec<Vec<usize>>) {
    let mut places: HashMap<State, usize> = HashMap::new();
    let (mut states, mut before) = (Vec::new(), Vec::<Vec<usize>>::new());
    let mut found = rules.init_states();
    let mut edges = Vec::new();
    let mut actions = Vec::new();
    let mut at = 0;
    loop {
        for state in found.drain(..) {
            places.insert(state.clone(), states.len());
            states.push(state);
            before.push(Vec::new());
        }
        let Some(state) = states.get(at).cloned() else { break };
        rules.actions(&state, &mut actions);
        for action in actions.drain(..) {
            let Some(next) = rules.next_state(&state, action) else { continue };
            let fresh = states.len() + found.len();
            let place = *places.entry(next.clone()).or_insert(fresh);
            if place == fresh {
                found.push(next);
            }
            if !action.is_fault() {
                edges.push((at, place));
            }
        }
        at += 1;
    }
    for (from, to) in edges {
        before[to].push(from);
    }
    (states, before)
}

/// One rule broken, and what of it must be noticed.
struct Weakened {
    what: &'static str,
    rules: Rules,
    /// The property that must break.
    noticed: &'static str,
}

fn repeated() -> Rules {
    Rules::sound(false, USUAL_FAULTS)
}

fn once() -> Rules {
    Rules::sound(true, USUAL_FAULTS)
}

#[rustfmt::skip]
fn weakened() -> Vec<Weakened> {
    let row = |what, rules, noticed| Weakened { what, rules, noticed };
    vec![
        row("a late worker's result is taken",
            Rules { fence: false, ..repeated() }, ONE_ACTIVE),
        row("a late worker's result is taken, and what is live may be gone",
            Rules { fence: false, ..repeated() }, LIVE_IS_ACTIVE),
        row("an unclear install is simply repeated",
            Rules { intent: false, ..repeated() }, NO_SECOND),
        row("cycles are looked through at once",
            Rules { quiet_before_look: false, ..repeated() }, NO_SECOND),
        row("what was made in vain is deleted without a mark",
            Rules { disown: false, ..repeated() }, RECORDED_STAYS),
        row("marking leaves the present worker its lease",
            Rules { disown_ends_lease: false, ..repeated() }, RECORDED_STAYS),
        row("surplus is deleted before anything is recorded",
            Rules { record_before_retiring: false, ..repeated() }, RECORDED_STAYS),
        row("nobody looks before the activation",
            Rules { look_before_activation: false, ..repeated() }, TIDY),
        row("a row is claimed as soon as its lease was ended",
            Rules { rests_after_order: false, ..repeated() }, NO_SECOND),
        row("a lease that was ended leaves no doubt",
            Rules { order_leaves_doubt: false, ..repeated() }, NO_SECOND),
        row("Cyclr chooses the account's id",
            Rules { own_account_id: false, ..repeated() }, ONE_ACCOUNT),
        row("an unclear single run is simply repeated",
            Rules { run_once_waits: false, ..once() }, ONE_RUN),
        row("the activation is looked at before nothing can be under way any more",
            Rules { quiet_before_activation_look: false, ..once() }, ONE_RUN),
        row("what staff vouch for is not read again",
            Rules { look_after_vouching: false, ..once() }, ONE_RUN),
        row("a frozen worker sleeps until after staff have vouched",
            Rules { wakes_before_vouching: false, ..once() }, ONE_RUN),
    ]
}

#[test]
fn every_rule_is_needed() {
    for Weakened { what, rules, noticed } in weakened() {
        let Some((_, way)) = find_violation(rules, Some(noticed)) else {
            panic!("not noticed: {what}");
        };
        eprintln!("{what}, so this does not hold: {noticed}\n{way}");
    }
}
