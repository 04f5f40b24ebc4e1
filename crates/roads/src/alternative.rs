//! Other good routes beside the best: those over a single vertex that are not much slower, share little with those already
//! found, and make no detour on the way (Abraham, Delling, Goldberg and Werneck, Alternative Routes in Road Networks, Journal of
//! Experimental Algorithmics 18, 2013). The candidates are the vertices where the two sides of the search meet.

use hashbrown::HashSet;

use crate::costs::{Cost, FOREVER};
use crate::network::Edge;
use crate::route::Route;
use crate::router::{Leg, Router};
use crate::search::Workspace;
use crate::snap::Snap;
use crate::terminal::{ends, starts};

/// What another route must keep to be offered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Routes in all, the best among them; at most 8.
    pub routes: usize,
    /// How many times the best route's cost it may have.
    pub stretch: f64,
    /// The share of its length that it may have in common with routes already found.
    pub overlap: f64,
}

impl Default for Choice {
    fn default() -> Self {
        Self { routes: 3, stretch: 1.3, overlap: 0.7 }
    }
}

/// Ways unpacked and looked at, at most.
const MOST_LOOKED_AT: usize = 64;

impl Router<'_> {
    /// The best route and others, the best first; empty when there is none.
    pub fn alternatives(&self, workspace: &mut Workspace, from: &Snap, to: &Snap, choice: &Choice) -> Vec<Route> {
        let Some(best) = self.route(workspace, from, to) else {
            return Vec::new();
        };
        let limit = (f64::from(best.cost) * choice.stretch.max(1.0)) as Cost;
        let starts = starts(&self.roads.turns, self.costs, from);
        let ends = ends(&self.roads.memory, self.costs, to);
        let hierarchy = &self.roads.hierarchy;
        workspace.climb_both(hierarchy, self.metric, &starts, &ends);
        let meetings = workspace.meetings(limit.min(FOREVER));
        let legs: Vec<Leg> = meetings
            .into_iter()
            .take(MOST_LOOKED_AT)
            .map(|meeting| workspace.way(hierarchy, self.metric, meeting))
            .map(|way| Leg { first: starts[way.seeds.0].edge.0, way })
            .collect();
        let mut used: HashSet<Edge> = best.edges.iter().copied().collect();
        let mut routes = vec![best];
        for leg in legs {
            if routes.len() >= choice.routes.min(8) {
                break;
            }
            let route = self.trace(&leg, from, to);
            if self.overlap(&route, &used) <= choice.overlap && self.is_sane(workspace, &route) {
                used.extend(&route.edges);
                routes.push(route);
            }
        }
        routes
    }

    /// The share of a route's length that lies on these edges.
    fn overlap(&self, route: &Route, used: &HashSet<Edge>) -> f64 {
        let metres =
            |edges: &mut dyn Iterator<Item = &Edge>| edges.map(|edge| self.roads.network.length_m(*edge)).sum::<f64>();
        let all = metres(&mut route.edges.iter());
        let common = metres(&mut route.edges.iter().filter(|edge| used.contains(*edge)));
        if all > 0.0 { common / all } else { 1.0 }
    }

    /// Whether no link is driven twice, and every stretch of a quarter of the route is itself nearly the best way.
    fn is_sane(&self, workspace: &mut Workspace, route: &Route) -> bool {
        let mut links = HashSet::new();
        if !route.edges.iter().all(|edge| links.insert(edge.link())) {
            return false;
        }
        let last = route.edges.len() - 1;
        let stretch = route.edges.len().div_ceil(4);
        (0..last).step_by(stretch.div_ceil(2).max(1)).all(|start| {
            let end = (start + stretch).min(last);
            let [a, b] = [start, end].map(|at| Snap::on(&self.roads.network, route.edges[at], 0.5));
            let own: u64 = (start..end)
                .map(|at| {
                    let edges = (u64::from(self.costs.edge(route.edges[at]))
                        + u64::from(self.costs.edge(route.edges[at + 1])))
                        / 2;
                    edges + u64::from(self.costs.turn(route.turns[at] as usize))
                })
                .sum();
            let best = self.cost(workspace, &a, &b).map_or(own, u64::from);
            own <= best + best / 20 + 1000
        })
    }
}
