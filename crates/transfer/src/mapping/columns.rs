//! The columns that a mapping speaks of, each once, with the place of its first mention. Binds them to a header.

use crate::TransferError;
use crate::place::{Problem, nearest};
use std::path::Path;

/// The columns of a mapping; everything else in it names them by index.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    names: Vec<String>,
    offsets: Vec<usize>,
}

impl Columns {
    /// The index of a column, new or known.
    pub(super) fn add(&mut self, name: &str, offset: usize) -> usize {
        let name = tidy(name);
        if let Some(at) = self.names.iter().position(|known| *known == name) {
            return at;
        }
        self.names.push(name);
        self.offsets.push(offset);
        self.names.len() - 1
    }

    /// The names, spaces tidied.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// For each column its place in a header, or all that is wrong, with places in the mapping file.
    ///
    /// # Errors
    /// [`TransferError::Mapping`] when a column is not in the header, or is there twice.
    pub fn bind(&self, header: &[String], path: &Path, text: &str) -> Result<Vec<usize>, TransferError> {
        let tidied: Vec<String> = header.iter().map(|name| tidy(name)).collect();
        let mut found = Vec::with_capacity(self.names.len());
        let mut problems = Vec::new();
        for (name, offset) in self.names.iter().zip(&self.offsets) {
            if let Some(number) = name.strip_prefix('#').and_then(|n| n.parse::<usize>().ok()).filter(|n| *n > 0)
                && !tidied.contains(name)
            {
                if number <= tidied.len() {
                    found.push(number - 1);
                } else {
                    let message = format!("there is no column {number}; the table has {}", tidied.len());
                    problems.push(Problem::at(path, text, *offset, message));
                }
                continue;
            }
            let mut places = tidied.iter().enumerate().filter(|(_, known)| *known == name).map(|(at, _)| at);
            match (places.next(), places.next()) {
                (Some(at), None) => found.push(at),
                (Some(at), Some(other)) => {
                    let message = format!(
                        "two columns are called {name:?} (the {}. and the {}.); name one by its number, \"#{}\"",
                        at + 1,
                        other + 1,
                        at + 1
                    );
                    problems.push(Problem::at(path, text, *offset, message));
                }
                (None, _) => {
                    let list = tidied.iter().map(|n| format!("{n:?}")).collect::<Vec<_>>().join(", ");
                    let message = format!("there is no column {name:?}; the columns are {list}");
                    let meant = nearest(name, tidied.iter().map(String::as_str));
                    problems.push(Problem::at(path, text, *offset, message).suggesting(meant));
                }
            }
        }
        if problems.is_empty() { Ok(found) } else { Err(TransferError::Mapping(problems)) }
    }
}

/// A name without space at its ends and with single spaces inside.
pub(crate) fn tidy(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}
