//! Cutting one row of bytes into cells, and guessing the delimiter. Keeps no state between rows.

use crate::mapping::Conventions;

/// How rows are cut.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    Delimiter { delimiter: u8, quote: u8 },
    Whitespace,
}

/// What a row's bytes are.
pub(super) enum Outcome {
    Cells(Vec<Vec<u8>>),
    /// A quote is still open at the end.
    Open,
    /// Something follows a closing quote that is no delimiter.
    AfterQuote,
}

impl Cut {
    /// As the conventions say; a delimiter that they leave open is the likeliest one of the first line.
    pub(super) fn of(conventions: &Conventions, first: Option<&[u8]>) -> Self {
        use crate::mapping::conventions::Cut as Said;
        match conventions.cut {
            Some(Said::Whitespace) => Self::Whitespace,
            Some(Said::Delimiter(delimiter)) => Self::Delimiter { delimiter, quote: conventions.quote },
            None => {
                let line = first.unwrap_or_default();
                let count = |byte: u8| line.iter().filter(|b| **b == byte).count();
                let delimiter = *b",;\t|".iter().rev().max_by_key(|byte| count(**byte)).unwrap_or(&b',');
                Self::Delimiter { delimiter, quote: conventions.quote }
            }
        }
    }

    pub(super) fn cells(self, row: &[u8]) -> Outcome {
        match self {
            Self::Whitespace => Outcome::Cells(
                row.split(u8::is_ascii_whitespace).filter(|cell| !cell.is_empty()).map(<[u8]>::to_vec).collect(),
            ),
            Self::Delimiter { delimiter, quote } => delimited(row, delimiter, quote),
        }
    }
}

fn delimited(row: &[u8], delimiter: u8, quote: u8) -> Outcome {
    let mut cells = Vec::new();
    let mut at = 0;
    loop {
        // Space before an opening quote is no part of the cell.
        let start = at + row[at..].iter().take_while(|b| **b == b' ' && delimiter != b' ').count();
        if row.get(start) == Some(&quote) {
            let mut cell = Vec::new();
            let mut i = start + 1;
            loop {
                match row.get(i) {
                    None => return Outcome::Open,
                    Some(b) if *b == quote && row.get(i + 1) == Some(&quote) => {
                        cell.push(quote);
                        i += 2;
                    }
                    Some(b) if *b == quote => break,
                    Some(b) => {
                        cell.push(*b);
                        i += 1;
                    }
                }
            }
            i += 1;
            i += row[i..].iter().take_while(|b| **b == b' ' && delimiter != b' ').count();
            cells.push(cell);
            match row.get(i) {
                None => return Outcome::Cells(cells),
                Some(b) if *b == delimiter => at = i + 1,
                Some(_) => return Outcome::AfterQuote,
            }
        } else {
            match row[at..].iter().position(|b| *b == delimiter) {
                Some(end) => {
                    cells.push(row[at..at + end].to_vec());
                    at += end + 1;
                }
                None => {
                    cells.push(row[at..].to_vec());
                    return Outcome::Cells(cells);
                }
            }
        }
    }
}

/// The text of bytes; none when they are not in this encoding.
pub(super) fn decode(bytes: &[u8], encoding: crate::mapping::conventions::Encoding) -> Option<String> {
    use crate::mapping::conventions::Encoding;
    match encoding {
        Encoding::Utf8 => String::from_utf8(bytes.to_vec()).ok(),
        Encoding::Latin1 => Some(bytes.iter().map(|b| char::from(*b)).collect()),
    }
}
