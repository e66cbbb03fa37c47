//! The governor under thousands of callers, on a clock that is moved by hand.
#![expect(clippy::cast_precision_loss, reason = "a few hundred calls")]

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::governor::{Admission, Change, Governor, Pass, Turn};
use super::settings::PressureSettings;
use super::snapshot::PressureState;
use super::verdict::{Sign, Verdict};

const FAILED: Verdict = Verdict { sign: Sign::Failed, overload: true, hold: None };
const NEWCOMER: Duration = Duration::from_secs(1);

fn throttled(seconds: u64) -> Verdict {
    let hold = Some(Duration::from_secs(seconds));
    Verdict { overload: true, hold, ..Verdict::ALIVE }
}

fn governor(ceiling: usize) -> Governor {
    Governor::new(PressureSettings::default(), ceiling)
}

fn admit(governor: &mut Governor, now: Instant) -> Admission {
    governor.admit(now, 0.5, (true, 0), NEWCOMER)
}

fn pass(governor: &mut Governor, now: Instant) -> Pass {
    match admit(governor, now) {
        Admission::Go(pass) => pass,
        other @ (Admission::LineUp(_) | Admission::HeldBack(_)) => panic!("{other:?}"),
    }
}

/// One call after the other, all with the same end.
fn calls(governor: &mut Governor, now: Instant, count: usize, verdict: Verdict) {
    for _ in 0..count {
        let pass = pass(governor, now);
        governor.end(now, pass, verdict, 0.5);
    }
}

fn state(governor: &mut Governor, now: Instant) -> PressureState {
    governor.snapshot(now, 0).state
}

#[test]
fn an_open_breaker_lets_nothing_pass_then_one_probe_and_then_a_trickle() {
    let mut now = Instant::now();
    let mut governor = governor(64);
    calls(&mut governor, now, 10, FAILED);
    assert_eq!(state(&mut governor, now), PressureState::Open);
    assert!(matches!(admit(&mut governor, now), Admission::HeldBack(_)));
    for _ in 0..8 {
        now += Duration::from_mins(2);
        assert_eq!(state(&mut governor, now), PressureState::HalfOpen);
        let probe = pass(&mut governor, now);
        assert!(probe.probe);
        assert!(matches!(admit(&mut governor, now), Admission::HeldBack(_)), "one at a time");
        // Whoever asked has gone: the next one asks.
        governor.end(now, probe, Verdict::NOTHING, 0.5);
        let probe = pass(&mut governor, now);
        governor.end(now, probe, FAILED, 0.5);
        assert_eq!(state(&mut governor, now), PressureState::Open);
    }
    let pause = governor.snapshot(now, 0).for_at_least.unwrap();
    assert_eq!(pause, Duration::from_mins(1));
    now += pause;
    let probe = pass(&mut governor, now);
    governor.end(now, probe, Verdict::ALIVE, 0.5);
    assert_eq!(state(&mut governor, now), PressureState::Recovering);
    let first = pass(&mut governor, now);
    assert!(!first.probe);
    assert!(matches!(admit(&mut governor, now), Admission::LineUp(_)));
    governor.end(now, first, Verdict::ALIVE, 0.5);
    let changes = governor.take_changes();
    assert!(matches!(changes.last(), Some(Change::Recovering { .. })), "{changes:?}");
    for _ in 0..20 {
        now += Duration::from_secs(1);
        calls(&mut governor, now, 1, Verdict::ALIVE);
    }
    assert_eq!(state(&mut governor, now), PressureState::Closed);
}

#[test]
fn outcomes_from_before_the_outage_do_not_count_after_it() {
    let now = Instant::now();
    let mut governor = governor(64);
    let late: Vec<_> = (0..6).map(|_| pass(&mut governor, now)).collect();
    calls(&mut governor, now, 10, Verdict { overload: false, ..FAILED });
    let later = now + Duration::from_secs(5);
    for (n, pass) in late.into_iter().enumerate() {
        governor.end(later, pass, if n % 2 == 0 { Verdict::ALIVE } else { FAILED }, 0.5);
    }
    assert_eq!(state(&mut governor, later), PressureState::HalfOpen);
    assert_eq!(governor.snapshot(later, 0).under_way, 0);
}

#[test]
fn what_one_call_is_told_holds_for_all_and_a_bare_429_holds_nobody() {
    let now = Instant::now();
    let mut governor = governor(64);
    let bare = Verdict { overload: true, ..Verdict::ALIVE };
    calls(&mut governor, now, 1, bare);
    assert_eq!(governor.snapshot(now, 0).limit, 8);
    calls(&mut governor, now, 1, throttled(30));
    let Admission::HeldBack(wait) = admit(&mut governor, now) else { panic!("not held") };
    assert!(wait >= Duration::from_secs(30), "{wait:?}");
    let token = governor.admit(now, 0.5, (false, 0), NEWCOMER);
    assert!(matches!(token, Admission::HeldBack(_)), "tokens are held back as well");
    let later = now + Duration::from_secs(30);
    assert_eq!(state(&mut governor, later), PressureState::Recovering);
    pass(&mut governor, later);
}

#[test]
fn a_healthy_host_is_used_to_the_ceiling_within_three_rounds() {
    let mut now = Instant::now();
    let mut governor = governor(128);
    for _ in 0..3 {
        let mut round = Vec::new();
        while let Turn::Go(pass) = governor.turn(now, true) {
            round.push(pass);
        }
        now += Duration::from_millis(1);
        for pass in round {
            governor.end(now, pass, Verdict::ALIVE, 0.5);
        }
    }
    assert_eq!(governor.snapshot(now, 0).limit, 128);
}

/// Rows that each make eight calls, one after the other, and come back when they are told to.
struct Simulation {
    governor: Governor,
    now: Instant,
    /// When which row asks next.
    agenda: BinaryHeap<Reverse<(Instant, usize)>>,
    calls_left: Vec<usize>,
    /// How many calls the host heard at each moment.
    heard: BTreeMap<Instant, usize>,
    told: Vec<Duration>,
}

const TAKES: Duration = Duration::from_millis(20);

impl Simulation {
    fn run(&mut self, until: Instant, verdict: Verdict) {
        let mut ends: BinaryHeap<Reverse<(Instant, usize)>> = BinaryHeap::new();
        let mut passes: BTreeMap<usize, Pass> = BTreeMap::new();
        loop {
            let next_ask = self.agenda.peek().map(|Reverse((at, _))| *at);
            let next_end = ends.peek().map(|Reverse((at, _))| *at);
            let Some(at) = next_ask.into_iter().chain(next_end).min() else { break };
            if at > until && ends.is_empty() {
                break;
            }
            self.now = at;
            if next_end == Some(at) {
                let Reverse((_, row)) = ends.pop().unwrap();
                let pass = passes.remove(&row).unwrap();
                self.governor.end(at, pass, verdict, 0.3);
                if !pass.probe && verdict == Verdict::ALIVE {
                    self.calls_left[row] -= 1;
                }
                if self.calls_left[row] > 0 {
                    self.agenda.push(Reverse((at, row)));
                }
                continue;
            }
            let Reverse((_, row)) = self.agenda.pop().unwrap();
            if at > until {
                self.agenda.push(Reverse((at, row)));
                // Only what is under way is still let end.
                let Some(Reverse((at, row))) = ends.pop() else { break };
                self.governor.end(at, passes.remove(&row).unwrap(), verdict, 0.3);
                self.agenda.push(Reverse((at, row)));
                continue;
            }
            match self.governor.admit(at, 0.3, (true, 0), NEWCOMER) {
                Admission::Go(pass) => {
                    *self.heard.entry(at).or_default() += 1;
                    passes.insert(row, pass);
                    ends.push(Reverse((at + TAKES, row)));
                }
                Admission::LineUp(wait) => {
                    let wait = wait.clamp(Duration::from_millis(1), TAKES);
                    self.agenda.push(Reverse((at + wait, row)));
                }
                Admission::HeldBack(wait) => {
                    self.told.push(wait);
                    self.agenda.push(Reverse((at + wait.max(Duration::from_millis(1)), row)));
                }
            }
        }
        self.now = self.now.max(until);
    }

    fn most_within_a_second(&self, from: Instant, until: Instant) -> usize {
        let second = Duration::from_secs(1);
        let times = self.heard.range(from..until).map(|(at, _)| *at);
        times.map(|at| self.heard.range(at..at + second).map(|(_, n)| n).sum()).max().unwrap_or(0)
    }
}

#[test]
fn two_thousand_rows_come_back_as_a_trickle_and_all_get_through() {
    let start = Instant::now();
    let mut simulation = Simulation {
        governor: governor(64),
        now: start,
        agenda: BinaryHeap::new(),
        calls_left: vec![8; 600],
        heard: BTreeMap::new(),
        told: Vec::new(),
    };
    // Five onboardings begin each second: 40 calls per second.
    for row in 0..600 {
        let at = start + Duration::from_millis(200) * u32::try_from(row).unwrap();
        simulation.agenda.push(Reverse((at, row)));
    }
    let outage = start + Duration::from_mins(2);
    simulation.run(outage, Verdict::ALIVE);
    let steady = simulation.governor.snapshot(outage, 0).steady_rate;
    assert!((36.0..44.0).contains(&steady), "{steady}");
    // Then the host is away for ten minutes, while two thousand rows are due at once.
    simulation.calls_left = vec![8; 2000];
    simulation.agenda = (0..2000).map(|row| Reverse((outage, row))).collect();
    let back = outage + Duration::from_mins(10);
    simulation.heard.clear();
    simulation.run(back, FAILED);
    let probes: usize =
        simulation.heard.range(outage + Duration::from_secs(1)..).map(|(_, n)| n).sum();
    assert!(probes < 40, "{probes} calls to a host that is away");
    assert!(simulation.told.iter().any(|wait| *wait > Duration::from_mins(1)));
    simulation.heard.clear();
    simulation.run(back + Duration::from_hours(1), Verdict::ALIVE);
    let peak = simulation.most_within_a_second(back, back + Duration::from_mins(1));
    assert!(peak as f64 <= 2.0 * steady, "{peak} calls in one second, {steady} before the outage");
    assert!(peak as f64 >= steady, "it does not crawl: {peak}");
    assert!(simulation.calls_left.iter().all(|left| *left == 0));
    let last = *simulation.heard.keys().last().unwrap();
    assert!(last < back + Duration::from_mins(12), "{:?}", last - back);
    let end = simulation.now;
    assert_eq!(state(&mut simulation.governor, end), PressureState::Closed);
}

#[test]
fn who_is_held_back_comes_back_later_than_the_one_before() {
    let now = Instant::now();
    let mut governor = governor(64);
    calls(&mut governor, now, 10, FAILED);
    let told: Vec<_> = (0..100)
        .map(|n| match governor.admit(now, f64::from(n % 7) / 7.0, (true, 0), NEWCOMER) {
            Admission::HeldBack(wait) => wait,
            other @ (Admission::Go(_) | Admission::LineUp(_)) => panic!("{other:?}"),
        })
        .collect();
    assert!(told.is_sorted(), "{told:?}");
    assert!(told[99] > told[0] + Duration::from_mins(1));
}

#[derive(Debug, Clone)]
enum Deed {
    Come { token: bool },
    End { which: usize, verdict: usize },
    Wait { milliseconds: u64 },
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        6 => any::<bool>().prop_map(|token| Deed::Come { token }),
        5 => (any::<usize>(), 0..7_usize).prop_map(|(which, verdict)| Deed::End { which, verdict }),
        3 => (0..3000_u64).prop_map(|milliseconds| Deed::Wait { milliseconds }),
    ];
    prop::collection::vec(deed, 1..400)
}

proptest! {
    #[test]
    fn whatever_happens_the_rules_hold(deeds in deeds(), ceiling in 1..40_usize, ill in 0..3_usize) {
        let mut now = Instant::now();
        let mut governor = governor(ceiling);
        let mut out: Vec<(Pass, bool)> = Vec::new();
        for deed in deeds {
            match deed {
                Deed::Wait { milliseconds } => now += Duration::from_millis(milliseconds),
                Deed::Come { token } => {
                    let before = state(&mut governor, now);
                    let probing = out.iter().any(|(pass, _)| pass.probe);
                    if let Admission::Go(pass) = governor.admit(now, 0.5, (!token, 0), NEWCOMER) {
                        prop_assert!(before != PressureState::Open, "nothing passes while open");
                        if before == PressureState::HalfOpen {
                            prop_assert!(pass.probe && !probing, "one probe at a time");
                        }
                        out.push((pass, !token && !pass.probe));
                    }
                }
                Deed::End { which, verdict } if !out.is_empty() => {
                    let (pass, _) = out.swap_remove(which % out.len());
                    let verdict = match verdict.saturating_sub(ill) {
                        0 => FAILED,
                        1 => throttled(2),
                        2 => Verdict::NOTHING,
                        _ => Verdict::ALIVE,
                    };
                    governor.end(now, pass, verdict, 0.5);
                }
                Deed::End { .. } => {}
            }
            let slots = out.iter().filter(|(_, slot)| *slot).count();
            let shown = governor.snapshot(now, 0);
            prop_assert_eq!(shown.under_way, slots);
            prop_assert!(slots <= ceiling && (1..=ceiling).contains(&shown.limit));
        }
        // However it stands: all permits come back, and in time a call passes again.
        for (pass, _) in out.drain(..) {
            governor.end(now, pass, Verdict::NOTHING, 0.5);
        }
        now += Duration::from_hours(2);
        let passed = admit(&mut governor, now);
        prop_assert!(matches!(passed, Admission::Go(_)), "{:?}", passed);
    }

    #[test]
    fn no_second_of_recovery_sees_more_than_twice_the_steady_rate(
        asks in prop::collection::vec(0..40_u64, 200..1500),
        before in 0..60_u32,
    ) {
        let mut now = Instant::now();
        let mut governor = governor(64);
        for _ in 0..40 {
            for _ in 0..before {
                calls(&mut governor, now, 1, Verdict::ALIVE);
            }
            now += Duration::from_secs(1);
        }
        let steady = governor.snapshot(now, 0).steady_rate;
        while state(&mut governor, now) == PressureState::Closed {
            calls(&mut governor, now, 1, FAILED);
        }
        let mut times: Vec<Instant> = Vec::new();
        now += Duration::from_mins(2);
        let probe = pass(&mut governor, now);
        governor.end(now, probe, Verdict::ALIVE, 0.5);
        for ask in asks {
            now += Duration::from_millis(ask);
            if let Admission::Go(pass) = admit(&mut governor, now) {
                if state(&mut governor, now) == PressureState::Recovering {
                    times.push(now);
                }
                governor.end(now, pass, Verdict::ALIVE, 0.5);
            }
        }
        let most = (2.0 * steady).max(10.0);
        for (at, from) in times.iter().enumerate() {
            let second = times[at..].iter().take_while(|t| **t < *from + Duration::from_secs(1));
            prop_assert!(second.count() as f64 <= most);
        }
    }
}
