//! JSON as answers have it: objects of names and values, rounded numbers, positions. Holds no meaning.

use belfry_kit::{Geometry, Position};
use belfry_ngsi_ld::Json;

/// An object.
pub(crate) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

/// A text.
pub(crate) fn text(text: impl AsRef<str>) -> Json {
    Json::from(text.as_ref())
}

/// A number of things.
pub(crate) fn count(n: impl TryInto<i64>) -> Json {
    Json::Int(n.try_into().unwrap_or(i64::MAX))
}

/// A number with so many decimals; null for what is none.
pub(crate) fn rounded(value: f64, decimals: i32) -> Json {
    let factor = 10_f64.powi(decimals);
    let rounded = (value * factor).round() / factor;
    if rounded.is_finite() { Json::number(rounded) } else { Json::Null }
}

/// Seconds of milliseconds, to a tenth.
pub(crate) fn seconds(ms: u64) -> Json {
    rounded(ms as f64 / 1000.0, 1)
}

/// Metres, to a tenth.
pub(crate) fn metres(m: f64) -> Json {
    rounded(m, 1)
}

/// Longitude and latitude, to a tenth of a metre.
pub(crate) fn position(position: Position) -> Json {
    Json::Array(vec![rounded(position.lon, 6), rounded(position.lat, 6)])
}

/// A GeoJSON LineString.
pub(crate) fn line_string(line: &[Position]) -> Json {
    let coordinates = line.iter().map(|p| position(*p)).collect();
    object([("type", text("LineString")), ("coordinates", Json::Array(coordinates))])
}

/// A GeoJSON Polygon or MultiPolygon; other shapes are not drawn here.
pub(crate) fn area(geometry: &Geometry) -> Json {
    let ring = |ring: &Vec<Position>| Json::Array(ring.iter().map(|p| position(*p)).collect());
    let rings = |rings: &Vec<Vec<Position>>| Json::Array(rings.iter().map(ring).collect());
    match geometry {
        Geometry::Polygon(all) => object([("type", text("Polygon")), ("coordinates", rings(all))]),
        Geometry::MultiPolygon(all) if all.len() == 1 => {
            object([("type", text("Polygon")), ("coordinates", rings(&all[0]))])
        }
        Geometry::MultiPolygon(all) => {
            let all = Json::Array(all.iter().map(rings).collect());
            object([("type", text("MultiPolygon")), ("coordinates", all)])
        }
        _ => Json::Null,
    }
}
