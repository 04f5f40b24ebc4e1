//! Rows of comma-separated values (RFC 4180) from a stream: quoted fields, CRLF, a byte order mark, and a way on after
//! a row that cannot be read. Knows no column.

use std::io::{self, BufRead};

/// The most lines that one quoted value may go over; beyond, its quote counts as never closed.
const MAX_LINES: usize = 16;

/// One row.
#[derive(Default)]
pub struct Record {
    text: String,
    ends: Vec<usize>,
    /// The line on which it begins, from 1.
    pub line: u64,
    /// What was wrong with it.
    pub faults: Faults,
}

/// What was wrong with a row that was taken nevertheless.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// A quote that is never closed; the row was taken to end with its line.
    pub open_quote: bool,
    /// Longer than the limit; the rest of the line is dropped.
    pub too_long: bool,
    /// Bytes that are not UTF-8; U+FFFD stands for them.
    pub not_text: bool,
    /// A value over several lines.
    pub new_line: bool,
}

impl Record {
    /// How many values it has.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// A value, or nothing when the row has fewer.
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        Some(&self.text[start..end])
    }

    /// Whether it is a line without anything.
    pub fn is_blank(&self) -> bool {
        self.text.is_empty() && self.ends.len() <= 1
    }

    /// Takes a row apart. Returns whether every quote is closed.
    fn parse(&mut self, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes);
        self.faults.not_text = matches!(text, std::borrow::Cow::Owned(_));
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        (self.faults.new_line, self.faults.open_quote) = (false, false);
        self.text.clear();
        self.ends.clear();
        let mut rest = text;
        loop {
            if let Some(quoted) = rest.strip_prefix('"') {
                rest = quoted;
                loop {
                    let Some(quote) = rest.find('"') else {
                        self.push(rest);
                        self.ends.push(self.text.len());
                        return false;
                    };
                    self.push(&rest[..quote]);
                    rest = &rest[quote + 1..];
                    let Some(more) = rest.strip_prefix('"') else { break };
                    self.text.push('"');
                    rest = more;
                }
            }
            let comma = rest.find(',');
            self.push(&rest[..comma.unwrap_or(rest.len())]);
            self.ends.push(self.text.len());
            let Some(comma) = comma else { return true };
            rest = &rest[comma + 1..];
        }
    }

    fn push(&mut self, piece: &str) {
        self.faults.new_line |= piece.contains(['\n', '\r']);
        self.text.push_str(piece);
    }
}

/// The rows of a stream.
pub struct Rows<R> {
    input: R,
    /// Lines that were read ahead for a quote that is never closed, to be read again.
    pending: std::collections::VecDeque<Vec<u8>>,
    line: u64,
    max: usize,
}

impl<R: BufRead> Rows<R> {
    /// Rows of at most `max` bytes.
    pub fn new(input: R, max: usize) -> Self {
        Self { input, pending: std::collections::VecDeque::new(), line: 0, max }
    }

    /// Reads the next row. `false` at the end.
    pub fn next(&mut self, record: &mut Record) -> io::Result<bool> {
        let mut lines = Vec::new();
        let mut whole = Vec::new();
        record.faults.too_long = self.read_line(&mut whole)?;
        if whole.is_empty() {
            return Ok(false);
        }
        self.line += 1;
        record.line = self.line;
        if self.line == 1 && whole.starts_with(b"\xef\xbb\xbf") {
            whole.drain(..3);
        }
        let first = whole.len();
        while !record.parse(&whole) {
            let mut more = Vec::new();
            let cut = record.faults.too_long || lines.len() + 1 == MAX_LINES || self.read_line(&mut more)?;
            if !cut && !more.is_empty() && whole.len() + more.len() <= self.max {
                whole.extend_from_slice(&more);
                lines.push(more);
                continue;
            }
            record.parse(&whole[..first]);
            record.faults.open_quote = true;
            let more = Some(more).filter(|more| !more.is_empty());
            for line in lines.drain(..).chain(more).rev() {
                self.pending.push_front(line);
            }
            break;
        }
        self.line += lines.len() as u64;
        Ok(true)
    }

    /// Appends the next line with its end. Returns whether something of it was dropped since it is too long.
    fn read_line(&mut self, into: &mut Vec<u8>) -> io::Result<bool> {
        if let Some(line) = self.pending.pop_front() {
            *into = line;
            return Ok(false);
        }
        let mut cut = false;
        loop {
            let piece = self.input.fill_buf()?;
            if piece.is_empty() {
                return Ok(cut);
            }
            let end = piece.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            let taken = end.unwrap_or(piece.len());
            let room = self.max.saturating_sub(into.len()).min(taken);
            into.extend_from_slice(&piece[..room]);
            cut |= room < taken;
            self.input.consume(taken);
            if end.is_some() {
                return Ok(cut);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8], max: usize) -> Vec<(u64, Vec<String>, Faults)> {
        let mut rows = Rows::new(text, max);
        let (mut record, mut out) = (Record::default(), Vec::new());
        while rows.next(&mut record).expect("memory is read") {
            let values = (0..record.len()).map(|i| record.get(i).unwrap_or_default().to_owned()).collect();
            out.push((record.line, values, record.faults));
        }
        out
    }

    #[test]
    fn a_mark_quotes_and_line_ends_are_read() {
        let found = rows(b"\xef\xbb\xbfa,b\r\n\"x, \"\"y\"\"\",\r\n\r\n5\" pipe,z", 1000);
        let values: Vec<_> = found.iter().map(|(line, values, _)| (*line, values.join("|"))).collect();
        let want = [(1, "a|b"), (2, "x, \"y\"|"), (3, ""), (4, "5\" pipe|z")];
        assert_eq!(values, want.map(|(line, text)| (line, text.to_owned())));
        assert!(found.iter().all(|(_, _, faults)| *faults == Faults::default()));
    }

    #[test]
    fn a_value_over_lines_is_taken_and_told() {
        let found = rows(b"\"a\nb\",c\nd,e\n", 1000);
        assert_eq!(found[0].1, ["a\nb", "c"]);
        assert!(found[0].2.new_line);
        assert_eq!((found[1].0, found[1].1.join("")), (3, "de".into()));
    }

    #[test]
    fn an_open_quote_costs_its_own_row_only() {
        let found = rows(b"a,\"b\nc,d\ne,f\n", 1000);
        assert!(found[0].2.open_quote);
        assert_eq!(
            found[1..].iter().map(|row| (row.0, row.1.join(""))).collect::<Vec<_>>(),
            [(2, "cd".into()), (3, "ef".into())]
        );
    }

    #[test]
    fn a_row_too_long_is_cut_and_the_next_is_whole() {
        let found = rows(b"aaaaaaaaaaaaaaaaaaaa,b\nc,d\n\xff,e", 8);
        assert!(found[0].2.too_long && found[0].1[0].len() == 8);
        assert_eq!(found[1].1, ["c", "d"]);
        assert!(found[2].2.not_text);
    }
}
