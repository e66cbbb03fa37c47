//! What a failure of the database means, and what follows from it for whoever asked and for the
//! connections that are open.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::Executor as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::sync::watch;
use tokio::time::timeout;

use super::{Error, StaffError, StartError, Store, ViewError};
use crate::clock::Clock;

/// How long anybody waits for an answer, a connection included. A server that is frozen or a host
/// that is gone says nothing, so no limit of the server's own can help. Longer than the server's
/// limits for statements and locks (see `app::connect`), which tell more.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long a connection may take to show that it is fit for the next one.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);
/// Tries at a transaction that the database ends for the sake of others.
const MOST_TRIES: u32 = 6;

/// What follows from a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The session is no good any more, and others that are as old may not be either. Whether the
    /// statement was carried out is not known.
    Gone,
    /// Nothing was done for want of connections, room or memory. It may pass.
    Busy,
    /// Nothing was done because of what others do at the same time. Tried again, it will work.
    Again,
    /// The statement itself will not do.
    Ours,
}

/// A failure that may be the database's.
pub(super) trait Failure {
    fn trouble(&self) -> Trouble;
}

impl Failure for sqlx::Error {
    fn trouble(&self) -> Trouble {
        if let Self::Database(error) = self {
            return error.code().map_or(Trouble::Ours, |code| trouble_of(&code));
        }
        if matches!(self, Self::PoolTimedOut | Self::PoolClosed) {
            return Trouble::Busy;
        }
        let broken = matches!(self, Self::Io(_) | Self::Tls(_) | Self::Protocol(_));
        if broken { Trouble::Gone } else { Trouble::Ours }
    }
}

impl Failure for Error {
    fn trouble(&self) -> Trouble {
        match self {
            Self::Database(error) => error.trouble(),
            Self::Inconsistent { .. } | Self::Conflict => Trouble::Ours,
        }
    }
}

impl Failure for StartError {
    fn trouble(&self) -> Trouble {
        match self {
            Self::Store(error) => error.trouble(),
            Self::Once(error) => error.trouble(),
            Self::AccountDiffers | Self::AccountOfAnother | Self::Raced | Self::ReferenceTaken => {
                Trouble::Ours
            }
        }
    }
}

impl Failure for StaffError {
    fn trouble(&self) -> Trouble {
        match self {
            Self::Store(error) => error.trouble(),
            Self::EmailTaken
            | Self::Unknown
            | Self::LastAdmin
            | Self::Disabled
            | Self::NoPassword => Trouble::Ours,
        }
    }
}

impl Failure for ViewError {
    fn trouble(&self) -> Trouble {
        match self {
            Self::Store(error) => error.trouble(),
            Self::NameTaken
            | Self::TooMany
            | Self::Unknown
            | Self::NeedsOperator
            | Self::NotTheirs => Trouble::Ours,
        }
    }
}

fn trouble_of(code: &str) -> Trouble {
    match code {
        // Serialization failure, deadlock, lock timeout, statement timeout.
        "40001" | "40P01" | "55P03" | "57014" => Trouble::Again,
        // Read only: the server was demoted, and another one may stand at its address by now. The
        // other two: the session's prepared statements do not fit the tables or the server any more.
        "25006" | "0A000" | "26000" => Trouble::Gone,
        code if code.starts_with("57P") || code.starts_with("08") => Trouble::Gone,
        // Resources, and failures of the server's own files.
        code if code.starts_with("53") || code.starts_with("58") => Trouble::Busy,
        _ => Trouble::Ours,
    }
}

/// What is known of the open sessions. Shared by the store and the pool's hooks.
#[derive(Debug, Clone)]
pub(super) struct Sessions(Arc<Known>);

#[derive(Debug)]
struct Known {
    /// When a session was last found to be no good: no older one is handed out after that.
    broken: watch::Sender<Option<Instant>>,
    /// When somebody last went away without waiting for an answer.
    left: Mutex<Option<Instant>>,
}

impl Sessions {
    pub(super) fn new() -> Self {
        Self(Arc::new(Known { broken: watch::Sender::new(None), left: Mutex::default() }))
    }

    /// Throws away what was opened before the last failure, instead of failing one request with
    /// each. This takes the place of asking every connection for a sign of life before each use.
    fn watch(&self, options: PgPoolOptions) -> PgPoolOptions {
        let (before, after) = (self.clone(), self.clone());
        options
            .test_before_acquire(false)
            .before_acquire(move |_, meta| {
                let fit = before.trusts(meta.age);
                Box::pin(async move { Ok(fit) })
            })
            .after_release(move |session, meta| {
                let (fit, doubted) = (after.trusts(meta.age), after.was_left_lately());
                Box::pin(async move {
                    // sqlx asks for a sign of life too, but would wait for ever; and a transaction
                    // whose beginning nobody waited for is open without its knowing. What the next
                    // one writes would be kept by nobody.
                    let cleaned = timeout(SIGN_OF_LIFE, session.execute("ROLLBACK"));
                    Ok(fit && (!doubted || cleaned.await.is_ok_and(|answer| answer.is_ok())))
                })
            })
    }

    fn trusts(&self, age: Duration) -> bool {
        self.0.broken.borrow().is_none_or(|broken| age < broken.elapsed())
    }

    fn was_left_lately(&self) -> bool {
        let left = *self.0.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.is_some_and(|left| left.elapsed() < SIGN_OF_LIFE)
    }

    fn note_broken(&self) {
        self.0.broken.send_replace(Some(Instant::now()));
    }

    /// Changes whenever a session is found to be no good.
    pub(super) fn failures(&self) -> watch::Receiver<Option<Instant>> {
        self.0.broken.subscribe()
    }
}

/// Whoever asked went away before the answer came, unless it is told otherwise.
struct Left<'a>(Option<&'a Sessions>);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        if let Some(sessions) = self.0 {
            *sessions.0.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
    }
}

impl Store {
    /// A store with a pool of its own, which it keeps free of dead connections.
    pub async fn open(
        pool: PgPoolOptions,
        options: PgConnectOptions,
        clock: Clock,
    ) -> Result<Self, sqlx::Error> {
        let sessions = Sessions::new();
        let pool = sessions.watch(pool).connect_with(options).await?;
        Ok(Self { sessions, ..Self::new(pool, clock) })
    }

    /// Everything that is asked of the database goes through here: it ends in time, and a session
    /// that failed takes those of its age with it.
    pub(super) async fn within<T, E>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E>
    where
        E: Failure + From<sqlx::Error>,
    {
        let mut work = pin!(timeout(PATIENCE, work));
        // Made after the work, so that it goes before it: the connection comes back after the note.
        let mut left = Left(Some(&self.sessions));
        let done = work.as_mut().await.unwrap_or_else(|_| Err(late().into()));
        left.0 = None;
        if let Err(error) = &done
            && error.trouble() == Trouble::Gone
        {
            self.sessions.note_broken();
        }
        done
    }
}

fn late() -> sqlx::Error {
    let words = "the database did not answer in time";
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, words))
}

/// Tries a whole transaction again that the database ended for the sake of others.
pub(super) async fn again<T, E, W>(mut work: impl FnMut() -> W) -> Result<T, E>
where
    E: Failure,
    W: Future<Output = Result<T, E>>,
{
    let mut tries = 0;
    loop {
        let done = work().await;
        tries += 1;
        match done {
            Err(error) if error.trouble() == Trouble::Again && tries < MOST_TRIES => {
                tokio::time::sleep(pause(tries)).await;
            }
            settled => return settled,
        }
    }
}

/// How long to wait after so many failures: longer each time, never as long as others.
pub(super) fn pause(failures: u32) -> Duration {
    let longest = Duration::from_millis(10) * 2_u32.pow(failures.min(7));
    longest.min(Duration::from_secs(1)).mul_f64(0.5 + rand::random::<f64>() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_consequence() {
        let expected = [
            (Trouble::Again, &["40001", "40P01", "55P03", "57014"][..]),
            (Trouble::Gone, &["57P01", "57P03", "08006", "25006", "0A000", "26000"]),
            (Trouble::Busy, &["53100", "53300", "58030"]),
            (Trouble::Ours, &["23505", "42P01", "22P02", "25P02"]),
        ];
        for (trouble, codes) in expected {
            for code in codes {
                assert_eq!(trouble_of(code), trouble, "{code}");
            }
        }
        assert_eq!(sqlx::Error::PoolTimedOut.trouble(), Trouble::Busy);
        assert_eq!(late().trouble(), Trouble::Gone);
    }

    #[test]
    fn pauses_grow_and_stay_short() {
        assert!(pause(1) <= Duration::from_millis(20));
        assert!(pause(u32::MAX) >= Duration::from_millis(500));
        assert!(pause(u32::MAX) <= Duration::from_secs(1));
    }

    #[test]
    fn only_sessions_younger_than_the_failure_are_trusted() {
        let sessions = Sessions::new();
        assert!(sessions.trusts(Duration::from_hours(1)));
        sessions.note_broken();
        assert!(!sessions.trusts(Duration::from_hours(1)));
        std::thread::sleep(Duration::from_millis(2));
        assert!(sessions.trusts(Duration::ZERO));
    }
}
