//! JSON payloads: the bounded parse, and JSON values made into reading values. Holds no format of a vendor.

use crate::error::PayloadError;
use crate::reading::Value;
use belfry_kernel::Position;
use sonic_rs::{JsonContainerTrait, JsonValueTrait};

/// The longest payload that is taken, bytes.
pub const MAX_PAYLOAD_BYTES: usize = 1 << 20;
/// The deepest nesting of a JSON payload, levels.
pub const MAX_JSON_DEPTH: usize = 64;

/// Parses a payload within [`MAX_PAYLOAD_BYTES`] and [`MAX_JSON_DEPTH`].
pub(crate) fn parse(payload: &[u8]) -> Result<sonic_rs::Value, PayloadError> {
    if payload.len() > MAX_PAYLOAD_BYTES {
        return Err(PayloadError::TooLong { limit: MAX_PAYLOAD_BYTES });
    }
    if payload.is_empty() {
        return Err(PayloadError::Empty);
    }
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for &b in payload {
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                if depth > MAX_JSON_DEPTH {
                    return Err(PayloadError::TooDeep { limit: MAX_JSON_DEPTH });
                }
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    sonic_rs::from_slice(payload).map_err(|e| {
        let text = e.to_string();
        PayloadError::NotJson(text.lines().next().unwrap_or_default().trim().to_owned())
    })
}

/// A JSON value as it is: `None` for null and for numbers that are not finite.
pub(crate) fn value(v: &sonic_rs::Value) -> Option<Value> {
    if let Some(n) = v.as_f64() {
        return n.is_finite().then_some(Value::Number(n));
    }
    if let Some(t) = v.as_str() {
        return Some(Value::Text(t.into()));
    }
    if let Some(b) = v.as_bool() {
        return Some(Value::Bool(b));
    }
    if v.is_null() {
        return None;
    }
    sonic_rs::to_string(v).ok().map(|t| Value::Json(t.into_boxed_str()))
}

/// A place out of a GeoJSON point, `[lon, lat]`, or an object with `lat`/`latitude` and `lon`/`lng`/`longitude`.
pub(crate) fn point(v: &sonic_rs::Value) -> Option<Position> {
    if let Some(a) = v.as_array() {
        return position(a.first()?.as_f64()?, a.get(1)?.as_f64()?, a.get(2).and_then(|x| x.as_f64()));
    }
    if v.get("type").as_str() == Some("Point") {
        return point(v.get("coordinates").filter(|c| c.is_array())?);
    }
    let one = |names: &[&str]| names.iter().find_map(|n| v.get(*n).as_f64());
    position(one(&["lon", "lng", "longitude"])?, one(&["lat", "latitude"])?, one(&["alt", "altitude"]))
}

/// A position within the ranges of WGS 84.
pub(crate) fn position(lon: f64, lat: f64, alt: Option<f64>) -> Option<Position> {
    ((-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat)).then_some(Position { lon, lat, alt })
}
