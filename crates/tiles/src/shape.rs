//! A geometry made ready for tiles: projected, with the weight of every vertex, so that drawing it on a tile is one pass.
//! Holds what does not depend on the tile; [`crate::draw`] does the rest.

use belfry_kernel::{Geometry, Position};

use crate::area::Area;
use crate::{anchor, mercator, weight};

/// Vertices of one shape at most. A hundred times the largest forest of a map of a country; 24 bytes each.
pub const MAX_VERTICES: usize = 1 << 22;

/// What is drawn of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// Points.
    Points,
    /// Lines.
    Lines,
    /// Areas.
    Polygons,
}

/// A place on the unit square of the projection, and how much it matters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Vertex {
    pub(crate) place: [f64; 2],
    /// Area of the unit square that its absence would change; infinite for those that are never dropped.
    pub(crate) weight: f32,
}

/// One line or one ring of a shape, or all of its points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Where it ends in the shape's vertices.
    pub(crate) end: u32,
    /// Whether it is the hole of the ring before it.
    pub(crate) hole: bool,
}

/// A geometry ready for tiles.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    form: Form,
    pub(crate) vertices: Vec<Vertex>,
    pub(crate) parts: Vec<Part>,
    area: Area,
    size: f64,
    anchor: [f64; 2],
}

/// Why a geometry cannot be drawn.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ShapeError {
    /// A coordinate that is on no globe, or no number.
    #[error("{lon} {lat} is not on the globe")]
    OffGlobe {
        /// The longitude given.
        lon: f64,
        /// The latitude given.
        lat: f64,
    },
    /// More than [`MAX_VERTICES`].
    #[error("more than {MAX_VERTICES} positions")]
    TooLarge,
    /// No position, or lines and rings that are none.
    #[error("nothing is left to draw")]
    Empty,
}

impl Shape {
    /// Projects and weighs a geometry.
    ///
    /// Lines of one place and rings of fewer than three different ones are left out. An edge longer than half the world is
    /// read as the short way across the antimeridian, since no town has the former; where a ring would not close so, it
    /// is taken as it stands.
    ///
    /// # Errors
    /// A position is not on the globe, there are too many, or nothing is left.
    pub fn new(geometry: &Geometry) -> Result<Self, ShapeError> {
        let mut positions = 0;
        for position in geometry.positions() {
            positions += 1;
            let Position { lon, lat, .. } = *position;
            if !(lon.abs() <= 180.0 && lat.abs() <= 90.0) {
                return Err(ShapeError::OffGlobe { lon, lat });
            }
        }
        if positions > MAX_VERTICES {
            return Err(ShapeError::TooLarge);
        }
        let form = match geometry {
            Geometry::Point(_) | Geometry::MultiPoint(_) => Form::Points,
            Geometry::LineString(_) | Geometry::MultiLineString(_) => Form::Lines,
            Geometry::Polygon(_) | Geometry::MultiPolygon(_) => Form::Polygons,
        };
        let mut made = Self {
            form,
            vertices: Vec::with_capacity(positions),
            parts: Vec::new(),
            area: Area::NOTHING,
            size: 0.0,
            anchor: [0.0; 2],
        };
        match geometry {
            Geometry::Point(point) => made.points(std::slice::from_ref(point)),
            Geometry::MultiPoint(points) => made.points(points),
            Geometry::LineString(line) => made.line(line),
            Geometry::MultiLineString(lines) => lines.iter().for_each(|line| made.line(line)),
            Geometry::Polygon(rings) => made.polygon(rings),
            Geometry::MultiPolygon(polygons) => polygons.iter().for_each(|rings| made.polygon(rings)),
        }
        if made.parts.is_empty() {
            return Err(ShapeError::Empty);
        }
        made.vertices.shrink_to_fit();
        made.vertices.iter().for_each(|vertex| made.area.grow(vertex.place));
        made.anchor = match form {
            Form::Points => made.vertices[0].place,
            Form::Lines => made.vertices[made.parts[0].end as usize / 2].place,
            Form::Polygons => anchor::inside(&made),
        };
        Ok(made)
    }

    /// What is drawn.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The box around it. It may reach beyond 0 or 1 in x when the shape crosses the antimeridian.
    pub fn area(&self) -> Area {
        self.area
    }

    /// How much of the unit square its rings cover, without their holes; 0 for points and lines.
    pub fn size(&self) -> f64 {
        self.size
    }

    /// Number of vertices.
    pub fn vertices(&self) -> usize {
        self.vertices.len()
    }

    /// A place on it that can bear its name, degrees: well inside of an area, the middle vertex of a line.
    pub fn anchor(&self) -> Position {
        let [x, y] = self.anchor;
        Position { lon: mercator::lon(x - x.floor()), lat: mercator::lat(y), alt: None }
    }

    /// The same on the unit square.
    pub(crate) fn anchor_place(&self) -> [f64; 2] {
        self.anchor
    }

    /// The parts, each with whether it is a hole.
    pub(crate) fn rings(&self) -> impl Iterator<Item = (&[Vertex], bool)> {
        let mut start = 0;
        self.parts.iter().map(move |part| {
            let vertices = &self.vertices[start..part.end as usize];
            start = part.end as usize;
            (vertices, part.hole)
        })
    }

    fn points(&mut self, points: &[Position]) {
        let infinite = |p: &Position| Vertex { place: project(p), weight: f32::INFINITY };
        self.vertices.extend(points.iter().map(infinite));
        self.close_part(false);
    }

    fn line(&mut self, line: &[Position]) {
        let start = self.vertices.len();
        self.vertices.extend(unrolled(line));
        self.distinct_from(start);
        if self.vertices.len() - start < 2 {
            self.vertices.truncate(start);
            return;
        }
        weight::of_line(&mut self.vertices[start..]);
        self.close_part(false);
    }

    fn polygon(&mut self, rings: &[Vec<Position>]) {
        for (index, ring) in rings.iter().enumerate() {
            let start = self.vertices.len();
            self.vertices.extend(unrolled(ring));
            let ends = (self.vertices.get(start), self.vertices.last());
            if let (Some(first), Some(last)) = ends
                && ring.first() == ring.last()
                && (first.place[0] - last.place[0]).abs() > 0.5
            {
                self.vertices.truncate(start);
                self.vertices.extend(ring.iter().map(|p| Vertex { place: project(p), weight: 0.0 }));
            }
            self.distinct_from(start);
            if self.vertices.len() > start + 1
                && self.vertices[start].place == self.vertices[self.vertices.len() - 1].place
            {
                self.vertices.pop();
            }
            if self.vertices.len() - start < 3 {
                self.vertices.truncate(start);
                // Without its outer ring a polygon's holes are nothing.
                if index == 0 {
                    return;
                }
                continue;
            }
            let vertices = &mut self.vertices[start..];
            if index > 0 {
                self.beside_the_outer(start);
            } else {
                self.size += enclosed(vertices).abs();
            }
            weight::of_ring(&mut self.vertices[start..]);
            self.close_part(index > 0);
        }
    }

    /// Moves a hole by whole worlds into the box of the ring that it is the hole of, when one of them was unrolled.
    fn beside_the_outer(&mut self, start: usize) {
        let outer = self.parts.iter().rposition(|part| !part.hole).unwrap_or(0);
        let first = outer.checked_sub(1).map_or(0, |before| self.parts[before].end as usize);
        let end = self.parts[outer].end as usize;
        let range = |vertices: &[Vertex]| {
            vertices.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(w, e), v| (w.min(v.place[0]), e.max(v.place[0])))
        };
        let ((west, east), (from, to)) = (range(&self.vertices[first..end]), range(&self.vertices[start..]));
        let fits = |by: &f64| west - 1e-12 <= from + by && to + by <= east + 1e-12;
        if let Some(by) = [0.0, 1.0, -1.0].into_iter().find(fits) {
            self.vertices[start..].iter_mut().for_each(|v| v.place[0] += by);
        }
    }

    /// Leaves out, from `start` on, what is at the place of the vertex before it.
    fn distinct_from(&mut self, start: usize) {
        let mut kept = start;
        for at in start..self.vertices.len() {
            if kept == start || self.vertices[kept - 1].place != self.vertices[at].place {
                self.vertices[kept] = self.vertices[at];
                kept += 1;
            }
        }
        self.vertices.truncate(kept);
    }

    fn close_part(&mut self, hole: bool) {
        let end = self.vertices.len();
        if self.parts.last().map_or(0, |part| part.end as usize) < end {
            // Its number is below MAX_VERTICES.
            self.parts.push(Part { end: end as u32, hole });
        }
    }
}

fn project(position: &Position) -> [f64; 2] {
    [mercator::x(position.lon), mercator::y(position.lat)]
}

/// The positions, each at most half a world from the one before it, and never more than one world away from where it is.
fn unrolled(line: &[Position]) -> impl Iterator<Item = Vertex> + '_ {
    let mut worlds = 0.0_f64;
    let mut before: Option<f64> = None;
    line.iter().map(move |position| {
        let [x, y] = project(position);
        if let Some(last) = before {
            let step = x - last;
            // From edge to edge of the map is the border of a map that was cut there, and no way across.
            if step.abs() > 0.5 && step.abs() < 1.0 {
                worlds = (worlds - step.signum()).clamp(-1.0, 1.0);
            }
        }
        before = Some(x);
        Vertex { place: [x + worlds, y], weight: 0.0 }
    })
}

/// Signed area of a ring on the unit square.
pub(crate) fn enclosed(ring: &[Vertex]) -> f64 {
    let Some(origin) = ring.first().map(|v| v.place) else { return 0.0 };
    // Relative to the first vertex, so that the digits of small rings are not lost.
    let at = |v: &Vertex| [v.place[0] - origin[0], v.place[1] - origin[1]];
    let twice: f64 = ring
        .windows(2)
        .map(|pair| {
            let ([ax, ay], [bx, by]) = (at(&pair[0]), at(&pair[1]));
            ax * by - bx * ay
        })
        .sum();
    twice / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(places: &[(f64, f64)]) -> Vec<Position> {
        places.iter().map(|&(lon, lat)| Position { lon, lat, alt: None }).collect()
    }

    #[test]
    fn what_is_on_no_globe_or_nothing_is_refused() {
        for (lon, lat) in [(f64::NAN, 0.0), (0.0, f64::NAN), (1e300, 0.0), (0.0, -90.1), (f64::INFINITY, 0.0)] {
            let point = Geometry::Point(Position { lon, lat, alt: None });
            assert!(matches!(Shape::new(&point), Err(ShapeError::OffGlobe { .. })), "{lon} {lat}");
        }
        let empty = [
            Geometry::MultiPoint(vec![]),
            Geometry::LineString(ring(&[(1.0, 1.0), (1.0, 1.0)])),
            Geometry::Polygon(vec![
                ring(&[(1.0, 1.0), (2.0, 2.0), (1.0, 1.0)]),
                ring(&[(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)]),
            ]),
            Geometry::MultiPolygon(vec![]),
        ];
        for geometry in &empty {
            assert_eq!(Shape::new(geometry), Err(ShapeError::Empty), "{geometry:?}");
        }
    }

    #[test]
    fn a_line_across_the_antimeridian_goes_the_short_way() {
        let shape = Shape::new(&Geometry::LineString(ring(&[(179.0, 1.0), (-179.0, 2.0), (179.5, 3.0)]))).unwrap();
        let area = shape.area();
        assert!(area.min[0] > 0.99 && area.max[0] < 1.01, "{area:?}");
        // Round and round: never more than one world away.
        let turns: Vec<(f64, f64)> = (0..100).map(|i| (f64::from(i * 100 % 360) - 180.0, 5.0)).collect();
        let area = Shape::new(&Geometry::LineString(ring(&turns))).unwrap().area();
        assert!(area.min[0] >= -1.0 && area.max[0] <= 2.0);
    }

    #[test]
    fn rings_close_across_the_antimeridian_with_their_holes_and_around_the_pole_stay_as_they_are() {
        let outer = ring(&[(178.0, 10.0), (-178.0, 10.0), (-178.0, 14.0), (178.0, 14.0), (178.0, 10.0)]);
        let hole = ring(&[(-179.5, 11.0), (-179.0, 11.0), (-179.0, 12.0), (-179.5, 11.0)]);
        let shape = Shape::new(&Geometry::Polygon(vec![outer, hole])).unwrap();
        assert!(shape.area().min[0] > 0.99 && shape.area().max[0] < 1.01);
        let (inner, is_hole) = shape.rings().nth(1).unwrap();
        assert!(is_hole && inner.iter().all(|v| v.place[0] > 1.0));
        let world = ring(&[(-180.0, -90.0), (180.0, -90.0), (180.0, 90.0), (-180.0, 90.0), (-180.0, -90.0)]);
        let shape = Shape::new(&Geometry::Polygon(vec![world])).unwrap();
        assert_eq!((shape.area().min[0], shape.area().max[0]), (0.0, 1.0));
        let polar = ring(&[(-120.0, 80.0), (0.0, 80.0), (120.0, 80.0), (-120.0, 80.0)]);
        let shape = Shape::new(&Geometry::Polygon(vec![polar])).unwrap();
        assert!(shape.area().min[0] > 0.0 && shape.area().max[0] < 1.0);
    }

    #[test]
    fn a_name_stands_inside() {
        let horseshoe = ring(&[
            (0.0, 0.0),
            (10.0, 0.0),
            (10.0, 10.0),
            (7.0, 10.0),
            (7.0, 3.0),
            (3.0, 3.0),
            (3.0, 10.0),
            (0.0, 10.0),
            (0.0, 0.0),
        ]);
        let at = Shape::new(&Geometry::Polygon(vec![horseshoe])).unwrap().anchor();
        assert!(
            at.lon > 0.0 && at.lon < 10.0 && at.lat > 0.0 && (at.lat < 3.0 || at.lon < 3.0 || at.lon > 7.0),
            "{at:?}"
        );
    }
}
