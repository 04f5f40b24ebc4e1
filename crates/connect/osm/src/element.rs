//! What an OSM file holds: nodes, ways, relations, as they are lent to a sink. Holds no reader.

use belfry_kernel::Position;

/// A key and its value.
pub type Tag<'a> = (&'a str, &'a str);

/// One element, lent for the time of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Element<'a> {
    /// A point.
    Node(Node<'a>),
    /// A line or area.
    Way(Way<'a>),
    /// A group with roles.
    Relation(Relation<'a>),
}

/// A point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node<'a> {
    /// Number among nodes.
    pub id: i64,
    /// Where it is; always on the globe.
    pub position: Position,
    /// Its tags, without personal ones.
    pub tags: &'a [Tag<'a>],
}

/// A line or area through nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Way<'a> {
    /// Number among ways.
    pub id: i64,
    /// The nodes, in order, by their numbers.
    pub nodes: &'a [i64],
    /// Its tags, without personal ones.
    pub tags: &'a [Tag<'a>],
}

/// A group of elements, each with a role.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relation<'a> {
    /// Number among relations.
    pub id: i64,
    /// The members, in order.
    pub members: &'a [Member<'a>],
    /// Its tags, without personal ones.
    pub tags: &'a [Tag<'a>],
}

/// A member of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its number among its kind.
    pub id: i64,
    /// Its role, often empty.
    pub role: &'a str,
}

/// The kinds of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A node.
    Node,
    /// A way.
    Way,
    /// A relation.
    Relation,
}
