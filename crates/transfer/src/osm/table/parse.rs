//! The two tables as texts: columns between spaces, a line a kind or an attribute. Says of every fault where it stands.

use super::condition::Condition;
use super::{Attribute, Category, FIXED, Kind, Reading, Shapes};
use crate::TransferError;
use crate::place::{Problem, nearest};
use std::collections::HashMap;
use std::path::Path;

/// A text, and what is wrong with it so far.
struct Page<'p> {
    path: &'p Path,
    text: &'p str,
    problems: Vec<Problem>,
}

impl<'p> Page<'p> {
    fn new(path: &'p Path, text: &'p str) -> Self {
        Self { path, text, problems: Vec::new() }
    }

    /// The lines that are no comments, each as its columns.
    fn lines(&self) -> Vec<Vec<&'p str>> {
        let lines = self.text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(|line| line.split_whitespace().collect()).collect()
    }

    fn refuse(&mut self, at: &str, message: impl Into<String>, meant: Option<&str>) {
        // The part lies in the text, so its place is the distance of the two.
        let offset = (at.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        self.problems.push(Problem::at(self.path, self.text, offset, message).suggesting(meant));
    }

    fn done<T>(self, found: T) -> Result<T, TransferError> {
        if self.problems.is_empty() { Ok(found) } else { Err(TransferError::Mapping(self.problems)) }
    }
}

/// Reads the table of attributes.
pub(super) fn attributes(path: &Path, text: &str) -> Result<Vec<Attribute>, TransferError> {
    let mut page = Page::new(path, text);
    let mut found: Vec<Attribute> = Vec::new();
    for line in page.lines() {
        let [name, tags, reading, unit] = line[..] else {
            page.refuse(line[0], "an attribute has four columns: name, tags, how it is read, unit", None);
            continue;
        };
        let Some(reading) = Reading::parse(reading) else {
            page.refuse(reading, "there is no such way to read a value", nearest(reading, Reading::NAMES));
            continue;
        };
        if FIXED.contains(&name) || found.iter().any(|known| known.name == name) {
            page.refuse(name, "there is an attribute of this name already", None);
        }
        found.push(Attribute {
            name: name.to_owned(),
            tags: tags.split('|').map(str::to_owned).collect(),
            reading,
            unit: (unit != "-").then(|| unit.to_owned()),
        });
    }
    page.done(found)
}

/// Reads the table of kinds.
pub(super) fn kinds(path: &Path, text: &str, attributes: &[Attribute]) -> Result<Vec<Kind>, TransferError> {
    let mut page = Page::new(path, text);
    let mut groups: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut found = Vec::new();
    for line in page.lines() {
        if let ([name, names], true) = (&line[..], line[0].starts_with('@')) {
            let list = list(&mut page, names, attributes, &groups);
            groups.insert(name, list);
            continue;
        }
        let [layer, shapes, conditions, entity, category, names] = line[..] else {
            page.refuse(line[0], "a kind has six columns: layer, shape, tags, type, category, attributes", None);
            continue;
        };
        let Some(shapes) = Shapes::parse(shapes) else {
            page.refuse(shapes, "a shape is point, line, area or area?, or several with | between", None);
            continue;
        };
        let parsed: Option<Vec<Condition>> = conditions.split('+').map(Condition::parse).collect();
        let Some(mut conditions) = parsed.filter(|list| list.iter().any(Condition::asks)) else {
            page.refuse(
                conditions,
                "tags are key=value, key=one|other, key=*, key!=value or !key with + between, one of them present",
                None,
            );
            continue;
        };
        // Kinds are found by a key that must be there.
        conditions.sort_by_key(|condition| !condition.asks());
        if !entity.starts_with(|c: char| c.is_ascii_uppercase()) || !entity.chars().all(|c| c.is_ascii_alphanumeric()) {
            page.refuse(entity, "a type is a word of letters and digits with a capital, such as FireHydrant", None);
        }
        let category = match category.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(key) => Category::Tag(key.to_owned()),
            None if category == "-" => Category::None,
            None => Category::Word(category.to_owned()),
        };
        let attributes = list(&mut page, names, attributes, &groups);
        found.push(Kind {
            layer: layer.to_owned(),
            shapes,
            conditions,
            entity: entity.to_owned(),
            category,
            attributes,
        });
    }
    if found.is_empty() && page.problems.is_empty() {
        page.refuse(text, "there is no kind in it", None);
    }
    page.done(found)
}

fn list<'p>(
    page: &mut Page<'p>,
    names: &'p str,
    attributes: &[Attribute],
    groups: &HashMap<&str, Vec<usize>>,
) -> Vec<usize> {
    let mut found = Vec::new();
    for name in names.split(',').filter(|name| *name != "-") {
        if let Some(group) = groups.get(name) {
            found.extend(group);
        } else if let Some(at) = attributes.iter().position(|attribute| attribute.name == name) {
            found.push(at);
        } else {
            let known = attributes.iter().map(|attribute| attribute.name.as_str()).chain(groups.keys().copied());
            page.refuse(name, "there is no such attribute or group", nearest(name, known));
        }
    }
    found
}

impl Shapes {
    fn parse(text: &str) -> Option<Self> {
        let mut found = Self::default();
        for word in text.split('|') {
            match word {
                "point" => found.point = true,
                "line" => found.line = true,
                "area" => found.area = true,
                "area?" => (found.area, found.lenient) = (true, true),
                _ => return None,
            }
        }
        Some(found)
    }
}
