//! MQTT 3.1.1 and 5.0 control packets as bytes and back (OASIS MQTT 3.1.1 and 5.0, chapters 2 and 3). Pure: borrowed from
//! the buffer, no I/O, no session rules.
//!
//! Its own codec, and not a library's, for the sake of what surrounds it: packets are borrowed slices, so that a publish is
//! mapped where it lies; a packet is decoded by one pure function, which listener, client, publisher and fuzzer share; and
//! when an acknowledgement goes out is the pipeline's decision alone. `mqtt-protocol-core` 0.7.9 was measured and is fast
//! enough (about 260 ns to decode a QoS 1 publish and acknowledge it, against 25 ns here), but owns
//! packets, events and the state of the session, and so decides with them.

mod decode;
mod encode;
mod packet;
mod property;

pub use decode::{DecodeError, decode, frame};
pub use packet::{
    Ack, AckKind, ConnAck, Connect, Packet, Publish, QoS, SubAck, Subscribe, Subscription, Unsubscribe, Version, Will,
};
pub(crate) use property::put as put_property;
pub use property::{Properties, Property, Value, user_properties};

/// Reason codes of MQTT 5.0 (section 2.4) that are used here.
pub mod reason {
    /// Success, or granted QoS 0.
    pub const SUCCESS: u8 = 0x00;
    /// The will is to be published.
    pub const DISCONNECT_WITH_WILL: u8 = 0x04;
    /// No subscription existed.
    pub const NO_SUBSCRIPTION: u8 = 0x11;
    /// Unspecified error; in a SUBACK of 3.1.1, failure.
    pub const UNSPECIFIED: u8 = 0x80;
    /// A malformed packet.
    pub const MALFORMED: u8 = 0x81;
    /// A protocol error.
    pub const PROTOCOL: u8 = 0x82;
    /// The version is not supported.
    pub const VERSION: u8 = 0x84;
    /// The client identifier is not valid.
    pub const CLIENT_ID: u8 = 0x85;
    /// Wrong user name or password.
    pub const CREDENTIALS: u8 = 0x86;
    /// Not authorised.
    pub const NOT_AUTHORIZED: u8 = 0x87;
    /// The server cannot take it now.
    pub const UNAVAILABLE: u8 = 0x88;
    /// The server is shutting down.
    pub const SHUTTING_DOWN: u8 = 0x8B;
    /// An authentication method that is not known.
    pub const AUTH_METHOD: u8 = 0x8C;
    /// Nothing came within one and a half times the keep alive.
    pub const KEEP_ALIVE: u8 = 0x8D;
    /// Another connection uses the same client identifier.
    pub const TAKEN_OVER: u8 = 0x8E;
    /// The topic filter is not valid.
    pub const TOPIC_FILTER: u8 = 0x8F;
    /// The topic name is not valid.
    pub const TOPIC_NAME: u8 = 0x90;
    /// The packet identifier is not known.
    pub const PACKET_ID: u8 = 0x92;
    /// More unacknowledged publishes than the receive maximum.
    pub const RECEIVE_MAXIMUM: u8 = 0x93;
    /// A topic alias that is not valid.
    pub const TOPIC_ALIAS: u8 = 0x94;
    /// The packet is too large.
    pub const TOO_LARGE: u8 = 0x95;
    /// A quota is used up.
    pub const QUOTA: u8 = 0x97;
    /// The payload is not of the format that is expected.
    pub const PAYLOAD_FORMAT: u8 = 0x99;
    /// Shared subscriptions are not supported.
    pub const SHARED_SUBSCRIPTION: u8 = 0x9E;
    /// Subscription identifiers are not supported.
    pub const SUBSCRIPTION_ID: u8 = 0xA1;
}
