//! Where mapped messages go: the port that the platform implements over its store. Holds the trait, what is handed over,
//! and the window of recent messages; no store.

use belfry_connect_payload::{Lesson, Reading};
use futures_util::future::BoxFuture;
use hashbrown::HashSet;
use std::collections::VecDeque;
use std::sync::Arc;

/// Takes batches of messages and makes them durable.
///
/// The order of commits is the order of the calls: an implementation puts the batch into its queue during the call itself
/// and not when the future is first polled, since several batches of one connection are under way at once. Dropping the
/// future does not take the batch back.
pub trait Sink: Send + Sync + 'static {
    /// Commits a batch. `Ok` means that each message is durable, or needs not be, with one outcome a message in their
    /// order; only then are they acknowledged to the device. `Err` means that nothing of it counts as taken: the connection
    /// is closed and whoever sent it sends it again.
    fn submit(&self, batch: Vec<Message>) -> BoxFuture<'static, Result<Vec<Outcome>, belfry_kernel::Error>>;
}

/// One message, mapped.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its readings; at least one, or a lesson.
    pub readings: Vec<Reading>,
    /// What it taught the mapper; to be made durable with the readings, and given back to the mapper after a restart.
    pub lessons: Vec<Lesson>,
    /// Who sent it.
    pub source: Arc<Source>,
    /// How a repetition is known; none for QoS 0, which is never repeated.
    pub dedup: Option<Dedup>,
}

/// Who sends over a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The client identifier (of the device, or Belfry's own at an external broker).
    pub client: Box<str>,
    /// Who that is, as the authenticator said; the broker's address for an external one.
    pub principal: Box<str>,
    /// The tenant it writes to.
    pub tenant: Option<Box<str>>,
}

/// How a repeated message is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dedup {
    /// A digest of packet identifier, topic and payload.
    pub key: u64,
    /// Whether the message may be a repetition: its DUP flag is set and the client did not say goodbye before, or it is among
    /// the first after a session at an external broker was taken up again. Only then is an equal key a repetition; a sensor
    /// that says `21.5` twice says it twice.
    pub suspect: bool,
}

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is durable.
    Stored,
    /// It was durable before.
    Duplicate,
    /// It was understood and is not taken (an unregistered device, a refused attribute); it is not to be sent again.
    Refused(Box<str>),
}

/// The digest of a message for [`Dedup::key`].
pub fn dedup_key(packet_id: u16, topic: &str, payload: &[u8]) -> u64 {
    let topic = xxhash_rust::xxh3::xxh3_64_with_seed(topic.as_bytes(), u64::from(packet_id));
    xxhash_rust::xxh3::xxh3_64_with_seed(payload, topic)
}

/// The keys of the last messages of one client. A sink that is to know repetitions across restarts keeps one for each
/// client in its store, written with the batch.
#[derive(Clone, Debug)]
pub struct Window {
    order: VecDeque<u64>,
    keys: HashSet<u64>,
    capacity: usize,
}

impl Window {
    /// An empty window of at most `capacity` keys.
    pub fn new(capacity: usize) -> Self {
        Self { order: VecDeque::new(), keys: HashSet::new(), capacity }
    }

    /// Whether the message was seen, if it may be a repetition at all.
    pub fn repeats(&self, dedup: Dedup) -> bool {
        dedup.suspect && self.keys.contains(&dedup.key)
    }

    /// Remembers a key and forgets the oldest beyond the capacity.
    pub fn insert(&mut self, key: u64) {
        if self.capacity == 0 || !self.keys.insert(key) {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
    }

    /// The keys, oldest first.
    pub fn keys(&self) -> impl Iterator<Item = u64> + '_ {
        self.order.iter().copied()
    }
}
