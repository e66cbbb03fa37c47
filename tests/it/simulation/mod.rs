//! The pure machine with a small model of Cyclr, of the store and of the tenant's people around it,
//! driven by dice: many lives of onboardings, each from a seed of its own.
//!
//! `world` is what surrounds the machine, `check` is what must hold after every step. Two million
//! steps by default. More of them, and faster:
//!
//! ```sh
//! GANGWAY_SIMULATION_STEPS=200000000 cargo test --release --test it -- simulation:: --nocapture
//! ```
//!
//! A failure names the seed of its life. To live that one again, every step printed:
//!
//! ```sh
//! GANGWAY_SIMULATION_SEED=… cargo test --test it -- simulation:: --nocapture
//! ```

mod check;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use world::World;

const USUAL_STEPS: u64 = 2_000_000;
/// Lives run side by side.
const THREADS: u64 = 2;
/// A life that goes on for longer is cut off; it has shown what it can.
const LONGEST_LIFE: u64 = 400;
/// One state in so many is asked whether there is a way to the end of it.
const ASKED_FOR_THE_END: u64 = 16;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

/// Lives one life; says how many steps it took, and whether it went live.
fn live(seed: u64, told: bool) -> Result<(u64, bool), String> {
    let mut world = World::begin(seed);
    let mut steps = 0;
    // A few steps more, to see that an end is an end.
    let mut after_the_end = 0;
    while steps < LONGEST_LIFE && after_the_end < 5 {
        let what = world.step()?;
        if told {
            eprintln!("{steps}: {what}: {} {:?}", world.kept.step().name(), world.kept.status);
        }
        steps += 1;
        after_the_end += u64::from(world.kept.status.is_terminal());
        if steps % ASKED_FOR_THE_END == 0 {
            steps += world.reach_the_end()?;
        }
    }
    Ok((steps, world.kept.status == gangway::onboarding::Status::Live))
}

/// The same with a panic as a failure like any other.
fn live_safely(seed: u64, told: bool) -> (u64, bool) {
    match catch_unwind(AssertUnwindSafe(|| live(seed, told))) {
        Ok(Ok(lived)) => lived,
        Ok(Err(broken)) => panic!("seed {seed}: {broken}"),
        Err(panic) => {
            eprintln!("seed {seed}: panicked");
            resume_unwind(panic)
        }
    }
}

#[test]
fn whatever_happens_the_machine_keeps_its_rules() {
    if let Some(seed) = number("GANGWAY_SIMULATION_SEED") {
        live_safely(seed, true);
        return;
    }
    let wanted = number("GANGWAY_SIMULATION_STEPS").unwrap_or(USUAL_STEPS);
    let began = Instant::now();
    let live_some = |thread: u64| {
        // Seeds from 1, dealt out in turn.
        let (mut steps, mut lives, mut arrived, mut seed) = (0, 0, 0, thread + 1);
        while steps < wanted / THREADS {
            let (more, is_live) = live_safely(seed, false);
            steps += more;
            lives += 1;
            arrived += u64::from(is_live);
            seed += THREADS;
        }
        [steps, lives, arrived]
    };
    let counts = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..THREADS).map(|thread| scope.spawn(move || live_some(thread))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let [steps, lives, arrived] = [0, 1, 2].map(|at| counts.iter().map(|c| c[at]).sum::<u64>());
    let seconds = began.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "shown, not counted with")]
    let rate = steps as f64 / seconds;
    eprintln!(
        "{steps} steps in {lives} lives from seed 1 on, {rate:.0} steps/s; {arrived} went live"
    );
    assert!(arrived * 5 > lives, "lives must get somewhere: {arrived} of {lives}");
}
