//! What ties the server to us: a pipe that closes when we go, and the word that we want it gone.

use std::process::ChildStdin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Our end. Dropping it cuts the lifeline.
#[derive(Debug, Default)]
pub(super) struct Rope(Arc<Lifeline>);

impl Rope {
    pub(super) fn lifeline(&self) -> Arc<Lifeline> {
        Arc::clone(&self.0)
    }

    /// Asks the server to stop, now and for good.
    pub(super) fn cut(&self) {
        let mut state = self.0.lock();
        state.cut = true;
        state.pipe = None;
        self.0.changed.notify_all();
    }

    pub(super) fn force(&self, force: Force) {
        self.0.force(force);
    }
}

impl Drop for Rope {
    fn drop(&mut self) {
        self.cut();
    }
}

/// How a server is stopped that does not stop when asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Force {
    /// Ends sessions and writes everything out.
    Fast,
    /// Ends at once; the next start repairs.
    Immediate,
    Kill,
}

impl Force {
    pub(super) fn signal(self) -> Signal {
        match self {
            Self::Fast => Signal::INT,
            Self::Immediate => Signal::QUIT,
            Self::Kill => Signal::KILL,
        }
    }
}

/// The supervisor's end.
#[derive(Debug, Default)]
pub(super) struct Lifeline {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    cut: bool,
    pipe: Option<ChildStdin>,
    server: Option<Pid>,
}

impl Lifeline {
    /// Takes hold of a server that was just started. If nobody wants it any more, the pipe closes
    /// here and now, and that stops it.
    pub(super) fn hold(&self, pipe: ChildStdin, server: Option<Pid>) {
        let mut state = self.lock();
        state.server = server;
        state.pipe = (!state.cut).then_some(pipe);
    }

    /// Lets go of a server that has ended, or that is to end.
    pub(super) fn let_go(&self) {
        let mut state = self.lock();
        state.server = None;
        state.pipe = None;
    }

    pub(super) fn force(&self, force: Force) {
        if let Some(server) = self.lock().server {
            // It may have ended in the meantime, which is what is wanted.
            let _ = kill_process(server, force.signal());
        }
    }

    pub(super) fn is_cut(&self) -> bool {
        self.lock().cut
    }

    /// Waits for so long, or until the lifeline is cut. Says whether it is.
    pub(super) fn pause(&self, limit: Duration) -> bool {
        let (state, _) = self
            .changed
            .wait_timeout_while(self.lock(), limit, |state| !state.cut)
            .unwrap_or_else(PoisonError::into_inner);
        state.cut
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
