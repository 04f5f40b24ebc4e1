//! Where a search begins and ends: from places in the middle of edges to vertices with costs. Searches nothing.
//!
//! A search begins with the *turns* at the end of the edge on which it starts, not with the edge: so a route that comes
//! back to its own edge behind the start is found like any other. What lies ahead on the same edge is looked at apart.

use smallvec::SmallVec;

use crate::costs::{Cost, Costs, FOREVER};
use crate::network::{Edge, Network};
use crate::snap::Snap;
use crate::turns::Turns;

/// A vertex with the cost from the start to its beginning, or from its beginning to the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed {
    pub(crate) vertex: u32,
    pub(crate) cost: Cost,
    /// The edge of the start, for starts.
    pub(crate) edge: Edge,
}

/// Few for every place: two edges with some turns each.
pub(crate) type Seeds = SmallVec<[Seed; 8]>;

/// The cost of a share of an edge.
pub(crate) fn part(cost: Cost, share: f64) -> Cost {
    (f64::from(cost) * share).round() as Cost
}

/// The first turns after a start.
pub(crate) fn starts(turns: &Turns, costs: &Costs, from: &Snap) -> Seeds {
    let mut seeds = Seeds::new();
    for (edge, share) in from.edges() {
        let cost = costs.edge(edge);
        if cost == FOREVER {
            continue;
        }
        for turn in turns.out(edge.0).filter(|turn| costs.turn(*turn) < FOREVER) {
            let cost = cost - part(cost, share) + costs.turn(turn);
            seeds.push(Seed { vertex: turns.turn(turn).to, cost, edge });
        }
    }
    seeds
}

/// The edges of an end, with every memory that one may come with.
pub(crate) fn ends(memory: &[(u32, u32)], costs: &Costs, to: &Snap) -> Seeds {
    let mut seeds = Seeds::new();
    for (edge, share) in to.edges() {
        let cost = costs.edge(edge);
        if cost == FOREVER {
            continue;
        }
        let cost = part(cost, share);
        let start = memory.partition_point(|(of, _)| *of < edge.0);
        let further = memory[start..].iter().take_while(|(of, _)| *of == edge.0).map(|(_, vertex)| *vertex);
        seeds.extend(further.chain([edge.0]).map(|vertex| Seed { vertex, cost, edge }));
    }
    seeds
}

/// The way along the start's own edge, when the end lies ahead on it: its cost and the edge.
pub(crate) fn straight(costs: &Costs, from: &Snap, to: &Snap) -> Option<(Cost, Edge)> {
    if from.link != to.link {
        return None;
    }
    let ways = from.edges().into_iter().zip(to.edges()).filter_map(|((edge, start), (_, end))| {
        let cost = costs.edge(edge);
        (cost < FOREVER && start <= end).then(|| (part(cost, end) - part(cost, start), edge))
    });
    ways.min()
}

/// Metres of a share of an edge.
pub(crate) fn metres(network: &Network, edge: Edge, share: f64) -> f64 {
    network.length_m(edge) * share
}
