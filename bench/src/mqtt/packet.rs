//! The packets of MQTT 3.1.1 that the measuring client writes and reads. Not a general codec.

use anyhow::{Result, bail};

/// A packet from the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Packet {
    /// PUBACK with its packet identifier.
    Puback(u16),
    /// PUBLISH at QoS 1 with its packet identifier.
    Publish(u16),
    /// Anything else.
    Other,
}

/// Appends a CONNECT with a clean session.
pub fn connect(out: &mut Vec<u8>, client: &str) {
    let mut body = Vec::new();
    text(&mut body, "MQTT");
    body.extend_from_slice(&[4, 2, 0, 0]);
    text(&mut body, client);
    packet(out, 0x10, &body);
}

/// Appends a SUBSCRIBE at QoS 1.
pub fn subscribe(out: &mut Vec<u8>, filter: &str) {
    let mut body = vec![0, 1];
    text(&mut body, filter);
    body.push(1);
    packet(out, 0x82, &body);
}

/// Appends a PUBLISH at QoS 1.
pub fn publish(out: &mut Vec<u8>, topic: &str, id: u16, payload: &[u8]) {
    out.push(0x32);
    length(out, 2 + topic.len() + 2 + payload.len());
    text(out, topic);
    out.extend_from_slice(&id.to_be_bytes());
    out.extend_from_slice(payload);
}

/// Appends a PUBACK.
pub fn puback(out: &mut Vec<u8>, id: u16) {
    packet(out, 0x40, &id.to_be_bytes());
}

/// The packet that the buffer begins with and its length, once it is complete.
pub fn parse(buffer: &[u8]) -> Result<Option<(Packet, usize)>> {
    let (mut size, mut at) = (0, 1);
    loop {
        let Some(byte) = buffer.get(at) else { return Ok(None) };
        size |= usize::from(byte & 0x7F) << (7 * (at - 1));
        at += 1;
        if byte & 0x80 == 0 {
            break;
        }
        if at > 4 {
            bail!("a packet length of more than four bytes");
        }
    }
    let Some(body) = buffer.get(at..at + size) else { return Ok(None) };
    let id = |at: usize| body.get(at..at + 2).map_or(0, |b| u16::from_be_bytes([b[0], b[1]]));
    let packet = match buffer[0] {
        0x40 => Packet::Puback(id(0)),
        first if first & 0xF6 == 0x32 => Packet::Publish(id(2 + usize::from(id(0)))),
        _ => Packet::Other,
    };
    Ok(Some((packet, at + size)))
}

fn packet(out: &mut Vec<u8>, first: u8, body: &[u8]) {
    out.push(first);
    length(out, body.len());
    out.extend_from_slice(body);
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u16).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn length(out: &mut Vec<u8>, mut n: usize) {
    while n > 0x7F {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut out = Vec::new();
        puback(&mut out, 513);
        publish(&mut out, "bench/1", 700, &[b'x'; 300]);
        subscribe(&mut out, "a");
        let (first, n) = parse(&out).unwrap().unwrap();
        assert_eq!(first, Packet::Puback(513));
        for cut in 0..n {
            assert_eq!(parse(&out[..cut]).unwrap(), None);
        }
        let (second, m) = parse(&out[n..]).unwrap().unwrap();
        assert_eq!((second, m), (Packet::Publish(700), 1 + 2 + 9 + 2 + 300));
        assert_eq!(parse(&out[n + m..]).unwrap().unwrap().0, Packet::Other);
    }
}
