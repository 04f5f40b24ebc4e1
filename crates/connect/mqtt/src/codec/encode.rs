//! Control packets to bytes. Appends to a buffer; checks nothing but the lengths that the format can hold.

use super::packet::{Ack, AckKind, ConnAck, Connect, Packet, Publish, QoS, SubAck, Subscribe, Unsubscribe, Version};
use super::property::{self, Properties, Property, Value};
use super::reason;

/// The largest remaining length (section 2.1.4).
const MAX_REMAINING: usize = 268_435_455;

impl Packet<'_> {
    /// Appends the packet. A packet beyond the largest length of the protocol is left out.
    pub fn encode(&self, version: Version, into: &mut Vec<u8>) {
        match self {
            Packet::Publish(p) => publish(into, version, p),
            Packet::Ack(a) => ack(into, version, *a),
            Packet::PingReq => into.extend_from_slice(&[0xc0, 0]),
            Packet::PingResp => into.extend_from_slice(&[0xd0, 0]),
            Packet::Disconnect(reason) => reasoned(into, version, 0xe0, *reason),
            Packet::Auth(reason) => reasoned(into, version, 0xf0, *reason),
            Packet::Connect(c) => framed(into, 0x10, |out| connect(out, c)),
            Packet::ConnAck(c) => framed(into, 0x20, |out| connack(out, version, c)),
            Packet::Subscribe(s) => framed(into, 0x82, |out| subscribe(out, version, s)),
            Packet::SubAck(s) => framed(into, 0x90, |out| suback(out, version, s)),
            Packet::UnsubAck(s) if version == Version::V311 => {
                framed(into, 0xb0, |out| out.extend_from_slice(&s.id.to_be_bytes()));
            }
            Packet::UnsubAck(s) => framed(into, 0xb0, |out| suback(out, version, s)),
            Packet::Unsubscribe(u) => framed(into, 0xa2, |out| unsubscribe(out, version, u)),
        }
    }
}

/// Appends a PUBLISH.
fn publish(into: &mut Vec<u8>, version: Version, p: &Publish<'_>) {
    let topic = &p.topic.as_bytes()[..p.topic.len().min(65_535)];
    let id = if p.qos == QoS::AtMostOnce { 0 } else { 2 };
    let properties = if version == Version::V5 { varint_len(p.properties.0.len()) + p.properties.0.len() } else { 0 };
    let length = 2 + topic.len() + id + properties + p.payload.len();
    if length > MAX_REMAINING {
        return;
    }
    into.reserve(length + 5);
    into.push(0x30 | u8::from(p.dup) << 3 | (p.qos as u8) << 1 | u8::from(p.retain));
    varint(into, length as u32);
    into.extend_from_slice(&(topic.len() as u16).to_be_bytes());
    into.extend_from_slice(topic);
    if id > 0 {
        into.extend_from_slice(&p.id.to_be_bytes());
    }
    properties_into(into, version, p.properties);
    into.extend_from_slice(p.payload);
}

/// Appends an acknowledgement: four bytes when it went well.
fn ack(into: &mut Vec<u8>, version: Version, a: Ack) {
    let first = match a.kind {
        AckKind::PubAck => 0x40,
        AckKind::PubRec => 0x50,
        AckKind::PubRel => 0x62,
        AckKind::PubComp => 0x70,
    };
    let [high, low] = a.id.to_be_bytes();
    if version == Version::V311 || a.reason == reason::SUCCESS {
        into.extend_from_slice(&[first, 2, high, low]);
    } else {
        into.extend_from_slice(&[first, 3, high, low, a.reason]);
    }
}

fn reasoned(into: &mut Vec<u8>, version: Version, first: u8, reason: u8) {
    if version == Version::V311 || reason == reason::SUCCESS {
        into.extend_from_slice(&[first, 0]);
    } else {
        into.extend_from_slice(&[first, 1, reason]);
    }
}

fn framed(into: &mut Vec<u8>, first: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::with_capacity(64);
    body(&mut inner);
    if inner.len() <= MAX_REMAINING {
        into.push(first);
        varint(into, inner.len() as u32);
        into.extend_from_slice(&inner);
    }
}

fn connect(out: &mut Vec<u8>, c: &Connect<'_>) {
    text(out, "MQTT");
    out.push(if c.version == Version::V311 { 4 } else { 5 });
    let will = c.will.as_ref().map_or(0, |w| 4 | (w.qos as u8) << 3 | u8::from(w.retain) << 5);
    let login = u8::from(c.password.is_some()) << 6 | u8::from(c.username.is_some()) << 7;
    out.push(u8::from(c.clean) << 1 | will | login);
    out.extend_from_slice(&c.keep_alive.to_be_bytes());
    let mut props = Vec::new();
    if c.session_expiry > 0 {
        property::put(&mut props, Property::SessionExpiry, Value::Number(c.session_expiry));
    }
    if c.receive_maximum != u16::MAX {
        property::put(&mut props, Property::ReceiveMaximum, Value::Number(u32::from(c.receive_maximum)));
    }
    if let Some(n) = c.max_packet_bytes {
        property::put(&mut props, Property::MaximumPacketSize, Value::Number(n));
    }
    properties_into(out, c.version, Properties(&props));
    text(out, c.client_id);
    if let Some(w) = &c.will {
        properties_into(out, c.version, w.properties);
        text(out, w.topic);
        binary(out, w.payload);
    }
    if let Some(u) = c.username {
        text(out, u);
    }
    if let Some(p) = c.password {
        binary(out, p);
    }
}

fn connack(out: &mut Vec<u8>, version: Version, c: &ConnAck<'_>) {
    out.extend_from_slice(&[u8::from(c.session_present), c.code]);
    properties_into(out, version, c.properties);
}

fn subscribe(out: &mut Vec<u8>, version: Version, s: &Subscribe<'_>) {
    out.extend_from_slice(&s.id.to_be_bytes());
    let mut props = Vec::new();
    if s.identifier > 0 {
        property::put(&mut props, Property::SubscriptionIdentifier, Value::Number(s.identifier));
    }
    properties_into(out, version, Properties(&props));
    for (filter, o) in &s.filters {
        text(out, filter);
        let extra = u8::from(o.no_local) << 2 | u8::from(o.retain_as_published) << 3 | o.retain_handling << 4;
        out.push(o.qos as u8 | if version == Version::V5 { extra } else { 0 });
    }
}

fn suback(out: &mut Vec<u8>, version: Version, s: &SubAck) {
    out.extend_from_slice(&s.id.to_be_bytes());
    properties_into(out, version, Properties::EMPTY);
    out.extend_from_slice(&s.codes);
}

fn unsubscribe(out: &mut Vec<u8>, version: Version, u: &Unsubscribe<'_>) {
    out.extend_from_slice(&u.id.to_be_bytes());
    properties_into(out, version, Properties::EMPTY);
    for filter in &u.filters {
        text(out, filter);
    }
}

fn properties_into(out: &mut Vec<u8>, version: Version, properties: Properties<'_>) {
    if version == Version::V5 {
        varint(out, properties.0.len() as u32);
        out.extend_from_slice(properties.0);
    }
}

pub(super) fn text(into: &mut Vec<u8>, t: &str) {
    let mut end = t.len().min(65_535);
    while !t.is_char_boundary(end) {
        end -= 1;
    }
    binary(into, &t.as_bytes()[..end]);
}

pub(super) fn binary(into: &mut Vec<u8>, b: &[u8]) {
    let b = &b[..b.len().min(65_535)];
    into.extend_from_slice(&(b.len() as u16).to_be_bytes());
    into.extend_from_slice(b);
}

pub(super) fn varint(into: &mut Vec<u8>, mut n: u32) {
    loop {
        let low = (n & 0x7f) as u8;
        n >>= 7;
        if n == 0 {
            into.push(low);
            return;
        }
        into.push(low | 0x80);
    }
}

fn varint_len(n: usize) -> usize {
    match n {
        0..=127 => 1,
        128..=16_383 => 2,
        16_384..=2_097_151 => 3,
        _ => 4,
    }
}
