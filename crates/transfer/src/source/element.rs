//! The elements of a large JSON array, one at a time: the array itself, or the one that a member of an object holds
//! (`features` of a FeatureCollection). Finds where elements begin and end; their parsing is the caller's.

use super::MAX_ITEM_BYTES;
use std::io::BufRead;

/// Why the elements end before they should.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The system could not read on.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is not JSON of this shape.
    #[error("line {line}: {why}")]
    Form {
        /// Where.
        line: u64,
        /// What is wrong.
        why: String,
    },
}

/// The elements of a file.
pub struct Elements<R> {
    reader: R,
    line: u64,
    member: Option<&'static str>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    /// Inside the array; whether an element came before.
    Inside(bool),
    Done,
}

/// An element's first line and bytes; no bytes when it is longer than [`MAX_ITEM_BYTES`] and was passed over.
pub type Element = (u64, Option<Vec<u8>>);

impl<R: BufRead> Elements<R> {
    /// The elements of a top-level array, or of this member of a top-level object.
    pub fn new(reader: R, member: Option<&'static str>) -> Self {
        Self { reader, line: 1, member, state: State::Start }
    }

    fn form<T>(&self, why: impl Into<String>) -> Result<T, Broken> {
        Err(Broken::Form { line: self.line, why: why.into() })
    }

    fn peek(&mut self) -> Result<Option<u8>, Broken> {
        Ok(self.reader.fill_buf()?.first().copied())
    }

    fn next_byte(&mut self) -> Result<Option<u8>, Broken> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.reader.consume(1);
            if byte == b'\n' {
                self.line += 1;
            }
        }
        Ok(byte)
    }

    /// Passes over white space; the byte after it, left where it is.
    fn skip_space(&mut self) -> Result<Option<u8>, Broken> {
        while let Some(byte) = self.peek()? {
            if !byte.is_ascii_whitespace() {
                return Ok(Some(byte));
            }
            self.next_byte()?;
        }
        Ok(None)
    }

    /// The next element.
    ///
    /// # Errors
    /// [`Broken`]; there are no elements after it.
    pub fn read(&mut self) -> Result<Option<Element>, Broken> {
        let found = self.step();
        if found.is_err() {
            self.state = State::Done;
        }
        found
    }

    fn step(&mut self) -> Result<Option<Element>, Broken> {
        if self.state == State::Start && !self.enter()? {
            self.state = State::Done;
        }
        let State::Inside(again) = self.state else { return Ok(None) };
        match self.skip_space()? {
            None => return self.form("the array breaks off"),
            Some(b']') => {
                self.next_byte()?;
                self.state = State::Done;
                return Ok(None);
            }
            Some(b',') if again => {
                self.next_byte()?;
                if matches!(self.skip_space()?, Some(b']') | None) {
                    return self.form("nothing follows a comma");
                }
            }
            Some(_) if again => return self.form("a comma is missing between elements"),
            Some(_) => {}
        }
        let line = self.line;
        let mut bytes = Vec::new();
        let whole = self.value(Some(&mut bytes))?;
        self.state = State::Inside(true);
        Ok(Some((line, whole.then_some(bytes))))
    }

    /// Goes to the first element; false when there is nothing at all.
    fn enter(&mut self) -> Result<bool, Broken> {
        if self.peek()? == Some(0xef) {
            for _ in 0..3 {
                self.next_byte()?;
            }
        }
        let Some(first) = self.skip_space()? else { return Ok(false) };
        match (first, self.member) {
            (b'[', None) => {
                self.next_byte()?;
                self.state = State::Inside(false);
                Ok(true)
            }
            (b'{', Some(member)) => {
                self.next_byte()?;
                loop {
                    match self.skip_space()? {
                        Some(b'"') => {}
                        Some(b',') => {
                            self.next_byte()?;
                            continue;
                        }
                        Some(b'}') => return self.form(format!("the object has no member {member:?}")),
                        _ => return self.form("it is not a JSON object"),
                    }
                    let mut key = Vec::new();
                    self.value(Some(&mut key))?;
                    if self.skip_space()? != Some(b':') {
                        return self.form("a colon is missing after a member's name");
                    }
                    self.next_byte()?;
                    let first = self.skip_space()?;
                    if key == format!("\"{member}\"").as_bytes() {
                        if first != Some(b'[') {
                            return self.form(format!("the member {member:?} is not an array"));
                        }
                        self.next_byte()?;
                        self.state = State::Inside(false);
                        return Ok(true);
                    }
                    self.value(None)?;
                }
            }
            (_, None) => self.form("it is not a JSON array"),
            (_, Some(_)) => self.form("it is not a JSON object"),
        }
    }

    /// Reads one value, brackets and quotes matched; false when it is too long to be kept.
    fn value(&mut self, mut into: Option<&mut Vec<u8>>) -> Result<bool, Broken> {
        let (mut depth, mut quoted, mut escaped, mut kept) = (0_usize, false, false, true);
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return self.form("a value breaks off");
            }
            let mut used = 0;
            let mut done = false;
            for &byte in buffer {
                if quoted {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => {
                            quoted = false;
                            done = depth == 0;
                        }
                        _ => {}
                    }
                } else {
                    match byte {
                        b'"' => quoted = true,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' if depth == 0 => {
                            done = true;
                            break;
                        }
                        b'}' | b']' => {
                            depth -= 1;
                            done = depth == 0;
                        }
                        b',' | b':' if depth == 0 => {
                            done = true;
                            break;
                        }
                        _ => {}
                    }
                }
                if byte == b'\n' {
                    self.line += 1;
                }
                used += 1;
                if done {
                    break;
                }
            }
            if let Some(into) = into.as_deref_mut() {
                if into.len() + used > MAX_ITEM_BYTES {
                    kept = false;
                    into.clear();
                }
                if kept {
                    into.extend_from_slice(&buffer[..used]);
                }
            }
            self.reader.consume(used);
            if done {
                return Ok(kept);
            }
        }
    }
}
