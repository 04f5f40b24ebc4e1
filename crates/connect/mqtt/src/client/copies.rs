//! Which copies of a message are the same message: a broker of MQTT 5.0 may send one for each subscription that a topic
//! matches (section 3.3.4), each with that subscription's identifier and a packet identifier of its own.
//!
//! Copies are counted by subscription. Two with one identifier are two messages; two with different ones are one. So of
//! equal topic and payload as many are taken as the subscription with the most has brought, in whatever order they come and
//! whichever subscriptions exist at the time: none is lost, and none is taken twice.

use hashbrown::HashMap;
use smallvec::SmallVec;
use std::collections::VecDeque;

/// Counts copies of the last messages.
#[derive(Debug)]
pub(super) struct Copies {
    counted: HashMap<u64, Counted>,
    /// Messages by when they came last, with some that came again since.
    order: VecDeque<(u64, u64)>,
    clock: u64,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Counted {
    taken: u32,
    /// How many came, by subscription.
    by: SmallVec<[(u32, u32); 2]>,
    last: u64,
}

impl Copies {
    /// Counts for at most so many different messages.
    pub fn new(capacity: usize) -> Self {
        Self { counted: HashMap::new(), order: VecDeque::new(), clock: 0, capacity }
    }

    /// Counts a copy; whether it is the first of its message. `identifiers`: those of the subscriptions it is for.
    pub fn is_first(&mut self, identifiers: impl Iterator<Item = u32>, topic: &str, payload: &[u8]) -> bool {
        let key = crate::sink::dedup_key(0, topic, payload);
        self.clock += 1;
        let c = self.counted.entry(key).or_default();
        c.last = self.clock;
        let mut most = 0;
        let mut count = |identifier: u32| {
            let n = match c.by.iter_mut().find(|(i, _)| *i == identifier) {
                Some((_, n)) => {
                    *n = n.saturating_add(1);
                    *n
                }
                None => {
                    c.by.push((identifier, 1));
                    1
                }
            };
            most = most.max(n);
        };
        let mut any = false;
        for identifier in identifiers {
            any = true;
            count(identifier);
        }
        if !any {
            count(0);
        }
        let first = most > c.taken;
        c.taken = c.taken.max(most);
        self.order.push_back((key, self.clock));
        while self.counted.len() > self.capacity || self.order.len() > 4 * self.capacity {
            let Some((key, at)) = self.order.pop_front() else { break };
            if self.counted.get(&key).is_some_and(|c| c.last == at) {
                self.counted.remove(&key);
            }
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn copies_of_one_message_count_once() {
        let mut copies = Copies::new(8);
        let mut is_first = |ids: &[u32], payload: &str| copies.is_first(ids.iter().copied(), "t", payload.as_bytes());
        // Both copies of two equal messages, in the orders in which brokers send them.
        assert_eq!(
            [is_first(&[2], "on"), is_first(&[3], "on"), is_first(&[2], "on"), is_first(&[3], "on")],
            [true, false, true, false]
        );
        assert_eq!(
            [is_first(&[3], "off"), is_first(&[3], "off"), is_first(&[2], "off"), is_first(&[2], "off")],
            [true, true, false, false]
        );
        // One copy for both, and one of a subscription without an identifier.
        assert_eq!([is_first(&[2, 3], "x"), is_first(&[], "x"), is_first(&[], "x")], [true, false, true]);
        assert!((0..100).all(|n| is_first(&[2], &n.to_string())));
        assert!(copies.counted.len() <= 8 && copies.order.len() <= 32);
    }

    proptest! {
        #[test]
        fn as_many_are_taken_as_were_sent(sent in prop::collection::vec(0_u8..3, 0..40), seed in any::<u64>()) {
            // Each subscription brings every message once, in order; how they are interleaved is left to chance.
            let (mut at, mut taken, mut copies, mut chance) = ([0, 0], vec![0; 3], Copies::new(64), seed);
            while at != [sent.len(), sent.len()] {
                chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let mut which = (chance >> 60) as usize % 2;
                if at[which] == sent.len() {
                    which = 1 - which;
                }
                let value = sent[at[which]];
                at[which] += 1;
                taken[usize::from(value)] += usize::from(copies.is_first(std::iter::once(which as u32 + 2), "t", &[value]));
            }
            for value in 0..3_u8 {
                prop_assert_eq!(taken[usize::from(value)], sent.iter().filter(|v| **v == value).count());
            }
        }
    }
}
