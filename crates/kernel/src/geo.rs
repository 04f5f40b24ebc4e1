//! Geometry as NGSI-LD exchanges it: GeoJSON (RFC 7946), WGS 84 longitude and latitude in degrees.
//! Holds the shapes and their bounds; spatial relations live with the query planner.

/// A position: longitude and latitude in degrees, and an optional altitude in metres (RFC 7946 section 3.1.1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// Degrees east, -180 to 180.
    pub lon: f64,
    /// Degrees north, -90 to 90.
    pub lat: f64,
    /// Metres above the ellipsoid.
    pub alt: Option<f64>,
}

/// A GeoJSON geometry (RFC 7946 section 3.1). A polygon's first ring is its outer one; rings are closed.
#[derive(Clone, Debug, PartialEq)]
pub enum Geometry {
    /// One position.
    Point(Position),
    /// Several positions.
    MultiPoint(Vec<Position>),
    /// Two or more positions.
    LineString(Vec<Position>),
    /// Several lines.
    MultiLineString(Vec<Vec<Position>>),
    /// Rings of four or more positions.
    Polygon(Vec<Vec<Position>>),
    /// Several polygons.
    MultiPolygon(Vec<Vec<Vec<Position>>>),
}

/// The smallest box around a geometry, degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// West, south.
    pub min: [f64; 2],
    /// East, north.
    pub max: [f64; 2],
}

impl Geometry {
    /// The GeoJSON name of the shape.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Point(_) => "Point",
            Self::MultiPoint(_) => "MultiPoint",
            Self::LineString(_) => "LineString",
            Self::MultiLineString(_) => "MultiLineString",
            Self::Polygon(_) => "Polygon",
            Self::MultiPolygon(_) => "MultiPolygon",
        }
    }

    /// Every position, in order.
    pub fn positions(&self) -> Box<dyn Iterator<Item = &Position> + '_> {
        match self {
            Self::Point(p) => Box::new(std::iter::once(p)),
            Self::MultiPoint(ps) | Self::LineString(ps) => Box::new(ps.iter()),
            Self::MultiLineString(ls) | Self::Polygon(ls) => Box::new(ls.iter().flatten()),
            Self::MultiPolygon(ps) => Box::new(ps.iter().flatten().flatten()),
        }
    }

    /// The bounding box. A geometry has at least one position, so there always is one.
    pub fn bounds(&self) -> Bounds {
        let mut b = Bounds { min: [f64::INFINITY; 2], max: [f64::NEG_INFINITY; 2] };
        for p in self.positions() {
            b.min = [b.min[0].min(p.lon), b.min[1].min(p.lat)];
            b.max = [b.max[0].max(p.lon), b.max[1].max(p.lat)];
        }
        b
    }
}
