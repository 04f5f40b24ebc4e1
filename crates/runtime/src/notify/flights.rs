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
/// A subscription may have as many under way as are left for the others: however many one wants, there is room for the
/// next. Those whose endpoints did not answer quickly the last time have at most a quarter of all together; those that
/// were not called yet another quarter, and one each. The rest is for those that are quick. Who has to wait is served in
/// turn.
#[derive(Debug)]
pub(crate) struct Flights {
    most: usize,
    state: Mutex<State>,
}

/// How the endpoint of a subscription answered the last time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pace {
    #[default]
    New,
    Slow,
    Quick,
}

impl Pace {
    const ALL: [Self; 3] = [Self::New, Self::Slow, Self::Quick];
}

#[derive(Debug, Default)]
struct State {
    /// Under way, by the pace that their subscriptions had when they began.
    used: [usize; Pace::ALL.len()],
    shares: HashMap<u64, Taken>,
    next: u64,
    /// Subscriptions that wait, in turn.
    turns: [VecDeque<u64>; Pace::ALL.len()],
    /// Which of these is looked at first.
    first: usize,
}

/// What one subscription has of it.
#[derive(Debug, Default)]
struct Taken {
    pace: Pace,
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
    pace: Pace,
    since: Instant,
    answered: bool,
}

impl Flights {
    pub(crate) fn new(most: usize) -> Self {
        Self { most: most.max(1), state: Mutex::default() }
    }

    /// How many more of a pace may start.
    fn left(&self, state: &State, pace: Pace) -> usize {
        let left = self.most.saturating_sub(state.used.iter().sum());
        match pace {
            Pace::Quick => left,
            Pace::New | Pace::Slow => left.min(self.most.div_ceil(4).saturating_sub(state.used[pace as usize])),
        }
    }

    fn may_start(&self, state: &State, taken: &Taken) -> bool {
        let left = self.left(state, taken.pace);
        left > 0 && taken.under_way < if taken.pace == Pace::New { 1 } else { left }
    }

    fn started(self: &Arc<Self>, state: &mut State, key: u64) -> Flight {
        let mut pace = Pace::New;
        if let Some(taken) = state.shares.get_mut(&key) {
            taken.under_way += 1;
            pace = taken.pace;
        }
        state.used[pace as usize] += 1;
        Flight { flights: self.clone(), key, pace, since: Instant::now(), answered: false }
    }

    /// Who may start now, as something ended.
    fn next(self: &Arc<Self>, state: &mut State) -> Vec<(oneshot::Sender<Flight>, Flight)> {
        let mut starting = Vec::new();
        state.first += 1;
        // Twice, as those whose pace has changed change queues.
        for at in 0..2 * Pace::ALL.len() {
            let pace = Pace::ALL[(state.first + at) % Pace::ALL.len()];
            let queue = pace as usize;
            // Until a whole turn brought nobody.
            let mut passed = 0;
            while passed < state.turns[queue].len() && self.left(state, pace) > 0 {
                let Some(key) = state.turns[queue].pop_front() else { break };
                let Some(taken) = state.shares.get_mut(&key) else { continue };
                while taken.waiting.pop_front_if(|waiter| waiter.is_closed()).is_some() {}
                if taken.waiting.is_empty() {
                    taken.in_turn = false;
                    continue;
                }
                let now = taken.pace;
                state.turns[now as usize].push_back(key);
                if now != pace {
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
            let (newly, pace) = (!std::mem::replace(&mut taken.in_turn, true), taken.pace);
            if newly {
                state.turns[pace as usize].push_back(self.key);
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
            state.used[self.pace as usize] -= 1;
            if let Some(taken) = state.shares.get_mut(&self.key) {
                taken.under_way -= 1;
                let is_quick = self.answered && self.since.elapsed() < QUICK;
                taken.pace = if is_quick { Pace::Quick } else { Pace::Slow };
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

    fn slow(flights: &Arc<Flights>) -> Share {
        let share = Share::new(flights);
        drop(start(&share).unwrap());
        share
    }

    #[test]
    fn there_is_always_room_for_the_next() {
        let flights = Arc::new(Flights::new(64));
        let shares: Vec<Share> = (0..100).map(|_| slow(&flights)).collect();
        let under_way: Vec<Vec<Flight>> = shares.iter().map(all).collect();
        assert_eq!((under_way[0].len(), under_way[1].len()), (8, 4), "half of what is left");
        assert_eq!(under_way.iter().map(Vec::len).sum::<usize>(), 16, "the slow have a quarter");
        let new: Vec<Share> = (0..100).map(|_| Share::new(&flights)).collect();
        let calling: Vec<Vec<Flight>> = new.iter().take(15).map(all).collect();
        assert!(calling.iter().all(|of_one| of_one.len() == 1), "new ones have one each");
        let one = quick(&flights);
        let of_quick = all(&one);
        assert_eq!(of_quick.len(), 17, "half of what is left");
        let calling_too: Vec<Flight> = new.iter().skip(15).filter_map(start).collect();
        assert_eq!(calling_too.len(), 1, "the new have another quarter");
        drop(under_way);
        assert_eq!(all(&shares[99]).len(), 8);
    }

    #[tokio::test]
    async fn who_waits_is_served_in_turn() {
        let flights = Arc::new(Flights::new(4));
        let shares: Vec<Arc<Share>> = (0..3).map(|_| Arc::new(slow(&flights))).collect();
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
        assert_eq!(state.used, [0, 0, 0]);
    }

    #[tokio::test]
    async fn one_that_turns_out_quick_has_the_rest_at_once() {
        let flights = Arc::new(Flights::new(16));
        let share = Arc::new(Share::new(&flights));
        let mut first = start(&share).unwrap();
        let waiting: Vec<_> = (0..6)
            .map(|_| {
                let share = share.clone();
                tokio::spawn(async move { share.start().await })
            })
            .collect();
        tokio::task::yield_now().await;
        first.answered();
        drop(first);
        let under_way = futures_util::future::join_all(waiting).await;
        assert!(under_way.iter().all(|flight| flight.as_ref().is_ok_and(Option::is_some)));
        assert_eq!(flights.state.lock().used, [0, 0, 6]);
    }
}
