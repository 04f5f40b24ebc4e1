//! How a table writes what it says: delimiter, header, encoding, decimal mark, what stands for nothing. Reads no table.

use super::section::Section;
use crate::source::Cell;
use belfry_ngsi_ld::Json;

/// How the cells of a table are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// One character between cells; cells may be quoted (RFC 4180).
    Delimiter(u8),
    /// Any run of spaces and tabs.
    Whitespace,
}

/// How a text file is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// ISO 8859-1.
    Latin1,
}

/// How a table is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Conventions {
    /// Between cells; none: guessed from the header line.
    pub cut: Option<Cut>,
    /// Around cells that hold a delimiter.
    pub quote: u8,
    /// Lines before the header that are no part of the table.
    pub skip_lines: u64,
    /// The header line begins with this; everything before it is passed over.
    pub header_begins: Option<String>,
    /// The names of the columns, when the table has no header.
    pub columns: Option<Vec<String>>,
    /// Lines that begin with this are passed over.
    pub comment: Option<String>,
    /// Whether rows may end early: missing cells are empty.
    pub ragged: bool,
    /// The encoding.
    pub encoding: Encoding,
    /// Before the fraction of a number.
    pub decimal: char,
    /// Between groups of three digits.
    pub thousands: Option<char>,
    /// Texts that stand for nothing, beside the empty cell.
    pub missing: Vec<String>,
}

impl Default for Conventions {
    fn default() -> Self {
        Self {
            cut: None,
            quote: b'"',
            skip_lines: 0,
            header_begins: None,
            columns: None,
            comment: None,
            ragged: false,
            encoding: Encoding::Utf8,
            decimal: '.',
            thousands: None,
            missing: Vec::new(),
        }
    }
}

impl Conventions {
    /// Reads the `[source]` table.
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let mut found = Self::default();
        let one_byte = |key: &'static str| {
            let text = section.text(key)?;
            match text.value.as_bytes() {
                [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => Some(*byte),
                _ => {
                    section.document.refuse(text.offset, format!("source.{key} must be one ASCII character"), None);
                    None
                }
            }
        };
        let one_char = |key: &'static str| {
            let text = section.text(key)?;
            let mut chars = text.value.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) if !c.is_ascii_digit() => Some(c),
                _ => {
                    section.document.refuse(text.offset, format!("source.{key} must be one character, no digit"), None);
                    None
                }
            }
        };
        let whitespace = section.flag("whitespace").unwrap_or(false);
        let delimiter = one_byte("delimiter");
        if whitespace && delimiter.is_some() {
            section.missing("source: either a delimiter or whitespace = true, not both");
        }
        found.cut = if whitespace { Some(Cut::Whitespace) } else { delimiter.map(Cut::Delimiter) };
        found.quote = one_byte("quote").unwrap_or(b'"');
        found.skip_lines = section.count("skip_lines", 1_000_000).unwrap_or(0);
        found.header_begins = section.text("header_begins").map(|t| t.value.to_owned());
        found.columns = section.texts("columns").map(|list| list.iter().map(|t| t.value.to_owned()).collect());
        found.comment = section.text("comment").map(|t| t.value.to_owned()).filter(|t| !t.is_empty());
        found.ragged = section.flag("ragged").unwrap_or(false);
        let encodings = [("utf-8", Encoding::Utf8), ("latin1", Encoding::Latin1)];
        found.encoding = section.choice("encoding", &encodings).unwrap_or(Encoding::Utf8);
        found.decimal = one_char("decimal").unwrap_or('.');
        found.thousands = one_char("thousands");
        if found.thousands == Some(found.decimal) {
            section.missing("source: decimal and thousands cannot be the same character");
        }
        found.missing = section.texts("missing").unwrap_or_default().iter().map(|t| t.value.to_owned()).collect();
        section.finish();
        Some(found)
    }

    /// Whether a cell says nothing.
    pub fn is_missing(&self, text: &str) -> bool {
        let text = text.trim();
        text.is_empty() || self.missing.iter().any(|m| m == text)
    }

    /// The number in a cell.
    ///
    /// # Errors
    /// Why it is none.
    pub(super) fn number(&self, cell: &Cell) -> Result<f64, String> {
        let text = match cell {
            Cell::Json(Json::Int(n)) => return Ok(*n as f64),
            Cell::Json(Json::Float(n)) => return Ok(*n),
            Cell::Json(Json::Str(text)) => text.as_str(),
            Cell::Text(text) => text.as_str(),
            Cell::Json(other) => return Err(format!("it is {}, not a number", other.kind())),
            Cell::Absent => return Err("it is empty".to_owned()),
        };
        self.number_of(text.trim()).ok_or_else(|| {
            let hint = if self.decimal == '.' && text.contains(',') {
                "; if the comma begins the fraction, say source.decimal = \",\""
            } else {
                ""
            };
            format!("{text:?} is not a number{hint}")
        })
    }

    fn number_of(&self, text: &str) -> Option<f64> {
        let mut plain = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '0'..='9' | '+' | '-' | 'e' | 'E' => plain.push(c),
                '\u{2212}' => plain.push('-'),
                c if c == self.decimal => plain.push('.'),
                c if Some(c) == self.thousands => {}
                _ => return None,
            }
        }
        plain.parse::<f64>().ok().filter(|n| n.is_finite())
    }
}
