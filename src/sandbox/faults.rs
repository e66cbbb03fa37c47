//! Faults on demand: which call is struck, and how.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

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
    /// Not performed; answers 401 and forgets every access token.
    TokenRevoked,
}

/// The faults in force, and the calls that are being held because of them.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// Spares the lock while there is nothing to strike with.
    any: AtomicBool,
    list: Mutex<Vec<Fault>>,
    held: watch::Sender<usize>,
    released: watch::Sender<()>,
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
        list.push(fault);
        self.any.store(true, Ordering::Release);
    }

    /// Held calls go on.
    pub(super) fn clear(&self) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.clear();
        self.any.store(false, Ordering::Release);
        self.released.send_replace(());
    }

    pub(super) fn strike(&self, method: &str, path: &str) -> Option<Strike> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = list.iter_mut().find_map(|fault| fault.take_aim(method, path))?;
        list.retain(|fault| fault.times > 0);
        self.any.store(!list.is_empty(), Ordering::Release);
        let hold = Hold { held: self.held.clone(), released: self.released.subscribe() };
        Some(Strike { kind, hold })
    }

    /// Done as soon as at least one call is being held.
    pub(super) fn wait_until_held(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut held = self.held.subscribe();
        async move {
            // Fails only when the sandbox is gone, and then nobody waits for its calls.
            let _ = held.wait_for(|count| *count > 0).await;
        }
    }
}

impl Fault {
    fn take_aim(&mut self, method: &str, path: &str) -> Option<FaultKind> {
        let asked = self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method));
        if !asked || self.times == 0 || !matches(&self.path, path) {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        // A fault for `u32::MAX` calls is meant to last.
        if self.times < u32::MAX {
            self.times -= 1;
        }
        Some(self.kind.clone())
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
        let text = r#"{"path":"/a","kind":"refuse","status":429,"retry_after":"7"}"#;
        let fault: Fault = serde_json::from_str(text).unwrap();
        let retry_after = Some("7".to_owned());
        let kind = FaultKind::Refuse { status: 429, message: String::new(), retry_after };
        assert_eq!((fault.kind, fault.times, fault.skip), (kind, 1, 0));
    }
}
