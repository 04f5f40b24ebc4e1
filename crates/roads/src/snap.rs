//! From a position to a place on a road that the class may use, or the reason why there is none. Knows no routes.

use belfry_kernel::Position;
use rstar::primitives::{GeomWithData, Line};
use rstar::{AABB, RTree};

use crate::costs::{Costs, FOREVER};
use crate::network::{Edge, Network};
use crate::plane::{Plane, Point, distance_m, nearest_on};

/// A place on a road.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snap {
    pub(crate) link: u32,
    /// Share of the link's length, along its nodes.
    pub(crate) share: f64,
    /// The place.
    pub position: Position,
    /// Metres from where it was asked for.
    pub distance_m: f64,
}

impl Snap {
    /// A place on an edge, by its share of the edge's length, 0 to 1.
    pub fn on(network: &Network, edge: Edge, share: f64) -> Self {
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        let share = if edge.direction() == 0 { share } else { 1.0 - share };
        let position = network.point_at(edge.link(), share).into();
        Self { link: edge.link() as u32, share, position, distance_m: 0.0 }
    }

    /// The link's edges, and the share of each that lies before the place.
    pub(crate) fn edges(&self) -> [(Edge, f64); 2] {
        [(Edge(2 * self.link), self.share), (Edge(2 * self.link + 1), 1.0 - self.share)]
    }
}

/// Why there is no place on a road.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum SnapError {
    /// The position is not on the globe.
    #[error("the position is not on the globe")]
    NowhereOnEarth,
    /// There is no road at all.
    #[error("the network has no roads")]
    NoRoads,
    /// No road is near.
    #[error("the nearest road is {nearest_m:.0} m away; the limit is {limit_m:.0} m")]
    TooFar {
        /// Metres to it.
        nearest_m: f64,
        /// The limit, metres.
        limit_m: f64,
    },
    /// Roads are near, but none for the class.
    #[error("no road within {limit_m:.0} m may be used by this class; the nearest road is {nearest_m:.0} m away")]
    NotAllowed {
        /// Metres to the nearest road.
        nearest_m: f64,
        /// The limit, metres.
        limit_m: f64,
    },
    /// Roads for the class are near, but all are closed now.
    #[error("every road within {limit_m:.0} m is closed now; the nearest is {nearest_m:.0} m away")]
    Closed {
        /// Metres to the nearest of them.
        nearest_m: f64,
        /// The limit, metres.
        limit_m: f64,
    },
    /// Roads for the class are near, but from none can one get to the rest and back.
    #[error("the roads within {limit_m:.0} m are not joined to the rest; the nearest is {nearest_m:.0} m away")]
    Island {
        /// Metres to the nearest of them.
        nearest_m: f64,
        /// The limit, metres.
        limit_m: f64,
    },
}

type Segment = GeomWithData<Line<[f64; 2]>, (u32, u32)>;

/// Every segment of every link, by place.
#[derive(Debug)]
pub(crate) struct Index {
    segments: RTree<Segment>,
    /// What degrees of longitude are multiplied with, so that distances compare.
    squeeze: f64,
}

/// Segments looked at for one position. Beyond them the roads are so dense that none of the class' own is near.
const MOST_LOOKED_AT: usize = 2000;

impl Index {
    pub(crate) fn new(network: &Network) -> Self {
        let (south, north) = network
            .points
            .iter()
            .fold((90.0_f64, -90.0_f64), |(south, north), point| (south.min(point.lat), north.max(point.lat)));
        let squeeze = f64::midpoint(south, north).to_radians().cos().max(1e-3);
        let mut segments = Vec::with_capacity(network.points.len());
        for link in 0..network.links.len() {
            for (at, pair) in network.points(link).windows(2).enumerate() {
                let [a, b] = [pair[0], pair[1]].map(|point| [point.lon * squeeze, point.lat]);
                // A segment across the antimeridian would lie around the whole globe; its ends are found as points.
                let b = if (pair[1].lon - pair[0].lon).abs() > 180.0 { a } else { b };
                segments.push(Segment::new(Line::new(a, b), (link as u32, at as u32)));
            }
        }
        Self { segments: RTree::bulk_load(segments), squeeze }
    }

    /// What degrees of longitude are multiplied with.
    pub(crate) fn squeeze(&self) -> f64 {
        self.squeeze
    }

    /// Segments whose boxes meet this one, by link and place in it.
    pub(crate) fn in_box(&self, bounds: AABB<[f64; 2]>) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.segments.locate_in_envelope_intersecting(bounds).map(|segment| segment.data)
    }

    /// Segments from the nearest on, by link, share of the link and metres.
    pub(crate) fn around(&self, network: &Network, point: Point) -> impl Iterator<Item = Snap> {
        // The other side of the antimeridian is near too.
        let turned = point.lon - 360.0 * point.lon.signum();
        let looks = [point.lon, turned].map(|lon| self.segments.nearest_neighbor_iter([lon * self.squeeze, point.lat]));
        let [mut near, mut far] = looks.map(|look| look.take(MOST_LOOKED_AT).peekable());
        let is_edge = point.lon.abs() > 179.0;
        std::iter::from_fn(move || {
            let metres = |segment: Option<&&Segment>| segment.map(|s| on_segment(network, s.data, point).distance_m);
            let use_far = is_edge && matches!((metres(near.peek()), metres(far.peek())), (Some(n), Some(f)) if f < n);
            let segment = if use_far { far.next() } else { near.next() };
            segment.map(|segment| on_segment(network, segment.data, point))
        })
    }

    /// The nearest place that the class may use and that belongs to the mainland.
    pub(crate) fn snap(
        &self,
        network: &Network,
        costs: &Costs,
        mainland: &[bool],
        position: Position,
        limit_m: f64,
    ) -> Result<Snap, SnapError> {
        self.candidates(network, costs, mainland, position, limit_m, 1).map(|found| found[0])
    }

    /// The nearest places on so many different links, the nearest first; at least one.
    pub(crate) fn candidates(
        &self,
        network: &Network,
        costs: &Costs,
        mainland: &[bool],
        position: Position,
        limit_m: f64,
        most: usize,
    ) -> Result<Vec<Snap>, SnapError> {
        if !(position.lon.abs() <= 180.0 && position.lat.abs() <= 90.0) {
            return Err(SnapError::NowhereOnEarth);
        }
        let (mut found, mut nearest, mut closed, mut island) = (Vec::<Snap>::new(), None, None, None);
        for snap in self.around(network, position.into()) {
            nearest = nearest.or(Some(snap.distance_m));
            if snap.distance_m > limit_m || found.len() == most {
                break;
            }
            let edges = snap.edges().map(|(edge, _)| edge);
            if edges.iter().any(|edge| costs.edge(*edge) < FOREVER && mainland[edge.index()]) {
                if found.iter().all(|known| known.link != snap.link) {
                    found.push(snap);
                }
            } else if edges.iter().any(|edge| mainland[edge.index()]) {
                closed = closed.or(Some(snap.distance_m));
            } else if edges.iter().any(|edge| costs.is_allowed(*edge)) {
                island = island.or(Some(snap.distance_m));
            }
        }
        if !found.is_empty() {
            return Ok(found);
        }
        Err(match (nearest, closed, island) {
            (None, ..) => SnapError::NoRoads,
            (Some(nearest_m), ..) if nearest_m > limit_m => SnapError::TooFar { nearest_m, limit_m },
            (_, Some(nearest_m), _) => SnapError::Closed { nearest_m, limit_m },
            (.., Some(nearest_m)) => SnapError::Island { nearest_m, limit_m },
            (Some(nearest_m), ..) => SnapError::NotAllowed { nearest_m, limit_m },
        })
    }
}

/// The place on a segment nearest to a point.
fn on_segment(network: &Network, (link, segment): (u32, u32), point: Point) -> Snap {
    let plane = Plane::around(point);
    let points = network.points(link as usize);
    let (a, b) = (points[segment as usize], points[segment as usize + 1]);
    let (share, metres) = nearest_on(plane.to_metres(a), plane.to_metres(b));
    let before: f64 = points[..=segment as usize].windows(2).map(|pair| distance_m(pair[0], pair[1])).sum();
    let length = f64::from(network.links[link as usize].length_m);
    let along = before + share * distance_m(a, b);
    let share_of_link = if length > 0.0 { (along / length).clamp(0.0, 1.0) } else { 0.0 };
    let position = crate::plane::between(a, b, share).into();
    Snap { link, share: share_of_link, position, distance_m: metres }
}
