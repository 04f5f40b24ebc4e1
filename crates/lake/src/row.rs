//! One sample of history as a row. Knows nothing of Parquet.

use belfry_kernel::Time;
use std::cmp::Ordering;

/// The value of a sample: exactly one of the value columns.
#[derive(Clone, Debug, PartialEq)]
pub enum HistoryValue {
    /// A finite number.
    Number(f64),
    /// A text.
    Text(String),
    /// A truth.
    Bool(bool),
    /// Anything else, as JSON text: objects, arrays, geometries, relationships with several targets.
    Json(String),
}

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryRow {
    /// The entity's URI.
    pub entity_id: String,
    /// The entity's type; several are joined by commas.
    pub entity_type: String,
    /// The attribute's name.
    pub attribute: String,
    /// Which of several attributes of one name (ETSI GS CIM 009 clause 4.5.5).
    pub dataset_id: Option<String>,
    /// When the value was true in the world.
    pub observed_at: Option<Time>,
    /// When it was written in Belfry.
    pub recorded_at: Option<Time>,
    /// The value.
    pub value: HistoryValue,
    /// UN/CEFACT unit code.
    pub unit_code: Option<String>,
}

impl HistoryRow {
    /// The order within a row group: entity, attribute, dataset, then time; no dataset and no time come first.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        self.entity_id
            .cmp(&other.entity_id)
            .then_with(|| self.attribute.cmp(&other.attribute))
            .then_with(|| self.dataset_id.cmp(&other.dataset_id))
            .then_with(|| self.observed_at.cmp(&other.observed_at))
            .then_with(|| self.recorded_at.cmp(&other.recorded_at))
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn size(&self) -> usize {
        let value = match &self.value {
            HistoryValue::Text(text) | HistoryValue::Json(text) => text.len(),
            HistoryValue::Number(_) | HistoryValue::Bool(_) => 0,
        };
        let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        size_of::<Self>()
            + self.entity_id.len()
            + self.entity_type.len()
            + self.attribute.len()
            + optional(&self.dataset_id)
            + optional(&self.unit_code)
            + value
    }
}
