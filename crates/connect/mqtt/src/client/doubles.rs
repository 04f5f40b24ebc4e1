//! Copies from a broker without subscription identifiers. MQTT 3.1.1 lets a broker send one copy of a message, or one for
//! each subscription that its topic matches (section 3.3.5), and does not let it say which. What a broker does it always
//! does: it is found out once, by a message of our own to two filters that cross. Only then are copies left out, so that
//! where nothing is known what came twice is taken twice. No socket.

use crate::sink::dedup_key;
use hashbrown::HashMap;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Copies of one message follow each other closely: an equal message that comes later than this is one of its own.
const SOON: Duration = Duration::from_secs(2);

/// What a broker does where filters cross.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    Unknown,
    /// It sends a message once.
    Once,
    /// It sends a message once for each of the subscriptions.
    Each,
}

/// Tells copies from messages.
#[derive(Debug)]
pub(super) struct Doubles {
    pub habit: Habit,
    /// How many copies of a message are still to come, and since when.
    due: HashMap<u64, (usize, Instant)>,
    order: VecDeque<(u64, Instant)>,
    capacity: usize,
}

impl Doubles {
    /// Remembers at most so many messages.
    pub fn new(capacity: usize) -> Self {
        Self { habit: Habit::Unknown, due: HashMap::new(), order: VecDeque::new(), capacity }
    }

    /// On a new connection everything that was not acknowledged comes again, its first copy too.
    pub fn reconnected(&mut self) {
        self.due.clear();
        self.order.clear();
    }

    /// Whether this is a copy of a message that came before, with so many subscriptions for its topic.
    pub fn is_copy(&mut self, subscriptions: usize, topic: &str, payload: &[u8], now: Instant) -> bool {
        if self.habit != Habit::Each || subscriptions < 2 {
            return false;
        }
        let key = dedup_key(0, topic, payload);
        if let Some((left, since)) = self.due.get_mut(&key)
            && now.duration_since(*since) < SOON
        {
            *left -= 1;
            if *left == 0 {
                self.due.remove(&key);
            }
            return true;
        }
        self.due.insert(key, (subscriptions - 1, now));
        self.order.push_back((key, now));
        while self.order.len() > self.capacity {
            let Some((key, at)) = self.order.pop_front() else { break };
            if self.due.get(&key).is_some_and(|(_, since)| *since == at) {
                self.due.remove(&key);
            }
        }
        false
    }
}

/// The message of our own that finds a broker's habit out. It has no payload, and its filters match nothing else.
#[derive(Debug)]
pub(super) struct Probe {
    pub topic: String,
    pub filters: [String; 2],
    /// The packet identifier of its SUBSCRIBE.
    pub asked: u16,
    pub copies: u32,
    /// When what has come is all that comes.
    pub until: Instant,
}

/// How long its first copy may take, and the others after that.
const FIRST: Duration = Duration::from_secs(10);
const OTHERS: Duration = Duration::from_secs(1);

impl Probe {
    /// One for the session of this client. It is the same each time, so that an interrupted one leaves nothing else behind.
    pub fn new(client_id: &str, asked: u16, now: Instant) -> Self {
        let own = format!("{:016x}", xxhash_rust::xxh3::xxh3_64(client_id.as_bytes()));
        Self {
            topic: format!("belfry-probe/{own}/{own}"),
            filters: [format!("belfry-probe/{own}/+"), format!("belfry-probe/+/{own}")],
            asked,
            copies: 0,
            until: now + FIRST,
        }
    }

    /// A copy came.
    pub fn count(&mut self, now: Instant) {
        if self.copies == 0 {
            self.until = now + OTHERS;
        }
        self.copies += 1;
    }

    /// What the broker does, when all has come.
    pub fn habit(&self) -> Habit {
        match self.copies {
            0 => Habit::Unknown,
            1 => Habit::Once,
            _ => Habit::Each,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_told_from_messages() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut doubles = Doubles::new(4);
        let copies = |doubles: &mut Doubles, n, all: &[(&str, u64)]| {
            all.iter().map(|(payload, ms)| doubles.is_copy(n, "t", payload.as_bytes(), at(*ms))).collect::<Vec<_>>()
        };
        for habit in [Habit::Unknown, Habit::Once] {
            doubles.habit = habit;
            assert_eq!(copies(&mut doubles, 2, &[("1", 0), ("1", 1)]), [false, false]);
        }
        doubles.habit = Habit::Each;
        assert_eq!(copies(&mut doubles, 1, &[("1", 0), ("1", 1)]), [false, false], "one subscription, no copies");
        // Two equal messages, the copies of each behind it, or all together.
        assert_eq!(copies(&mut doubles, 2, &[("1", 0), ("1", 1), ("1", 2), ("1", 3)]), [false, true, false, true]);
        assert_eq!(
            copies(&mut doubles, 3, &[("2", 0), ("3", 0), ("2", 1), ("2", 1), ("3", 2), ("3", 2), ("2", 3)]),
            [false, false, true, true, true, true, false]
        );
        // A copy that was lost does not cost the same value said later.
        assert_eq!(copies(&mut doubles, 2, &[("4", 0), ("4", 2_500), ("4", 2_501)]), [false, false, true]);
        // What was under way comes again on another connection.
        assert_eq!(copies(&mut doubles, 2, &[("5", 0)]), [false]);
        doubles.reconnected();
        assert_eq!(copies(&mut doubles, 2, &[("5", 10), ("5", 11)]), [false, true]);
        for n in 0..100 {
            assert!(!doubles.is_copy(2, "t", format!("v{n}").as_bytes(), at(n)));
        }
        assert!(doubles.due.len() <= 5 && doubles.order.len() <= 4);
    }
}
