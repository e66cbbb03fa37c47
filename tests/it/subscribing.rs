//! One test at a time listens to what is traced.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::dispatcher::DefaultGuard;

static ALONE: Mutex<()> = Mutex::new(());

pub(crate) struct Subscribed {
    _listening: DefaultGuard,
    _alone: MutexGuard<'static, ()>,
}

/// This thread is listened to until what is given back goes.
pub(crate) fn subscribe(
    subscriber: impl tracing::Subscriber + Send + Sync + 'static,
) -> Subscribed {
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    Subscribed { _listening: tracing::subscriber::set_default(subscriber), _alone: alone }
}

impl Subscribed {
    /// Whether anybody wants to hear of a place in the program is kept for all threads. A thread that
    /// nobody listens to may come by there for the first time, and then nobody is told any more: so it is
    /// asked anew.
    #[expect(clippy::unused_self, reason = "only who listens may ask")]
    pub(crate) fn listen_anew(&self) {
        tracing::callsite::rebuild_interest_cache();
    }
}
