//! Texts with columns in them: `urn:ngsi-ld:Well:{Well No|slug}`. Holds the parsed form and its filling.

use super::columns::Columns;
use super::section::{At, Document};
use crate::source::Row;

/// A text with the values of columns put in.
#[derive(Clone, Debug)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Column { index: usize, slug: bool },
}

impl Template {
    /// Parses a template and notes its columns. `{{` and `}}` stand for braces.
    pub(super) fn parse(text: &At<&str>, columns: &mut Columns, document: &Document<'_>) -> Option<Self> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text.value;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let tail = &rest[at..];
            if tail.starts_with("{{") || tail.starts_with("}}") {
                literal.push_str(&tail[..1]);
                rest = &tail[2..];
                continue;
            }
            let Some(end) = tail.find('}').filter(|_| tail.starts_with('{')) else {
                let what = if tail.starts_with('{') { "a { without }" } else { "a } without {" };
                document.refuse(
                    text.offset,
                    format!("{what} in {:?}; write {{{{ or }}}} for a brace itself", text.value),
                    None,
                );
                return None;
            };
            let (name, filter) = match tail[1..end].rsplit_once('|') {
                Some((name, filter)) => (name, Some(filter.trim())),
                None => (&tail[1..end], None),
            };
            let slug = match filter {
                None => false,
                Some("slug") => true,
                Some(other) => {
                    document.refuse(text.offset, format!("unknown filter {other:?}; there is only \"slug\""), None);
                    return None;
                }
            };
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(Part::Column { index: columns.add(name, text.offset), slug });
            rest = &tail[end + 1..];
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Some(Self { parts })
    }

    /// A template of one column.
    pub(super) fn column(index: usize) -> Self {
        Self { parts: vec![Part::Column { index, slug: false }] }
    }

    /// Whether it names no column.
    pub fn is_constant(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// The first column that it names.
    pub fn first_column(&self) -> Option<usize> {
        self.parts.iter().find_map(|part| match part {
            Part::Column { index, .. } => Some(*index),
            Part::Text(_) => None,
        })
    }

    /// The text for a row; the index of the first column that is missing there otherwise.
    pub fn fill(&self, row: &Row, is_missing: impl Fn(&str) -> bool) -> Result<String, usize> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Column { index, slug } => {
                    let cell = row.text(*index).ok_or(*index)?;
                    if is_missing(&cell) {
                        return Err(*index);
                    }
                    if *slug { push_slug(&cell, &mut out) } else { out.push_str(&cell) }
                }
            }
        }
        Ok(out)
    }
}

/// Letters and digits in lower case, everything between them one hyphen.
fn push_slug(text: &str, out: &mut String) {
    let mut gap = false;
    let start = out.len();
    for c in text.chars() {
        if c.is_alphanumeric() {
            if gap && out.len() > start {
                out.push('-');
            }
            gap = false;
            out.extend(c.to_lowercase());
        } else {
            gap = true;
        }
    }
}
