//! Cells and rows of CSV as RFC 4180 has them. Knows no entities.

use belfry_ngsi_ld::Json;

/// Appends a row.
pub(super) fn row<'c>(cells: impl IntoIterator<Item = &'c str>, out: &mut Vec<u8>) {
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        if cell.contains(['"', ',', '\n', '\r']) || cell.starts_with(' ') || cell.ends_with(' ') {
            out.push(b'"');
            out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(cell.as_bytes());
        }
    }
    out.push(b'\n');
}

/// A value as a cell: texts bare, everything else as JSON.
pub(super) fn cell(value: &Json) -> String {
    match value {
        Json::Str(text) => text.to_string(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// The value of an attribute instance, by whatever member holds it.
pub(super) fn value(instance: &Json) -> Option<&Json> {
    ["value", "object", "languageMap", "vocab", "json", "valueList", "objectList"]
        .iter()
        .find_map(|member| instance.get(member))
}
