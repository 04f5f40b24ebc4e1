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

/// A session. Whoever holds `seat` is its connection.
pub(super) struct Session {
    pub client: Box<str>,
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
    pub fn new(client: &str, principal: &str, window: usize) -> Self {
        Self {
            client: client.into(),
            principal: principal.into(),
            state: Mutex::new(State::new(window)),
            wake: Notify::new(),
            leave: Notify::new(),
            seat: Arc::default(),
        }
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
            in_flight: VecDeque::new(),
            next_id: 1,
            received: HashMap::new(),
            said_goodbye: false,
            overflowed: false,
            window: Window::new(window),
        }
    }

    /// Takes the next message from the queue.
    pub fn pop(&mut self) -> Option<Outgoing> {
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
