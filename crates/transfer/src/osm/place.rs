//! Places as OpenStreetMap keeps them, in whole steps of a ten-millionth of a degree: comparisons of outlines are exact. Holds
//! the geometry of a drawn object and its GeoJSON.

use belfry_kernel::Position;
use belfry_ngsi_ld::Json;

/// Steps of a degree.
const STEPS: f64 = 1e7;

/// A place: 1e-7 degrees east and north.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) lon: i32,
    pub(super) lat: i32,
}

/// What an object is drawn as. Rings are closed, outer ones counterclockwise, holes clockwise (RFC 7946 section 3.1.6).
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Drawn {
    Point(Place),
    Line(Vec<Place>),
    /// Areas, each an outer ring and its holes.
    Areas(Vec<Vec<Vec<Place>>>),
}

impl Place {
    /// The place nearest to a position on the globe.
    pub(super) fn of(position: Position) -> Self {
        // At most 1.8e9, which the type holds.
        Self { lon: (position.lon * STEPS).round() as i32, lat: (position.lat * STEPS).round() as i32 }
    }

    pub(super) fn degrees(self) -> [f64; 2] {
        [f64::from(self.lon) / STEPS, f64::from(self.lat) / STEPS]
    }

    fn json(self) -> Json {
        Json::Array(self.degrees().map(Json::number).to_vec())
    }

    /// Whether the way from here to there is drawn around the back of the globe.
    pub(super) fn crosses_antimeridian(self, other: Self) -> bool {
        (i64::from(self.lon) - i64::from(other.lon)).abs() > 1_800_000_000
    }

    /// Metres to another place, on a sphere.
    pub(super) fn metres(self, other: Self) -> f64 {
        const RADIUS: f64 = 6_371_008.8;
        let [a, b] = [self, other].map(|place| place.degrees().map(f64::to_radians));
        let (dlon, dlat) = (b[0] - a[0], b[1] - a[1]);
        let h = (dlat / 2.0).sin().powi(2) + a[1].cos() * b[1].cos() * (dlon / 2.0).sin().powi(2);
        2.0 * RADIUS * h.sqrt().min(1.0).asin()
    }
}

impl std::fmt::Display for Place {
    /// Latitude first, as people write it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [lon, lat] = self.degrees();
        write!(f, "{lat}, {lon}")
    }
}

impl Drawn {
    /// The GeoJSON geometry.
    pub(super) fn geojson(&self) -> Json {
        let list = |places: &[Place]| Json::Array(places.iter().map(|place| place.json()).collect());
        let area = |rings: &Vec<Vec<Place>>| Json::Array(rings.iter().map(|ring| list(ring)).collect());
        let (kind, coordinates) = match self {
            Self::Point(place) => ("Point", place.json()),
            Self::Line(places) => ("LineString", list(places)),
            Self::Areas(areas) => match areas.as_slice() {
                [one] => ("Polygon", area(one)),
                several => ("MultiPolygon", Json::Array(several.iter().map(area).collect())),
            },
        };
        Json::Object(vec![("type".into(), kind.into()), ("coordinates".into(), coordinates)])
    }

    /// Kilometres along a line; none for what is no line.
    pub(super) fn kilometres(&self) -> Option<f64> {
        let Self::Line(places) = self else { return None };
        let metres: f64 = places.windows(2).map(|pair| pair[0].metres(pair[1])).sum();
        Some(metres.round() / 1000.0)
    }
}
