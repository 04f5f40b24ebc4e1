//! A road network for one family of vehicles: junctions, the links between them, their geometry, and the sequences of edges
//! that turn restrictions forbid. Knows no costs; [`crate::Turns`] says how one gets from edge to edge.

mod build;
mod forbidden;

use belfry_kernel::Position;

use crate::class::{Classes, Family};
use crate::plane::{Point, bearing, between, distance_m};
use crate::survey::barrier::Control;
use crate::survey::{Report, Road};

/// A link in one direction: twice the link's number, plus one against its nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Edge(pub(crate) u32);

impl Edge {
    /// The same link the other way.
    #[must_use]
    pub fn reverse(self) -> Self {
        Self(self.0 ^ 1)
    }

    /// Its number, below [`Network::edges`].
    pub fn index(self) -> usize {
        self.0 as usize
    }

    pub(crate) fn link(self) -> usize {
        self.0 as usize >> 1
    }

    /// 0 along the link's nodes, 1 against them.
    pub(crate) fn direction(self) -> usize {
        self.0 as usize & 1
    }
}

/// Where links meet or end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Junction {
    pub(crate) point: Point,
    /// Who passes what stands there.
    pub(crate) pass: Classes,
    pub(crate) control: Control,
    /// A place made to turn around.
    pub(crate) turning: bool,
}

/// What one waits for on a link, between its ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waits {
    pub(crate) signals: u8,
    pub(crate) signs: u8,
}

/// A piece of road between two junctions, with none between.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) ends: [u32; 2],
    /// Its road, as a number of [`Network::roads`].
    pub(crate) road: u32,
    /// Its points, as a range of [`Network::points`]; two or more.
    pub(crate) points: (u32, u32),
    pub(crate) length_m: f32,
    /// Share of the whole way, for durations of ferries.
    pub(crate) share: f32,
    pub(crate) waits: [Waits; 2],
    /// Bearings of leaving the first end and of reaching the last, degrees.
    pub(crate) bearings: [f32; 2],
}

/// A sequence of edges that the classes must not drive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forbidden {
    pub(crate) edges: Vec<u32>,
    pub(crate) classes: Classes,
}

/// Junctions and links.
#[derive(Clone, Debug)]
pub struct Network {
    pub(crate) family: Family,
    pub(crate) junctions: Vec<Junction>,
    pub(crate) links: Vec<Link>,
    pub(crate) roads: Vec<Road>,
    pub(crate) points: Vec<Point>,
    pub(crate) names: Vec<Box<str>>,
    pub(crate) forbidden: Vec<Forbidden>,
    /// Edges that leave each junction: `first[j]..first[j + 1]` of `leaving`.
    first: Vec<u32>,
    leaving: Vec<u32>,
    /// Links by way, sorted.
    by_way: Vec<(i64, u32)>,
    report: Report,
}

impl Network {
    /// The family of vehicles that it is for.
    pub fn family(&self) -> Family {
        self.family
    }

    /// Junctions, dead ends among them.
    pub fn junctions(&self) -> usize {
        self.junctions.len()
    }

    /// Edges: two for each link, also where only one may be driven.
    pub fn edges(&self) -> usize {
        2 * self.links.len()
    }

    /// The edge of a number, if there is one.
    pub fn edge(&self, index: usize) -> Option<Edge> {
        (index < self.edges()).then_some(Edge(index as u32))
    }

    /// Positions that its geometry holds.
    pub fn positions(&self) -> usize {
        self.points.len()
    }

    /// What of turn restrictions could be kept in this network.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The edges of a way, those along its nodes and those against them.
    pub fn edges_of_way(&self, way: i64) -> impl Iterator<Item = Edge> + '_ {
        self.links_of_way(way).flat_map(|link| [Edge(2 * link), Edge(2 * link + 1)])
    }

    pub(crate) fn links_of_way(&self, way: i64) -> impl Iterator<Item = u32> + '_ {
        let start = self.by_way.partition_point(|(id, _)| *id < way);
        self.by_way[start..].iter().take_while(move |(id, _)| *id == way).map(|(_, link)| *link)
    }

    /// The way that an edge is of.
    pub fn way(&self, edge: Edge) -> i64 {
        self.road(edge).way
    }

    /// The name of an edge's road, else its reference, else nothing.
    pub fn name(&self, edge: Edge) -> &str {
        let road = self.road(edge);
        &self.names[if road.name > 0 { road.name } else { road.reference } as usize]
    }

    /// Metres of an edge.
    pub fn length_m(&self, edge: Edge) -> f64 {
        f64::from(self.links[edge.link()].length_m)
    }

    /// The geometry of an edge, in its direction.
    pub fn geometry(&self, edge: Edge) -> impl Iterator<Item = Position> + '_ {
        self.points_of(edge).map(Position::from)
    }

    pub(crate) fn points_of(&self, edge: Edge) -> impl Iterator<Item = Point> + '_ {
        let points = self.points(edge.link());
        let last = points.len() - 1;
        (0..points.len()).map(move |at| points[if edge.direction() == 0 { at } else { last - at }])
    }

    pub(crate) fn points(&self, link: usize) -> &[Point] {
        let (start, end) = self.links[link].points;
        &self.points[start as usize..end as usize]
    }

    pub(crate) fn road(&self, edge: Edge) -> &Road {
        &self.roads[self.links[edge.link()].road as usize]
    }

    pub(crate) fn tail(&self, edge: Edge) -> u32 {
        self.links[edge.link()].ends[edge.direction()]
    }

    pub(crate) fn head(&self, edge: Edge) -> u32 {
        self.links[edge.link()].ends[1 - edge.direction()]
    }

    pub(crate) fn leaving(&self, junction: u32) -> &[u32] {
        let (start, end) = (self.first[junction as usize], self.first[junction as usize + 1]);
        &self.leaving[start as usize..end as usize]
    }

    /// Whether any class of the family may, could or might be let to drive it.
    pub(crate) fn is_drivable(&self, edge: Edge) -> bool {
        let (road, to) = (self.road(edge), edge.direction());
        !road.open[to].or(road.against[to]).and(self.family.classes()).is_empty()
    }

    /// Bearing on leaving an edge's tail.
    pub(crate) fn bearing_out(&self, edge: Edge) -> f64 {
        let [first, last] = self.links[edge.link()].bearings;
        if edge.direction() == 0 { f64::from(first) } else { f64::from(last) + 180.0 }
    }

    /// Bearing on reaching an edge's head.
    pub(crate) fn bearing_in(&self, edge: Edge) -> f64 {
        let [first, last] = self.links[edge.link()].bearings;
        if edge.direction() == 0 { f64::from(last) } else { f64::from(first) + 180.0 }
    }

    /// The place at a share of a link's length.
    pub(crate) fn point_at(&self, link: usize, share: f64) -> Point {
        let points = self.points(link);
        let mut rest = share * f64::from(self.links[link].length_m);
        for pair in points.windows(2) {
            let length = distance_m(pair[0], pair[1]);
            if rest <= length && length > 0.0 {
                return between(pair[0], pair[1], rest / length);
            }
            rest -= length;
        }
        points[points.len() - 1]
    }
}

/// How far from a junction a bearing is taken, metres: the last metres of a line are often drawn askew.
const BEARING_M: f64 = 15.0;

/// The bearing on leaving the first of these points.
fn bearing_along(points: impl Iterator<Item = Point> + Clone) -> f64 {
    let Some(start) = points.clone().next() else { return 0.0 };
    let far = points.clone().find(|point| distance_m(start, *point) >= BEARING_M);
    far.or_else(|| points.last()).map_or(0.0, |end| bearing(start, end))
}
