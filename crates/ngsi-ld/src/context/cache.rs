//! Processed contexts by what the client gave, bounded: a request with an @context that was seen before costs a look-up.
//! Holds no remote documents and does no fetching.

use super::Context;
use crate::Json;
use hashbrown::HashMap;
use parking_lot::Mutex;
use std::sync::Arc;

/// A bounded cache of contexts by the text of their `@context` value; the one that was used longest ago goes first.
/// Safe to share between threads; each call takes one short lock.
#[derive(Debug)]
pub struct ContextCache {
    max_contexts: usize,
    max_bytes: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    contexts: HashMap<Box<[u8]>, Slot>,
    bytes: usize,
    uses: u64,
}

#[derive(Debug)]
struct Slot {
    context: Arc<Context>,
    used: u64,
    bytes: usize,
}

impl Default for ContextCache {
    /// 256 contexts, 32 MiB.
    fn default() -> Self {
        Self::new(256, 32 << 20)
    }
}

impl ContextCache {
    /// A cache of at most this many contexts that together weigh at most this much (an estimate of what they hold when
    /// new: their text, their definitions and their first answers, bytes).
    pub fn new(max_contexts: usize, max_bytes: usize) -> Self {
        Self { max_contexts, max_bytes, held: Mutex::default() }
    }

    /// The context of this `@context` value, when it is held.
    pub fn get(&self, local: &Json) -> Option<Arc<Context>> {
        let key = key(local);
        let mut held = self.held.lock();
        held.uses += 1;
        let now = held.uses;
        let slot = held.contexts.get_mut(&*key)?;
        slot.used = now;
        Some(Arc::clone(&slot.context))
    }

    /// Holds the context of this `@context` value, and lets others go for it. One that is heavier than the whole
    /// cache may be is not held.
    pub fn put(&self, local: &Json, context: Arc<Context>) {
        let key = key(local);
        let bytes = key.len() + context.weight();
        if self.max_contexts == 0 || bytes > self.max_bytes {
            return;
        }
        let mut held = self.held.lock();
        held.uses += 1;
        let used = held.uses;
        held.bytes += bytes;
        if let Some(old) = held.contexts.insert(key, Slot { context, used, bytes }) {
            held.bytes -= old.bytes;
        }
        while held.contexts.len() > self.max_contexts || held.bytes > self.max_bytes {
            // A scan: the cache is small, and it happens only when a context had to be built anyway.
            let Some(oldest) = held.contexts.iter().min_by_key(|(_, s)| s.used).map(|(k, _)| k.clone()) else {
                break;
            };
            held.remove(&oldest);
        }
    }

    /// Lets go of every context that was built from the document at this URL: it was changed, reloaded or deleted
    /// (clauses 5.13.3 and 5.13.5). Answers how many.
    pub fn forget(&self, url: &str) -> usize {
        let mut held = self.held.lock();
        let uses = |slot: &Slot| slot.context.remotes().iter().any(|r| r == url);
        let keys: Vec<_> = held.contexts.iter().filter(|(_, s)| uses(s)).map(|(k, _)| k.clone()).collect();
        for key in &keys {
            held.remove(key);
        }
        keys.len()
    }

    /// How many contexts are held.
    pub fn len(&self) -> usize {
        self.held.lock().contexts.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Held {
    fn remove(&mut self, key: &[u8]) {
        if let Some(slot) = self.contexts.remove(key) {
            self.bytes -= slot.bytes;
        }
    }
}

fn key(local: &Json) -> Box<[u8]> {
    let mut text = Vec::with_capacity(256);
    local.write(&mut text);
    text.into()
}
