//! What the connections of a listener share: sessions, subscriptions, retained messages, and the routing between them.

use super::ListenerConfig;
use super::session::{Outgoing, Session, SessionKey};
use crate::auth::Authenticator;
use crate::codec::{QoS, Subscription};
use crate::ingest::{Counters, Forward, Ingest};
use belfry_connect_payload::{Filter, TopicTrie};
use belfry_kernel::Rng;
use compact_str::CompactString;
use hashbrown::HashMap;
use parking_lot::{Mutex, RwLock};
use smallvec::SmallVec;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::time::Instant;

pub(super) struct Hub {
    pub config: ListenerConfig,
    pub ingest: Arc<Ingest>,
    pub authenticator: Arc<dyn Authenticator>,
    pub rng: Arc<dyn Rng>,
    pub sessions: Mutex<HashMap<SessionKey, Arc<Session>>>,
    subscriptions: RwLock<TopicTrie<Subscriber>>,
    /// How many subscriptions there are, so that a publish without any costs no lock.
    subscribed: AtomicUsize,
    retained: Mutex<Retained>,
}

struct Subscriber {
    session: Arc<Session>,
    options: Subscription,
}

/// Tenants see nothing of each other, what is retained included.
#[derive(Default)]
struct Retained {
    messages: HashMap<Option<Box<str>>, HashMap<CompactString, Arc<Forward>>>,
    count: usize,
    bytes: usize,
}

impl Hub {
    pub fn new(
        config: ListenerConfig,
        ingest: Arc<Ingest>,
        authenticator: Arc<dyn Authenticator>,
        rng: Arc<dyn Rng>,
    ) -> Self {
        Self {
            config,
            ingest,
            authenticator,
            rng,
            sessions: Mutex::default(),
            subscriptions: RwLock::default(),
            subscribed: AtomicUsize::new(0),
            retained: Mutex::default(),
        }
    }

    /// Counts a connection that is turned away, and says so once in a while.
    pub fn turn_away(&self, peer: SocketAddr, why: &'static str) {
        if let Some(count) = self.ingest.counters.turned_away.note(self.ingest.clock.now()) {
            tracing::warn!(count, %peer, why, "connections turned away");
        }
    }

    pub fn connected(&self) -> usize {
        self.sessions.lock().values().filter(|s| s.state.lock().connected).count()
    }

    /// Whether a publish has to be kept for subscribers.
    pub fn wants(&self, retain: bool) -> bool {
        retain || self.subscribed.load(Ordering::Relaxed) > 0
    }

    /// Sends a message to its subscribers within its tenant, and keeps or removes it when it is a retained one. Returns how
    /// many take it.
    pub fn route(&self, forward: &Forward, tenant: Option<&str>, from: Option<&Arc<Session>>) -> usize {
        if forward.retain {
            self.retain(forward, tenant);
        }
        if self.subscribed.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        // Overlapping subscriptions of one session give one message, at the highest of their qualities.
        let mut targets: SmallVec<[(Arc<Session>, QoS, bool); 8]> = SmallVec::new();
        self.subscriptions.read().each_match(&forward.topic, |s| {
            if s.session.key.tenant.as_deref() != tenant {
                return;
            }
            if s.options.no_local && from.is_some_and(|f| Arc::ptr_eq(f, &s.session)) {
                return;
            }
            let retain = forward.retain && s.options.retain_as_published;
            match targets.iter_mut().find(|(t, ..)| Arc::ptr_eq(t, &s.session)) {
                Some((_, qos, kept)) => (*qos, *kept) = ((*qos).max(s.options.qos), *kept || retain),
                None => targets.push((s.session.clone(), s.options.qos, retain)),
            }
        });
        if targets.is_empty() {
            return 0;
        }
        let message = Arc::new(forward.clone());
        let mut taken = 0;
        for (session, qos, retain) in &targets {
            let qos = (*qos).min(forward.qos).min(QoS::AtLeastOnce);
            if session.push(Outgoing { message: message.clone(), qos, retain: *retain }, &self.config) {
                taken += 1;
            } else {
                Counters::add(&self.ingest.counters.dropped, 1);
            }
        }
        taken
    }

    fn retain(&self, forward: &Forward, tenant: Option<&str>) {
        let tenant: Option<Box<str>> = tenant.map(Into::into);
        let mut kept = self.retained.lock();
        if let Some(old) = kept.messages.get_mut(&tenant).and_then(|of| of.remove(&forward.topic)) {
            kept.bytes -= size(&old);
            kept.count -= 1;
        }
        if forward.payload.is_empty() {
            return;
        }
        if kept.count >= self.config.retained_messages || kept.bytes + size(forward) > self.config.retained_bytes {
            tracing::warn!(topic = forward.topic.as_str(), "not retained: the limit of retained messages is reached");
            return;
        }
        kept.bytes += size(forward);
        kept.count += 1;
        kept.messages.entry(tenant).or_default().insert(forward.topic.clone(), Arc::new(forward.clone()));
    }

    /// Adds or changes a subscription and sends what is retained for it. False when the session has too many.
    pub fn subscribe(&self, session: &Arc<Session>, filter: &Filter, options: Subscription) -> bool {
        let is_new = {
            let mut state = session.state.lock();
            let known = state.subscriptions.contains_key(filter);
            if !known && state.subscriptions.len() >= self.config.max_subscriptions {
                return false;
            }
            state.subscriptions.insert(filter.clone(), options);
            !known
        };
        let mut trie = self.subscriptions.write();
        if !is_new {
            trie.retain(filter, |s| !Arc::ptr_eq(&s.session, session));
        }
        trie.insert(filter, Subscriber { session: session.clone(), options });
        self.subscribed.store(trie.len(), Ordering::Relaxed);
        drop(trie);
        if options.retain_handling == 0 || (options.retain_handling == 1 && is_new) {
            let matching: Vec<Arc<Forward>> = {
                let kept = self.retained.lock();
                let of = kept.messages.get(&session.key.tenant);
                of.map(|of| of.values().filter(|m| filter.matches(&m.topic)).cloned().collect()).unwrap_or_default()
            };
            let outgoing = matching.into_iter().map(|message| {
                let qos = message.qos.min(options.qos).min(QoS::AtLeastOnce);
                Outgoing { message, qos, retain: true }
            });
            let dropped = session.push_retained(outgoing, &self.config);
            Counters::add(&self.ingest.counters.dropped, dropped as u64);
        }
        true
    }

    /// Takes a subscription away. False when there was none.
    pub fn unsubscribe(&self, session: &Arc<Session>, filter: &Filter) -> bool {
        let known = session.state.lock().subscriptions.remove(filter).is_some();
        if known {
            self.detach(session, std::iter::once(filter));
        }
        known
    }

    fn detach<'f>(&self, session: &Arc<Session>, filters: impl Iterator<Item = &'f Filter>) {
        let mut trie = self.subscriptions.write();
        for filter in filters {
            trie.retain(filter, |s| !Arc::ptr_eq(&s.session, session));
        }
        self.subscribed.store(trie.len(), Ordering::Relaxed);
    }

    /// Ends a session: its subscriptions go, and its place in the table if it still is the one there.
    pub fn end(&self, session: &Arc<Session>) {
        let filters = std::mem::take(&mut session.state.lock().subscriptions);
        self.detach(session, filters.keys());
        let mut sessions = self.sessions.lock();
        if sessions.get(&session.key).is_some_and(|s| Arc::ptr_eq(s, session)) {
            sessions.remove(&session.key);
        }
    }

    /// Ends the sessions that have outlived their expiry.
    pub fn sweep(&self) {
        let now = Instant::now();
        let over: Vec<Arc<Session>> = {
            let sessions = self.sessions.lock();
            sessions.values().filter(|s| s.state.lock().expires.is_some_and(|e| e <= now)).cloned().collect()
        };
        for session in over {
            // A connection that has just taken the seat keeps its session.
            if let Ok(_seat) = session.seat.clone().try_lock_owned()
                && !session.state.lock().connected
            {
                self.end(&session);
            }
        }
    }
}

fn size(f: &Forward) -> usize {
    f.topic.len() + f.payload.len() + f.properties.len() + 64
}
