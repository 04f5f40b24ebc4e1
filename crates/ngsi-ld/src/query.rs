//! The NGSI-LD query languages (ETSI GS CIM 009 clauses 4.9, 4.10, 4.11, 4.17, 4.19, 4.21, 4.23): text to one tree,
//! the tree evaluated against an entity, and what an index planner may know of it. Holds no index and no ordering of
//! results; reads no clock.

pub mod filter;
pub mod geo;
mod leaf;
mod literal;
pub mod ordering;
mod past;
mod pattern;
mod plan;
pub mod projection;
mod scan;
pub mod scope;
mod selection;
pub mod temporal;
mod term;

pub use filter::{Expr, Link, Member, Op, Operand, Path, Trail};
pub use geo::{GeoQuery, GeoRelation};
pub use leaf::{Leaf, Place, leaves};
pub use literal::Literal;
pub use ordering::{Direction, OrderBy, OrderMember, OrderTerm};
pub use past::PastQuery;
pub use pattern::{MAX_PATTERN_BYTES, Pattern};
pub use plan::{Conjunct, ValueTest};
pub use projection::Projection;
pub use scope::ScopeQuery;
pub use selection::{Selector, TypeSelection};
pub use temporal::{TemporalQuery, TimeProperty, TimeRelation};
pub use term::{Limits, Names, Naming, Term, parse_names};

use crate::{Entity, Name};
use belfry_kernel::Time;
use std::sync::Arc;

/// How a condition over linked entities finds them: the entity of an identifier, if it is here.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<Arc<Entity>>;

/// Which entities are meant (clause 5.7.2): each part narrows the answer; an absent part lets every entity through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntityQuery {
    /// The entity satisfies one of these; empty for any entity. A query by URL has one, a query by body several.
    pub selectors: Vec<Selector>,
    /// The entity has one of these attributes; empty for no such condition.
    pub attrs: Vec<Term>,
    /// The `q` condition.
    pub q: Option<Expr>,
    /// The geo-query.
    pub geo: Option<GeoQuery>,
    /// The scope query.
    pub scope: Option<ScopeQuery>,
}

impl EntityQuery {
    /// Whether this entity is meant. What expired at or before `now` counts as gone. A condition over linked entities
    /// never holds here: see [`Self::matches_linked`].
    pub fn matches(&self, entity: &Entity, now: Time) -> bool {
        self.evaluate(entity, now, None)
    }

    /// As [`Self::matches`], following relationships through `lookup` (clause 4.9, `rel{Type:attribute}`).
    pub fn matches_linked(&self, entity: &Entity, now: Time, lookup: Lookup<'_>) -> bool {
        self.evaluate(entity, now, Some(lookup))
    }

    fn evaluate(&self, entity: &Entity, now: Time, lookup: Option<Lookup<'_>>) -> bool {
        entity.expires_at.is_none_or(|t| t > now)
            && (self.selectors.is_empty() || self.selectors.iter().any(|s| s.matches(entity)))
            && (self.attrs.is_empty() || self.attrs.iter().any(|t| filter::has(entity, t, now)))
            && self.scope.as_ref().is_none_or(|s| s.matches(&entity.scopes))
            && self.q.as_ref().is_none_or(|q| q.matches(entity, now, lookup))
            && self.geo.as_ref().is_none_or(|g| g.matches(entity, now))
    }

    /// The attributes that decide: an entity of these alone matches as the whole one does.
    pub fn names(&self) -> Vec<Name> {
        let mut names: Vec<Name> = self.attrs.iter().filter_map(|term| term.name).collect();
        if let Some(q) = &self.q {
            q.names(&mut names);
        }
        names.extend(self.geo.as_ref().and_then(|geo| geo.property.name));
        names
    }

    /// How many relationships the deepest condition follows; 0 when the query looks at the entities alone.
    pub fn link_depth(&self) -> usize {
        self.q.as_ref().map_or(0, Expr::link_depth)
    }
}
