//! Bytes to control packets. Pure; the same function serves the listener, the client and the fuzzer.

use super::packet::{
    Ack, AckKind, ConnAck, Connect, Packet, Publish, QoS, SubAck, Subscribe, Subscription, Unsubscribe, Version, Will,
};
use super::property::{self, Properties, Property};
use super::reason;
use smallvec::SmallVec;

/// Why bytes are not a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A field reaches beyond the packet, or bytes are left over.
    #[error("a field does not fit its packet")]
    Length,
    /// A remaining length or variable byte integer of more than four bytes.
    #[error("a variable length is malformed")]
    VariableLength,
    /// A packet type of 0, or flags that its type does not have.
    #[error("the packet type or its flags are not valid")]
    Header,
    /// A text that is not UTF-8, or holds the null character.
    #[error("a text is not valid UTF-8 or holds the null character")]
    Text,
    /// A protocol name or level that is not MQTT 3.1.1 or 5.0.
    #[error("the protocol is not MQTT 3.1.1 or 5.0")]
    Version,
    /// Reserved bits, a QoS of 3, a packet identifier of 0, or flags that contradict each other.
    #[error("a field has a value that it must not have")]
    Field,
    /// A property that is unknown, comes twice, or has no place in this packet.
    #[error("property {0:#04x} is unknown, comes twice or has no place here")]
    Property(u8),
    /// Larger than the limit.
    #[error("the packet is larger than the limit")]
    TooLarge,
}

impl DecodeError {
    /// The reason code of MQTT 5.0 for it.
    pub fn reason(self) -> u8 {
        match self {
            Self::Version => reason::VERSION,
            Self::TooLarge => reason::TOO_LARGE,
            Self::Property(_) => reason::PROTOCOL,
            _ => reason::MALFORMED,
        }
    }
}

/// Reads fields in order; every read is checked.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn take(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        let (head, tail) = self.0.split_at_checked(n).ok_or(DecodeError::Length)?;
        self.0 = tail;
        Ok(head)
    }

    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        let (first, tail) = self.0.split_first().ok_or(DecodeError::Length)?;
        self.0 = tail;
        Ok(*first)
    }

    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        let (head, tail) = self.0.split_first_chunk().ok_or(DecodeError::Length)?;
        self.0 = tail;
        Ok(u16::from_be_bytes(*head))
    }

    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        let (head, tail) = self.0.split_first_chunk().ok_or(DecodeError::Length)?;
        self.0 = tail;
        Ok(u32::from_be_bytes(*head))
    }

    pub fn varint(&mut self) -> Result<u32, DecodeError> {
        match variable(self.0)? {
            Some((n, used)) => {
                self.0 = &self.0[used..];
                Ok(n)
            }
            None => Err(DecodeError::Length),
        }
    }

    pub fn binary(&mut self) -> Result<&'a [u8], DecodeError> {
        let n = self.u16()?;
        self.take(usize::from(n))
    }

    pub fn text(&mut self) -> Result<&'a str, DecodeError> {
        let bytes = self.binary()?;
        let text = std::str::from_utf8(bytes).map_err(|_| DecodeError::Text)?;
        if bytes.contains(&0) { Err(DecodeError::Text) } else { Ok(text) }
    }

    fn id(&mut self) -> Result<u16, DecodeError> {
        match self.u16()? {
            0 => Err(DecodeError::Field),
            id => Ok(id),
        }
    }

    fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }
}

/// A variable byte integer and its length; `None` when the bytes end before it does.
fn variable(bytes: &[u8]) -> Result<Option<(u32, usize)>, DecodeError> {
    let mut n = 0;
    for (i, b) in bytes.iter().take(4).enumerate() {
        n |= u32::from(b & 0x7f) << (7 * i);
        if b & 0x80 == 0 {
            // 5.0 section 1.5.5: the shortest form must be used.
            return if i > 0 && *b == 0 { Err(DecodeError::VariableLength) } else { Ok(Some((n, i + 1))) };
        }
    }
    if bytes.len() >= 4 { Err(DecodeError::VariableLength) } else { Ok(None) }
}

/// The length of the first packet in `buffer`, fixed header included; `None` when more bytes are needed to know it.
pub fn frame(buffer: &[u8], max_bytes: usize) -> Result<Option<usize>, DecodeError> {
    let Some(rest) = buffer.get(1..) else { return Ok(None) };
    let Some((length, used)) = variable(rest)? else { return Ok(None) };
    let whole = 1 + used + length as usize;
    if whole > max_bytes { Err(DecodeError::TooLarge) } else { Ok(Some(whole)) }
}

/// Decodes the first packet in `buffer` and says how many bytes it took; `None` when it is not complete. A CONNECT carries
/// its own version.
pub fn decode(buffer: &[u8], version: Version, max_bytes: usize) -> Result<Option<(Packet<'_>, usize)>, DecodeError> {
    let Some(length) = frame(buffer, max_bytes)? else {
        return match buffer.first() {
            Some(first) if !header_fits(*first) => Err(DecodeError::Header),
            _ => Ok(None),
        };
    };
    let first = buffer[0];
    if !header_fits(first) {
        return Err(DecodeError::Header);
    }
    let Some(packet) = buffer.get(..length) else { return Ok(None) };
    // The body is what follows the type and its one to four length bytes.
    let mut body = Reader::new(&packet[1..]);
    body.varint()?;
    let packet = match first >> 4 {
        1 => Packet::Connect(Box::new(connect(&mut body)?)),
        2 => Packet::ConnAck(Box::new(connack(&mut body, version)?)),
        3 => return Ok(Some((Packet::Publish(publish(first, body, version)?), length))),
        4 => ack(&mut body, version, AckKind::PubAck)?,
        5 => ack(&mut body, version, AckKind::PubRec)?,
        6 => ack(&mut body, version, AckKind::PubRel)?,
        7 => ack(&mut body, version, AckKind::PubComp)?,
        8 => Packet::Subscribe(subscribe(&mut body, version)?),
        9 => Packet::SubAck(suback(&mut body, version)?),
        10 => Packet::Unsubscribe(unsubscribe(&mut body, version)?),
        11 if version == Version::V311 => Packet::UnsubAck(SubAck { id: body.id()?, codes: SmallVec::new() }),
        11 => Packet::UnsubAck(suback(&mut body, version)?),
        12 => Packet::PingReq,
        13 => Packet::PingResp,
        14 => Packet::Disconnect(reasoned(&mut body, version, property::DISCONNECT)?),
        _ if version == Version::V5 => Packet::Auth(reasoned(&mut body, version, property::AUTH)?),
        _ => return Err(DecodeError::Header),
    };
    if body.is_empty() { Ok(Some((packet, length))) } else { Err(DecodeError::Length) }
}

fn header_fits(first: u8) -> bool {
    match first >> 4 {
        0 => false,
        3 => first & 0x06 != 0x06,
        6 | 8 | 10 => first & 0x0f == 2,
        _ => first & 0x0f == 0,
    }
}

fn properties<'a>(body: &mut Reader<'a>, version: Version, allowed: u64) -> Result<Properties<'a>, DecodeError> {
    match version {
        Version::V311 => Ok(Properties::EMPTY),
        Version::V5 => Properties::read(body, allowed),
    }
}

fn publish(first: u8, mut body: Reader<'_>, version: Version) -> Result<Publish<'_>, DecodeError> {
    let qos = QoS::from_bits(first >> 1 & 3).ok_or(DecodeError::Header)?;
    let dup = first & 8 != 0;
    if dup && qos == QoS::AtMostOnce {
        return Err(DecodeError::Header);
    }
    let topic = body.text()?;
    let id = if qos == QoS::AtMostOnce { 0 } else { body.id()? };
    let properties = properties(&mut body, version, property::PUBLISH)?;
    Ok(Publish { dup, qos, retain: first & 1 != 0, topic, id, properties, payload: body.rest() })
}

fn connect<'a>(body: &mut Reader<'a>) -> Result<Connect<'a>, DecodeError> {
    let name = body.binary()?;
    let version = match (name, body.u8()?) {
        (b"MQTT", 4) => Version::V311,
        (b"MQTT", 5) => Version::V5,
        _ => return Err(DecodeError::Version),
    };
    let flags = body.u8()?;
    let (has_will, will_qos, will_retain) = (flags & 4 != 0, flags >> 3 & 3, flags & 0x20 != 0);
    let (has_password, has_username) = (flags & 0x40 != 0, flags & 0x80 != 0);
    let contradicts = !has_will && (will_qos != 0 || will_retain);
    if flags & 1 != 0 || contradicts || (version == Version::V311 && has_password && !has_username) {
        return Err(DecodeError::Field);
    }
    let keep_alive = body.u16()?;
    let props = properties(body, version, property::CONNECT)?;
    if props.get(Property::AuthData).is_some() && props.get(Property::AuthMethod).is_none() {
        return Err(DecodeError::Property(Property::AuthData as u8));
    }
    let client_id = body.text()?;
    let will = if has_will {
        let properties = properties(body, version, property::WILL)?;
        let (topic, payload) = (body.text()?, body.binary()?);
        let qos = QoS::from_bits(will_qos).ok_or(DecodeError::Field)?;
        Some(Will { topic, payload, qos, retain: will_retain, properties })
    } else {
        None
    };
    Ok(Connect {
        version,
        clean: flags & 2 != 0,
        keep_alive,
        session_expiry: props.number(Property::SessionExpiry).unwrap_or(0),
        receive_maximum: props.number(Property::ReceiveMaximum).map_or(u16::MAX, |n| n as u16),
        max_packet_bytes: props.number(Property::MaximumPacketSize),
        auth_method: props.get(Property::AuthMethod).is_some(),
        client_id,
        will,
        username: if has_username { Some(body.text()?) } else { None },
        password: if has_password { Some(body.binary()?) } else { None },
    })
}

fn connack<'a>(body: &mut Reader<'a>, version: Version) -> Result<ConnAck<'a>, DecodeError> {
    let flags = body.u8()?;
    if flags > 1 {
        return Err(DecodeError::Field);
    }
    let code = body.u8()?;
    // A 3.1.1 server refuses a 5.0 client without properties.
    let properties = if body.is_empty() { Properties::EMPTY } else { properties(body, version, property::CONNACK)? };
    Ok(ConnAck { session_present: flags == 1, code, properties })
}

fn ack<'a>(body: &mut Reader<'a>, version: Version, kind: AckKind) -> Result<Packet<'a>, DecodeError> {
    let id = body.id()?;
    Ok(Packet::Ack(Ack { kind, id, reason: reasoned(body, version, property::ACK)? }))
}

/// A reason and properties, each of which may be left out at the end of a 5.0 packet.
fn reasoned(body: &mut Reader<'_>, version: Version, allowed: u64) -> Result<u8, DecodeError> {
    if version == Version::V311 || body.is_empty() {
        return Ok(reason::SUCCESS);
    }
    let reason = body.u8()?;
    if !body.is_empty() {
        properties(body, version, allowed)?;
    }
    Ok(reason)
}

fn subscribe<'a>(body: &mut Reader<'a>, version: Version) -> Result<Subscribe<'a>, DecodeError> {
    let id = body.id()?;
    let props = properties(body, version, property::SUBSCRIBE)?;
    let mut filters = SmallVec::new();
    while !body.is_empty() {
        let filter = body.text()?;
        let options = body.u8()?;
        let reserved = if version == Version::V311 { 0xfc } else { 0xc0 };
        let retain_handling = options >> 4 & 3;
        if options & reserved != 0 || retain_handling == 3 {
            return Err(DecodeError::Field);
        }
        let qos = QoS::from_bits(options & 3).ok_or(DecodeError::Field)?;
        let (no_local, retain_as_published) = (options & 4 != 0, options & 8 != 0);
        filters.push((filter, Subscription { qos, no_local, retain_as_published, retain_handling }));
    }
    if filters.is_empty() {
        return Err(DecodeError::Field);
    }
    Ok(Subscribe { id, identifier: props.number(Property::SubscriptionIdentifier).unwrap_or(0), filters })
}

fn unsubscribe<'a>(body: &mut Reader<'a>, version: Version) -> Result<Unsubscribe<'a>, DecodeError> {
    let id = body.id()?;
    properties(body, version, property::UNSUBSCRIBE)?;
    let mut filters = SmallVec::new();
    while !body.is_empty() {
        filters.push(body.text()?);
    }
    if filters.is_empty() { Err(DecodeError::Field) } else { Ok(Unsubscribe { id, filters }) }
}

fn suback(body: &mut Reader<'_>, version: Version) -> Result<SubAck, DecodeError> {
    let id = body.id()?;
    properties(body, version, property::ACK)?;
    let codes: SmallVec<[u8; 8]> = body.rest().into();
    if codes.is_empty() { Err(DecodeError::Field) } else { Ok(SubAck { id, codes }) }
}
