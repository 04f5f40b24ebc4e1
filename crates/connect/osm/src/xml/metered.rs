//! A reader that stops when one event or the whole file grows too long: an XML parser keeps an event in memory until its
//! end comes. Parses nothing.

use std::io::{BufRead, Error, ErrorKind, Read, Result};

use crate::error::Why;
use crate::limits::Limits;

/// A reader with two meters.
pub(super) struct Metered<R> {
    from: R,
    event: u64,
    event_limit: u64,
    total: u64,
    total_limit: u64,
}

impl<R> Metered<R> {
    pub(super) fn new(from: R, limits: &Limits) -> Self {
        Self { from, event: 0, event_limit: limits.event_bytes as u64, total: 0, total_limit: limits.unpacked_bytes }
    }

    /// Begins a new event.
    pub(super) fn next_event(&mut self) {
        self.event = 0;
    }

    /// Which limit was passed, if one was.
    pub(super) fn excess(&self) -> Option<Why> {
        let over = |what, bytes, limit| (bytes > limit).then_some(Why::TooLarge { what, bytes, limit });
        over("an XML element or text", self.event, self.event_limit)
            .or_else(|| over("a file unpacked", self.total, self.total_limit))
    }
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        if self.event > self.event_limit || self.total > self.total_limit {
            return Err(Error::new(ErrorKind::InvalidData, "longer than the limit"));
        }
        self.from.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.event += bytes as u64;
        self.total += bytes as u64;
        self.from.consume(bytes);
    }
}
