//! How many notifications are under way at one time, over all tenants, and how subscriptions share that. Sends nothing.

use hashbrown::HashMap;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// An endpoint that answers within this is quick.
const QUICK: Duration = Duration::from_secs(1);

/// Shares out what may be under way.
///
/// A subscription may have as many under way as are left for the others, and one always while there is room: however
/// many a slow one wants, there is room for the next. Those whose endpoints did not answer quickly the last time, or were
/// not called yet, have at most half of all together; the other half is for those that do. Who has to wait is served in
/// turn.
#[derive(Debug)]
pub(crate) struct Flights {
    most: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Under way.
    used: usize,
    /// Of those, of subscriptions that were not quick.
    slow: usize,
    shares: HashMap<u64, Taken>,
    next: u64,
    /// Who waits, in turn: those that are quick, then the others.
    turns: [VecDeque<u64>; 2],
    /// Which of both is looked at first.
    first: usize,
}

/// What one subscription has of it.
#[derive(Debug, Default)]
struct Taken {
    is_quick: bool,
    under_way: usize,
    waiting: VecDeque<oneshot::Sender<Flight>>,
    /// Whether it stands in one of the queues.
    in_turn: bool,
}

/// The part of one subscription.
#[derive(Debug)]
pub(crate) struct Share {
    flights: Arc<Flights>,
    key: u64,
}

/// One notification under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct Flight {
    flights: Arc<Flights>,
    key: u64,
    slow: bool,
    since: Instant,
    answered: bool,
}

impl Flights {
    pub(crate) fn new(most: usize) -> Self {
        Self { most: most.max(1), state: Mutex::default() }
    }

    fn may_start(&self, state: &State, taken: &Taken) -> bool {
        let mut left = self.most - state.used.min(self.most);
        if !taken.is_quick {
            left = left.min(self.most.div_ceil(2).saturating_sub(state.slow));
        }
        left > 0 && taken.under_way < left.max(1)
    }

    fn started(self: &Arc<Self>, state: &mut State, key: u64) -> Flight {
        let slow = state.shares.get_mut(&key).is_none_or(|taken| {
            taken.under_way += 1;
            !taken.is_quick
        });
        state.used += 1;
        state.slow += usize::from(slow);
        Flight { flights: self.clone(), key, slow, since: Instant::now(), answered: false }
    }

    /// Who may start now, as something ended.
    fn next(self: &Arc<Self>, state: &mut State) -> Vec<(oneshot::Sender<Flight>, Flight)> {
        let mut starting = Vec::new();
        state.first = 1 - state.first;
        // A third time, as those that became quick, or ceased to be, change queues.
        for class in [state.first, 1 - state.first, state.first] {
            // Until a whole turn brought nobody.
            let mut passed = 0;
            while passed < state.turns[class].len() && state.used < self.most {
                if class == 1 && state.slow >= self.most.div_ceil(2) {
                    break;
                }
                let Some(key) = state.turns[class].pop_front() else { break };
                let Some(taken) = state.shares.get_mut(&key) else { continue };
                while taken.waiting.pop_front_if(|waiter| waiter.is_closed()).is_some() {}
                if taken.waiting.is_empty() {
                    taken.in_turn = false;
                    continue;
                }
                let own = usize::from(!taken.is_quick);
                state.turns[own].push_back(key);
                if own != class {
                    continue;
                }
                passed += 1;
                let may = state.shares.get(&key).is_some_and(|taken| self.may_start(state, taken));
                if may && let Some(waiter) = state.shares.get_mut(&key).and_then(|taken| taken.waiting.pop_front()) {
                    starting.push((waiter, self.started(state, key)));
                    passed = 0;
                }
            }
        }
        starting
    }
}

impl Share {
    pub(crate) fn new(flights: &Arc<Flights>) -> Self {
        let mut state = flights.state.lock();
        state.next += 1;
        let key = state.next;
        state.shares.insert(key, Taken::default());
        Self { flights: flights.clone(), key }
    }

    /// Waits until one more may be under way. None when that cannot come any more.
    pub(crate) async fn start(&self) -> Option<Flight> {
        let waiting = {
            let mut state = self.flights.state.lock();
            let taken = state.shares.get(&self.key)?;
            if taken.waiting.is_empty() && self.flights.may_start(&state, taken) {
                return Some(self.flights.started(&mut state, self.key));
            }
            let (waiter, waiting) = oneshot::channel();
            let taken = state.shares.get_mut(&self.key)?;
            // Who does not wait any more leaves room in the queue.
            taken.waiting.retain(|waiter| !waiter.is_closed());
            taken.waiting.push_back(waiter);
            let (newly, class) = (!std::mem::replace(&mut taken.in_turn, true), usize::from(!taken.is_quick));
            if newly {
                state.turns[class].push_back(self.key);
            }
            waiting
        };
        waiting.await.ok()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.flights.state.lock().shares.remove(&self.key);
    }
}

impl Flight {
    /// The endpoint answered, or took what it was sent.
    pub(crate) fn answered(&mut self) {
        self.answered = true;
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let starting = {
            let mut state = self.flights.state.lock();
            state.used -= 1;
            state.slow -= usize::from(self.slow);
            if let Some(taken) = state.shares.get_mut(&self.key) {
                taken.under_way -= 1;
                taken.is_quick = self.answered && self.since.elapsed() < QUICK;
            }
            if state.turns.iter().all(VecDeque::is_empty) { Vec::new() } else { self.flights.next(&mut state) }
        };
        // Not with the lock held: one that nobody waits for ends at once.
        for (waiter, flight) in starting {
            let _ = waiter.send(flight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    fn start(share: &Share) -> Option<Flight> {
        share.start().now_or_never().flatten()
    }

    fn all(share: &Share) -> Vec<Flight> {
        std::iter::from_fn(|| start(share)).collect()
    }

    fn quick(flights: &Arc<Flights>) -> Share {
        let share = Share::new(flights);
        start(&share).unwrap().answered();
        share
    }

    #[test]
    fn there_is_always_room_for_the_next() {
        let flights = Arc::new(Flights::new(64));
        let slow: Vec<Share> = (0..12).map(|_| Share::new(&flights)).collect();
        let under_way: Vec<Vec<Flight>> = slow.iter().map(all).collect();
        assert_eq!(under_way[0].len(), 16, "half of the half");
        let new = Share::new(&flights);
        let quick = quick(&flights);
        assert!(under_way.iter().map(Vec::len).sum::<usize>() <= 32);
        assert_eq!(all(&quick).len(), 16, "quick ones have the other half");
        drop(under_way);
        assert_eq!(all(&new).len(), 16);
    }

    #[test]
    fn the_slow_are_never_all_of_it() {
        let flights = Arc::new(Flights::new(8));
        let quick = quick(&flights);
        let slow: Vec<Share> = (0..100).map(|_| Share::new(&flights)).collect();
        let under_way: Vec<Vec<Flight>> = slow.iter().map(all).collect();
        assert_eq!(under_way.iter().map(Vec::len).sum::<usize>(), 4);
        assert!(start(&Share::new(&flights)).is_none());
        assert!(start(&quick).is_some());
    }

    #[tokio::test]
    async fn who_waits_is_served_in_turn() {
        let flights = Arc::new(Flights::new(2));
        let shares: Vec<Arc<Share>> = (0..3).map(|_| Arc::new(Share::new(&flights))).collect();
        let mut under_way = start(&shares[0]);
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut waiting = Vec::new();
        for round in 0..2 {
            for (at, share) in shares.iter().enumerate() {
                let (share, order) = (share.clone(), order.clone());
                waiting.push(tokio::spawn(async move {
                    let flight = share.start().await.unwrap();
                    order.lock().push((round, at));
                    tokio::task::yield_now().await;
                    drop(flight);
                }));
                tokio::task::yield_now().await;
            }
        }
        // One that waits no more takes nothing along.
        waiting.remove(4).abort();
        tokio::task::yield_now().await;
        drop(under_way.take());
        for task in waiting {
            task.await.unwrap();
        }
        assert_eq!(*order.lock(), [(0, 0), (0, 1), (0, 2), (1, 0), (1, 2)]);
        let state = flights.state.lock();
        assert_eq!((state.used, state.slow), (0, 0));
    }
}
