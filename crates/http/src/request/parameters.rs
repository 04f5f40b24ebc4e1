//! Parameters that several operations share, as the table and the API description name them.

use crate::operation::{Parameter, Schema};

/// One parameter.
pub(crate) const fn parameter(name: &'static str, schema: Schema, about: &'static str) -> Parameter {
    Parameter { name, schema, about }
}

/// Whether other sources are left out; there are none here.
pub(crate) const LOCAL: &[Parameter] =
    &[parameter("local", Schema::Boolean, "Whether only what this server holds is meant.")];

/// The entity's type, as a check.
pub(crate) const TYPE: &[Parameter] =
    &[parameter("type", Schema::Text, "The entity has one of these types (clause 4.17).")];

/// Paging and counting (clauses 6.3.10, 6.3.13).
pub(crate) const PAGE: &[Parameter] = &[
    parameter("limit", Schema::Number, "How many to give at most; 0 only with count."),
    parameter("offset", Schema::Number, "How many to pass over."),
    parameter("count", Schema::Boolean, "Whether the NGSILD-Results-Count header is wanted."),
];

/// Ordering (clause 4.23).
pub(crate) const ORDER: &[Parameter] = &[
    parameter("orderBy", Schema::Text, "Members to order by, each with ;asc, ;desc, ;dist-asc or ;dist-desc."),
    parameter("orderFrom", Schema::Text, "Coordinates from which distances are measured."),
    parameter("orderGeometry", Schema::Text, "The geometry of orderFrom."),
    parameter("collation", Schema::Text, "The order of texts; only that of code points is known."),
];

/// How a batch upsert treats what is there (clause 6.15.3.1).
pub(crate) const UPSERT: &[Parameter] = &[parameter(
    "options",
    Schema::OneOf(&["replace", "update"]),
    "Whether an entity that is there is replaced (as when nothing is said) or updated.",
)];

/// Whether what is there is left alone.
pub(crate) const NO_OVERWRITE: &[Parameter] =
    &[parameter("options", Schema::OneOf(&["noOverwrite"]), "Attributes that are there are left as they are.")];

/// Attributes to have at least one of, where nothing is shown.
pub(crate) const ATTRS: &[Parameter] = &[parameter("attrs", Schema::Text, "Attributes to have at least one of.")];
