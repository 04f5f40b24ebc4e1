//! Reading one table of a mapping file: each key asked for by name and type, what was not asked for refused with its
//! place and the likeliest name. Knows no key by itself.

use crate::place::{Problem, nearest};
use std::cell::RefCell;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The mapping file while it is read, and what is wrong with it so far.
pub(super) struct Document<'d> {
    pub(super) path: &'d Path,
    pub(super) text: &'d str,
    pub(super) problems: RefCell<Vec<Problem>>,
}

impl Document<'_> {
    /// Notes a problem at a byte offset.
    pub(super) fn refuse(&self, offset: usize, message: impl Into<String>, suggestion: Option<&str>) {
        let problem = Problem::at(self.path, self.text, offset, message).suggesting(suggestion);
        self.problems.borrow_mut().push(problem);
    }
}

/// A value with the byte offset where it stands.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) offset: usize,
}

/// One table and the keys asked for so far.
pub(super) struct Section<'d> {
    pub(super) document: &'d Document<'d>,
    name: String,
    table: &'d DeTable<'d>,
    /// Where the table begins, for what is missing in it.
    pub(super) offset: usize,
    asked: RefCell<Vec<&'static str>>,
}

impl<'d> Section<'d> {
    pub(super) fn new(document: &'d Document<'d>, name: &str, table: &'d DeTable<'d>, offset: usize) -> Self {
        Self { document, name: name.to_owned(), table, offset, asked: RefCell::default() }
    }

    /// The value of a key, when it is given.
    fn ask(&self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.asked.borrow_mut().push(key);
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    fn wrong<T>(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) -> Option<T> {
        let found = value.get_ref().type_str();
        self.document.refuse(value.span().start, format!("{} must be {wanted}, not {found}", self.path(key)), None);
        None
    }

    /// The dotted path of a key.
    pub(super) fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// A text.
    pub(super) fn text(&self, key: &'static str) -> Option<At<&'d str>> {
        let value = self.ask(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(At { value: text, offset: value.span().start }),
            _ => self.wrong(key, value, "a text"),
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        let value = self.ask(key)?;
        value.get_ref().as_bool().or_else(|| self.wrong(key, value, "true or false"))
    }

    /// A finite number, whole or not.
    pub(super) fn number(&self, key: &'static str) -> Option<f64> {
        let value = self.ask(key)?;
        let parsed = match value.get_ref() {
            DeValue::Integer(n) if n.radix() == 10 => n.as_str().replace('_', "").parse::<f64>().ok(),
            DeValue::Float(n) => n.as_str().replace('_', "").parse::<f64>().ok(),
            _ => None,
        };
        parsed.filter(|n| n.is_finite()).or_else(|| self.wrong(key, value, "a number"))
    }

    /// A whole number of at most `max`.
    pub(super) fn count(&self, key: &'static str, max: u64) -> Option<u64> {
        let value = self.ask(key)?;
        let parsed = value.get_ref().as_integer().and_then(|n| n.as_str().replace('_', "").parse::<u64>().ok());
        parsed.filter(|n| *n <= max).or_else(|| self.wrong(key, value, &format!("a whole number from 0 to {max}")))
    }

    /// One of some words.
    pub(super) fn choice<T: Copy>(&self, key: &'static str, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(key)?;
        if let Some((_, found)) = words.iter().find(|(word, _)| *word == text.value) {
            return Some(*found);
        }
        let list: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        let message = format!("{} is one of {}, not {:?}", self.path(key), list.join(", "), text.value);
        self.document.refuse(text.offset, message, nearest(text.value, words.iter().map(|(word, _)| *word)));
        None
    }

    /// One text or a list of texts.
    pub(super) fn texts(&self, key: &'static str) -> Option<Vec<At<&'d str>>> {
        let value = self.ask(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(vec![At { value: text, offset: value.span().start }]),
            DeValue::Array(items) => {
                let mut texts = Vec::with_capacity(items.len());
                for item in items.iter() {
                    match item.get_ref() {
                        DeValue::String(text) => texts.push(At { value: &**text, offset: item.span().start }),
                        _ => return self.wrong(key, item, "a text or a list of texts"),
                    }
                }
                Some(texts)
            }
            _ => self.wrong(key, value, "a text or a list of texts"),
        }
    }

    /// Any value, as it stands.
    pub(super) fn any(&self, key: &'static str) -> Option<At<&'d DeValue<'d>>> {
        let value = self.ask(key)?;
        Some(At { value: value.get_ref(), offset: value.span().start })
    }

    /// A table below this one.
    pub(super) fn table(&self, key: &'static str) -> Option<Section<'d>> {
        let value = self.ask(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(Section::new(self.document, &self.path(key), table, value.span().start)),
            _ => self.wrong(key, value, "a table"),
        }
    }

    /// The tables of `[[key]]`.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Section<'d>> {
        let Some(value) = self.ask(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            return self
                .wrong(key, value, &format!("a list of tables, each begun by [[{}]]", self.path(key)))
                .unwrap_or_default();
        };
        let mut sections = Vec::with_capacity(items.len());
        for item in items.iter() {
            match item.get_ref() {
                DeValue::Table(table) => {
                    sections.push(Section::new(self.document, &self.path(key), table, item.span().start));
                }
                _ => return self.wrong(key, item, "a list of tables").unwrap_or_default(),
            }
        }
        sections
    }

    /// Notes that something is missing in this table.
    pub(super) fn missing(&self, what: impl Into<String>) {
        self.document.refuse(self.offset, what, None);
    }

    /// Refuses every key that was not asked for.
    pub(super) fn finish(&self) {
        let asked = self.asked.borrow();
        for (name, _) in self.table.iter() {
            let key: &str = name.get_ref();
            if !asked.contains(&key) {
                let message = format!("unknown key {:?}", self.path(key));
                self.document.refuse(name.span().start, message, nearest(key, asked.iter().copied()));
            }
        }
    }
}
