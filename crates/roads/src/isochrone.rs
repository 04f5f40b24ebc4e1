//! Isochrones: what can be reached within a time, as polygons. One sweep over the hierarchy gives the time to every edge
//! (Delling and others, PHAST, Journal of Parallel and Distributed Computing 73, 2013); a grid of times around the roads gives the
//! area, and its contour the polygons. They are valid by construction: rings are simple, do not touch, and holes lie in
//! their shells.

mod contour;
mod field;

use belfry_kernel::Geometry;

use crate::costs::{Cost, FOREVER};
use crate::network::Edge;
use crate::plane::{Plane, Point};
use crate::router::Router;
use crate::search::Workspace;
use crate::snap::Snap;
use crate::terminal::{part, starts};
use contour::polygons;
use field::Field;

/// How an area is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawing {
    /// Metres between the points of the grid; made larger for areas of more than 400,000 points.
    pub grid_m: f64,
    /// Metres from the road that still belong to the area, as far as there is time to walk them.
    pub off_road_m: f64,
    /// Metres a second off the road.
    pub walking_m_s: f64,
    /// Shells and holes smaller than this are left out, square metres.
    pub least_m2: f64,
}

impl Default for Drawing {
    fn default() -> Self {
        Self { grid_m: 75.0, off_road_m: 200.0, walking_m_s: 1.2, least_m2: 20_000.0 }
    }
}

/// A stretch of a link that is reached: by when its ends are, in seconds; nothing from an end that is no way in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    pub(crate) link: u32,
    /// Seconds on arrival at the first end and for the whole link, along its nodes; infinite when it cannot be driven so.
    pub(crate) forward: (f32, f32),
    /// The same from the last end, against its nodes.
    pub(crate) backward: (f32, f32),
}

impl Router<'_> {
    /// The area that is reached within `limit` milliseconds, as a `MultiPolygon`; nothing when it is empty.
    /// Longitudes are held within -180 and 180: an area across the antimeridian ends there.
    pub fn isochrone(
        &self,
        workspace: &mut Workspace,
        from: &Snap,
        limit: Cost,
        drawing: &Drawing,
    ) -> Option<Geometry> {
        let reached = self.reach(workspace, from, limit);
        let plane = Plane::around(Point::from(from.position));
        let field = Field::draw(&self.roads.network, plane, &reached, limit as f32 / 1000.0, drawing)?;
        let polygons = polygons(&field, plane, drawing.least_m2);
        (!polygons.is_empty()).then_some(Geometry::MultiPolygon(polygons))
    }

    /// Milliseconds to the beginning of every edge, by the sweep; [`FOREVER`] where there is no way.
    pub fn times(&self, workspace: &mut Workspace, from: &Snap) -> Vec<Cost> {
        self.sweep(workspace, from);
        (0..self.roads.network.edges() as u32).map(|edge| self.time(workspace, Edge(edge))).collect()
    }

    fn time(&self, workspace: &Workspace, edge: Edge) -> Cost {
        workspace.sweep[self.roads.hierarchy.rank[edge.0 as usize] as usize]
    }

    /// Costs to all vertices by rank: up from the start, then down from the highest.
    fn sweep(&self, workspace: &mut Workspace, from: &Snap) {
        let hierarchy = &self.roads.hierarchy;
        let starts = starts(&self.roads.turns, self.costs, from);
        let mut costs = std::mem::take(&mut workspace.sweep);
        costs.clear();
        costs.resize(hierarchy.parent.len(), FOREVER);
        for (v, cost) in workspace.climb_forth(hierarchy, self.metric, &starts) {
            costs[v as usize] = cost;
        }
        for v in (0..hierarchy.parent.len() as u32).rev() {
            let arcs = self.metric.down.of(v);
            let least =
                arcs.iter().fold(costs[v as usize], |least, arc| least.min(costs[arc.head as usize] + arc.weight));
            costs[v as usize] = least;
        }
        // An edge is reached when it is reached with whatever memory.
        for (edge, vertex) in &self.roads.memory {
            let [edge, vertex] = [edge, vertex].map(|v| hierarchy.rank[*v as usize] as usize);
            costs[edge] = costs[edge].min(costs[vertex]);
        }
        workspace.sweep = costs;
    }

    /// Every link that is reached in time.
    fn reach(&self, workspace: &mut Workspace, from: &Snap, limit: Cost) -> Vec<Reach> {
        self.sweep(workspace, from);
        let seconds = |cost: Cost| cost as f32 / 1000.0;
        let side = |edge: Edge| {
            let (time, cost) = (self.time(workspace, edge), self.costs.edge(edge));
            if time <= limit && cost < FOREVER {
                (seconds(time), seconds(cost))
            } else {
                (f32::INFINITY, f32::INFINITY)
            }
        };
        let links = 0..self.roads.network.links.len() as u32;
        let mut reached: Vec<Reach> = links
            .map(|link| Reach { link, forward: side(Edge(2 * link)), backward: side(Edge(2 * link + 1)) })
            .filter(|reach| reach.forward.0.is_finite() || reach.backward.0.is_finite())
            .collect();
        // The start's own edge: as if its ends had been left before the start.
        let [forward, backward] = from.edges().map(|(edge, share)| match self.costs.edge(edge) {
            FOREVER.. => (f32::INFINITY, f32::INFINITY),
            cost => (-seconds(part(cost, share)), seconds(cost)),
        });
        reached.push(Reach { link: from.link, forward, backward });
        reached
    }
}
