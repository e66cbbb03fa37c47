//! Faults on demand: which call is struck, and how.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// One thing that goes wrong for some calls.
///
/// As JSON the fields of the kind stand beside the others:
/// `{"path": "/v1.0/templates/*/install", "times": 1, "kind": "refuse", "status": 503, "message": ""}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Any method when absent; compared without regard to case.
    #[serde(default)]
    pub method: Option<String>,
    /// Path without query. `*` stands for one segment and, as the last one, for all that follow;
    /// `{}` stands for exactly one segment everywhere.
    pub path: String,
    /// How many matching calls it strikes.
    #[serde(default = "once")]
    pub times: u32,
    /// How many matching calls pass before that.
    #[serde(default)]
    pub skip: u32,
    /// Which share of the matching calls it strikes, from 0 to 1; all of them when absent. A call
    /// that it lets pass may be struck by the next fault.
    #[serde(default)]
    pub chance: Option<f64>,
    /// Where the dice of `chance` begin: given the same seed, and calls in the same order, the same
    /// ones are struck.
    #[serde(default)]
    pub seed: u64,
    #[serde(flatten)]
    pub kind: FaultKind,
}

fn once() -> u32 {
    1
}

/// How a struck call goes wrong. "Performed" means that the world has changed as asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// Not performed; answers this status and `{"Message": …}`.
    Refuse {
        status: u16,
        #[serde(default)]
        message: String,
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// Not performed; the connection dies without an answer.
    DropBefore,
    /// Performed; the connection dies without an answer.
    LoseAnswer,
    /// Performed after a pause, unless the client has gone by then.
    StallBefore { seconds: f64 },
    /// Performed at once; answered after a pause.
    StallAfter { seconds: f64 },
    /// Waits until the faults are cleared and is performed then, unless the client has gone.
    HoldBefore,
    /// Performed at once; answered when the faults are cleared.
    HoldAfter,
    /// Performed; answers 200 with an HTML page, as a proxy might.
    Html,
    /// Performed; the JSON of the answer breaks off.
    Truncated,
    /// Performed; the body of the answer does not end.
    Huge,
    /// Performed; the body of the answer comes one byte a second and does not end.
    Drip,
    /// The connection dies at once without an answer; performed that much later by the sandbox's
    /// clock, although nobody waits for it any more. Clearing the faults does not take it back.
    CommitLate { seconds: f64 },
    /// Not performed; answers 401 and forgets every access token.
    TokenRevoked,
}

/// The faults in force, and the calls that are being held because of them.
#[derive(Debug, Default)]
pub(super) struct Faults {
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
    fault: Fault,
    dice: StdRng,
}

/// A call is struck: by what, and the signal that ends its hold.
pub(super) struct Strike {
    pub(super) kind: FaultKind,
    pub(super) hold: Hold,
}

/// Taken under the same lock as the strike, so that a clearing right after it is not missed.
pub(super) struct Hold {
    held: watch::Sender<usize>,
    released: watch::Receiver<()>,
}

impl Faults {
    pub(super) fn inject(&self, fault: Fault) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.count += 1;
        let dice = StdRng::seed_from_u64(fault.seed ^ list.count.rotate_left(32));
        list.armed.push(Armed { fault, dice });
        self.any.store(true, Ordering::Release);
    }

    /// Held calls go on.
    pub(super) fn clear(&self) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.armed.clear();
        self.any.store(false, Ordering::Release);
        self.released.send_replace(());
    }

    pub(super) fn strike(&self, method: &str, path: &str) -> Option<Strike> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = list.armed.iter_mut().find_map(|armed| armed.take_aim(method, path))?;
        list.armed.retain(|armed| armed.fault.times > 0);
        self.any.store(!list.armed.is_empty(), Ordering::Release);
        let hold = Hold { held: self.held.clone(), released: self.released.subscribe() };
        Some(Strike { kind, hold })
    }

    /// Done as soon as at least one call is being held, or none is.
    pub(super) fn wait_until(&self, any: bool) -> impl Future<Output = ()> + Send + use<> {
        let mut held = self.held.subscribe();
        async move {
            // Fails only when the sandbox is gone, and then nobody waits for its calls.
            let _ = held.wait_for(|count| (*count > 0) == any).await;
        }
    }
}

impl Fault {
    /// Strikes the next call of this method and path.
    pub fn once(method: &str, path: &str, kind: FaultKind) -> Self {
        Self {
            method: Some(method.to_owned()),
            path: path.to_owned(),
            times: 1,
            skip: 0,
            chance: None,
            seed: 0,
            kind,
        }
    }
}

impl Armed {
    fn take_aim(&mut self, method: &str, path: &str) -> Option<FaultKind> {
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
        Some(fault.kind.clone())
    }
}

impl Hold {
    /// Comes back when the faults are cleared. Dropped when the client goes away.
    pub(super) async fn until_cleared(mut self) {
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

    #[test]
    fn a_fault_reads_as_flat_json() {
        let text = r#"{"path":"/a","chance":0.5,"kind":"refuse","status":429,"retry_after":"7"}"#;
        let fault: Fault = serde_json::from_str(text).unwrap();
        let retry_after = Some("7".to_owned());
        let kind = FaultKind::Refuse { status: 429, message: String::new(), retry_after };
        assert_eq!((fault.kind, fault.times, fault.skip), (kind, 1, 0));
        assert_eq!((fault.chance, fault.seed), (Some(0.5), 0));
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
