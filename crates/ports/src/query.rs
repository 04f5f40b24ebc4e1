//! Searches and how their answers are cut into pages; entities as a store lends them.

use crate::Stop;
use belfry_kernel::{Error, Iri, Time};
use belfry_ngsi_ld::form::{Rendering, Select};
use belfry_ngsi_ld::lent::{EntityRef, Source};
use belfry_ngsi_ld::query::{EntityQuery, OrderBy};
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

/// What is searched for.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// Which entities.
    pub query: &'a EntityQuery,
    /// In which order; the store's own when absent.
    pub order: Option<&'a OrderBy>,
    /// Which part of the answer.
    pub page: Page,
    /// What expired at or before this instant is gone.
    pub now: Time,
    /// How many entities may be looked at, a large one counting as several, before the search is given up.
    pub looks: usize,
    /// When the search is given up for good.
    pub stop: Stop<'a>,
}

/// What a search came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paged {
    /// How many entities were given.
    pub given: usize,
    /// How many match in all, when asked.
    pub count: Option<usize>,
    /// Whether more follow.
    pub more: bool,
}

/// An entity as a store lends it: it is read where it lies, so that what is only shown is never made. What of it has
/// expired is not there.
pub trait Lent {
    /// Its identifier.
    fn id(&self) -> Iri;

    /// Its types.
    fn types(&self) -> &[Name];

    /// Whether it has an attribute that a selection shows.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged.
    fn has_shown(&self, select: &Select) -> Result<bool, Error>;

    /// Appends it as JSON text.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged; what was appended until then is of no use.
    fn write(&self, rendering: &Rendering<'_>, out: &mut Vec<u8>) -> Result<(), Error>;

    /// Makes it.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged.
    fn make(&self) -> Result<Entity, Error>;
}

/// Who is lent entities. An error ends the visit and comes back from the call.
pub type Visit<'v> = dyn FnMut(&dyn Lent) -> Result<(), Error> + 'v;

impl<'a, S: Source<'a>> Lent for EntityRef<'a, S>
where
    Error: From<S::Fault>,
{
    fn id(&self) -> Iri {
        Iri::from_checked(self.id)
    }

    fn types(&self) -> &[Name] {
        &self.types
    }

    fn has_shown(&self, select: &Select) -> Result<bool, Error> {
        Ok(Self::has_shown(self, select)?)
    }

    fn write(&self, rendering: &Rendering<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
        Ok(rendering.write(self, out)?)
    }

    fn make(&self) -> Result<Entity, Error> {
        Ok(Self::make(self, |_| true)?)
    }
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
