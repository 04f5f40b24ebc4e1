//! The table of kinds: what objects of OpenStreetMap become, by their tags. Holds the typed form of `kinds.txt` and
//! `attributes.txt` and the choice of lines for an object; makes no entity.

mod condition;
mod parse;
mod reading;

pub(super) use reading::Reading;

use super::object::Shape;
use crate::TransferError;
use belfry_connect_osm::Tag;
use condition::Condition;
use std::collections::HashMap;
use std::path::Path;

const KINDS: &str = include_str!("table/kinds.txt");
const ATTRIBUTES: &str = include_str!("table/attributes.txt");

/// Attributes that every object gets by rules of its own, which no line of the table names.
pub(super) const FIXED: [&str; 12] = [
    "name",
    "alternateName",
    "names",
    "address",
    "category",
    "location",
    "length",
    "transportationType",
    "source",
    "extract",
    "edition",
    "dateRemoved",
];

/// The table, read and checked.
#[derive(Clone, Debug)]
pub(super) struct Table {
    kinds: Vec<Kind>,
    /// The kinds that ask for a key first, by that key.
    by_key: HashMap<String, Vec<usize>>,
    attributes: Vec<Attribute>,
}

/// One line of the table of kinds.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    /// An object becomes at most one entity of each layer.
    pub(super) layer: String,
    pub(super) shapes: Shapes,
    conditions: Vec<Condition>,
    /// The entity type.
    pub(super) entity: String,
    pub(super) category: Category,
    /// Places in the table of attributes.
    attributes: Vec<usize>,
}

/// Which shapes a kind has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shapes {
    pub(super) point: bool,
    pub(super) line: bool,
    pub(super) area: bool,
    /// Open ways are passed over, not faults.
    pub(super) lenient: bool,
}

/// Where the category of a kind comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Category {
    /// There is none.
    None,
    /// The same for all.
    Word(String),
    /// The value of a tag.
    Tag(String),
}

/// One line of the table of attributes.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    /// The first of these that an object has.
    pub(super) tags: Vec<String>,
    pub(super) reading: Reading,
    pub(super) unit: Option<String>,
}

impl Table {
    /// The table of the house.
    pub(super) fn standard() -> Self {
        Self::parse(Path::new("kinds.txt"), KINDS).expect("the table of the house is tested")
    }

    /// A table of kinds from a file, with the attributes of the house.
    ///
    /// # Errors
    /// [`TransferError::File`]; [`TransferError::Mapping`] with all that is wrong in it.
    pub(super) fn load(path: &Path) -> Result<Self, TransferError> {
        let text = std::fs::read_to_string(path).map_err(TransferError::file(path))?;
        Self::parse(path, &text)
    }

    /// Reads a table of kinds; `path` is what messages call it.
    ///
    /// # Errors
    /// [`TransferError::Mapping`].
    pub(super) fn parse(path: &Path, kinds: &str) -> Result<Self, TransferError> {
        let attributes = parse::attributes(Path::new("attributes.txt"), ATTRIBUTES)?;
        let kinds = parse::kinds(path, kinds, &attributes)?;
        let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, kind) in kinds.iter().enumerate() {
            by_key.entry(kind.conditions[0].key.clone()).or_default().push(at);
        }
        Ok(Self { kinds, by_key, attributes })
    }

    /// The kinds that an object is: of each layer the first line that fits, in the order of the table.
    pub(super) fn kinds_of(&self, tags: &[Tag<'_>], shape: Shape) -> Vec<&Kind> {
        let mut lines: Vec<usize> =
            tags.iter().filter_map(|(key, _)| self.by_key.get(*key)).flatten().copied().collect();
        lines.sort_unstable();
        let mut found: Vec<&Kind> = Vec::new();
        for kind in lines.into_iter().map(|at| &self.kinds[at]) {
            let taken = found.iter().any(|known| known.layer == kind.layer);
            let late = kind.layer == "address" && !found.is_empty();
            if !taken && !late && kind.shapes.takes(shape, tags) && kind.conditions.iter().all(|c| c.holds(tags)) {
                found.push(kind);
            }
        }
        found
    }

    /// The attributes of a kind.
    pub(super) fn attributes_of<'t>(&'t self, kind: &'t Kind) -> impl Iterator<Item = &'t Attribute> {
        kind.attributes.iter().map(|at| &self.attributes[*at])
    }

    /// Whether an attribute of this name is the import's: what an import may change and take away.
    pub(super) fn owns(&self, name: &str) -> bool {
        FIXED.contains(&name) || self.attributes.iter().any(|attribute| attribute.name == name)
    }
}

impl Shapes {
    /// Whether an object of this shape can be of this kind. A way that must be an area and is open is taken here and
    /// rejected when its shape is made, unless the table says otherwise.
    fn takes(self, shape: Shape, tags: &[Tag<'_>]) -> bool {
        match shape {
            Shape::Point => self.point,
            Shape::OpenWay => self.line || (self.area && !self.lenient),
            Shape::ClosedWay => self.line || (self.area && !tags.contains(&("area", "no"))),
            Shape::Relation => self.area,
        }
    }
}

/// The value of a tag.
pub(super) fn tag<'t>(tags: &[Tag<'t>], key: &str) -> Option<&'t str> {
    tags.iter().find(|(k, _)| *k == key).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests;
