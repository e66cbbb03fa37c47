//! Where calls wait. Locks, counts and sleeps; the governor decides.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout_at};

use super::governor::{Admission, Change, Governor, Pass, Turn};
use super::line::{Line, Ticket};
use super::settings::PressureSettings;
use super::snapshot::Pressure;
use super::verdict::Verdict;
use crate::cyclr::error::NotSent;

/// Those who wait look by themselves now and then: what time alone changes wakes nobody.
const HEARTBEAT: Duration = Duration::from_millis(250);

/// Who wants to pass.
#[derive(Debug, Clone, Copy)]
pub(in crate::cyclr) struct Caller {
    /// The token request goes without a slot and past the line: those who wait may need the token.
    pub(in crate::cyclr) needs_slot: bool,
    /// It has been let through before in this run. To turn it away now would waste what it did.
    pub(in crate::cyclr) is_under_way: bool,
    /// It is about something begun already, or a person waits: see [`Line`].
    pub(in crate::cyclr) goes_on: bool,
    /// Nothing is sent any more after this.
    pub(in crate::cyclr) last_start: Instant,
}

pub(in crate::cyclr) struct Gate(Arc<Shared>);

struct Shared {
    inside: Mutex<Inside>,
    patience: Duration,
}

struct Inside {
    governor: Governor,
    line: Line<Answer>,
}

/// A permit, or how long to stay away.
type Answer = Result<Permit, Duration>;

/// Leave to make one exchange. Dropped, it is given back and says nothing about the host.
pub(in crate::cyclr) struct Permit {
    shared: Arc<Shared>,
    pass: Option<Pass>,
}

/// A place in the line, left when dropped.
struct Place<'a> {
    shared: &'a Arc<Shared>,
    ticket: Ticket,
}

impl Gate {
    pub(in crate::cyclr) fn new(settings: PressureSettings, ceiling: usize) -> Self {
        let patience = settings.patience;
        let governor = Governor::new(settings, ceiling);
        let inside = Inside { governor, line: Line::default() };
        Self(Arc::new(Shared { inside: Mutex::new(inside), patience }))
    }

    /// Waits for its turn where that is soon.
    pub(in crate::cyclr) async fn enter(&self, caller: Caller) -> Result<Permit, NotSent> {
        loop {
            let now = Instant::now();
            let left = caller.last_start.saturating_duration_since(now);
            // Several such waits must fit into the lease of whoever is at work.
            let longest = if caller.is_under_way { left / 4 } else { self.0.patience };
            let patience = longest.min(left);
            let door = self.0.change(|inside, _| {
                let ahead =
                    if caller.needs_slot { inside.line.ahead_of(caller.goes_on) } else { 0 };
                let slot = (caller.needs_slot, ahead);
                match inside.governor.admit(now.into_std(), rand::random(), slot, patience) {
                    Admission::LineUp(wait) if caller.needs_slot => {
                        let (ticket, answer) = inside.line.join(caller.goes_on, now);
                        Door::Line { ticket, answer, wait }
                    }
                    Admission::LineUp(wait) => Door::Later(wait),
                    Admission::Go(pass) => Door::Open(self.0.permit(pass)),
                    Admission::HeldBack(wait) => Door::Closed(wait),
                }
            });
            match door {
                Door::Open(permit) => return Ok(permit),
                Door::Closed(for_at_least) => return Err(NotSent::HeldBack { for_at_least }),
                Door::Later(wait) => sleep(wait).await,
                Door::Line { ticket, answer, wait } => {
                    let place = Place { shared: &self.0, ticket };
                    return place.wait(answer, wait, caller.last_start).await;
                }
            }
        }
    }

    /// For whoever found out that the host is still away.
    pub(in crate::cyclr) fn held_back(&self) -> NotSent {
        let for_at_least = self.0.change(|inside, _| inside.hold_back());
        NotSent::HeldBack { for_at_least }
    }

    pub(in crate::cyclr) fn pressure(&self) -> Pressure {
        let now = Instant::now().into_std();
        self.0.change(|inside, _| {
            let waiting = inside.line.len();
            inside.governor.snapshot(now, waiting)
        })
    }
}

enum Door {
    Open(Permit),
    Closed(Duration),
    Later(Duration),
    Line { ticket: Ticket, answer: oneshot::Receiver<Answer>, wait: Duration },
}

impl Place<'_> {
    async fn wait(
        self,
        mut answer: oneshot::Receiver<Answer>,
        wait: Duration,
        last_start: Instant,
    ) -> Result<Permit, NotSent> {
        let mut wait = wait;
        loop {
            let look_at = (Instant::now() + wait.min(HEARTBEAT)).min(last_start);
            match timeout_at(look_at, &mut answer).await {
                Ok(Ok(Ok(permit))) if Instant::now() <= last_start => return Ok(permit),
                Ok(Ok(Err(for_at_least))) => return Err(NotSent::HeldBack { for_at_least }),
                Ok(Ok(Ok(_)) | Err(_)) => return Err(self.too_late()),
                Err(_) if Instant::now() >= last_start => return Err(self.too_late()),
                Err(_) => wait = self.look(),
            }
        }
    }

    /// Lets through whoever may pass; says when to look again.
    fn look(&self) -> Duration {
        let now = Instant::now().into_std();
        self.shared.change(|inside, leftover| {
            inside.pump(now, self.shared, leftover);
            let ahead = inside.line.ahead(self.ticket);
            match ahead.map(|ahead| inside.governor.turn_after(now, ahead)) {
                Some(Turn::Wait(wait)) => wait.max(Duration::from_millis(1)),
                Some(Turn::Go(_) | Turn::Full | Turn::Closed(_)) | None => HEARTBEAT,
            }
        })
    }

    /// At the ceiling this is a matter of luck; below it, of our own restraint.
    fn too_late(&self) -> NotSent {
        self.shared.change(|inside, _| {
            if inside.governor.holds_back() {
                NotSent::HeldBack { for_at_least: inside.hold_back() }
            } else {
                NotSent::NoSlot
            }
        })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.shared.change(|inside, _| {
            // Not there any more: its answer is on the way, and what comes with it is given back.
            inside.line.leave(self.ticket);
        });
    }
}

impl Permit {
    pub(in crate::cyclr) fn is_probe(&self) -> bool {
        self.pass.is_some_and(|pass| pass.probe)
    }

    pub(in crate::cyclr) fn end(mut self, verdict: Verdict) {
        self.give_back(verdict);
    }

    /// A probe that found no reason against going on, and did not ask what matters.
    pub(in crate::cyclr) fn leave_open(self) {
        self.end(Verdict::NOTHING);
    }

    fn give_back(&mut self, verdict: Verdict) {
        let Some(pass) = self.pass.take() else { return };
        let now = Instant::now().into_std();
        self.shared.change(|inside, leftover| {
            inside.governor.end(now, pass, verdict, rand::random());
            inside.pump(now, &self.shared, leftover);
        });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.give_back(Verdict::NOTHING);
    }
}

impl Shared {
    /// What is left over is dropped after the lock, since a permit takes it again; operators are told
    /// after it, too. Once nothing is sent any more, nobody is left standing in line.
    fn change<T>(&self, work: impl FnOnce(&mut Inside, &mut Vec<Answer>) -> T) -> T {
        let mut leftover = Vec::new();
        let (result, changes) = {
            let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
            let result = work(&mut inside, &mut leftover);
            let changes = inside.governor.take_changes();
            if changes.iter().any(Change::sends_away) {
                inside.clear_line(&mut leftover);
            }
            (result, changes)
        };
        changes.into_iter().for_each(Change::tell);
        result
    }

    fn permit(self: &Arc<Self>, pass: Pass) -> Permit {
        Permit { shared: Arc::clone(self), pass: Some(pass) }
    }
}

impl Inside {
    /// Lets those pass whose turn it is, from the front.
    fn pump(&mut self, now: std::time::Instant, shared: &Arc<Shared>, leftover: &mut Vec<Answer>) {
        while !self.line.is_empty()
            && let Turn::Go(pass) = self.governor.turn(now, true)
        {
            let permit = shared.permit(pass);
            let Some(answer) = self.line.next() else {
                leftover.push(Ok(permit));
                return;
            };
            leftover.extend(answer.send(Ok(permit)).err());
        }
    }

    fn clear_line(&mut self, leftover: &mut Vec<Answer>) {
        for answer in self.line.clear() {
            let wait = self.hold_back();
            leftover.extend(answer.send(Err(wait)).err());
        }
    }

    fn hold_back(&mut self) -> Duration {
        self.governor.send_away(Instant::now().into_std(), rand::random())
    }
}

impl Change {
    fn sends_away(&self) -> bool {
        match self {
            Self::Opened { .. } | Self::Held { .. } => true,
            Self::Recovering { .. } | Self::Closed => false,
        }
    }

    fn tell(self) {
        match self {
            Self::Opened { pause } => tracing::warn!(
                seconds = pause.as_secs_f64(),
                "Cyclr is away or overwhelmed: nothing is sent to it for now, then one call to see \
                 whether it is back; onboardings wait and lose no try"
            ),
            Self::Held { wait } => tracing::warn!(
                seconds = wait.as_secs_f64(),
                "Cyclr asked us to wait: nothing is sent to it until then"
            ),
            Self::Recovering { pace, steady } => tracing::info!(
                calls_per_second = pace,
                steady_calls_per_second = steady,
                "Cyclr answers again: calls go on at a measured pace that grows while all is well"
            ),
            Self::Closed => tracing::info!("Cyclr is well again: calls are no longer held back"),
        }
    }
}
