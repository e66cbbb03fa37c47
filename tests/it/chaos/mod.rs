//! Real processes on one database, killed, frozen and stopped at random while a third of what they
//! ask of Cyclr goes wrong. The judge looks at Cyclr's world and at what was accepted.
//!
//! The seed decides what the monkey does and what the sandbox strikes; how the processes interleave
//! is the machine's. `docs/reliability.md` says how to run it large.

mod driver;
mod judge;
mod monkey;
mod stage;
mod world;

use std::time::{Duration, Instant};

use driver::Driver;
use monkey::Monkey;
use stage::Stage;

/// How large a run is. Each can be set: `GANGWAY_CHAOS_ONBOARDINGS` and so on.
#[derive(Debug)]
struct Size {
    seed: u64,
    processes: usize,
    onboardings: usize,
    kills: usize,
    freezes: usize,
    stops: usize,
    postgres: usize,
    /// Mean time between two acts of the monkey.
    pace: Duration,
}

impl Size {
    fn read() -> Self {
        let set = |name: &str| {
            let text = std::env::var(format!("GANGWAY_CHAOS_{name}")).ok()?;
            Some(text.parse::<u64>().unwrap_or_else(|_| panic!("{name} is not a number")))
        };
        let count = |name: &str, default: usize| {
            set(name).map_or(default, |number| usize::try_from(number).unwrap())
        };
        let kills = count("KILLS", 10);
        Self {
            seed: set("SEED").unwrap_or_else(rand::random),
            processes: count("PROCESSES", 3),
            onboardings: count("ONBOARDINGS", 80),
            kills,
            freezes: count("FREEZES", kills.div_ceil(5)),
            stops: count("STOPS", kills.div_ceil(5)),
            postgres: count("POSTGRES", kills.div_ceil(40)),
            pace: Duration::from_millis(set("PACE_MILLISECONDS").unwrap_or(600)),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_dies_each_is_onboarded_once() {
    let size = Size::read();
    eprintln!("chaos: {size:?}");
    let begun = Instant::now();
    let mut stage = Stage::set(&size).await;
    world::begin_to_strike(&stage.sandbox, size.seed);
    let mut driver = Driver::new(&stage, size.onboardings);
    let monkey = Monkey::new(&size);
    monkey.rage(&mut stage, &mut driver).await;
    let accepted = driver.finish(&mut stage).await;
    let raged = begun.elapsed();

    let struck = stage.sandbox.calls().iter().filter(|call| call.method != "GET").count();
    stage.sandbox.clear_faults();
    stage.sandbox.wait_until_none_late().await;
    let calm = Instant::now();
    let verdict = judge::settle(&mut stage, &accepted).await;
    eprintln!(
        "chaos: seed {}, {} accepted, {} calls that change something, {:.0} s of chaos, \
         {:.0} s until all were at rest; {verdict}",
        size.seed,
        accepted.len(),
        struck,
        raged.as_secs_f64(),
        calm.elapsed().as_secs_f64(),
    );
    let wrong = judge::judge(&stage, &accepted, &verdict).await;
    assert!(wrong.is_empty(), "seed {}: {} wrong\n{}", size.seed, wrong.len(), wrong.join("\n"));
}
