//! Attribute instances of a temporal entity, one by one, as rows of a table or of a history file.

use super::csv;
use belfry_kernel::Time;
use belfry_lake::{HistoryRow, HistoryValue};
use belfry_ngsi_ld::Json;

/// An instance as a row; none for one that only says that the attribute was deleted.
pub(super) fn row(entity: &Json, name: &str, instance: &Json) -> Option<HistoryRow> {
    let text = |member: &str| instance.get(member).and_then(Json::as_str);
    let time = |member: &str| text(member).and_then(|text| Time::parse(text).ok());
    let value = match csv::value(instance)? {
        Json::Int(n) => HistoryValue::Number(*n as f64),
        Json::Float(n) => HistoryValue::Number(*n),
        Json::Bool(truth) => HistoryValue::Bool(*truth),
        Json::Str(text) => HistoryValue::Text(text.to_string()),
        other => HistoryValue::Json(other.to_string()),
    };
    Some(HistoryRow {
        entity_id: entity.get("id").map(csv::cell).unwrap_or_default(),
        entity_type: match entity.get("type") {
            Some(Json::Array(types)) => types.iter().map(csv::cell).collect::<Vec<_>>().join(","),
            one => one.map(csv::cell).unwrap_or_default(),
        },
        attribute: name.to_owned(),
        dataset_id: text("datasetId").map(str::to_owned),
        observed_at: time("observedAt"),
        recorded_at: time("modifiedAt").or_else(|| time("createdAt")),
        value,
        unit_code: text("unitCode").map(str::to_owned),
    })
}

/// The columns of a table of instances.
pub(super) const COLUMNS: [&str; 8] =
    ["entity_id", "type", "attribute", "dataset_id", "observed_at", "recorded_at", "value", "unit_code"];

/// A row as a line of a table.
pub(super) fn line(row: &HistoryRow, out: &mut Vec<u8>) {
    let time = |time: Option<Time>| time.map(|t| t.to_string()).unwrap_or_default();
    let value = match &row.value {
        HistoryValue::Number(number) => csv::cell(&Json::number(*number)),
        HistoryValue::Bool(truth) => truth.to_string(),
        HistoryValue::Text(text) | HistoryValue::Json(text) => text.clone(),
    };
    let (observed, recorded) = (time(row.observed_at), time(row.recorded_at));
    let cells: [&str; 8] = [
        &row.entity_id,
        &row.entity_type,
        &row.attribute,
        row.dataset_id.as_deref().unwrap_or_default(),
        &observed,
        &recorded,
        &value,
        row.unit_code.as_deref().unwrap_or_default(),
    ];
    csv::row(cells, out);
}
