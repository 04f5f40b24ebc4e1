//! What is asked of history and what it answers (ETSI GS CIM 009 clauses 4.11, 4.5.19, 5.7.3 and 5.7.4).

use belfry_kernel::{Iri, Time};
pub use belfry_ngsi_ld::query::TimeProperty;
use belfry_ngsi_ld::{Attribute, AttributeKind, Name};

/// A range of time: `from` inclusive, `to` exclusive.
#[derive(Clone, Copy, Debug)]
pub struct TemporalRange {
    /// By which time.
    pub by: TimeProperty,
    /// Not before; `Time::MIN` for no limit.
    pub from: Time,
    /// Before; `Time::MAX` for no limit.
    pub to: Time,
    /// Only the last so many of each series.
    pub last_n: Option<usize>,
    /// At most so many of each series, the earliest ones (or the latest, with `last_n`). With 0 no series is read: the
    /// evolution tells the entity's life alone.
    pub limit: usize,
    /// Also instances that do not have this time, placed by their arrival: for a read that restricts no time. Of a series
    /// with more than are wanted that has instances of both kinds, only those that have it.
    pub every: bool,
}

/// How one entity's attributes changed.
#[derive(Clone, Debug, Default)]
pub struct Evolution {
    /// The entity's types, last known.
    pub types: Vec<Name>,
    /// Its scopes, last known.
    pub scopes: Vec<compact_str::CompactString>,
    /// When it was first known and last written here.
    pub created_at: Option<Time>,
    /// When it was last written.
    pub modified_at: Option<Time>,
    /// When it was deleted, if it is gone.
    pub deleted_at: Option<Time>,
    /// Series by series (name, then dataset), each in time order.
    pub instances: Vec<Instance>,
    /// Whether a series had more than `limit`.
    pub more: bool,
}

/// One instance of the past.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// Its number within the series: the microsecond of its arrival, made unique.
    pub stamp: i64,
    /// The attribute as it was.
    pub attribute: Attribute,
    /// Whether this instance says that the attribute was deleted then.
    pub deleted: bool,
}

/// Aggregates of one series (clause 4.5.19).
#[derive(Clone, Debug)]
pub struct Aggregation {
    /// The attribute.
    pub name: Name,
    /// The dataset.
    pub dataset_id: Option<Iri>,
    /// The kind of its newest instance.
    pub kind: AttributeKind,
    /// One for each bucket that holds a sample.
    pub buckets: Vec<Bucket>,
}

/// All the aggregates of one bucket; the caller prints those asked for. What needs numbers is none where there are none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// From (inclusive).
    pub from: Time,
    /// To (exclusive).
    pub to: Time,
    /// How many instances (`totalCount`).
    pub count: u64,
    /// How many different values, when asked for (`distinctCount`).
    pub distinct: Option<u64>,
    /// `sum`
    pub sum: Option<f64>,
    /// `avg`
    pub avg: Option<f64>,
    /// `min`
    pub min: Option<f64>,
    /// `max`
    pub max: Option<f64>,
    /// `stddev`, over the whole bucket.
    pub stddev: Option<f64>,
    /// `sumsq`
    pub sumsq: Option<f64>,
}
