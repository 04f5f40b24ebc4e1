//! Lines of a source with their numbers, each of bounded length. Decodes and parses nothing.

use super::MAX_ITEM_BYTES;
use std::io::{BufRead, Read};

/// A line without its end.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// Its bytes; none when it is longer than [`MAX_ITEM_BYTES`] and was passed over.
    pub bytes: Option<Vec<u8>>,
}

/// The lines of a reader; a byte order mark before the first is dropped.
pub struct Lines<R> {
    reader: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// Lines from the beginning.
    pub fn new(reader: R) -> Self {
        Self { reader, number: 0 }
    }

    /// The next line.
    ///
    /// # Errors
    /// What the system says.
    pub fn read(&mut self) -> std::io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let limit = MAX_ITEM_BYTES as u64 + 1;
        let n = Read::by_ref(&mut self.reader).take(limit).read_until(b'\n', &mut bytes)?;
        if n == 0 {
            return Ok(None);
        }
        self.number += 1;
        if bytes.last() != Some(&b'\n') && n as u64 == limit {
            self.reader.skip_until(b'\n')?;
            return Ok(Some(Line { number: self.number, bytes: None }));
        }
        while matches!(bytes.last(), Some(b'\n' | b'\r')) {
            bytes.pop();
        }
        if self.number == 1 && bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        Ok(Some(Line { number: self.number, bytes: Some(bytes) }))
    }
}
