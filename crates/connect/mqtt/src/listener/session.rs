//! A session: what is kept of a client between packets and between connections. Holds the state and its queue; no socket.

use crate::codec::{QoS, Subscription};
use crate::ingest::Forward;
use crate::listener::ListenerConfig;
use crate::sink::Window;
use belfry_connect_payload::Filter;
use hashbrown::HashMap;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Which session: the tenant (none for the default one) and the client identifier within it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SessionKey {
    pub tenant: Option<Box<str>>,
    pub client: Box<str>,
}

/// A session. Whoever holds `seat` is its connection.
pub(super) struct Session {
    pub key: SessionKey,
    pub principal: Box<str>,
    pub state: Mutex<State>,
    /// Something waits in the queue.
    pub wake: Notify,
    /// Another connection wants the seat.
    pub leave: Notify,
    pub seat: Arc<tokio::sync::Mutex<()>>,
}

/// A message on its way to a subscriber.
#[derive(Clone)]
pub(super) struct Outgoing {
    pub message: Arc<Forward>,
    pub qos: QoS,
    pub retain: bool,
}

pub(super) struct State {
    pub connected: bool,
    /// When an unconnected session ends.
    pub expires: Option<Instant>,
    pub subscriptions: HashMap<Filter, Subscription>,
    pub queue: VecDeque<Outgoing>,
    queue_bytes: usize,
    /// Retained messages for subscriptions that are new. They go out before the queue, whose messages are younger, and
    /// are not counted in it: nobody could have read them sooner.
    pub retained: VecDeque<Outgoing>,
    /// QoS 1 messages sent and not yet acknowledged, oldest first.
    pub in_flight: VecDeque<(u16, Outgoing)>,
    next_id: u16,
    /// QoS 2 publishes received and not yet released; true once committed.
    pub received: HashMap<u16, bool>,
    /// Whether the last connection ended with a DISCONNECT of the client.
    pub said_goodbye: bool,
    /// A QoS 1 message did not fit.
    pub overflowed: bool,
    pub window: Window,
}

impl Session {
    pub fn new(key: SessionKey, principal: &str, window: usize) -> Self {
        Self {
            key,
            principal: principal.into(),
            state: Mutex::new(State::new(window)),
            wake: Notify::new(),
            leave: Notify::new(),
            seat: Arc::default(),
        }
    }

    /// The client identifier.
    pub fn client(&self) -> &str {
        &self.key.client
    }

    /// Puts retained messages in line, as many as there is room for; returns how many were dropped.
    pub fn push_retained(&self, messages: impl ExactSizeIterator<Item = Outgoing>, config: &ListenerConfig) -> usize {
        let mut state = self.state.lock();
        let room = config.retained_messages.saturating_sub(state.retained.len());
        let dropped = messages.len().saturating_sub(room);
        state.retained.extend(messages.take(room));
        drop(state);
        self.wake.notify_one();
        dropped
    }

    /// Puts a message into the queue. False when it was dropped.
    pub fn push(&self, outgoing: Outgoing, config: &ListenerConfig) -> bool {
        let mut state = self.state.lock();
        if !state.connected && outgoing.qos == QoS::AtMostOnce {
            return false;
        }
        let bytes = outgoing.message.payload.len();
        if state.queue.len() >= config.queue_messages || state.queue_bytes + bytes > config.queue_bytes {
            if outgoing.qos != QoS::AtMostOnce && state.connected {
                state.overflowed = true;
                self.wake.notify_one();
            }
            return false;
        }
        state.queue_bytes += bytes;
        state.queue.push_back(outgoing);
        drop(state);
        self.wake.notify_one();
        true
    }
}

impl State {
    fn new(window: usize) -> Self {
        Self {
            connected: false,
            expires: None,
            subscriptions: HashMap::new(),
            queue: VecDeque::new(),
            queue_bytes: 0,
            retained: VecDeque::new(),
            in_flight: VecDeque::new(),
            next_id: 1,
            received: HashMap::new(),
            said_goodbye: false,
            overflowed: false,
            window: Window::new(window),
        }
    }

    /// The message that is sent next.
    pub fn front(&self) -> Option<&Outgoing> {
        self.retained.front().or_else(|| self.queue.front())
    }

    /// Takes the message that is sent next.
    pub fn pop(&mut self) -> Option<Outgoing> {
        if let Some(next) = self.retained.pop_front() {
            return Some(next);
        }
        let next = self.queue.pop_front()?;
        self.queue_bytes -= next.message.payload.len();
        Some(next)
    }

    /// A packet identifier that is not in use.
    pub fn take_id(&mut self) -> u16 {
        loop {
            let id = self.next_id;
            self.next_id = self.next_id.checked_add(1).unwrap_or(1);
            // Far fewer than 65,535 are in flight, so one is always free.
            if self.in_flight.iter().all(|(used, _)| *used != id) {
                return id;
            }
        }
    }
}
