//! GeoJSON geometries (RFC 7946 section 3.1) read from JSON values and written as JSON text, as NGSI-LD takes them
//! (ETSI GS CIM 009 clause 4.7: every shape but GeometryCollection). Holds no relation and no search.

use crate::Json;
use crate::json::write_str;
use belfry_kernel::{Error, Geometry, Position};

/// The most positions one geometry may have.
pub const MAX_POSITIONS: usize = 100_000;

/// Reads a GeoJSON geometry object, or a text that holds one (clause 4.7.2). Members other than `type` and
/// `coordinates` are not kept.
///
/// # Errors
/// `BadRequestData`, saying what is wrong and where: an unknown shape, a wrong count or nesting of coordinates, a
/// longitude or latitude out of range, an open ring, more than [`MAX_POSITIONS`] positions.
pub fn parse_geometry(json: &Json) -> Result<Geometry, Error> {
    if let Json::Str(text) = json {
        let inner = Json::parse(text.as_bytes(), 8).map_err(|_| {
            Error::bad_data("a GeoJSON geometry is an object, or a text that holds one; this text does not")
        })?;
        if matches!(inner, Json::Object(_)) {
            return parse_geometry(&inner);
        }
    }
    if !matches!(json, Json::Object(_)) {
        return Err(Error::bad_data(format!("a GeoJSON geometry is an object, not {}", json.kind())));
    }
    let kind = json.get("type").ok_or_else(|| Error::bad_data("the GeoJSON geometry has no member type"))?;
    let kind = kind
        .as_str()
        .ok_or_else(|| Error::bad_data(format!("the type of a GeoJSON geometry is a text, not {}", kind.kind())))?;
    let shape = Shape::parse(kind)?;
    let coordinates =
        json.get("coordinates").ok_or_else(|| Error::bad_data("the GeoJSON geometry has no member coordinates"))?;
    parse_coordinates(shape, coordinates)
}

/// A GeoJSON shape without its coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One position.
    Point,
    /// Several positions.
    MultiPoint,
    /// A line.
    LineString,
    /// Several lines.
    MultiLineString,
    /// An area, with holes.
    Polygon,
    /// Several areas.
    MultiPolygon,
}

impl Shape {
    /// The shape of this GeoJSON `type`.
    ///
    /// # Errors
    /// `BadRequestData` when there is no such shape, or NGSI-LD does not take it (GeometryCollection).
    pub fn parse(text: &str) -> Result<Self, Error> {
        Ok(match text {
            "Point" => Self::Point,
            "MultiPoint" => Self::MultiPoint,
            "LineString" => Self::LineString,
            "MultiLineString" => Self::MultiLineString,
            "Polygon" => Self::Polygon,
            "MultiPolygon" => Self::MultiPolygon,
            "GeometryCollection" => {
                return Err(Error::bad_data("a GeometryCollection cannot be a geometry of NGSI-LD"));
            }
            _ => {
                return Err(Error::bad_data(
                    "the type of a geometry is Point, MultiPoint, LineString, MultiLineString, Polygon or MultiPolygon",
                ));
            }
        })
    }
}

/// Reads the `coordinates` member of a geometry of this shape.
///
/// # Errors
/// As [`parse_geometry`].
pub fn parse_coordinates(shape: Shape, coordinates: &Json) -> Result<Geometry, Error> {
    let mut reader = Reader { left: MAX_POSITIONS };
    Ok(match shape {
        Shape::Point => Geometry::Point(reader.position(coordinates)?),
        Shape::MultiPoint => Geometry::MultiPoint(reader.positions(coordinates, 1, "a MultiPoint")?),
        Shape::LineString => Geometry::LineString(reader.positions(coordinates, 2, "a LineString")?),
        Shape::MultiLineString => Geometry::MultiLineString(
            list(coordinates, "a MultiLineString")?
                .iter()
                .map(|l| reader.positions(l, 2, "a line of a MultiLineString"))
                .collect::<Result<_, _>>()?,
        ),
        Shape::Polygon => Geometry::Polygon(reader.rings(coordinates)?),
        Shape::MultiPolygon => Geometry::MultiPolygon(
            list(coordinates, "a MultiPolygon")?.iter().map(|p| reader.rings(p)).collect::<Result<_, _>>()?,
        ),
    })
}

fn list<'a>(json: &'a Json, of: &str) -> Result<&'a [Json], Error> {
    match json {
        Json::Array(items) if items.is_empty() => Err(Error::bad_data(format!("the coordinates of {of} are empty"))),
        Json::Array(items) => Ok(items),
        other => Err(Error::bad_data(format!("the coordinates of {of} are an array, not {}", other.kind()))),
    }
}

struct Reader {
    left: usize,
}

impl Reader {
    fn position(&mut self, json: &Json) -> Result<Position, Error> {
        self.left =
            self.left.checked_sub(1).ok_or_else(|| Error::bad_data("a geometry has at most 100000 positions"))?;
        let Json::Array(numbers) = json else {
            return Err(Error::bad_data(format!("a position is an array [longitude, latitude], not {}", json.kind())));
        };
        if !(2..=3).contains(&numbers.len()) {
            return Err(Error::bad_data(format!(
                "a position has two or three numbers [longitude, latitude, altitude], not {}",
                numbers.len()
            )));
        }
        let number = |i: usize| {
            let n = &numbers[i];
            n.as_f64().filter(|f| f.is_finite()).ok_or_else(|| {
                Error::bad_data(format!("a position holds numbers [longitude, latitude, altitude], not {}", n.kind()))
            })
        };
        let (lon, lat) = (number(0)?, number(1)?);
        if !(-180.0..=180.0).contains(&lon) {
            return Err(Error::bad_data(format!(
                "the longitude {lon} is not within -180 to 180 (longitude comes first)"
            )));
        }
        if !(-90.0..=90.0).contains(&lat) {
            return Err(Error::bad_data(format!("the latitude {lat} is not within -90 to 90 (longitude comes first)")));
        }
        let alt = if numbers.len() == 3 { Some(number(2)?) } else { None };
        Ok(Position { lon, lat, alt })
    }

    fn positions(&mut self, json: &Json, least: usize, of: &str) -> Result<Vec<Position>, Error> {
        let items = list(json, of)?;
        if items.len() < least {
            return Err(Error::bad_data(format!("{of} has {least} positions or more, not {}", items.len())));
        }
        items.iter().map(|p| self.position(p)).collect()
    }

    fn rings(&mut self, json: &Json) -> Result<Vec<Vec<Position>>, Error> {
        let rings = list(json, "a Polygon")?;
        rings
            .iter()
            .map(|ring| {
                let ring = self.positions(ring, 4, "a ring of a Polygon")?;
                let (first, last) = (ring[0], ring[ring.len() - 1]);
                if first.lon != last.lon || first.lat != last.lat {
                    return Err(Error::bad_data(
                        "a ring of a Polygon is not closed: its last position is not its first",
                    ));
                }
                Ok(ring)
            })
            .collect()
    }
}

/// Appends the GeoJSON object of this geometry. Numbers read back as the same doubles; whole ones are written without
/// a fraction.
pub fn write_geometry(geometry: &Geometry, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":");
    write_str(geometry.kind(), out);
    out.extend_from_slice(b",\"coordinates\":");
    write_coordinates(geometry, out);
    out.push(b'}');
}

/// Appends the `coordinates` array of this geometry.
pub fn write_coordinates(geometry: &Geometry, out: &mut Vec<u8>) {
    match geometry {
        Geometry::Point(p) => write_position(p, out),
        Geometry::MultiPoint(ps) | Geometry::LineString(ps) => write_list(ps, out, write_position),
        Geometry::MultiLineString(ls) | Geometry::Polygon(ls) => {
            write_list(ls, out, |ps, out| write_list(ps, out, write_position));
        }
        Geometry::MultiPolygon(polygons) => {
            write_list(polygons, out, |rings, out| {
                write_list(rings, out, |ps, out| write_list(ps, out, write_position));
            });
        }
    }
}

fn write_list<T>(items: &[T], out: &mut Vec<u8>, each: impl Fn(&T, &mut Vec<u8>)) {
    out.push(b'[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        each(item, out);
    }
    out.push(b']');
}

fn write_position(p: &Position, out: &mut Vec<u8>) {
    out.push(b'[');
    write_number(p.lon, out);
    out.push(b',');
    write_number(p.lat, out);
    if let Some(alt) = p.alt {
        out.push(b',');
        write_number(alt, out);
    }
    out.push(b']');
}

fn write_number(f: f64, out: &mut Vec<u8>) {
    if f.fract() == 0.0 && f.abs() < 1e15 && !(f == 0.0 && f.is_sign_negative()) {
        out.extend_from_slice(itoa::Buffer::new().format(f as i64).as_bytes());
    } else {
        crate::json::write_f64(f, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry(text: &str) -> Result<Geometry, Error> {
        parse_geometry(&Json::parse(text.as_bytes(), 16).unwrap())
    }

    #[test]
    fn round_trips() {
        for text in [
            r#"{"type":"Point","coordinates":[13,52.5]}"#,
            r#"{"type":"Point","coordinates":[-8.5,41.2,110.25]}"#,
            r#"{"type":"MultiPoint","coordinates":[[0,0],[180,-90]]}"#,
            r#"{"type":"LineString","coordinates":[[0,0],[1,1],[2,0.1]]}"#,
            r#"{"type":"MultiLineString","coordinates":[[[0,0],[1,1]],[[2,2],[3,3]]]}"#,
            r#"{"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9],[0,0]],[[1,1],[2,1],[2,2],[1,1]]]}"#,
            r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[9,0],[9,9],[0,0]]],[[[10,10],[11,10],[11,11],[10,10]]]]}"#,
        ] {
            let mut out = Vec::new();
            write_geometry(&geometry(text).unwrap(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
        assert_eq!(
            geometry(r#""{\"type\":\"Point\",\"coordinates\":[13,52]}""#).unwrap(),
            geometry(r#"{"type":"Point","coordinates":[13,52]}"#).unwrap()
        );
        assert_eq!(
            geometry(r#"{"type":"Point","coordinates":[13.0,52]}"#).unwrap(),
            geometry(r#"{"type":"Point","coordinates":[13,52.0]}"#).unwrap()
        );
    }

    #[test]
    fn refuses_with_a_reason() {
        for (text, reason) in [
            (r#"[1,2]"#, "is an object"),
            (r#""[1,2]""#, "is an object"),
            (r#""somewhere""#, "a text that holds one"),
            (r#"{"coordinates":[1,2]}"#, "no member type"),
            (r#"{"type":"Point"}"#, "no member coordinates"),
            (r#"{"type":1,"coordinates":[1,2]}"#, "is a text"),
            (r#"{"type":"Circle","coordinates":[1,2]}"#, "the type of a geometry"),
            (r#"{"type":"GeometryCollection","geometries":[]}"#, "GeometryCollection"),
            (r#"{"type":"Point","coordinates":[1]}"#, "not 1"),
            (r#"{"type":"Point","coordinates":[1,2,3,4]}"#, "not 4"),
            (r#"{"type":"Point","coordinates":["1",2]}"#, "not a text"),
            (r#"{"type":"Point","coordinates":[[1,2]]}"#, "not 1"),
            (r#"{"type":"Point","coordinates":[181,2]}"#, "longitude 181"),
            (r#"{"type":"Point","coordinates":[2,90.1]}"#, "latitude 90.1"),
            (r#"{"type":"MultiPoint","coordinates":[]}"#, "empty"),
            (r#"{"type":"LineString","coordinates":[[1,2]]}"#, "2 positions or more"),
            (r#"{"type":"MultiLineString","coordinates":[[[1,2]]]}"#, "2 positions or more"),
            (r#"{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,0]]]}"#, "4 positions or more"),
            (r#"{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0],[0,1]]]}"#, "not closed"),
            (r#"{"type":"MultiPolygon","coordinates":[[]]}"#, "empty"),
        ] {
            let error = geometry(text).unwrap_err();
            assert!(error.public().contains(reason), "{text}: {error}");
        }
    }
}
