//! From a fresh socket to a seat in a session: CONNECT, the authenticator, session take-over, CONNACK.

use super::hub::Hub;
use super::session::{Session, SessionKey};
use crate::auth::{Credentials, Grant, Refusal};
use crate::codec::{ConnAck, Connect, Packet, Properties, Property, Value, Version, decode, reason};
use crate::ingest::{Counters, Forward};
use crate::sink::Window;
use belfry_connect_payload::check_name;
use bytes::{Buf, Bytes, BytesMut};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, timeout};

/// A client that has been let in.
pub(super) struct Admitted {
    pub version: Version,
    pub session: Arc<Session>,
    pub seat: OwnedMutexGuard<()>,
    pub grant: Grant,
    /// What it showed, to ask again whether it still opens the door.
    pub credentials: Credentials,
    /// Without a packet for this long, the connection ends.
    pub idle_limit: Duration,
    pub expiry: Duration,
    pub receive_maximum: u16,
    pub max_packet_bytes: usize,
    pub will: Option<Forward>,
}

/// Reads the CONNECT and answers it. `None` when the client was turned away.
pub(super) async fn admit(
    stream: &mut TcpStream,
    buffer: &mut BytesMut,
    peer: SocketAddr,
    hub: &Arc<Hub>,
) -> Option<Admitted> {
    let read = async {
        loop {
            match decode(buffer, Version::V5, hub.config.max_packet_bytes) {
                Ok(Some((Packet::Connect(_), length))) => return Some(length),
                Ok(None) => {}
                Ok(Some(_)) => return None,
                Err(e) => {
                    // A client of another version learns why (3.1.1 section 3.1.2.2, return code 1).
                    if e.reason() == reason::VERSION {
                        let _ = stream.write_all(&[0x20, 2, 0, 1]).await;
                    }
                    return None;
                }
            }
            if stream.read_buf(buffer).await.ok()? == 0 {
                return None;
            }
        }
    };
    let Ok(Some(length)) = timeout(hub.config.connect_timeout, read).await else {
        Counters::add(&hub.ingest.counters.protocol_errors, 1);
        return None;
    };
    let bytes = buffer.split_to(length);
    let Ok(Some((Packet::Connect(connect), _))) = decode(&bytes, Version::V5, hub.config.max_packet_bytes) else {
        return None;
    };
    let admitted =
        timeout(hub.config.connect_timeout, decide(&connect, peer, hub)).await.unwrap_or(Err(reason::UNAVAILABLE));
    let answer = match &admitted {
        Ok((admitted, present, assigned)) => accepted(&connect, admitted, *present, *assigned, hub),
        Err(reason) => {
            hub.turn_away(peer, why(*reason));
            refused(connect.version, *reason)
        }
    };
    let sent = timeout(hub.config.write_timeout, stream.write_all(&answer)).await;
    let (admitted, ..) = admitted.ok()?;
    if !matches!(sent, Ok(Ok(()))) {
        // It never was connected: its session goes on, or ends, as after any connection.
        admitted.session.state.lock().connected = false;
        admitted.leave(hub);
        return None;
    }
    // What the buffer held behind the CONNECT stays in it.
    debug_assert_eq!(bytes.remaining(), length);
    Some(admitted)
}

/// Why a client is turned away, for the log.
fn why(reason: u8) -> &'static str {
    match reason {
        reason::CREDENTIALS => "wrong credentials",
        reason::NOT_AUTHORIZED => "not allowed",
        reason::UNAVAILABLE => "it took too long",
        reason::QUOTA => "too many sessions",
        _ => "its CONNECT cannot be accepted",
    }
}

impl Admitted {
    /// Gives the session up: it ends, now or when it expires. For a connection that is over.
    pub fn leave(self, hub: &Hub) {
        self.session.state.lock().expires = Some(Instant::now() + self.expiry);
        if self.expiry.is_zero() {
            hub.end(&self.session);
        }
        drop(self.seat);
    }
}

async fn decide(connect: &Connect<'_>, peer: SocketAddr, hub: &Arc<Hub>) -> Result<(Admitted, bool, bool), u8> {
    if connect.auth_method {
        return Err(reason::AUTH_METHOD);
    }
    let assigned = connect.client_id.is_empty();
    if (assigned && connect.version == Version::V311 && !connect.clean) || connect.client_id.len() > 256 {
        return Err(reason::CLIENT_ID);
    }
    let client_id = if assigned { random_id(hub) } else { connect.client_id.to_owned() };
    let credentials = Credentials {
        client_id: client_id.clone(),
        username: connect.username.map(str::to_owned),
        password: connect.password.map(<[u8]>::to_vec),
        peer,
    };
    let grant = hub.authenticator.authenticate(credentials.clone()).await.map_err(|r| match r {
        Refusal::BadCredentials => reason::CREDENTIALS,
        Refusal::NotAuthorized => reason::NOT_AUTHORIZED,
        Refusal::Unavailable => reason::UNAVAILABLE,
    })?;
    let will = match &connect.will {
        None => None,
        Some(w) => {
            if check_name(w.topic).is_err() || w.topic.len() > hub.config.max_topic_bytes {
                return Err(reason::TOPIC_NAME);
            }
            if !grant.publish.allows_topic(w.topic) {
                return Err(reason::NOT_AUTHORIZED);
            }
            // The will delay is not a property of a publish; the others are passed on.
            let mut properties = Vec::new();
            for (id, value) in w.properties.iter().filter(|(id, _)| *id != Property::WillDelay as u8) {
                put_raw(&mut properties, id, value);
            }
            Some(Forward {
                topic: w.topic.into(),
                payload: Bytes::copy_from_slice(w.payload),
                properties: properties.into(),
                qos: w.qos,
                retain: w.retain,
            })
        }
    };
    let key = SessionKey { tenant: grant.tenant.as_deref().map(Into::into), client: client_id.into() };
    let (session, seat) = take_seat(&key, &grant, hub).await?;
    let admitted = |session, seat| admitted(connect, session, seat, grant.clone(), credentials, will, hub);
    let expired = session.state.lock().expires.is_some_and(|e| e <= Instant::now());
    if !connect.clean && !expired {
        // A session that was used before has an expiry.
        let present = session.state.lock().expires.take().is_some();
        return Ok((admitted(session, seat), present, assigned));
    }
    // What was kept is given up, its subscriptions and queue with it; only what is known of repetitions stays.
    let fresh = Arc::new(Session::new(key.clone(), &grant.principal, 0));
    {
        let (mut new, mut old) = (fresh.state.lock(), session.state.lock());
        new.window = std::mem::replace(&mut old.window, Window::new(0));
        new.said_goodbye = old.said_goodbye;
    }
    let fresh_seat = fresh.seat.clone().lock_owned().await;
    hub.sessions.lock().insert(key, fresh.clone());
    hub.end(&session);
    drop(seat);
    Ok((admitted(fresh, fresh_seat), false, assigned))
}

/// Finds or makes the session and waits until its connection, if it has one, has left.
async fn take_seat(key: &SessionKey, grant: &Grant, hub: &Arc<Hub>) -> Result<(Arc<Session>, OwnedMutexGuard<()>), u8> {
    loop {
        let session = {
            let mut sessions = hub.sessions.lock();
            match sessions.get(key) {
                Some(session) => session.clone(),
                None if sessions.len() >= hub.config.max_sessions => return Err(reason::QUOTA),
                None => {
                    let session = Arc::new(Session::new(key.clone(), &grant.principal, hub.config.pipeline.window));
                    sessions.insert(key.clone(), session.clone());
                    session
                }
            }
        };
        if *session.principal != *grant.principal {
            return Err(reason::NOT_AUTHORIZED);
        }
        let seat = match session.seat.clone().try_lock_owned() {
            Ok(seat) => seat,
            Err(_) => {
                session.leave.notify_one();
                session.seat.clone().lock_owned().await
            }
        };
        // It may have ended while this one waited.
        if hub.sessions.lock().get(key).is_some_and(|s| Arc::ptr_eq(s, &session)) {
            return Ok((session, seat));
        }
    }
}

fn admitted(
    c: &Connect<'_>,
    session: Arc<Session>,
    seat: OwnedMutexGuard<()>,
    grant: Grant,
    credentials: Credentials,
    will: Option<Forward>,
    hub: &Hub,
) -> Admitted {
    let config = &hub.config;
    let expiry = match c.version {
        Version::V311 if c.clean => Duration::ZERO,
        Version::V311 => config.max_session_expiry,
        Version::V5 => Duration::from_secs(u64::from(c.session_expiry)).min(config.max_session_expiry),
    };
    {
        let mut state = session.state.lock();
        state.connected = true;
        state.overflowed = false;
    }
    Admitted {
        version: c.version,
        session,
        seat,
        grant,
        credentials,
        idle_limit: keep_alive(c, hub).mul_f32(1.5),
        expiry,
        receive_maximum: c.receive_maximum,
        max_packet_bytes: c.max_packet_bytes.map_or(usize::MAX, |n| n as usize),
        will,
    }
}

fn keep_alive(c: &Connect<'_>, hub: &Hub) -> Duration {
    match c.keep_alive {
        0 => hub.config.max_keep_alive,
        s => Duration::from_secs(u64::from(s)).min(hub.config.max_keep_alive),
    }
}

fn accepted(c: &Connect<'_>, a: &Admitted, present: bool, assigned: bool, hub: &Hub) -> Vec<u8> {
    let mut p = Vec::new();
    if c.version == Version::V5 {
        let mut number = |property, n| crate::codec::put_property(&mut p, property, Value::Number(n));
        number(Property::ReceiveMaximum, u32::from(hub.config.receive_maximum));
        number(Property::MaximumPacketSize, u32::try_from(hub.config.max_packet_bytes).unwrap_or(u32::MAX));
        number(Property::SubscriptionIdentifiersAvailable, 0);
        number(Property::SharedSubscriptionAvailable, 0);
        if u64::from(c.session_expiry) > a.expiry.as_secs() {
            number(Property::SessionExpiry, a.expiry.as_secs() as u32);
        }
        let seconds = keep_alive(c, hub).as_secs().min(65_535) as u32;
        if seconds != u32::from(c.keep_alive) {
            number(Property::ServerKeepAlive, seconds);
        }
        if assigned {
            crate::codec::put_property(&mut p, Property::AssignedClientId, Value::Text(a.session.client()));
        }
    }
    let mut out = Vec::new();
    let ack = ConnAck { session_present: present, code: 0, properties: Properties::from_checked(&p) };
    Packet::ConnAck(Box::new(ack)).encode(c.version, &mut out);
    out
}

fn refused(version: Version, reason: u8) -> Vec<u8> {
    // 3.1.1 section 3.2.2.3: 2 identifier rejected, 3 server unavailable, 4 bad user name or password, 5 not authorised.
    let code = match (version, reason) {
        (Version::V5, r) => r,
        (_, reason::CLIENT_ID) => 2,
        (_, reason::CREDENTIALS) => 4,
        (_, reason::UNAVAILABLE | reason::QUOTA) => 3,
        _ => 5,
    };
    let mut out = Vec::new();
    Packet::ConnAck(Box::new(ConnAck { session_present: false, code, properties: Properties::EMPTY }))
        .encode(version, &mut out);
    out
}

fn random_id(hub: &Hub) -> String {
    let mut bytes = [0; 10];
    hub.rng.fill(&mut bytes);
    bytes.iter().fold("auto-".to_owned(), |id, b| id + &format!("{b:02x}"))
}

fn put_raw(into: &mut Vec<u8>, id: u8, value: Value<'_>) {
    let property = match id {
        0x01 => Property::PayloadFormat,
        0x02 => Property::MessageExpiry,
        0x03 => Property::ContentType,
        0x08 => Property::ResponseTopic,
        0x09 => Property::CorrelationData,
        0x26 => Property::UserProperty,
        _ => return,
    };
    crate::codec::put_property(into, property, value);
}
