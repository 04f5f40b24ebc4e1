//! One connection of the listener: packets in, commits, acknowledgements and deliveries out. One task; the socket is not read
//! while the pipeline is full, and not waited for beyond the write timeout.

use super::handshake::{self, Admitted};
use super::hub::Hub;
use super::session::Session;
use crate::auth::Refusal;
use crate::codec::{
    Ack, AckKind, DecodeError, Packet, Properties, Publish, QoS, SubAck, Subscribe, Unsubscribe, Version, decode,
    reason,
};
use crate::ingest::{Counters, Done, Forward, Pipeline};
use crate::sink::{Source, Window};
use belfry_connect_payload::{Effect, Filter, check_name};
use bytes::{Buf, Bytes, BytesMut};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// Room asked for before each read, bytes: little for the many connections that are idle, more for the busy ones.
const READ_BYTES: std::ops::RangeInclusive<usize> = 1 << 10..=64 << 10;
/// No more deliveries are put into the output beyond this, bytes.
const OUTPUT_BYTES: usize = 64 << 10;

/// Why a connection ends.
enum End {
    /// The client said goodbye; its will is dropped.
    Goodbye,
    /// It is gone, or it must go with this reason; its will is published.
    Reason(u8),
    /// The socket is gone.
    Gone,
}

impl From<DecodeError> for End {
    fn from(e: DecodeError) -> Self {
        End::Reason(e.reason())
    }
}

struct Connection<'h> {
    hub: &'h Arc<Hub>,
    session: Arc<Session>,
    admitted: &'h Admitted,
    pipeline: Pipeline,
    out: Vec<u8>,
    /// QoS 1 and 2 publishes of the client that are not acknowledged yet.
    unacknowledged: usize,
    /// Whether the earlier connection ended without a goodbye, so that publishes with the DUP flag may be repetitions of
    /// committed ones. After a goodbye the client has had its acknowledgements: what it then sends again never arrived, even
    /// when an earlier message had the same identifier and payload.
    may_repeat: bool,
}

/// Serves a connection from its first byte to its last.
pub(super) async fn serve(mut stream: TcpStream, peer: SocketAddr, hub: Arc<Hub>, mut stopped: watch::Receiver<bool>) {
    let mut buffer = BytesMut::with_capacity(*READ_BYTES.start());
    let admitted = tokio::select! {
        admitted = handshake::admit(&mut stream, &mut buffer, peer, &hub) => admitted,
        _ = stopped.changed() => None,
    };
    let Some(mut admitted) = admitted else { return };
    let will = admitted.will.take();
    let session = admitted.session.clone();
    let grant = &admitted.grant;
    let source = Arc::new(Source {
        client: session.client().into(),
        principal: grant.principal.as_str().into(),
        tenant: grant.tenant.as_deref().map(Into::into),
    });
    let (window, said_goodbye) = {
        let mut state = session.state.lock();
        (std::mem::replace(&mut state.window, Window::new(0)), std::mem::take(&mut state.said_goodbye))
    };
    let pipeline = Pipeline::new(hub.ingest.clone(), source, window);
    let mut connection = Connection {
        hub: &hub,
        session: session.clone(),
        admitted: &admitted,
        pipeline,
        out: Vec::new(),
        unacknowledged: 0,
        may_repeat: !said_goodbye,
    };
    connection.resend();
    let end = connection.run(&mut stream, &mut buffer, &mut stopped).await;
    connection.finish(&mut stream, &end).await;
    // Whoever may publish no longer has no will.
    if let (Some(will), false) = (will, matches!(end, End::Goodbye | End::Reason(reason::NOT_AUTHORIZED))) {
        connection.publish_will(will).await;
    }
    let Connection { pipeline, .. } = connection;
    {
        let mut state = session.state.lock();
        state.connected = false;
        state.window = pipeline.into_window();
        state.said_goodbye = matches!(end, End::Goodbye);
        // Uncommitted QoS 2 publishes come again.
        state.received.retain(|_, committed| *committed);
    }
    admitted.leave(&hub);
}

impl Connection<'_> {
    async fn run(&mut self, stream: &mut TcpStream, buffer: &mut BytesMut, stopped: &mut watch::Receiver<bool>) -> End {
        let (mut from, mut to) = stream.split();
        let mut heard = Instant::now();
        let session = self.session.clone();
        let mut whole = true;
        let mut room = *READ_BYTES.start();
        let mut recheck = Instant::now() + self.hub.config.recheck;
        loop {
            if whole {
                match self.take_packets(buffer) {
                    Ok(more) => whole = more,
                    Err(end) => return end,
                }
            }
            self.deliver();
            if !self.out.is_empty() {
                match timeout(self.hub.config.write_timeout, to.write_all(&self.out)).await {
                    Ok(Ok(())) => self.out.clear(),
                    // A client that does not read is as good as gone; half a packet may be out, so nothing more is sent.
                    _ => return End::Gone,
                }
                if self.out.capacity() > 4 * OUTPUT_BYTES {
                    self.out = Vec::with_capacity(4096);
                }
            }
            if session.state.lock().overflowed {
                return End::Reason(reason::QUOTA);
            }
            let reads = self.pipeline.can_accept();
            if reads && whole {
                // Packets are left that the pipeline had no room for before.
                continue;
            }
            if !reads {
                heard = Instant::now();
            }
            if buffer.is_empty() && buffer.capacity() > 4 * room {
                *buffer = BytesMut::new();
            }
            buffer.reserve(room);
            tokio::select! {
                biased;
                done = self.pipeline.next(), if self.pipeline.is_waiting() => match done {
                    Ok(done) => {
                        self.acknowledge(done);
                        whole = true;
                    }
                    Err(e) => {
                        tracing::warn!(client = session.client(), error = ?e, "a batch was not committed; the client sends it again");
                        return End::Reason(reason::UNAVAILABLE);
                    }
                },
                () = session.leave.notified() => return End::Reason(reason::TAKEN_OVER),
                _ = stopped.changed() => return End::Reason(reason::SHUTTING_DOWN),
                () = session.wake.notified() => {}
                () = tokio::time::sleep_until(recheck) => {
                    if !still_welcome(self.hub, self.admitted).await {
                        return End::Reason(reason::NOT_AUTHORIZED);
                    }
                    recheck = Instant::now() + self.hub.config.recheck;
                }
                read = from.read_buf(buffer), if reads => match read {
                    Ok(0) | Err(_) => return End::Gone,
                    Ok(n) => {
                        heard = Instant::now();
                        room = if n >= room { room * 2 } else if n < room / 4 { room / 2 } else { room };
                        room = room.clamp(*READ_BYTES.start(), *READ_BYTES.end());
                        whole = true;
                    }
                },
                () = tokio::time::sleep_until(heard + self.admitted.idle_limit) => return End::Reason(reason::KEEP_ALIVE),
            }
        }
    }

    /// Handles the packets in the buffer. True when some are left since the pipeline is full.
    fn take_packets(&mut self, buffer: &mut BytesMut) -> Result<bool, End> {
        let now = self.pipeline.now();
        let mut used = 0;
        let full = loop {
            if !self.pipeline.can_accept() {
                break true;
            }
            match decode(&buffer[used..], self.admitted.version, self.hub.config.max_packet_bytes)? {
                None => break false,
                Some((packet, length)) => {
                    used += length;
                    match packet {
                        Packet::Publish(p) => self.publish(&p, now)?,
                        other => self.control(other)?,
                    }
                }
            }
        };
        self.pipeline.dispatch();
        buffer.advance(used);
        Ok(full)
    }

    fn publish(&mut self, p: &Publish<'_>, now: belfry_kernel::Time) -> Result<(), End> {
        let config = &self.hub.config;
        if p.topic.is_empty() && self.admitted.version == Version::V5 {
            return Err(End::Reason(reason::TOPIC_ALIAS));
        }
        if !p.properties.as_bytes().is_empty() {
            if p.properties.number(crate::codec::Property::TopicAlias).is_some() {
                return Err(End::Reason(reason::TOPIC_ALIAS));
            }
            if p.properties.get(crate::codec::Property::SubscriptionIdentifier).is_some() {
                return Err(End::Reason(reason::PROTOCOL));
            }
        }
        let levels = p.topic.bytes().filter(|b| *b == b'/').count() + 1;
        if check_name(p.topic).is_err() || p.topic.len() > config.max_topic_bytes || levels > config.max_topic_levels {
            return Err(End::Reason(reason::TOPIC_NAME));
        }
        if p.qos != QoS::AtMostOnce {
            if p.qos == QoS::ExactlyOnce {
                let known = self.session.state.lock().received.get(&p.id).copied();
                if let Some(true) = known {
                    self.ack(AckKind::PubRec, p.id, reason::SUCCESS);
                }
                if known.is_some() {
                    return Ok(());
                }
                let mut state = self.session.state.lock();
                if state.received.len() >= usize::from(config.receive_maximum) {
                    return Err(End::Reason(reason::RECEIVE_MAXIMUM));
                }
                state.received.insert(p.id, false);
            }
            self.unacknowledged += 1;
            // Clients of 3.1.1 know no receive maximum: they are slowed down by not being read.
            if self.admitted.version == Version::V5 && self.unacknowledged > usize::from(config.receive_maximum) {
                return Err(End::Reason(reason::RECEIVE_MAXIMUM));
            }
        }
        if !self.admitted.grant.publish.allows_topic(p.topic) {
            if let Some(count) = self.hub.ingest.counters.denied.note(self.pipeline.now()) {
                let client = self.session.client();
                tracing::warn!(count, client, topic = p.topic, "messages to topics that their client may not use");
            }
            tracing::debug!(client = self.session.client(), topic = p.topic, "publish denied");
            if p.qos != QoS::AtMostOnce {
                let kind = if p.qos == QoS::AtLeastOnce { AckKind::PubAck } else { AckKind::PubRec };
                self.unacknowledged -= 1;
                if p.qos == QoS::ExactlyOnce {
                    self.session.state.lock().received.remove(&p.id);
                }
                self.ack(kind, p.id, reason::NOT_AUTHORIZED);
            }
            return Ok(());
        }
        let forward = self.hub.wants(p.retain).then(|| Forward {
            topic: p.topic.into(),
            payload: Bytes::copy_from_slice(p.payload),
            properties: Bytes::copy_from_slice(p.properties.as_bytes()),
            qos: p.qos,
            retain: p.retain,
        });
        let suspect = p.dup && self.may_repeat;
        for effect in self.pipeline.offer(p, now, suspect, forward) {
            // Everything that devices publish comes through here, so there is nothing to subscribe to.
            if let Effect::Publish { topic, payload } = effect {
                let payload = Bytes::copy_from_slice(payload);
                let command = Forward {
                    topic: topic.clone(),
                    payload,
                    properties: Bytes::new(),
                    qos: QoS::AtMostOnce,
                    retain: false,
                };
                self.hub.route(&command, self.session.key.tenant.as_deref(), None);
            }
        }
        Ok(())
    }

    fn control(&mut self, packet: Packet<'_>) -> Result<(), End> {
        match packet {
            Packet::Ack(Ack { kind: AckKind::PubAck, id, .. }) => {
                let mut state = self.session.state.lock();
                if let Some(at) = state.in_flight.iter().position(|(sent, _)| *sent == id) {
                    state.in_flight.remove(at);
                }
            }
            Packet::Ack(Ack { kind: AckKind::PubRel, id, .. }) => {
                let known = self.session.state.lock().received.remove(&id).is_some();
                let code = if known { reason::SUCCESS } else { reason::PACKET_ID };
                self.ack(AckKind::PubComp, id, code);
            }
            Packet::Subscribe(s) => self.subscribe(&s)?,
            Packet::Unsubscribe(u) => self.unsubscribe(&u),
            Packet::PingReq => Packet::PingResp.encode(self.admitted.version, &mut self.out),
            Packet::Disconnect(reason::DISCONNECT_WITH_WILL) => return Err(End::Gone),
            Packet::Disconnect(_) => return Err(End::Goodbye),
            // A second CONNECT, packets that only a server sends, acknowledgements of what was never sent.
            _ => return Err(End::Reason(reason::PROTOCOL)),
        }
        Ok(())
    }

    fn subscribe(&mut self, s: &Subscribe<'_>) -> Result<(), End> {
        if s.identifier > 0 {
            return Err(End::Reason(reason::SUBSCRIPTION_ID));
        }
        let config = &self.hub.config;
        let codes = s.filters.iter().map(|(text, options)| {
            let levels = text.bytes().filter(|b| *b == b'/').count() + 1;
            let fits = text.len() <= config.max_topic_bytes && levels <= config.max_topic_levels;
            let filter = match Filter::parse(text) {
                Ok(filter) if fits => filter,
                _ => return reason::TOPIC_FILTER,
            };
            if text.starts_with("$share/") {
                return reason::SHARED_SUBSCRIPTION;
            }
            if !self.admitted.grant.subscribe.allows_filter(&filter) {
                return reason::NOT_AUTHORIZED;
            }
            let mut options = *options;
            options.qos = options.qos.min(QoS::AtLeastOnce);
            if self.hub.subscribe(&self.session, &filter, options) { options.qos as u8 } else { reason::QUOTA }
        });
        let version = self.admitted.version;
        let codes = codes.map(|c| if version == Version::V311 && c > 2 { reason::UNSPECIFIED } else { c }).collect();
        Packet::SubAck(SubAck { id: s.id, codes }).encode(version, &mut self.out);
        Ok(())
    }

    fn unsubscribe(&mut self, u: &Unsubscribe<'_>) {
        let codes = u.filters.iter().map(|text| match Filter::parse(text) {
            Ok(filter) if self.hub.unsubscribe(&self.session, &filter) => reason::SUCCESS,
            Ok(_) => reason::NO_SUBSCRIPTION,
            Err(_) => reason::TOPIC_FILTER,
        });
        let codes = codes.collect();
        Packet::UnsubAck(SubAck { id: u.id, codes }).encode(self.admitted.version, &mut self.out);
    }

    fn ack(&mut self, kind: AckKind, id: u16, reason: u8) {
        Packet::Ack(Ack { kind, id, reason }).encode(self.admitted.version, &mut self.out);
    }

    /// Acknowledges a batch and sends it on to subscribers: what nobody can lose any more.
    fn acknowledge(&mut self, done: Vec<Done>) {
        for d in done {
            if let Some((kind, id)) = d.ack {
                self.unacknowledged = self.unacknowledged.saturating_sub(1);
                if kind == AckKind::PubRec {
                    let mut state = self.session.state.lock();
                    if d.reason >= reason::UNSPECIFIED && self.admitted.version == Version::V5 {
                        // A PUBREC that refuses ends the exchange (5.0 section 4.3.3).
                        state.received.remove(&id);
                    } else {
                        state.received.insert(id, true);
                    }
                }
                self.ack(kind, id, d.reason);
            }
            if let Some(forward) = d.forward {
                self.hub.route(&forward, self.session.key.tenant.as_deref(), Some(&self.session));
            }
        }
    }

    /// Sends again what an earlier connection sent and the client did not acknowledge (section 4.4).
    fn resend(&mut self) {
        let session = self.session.clone();
        let state = session.state.lock();
        for (id, o) in &state.in_flight {
            encode(&mut self.out, self.admitted, o, *id, true);
        }
    }

    /// Puts waiting messages into the output while there is room there and in the client's window.
    fn deliver(&mut self) {
        let session = self.session.clone();
        let mut state = session.state.lock();
        let window = self.hub.config.outgoing_in_flight.min(usize::from(self.admitted.receive_maximum));
        let mut sent = 0;
        while self.out.len() < OUTPUT_BYTES {
            let room = state.in_flight.len() < window;
            match state.front() {
                Some(next) if next.qos == QoS::AtMostOnce || room => {}
                _ => break,
            }
            let Some(next) = state.pop() else { break };
            let id = if next.qos == QoS::AtMostOnce { 0 } else { state.take_id() };
            if !encode(&mut self.out, self.admitted, &next, id, false) {
                Counters::add(&self.hub.ingest.counters.dropped, 1);
                continue;
            }
            sent += 1;
            if id > 0 {
                state.in_flight.push_back((id, next));
            }
        }
        // What did not fit goes out after this output is written.
        if self.out.len() >= OUTPUT_BYTES && state.front().is_some() {
            session.wake.notify_one();
        }
        if sent > 0 {
            Counters::add(&self.hub.ingest.counters.sent, sent);
        }
    }

    /// Commits what is under way and says why the connection ends.
    async fn finish(&mut self, stream: &mut TcpStream, end: &End) {
        if let End::Reason(r) = end {
            tracing::debug!(client = self.session.client(), reason = *r, "connection closed");
            if !matches!(*r, reason::TAKEN_OVER | reason::SHUTTING_DOWN | reason::KEEP_ALIVE | reason::UNAVAILABLE) {
                Counters::add(&self.hub.ingest.counters.protocol_errors, 1);
            }
        }
        self.pipeline.dispatch();
        let limit = self.hub.config.write_timeout;
        let drain = async {
            while self.pipeline.is_waiting() {
                match self.pipeline.next().await {
                    Ok(done) => self.acknowledge(done),
                    Err(_) => return,
                }
            }
        };
        // The commits themselves go on if the store takes longer; only the acknowledgements are then not sent.
        let _ = timeout(limit, drain).await;
        if matches!(end, End::Gone) {
            return;
        }
        if let (End::Reason(r), Version::V5) = (end, self.admitted.version) {
            Packet::Disconnect(*r).encode(Version::V5, &mut self.out);
        }
        let bye = async {
            stream.write_all(&self.out).await?;
            stream.shutdown().await
        };
        let _ = timeout(Duration::from_secs(1).min(self.hub.config.write_timeout), bye).await;
    }

    /// Publishes the will as if the client had, except that nobody is told how it went.
    async fn publish_will(&mut self, will: Forward) {
        let now = self.pipeline.now();
        let (topic, payload) = (will.topic.clone(), will.payload.clone());
        let publish = Publish {
            dup: false,
            qos: QoS::AtMostOnce,
            retain: will.retain,
            topic: &topic,
            id: 0,
            properties: Properties::EMPTY,
            payload: &payload,
        };
        self.pipeline.offer(&publish, now, false, Some(will));
        self.pipeline.dispatch();
        while self.pipeline.is_waiting() {
            match self.pipeline.next().await {
                Ok(done) => self.acknowledge(done),
                Err(e) => {
                    tracing::warn!(client = self.session.client(), error = ?e, "the will was not committed");
                    return;
                }
            }
        }
    }
}

/// Whether what a client showed still opens the door to the same place: tokens are revoked and expire.
async fn still_welcome(hub: &Hub, admitted: &Admitted) -> bool {
    let asked = hub.authenticator.authenticate(admitted.credentials.clone());
    match timeout(hub.config.connect_timeout, asked).await {
        Ok(Ok(grant)) => grant.principal == admitted.grant.principal && grant.tenant == admitted.grant.tenant,
        Ok(Err(Refusal::BadCredentials | Refusal::NotAuthorized)) => false,
        // It cannot be decided now: it is asked again.
        Ok(Err(Refusal::Unavailable)) | Err(_) => true,
    }
}

/// Encodes a delivery. False when it is larger than the client takes.
fn encode(out: &mut Vec<u8>, admitted: &Admitted, o: &super::session::Outgoing, id: u16, dup: bool) -> bool {
    let m = &o.message;
    let p = Publish {
        dup: dup && id > 0,
        qos: o.qos,
        retain: o.retain,
        topic: &m.topic,
        id,
        properties: Properties::from_checked(&m.properties),
        payload: &m.payload,
    };
    let before = out.len();
    Packet::Publish(p).encode(admitted.version, out);
    if out.len() - before > admitted.max_packet_bytes {
        out.truncate(before);
        return false;
    }
    true
}
