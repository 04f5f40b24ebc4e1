//! How answers to queries are cut into pages.

use belfry_ngsi_ld::{Entity, Name};

/// Which part of the answer.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// How many to pass over.
    pub offset: usize,
    /// How many to give at most.
    pub limit: usize,
    /// Bytes, as the store keeps them, of all entities given at most: fewer are given then, at least one.
    pub bytes: usize,
    /// Whether the number of all matches is wanted too, which costs a look at all of them.
    pub count: bool,
}

/// One page of entities.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The entities, in an order that is the same for each page as long as nothing changes.
    pub entities: Vec<Entity>,
    /// How many match in all, when asked.
    pub count: Option<usize>,
    /// Whether more follow.
    pub more: bool,
}

/// One entity type with how many entities have it (ETSI GS CIM 009 clauses 5.7.5 to 5.7.7).
#[derive(Clone, Debug, PartialEq)]
pub struct TypeInfo {
    /// The type.
    pub name: Name,
    /// How many entities have it.
    pub entities: u64,
    /// Attributes that they have, when asked for.
    pub attributes: Vec<Name>,
}

/// One attribute name with how many entities have it (clauses 5.7.8 to 5.7.10).
#[derive(Clone, Debug, PartialEq)]
pub struct AttributeInfo {
    /// The attribute.
    pub name: Name,
    /// How many entities have it, each counted once whatever types it has.
    pub entities: u64,
    /// The types of the entities that have it, when asked for.
    pub types: Vec<Name>,
}
