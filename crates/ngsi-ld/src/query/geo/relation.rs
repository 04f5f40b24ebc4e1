//! The planar relations of two geometries (OGC Simple Features) through the `geo` crate, with short cuts by bounding
//! box. Holds no distance.

use super::bounds::around;
use super::{GeoRelation, distance};
use belfry_kernel::geo::Bounds;
use belfry_kernel::{Geometry, Position};
use geo::relate::IntersectionMatrix;
use geo::{Contains, Coord, Intersects, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon, Relate};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A reference geometry made ready to be compared with many others.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    bounds: Bounds,
    /// For a distance: the boxes that everything nearer touches; none when that is the whole Earth.
    near: Option<Vec<Bounds>>,
    shape: geo::Geometry<f64>,
}

impl Prepared {
    pub(super) fn new(relation: GeoRelation, reference: &Geometry) -> Self {
        let bounds = reference.bounds();
        let near = match relation {
            GeoRelation::NearMax(metres) | GeoRelation::NearMin(metres) => around(bounds, metres),
            _ => None,
        };
        Self { bounds, near, shape: convert(reference) }
    }

    /// The boxes that everything nearer than the distance asked for touches.
    pub(super) fn near_boxes(&self) -> Option<Vec<Bounds>> {
        self.near.clone()
    }

    pub(super) fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Whether `target` stands so to the reference.
    pub(super) fn holds(&self, relation: GeoRelation, reference: &Geometry, target: &Geometry) -> bool {
        match relation {
            GeoRelation::NearMax(metres) => self.near(reference, target, metres),
            GeoRelation::NearMin(metres) => !self.near(reference, target, metres),
            GeoRelation::Disjoint => !(touch(self.bounds, target.bounds()) && self.shape.intersects(&convert(target))),
            _ if !touch(self.bounds, target.bounds()) => false,
            GeoRelation::Intersects => self.shape.intersects(&convert(target)),
            GeoRelation::Within => match target {
                // A ray through the rings instead of the whole matrix of relations.
                Geometry::Point(p) if is_area(reference) => self.shape.contains(&Point(coord(p))),
                _ => inside(target.bounds(), self.bounds) && self.stands(target, IntersectionMatrix::is_within),
            },
            GeoRelation::Contains => match reference {
                Geometry::Point(p) if is_area(target) => convert(target).contains(&Point(coord(p))),
                _ => inside(self.bounds, target.bounds()) && self.stands(target, IntersectionMatrix::is_contains),
            },
            GeoRelation::Equals => {
                self.bounds == target.bounds() && self.stands(target, IntersectionMatrix::is_equal_topo)
            }
            GeoRelation::Overlaps => self.stands(target, IntersectionMatrix::is_overlaps),
        }
    }

    /// Whether the matrix of relations (DE-9IM) says so. For areas that fold over themselves or have no extent the
    /// matrix means nothing, and the `geo` crate has assertions that they break: then no relation holds.
    fn stands(&self, target: &Geometry, says: fn(&IntersectionMatrix) -> bool) -> bool {
        let target = convert(target);
        // Both are only read, so that nothing is left half done behind the unwinding.
        catch_unwind(AssertUnwindSafe(|| says(&target.relate(&self.shape)))).unwrap_or(false)
    }

    /// What touches none of the boxes is farther away; the rest is measured.
    fn near(&self, reference: &Geometry, target: &Geometry, metres: f64) -> bool {
        let bounds = target.bounds();
        self.near.as_ref().is_none_or(|boxes| boxes.iter().any(|b| touch(*b, bounds)))
            && distance::within(reference, target, metres)
    }
}

/// Whether two geometries have a point in common.
pub(super) fn intersect(a: &Geometry, b: &Geometry) -> bool {
    touch(a.bounds(), b.bounds()) && convert(a).intersects(&convert(b))
}

fn is_area(geometry: &Geometry) -> bool {
    matches!(geometry, Geometry::Polygon(_) | Geometry::MultiPolygon(_))
}

fn touch(a: Bounds, b: Bounds) -> bool {
    (0..2).all(|i| a.min[i] <= b.max[i] && b.min[i] <= a.max[i])
}

fn inside(inner: Bounds, outer: Bounds) -> bool {
    (0..2).all(|i| outer.min[i] <= inner.min[i] && inner.max[i] <= outer.max[i])
}

fn convert(geometry: &Geometry) -> geo::Geometry<f64> {
    match geometry {
        Geometry::Point(p) => Point(coord(p)).into(),
        Geometry::MultiPoint(all) => MultiPoint(all.iter().map(|p| Point(coord(p))).collect()).into(),
        Geometry::LineString(all) => line(all).into(),
        Geometry::MultiLineString(all) => MultiLineString(all.iter().map(|l| line(l)).collect()).into(),
        Geometry::Polygon(rings) => polygon(rings).into(),
        Geometry::MultiPolygon(all) => MultiPolygon(all.iter().map(|p| polygon(p)).collect()).into(),
    }
}

fn coord(p: &Position) -> Coord<f64> {
    Coord { x: p.lon, y: p.lat }
}

fn line(positions: &[Position]) -> LineString<f64> {
    LineString(positions.iter().map(coord).collect())
}

fn polygon(rings: &[Vec<Position>]) -> Polygon<f64> {
    let mut rings = rings.iter().map(|r| line(r));
    let outer = rings.next().unwrap_or_else(|| LineString(Vec::new()));
    Polygon::new(outer, rings.collect())
}
