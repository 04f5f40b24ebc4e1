//! Just enough of HTTP/1.1 (RFC 9112) for a load client and a receiver of notifications: heads, lengths, chunks. Not a
//! general parser: it talks only with servers that this program started.

use anyhow::{Result, bail};
use std::ops::Range;

/// A complete message within a buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Status of an answer; 0 for a request.
    pub status: u16,
    /// Length of start line and headers.
    pub head: usize,
    /// Where the body is.
    pub body: Range<usize>,
    /// Where the next message begins.
    pub end: usize,
}

/// The message that the buffer begins with, once it is complete. The chunks of a complete message are moved together.
pub fn parse(buffer: &mut [u8]) -> Result<Option<Message>> {
    let Some(head) = memchr::memmem::find(buffer, b"\r\n\r\n").map(|at| at + 4) else { return Ok(None) };
    let status = status(&buffer[..head])?;
    let body = match length(&buffer[..head])? {
        _ if status == 204 || status == 304 => Some((head..head, head)),
        Length::Bytes(n) => (buffer.len() >= head + n).then(|| (head..head + n, head + n)),
        Length::Chunks => chunks(buffer, head)?,
        Length::Unknown if status == 0 => Some((head..head, head)),
        Length::Unknown => bail!("an answer without a length"),
    };
    Ok(body.map(|(body, end)| Message { status, head, body, end }))
}

/// Appends a request's head; with a content type unless the body is empty.
pub fn write_head(out: &mut Vec<u8>, method: &[u8], path: &[u8], body: usize) {
    out.extend_from_slice(method);
    out.push(b' ');
    out.extend_from_slice(path);
    out.extend_from_slice(b" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    if body > 0 {
        out.extend_from_slice(b"Content-Type: application/json\r\nContent-Length: ");
        out.extend_from_slice(itoa::Buffer::new().format(body).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

fn status(head: &[u8]) -> Result<u16> {
    if !head.starts_with(b"HTTP/1.") {
        return Ok(0);
    }
    match head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|text| text.parse().ok()) {
        Some(status) => Ok(status),
        None => bail!("an answer without a status"),
    }
}

enum Length {
    Bytes(usize),
    Chunks,
    Unknown,
}

fn length(head: &[u8]) -> Result<Length> {
    for end in memchr::memchr_iter(b'\n', head) {
        let line = &head[end + 1..];
        if let Some(value) = value_of(line, b"content-length:") {
            return match std::str::from_utf8(value).ok().and_then(|text| text.trim().parse().ok()) {
                Some(n) => Ok(Length::Bytes(n)),
                None => bail!("a content length that is no number"),
            };
        }
        if value_of(line, b"transfer-encoding:").is_some() {
            return Ok(Length::Chunks);
        }
    }
    Ok(Length::Unknown)
}

fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let start = line.get(..name.len())?;
    if !start.eq_ignore_ascii_case(name) {
        return None;
    }
    let end = memchr::memchr(b'\r', line)?;
    line.get(name.len()..end)
}

/// Body and end of a chunked message; its chunks are moved together only when all are there.
fn chunks(buffer: &mut [u8], head: usize) -> Result<Option<(Range<usize>, usize)>> {
    let mut parts = Vec::new();
    let mut at = head;
    let end = loop {
        let Some(line) = buffer.get(at..).and_then(|rest| memchr::memmem::find(rest, b"\r\n")) else { return Ok(None) };
        let size =
            std::str::from_utf8(&buffer[at..at + line]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let Some(size) = size else { bail!("a chunk without a size") };
        let start = at + line + 2;
        if buffer.len() < start + size + 2 {
            return Ok(None);
        }
        at = start + size + 2;
        if size == 0 {
            break at;
        }
        parts.push(start..start + size);
    };
    let mut to = head;
    for part in parts {
        let n = part.len();
        buffer.copy_within(part, to);
        to += n;
    }
    Ok(Some((head..to, end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(u16, String, usize)> {
        let mut buffer = text.as_bytes().to_vec();
        let message = parse(&mut buffer).unwrap()?;
        Some((message.status, String::from_utf8(buffer[message.body].to_vec()).unwrap(), message.end))
    }

    #[test]
    fn messages_are_complete_at_their_last_byte_and_not_before() {
        let cases = [
            ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", 200, "hello"),
            ("HTTP/1.1 201 Created\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n", 201, ""),
            ("HTTP/1.1 204 No Content\r\ndate: today\r\n\r\n", 204, ""),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", 200, "hello!"),
            ("POST /n HTTP/1.1\r\nhost: a\r\nCONTENT-LENGTH: 2\r\n\r\nok", 0, "ok"),
        ];
        for (text, status, body) in cases {
            for cut in 0..text.len() {
                assert_eq!(parsed(&text[..cut]), None, "{text:?} cut at {cut}");
            }
            assert_eq!(parsed(text), Some((status, body.into(), text.len())));
            assert_eq!(parsed(&format!("{text}HTTP")), Some((status, body.into(), text.len())));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 xyz\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"]
        {
            assert!(parse(&mut text.as_bytes().to_vec()).is_err(), "{text:?}");
        }
    }
}
