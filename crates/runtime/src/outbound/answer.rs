//! The answer to a POST of ours, as far as it matters: its status, and where it ends (RFC 9112 section 6). What the body
//! says is not kept. Reads nothing from a network itself, and is open to the fuzzer.

/// The longest head, bytes.
pub const MAX_HEAD: usize = 64 << 10;
/// The most headers.
const MAX_HEADERS: usize = 128;
/// The longest line that begins a chunk, bytes.
const MAX_CHUNK_LINE: usize = 4096;

/// The head of an answer.
#[derive(Debug, PartialEq)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// What is to come of the body.
    pub rest: Rest,
    /// Whether the connection may serve another request.
    pub keeps_open: bool,
}

/// What is still to come of the body.
#[derive(Debug, PartialEq)]
pub enum Rest {
    /// So many bytes.
    Bytes(usize),
    /// Chunks: so many bytes of the present one, its line end included; zero before the line of the next one.
    Chunks(usize),
    /// The lines after the last chunk.
    Trailer,
    /// Everything until the connection ends.
    UntilClosed,
}

/// Takes the head from the front of what came in; none when it is not all there. Interim answers (1xx) are passed over.
///
/// # Errors
/// What is wrong with it, for the one who looks after the endpoint.
pub fn head(buffer: &mut Vec<u8>) -> Result<Option<Head>, &'static str> {
    loop {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Response::new(&mut headers);
        let length = match parsed.parse(buffer) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err("it is no HTTP/1.1 answer"),
        };
        let status = parsed.code.unwrap_or_default();
        if (100..200).contains(&status) && status != 101 {
            buffer.drain(..length);
            continue;
        }
        let mut keeps_open = parsed.version == Some(1);
        let (mut chunked, mut declared) = (false, None);
        for header in parsed.headers.iter() {
            let value = header.value.trim_ascii();
            if header.name.eq_ignore_ascii_case("content-length") {
                let number = std::str::from_utf8(value).ok().and_then(|text| text.parse::<usize>().ok());
                if number.is_none() || declared.is_some_and(|other| Some(other) != number) {
                    return Err("its Content-Length is wrong");
                }
                declared = number;
            } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
                if !value.eq_ignore_ascii_case(b"chunked") {
                    return Err("its Transfer-Encoding is not supported");
                }
                chunked = true;
            } else if header.name.eq_ignore_ascii_case("connection") {
                let closes = |token: &[u8]| token.trim_ascii().eq_ignore_ascii_case(b"close");
                keeps_open &= !value.split(|b| *b == b',').any(closes);
            }
        }
        let rest = match (status, declared) {
            (204 | 304, _) => Rest::Bytes(0),
            _ if chunked => Rest::Chunks(0),
            (_, Some(length)) => Rest::Bytes(length),
            (_, None) => Rest::UntilClosed,
        };
        buffer.drain(..length);
        return Ok(Some(Head { status, rest, keeps_open }));
    }
}

impl Rest {
    /// Takes what belongs to the body from the front of what came in; whether that was the end of it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn take(&mut self, buffer: &mut Vec<u8>) -> Result<bool, &'static str> {
        let mut at = 0;
        let done = loop {
            let came = &buffer[at..];
            match self {
                Self::Bytes(left) => {
                    let taken = came.len().min(*left);
                    *left -= taken;
                    at += taken;
                    break *left == 0;
                }
                Self::Chunks(0) => match httparse::parse_chunk_size(came) {
                    Ok(httparse::Status::Complete((line, 0))) => {
                        at += line;
                        *self = Self::Trailer;
                    }
                    Ok(httparse::Status::Complete((line, size))) => {
                        at += line;
                        let size = usize::try_from(size).ok().and_then(|size| size.checked_add(2));
                        *self = Self::Chunks(size.ok_or("a chunk is too long")?);
                    }
                    Ok(httparse::Status::Partial) if came.len() <= MAX_CHUNK_LINE => break false,
                    _ => return Err("a chunk begins wrongly"),
                },
                Self::Chunks(left) => {
                    let taken = came.len().min(*left);
                    if taken == 0 {
                        break false;
                    }
                    *left -= taken;
                    at += taken;
                }
                Self::Trailer => match came.iter().position(|b| *b == b'\n') {
                    Some(end) => {
                        at += end + 1;
                        if came[..end].trim_ascii().is_empty() {
                            break true;
                        }
                    }
                    None if came.len() <= MAX_HEAD => break false,
                    None => return Err("a trailer is too long"),
                },
                Self::UntilClosed => {
                    at = buffer.len();
                    break false;
                }
            }
        };
        buffer.drain(..at);
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds an answer in pieces: status, whether it keeps the connection, what is left over; none when it does not end.
    fn read(text: &[u8], piece: usize) -> Result<Option<(u16, bool, usize)>, &'static str> {
        let mut buffer = Vec::new();
        let mut found: Option<Head> = None;
        let mut pieces = text.chunks(piece.max(1));
        while let Some(piece) = pieces.next() {
            buffer.extend_from_slice(piece);
            if found.is_none() {
                found = head(&mut buffer)?;
            }
            if let Some(head) = &mut found
                && head.rest.take(&mut buffer)?
            {
                let left = buffer.len() + pieces.map(<[u8]>::len).sum::<usize>();
                return Ok(Some((head.status, head.keeps_open, left)));
            }
        }
        Ok(None)
    }

    #[test]
    fn answers_end_where_they_end() {
        for (text, expected) in [
            ("HTTP/1.1 204 No Content\r\n\r\n", Ok(Some((204, true, 0)))),
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", Ok(Some((200, true, 1)))),
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", Ok(None)),
            ("HTTP/1.1 204 OK\r\nContent-Length: 3\r\n\r\n", Ok(Some((204, true, 0)))),
            ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nConnection: a, Close\r\n\r\n", Ok(Some((200, false, 0)))),
            ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", Ok(Some((200, false, 0)))),
            ("HTTP/1.1 200 OK\r\n\r\nanything", Ok(None)),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", Ok(Some((503, true, 0)))),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\nZ",
                Ok(Some((200, true, 1))),
            ),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", Err("its Transfer-Encoding is not supported")),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", Err("a chunk begins wrongly")),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", Err("its Content-Length is wrong")),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", Err("its Content-Length is wrong")),
            ("SSH-2.0-OpenSSH_9.2\r\n", Err("it is no HTTP/1.1 answer")),
        ] {
            for piece in [1, 2, 3, 7, 1000] {
                let piece = if matches!(expected, Ok(Some((.., left))) if left > 0) { 1000 } else { piece };
                assert_eq!(read(text.as_bytes(), piece), expected, "{text:?} in pieces of {piece}");
            }
        }
    }

    /// A generator of its own: the numbers need not be good, only many.
    fn noise(seed: &mut u64) -> u64 {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *seed >> 33
    }

    #[test]
    fn no_answer_panics_and_pieces_change_nothing() {
        const WORDS: [&str; 14] = [
            "HTTP/1.1 200 OK\r\n",
            "Transfer-Encoding: chunked\r\n",
            "Content-Length: 5\r\n",
            "\r\n",
            "\n",
            "0\r\n",
            "5\r\nabcde\r\n",
            "ffffffffffffffff\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "Connection: close\r\n",
            "\0",
            "abcde",
            ";",
            "7fffffff\r\n",
        ];
        let mut seed = 7;
        for _ in 0..20_000 {
            let mut text = if noise(&mut seed) > 1 << 29 { "HTTP/1.1 200 OK\r\n".to_owned() } else { String::new() };
            for _ in 0..noise(&mut seed) % 8 {
                text.push_str(WORDS[noise(&mut seed) as usize % WORDS.len()]);
            }
            let whole = read(text.as_bytes(), usize::MAX);
            let pieces = read(text.as_bytes(), 1 + noise(&mut seed) as usize % 5);
            if let (Ok(Some(a)), Ok(Some(b))) = (&whole, &pieces) {
                assert_eq!((a.0, a.1), (b.0, b.1), "{text:?}");
            }
        }
    }
}
