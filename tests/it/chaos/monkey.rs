//! What befalls the processes and the database, in an order that the seed decides.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{RngExt as _, SeedableRng as _};
use rustix::process::Signal;

use super::Size;
use super::driver::Driver;
use super::stage::{LEASE, Stage, State};

/// How often the stage is looked after while nothing happens.
const STEP: Duration = Duration::from_millis(25);

#[derive(Debug, Clone, Copy)]
enum Act {
    Kill,
    /// For longer than the lease: when it wakes, others have its work.
    Freeze,
    Stop,
    Postgres(Signal),
}

pub(super) struct Monkey {
    acts: Vec<Act>,
    dice: StdRng,
    pace: Duration,
}

impl Monkey {
    pub(super) fn new(size: &Size) -> Self {
        let mut dice = StdRng::seed_from_u64(size.seed);
        let mut acts = vec![Act::Kill; size.kills];
        acts.extend(vec![Act::Freeze; size.freezes]);
        acts.extend(vec![Act::Stop; size.stops]);
        let ways = [Signal::QUIT, Signal::KILL];
        acts.extend((0..size.postgres).map(|n| Act::Postgres(ways[n % ways.len()])));
        acts.shuffle(&mut dice);
        Self { acts, dice, pace: size.pace }
    }

    /// Onboardings are started in step with the acts, so that there is always some under way.
    pub(super) async fn rage(mut self, stage: &mut Stage, driver: &mut Driver) {
        let count = self.acts.len();
        for (done, act) in std::mem::take(&mut self.acts).into_iter().enumerate() {
            driver.let_start(done + 1, count + 1);
            self.pause(stage).await;
            self.perform(act, stage).await;
        }
        driver.let_start(1, 1);
    }

    async fn pause(&mut self, stage: &mut Stage) {
        let until = Instant::now() + self.pace.mul_f64(self.dice.random_range(0.2..1.8));
        while Instant::now() < until {
            stage.keep_up();
            tokio::time::sleep(STEP).await;
        }
    }

    async fn perform(&mut self, act: Act, stage: &mut Stage) {
        if let Act::Postgres(signal) = act {
            return stage.strike_postgres(signal);
        }
        let more = self.dice.random_range(1.0..3.0);
        let victim = loop {
            stage.keep_up();
            let up: Vec<_> =
                (0..stage.replicas.len()).filter(|one| stage.replicas[*one].is_up()).collect();
            // One is left to work, but for a kill.
            if up.len() > 1 || (matches!(act, Act::Kill) && !up.is_empty()) {
                break *up.choose(&mut self.dice).unwrap();
            }
            tokio::time::sleep(STEP).await;
        };
        let victim = &mut stage.replicas[victim];
        match act {
            Act::Kill => victim.kill(),
            Act::Freeze => {
                victim.signal(Signal::STOP);
                let until = Instant::now() + LEASE + Duration::from_secs_f64(more);
                victim.state = State::Frozen { until };
            }
            Act::Stop => {
                victim.signal(Signal::TERM);
                victim.state = State::Leaving { since: Instant::now() };
            }
            Act::Postgres(_) => {}
        }
    }
}
