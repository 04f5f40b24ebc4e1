//! CONNECT and CONNACK from the client's side, for the client and the publisher. Holds no session.

use crate::codec::{Connect, Packet, decode};
use crate::dial::Stream;
use bytes::{Buf, BytesMut};
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Sends the CONNECT and waits for a CONNACK that accepts it. Returns what was read beyond it, and whether the broker has a
/// session.
pub(crate) async fn greet(
    stream: &mut dyn Stream,
    connect: Connect<'_>,
    max_packet_bytes: usize,
) -> io::Result<(BytesMut, bool)> {
    let version = connect.version;
    let mut out = Vec::new();
    Packet::Connect(Box::new(connect)).encode(version, &mut out);
    stream.write_all(&out).await?;
    let mut buffer = BytesMut::with_capacity(4096);
    loop {
        let answer = match decode(&buffer, version, max_packet_bytes) {
            Err(e) => return Err(io::Error::new(io::ErrorKind::InvalidData, e)),
            Ok(None) => None,
            Ok(Some((Packet::ConnAck(ack), length))) => Some((ack.code, ack.session_present, length)),
            Ok(Some(_)) => return Err(io::Error::other("the broker answered with another packet than CONNACK")),
        };
        match answer {
            Some((0, present, length)) => {
                buffer.advance(length);
                return Ok((buffer, present));
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
