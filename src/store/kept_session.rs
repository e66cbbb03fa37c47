//! The session of a writer that has work all the time.

use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};
use tokio::sync::watch;

use super::Store;

/// How long a session may lie idle with its writer. After that it goes back to the pool, which knows
/// how old it may become.
const LONGEST_REST: Duration = Duration::from_secs(1);
/// With fewer connections than this, each is needed by whoever comes next.
const FEW_CONNECTIONS: u32 = 6;

/// A session from the pool that is not given back between two statements. The pool hands out the one
/// that rested longest, and asks each for a sign of life when it comes back: under load that is one
/// more round trip for each statement, and every one of them in another process of the server.
#[derive(Default)]
pub(super) struct KeptSession(Option<Resting>);

struct Resting {
    session: PoolConnection<Postgres>,
    since: Instant,
    /// Says when a session of the store was found to be no good: this one may not be either.
    failures: watch::Receiver<Option<Instant>>,
}

impl KeptSession {
    /// Does one piece of work with it. Where that fails, or nobody waits for its end, the session goes
    /// back to the pool, which looks at it.
    pub(super) async fn work<T>(
        &mut self,
        store: &Store,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        let kept = self.0.take().filter(Resting::is_fit);
        let (mut session, failures) = if let Some(Resting { session, failures, .. }) = kept {
            (session, failures)
        } else {
            let failures = store.sessions.failures();
            (store.pool.acquire().await?, failures)
        };
        let done = work(&mut session).await?;
        if store.pool.options().get_max_connections() >= FEW_CONNECTIONS {
            self.0 = Some(Resting { session, since: Instant::now(), failures });
        }
        Ok(done)
    }
}

impl Resting {
    fn is_fit(&self) -> bool {
        // An error would mean that the store is gone, and the session with it.
        self.since.elapsed() < LONGEST_REST && self.failures.has_changed().is_ok_and(|news| !news)
    }
}
