//! CONNECT and CONNACK from the client's side, for the client and the publisher. Holds no session.

use crate::codec::{Connect, Packet, Property, Version, decode};
use crate::dial::Stream;
use bytes::{Buf, BytesMut};
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What a broker answered.
pub(crate) struct Greeting {
    /// What was read beyond the CONNACK.
    pub buffer: BytesMut,
    /// Whether the broker has a session.
    pub present: bool,
    /// Whether it takes subscription identifiers (5.0 section 3.2.2.3.12).
    pub identifiers: bool,
}

/// Sends the CONNECT and waits for a CONNACK that accepts it.
pub(crate) async fn greet(
    stream: &mut dyn Stream,
    connect: Connect<'_>,
    max_packet_bytes: usize,
) -> io::Result<Greeting> {
    let version = connect.version;
    let mut out = Vec::new();
    Packet::Connect(Box::new(connect)).encode(version, &mut out);
    stream.write_all(&out).await?;
    let mut buffer = BytesMut::with_capacity(4096);
    loop {
        let answer = match decode(&buffer, version, max_packet_bytes) {
            Err(e) => return Err(io::Error::new(io::ErrorKind::InvalidData, e)),
            Ok(None) => None,
            Ok(Some((Packet::ConnAck(ack), length))) => {
                let refused = ack.properties.number(Property::SubscriptionIdentifiersAvailable) == Some(0);
                Some((ack.code, ack.session_present, version == Version::V5 && !refused, length))
            }
            Ok(Some(_)) => return Err(io::Error::other("the broker answered with another packet than CONNACK")),
        };
        match answer {
            Some((0, present, identifiers, length)) => {
                buffer.advance(length);
                return Ok(Greeting { buffer, present, identifiers });
            }
            Some((code, ..)) => {
                return Err(io::Error::other(format!("the broker refused the connection, code {code:#04x}")));
            }
            None => {
                if stream.read_buf(&mut buffer).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        }
    }
}
