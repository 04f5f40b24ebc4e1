//! The columns of a history file. Holds no rows.

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::errors::ParquetError;
use parquet::schema::types::{Type, TypePtr};
use std::sync::Arc;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Json,
    /// Microseconds UTC.
    Instant,
    Number,
    Truth,
}

/// The columns with whether they may be empty.
pub(crate) const TYPED: [(&str, Kind, bool); 11] = [
    ("entity_id", Kind::Text, false),
    ("type", Kind::Text, false),
    ("attribute", Kind::Text, false),
    ("dataset_id", Kind::Text, true),
    ("observed_at", Kind::Instant, true),
    ("recorded_at", Kind::Instant, true),
    ("value_number", Kind::Number, true),
    ("value_text", Kind::Text, true),
    ("value_bool", Kind::Truth, true),
    ("value_json", Kind::Json, true),
    ("unit_code", Kind::Text, true),
];

/// The names of the columns, in their order.
pub const COLUMNS: [&str; 11] = {
    let mut names = [""; 11];
    let mut at = 0;
    while at < names.len() {
        names[at] = TYPED[at].0;
        at += 1;
    }
    names
};

/// The Parquet schema: texts are UTF-8, instants are timestamps in microseconds adjusted to UTC.
///
/// # Errors
/// None that a caller can cause: the schema is fixed.
pub fn schema() -> Result<TypePtr, ParquetError> {
    let mut fields = Vec::with_capacity(TYPED.len());
    for (name, kind, optional) in TYPED {
        let (physical, logical) = match kind {
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Json => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
            Kind::Instant => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
            Kind::Number => (Physical::DOUBLE, None),
            Kind::Truth => (Physical::BOOLEAN, None),
        };
        let repetition = if optional { Repetition::OPTIONAL } else { Repetition::REQUIRED };
        let field = Type::primitive_type_builder(name, physical)
            .with_logical_type(logical)
            .with_repetition(repetition)
            .build()?;
        fields.push(Arc::new(field));
    }
    Ok(Arc::new(Type::group_type_builder("history").with_fields(fields).build()?))
}
