//! Well-known binary geometries (OGC 06-103r4 clause 8, and PostGIS's extension of it) as GeoJSON. Holds the parser and the
//! two coordinate systems that it turns into longitude and latitude; reads no file.

use belfry_ngsi_ld::Json;
use belfry_ngsi_ld::geojson::MAX_POSITIONS;
use std::fmt;

/// How deep geometries may lie in each other: a MultiPolygon holds Polygons.
const MAX_DEPTH: usize = 2;

/// A coordinate system that is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crs {
    /// Longitude and latitude on WGS 84 in degrees: EPSG:4326, OGC:CRS84. In binary geometries longitude is always first.
    Degrees,
    /// Metres of web maps: EPSG:3857.
    WebMercator,
}

impl Crs {
    /// The system of an authority and a code.
    pub fn of(authority: &str, code: &str) -> Option<Self> {
        match (authority.to_ascii_uppercase().as_str(), code.to_ascii_uppercase().as_str()) {
            ("EPSG", "4326" | "4979") | ("OGC", "CRS84" | "CRS84H") => Some(Self::Degrees),
            ("EPSG", "3857") => Some(Self::WebMercator),
            _ => None,
        }
    }

    /// Why another system is refused, and what to do.
    pub(super) fn refused(name: &str) -> String {
        format!(
            "its coordinates are in {name}; EPSG:4326 and EPSG:3857 are read. Other tools turn them, such as ogr2ogr -t_srs EPSG:4326"
        )
    }

    /// Longitude and latitude.
    fn degrees(self, [x, y]: [f64; 2]) -> [f64; 2] {
        /// Metres of half the equator.
        const HALF: f64 = 20_037_508.342_789_244;
        match self {
            Self::Degrees => [x, y],
            Self::WebMercator => {
                let lat = (y / HALF * std::f64::consts::PI).sinh().atan().to_degrees();
                // A centimetre is 1e-7 degrees; more digits are noise of the projection.
                [x / HALF * 180.0, lat].map(|degrees| (degrees * 1e9).round() / 1e9)
            }
        }
    }
}

/// Why bytes are no geometry that can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WkbError {
    /// They end too early.
    Short,
    /// Something stands behind the geometry.
    Long,
    /// The byte order is neither 0 nor 1.
    Order(u8),
    /// A kind that GeoJSON or NGSI-LD does not have: its number.
    Kind(u32),
    /// A part of another kind than the whole.
    Part,
    /// A coordinate that is no number, or off the globe.
    Coordinate,
    /// More positions than a geometry may have.
    TooMany,
}

impl fmt::Display for WkbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => f.write_str("the binary geometry ends too early"),
            Self::Long => f.write_str("something stands behind the binary geometry"),
            Self::Order(byte) => write!(f, "the byte order of the binary geometry is {byte}, not 0 or 1"),
            Self::Kind(7) => f.write_str("a GeometryCollection cannot be a geometry of NGSI-LD"),
            Self::Kind(kind @ 8..=17) => {
                write!(f, "curves and surfaces (kind {kind}) are not read; other tools make lines of them")
            }
            Self::Kind(kind) => write!(f, "the binary geometry is of an unknown kind, {kind}"),
            Self::Part => f.write_str("a part of the binary geometry is of another kind than the whole"),
            Self::Coordinate => f.write_str("a coordinate is no number or not on the globe"),
            Self::TooMany => write!(f, "a geometry has at most {MAX_POSITIONS} positions"),
        }
    }
}

/// The GeoJSON of a binary geometry; none when it is empty.
///
/// # Errors
/// [`WkbError`].
pub fn geojson(bytes: &[u8], crs: Crs) -> Result<Option<Json>, WkbError> {
    let mut reader = Reader { left: bytes, crs, positions: 0 };
    let geometry = reader.geometry(None, 0)?;
    if !reader.left.is_empty() {
        return Err(WkbError::Long);
    }
    let (kind, coordinates) = geometry;
    if coordinates == Json::Null || coordinates == Json::Array(Vec::new()) {
        return Ok(None);
    }
    Ok(Some(Json::Object(vec![("type".into(), kind.into()), ("coordinates".into(), coordinates)])))
}

struct Reader<'b> {
    left: &'b [u8],
    crs: Crs,
    positions: usize,
}

/// What a geometry's header says.
#[derive(Clone, Copy)]
struct Header {
    little: bool,
    /// Numbers of a position: x, y and what follows.
    numbers: usize,
    /// Whether the third is a height.
    height: bool,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], WkbError> {
        let (taken, rest) = self.left.split_first_chunk::<N>().ok_or(WkbError::Short)?;
        self.left = rest;
        Ok(*taken)
    }

    fn uint(&mut self, little: bool) -> Result<u32, WkbError> {
        let bytes = self.take::<4>()?;
        Ok(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    /// A count of things that need so many bytes each at least: more than there is room for cannot come.
    fn count(&mut self, little: bool, least: usize) -> Result<usize, WkbError> {
        let count = self.uint(little)? as usize;
        if count > self.left.len() / least { Err(WkbError::Short) } else { Ok(count) }
    }

    /// One geometry, of this kind if it is a part.
    fn geometry(&mut self, wanted: Option<u32>, depth: usize) -> Result<(&'static str, Json), WkbError> {
        let [order] = self.take::<1>()?;
        let little = match order {
            0 => false,
            1 => true,
            other => return Err(WkbError::Order(other)),
        };
        let code = self.uint(little)?;
        // PostGIS says dimensions with the highest bits, ISO with thousands.
        if code & 0x2000_0000 != 0 {
            self.uint(little)?;
        }
        let (plain, thousands) = (code & 0x0fff_ffff, (code & 0x0fff_ffff) / 1000);
        let kind = plain % 1000;
        if thousands > 3 {
            return Err(WkbError::Kind(plain));
        }
        let height = code & 0x8000_0000 != 0 || thousands == 1 || thousands == 3;
        let measure = code & 0x4000_0000 != 0 || thousands == 2 || thousands == 3;
        let header = Header { little, numbers: 2 + usize::from(height) + usize::from(measure), height };
        if wanted.is_some_and(|wanted| wanted != kind) || depth >= MAX_DEPTH {
            return Err(WkbError::Part);
        }
        Ok(match kind {
            1 => ("Point", self.position(header)?),
            2 => ("LineString", self.positions(header)?),
            3 => ("Polygon", self.rings(header)?),
            4 => ("MultiPoint", self.parts(1, little, depth)?),
            5 => ("MultiLineString", self.parts(2, little, depth)?),
            6 => ("MultiPolygon", self.parts(3, little, depth)?),
            _ => return Err(WkbError::Kind(kind)),
        })
    }

    fn parts(&mut self, kind: u32, little: bool, depth: usize) -> Result<Json, WkbError> {
        let count = self.count(little, 9)?;
        let mut parts = Vec::with_capacity(count.min(1024));
        for _ in 0..count {
            let (_, part) = self.geometry(Some(kind), depth + 1)?;
            if part != Json::Null && part != Json::Array(Vec::new()) {
                parts.push(part);
            }
        }
        Ok(Json::Array(parts))
    }

    fn rings(&mut self, header: Header) -> Result<Json, WkbError> {
        let count = self.count(header.little, 4)?;
        let mut rings = Vec::with_capacity(count.min(1024));
        for _ in 0..count {
            rings.push(self.positions(header)?);
        }
        Ok(Json::Array(rings))
    }

    fn positions(&mut self, header: Header) -> Result<Json, WkbError> {
        let count = self.count(header.little, 8 * header.numbers)?;
        let mut positions = Vec::with_capacity(count.min(MAX_POSITIONS));
        for _ in 0..count {
            match self.position(header)? {
                Json::Null => return Err(WkbError::Coordinate),
                position => positions.push(position),
            }
        }
        Ok(Json::Array(positions))
    }

    /// A position; null when all of it is no number, as an empty point is written.
    fn position(&mut self, header: Header) -> Result<Json, WkbError> {
        self.positions += 1;
        if self.positions > MAX_POSITIONS {
            return Err(WkbError::TooMany);
        }
        let mut numbers = [0.0; 4];
        for number in &mut numbers[..header.numbers] {
            let bytes = self.take::<8>()?;
            *number = if header.little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) };
        }
        if numbers[0].is_nan() && numbers[1].is_nan() {
            return Ok(Json::Null);
        }
        let [lon, lat] = self.crs.degrees([numbers[0], numbers[1]]);
        if !((-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat)) {
            return Err(WkbError::Coordinate);
        }
        let mut position = vec![Json::number(lon), Json::number(lat)];
        if header.height && numbers[2].is_finite() {
            position.push(Json::number(numbers[2]));
        }
        Ok(Json::Array(position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a part in a byte order.
    type Part<'p> = &'p dyn Fn(&mut Vec<u8>, bool);

    /// Bytes written by hand: byte order, kind, then counts and numbers.
    fn wkb(little: bool, parts: &[Part<'_>]) -> Vec<u8> {
        let mut out = Vec::new();
        parts.iter().for_each(|part| part(&mut out, little));
        out
    }

    fn head(kind: u32) -> impl Fn(&mut Vec<u8>, bool) {
        move |out, little| {
            out.push(u8::from(little));
            out.extend(if little { kind.to_le_bytes() } else { kind.to_be_bytes() });
        }
    }

    fn count(n: u32) -> impl Fn(&mut Vec<u8>, bool) {
        move |out, little| out.extend(if little { n.to_le_bytes() } else { n.to_be_bytes() })
    }

    fn numbers(list: &'static [f64]) -> impl Fn(&mut Vec<u8>, bool) {
        move |out, little| list.iter().for_each(|n| out.extend(if little { n.to_le_bytes() } else { n.to_be_bytes() }))
    }

    #[test]
    fn geometries_of_every_kind_and_byte_order() {
        const SQUARE: &[f64] = &[0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0];
        for little in [true, false] {
            let cases: [(Vec<u8>, &str); 9] = [
                (wkb(little, &[&head(1), &numbers(&[9.5, 47.25])]), r#"{"type":"Point","coordinates":[9.5,47.25]}"#),
                (
                    wkb(little, &[&head(1001), &numbers(&[9.5, 47.25, 430.0])]),
                    r#"{"type":"Point","coordinates":[9.5,47.25,430]}"#,
                ),
                (
                    wkb(little, &[&head(3001), &numbers(&[9.5, 47.25, 430.0, 7.0])]),
                    r#"{"type":"Point","coordinates":[9.5,47.25,430]}"#,
                ),
                (
                    wkb(little, &[&head(2001), &numbers(&[9.5, 47.25, 7.0])]),
                    r#"{"type":"Point","coordinates":[9.5,47.25]}"#,
                ),
                (
                    wkb(little, &[&head(0xa000_0001), &count(4326), &numbers(&[9.5, 47.25, 430.0])]),
                    r#"{"type":"Point","coordinates":[9.5,47.25,430]}"#,
                ),
                (
                    wkb(little, &[&head(2), &count(2), &numbers(&[0.0, 0.0, 1.0, 1.0])]),
                    r#"{"type":"LineString","coordinates":[[0,0],[1,1]]}"#,
                ),
                (
                    wkb(little, &[&head(3), &count(1), &count(4), &numbers(SQUARE)]),
                    r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}"#,
                ),
                (
                    wkb(little, &[&head(4), &count(1), &head(1), &numbers(&[1.0, 2.0])]),
                    r#"{"type":"MultiPoint","coordinates":[[1,2]]}"#,
                ),
                (
                    wkb(little, &[&head(6), &count(1), &head(3), &count(1), &count(4), &numbers(SQUARE)]),
                    r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]]]}"#,
                ),
            ];
            for (bytes, expected) in cases {
                let found = geojson(&bytes, Crs::Degrees).unwrap().unwrap().to_string();
                assert_eq!(found.replace(".0", ""), expected);
                for end in 0..bytes.len() {
                    assert!(geojson(&bytes[..end], Crs::Degrees).is_err(), "{expected} cut at {end}");
                }
            }
        }
        let empty = [wkb(true, &[&head(1), &numbers(&[f64::NAN, f64::NAN])]), wkb(true, &[&head(3), &count(0)])];
        for bytes in empty {
            assert_eq!(geojson(&bytes, Crs::Degrees), Ok(None));
        }
    }

    #[test]
    fn what_is_no_geometry_says_why() {
        let cases: [(Vec<u8>, WkbError); 8] = [
            (wkb(true, &[&head(7), &count(0)]), WkbError::Kind(7)),
            (wkb(true, &[&head(8), &count(0)]), WkbError::Kind(8)),
            (wkb(true, &[&head(4001), &count(0)]), WkbError::Kind(4001)),
            (vec![2, 0, 0, 0, 0], WkbError::Order(2)),
            (wkb(true, &[&head(2), &count(u32::MAX)]), WkbError::Short),
            (wkb(true, &[&head(1), &numbers(&[181.0, 0.0])]), WkbError::Coordinate),
            (wkb(true, &[&head(4), &count(1), &head(2), &count(0)]), WkbError::Part),
            (wkb(true, &[&head(1), &numbers(&[1.0, 2.0, 3.0])]), WkbError::Long),
        ];
        for (bytes, expected) in cases {
            assert_eq!(geojson(&bytes, Crs::Degrees), Err(expected), "{expected}");
        }
        let nested = wkb(true, &[&head(4), &count(1), &head(4), &count(1), &head(4), &count(0)]);
        assert_eq!(geojson(&nested, Crs::Degrees), Err(WkbError::Part));
    }

    #[test]
    fn metres_of_web_maps_become_degrees() {
        // Values of EPSG's own example for method 1024, at 24 22 54.433 N, 100 20 00.000 W.
        let bytes = wkb(true, &[&head(1), &numbers(&[-11_169_055.58, 2_800_000.0])]);
        let found = geojson(&bytes, Crs::WebMercator).unwrap().unwrap();
        let Some(Json::Array(position)) = found.get("coordinates") else { panic!("{found}") };
        let [lon, lat] = [&position[0], &position[1]].map(|n| n.as_f64().unwrap());
        assert!((lon + 100.333_333_33).abs() < 1e-7 && (lat - 24.381_786_94).abs() < 1e-7, "{lon} {lat}");
    }
}
