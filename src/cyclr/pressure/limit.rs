//! How many calls may be under way at once: grown by success, halved by overload.

/// A quarter of the ceiling: a host in good health brings the rest within three rounds of calls, and
/// one that is not sees no flood from a process that has just started.
const FIRST_SHARE: usize = 4;
const LEAST_FIRST: usize = 4;

#[derive(Debug)]
pub(super) struct Limit {
    ceiling: usize,
    current: usize,
    /// Below this the limit doubles with each round of successes; above, it grows by one.
    threshold: usize,
    successes: usize,
    /// Most calls that were under way in this round of successes.
    peak: usize,
    round: usize,
    /// Calls that were let through before this one belong to a burst that has been answered for.
    shrunk_at: u64,
}

impl Limit {
    pub(super) fn new(ceiling: usize) -> Self {
        let ceiling = ceiling.max(1);
        let first = (ceiling / FIRST_SHARE).max(LEAST_FIRST).min(ceiling);
        Self {
            ceiling,
            current: first,
            threshold: ceiling,
            successes: 0,
            peak: 0,
            round: 0,
            shrunk_at: 0,
        }
    }

    pub(super) fn current(&self) -> usize {
        self.current
    }

    pub(super) fn is_reduced(&self) -> bool {
        self.current < self.ceiling
    }

    /// A call ended well while `under_way` were made. Nothing is learned from a limit not used.
    pub(super) fn grow(&mut self, under_way: usize) {
        self.round += 1;
        if self.round > self.current {
            (self.round, self.peak) = (0, 0);
        }
        self.peak = self.peak.max(under_way);
        if self.peak * 2 < self.current || self.current >= self.ceiling {
            return;
        }
        self.successes += 1;
        if self.current < self.threshold || self.successes >= self.current {
            self.current += 1;
            self.successes = 0;
        }
    }

    /// The call of this serial number met overload; `next` is the number of the next call. Once per
    /// round: calls that were on their way together fail together.
    pub(super) fn shrink(&mut self, serial: u64, next: u64) {
        if serial < self.shrunk_at {
            return;
        }
        self.current = (self.current / 2).max(1);
        self.threshold = self.current;
        self.successes = 0;
        self.shrunk_at = next;
    }

    /// After an outage nothing is known any more but the ceiling.
    pub(super) fn restart(&mut self) {
        *self = Self { shrunk_at: self.shrunk_at, ..Self::new(self.ceiling) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_doubles_it_each_round_up_to_the_ceiling() {
        let mut limit = Limit::new(128);
        assert_eq!(limit.current(), 32);
        for full in [64, 128, 128] {
            for _ in 0..limit.current() {
                limit.grow(limit.current());
            }
            assert_eq!(limit.current(), full);
        }
        assert_eq!([1, 3, 9].map(|ceiling| Limit::new(ceiling).current()), [1, 3, 4]);
    }

    #[test]
    fn a_burst_of_failures_counts_once_and_growth_is_slow_afterwards() {
        let mut limit = Limit::new(64);
        for serial in 0..16 {
            limit.shrink(serial, 16);
        }
        assert_eq!(limit.current(), 8);
        for _ in 0..8 {
            limit.grow(8);
        }
        assert_eq!(limit.current(), 9);
        for serial in 16..40 {
            limit.shrink(serial, serial + 1);
        }
        assert_eq!(limit.current(), 1);
    }

    #[test]
    fn a_limit_that_is_not_used_does_not_grow() {
        let mut limit = Limit::new(64);
        for _ in 0..100 {
            limit.grow(3);
        }
        assert_eq!(limit.current(), 16);
    }
}
