//! All decisions in one place: who passes now, who waits, who is to come back and when.

use std::time::{Duration, Instant};

use super::breaker::{self, Window};
use super::limit::Limit;
use super::pacer::{Meter, Pacer, Returns, return_gap};
use super::settings::PressureSettings;
use super::snapshot::{Pressure, PressureState};
use super::verdict::{Sign, Verdict};

/// Leave to make one exchange; handed back with what it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pass {
    serial: u64,
    epoch: u64,
    /// Counts towards the limit.
    slot: bool,
    /// Nothing else is sent until this one has come back.
    pub(super) probe: bool,
}

/// What whoever is first in line is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Go(Pass),
    /// Not sooner than after this.
    Wait(Duration),
    /// When a call that is under way has ended.
    Full,
    /// Nothing is sent; not sooner than after this.
    Closed(Duration),
}

/// What whoever comes is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    Go(Pass),
    /// Stand in line; how long that takes at least.
    LineUp(Duration),
    /// Come back after this.
    HeldBack(Duration),
}

/// A change that operators want to know of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Change {
    Opened { pause: Duration },
    Held { wait: Duration },
    Recovering { pace: f64, steady: f64 },
    Closed,
}

#[derive(Debug)]
enum State {
    Closed,
    /// `seat`: the serial number of the probe that is under way.
    Open {
        until: Instant,
        seat: Option<u64>,
    },
    Recovering(Pacer),
}

/// `until`, and whether it is long enough to count as an outage.
#[derive(Debug, Clone, Copy)]
struct Hold {
    until: Instant,
    long: bool,
}

#[derive(Debug)]
pub(super) struct Governor {
    settings: PressureSettings,
    state: State,
    hold: Option<Hold>,
    limit: Limit,
    window: Window,
    meter: Meter,
    returns: Returns,
    /// Pauses since all was well.
    pauses: u32,
    under_way: usize,
    serial: u64,
    /// Outcomes of calls from before a change of state say nothing about after it.
    epoch: u64,
    changes: Vec<Change>,
}

impl Governor {
    pub(super) fn new(settings: PressureSettings, ceiling: usize) -> Self {
        Self {
            settings,
            state: State::Closed,
            hold: None,
            limit: Limit::new(ceiling),
            window: Window::default(),
            meter: Meter::default(),
            returns: Returns::default(),
            pauses: 0,
            under_way: 0,
            serial: 0,
            epoch: 0,
            changes: Vec::new(),
        }
    }

    /// For whoever comes and finds `in_line` others waiting. `patience`: how long it would wait.
    pub(super) fn admit(
        &mut self,
        now: Instant,
        chance: f64,
        (slot, in_line): (bool, usize),
        patience: Duration,
    ) -> Admission {
        let turn = if in_line == 0 { self.turn(now, slot) } else { self.turn_after(now, in_line) };
        match turn {
            Turn::Go(pass) => Admission::Go(pass),
            Turn::Full => Admission::LineUp(Duration::MAX),
            Turn::Wait(wait) if wait <= patience => Admission::LineUp(wait),
            Turn::Wait(wait) | Turn::Closed(wait) => {
                Admission::HeldBack(self.hold_back(now, wait, chance))
            }
        }
    }

    /// For the first in line. A pass once given must come back.
    pub(super) fn turn(&mut self, now: Instant, slot: bool) -> Turn {
        self.refresh(now);
        if let Some(held) = self.held(now) {
            return held;
        }
        let serial = self.serial;
        let full = slot && self.under_way >= self.limit.current();
        let mut probe = false;
        match &mut self.state {
            State::Open { until, .. } if *until > now => {
                return Turn::Closed(until.duration_since(now));
            }
            State::Open { seat: Some(_), .. } => return Turn::Closed(Duration::ZERO),
            State::Open { seat, .. } => {
                *seat = Some(serial);
                probe = true;
            }
            State::Recovering(pacer) => {
                let wait = pacer.wait(now, 0);
                if !wait.is_zero() {
                    pacer.waited_at = now;
                    return Turn::Wait(wait);
                }
                if full {
                    return Turn::Full;
                }
                pacer.pass(now);
            }
            State::Closed if full => return Turn::Full,
            State::Closed => {}
        }
        let slot = slot && !probe;
        self.serial += 1;
        self.under_way += usize::from(slot);
        Turn::Go(Pass { serial, epoch: self.epoch, slot, probe })
    }

    /// What to expect for whoever stands behind `ahead` others.
    pub(super) fn turn_after(&mut self, now: Instant, ahead: usize) -> Turn {
        self.refresh(now);
        if let Some(held) = self.held(now) {
            return held;
        }
        match &mut self.state {
            State::Closed => Turn::Full,
            State::Open { until, .. } => Turn::Closed(until.saturating_duration_since(now)),
            State::Recovering(pacer) => {
                pacer.waited_at = now;
                Turn::Wait(pacer.wait(now, ahead))
            }
        }
    }

    /// What `Retry-After` leaves: a short rest is waited for in place, whoever has to wait.
    fn held(&self, now: Instant) -> Option<Turn> {
        let wait = self.hold?.until.saturating_duration_since(now);
        Some(if wait > self.settings.patience { Turn::Closed(wait) } else { Turn::Wait(wait) })
    }

    /// For somebody who has waited in vain, or found the host away.
    pub(super) fn send_away(&mut self, now: Instant, chance: f64) -> Duration {
        let held = self.hold.map_or(now, |hold| hold.until);
        let until = match &self.state {
            State::Open { until, .. } => held.max(*until),
            State::Closed | State::Recovering(_) => held,
        };
        self.hold_back(now, until.saturating_duration_since(now), chance)
    }

    /// When somebody who is not let through is to come back; each one later than the one before.
    fn hold_back(&mut self, now: Instant, wait: Duration, chance: f64) -> Duration {
        let rate = match &self.state {
            State::Recovering(pacer) => pacer.ceiling(),
            State::Closed | State::Open { .. } => self.new_pacer(now).ceiling(),
        };
        self.returns.take(now, now + wait, return_gap(rate), chance)
    }

    /// The exchange has ended, or its caller has gone.
    pub(super) fn end(&mut self, now: Instant, pass: Pass, verdict: Verdict, chance: f64) {
        self.refresh(now);
        let under_way = self.under_way;
        self.under_way -= usize::from(pass.slot);
        if verdict.overload {
            self.limit.shrink(pass.serial, self.serial);
        } else if verdict.sign == Sign::Alive && pass.slot {
            self.limit.grow(under_way);
        }
        if let Some(wait) = verdict.hold.filter(|wait| !wait.is_zero()) {
            self.begin_hold(now, wait);
        }
        if pass.epoch == self.epoch {
            self.learn(now, pass, verdict.sign, chance);
        }
    }

    fn learn(&mut self, now: Instant, pass: Pass, sign: Sign, chance: f64) {
        let failed = sign == Sign::Failed;
        if sign != Sign::Nothing {
            self.window.note(now, failed);
        }
        let opens = match &mut self.state {
            State::Open { seat, .. } => {
                if *seat != Some(pass.serial) {
                    return;
                }
                *seat = None;
                if sign == Sign::Alive {
                    return self.recover(now);
                }
                failed
            }
            State::Closed => {
                if sign == Sign::Alive {
                    self.meter.count(now);
                }
                failed && self.window.is_bad(now, self.settings.lull)
            }
            State::Recovering(pacer) => {
                match sign {
                    Sign::Alive => pacer.succeeded(now, self.settings.doubling),
                    Sign::Failed => pacer.failed(now, self.settings.trust_after),
                    Sign::Nothing => {}
                }
                failed && self.window.is_failing_again()
            }
        };
        if opens {
            self.open(now, chance);
        }
    }

    fn open(&mut self, now: Instant, chance: f64) {
        let PressureSettings { first_pause, longest_pause, .. } = self.settings;
        let pause = breaker::pause(first_pause, longest_pause, self.pauses, chance);
        self.pauses = self.pauses.saturating_add(1);
        self.state = State::Open { until: now + pause, seat: None };
        self.epoch += 1;
        self.window = Window::default();
        self.meter.rest();
        self.limit.restart();
        self.changes.push(Change::Opened { pause });
    }

    fn begin_hold(&mut self, now: Instant, wait: Duration) {
        let wait = wait.min(self.settings.longest_hold);
        let until = now + wait;
        if self.hold.is_some_and(|hold| hold.until >= until) {
            return;
        }
        let long = wait > self.settings.patience;
        if long && !self.hold.is_some_and(|hold| hold.long) {
            self.changes.push(Change::Held { wait });
        }
        self.hold = Some(Hold { until, long: long || self.hold.is_some_and(|hold| hold.long) });
    }

    fn recover(&mut self, now: Instant) {
        let pacer = self.new_pacer(now);
        let (pace, steady) = (pacer.rate(), self.meter.rate());
        self.state = State::Recovering(pacer);
        self.epoch += 1;
        self.window = Window::default();
        self.meter.rest();
        self.changes.push(Change::Recovering { pace, steady });
    }

    fn new_pacer(&self, now: Instant) -> Pacer {
        let PressureSettings { least_rate, trust_after, .. } = self.settings;
        Pacer::new(now, self.meter.rate(), least_rate, trust_after)
    }

    /// What time alone changes.
    fn refresh(&mut self, now: Instant) {
        if let Some(hold) = self.hold.filter(|hold| hold.until <= now) {
            self.hold = None;
            if hold.long && matches!(self.state, State::Closed | State::Recovering(_)) {
                self.recover(now);
            }
        }
        let State::Recovering(pacer) = &self.state else { return };
        let calm = now.saturating_duration_since(pacer.waited_at) >= self.settings.calm;
        if calm && pacer.has_success && !self.returns.are_awaited(now) {
            self.state = State::Closed;
            self.epoch += 1;
            self.pauses = 0;
            self.changes.push(Change::Closed);
        }
    }

    /// Whether calls wait because of us rather than because of the ceiling.
    pub(super) fn holds_back(&self) -> bool {
        self.limit.is_reduced() || !matches!(self.state, State::Closed) || self.hold.is_some()
    }

    pub(super) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    pub(super) fn snapshot(&mut self, now: Instant, waiting: usize) -> Pressure {
        self.refresh(now);
        let held = self.hold.map(|hold| hold.until.saturating_duration_since(now));
        let (state, for_at_least, pace) = match &self.state {
            State::Closed if held.is_some() => (PressureState::Open, held, None),
            State::Closed => (PressureState::Closed, None, None),
            State::Open { until, .. } if *until > now => {
                (PressureState::Open, Some(until.duration_since(now)).max(held), None)
            }
            State::Open { .. } => (PressureState::HalfOpen, held, None),
            State::Recovering(pacer) => (PressureState::Recovering, held, Some(pacer.rate())),
        };
        Pressure {
            state,
            for_at_least,
            limit: self.limit.current(),
            under_way: self.under_way,
            waiting,
            steady_rate: self.meter.rate(),
            pace,
        }
    }
}
