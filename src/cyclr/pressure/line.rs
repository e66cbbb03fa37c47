//! Those who wait for their turn.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

/// How much later whoever goes on with something may come and still be let through before somebody who
/// only begins. What is begun is finished first, so little is half done at a time; but nobody is kept
/// from beginning for longer than this.
const HEAD_START: Duration = Duration::from_secs(1);

/// Two queues, each in the order in which its callers came.
pub(super) struct Line<T> {
    going_on: VecDeque<Waiter<T>>,
    beginning: VecDeque<Waiter<T>>,
    numbers: u64,
}

struct Waiter<T> {
    number: u64,
    since: Instant,
    answer: oneshot::Sender<T>,
}

/// What somebody who waits is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    number: u64,
    goes_on: bool,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self { going_on: VecDeque::new(), beginning: VecDeque::new(), numbers: 0 }
    }
}

impl<T> Line<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.going_on.is_empty() && self.beginning.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.going_on.len() + self.beginning.len()
    }

    /// How many somebody who comes now would find ahead, as far as can be told.
    pub(super) fn ahead_of(&self, goes_on: bool) -> usize {
        if goes_on { self.going_on.len() } else { self.len() }
    }

    pub(super) fn join(&mut self, goes_on: bool, now: Instant) -> (Ticket, oneshot::Receiver<T>) {
        let (answer, receiver) = oneshot::channel();
        self.numbers += 1;
        let number = self.numbers;
        let waiter = Waiter { number, since: now, answer };
        self.queue(goes_on).push_back(waiter);
        (Ticket { number, goes_on }, receiver)
    }

    /// Whose turn it is.
    pub(super) fn next(&mut self) -> Option<oneshot::Sender<T>> {
        let begins_first = match (self.going_on.front(), self.beginning.front()) {
            (Some(on), Some(new)) => new.since + HEAD_START <= on.since,
            (None, _) => true,
            (Some(_), None) => false,
        };
        self.queue(!begins_first).pop_front().map(|waiter| waiter.answer)
    }

    /// How many are ahead of this one; `None` if it does not wait any more.
    pub(super) fn ahead(&self, ticket: Ticket) -> Option<usize> {
        let before = if ticket.goes_on { 0 } else { self.going_on.len() };
        self.place(ticket).map(|place| before + place)
    }

    pub(super) fn leave(&mut self, ticket: Ticket) {
        if let Some(place) = self.place(ticket) {
            self.queue(ticket.goes_on).remove(place);
        }
    }

    /// Everybody, in the order of the queues. The line is empty then.
    pub(super) fn clear(&mut self) -> impl Iterator<Item = oneshot::Sender<T>> + use<T> {
        let all = std::mem::take(&mut self.going_on).into_iter();
        all.chain(std::mem::take(&mut self.beginning)).map(|waiter| waiter.answer)
    }

    fn queue(&mut self, goes_on: bool) -> &mut VecDeque<Waiter<T>> {
        if goes_on { &mut self.going_on } else { &mut self.beginning }
    }

    fn place(&self, ticket: Ticket) -> Option<usize> {
        let queue = if ticket.goes_on { &self.going_on } else { &self.beginning };
        queue.binary_search_by_key(&ticket.number, |waiter| waiter.number).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Joins one after the other: whether it goes on, and when it comes (in milliseconds). Gives the
    /// order in which they pass.
    fn order(comers: &[(bool, u64)]) -> Vec<usize> {
        let start = Instant::now();
        let mut line = Line::default();
        let mut waiting: Vec<_> = comers
            .iter()
            .map(|(goes_on, at)| line.join(*goes_on, start + Duration::from_millis(*at)).1)
            .collect();
        let mut passed = Vec::new();
        while let Some(answer) = line.next() {
            answer.send(()).unwrap();
            let told = waiting.iter_mut().position(|waiter| waiter.try_recv().is_ok());
            passed.extend(told);
        }
        assert!(line.is_empty());
        passed
    }

    #[test]
    fn what_goes_on_passes_first_but_keeps_nobody_for_long() {
        assert_eq!(order(&[(false, 0), (false, 1), (true, 2), (true, 3)]), [2, 3, 0, 1]);
        assert_eq!(order(&[(true, 0), (false, 1), (true, 2), (false, 3)]), [0, 2, 1, 3]);
        // After a second the one that began to wait is as good as any other.
        assert_eq!(order(&[(false, 0), (true, 999), (true, 1_000), (true, 1_001)]), [1, 0, 2, 3]);
        assert_eq!(order(&[(false, 0), (false, 5), (true, 2_000)]), [0, 1, 2]);
        assert_eq!(order(&[]), [0; 0]);
    }

    #[test]
    fn whoever_leaves_is_not_waited_for_and_each_knows_who_is_ahead() {
        let now = Instant::now();
        let mut line = Line::<()>::default();
        let (new, _told) = line.join(false, now);
        let (first, _told) = line.join(true, now);
        let (second, mut told) = line.join(true, now);
        assert_eq!((line.ahead_of(true), line.ahead_of(false), line.len()), (2, 3, 3));
        assert_eq!(
            (line.ahead(first), line.ahead(second), line.ahead(new)),
            (Some(0), Some(1), Some(2))
        );
        line.leave(first);
        assert_eq!(
            (line.ahead(first), line.ahead(second), line.ahead(new)),
            (None, Some(0), Some(1))
        );
        line.next().unwrap().send(()).unwrap();
        told.try_recv().unwrap();
        assert_eq!(line.clear().count(), 1);
        assert!(line.is_empty());
    }
}
