//! The properties of MQTT 5.0 (section 2.2.2): checked once when a packet is decoded, then read by whoever needs one.

use super::decode::{DecodeError, Reader};

/// A checked property list, as bytes without its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Properties<'a>(pub(super) &'a [u8]);

/// The identifier of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, clippy::enum_variant_names, reason = "the names are those of the standard, table 2-4")]
pub enum Property {
    PayloadFormat = 0x01,
    MessageExpiry = 0x02,
    ContentType = 0x03,
    ResponseTopic = 0x08,
    CorrelationData = 0x09,
    SubscriptionIdentifier = 0x0B,
    SessionExpiry = 0x11,
    AssignedClientId = 0x12,
    ServerKeepAlive = 0x13,
    AuthMethod = 0x15,
    AuthData = 0x16,
    WillDelay = 0x18,
    ReceiveMaximum = 0x21,
    TopicAlias = 0x23,
    MaximumQos = 0x24,
    UserProperty = 0x26,
    MaximumPacketSize = 0x27,
    SubscriptionIdentifiersAvailable = 0x29,
    SharedSubscriptionAvailable = 0x2A,
}

/// The value of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// One, two or four bytes, or a variable byte integer.
    Number(u32),
    /// A text.
    Text(&'a str),
    /// Bytes.
    Binary(&'a [u8]),
    /// A name and a value.
    Pair(&'a str, &'a str),
}

/// The properties that a packet may have, one bit an identifier.
pub(super) const CONNECT: u64 = bits(&[0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27]);
pub(super) const WILL: u64 = bits(&[0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26]);
pub(super) const CONNACK: u64 =
    bits(&[0x11, 0x12, 0x13, 0x15, 0x16, 0x1A, 0x1C, 0x1F, 0x21, 0x22, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A]);
pub(super) const PUBLISH: u64 = bits(&[0x01, 0x02, 0x03, 0x08, 0x09, 0x0B, 0x23, 0x26]);
pub(super) const ACK: u64 = bits(&[0x1F, 0x26]);
pub(super) const SUBSCRIBE: u64 = bits(&[0x0B, 0x26]);
pub(super) const UNSUBSCRIBE: u64 = bits(&[0x26]);
pub(super) const DISCONNECT: u64 = bits(&[0x11, 0x1C, 0x1F, 0x26]);
pub(super) const AUTH: u64 = bits(&[0x15, 0x16, 0x1F, 0x26]);
/// Those that may come more than once: user properties, and subscription identifiers in what a server publishes.
const REPEATABLE: u64 = bits(&[0x26, 0x0B]);

const fn bits(ids: &[u8]) -> u64 {
    let (mut mask, mut i) = (0, 0);
    while i < ids.len() {
        mask |= 1 << ids[i];
        i += 1;
    }
    mask
}

impl<'a> Properties<'a> {
    /// Nothing.
    pub const EMPTY: Self = Self(&[]);

    /// Reads and checks a list with its length in front: only what `allowed` has, each once.
    pub(super) fn read(from: &mut Reader<'a>, allowed: u64) -> Result<Self, DecodeError> {
        let length = from.varint()? as usize;
        let bytes = from.take(length)?;
        let (mut inner, mut seen) = (Reader::new(bytes), 0_u64);
        while !inner.is_empty() {
            let (id, value) = one(&mut inner)?;
            let bit = 1_u64.checked_shl(u32::from(id)).unwrap_or(0);
            if allowed & bit == 0 || (seen & bit != 0 && REPEATABLE & bit == 0) {
                return Err(DecodeError::Property(id));
            }
            seen |= bit;
            let out_of_range = match (id, value) {
                (0x21 | 0x23 | 0x27 | 0x0B, Value::Number(0)) => true,
                (0x01 | 0x17 | 0x19 | 0x24 | 0x25 | 0x28 | 0x29 | 0x2A, Value::Number(n)) => n > 1,
                _ => false,
            };
            if out_of_range {
                return Err(DecodeError::Property(id));
            }
        }
        Ok(Self(bytes))
    }

    /// A list that was checked before and kept as bytes.
    pub fn from_checked(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes, without the length.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// The properties in order.
    pub fn iter(&self) -> impl Iterator<Item = (u8, Value<'a>)> {
        let mut inner = Reader::new(self.0);
        std::iter::from_fn(move || if inner.is_empty() { None } else { one(&mut inner).ok() })
    }

    /// The value of a property, if it is there.
    pub fn get(&self, property: Property) -> Option<Value<'a>> {
        if self.0.is_empty() {
            return None;
        }
        self.iter().find(|(id, _)| *id == property as u8).map(|(_, v)| v)
    }

    /// The number of a property, if it is there.
    pub fn number(&self, property: Property) -> Option<u32> {
        match self.get(property) {
            Some(Value::Number(n)) => Some(n),
            _ => None,
        }
    }
}

fn one<'a>(from: &mut Reader<'a>) -> Result<(u8, Value<'a>), DecodeError> {
    let id = from.u8()?;
    let value = match id {
        0x01 | 0x17 | 0x19 | 0x24 | 0x25 | 0x28 | 0x29 | 0x2A => Value::Number(u32::from(from.u8()?)),
        0x13 | 0x21 | 0x22 | 0x23 => Value::Number(u32::from(from.u16()?)),
        0x02 | 0x11 | 0x18 | 0x27 => Value::Number(from.u32()?),
        0x0B => Value::Number(from.varint()?),
        0x03 | 0x08 | 0x12 | 0x15 | 0x1A | 0x1C | 0x1F => Value::Text(from.text()?),
        0x09 | 0x16 => Value::Binary(from.binary()?),
        0x26 => Value::Pair(from.text()?, from.text()?),
        other => return Err(DecodeError::Property(other)),
    };
    Ok((id, value))
}

/// Appends a property to a list of bytes. Texts and binaries longer than 65,535 bytes are cut off there.
pub(crate) fn put(into: &mut Vec<u8>, property: Property, value: Value<'_>) {
    let id = property as u8;
    into.push(id);
    match value {
        Value::Number(n) => match id {
            0x01 | 0x17 | 0x19 | 0x24 | 0x25 | 0x28 | 0x29 | 0x2A => into.push(n as u8),
            0x13 | 0x21 | 0x22 | 0x23 => into.extend_from_slice(&(n as u16).to_be_bytes()),
            0x0B => super::encode::varint(into, n),
            _ => into.extend_from_slice(&n.to_be_bytes()),
        },
        Value::Text(t) => super::encode::text(into, t),
        Value::Binary(b) => super::encode::binary(into, b),
        Value::Pair(a, b) => {
            super::encode::text(into, a);
            super::encode::text(into, b);
        }
    }
}

/// User properties as the bytes of a property list.
pub fn user_properties(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in pairs {
        put(&mut out, Property::UserProperty, Value::Pair(name, value));
    }
    out
}
