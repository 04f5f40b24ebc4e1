//! A route: edges, geometry, distance and time. Instructions are in `guide`.

use belfry_kernel::Position;

use crate::costs::{Cost, Costs, FOREVER};
use crate::network::{Edge, Network};
use crate::plane::{Point, distance_m};
use crate::router::{Leg, Router};
use crate::search::Workspace;
use crate::snap::Snap;
use crate::terminal::{part, straight};
use crate::turns::Turns;

/// A way from place to place.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// What was made least: milliseconds, and the price of zones that are open only to those who go there.
    pub cost: Cost,
    /// Milliseconds under way.
    pub duration_ms: u64,
    /// Metres.
    pub distance_m: f64,
    /// The edges, the first and last of them in part.
    pub edges: Vec<Edge>,
    /// The line, two positions or more.
    pub geometry: Vec<Position>,
    /// Shares of the first edge before the start, and of the last before the end.
    pub(crate) shares: (f64, f64),
    /// The turn after each edge but the last.
    pub(crate) turns: Vec<u32>,
}

impl Router<'_> {
    /// The best route, or nothing when there is none.
    pub fn route(&self, workspace: &mut Workspace, from: &Snap, to: &Snap) -> Option<Route> {
        let direct = straight(self.costs, from, to);
        let limit = direct.map_or(FOREVER, |(cost, _)| cost);
        match (self.way(workspace, from, to, limit), direct) {
            (Some(leg), _) => Some(self.trace(&leg, from, to)),
            (None, Some((cost, edge))) => Some(self.build(cost, vec![edge], Vec::new(), from, to)),
            (None, None) => None,
        }
    }

    /// The route along these edges, each joined to the next by a turn, as map matching finds them; nothing when two of them
    /// are not joined, or a turn is forbidden. Its cost is what it takes, which need not be the least.
    pub fn along(&self, edges: &[Edge], from: &Snap, to: &Snap) -> Option<Route> {
        let turns = &self.roads.turns;
        let (first, last) = (edges.first()?, edges.last()?);
        let mut vertex = first.0;
        let mut taken = Vec::with_capacity(edges.len());
        for edge in &edges[1..] {
            let ways = turns.out(vertex).filter(|turn| turns.edge(turns.turn(*turn).to) == *edge);
            let turn = ways.min_by_key(|turn| self.costs.turn(*turn))?;
            vertex = turns.turn(turn).to;
            taken.push(turn as u32);
        }
        let forbidden = taken.iter().any(|turn| self.costs.turn(*turn as usize) >= FOREVER);
        if forbidden || edges.iter().any(|edge| self.costs.edge(*edge) >= FOREVER) {
            return None;
        }
        let on = |snap: &Snap, edge: Edge| snap.edges().iter().any(|(of, _)| *of == edge);
        if !on(from, *first) || !on(to, *last) {
            return None;
        }
        let mut route = self.build(0, edges.to_vec(), taken, from, to);
        if edges.len() == 1 && route.shares.1 < route.shares.0 {
            return None;
        }
        route.cost = route.cost_of_parts(self.costs);
        if route.cost >= FOREVER {
            return None;
        }
        let price: u64 = route.turns.iter().map(|turn| u64::from(self.costs.price(*turn as usize))).sum();
        route.duration_ms = u64::from(route.cost).saturating_sub(price);
        Some(route)
    }

    /// Metres and milliseconds from each position of a route's line to the next, without turns: an edge's time is spread
    /// evenly over its length.
    pub fn pieces(&self, route: &Route) -> Vec<(f64, f64)> {
        let network = &self.roads.network;
        let last = route.edges.len() - 1;
        // Where on the way each edge ends, and how fast it is.
        let (mut way, mut ends) = (0.0, Vec::with_capacity(route.edges.len()));
        for (at, edge) in route.edges.iter().enumerate() {
            let from = if at == 0 { route.shares.0 } else { 0.0 };
            let to = if at == last { route.shares.1 } else { 1.0 };
            let length = network.length_m(*edge);
            way += length * (to - from).max(0.0);
            ends.push((way, if length > 0.0 { f64::from(self.costs.edge(*edge)) / length } else { 0.0 }));
        }
        let (mut way, mut at) = (0.0, 0);
        let piece = |pair: &[Position]| {
            let metres = distance_m(pair[0].into(), pair[1].into());
            let middle = way + metres / 2.0;
            way += metres;
            while at < last && ends[at].0 < middle {
                at += 1;
            }
            (metres, metres * ends[at].1)
        };
        route.geometry.windows(2).map(piece).collect()
    }

    /// The route that a way in the turn-expanded graph is.
    pub(crate) fn trace(&self, leg: &Leg, from: &Snap, to: &Snap) -> Route {
        let turns = &self.roads.turns;
        let mut taken = Vec::with_capacity(leg.way.vertices.len());
        let mut edges = Vec::with_capacity(leg.way.vertices.len() + 1);
        let mut vertex = leg.first;
        edges.push(Edge(vertex));
        for next in &leg.way.vertices {
            taken.extend(turn_to(turns, self.costs, vertex, *next));
            edges.push(turns.edge(*next));
            vertex = *next;
        }
        self.build(leg.way.cost, edges, taken, from, to)
    }

    fn build(&self, cost: Cost, edges: Vec<Edge>, turns: Vec<u32>, from: &Snap, to: &Snap) -> Route {
        let network = &self.roads.network;
        let share = |edge: Edge, snap: &Snap| snap.edges()[edge.direction()].1;
        let (first, last) = (edges[0], edges[edges.len() - 1]);
        let shares = (share(first, from), share(last, to));
        let all: f64 = edges.iter().map(|edge| network.length_m(*edge)).sum();
        let cut = network.length_m(first) * shares.0 + network.length_m(last) * (1.0 - shares.1);
        let price: u64 = turns.iter().map(|turn| u64::from(self.costs.price(*turn as usize))).sum();
        Route {
            cost,
            duration_ms: u64::from(cost).saturating_sub(price),
            distance_m: (all - cut).max(0.0),
            geometry: line(network, &edges, shares, from.position.into(), to.position.into()),
            edges,
            shares,
            turns,
        }
    }
}

impl Route {
    /// The cost added up anew from its edges and turns: equal to [`Self::cost`].
    pub fn cost_of_parts(&self, costs: &Costs) -> Cost {
        let last = self.edges.len() - 1;
        let whole: Cost = self.edges[..last].iter().map(|edge| costs.edge(*edge)).sum();
        let turns: Cost = self.turns.iter().map(|turn| costs.turn(*turn as usize)).sum();
        let (start, end) =
            (part(costs.edge(self.edges[0]), self.shares.0), part(costs.edge(self.edges[last]), self.shares.1));
        (whole + turns + end).saturating_sub(start)
    }
}

/// The cheapest turn between two vertices.
pub(crate) fn turn_to(turns: &Turns, costs: &Costs, from: u32, to: u32) -> Option<u32> {
    let ways = turns.out(from).filter(|turn| turns.turn(*turn).to == to);
    ways.min_by_key(|turn| costs.turn(*turn)).map(|turn| turn as u32)
}

/// The line along edges, from a share of the first to a share of the last, without positions that repeat.
fn line(network: &Network, edges: &[Edge], shares: (f64, f64), start: Point, end: Point) -> Vec<Position> {
    let mut line: Vec<Position> = Vec::with_capacity(8 * edges.len());
    let mut put = |point: Point| {
        let position = Position::from(point);
        if line.last() != Some(&position) {
            line.push(position);
        }
    };
    put(start);
    let last = edges.len() - 1;
    for (at, edge) in edges.iter().enumerate() {
        if at > 0 && at < last {
            network.points_of(*edge).for_each(&mut put);
            continue;
        }
        let length = network.length_m(*edge);
        let after = if at == 0 { shares.0 * length } else { 0.0 };
        let until = if at == last { shares.1 * length } else { f64::INFINITY };
        let (mut way, mut before) = (0.0, None);
        for point in network.points_of(*edge) {
            way += before.map_or(0.0, |before| distance_m(before, point));
            before = Some(point);
            if way > after && way < until {
                put(point);
            }
        }
    }
    put(end);
    if line.len() == 1 {
        line.push(end.into());
    }
    line
}
