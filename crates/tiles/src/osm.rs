//! A map from elements of OpenStreetMap: ways and relations first, then the nodes, then [`OsmMap::build`]. Takes plain elements,
//! so it knows no file; what their tags mean is in `osm/tags.rs`.
//!
//! Memory: the nodes of every way that is shown or could be part of an area, some 60 bytes a node. A county or a state, no
//! continent.

mod line_tags;
mod place_tags;
mod ring;
mod tags;

use belfry_kernel::{Geometry, Position};
use hashbrown::HashMap;

use crate::collection::CollectionBuilder;
use crate::names::Names;
use crate::shape::Shape;
use crate::subject::{Boundary, Subject};
use tags::Tags;

/// A key and its value, as they come.
pub type Tag<'a> = (&'a str, &'a str);

/// Members of one relation at most; larger ones are left out.
const MAX_MEMBERS: usize = 20_000;

/// What could not be drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Ways or areas with nodes or ways that are not in the file, as at the edge of an extract.
    pub incomplete: u64,
    /// Areas whose rings do not close.
    pub open_rings: u64,
    /// Relations with too many members.
    pub too_large: u64,
    /// Shapes that are none.
    pub empty: u64,
}

struct Way {
    nodes: Box<[i64]>,
    tags: Option<Tags>,
}

struct Relation {
    id: i64,
    /// Ways with whether they are around a hole.
    ways: Vec<(i64, bool)>,
    tags: Tags,
}

/// Elements on their way to a map.
#[derive(Default)]
pub struct OsmMap {
    ways: HashMap<i64, Way>,
    relations: Vec<Relation>,
    /// Where nodes are that ways go through.
    places: HashMap<i64, Option<[f64; 2]>>,
    made: CollectionBuilder,
    report: Report,
}

impl OsmMap {
    /// Takes a way: its nodes in order, and its tags.
    pub fn way(&mut self, id: i64, nodes: &[i64], tags: &[Tag<'_>]) {
        if nodes.len() < 2 {
            return;
        }
        self.places.extend(nodes.iter().map(|node| (*node, None)));
        self.ways.insert(id, Way { nodes: nodes.into(), tags: Tags::of_shown(tags) });
    }

    /// Takes a relation: its members that are ways, each with its role, and its tags.
    pub fn relation<'m>(&mut self, id: i64, ways: impl Iterator<Item = (i64, &'m str)>, tags: &[Tag<'_>]) {
        let kind = tags.iter().find(|(key, _)| *key == "type").map_or("", |(_, value)| *value);
        if !["multipolygon", "boundary"].contains(&kind) {
            return;
        }
        let Some(tags) = Tags::of_shown(tags) else { return };
        let ways: Vec<(i64, bool)> = ways.take(MAX_MEMBERS + 1).map(|(way, role)| (way, role == "inner")).collect();
        if ways.len() > MAX_MEMBERS {
            self.report.too_large += 1;
            return;
        }
        self.relations.push(Relation { id, ways, tags });
    }

    /// Takes a node, after all ways.
    pub fn node(&mut self, id: i64, place: Position, tags: &[Tag<'_>]) {
        if let Some(known) = self.places.get_mut(&id) {
            *known = Some([place.lon, place.lat]);
        }
        if let Some(tags) = Tags::of_shown(tags) {
            self.points(number(id, 0), place, &tags, false);
        }
    }

    /// Features of all of it, and what could not be drawn.
    pub fn build(mut self) -> (CollectionBuilder, Report) {
        let mut borders: HashMap<i64, Boundary> = HashMap::new();
        for relation in std::mem::take(&mut self.relations) {
            if let Some(kind) = place_tags::boundary(&relation.tags) {
                for (way, _) in &relation.ways {
                    // A border is drawn once, as that of the largest of what it is around.
                    borders.entry(*way).and_modify(|known| *known = kind.min(*known)).or_insert(kind);
                }
            } else {
                self.area_of_relation(&relation);
            }
        }
        let mut borders: Vec<(i64, Boundary)> = borders.into_iter().collect();
        borders.sort_unstable();
        for (way, kind) in borders {
            if let Some(line) = self.line(way) {
                self.put(number(way, 1), Subject::Boundary(kind), Names::default(), &Geometry::LineString(line));
            }
        }
        let mut ids: Vec<i64> = self.ways.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            let Some(tags) = self.ways.get_mut(&id).and_then(|way| way.tags.take()) else { continue };
            self.way_with(id, &tags);
        }
        (self.made, self.report)
    }

    fn way_with(&mut self, id: i64, tags: &Tags) {
        let Some(line) = self.line(id) else { return };
        let closed = line.len() > 3 && line.first() == line.last();
        let is_area = closed && !tags.is("area", "no");
        if is_area && let Some(subject) = tags::area(tags) {
            self.put(number(id, 1), subject, tags.names(), &Geometry::Polygon(vec![line.clone()]));
        }
        if let Some(subject) = line_tags::line(tags, closed) {
            self.put(number(id, 1), subject, tags.names(), &Geometry::LineString(line.clone()));
        }
        if closed {
            self.points_of_area(number(id, 1), &Geometry::Polygon(vec![line]), tags);
        }
    }

    fn area_of_relation(&mut self, relation: &Relation) {
        let subject = tags::area(&relation.tags);
        let (mut outer, mut inner) = (Vec::new(), Vec::new());
        for (way, hole) in &relation.ways {
            let Some(way) = self.ways.get(way) else {
                self.report.incomplete += 1;
                return;
            };
            if *hole { &mut inner } else { &mut outer }.push(way.nodes.to_vec());
        }
        let (Some(outer), Some(inner)) = (ring::closed(&outer), ring::closed(&inner)) else {
            self.report.open_rings += 1;
            return;
        };
        let placed = |rings: Vec<Vec<i64>>| rings.iter().map(|ring| self.placed(ring)).collect::<Option<Vec<_>>>();
        let (Some(outer), Some(inner)) = (placed(outer), placed(inner)) else {
            self.report.incomplete += 1;
            return;
        };
        let geometry = Geometry::MultiPolygon(ring::nested(outer, inner));
        let id = number(relation.id, 2);
        self.points_of_area(id, &geometry, &relation.tags);
        if let Some(subject) = subject {
            self.put(id, subject, relation.tags.names(), &geometry);
        }
    }

    /// What an area is besides an area: a point of interest, a place, a house number.
    fn points_of_area(&mut self, id: u64, geometry: &Geometry, tags: &Tags) {
        if place_tags::has_point(tags)
            && let Ok(shape) = Shape::new(geometry)
        {
            self.points(id, shape.anchor(), tags, true);
        }
    }

    fn points(&mut self, id: u64, place: Position, tags: &Tags, of_area: bool) {
        let point = Geometry::Point(place);
        if let Some(poi) = place_tags::poi(tags) {
            self.put(id, Subject::Poi(poi), tags.names(), &point);
        }
        // Settlements come as points too, where mappers have put their middle.
        if !of_area && let Some(subject) = place_tags::place(tags) {
            self.put(id, subject, tags.names(), &point);
        }
        if let Some(house) = place_tags::house(tags) {
            self.put(id, Subject::Address(house), Names::default(), &point);
        }
    }

    fn put(&mut self, id: u64, subject: Subject<'_>, names: Names, geometry: &Geometry) {
        match Shape::new(geometry) {
            Ok(shape) => self.made.add(Some(id), subject, names, shape),
            Err(_) => self.report.empty += 1,
        }
    }

    /// The positions of a way, if all of its nodes are there.
    fn line(&mut self, way: i64) -> Option<Vec<Position>> {
        let line = self.ways.get(&way).and_then(|way| self.placed(&way.nodes));
        if line.is_none() {
            self.report.incomplete += 1;
        }
        line
    }

    fn placed(&self, nodes: &[i64]) -> Option<Vec<Position>> {
        let place = |node: &i64| {
            let [lon, lat] = (*self.places.get(node)?)?;
            Some(Position { lon, lat, alt: None })
        };
        nodes.iter().map(place).collect()
    }
}

/// One number for all kinds of elements.
fn number(id: i64, kind: u64) -> u64 {
    (id as u64).wrapping_mul(4) | kind
}
