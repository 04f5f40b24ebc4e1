//! Tables in text files: rows of cells between delimiters, quoted as in RFC 4180, or between runs of white space.
//! Holds the header's finding and the cutting; what rows mean is the mapping's.

use super::line::{Line, Lines};
use super::{Cell, Item, MAX_ITEM_BYTES, Refusal, Row};
use crate::TransferError;
use crate::mapping::{Conventions, Mapping, tidy};
use belfry_ngsi_ld::Json;
use std::collections::VecDeque;
use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

mod cut;

use cut::{Cut, Outcome};

/// The most lines that one quoted cell may span.
const MAX_QUOTED_LINES: usize = 1_000;

/// A table: its header read, its rows to come.
pub struct Table<R> {
    lines: Lines<R>,
    /// Lines that were taken for a quoted cell and given back.
    waiting: VecDeque<Line>,
    cut: Cut,
    conventions: Conventions,
    /// The names of the columns, as the table writes them.
    pub header: Vec<String>,
    file: Arc<Path>,
}

/// The cells of one row, or why it is none.
pub type Cells = (u64, Result<Vec<String>, Refusal>);

impl<R: BufRead> Table<R> {
    /// Reads up to the header.
    ///
    /// # Errors
    /// [`TransferError::Source`] when there is no header, [`TransferError::File`].
    pub fn open(reader: R, conventions: &Conventions, file: &Arc<Path>) -> Result<Self, TransferError> {
        let mut table = Self {
            lines: Lines::new(reader),
            waiting: VecDeque::new(),
            cut: Cut::of(conventions, None),
            conventions: conventions.clone(),
            header: Vec::new(),
            file: file.clone(),
        };
        for _ in 0..conventions.skip_lines {
            table.line()?;
        }
        if let Some(begin) = &conventions.header_begins {
            loop {
                let Some(line) = table.line()? else {
                    return Err(table.wrong(format!("no line begins with {begin:?}, as source.header_begins says")));
                };
                let bytes = line.bytes.clone().unwrap_or_default();
                if table.decode(&bytes).is_some_and(|text| text.trim_start().starts_with(begin.as_str())) {
                    table.waiting.push_front(line);
                    break;
                }
            }
        }
        if let Some(columns) = &conventions.columns {
            if conventions.header_begins.is_some() {
                table.line()?;
            }
            table.header = columns.clone();
            if let Some(first) = table.peek_data_line()? {
                table.cut = Cut::of(conventions, Some(&first));
            }
            return Ok(table);
        }
        let Some(first) = table.peek_data_line()? else { return Err(table.wrong("it is empty: not even a header")) };
        if first.starts_with(b"\xff\xfe") || first.starts_with(b"\xfe\xff") {
            return Err(table.wrong("it is UTF-16; save it as UTF-8 first"));
        }
        table.cut = Cut::of(conventions, Some(&first));
        match table.cells()? {
            Some((_, Ok(header))) => table.header = header,
            Some((line, Err(refusal))) => {
                return Err(table.wrong(format!("line {line}: the header: {}", refusal.reason)));
            }
            None => return Err(table.wrong("it is empty: not even a header")),
        }
        Ok(table)
    }

    fn wrong(&self, why: impl Into<String>) -> TransferError {
        TransferError::Source { path: self.file.to_path_buf(), why: why.into() }
    }

    fn line(&mut self) -> Result<Option<Line>, TransferError> {
        match self.waiting.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.lines.read().map_err(TransferError::file(&*self.file)),
        }
    }

    /// The next line that is neither blank nor a comment, left where it is.
    fn peek_data_line(&mut self) -> Result<Option<Vec<u8>>, TransferError> {
        while let Some(line) = self.line()? {
            let bytes = line.bytes.clone().unwrap_or_default();
            if !self.is_passed_over(&bytes) {
                self.waiting.push_front(line);
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    fn is_passed_over(&self, line: &[u8]) -> bool {
        line.iter().all(u8::is_ascii_whitespace)
            || self.conventions.comment.as_ref().is_some_and(|mark| line.starts_with(mark.as_bytes()))
    }

    fn decode(&self, bytes: &[u8]) -> Option<String> {
        cut::decode(bytes, self.conventions.encoding)
    }

    /// The cells of the next row.
    ///
    /// # Errors
    /// [`TransferError::File`].
    pub fn cells(&mut self) -> Result<Option<Cells>, TransferError> {
        loop {
            let Some(line) = self.line()? else { return Ok(None) };
            let number = line.number;
            let Some(bytes) = line.bytes else {
                return Ok(Some((number, Err(Refusal::of(format!("the line is longer than {MAX_ITEM_BYTES} bytes"))))));
            };
            if self.is_passed_over(&bytes) {
                continue;
            }
            let mut outcome = self.cut.cells(&bytes);
            if matches!(outcome, Outcome::Open) {
                outcome = self.quoted_over_lines(number, bytes)?;
            }
            let cells = match outcome {
                Outcome::Cells(cells) => cells
                    .iter()
                    .map(|cell| {
                        self.decode(cell).ok_or_else(|| {
                            Refusal::of("it is not UTF-8; if the file is in the Western encoding, say source.encoding = \"latin1\"")
                        })
                    })
                    .collect(),
                Outcome::Open => Err(Refusal::of("a quote that begins here is never closed")),
                Outcome::AfterQuote => {
                    Err(Refusal::of("something stands between a closing quote and the next delimiter; a quote inside a cell is written twice"))
                }
            };
            return Ok(Some((number, cells)));
        }
    }

    /// Takes further lines until the quote closes; gives them back when it does not.
    fn quoted_over_lines(&mut self, number: u64, first: Vec<u8>) -> Result<Outcome, TransferError> {
        let mut whole = first;
        let mut taken = Vec::new();
        while taken.len() < MAX_QUOTED_LINES && whole.len() < MAX_ITEM_BYTES {
            let Some(line) = self.line()? else { break };
            let Some(bytes) = &line.bytes else {
                taken.push(line);
                break;
            };
            whole.push(b'\n');
            whole.extend_from_slice(bytes);
            // Only a line with a quote can close one.
            let may_close = bytes.contains(&self.conventions.quote);
            taken.push(line);
            if may_close {
                let outcome = self.cut.cells(&whole);
                if !matches!(outcome, Outcome::Open) {
                    return Ok(outcome);
                }
            }
        }
        debug_assert!(taken.iter().all(|line| line.number > number), "lines come in order");
        for line in taken.into_iter().rev() {
            self.waiting.push_front(line);
        }
        Ok(Outcome::Open)
    }

    /// The items that a mapping makes of the rows.
    ///
    /// # Errors
    /// [`TransferError::Mapping`] when the mapping speaks of columns that are not there.
    pub fn items(
        mut self,
        mapping: Arc<Mapping>,
    ) -> Result<impl Iterator<Item = Result<Item, TransferError>>, TransferError> {
        let bound = mapping.columns.bind(&self.header, &mapping.path, &mapping.text)?;
        Ok(std::iter::from_fn(move || {
            let (line, cells) = match self.cells() {
                Ok(found) => found?,
                Err(error) => return Some(Err(error)),
            };
            let outcome = cells.and_then(|cells| self.check_width(&cells).map(|()| cells)).and_then(|mut cells| {
                let mut row = Row { cells: Vec::with_capacity(bound.len()) };
                for (at, &place) in bound.iter().enumerate() {
                    // A column that two columns of the mapping name (by name and by number) is copied.
                    let again = bound[at + 1..].contains(&place);
                    row.cells.push(match cells.get_mut(place) {
                        None => Cell::Absent,
                        Some(cell) if again => Cell::Text(cell.clone()),
                        Some(cell) => Cell::Text(std::mem::take(cell)),
                    });
                }
                map_row(&mapping, &row)
            });
            Some(Ok(Item { file: self.file.clone(), line, outcome }))
        }))
    }

    fn check_width(&self, cells: &[String]) -> Result<(), Refusal> {
        let (found, wanted) = (cells.len(), self.header.len());
        if found == wanted || (found < wanted && self.conventions.ragged) {
            return Ok(());
        }
        // A delimiter at the end of each row is common and says nothing.
        if found > wanted && cells[wanted..].iter().all(|cell| cell.trim().is_empty()) {
            return Ok(());
        }
        let hint = if found < wanted { "; if rows may end early, say source.ragged = true" } else { "" };
        Err(Refusal::of(format!("the row has {found} cells, the header {wanted}{hint}")))
    }

    /// The names of the columns, spaces tidied.
    pub fn names(&self) -> Vec<String> {
        self.header.iter().map(|name| tidy(name)).collect()
    }
}

/// Applies a mapping to a row.
pub(super) fn map_row(mapping: &Mapping, row: &Row) -> Result<Vec<Json>, Refusal> {
    match mapping.apply(row) {
        Ok(made) => Ok(made),
        Err(fault) => Err(Refusal { field: fault.column, entity: None, reason: fault.reason }),
    }
}
