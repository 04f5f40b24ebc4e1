//! Geo-queries (ETSI GS CIM 009 clause 4.10): a relation, a reference geometry, the GeoProperty it applies to.
//! Relations are planar on longitude and latitude, as GeoJSON's straight lines are; distances are metres on the sphere.

mod bounds;
pub mod distance;
mod relation;

use crate::geojson::{self, Shape};
use crate::query::scan::Scanner;
use crate::query::{Naming, Term, term};
use crate::{Entity, Json, Value};
use belfry_kernel::geo::Bounds;
use belfry_kernel::{Error, Geometry, Iri, Time};
use relation::Prepared;
use std::fmt;

/// The most positions a reference geometry may have.
pub const MAX_REFERENCE_POSITIONS: usize = 10_000;

/// The most positions a reference geometry of a distance may have: each is measured against each of the target's.
pub const MAX_NEAR_POSITIONS: usize = 2000;

/// A geo-query.
#[derive(Clone, Debug)]
pub struct GeoQuery {
    relation: GeoRelation,
    reference: Geometry,
    prepared: Prepared,
    /// The GeoProperty of the entity, `location` unless the query says otherwise.
    pub property: Term,
}

/// How the entity's geometry stands to the reference geometry; metres for distances.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GeoRelation {
    /// Some point of it is at most so far away.
    NearMax(f64),
    /// Every point of it is farther away.
    NearMin(f64),
    /// It lies within.
    Within,
    /// It contains.
    Contains,
    /// It has a point in common.
    Intersects,
    /// It is the same set of points.
    Equals,
    /// It has no point in common.
    Disjoint,
    /// It overlaps: some points in common, some of each outside the other, same dimension.
    Overlaps,
}

impl GeoRelation {
    /// Parses `georel`.
    ///
    /// # Errors
    /// `BadRequestData` with the place.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut scan = Scanner::new("georel", text, 256)?;
        let word = scan.run(|c| c.is_ascii_alphabetic());
        let relation = match word {
            "near" => {
                scan.expect(";", "`;maxDistance==` or `;minDistance==` after near")?;
                let modifier = scan.run(|c| c.is_ascii_alphabetic());
                scan.expect("==", "maxDistance== or minDistance==")?;
                let at = scan.at();
                let word = scan.run(|c| !matches!(c, ';' | ' '));
                let plain = word.as_bytes().first().is_some_and(u8::is_ascii_digit);
                let metres = word.parse::<f64>().ok().filter(|m| plain && m.is_finite() && *m > 0.0);
                let metres = metres.ok_or_else(|| scan.error_at(at, "a distance in metres above 0"))?;
                match modifier {
                    "maxDistance" => Self::NearMax(metres),
                    "minDistance" => Self::NearMin(metres),
                    _ => return Err(scan.error_at("near;".len(), "maxDistance or minDistance")),
                }
            }
            "within" => Self::Within,
            "contains" => Self::Contains,
            "intersects" => Self::Intersects,
            "equals" => Self::Equals,
            "disjoint" => Self::Disjoint,
            "overlaps" => Self::Overlaps,
            _ => return Err(scan.error_at(0, "near, within, contains, intersects, equals, disjoint or overlaps")),
        };
        if scan.at_end() { Ok(relation) } else { Err(scan.error("the end")) }
    }
}

/// A distance as it is written: with an exponent where the digits would be very many.
struct Metres(f64);

impl fmt::Display for Metres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if (1e-6..1e16).contains(&self.0) { write!(f, "{}", self.0) } else { write!(f, "{:e}", self.0) }
    }
}

impl fmt::Display for GeoRelation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NearMax(metres) => write!(f, "near;maxDistance=={}", Metres(*metres)),
            Self::NearMin(metres) => write!(f, "near;minDistance=={}", Metres(*metres)),
            Self::Within => f.write_str("within"),
            Self::Contains => f.write_str("contains"),
            Self::Intersects => f.write_str("intersects"),
            Self::Equals => f.write_str("equals"),
            Self::Disjoint => f.write_str("disjoint"),
            Self::Overlaps => f.write_str("overlaps"),
        }
    }
}

impl GeoQuery {
    /// From its parts.
    ///
    /// # Errors
    /// `BadRequestData` when the reference has more than [`MAX_REFERENCE_POSITIONS`] positions, or for a distance more
    /// than [`MAX_NEAR_POSITIONS`].
    pub fn new(relation: GeoRelation, reference: Geometry, property: Term) -> Result<Self, Error> {
        let near = matches!(relation, GeoRelation::NearMax(_) | GeoRelation::NearMin(_));
        check_size("coordinates", &reference, if near { MAX_NEAR_POSITIONS } else { MAX_REFERENCE_POSITIONS })?;
        let prepared = Prepared::new(relation, &reference);
        Ok(Self { relation, reference, prepared, property })
    }

    /// Parses the four parameters as a URL gives them; `geoproperty` is `location` when absent.
    ///
    /// # Errors
    /// `BadRequestData` saying which parameter is wrong and where.
    pub fn parse(
        georel: &str,
        geometry: &str,
        coordinates: &str,
        geoproperty: Option<&str>,
        naming: &Naming<'_>,
    ) -> Result<Self, Error> {
        let relation = GeoRelation::parse(georel)?;
        let reference = parse_reference("coordinates", geometry, coordinates, naming)?;
        Self::new(relation, reference, property(geoproperty, naming)?)
    }

    /// As [`Self::parse`] for the body of a query or subscription (clause 5.2.13), where `coordinates` is an array or
    /// a text that holds one.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn from_json(
        georel: &str,
        geometry: &str,
        coordinates: &Json,
        geoproperty: Option<&str>,
        naming: &Naming<'_>,
    ) -> Result<Self, Error> {
        let relation = GeoRelation::parse(georel)?;
        let reference = match coordinates {
            Json::Str(text) => parse_reference("coordinates", geometry, text, naming)?,
            json => reference("coordinates", geometry, json)?,
        };
        Self::new(relation, reference, property(geoproperty, naming)?)
    }

    /// The relation.
    pub fn relation(&self) -> GeoRelation {
        self.relation
    }

    /// The reference geometry.
    pub fn reference(&self) -> &Geometry {
        &self.reference
    }

    /// Whether an instance of the entity's GeoProperty stands so. What expired at or before `now` counts as gone.
    pub fn matches(&self, entity: &Entity, now: Time) -> bool {
        let Some(name) = self.property.name else { return false };
        entity.instances(name).filter(|a| a.expires_at.is_none_or(|t| t > now)).any(|a| match &a.value {
            Value::Geo(geometry) => self.matches_geometry(geometry),
            _ => false,
        })
    }

    /// Whether this geometry stands so to the reference.
    pub fn matches_geometry(&self, target: &Geometry) -> bool {
        self.prepared.holds(self.relation, &self.reference, target)
    }

    /// The boxes that a geometry must touch to match, in degrees, none of them across the antimeridian; none when
    /// every place on Earth may match (`disjoint`, `minDistance`).
    pub fn search_boxes(&self) -> Option<Vec<Bounds>> {
        match self.relation {
            GeoRelation::Disjoint | GeoRelation::NearMin(_) => None,
            GeoRelation::NearMax(_) => self.prepared.near_boxes(),
            _ => Some(vec![self.prepared.bounds()]),
        }
    }
}

impl PartialEq for GeoQuery {
    fn eq(&self, other: &Self) -> bool {
        self.relation == other.relation && self.reference == other.reference && self.property == other.property
    }
}

impl fmt::Display for GeoQuery {
    /// As the query part of a URL, not percent-encoded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut coordinates = Vec::new();
        geojson::write_coordinates(&self.reference, &mut coordinates);
        let coordinates = String::from_utf8_lossy(&coordinates);
        let (relation, kind, property) = (self.relation, self.reference.kind(), &self.property);
        write!(f, "georel={relation}&geometry={kind}&coordinates={coordinates}&geoproperty={property}")
    }
}

fn property(text: Option<&str>, naming: &Naming<'_>) -> Result<Term, Error> {
    let text = text.unwrap_or("location");
    if !term::is_term(text) && Iri::check(text).is_err() {
        return Err(Error::bad_data("geoproperty: expected the name of a GeoProperty"));
    }
    naming.term(text)
}

/// Refuses a geometry of more positions than `most`.
pub(crate) fn check_size(what: &str, geometry: &Geometry, most: usize) -> Result<(), Error> {
    if geometry.positions().take(most + 1).count() > most {
        return Err(Error::bad_data(format!("{what}: this geometry may have at most {most} positions")));
    }
    Ok(())
}

/// Parses the coordinates of a reference geometry; `what` is the name of the parameter.
pub(crate) fn parse_reference(
    what: &'static str,
    shape: &str,
    text: &str,
    naming: &Naming<'_>,
) -> Result<Geometry, Error> {
    let limit = naming.limits.bytes * 16;
    if text.len() > limit {
        return Err(Error::bad_data(format!("{what} is longer than {limit} bytes")));
    }
    let json = Json::parse(text.as_bytes(), 4)
        .map_err(|_| Error::bad_data(format!("{what}: expected an array of numbers such as [8.5,40]")))?;
    reference(what, shape, &json)
}

fn reference(what: &str, shape: &str, json: &Json) -> Result<Geometry, Error> {
    let shape = Shape::parse(shape).map_err(|e| Error::bad_data(format!("geometry: {e}")))?;
    geojson::parse_coordinates(shape, json).map_err(|e| Error::bad_data(format!("{what}: {e}")))
}
