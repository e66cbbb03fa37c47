//! One test at a time listens to what is traced. What a place in the program is interested in is kept for
//! all threads together; two that begin and end at the same moment have been seen to miss everything.

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
