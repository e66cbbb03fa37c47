//! Cyclr goes away, comes back, or asks us to slow down, while onboardings are under way.

use std::time::Duration;

use chrono::TimeDelta;
use gangway::cyclr::{CallLog, Client, Error, Fault as CyclrFault, NotSent, PressureState};
use gangway::cyclr::{PressureSettings, Settings};
use gangway::ids::{CycleId, OnboardingId, TemplateId};
use gangway::onboarding::{Blocker, Status};
use gangway::sandbox::{Fault, FaultKind, HeardCall};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::crashes::{ledger_blueprint, ledger_world};
use crate::cyclr_client::stand_in::{Play, StandIn, acme, clock, say, settings};
use crate::house::House;

const PROBE: &str = "/v1.0/templates";
const ROWS: usize = 24;

/// Everything but the token, for as long as it lasts.
fn away(kind: FaultKind) -> Fault {
    Fault { method: None, times: u32::MAX, ..Fault::once("", "/v1.0/*", kind) }
}

fn is_probe(call: &HeardCall) -> bool {
    call.path == PROBE
}

#[tokio::test]
async fn an_outage_costs_no_onboarding_its_tries_and_nothing_is_done_twice() {
    let refused = FaultKind::Refuse { status: 503, message: String::new(), retry_after: None };
    for kind in [refused, FaultKind::DropBefore, FaultKind::Html { status: 200 }] {
        // Early, in the middle, and when some have arrived.
        for skip in [0, 40, 150] {
            Box::pin(go_away(kind.clone(), skip)).await;
        }
    }
}

async fn go_away(kind: FaultKind, skip: u32) {
    let what = format!("{kind:?} after {skip} calls");
    // What is performed although a proxy answers for it would be another test.
    let performed = matches!(kind, FaultKind::Html { .. });
    let mut house = House::open_with(ledger_world()).await;
    let key = house.publish(ledger_blueprint()).await;
    let mut ids = Vec::new();
    for row in 0..ROWS {
        ids.push(house.start(&format!("tenant-{row}"), &key).await);
    }
    let method = performed.then(|| "GET".to_owned());
    house.sandbox.inject(Fault { skip, method, ..away(kind.clone()) });
    house.settle().await;
    // Until the breaker has opened; it sees no more than a few rounds of failures.
    for _ in 0..5 {
        house.advance(TimeDelta::minutes(20));
        house.settle().await;
    }
    if performed {
        house.sandbox.inject(away(FaultKind::DropBefore));
    }
    let tries = rest(&house, &ids, &what).await;
    house.sandbox.forget_calls();
    // Days go by, for the rows at least.
    for _ in 0..100 {
        house.advance(TimeDelta::minutes(20));
        house.settle().await;
    }
    let heard = house.sandbox.calls();
    let others = heard.iter().filter(|call| !is_probe(call)).map(|call| &call.path);
    assert_eq!(others.collect::<Vec<_>>(), Vec::<&String>::new(), "{what}: only probes are heard");
    assert!(!heard.is_empty(), "{what}: somebody looks whether it is back");
    assert_eq!(rest(&house, &ids, &what).await, tries, "{what}: no try is spent");

    house.sandbox.clear_faults();
    for id in &ids {
        let mut done = house.read(*id).await;
        for _ in 0..200 {
            if done.status == Status::Live {
                break;
            }
            house.advance(TimeDelta::seconds(61));
            house.settle().await;
            done = house.read(*id).await;
        }
        assert_eq!(done.status, Status::Live, "{what}");
    }
    let accounts = house.accounts();
    assert_eq!(accounts.len(), ROWS, "{what}");
    for account in accounts {
        let cycles = account["cycles"].as_array().unwrap();
        assert_eq!(cycles.len(), 1, "{what}: {cycles:#?}");
        assert_eq!(cycles[0]["Status"], "Active", "{what}");
    }
}

/// All who are not live wait for Cyclr; gives their tries.
async fn rest(house: &House, ids: &[OnboardingId], what: &str) -> Vec<u32> {
    let mut tries = Vec::new();
    for id in ids {
        let row = house.read(*id).await;
        tries.push(row.tries);
        if row.status == Status::Live {
            continue;
        }
        assert!(matches!(row.status, Status::Retrying { .. }), "{what}: {:?}", row.status);
        let problem = row.status.problem().unwrap();
        assert_eq!(problem.code.blocker(), Blocker::Cyclr, "{what}");
        assert!(row.tries <= 8, "{what}: {} tries", row.tries);
    }
    tries
}

#[tokio::test]
async fn a_retry_after_holds_everybody_back_and_only_its_own_call_was_throttled() {
    let wait = || vec![("retry-after", "30".to_owned())];
    let host = StandIn::answering(move |heard| match heard.method.as_str() {
        "POST" => Play::With(429, wait(), Vec::new()),
        _ => say(404, ""),
    })
    .await;
    let client = host.client();
    let account = client.in_account(&acme(), &CallLog::default());
    account.find_cycle(CycleId(Uuid::nil())).await.unwrap();
    let own = account.install(TemplateId(Uuid::nil())).await.unwrap_err();
    let half_a_minute = Duration::from_secs(30);
    assert_eq!(own.fault(), CyclrFault::Throttled { retry_after: Some(half_a_minute) });
    let log = CallLog::default();
    let mut before = Duration::ZERO;
    for _ in 0..5 {
        let other = client.in_account(&acme(), &log).find_cycle(CycleId(Uuid::nil())).await;
        let CyclrFault::HeldBack { for_at_least } = other.unwrap_err().fault() else { panic!() };
        assert!(for_at_least > before, "each one comes back later");
        before = for_at_least;
    }
    assert!(before > Duration::from_secs(25));
    assert_eq!(host.calls().len(), 2);
    assert_eq!(log.take(), [], "what was not tried is not in the log");
    let pressure = client.pressure();
    assert_eq!((pressure.state, pressure.under_way), (PressureState::Open, 0));
}

#[tokio::test]
async fn a_host_that_is_away_is_not_hammered_for_tokens_and_a_refusal_opens_nothing() {
    for (status, opens) in [(503, true), (400, false)] {
        let host = StandIn::scripted(move |_| say(status, "")).await;
        let client = host.client();
        for _ in 0..40 {
            drop(client.partner(&CallLog::default()).find_account(&acme()).await);
        }
        let heard = if opens { 10 } else { 40 };
        assert_eq!(host.heard().len(), heard, "{status}");
        let is_open = client.pressure().state == PressureState::Open;
        assert_eq!(is_open, opens, "{status}");
    }
}

#[tokio::test]
async fn whoever_goes_away_gives_its_permit_back_and_those_in_line_pass() {
    let host = StandIn::answering(|heard| match heard.method.as_str() {
        "POST" => Play::Stall,
        _ => say(404, ""),
    })
    .await;
    let one = Settings { calls_at_once: 1, ..settings(host.address) };
    let client = Client::new(one, clock()).unwrap();
    let call = || client.in_account(&acme(), &CallLog::default());
    call().find_cycle(CycleId(Uuid::nil())).await.unwrap();
    let mut stalled = JoinSet::new();
    let account = call();
    stalled.spawn(async move { drop(account.install(TemplateId(Uuid::nil())).await) });
    while client.pressure().under_way == 0 {
        tokio::task::yield_now().await;
    }
    let mut waiting = JoinSet::new();
    for _ in 0..20 {
        let account = call();
        waiting.spawn(async move { account.find_cycle(CycleId(Uuid::nil())).await });
    }
    while client.pressure().waiting < 20 {
        tokio::task::yield_now().await;
    }
    // Some leave the line, then the one that they wait for goes away.
    let mut leaving = JoinSet::new();
    for _ in 0..5 {
        let account = call();
        leaving.spawn(async move { account.find_cycle(CycleId(Uuid::nil())).await });
    }
    while client.pressure().waiting < 25 {
        tokio::task::yield_now().await;
    }
    leaving.shutdown().await;
    assert_eq!(client.pressure().waiting, 20);
    stalled.shutdown().await;
    for outcome in waiting.join_all().await {
        assert_eq!(outcome.unwrap(), None);
    }
    let pressure = client.pressure();
    assert_eq!((pressure.under_way, pressure.waiting), (0, 0));
}

#[tokio::test]
async fn a_probe_whose_caller_goes_away_leaves_the_next_one_to_find_out() {
    let host = StandIn::answering(|heard| match heard.path.as_str() {
        path if path.starts_with(PROBE) => Play::Stall,
        _ => say(503, ""),
    })
    .await;
    let first_pause = Duration::from_millis(1);
    let pressure = PressureSettings { first_pause, ..PressureSettings::default() };
    let client = Client::new(Settings { pressure, ..settings(host.address) }, clock()).unwrap();
    let look = || client.in_account(&acme(), &CallLog::default());
    for _ in 0..10 {
        drop(look().find_cycle(CycleId(Uuid::nil())).await);
    }
    while client.pressure().state != PressureState::HalfOpen {
        tokio::task::yield_now().await;
    }
    for probes in 1..4 {
        let account = look();
        let mut caller = JoinSet::new();
        caller.spawn(async move { drop(account.find_cycle(CycleId(Uuid::nil())).await) });
        while host.calls().iter().filter(|call| call.contains(PROBE)).count() < probes {
            tokio::task::yield_now().await;
        }
        // One at a time.
        let other = look().find_cycle(CycleId(Uuid::nil())).await.unwrap_err();
        let held = matches!(other, Error::Unsent { reason: NotSent::HeldBack { .. }, .. });
        assert!(held, "{other:?}");
        caller.shutdown().await;
    }
}
