//! The shape of the file against the tree of keys: unknown keys and wrong types, all of them, each with its place.
//! Ranges and rules across keys are `rules`' work.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Layers;
use crate::keys::{Key, Kind, nearest};
use crate::places;
use crate::problem::Problem;

/// Checks a table of the file, the root when `path` is empty.
pub(super) fn check_table(layers: &mut Layers, text: &str, table: &DeTable<'_>, path: &str) {
    let mut shape = Shape { text, found: Vec::new(), values: Vec::new(), root: &layers.root };
    shape.table(&layers.root, table, path);
    let Shape { mut found, values, .. } = shape;
    for (path, offset) in values {
        layers.places.set(&path, places::in_file(&layers.file, text, offset));
    }
    found.sort_by_key(|(offset, _)| *offset);
    layers.problems.extend(
        found
            .into_iter()
            .map(|(offset, problem)| Problem { place: places::in_file(&layers.file, text, offset), ..problem }),
    );
}

struct Shape<'a> {
    text: &'a str,
    root: &'a Key,
    /// Problems with their byte offsets.
    found: Vec<(usize, Problem)>,
    /// Paths of the values with their byte offsets.
    values: Vec<(String, usize)>,
}

impl Shape<'_> {
    fn table(&mut self, key: &Key, table: &DeTable<'_>, path: &str) {
        for (name, value) in table {
            let name_text: &str = name.get_ref();
            let path = if path.is_empty() { name_text.to_owned() } else { format!("{path}.{name_text}") };
            match key.child(name_text) {
                Some(child) => self.value(child, value, &path),
                None => {
                    let suggestion = suggest(self.root, key, name_text);
                    self.refuse(name.span().start, path.clone(), format!("unknown key {path:?}"), suggestion);
                }
            }
        }
    }

    fn value(&mut self, key: &Key, value: &Spanned<DeValue<'_>>, path: &str) {
        let offset = value.span().start;
        self.values.push((path.to_owned(), offset));
        match (&key.kind, value.get_ref()) {
            (Kind::Table(_), DeValue::Table(table)) => self.table(key, table, path),
            (Kind::List(item), DeValue::Array(items)) => {
                for (index, value) in items.iter().enumerate() {
                    self.value(item, value, &format!("{path}[{index}]"));
                }
            }
            (Kind::Text, DeValue::String(_))
            | (Kind::Integer { .. }, DeValue::Integer(_))
            | (Kind::Flag, DeValue::Boolean(_)) => {}
            (Kind::Choice { words, .. }, DeValue::String(word)) => {
                if !words.iter().any(|known| known == word) {
                    let message = format!("{path} must be {}, not {word:?}", key.kind.describe());
                    let suggestion = nearest(word, words.iter().map(String::as_str)).map(str::to_owned);
                    self.refuse(offset, path.to_owned(), message, suggestion);
                }
            }
            (Kind::Choice { tables, .. }, DeValue::Table(table)) if !tables.is_empty() => {
                for (name, value) in table {
                    let name_text: &str = name.get_ref();
                    match tables.iter().find(|key| key.name == name_text) {
                        Some(child) => self.value(child, value, &format!("{path}.{name_text}")),
                        None => {
                            let suggestion = nearest(name_text, tables.iter().map(|key| key.name.as_str()));
                            let message = format!("unknown key \"{path}.{name_text}\"");
                            self.refuse(name.span().start, path.to_owned(), message, suggestion.map(str::to_owned));
                        }
                    }
                }
            }
            (kind, other) => {
                let written: String = self.text.get(value.span()).unwrap_or_default().chars().take(40).collect();
                let found = match other {
                    DeValue::Table(_) | DeValue::Array(_) => type_in_words(other).to_owned(),
                    _ => format!("{} ({written})", type_in_words(other)),
                };
                let message = format!("{path} must be {}, not {found}", kind.describe());
                self.refuse(offset, path.to_owned(), message, None);
            }
        }
    }

    fn refuse(&mut self, offset: usize, key: String, message: String, suggestion: Option<String>) {
        let place = crate::problem::Place::Default;
        self.found.push((offset, Problem { place, key, message, suggestion }));
    }
}

/// The key that was probably meant: one in the same table, else one of the same or a like name anywhere.
pub(super) fn suggest(root: &Key, table: &Key, name: &str) -> Option<String> {
    if let Some(near) = nearest(name, table.children().iter().map(|key| key.name.as_str())) {
        return table.child(near).map(|key| key.path.replace("[]", ""));
    }
    let leaves = root.leaves();
    let last = name.rsplit('.').next().unwrap_or(name);
    let same = leaves.iter().find(|leaf| leaf.name == last).map(|leaf| leaf.path.clone());
    same.or_else(|| nearest(name, leaves.iter().map(|leaf| leaf.path.as_str())).map(str::to_owned)).or_else(|| {
        let near = nearest(last, leaves.iter().map(|leaf| leaf.name.as_str()))?;
        leaves.iter().find(|leaf| leaf.name == near).map(|leaf| leaf.path.clone())
    })
}

fn type_in_words(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
