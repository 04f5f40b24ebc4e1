//! The control packets as types. Holds shapes; bytes are in decode and encode.

use smallvec::SmallVec;

/// The protocol version of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// MQTT 3.1.1 (level 4).
    V311,
    /// MQTT 5.0 (level 5).
    V5,
}

/// Quality of service.
#[expect(clippy::enum_variant_names, reason = "the names are those of the standard")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QoS {
    /// At most once.
    AtMostOnce,
    /// At least once.
    AtLeastOnce,
    /// Exactly once.
    ExactlyOnce,
}

impl QoS {
    /// From its two bits; 3 is none.
    pub fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }
}

/// A control packet, borrowed from the buffer it was decoded from.
#[derive(Clone, Debug, PartialEq)]
pub enum Packet<'a> {
    /// Client to server: the first packet.
    Connect(Box<Connect<'a>>),
    /// Its answer.
    ConnAck(Box<ConnAck<'a>>),
    /// An application message.
    Publish(Publish<'a>),
    /// PUBACK, PUBREC, PUBREL or PUBCOMP.
    Ack(Ack),
    /// Client to server.
    Subscribe(Subscribe<'a>),
    /// Its answer.
    SubAck(SubAck),
    /// Client to server.
    Unsubscribe(Unsubscribe<'a>),
    /// Its answer; no codes in 3.1.1.
    UnsubAck(SubAck),
    /// Are you there?
    PingReq,
    /// I am.
    PingResp,
    /// The last packet, with its reason (0 in 3.1.1).
    Disconnect(u8),
    /// Extended authentication of 5.0, with its reason.
    Auth(u8),
}

/// CONNECT (section 3.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Connect<'a> {
    /// The protocol level it names.
    pub version: Version,
    /// Clean session (3.1.1), clean start (5.0).
    pub clean: bool,
    /// Seconds; 0 is off.
    pub keep_alive: u16,
    /// Seconds that the session outlives the connection; 5.0.
    pub session_expiry: u32,
    /// How many unacknowledged publishes the client takes; 5.0.
    pub receive_maximum: u16,
    /// The largest packet that the client takes, bytes; 5.0.
    pub max_packet_bytes: Option<u32>,
    /// Whether extended authentication is asked for; 5.0.
    pub auth_method: bool,
    /// The client identifier, possibly empty.
    pub client_id: &'a str,
    /// The will.
    pub will: Option<Will<'a>>,
    /// The user name.
    pub username: Option<&'a str>,
    /// The password.
    pub password: Option<&'a [u8]>,
}

/// What is published when the client vanishes.
#[derive(Clone, Debug, PartialEq)]
pub struct Will<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The payload.
    pub payload: &'a [u8],
    /// The quality of service.
    pub qos: QoS,
    /// Whether it is retained.
    pub retain: bool,
    /// Its properties; 5.0. The will delay is among them.
    pub properties: Properties<'a>,
}

/// CONNACK (section 3.2).
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ConnAck<'a> {
    /// Whether the server has state of an earlier connection.
    pub session_present: bool,
    /// 0, or why not: a return code of 3.1.1 or a reason of 5.0.
    pub code: u8,
    /// Its properties; 5.0.
    pub properties: Properties<'a>,
}

/// Properties of a 5.0 packet, checked, as bytes; empty in 3.1.1.
pub use super::property::Properties;

/// PUBLISH (section 3.3).
#[derive(Clone, Debug, PartialEq)]
pub struct Publish<'a> {
    /// Whether it may have been sent before.
    pub dup: bool,
    /// The quality of service.
    pub qos: QoS,
    /// Whether it is, or was, retained.
    pub retain: bool,
    /// The topic; may be empty in 5.0, with a topic alias.
    pub topic: &'a str,
    /// The packet identifier; 0 with QoS 0.
    pub id: u16,
    /// Its properties; 5.0.
    pub properties: Properties<'a>,
    /// The payload.
    pub payload: &'a [u8],
}

/// Which of the four acknowledgements.
#[expect(clippy::enum_variant_names, reason = "the names are those of the standard")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckKind {
    /// Of QoS 1.
    PubAck,
    /// Of QoS 2, first.
    PubRec,
    /// Of QoS 2, second, by the publisher.
    PubRel,
    /// Of QoS 2, third.
    PubComp,
}

/// PUBACK, PUBREC, PUBREL and PUBCOMP (sections 3.4 to 3.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// Which.
    pub kind: AckKind,
    /// The packet identifier.
    pub id: u16,
    /// The reason; 0 in 3.1.1.
    pub reason: u8,
}

/// SUBSCRIBE (section 3.8).
#[derive(Clone, Debug, PartialEq)]
pub struct Subscribe<'a> {
    /// The packet identifier.
    pub id: u16,
    /// The identifier of its subscriptions, 1 to 268,435,455; 0 for none; 5.0.
    pub identifier: u32,
    /// The filters.
    pub filters: SmallVec<[(&'a str, Subscription); 2]>,
}

/// The options of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The highest quality of service that is wanted.
    pub qos: QoS,
    /// Not what the same client published; 5.0.
    pub no_local: bool,
    /// Keep the retain flag; 5.0.
    pub retain_as_published: bool,
    /// Retained messages: 0 send, 1 only when the subscription is new, 2 never; 5.0.
    pub retain_handling: u8,
}

impl Subscription {
    /// A subscription with the defaults of 3.1.1.
    pub fn new(qos: QoS) -> Self {
        Self { qos, no_local: false, retain_as_published: false, retain_handling: 0 }
    }
}

/// SUBACK and UNSUBACK (sections 3.9 and 3.11).
#[derive(Clone, Debug, PartialEq)]
pub struct SubAck {
    /// The packet identifier.
    pub id: u16,
    /// One code a filter.
    pub codes: SmallVec<[u8; 8]>,
}

/// UNSUBSCRIBE (section 3.10).
#[derive(Clone, Debug, PartialEq)]
pub struct Unsubscribe<'a> {
    /// The packet identifier.
    pub id: u16,
    /// The filters.
    pub filters: SmallVec<[&'a str; 2]>,
}
