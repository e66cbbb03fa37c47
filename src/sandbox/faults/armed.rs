//! The faults in force: which call each of them strikes, and the calls that are held.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Serialize;
use tokio::sync::watch;

use super::read::OnThisCall;
use super::{Fault, FaultKind};

/// The faults in force, and the calls that are being held because of them.
#[derive(Debug, Default)]
pub(in super::super) struct Faults {
    /// Spares the lock while there is nothing to strike with.
    any: AtomicBool,
    list: Mutex<List>,
    held: watch::Sender<usize>,
    released: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct List {
    armed: Vec<Armed>,
    /// Faults there ever were: two with the same seed must not strike in step.
    count: u64,
}

#[derive(Debug)]
struct Armed {
    number: u64,
    struck: u64,
    fault: Fault,
    dice: StdRng,
}

/// A fault in force, as the control surface lists it.
#[derive(Debug, Serialize)]
pub(in super::super) struct InForce {
    number: u64,
    /// Calls that it has struck.
    struck: u64,
    /// What is left of it: `times` and `skip` are those still to come.
    #[serde(flatten)]
    fault: Fault,
}

/// Which fault struck a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StruckBy {
    /// The number that it was given when it came into force; 0 when it came with the call.
    pub number: u64,
    pub kind: &'static str,
}

/// A call is struck: by what, and the signal that ends its hold.
pub(in super::super) struct Strike {
    pub(in super::super) kind: FaultKind,
    pub(in super::super) by: StruckBy,
    /// Where the dice of this strike begin.
    pub(in super::super) seed: u64,
    pub(in super::super) hold: Hold,
}

/// Taken under the same lock as the strike, so that a clearing right after it is not missed.
pub(in super::super) struct Hold {
    held: watch::Sender<usize>,
    released: watch::Receiver<()>,
}

impl Faults {
    /// Gives the number of the fault.
    pub(in super::super) fn inject(&self, fault: Fault) -> u64 {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.count += 1;
        let number = list.count;
        let dice = StdRng::seed_from_u64(fault.seed ^ number.rotate_left(32));
        list.armed.push(Armed { number, struck: 0, fault, dice });
        self.any.store(true, Ordering::Release);
        number
    }

    /// Held calls go on.
    pub(in super::super) fn clear(&self) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.armed.clear();
        self.any.store(false, Ordering::Release);
        self.released.send_replace(());
    }

    /// Those that may still strike.
    pub(in super::super) fn in_force(&self) -> Vec<InForce> {
        let list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = list.armed.iter().map(|armed| InForce {
            number: armed.number,
            struck: armed.struck,
            fault: armed.fault.clone(),
        });
        shown.collect()
    }

    pub(in super::super) fn strike(&self, method: &str, path: &str) -> Option<Strike> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let (kind, number, seed) =
            list.armed.iter_mut().find_map(|armed| armed.take_aim(method, path))?;
        list.armed.retain(|armed| armed.fault.times > 0);
        self.any.store(!list.armed.is_empty(), Ordering::Release);
        let by = StruckBy { number, kind: kind.name() };
        Some(Strike { kind, by, seed, hold: self.hold() })
    }

    /// The call brought its own fault.
    pub(in super::super) fn strike_this(&self, order: OnThisCall) -> Strike {
        let _list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let by = StruckBy { number: 0, kind: order.kind.name() };
        Strike { kind: order.kind, by, seed: order.seed, hold: self.hold() }
    }

    fn hold(&self) -> Hold {
        Hold { held: self.held.clone(), released: self.released.subscribe() }
    }

    /// Done as soon as at least one call is being held, or none is.
    pub(in super::super) fn wait_until(
        &self,
        any: bool,
    ) -> impl Future<Output = ()> + Send + use<> {
        let mut held = self.held.subscribe();
        async move {
            // Fails only when the sandbox is gone, and then nobody waits for its calls.
            let _ = held.wait_for(|count| (*count > 0) == any).await;
        }
    }
}

impl Armed {
    /// How it strikes this call, its number, and the seed of this strike.
    fn take_aim(&mut self, method: &str, path: &str) -> Option<(FaultKind, u64, u64)> {
        let fault = &mut self.fault;
        let asked =
            fault.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method));
        if !asked || fault.times == 0 || !matches(&fault.path, path) {
            return None;
        }
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        if fault.chance.is_some_and(|chance| self.dice.random::<f64>() >= chance) {
            return None;
        }
        // A fault for `u32::MAX` calls is meant to last.
        if fault.times < u32::MAX {
            fault.times -= 1;
        }
        let seed = fault.seed.wrapping_add(self.struck);
        self.struck += 1;
        Some((fault.kind.clone(), self.number, seed))
    }
}

impl Hold {
    /// Comes back when the faults are cleared. Dropped when the client goes away.
    pub(in super::super) async fn until_cleared(mut self) {
        self.held.send_modify(|count| *count += 1);
        let _counted = Counted(self.held);
        // Fails only when the sandbox is gone.
        let _ = self.released.changed().await;
    }
}

/// Counts a held call down, also when its future is dropped.
struct Counted(watch::Sender<usize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    let mut wanted = pattern.split('/').peekable();
    let mut given = path.split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) if wanted.peek().is_none() => return true,
            (Some("*" | "{}"), Some(_)) => {}
            (Some(wanted), Some(given)) if wanted == given => {}
            (None | Some(_), None | Some(_)) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_a_segment_or_the_whole_tail() {
        assert!(matches("/v1.0/templates/*/install", "/v1.0/templates/a/install"));
        assert!(!matches("/v1.0/templates/*/install", "/v1.0/templates/a/b/install"));
        assert!(matches("/v1.0/*", "/v1.0/cycles/a/steps"));
        assert!(!matches("/v1.0/*", "/v1.0"));
        assert!(matches("/v1.0/cycles/{}", "/v1.0/cycles/a"));
        assert!(!matches("/v1.0/cycles/{}", "/v1.0/cycles/a/steps"));
        assert!(!matches("/v1.0/cycles", "/v1.0/cycles/a"));
    }

    #[test]
    fn a_fault_skips_then_strikes_then_is_over() {
        let faults = Faults::default();
        let text = r#"{"method":"get","path":"/a","times":2,"skip":1,"kind":"drop_before"}"#;
        faults.inject(serde_json::from_str(text).unwrap());
        let struck = || faults.strike("GET", "/a").is_some();
        assert_eq!([struck(), struck(), struck(), struck()], [false, true, true, false]);
    }

    /// Which of 1,000 calls are struck by each of two faults with the same chance.
    fn struck(chance: f64, seed: u64) -> Vec<Option<FaultKind>> {
        let faults = Faults::default();
        for kind in [FaultKind::DropBefore, FaultKind::LoseAnswer] {
            let lasting = Fault::once("GET", "/a", kind);
            faults.inject(Fault { times: u32::MAX, chance: Some(chance), seed, ..lasting });
        }
        (0..1000).map(|_| faults.strike("GET", "/a").map(|strike| strike.kind)).collect()
    }

    #[test]
    fn a_chance_strikes_its_share_and_the_same_seed_the_same_calls() {
        let some = struck(0.3, 7);
        let share = |kind: &FaultKind| some.iter().flatten().filter(|one| *one == kind).count();
        // Three in ten; then three in ten of the seven that are left.
        assert!((240..360).contains(&share(&FaultKind::DropBefore)));
        assert!((150..270).contains(&share(&FaultKind::LoseAnswer)));
        assert!(some == struck(0.3, 7) && some != struck(0.3, 8));
        assert!(struck(0.0, 7).iter().all(Option::is_none));
        assert!(struck(1.0, 7).iter().all(Option::is_some));
    }

    #[test]
    fn only_strikes_count_where_there_is_a_chance() {
        let faults = Faults::default();
        let half = Fault::once("GET", "/a", FaultKind::DropBefore);
        faults.inject(Fault { times: 5, chance: Some(0.5), ..half });
        assert_eq!((0..1000).filter(|_| faults.strike("GET", "/a").is_some()).count(), 5);
    }
}
