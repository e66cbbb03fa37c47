//! The only place that asks what time it is.
//!
//! Two clocks matter. *Ours* dates journal lines and deadlines. The *database's* decides who
//! holds a lease and what is due, because a replica with a wrong clock must neither steal nor
//! stall: statements say `coalesce($now, now())` and get [`Clock::for_database`], which is `None`
//! in production. A test stops both clocks at once.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// Cheap to clone; clones of a stopped clock move together.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Stopped(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    pub fn stopped_at(now: DateTime<Utc>) -> Self {
        Self(Source::Stopped(Arc::new(Mutex::new(now))))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that may ask")]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Source::System => Utc::now(),
            Source::Stopped(now) => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// What to bind where a statement says `coalesce($now, now())`.
    pub fn for_database(&self) -> Option<DateTime<Utc>> {
        match &self.0 {
            Source::System => None,
            Source::Stopped(_) => Some(self.now()),
        }
    }

    /// Moves a stopped clock. The system's clock moves by itself, so there this does nothing.
    pub fn advance(&self, by: TimeDelta) {
        match &self.0 {
            Source::System => {}
            Source::Stopped(now) => *now.lock().unwrap_or_else(PoisonError::into_inner) += by,
        }
    }
}
