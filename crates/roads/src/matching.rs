//! Map matching: the roads that a trace of positions most likely came along, by a hidden Markov model and Viterbi's algorithm (Newson and Krumm, Hidden
//! Markov Map Matching Through Noise and Sparseness, ACM SIGSPATIAL 2009). Knows no vehicle and keeps no trace.

use belfry_kernel::Position;

use crate::costs::{Cost, FOREVER};
use crate::network::Edge;
use crate::plane::{Point, distance_m};
use crate::router::Router;
use crate::search::Workspace;
use crate::snap::Snap;
use crate::terminal::{Seed, Seeds, metres, part};

/// One position of a trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fix {
    /// Where.
    pub position: Position,
}

/// The model's numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matching {
    /// Standard deviation of a position, metres (the paper's sigma).
    pub noise_m: f64,
    /// Scale of the difference between the way by road and through the air, metres (the paper's beta).
    pub detour_m: f64,
    /// Metres within which roads are looked for.
    pub radius_m: f64,
    /// Links looked at for each position.
    pub candidates: usize,
}

impl Default for Matching {
    fn default() -> Self {
        Self { noise_m: 8.0, detour_m: 15.0, radius_m: 60.0, candidates: 6 }
    }
}

/// What a position was matched to.
#[derive(Clone, Debug, PartialEq)]
pub struct Matched {
    /// The place on the road.
    pub snap: Snap,
    /// The edge that was driven.
    pub edge: Edge,
    /// The edges from the position before to this one, both ends included; only this edge where a new piece begins.
    pub way: Vec<Edge>,
    /// Whether no way leads here from the position before.
    pub begins: bool,
}

/// A place that a position may belong to, with the best history that ends in it.
struct State {
    edge: Edge,
    share: f64,
    snap: Snap,
    /// Logarithm of the likelihood.
    score: f64,
    before: Option<usize>,
    way: Vec<Edge>,
}

/// Metres beyond the way through the air that a way by road may have, and how many times as long it may be.
const DETOUR_M: f64 = 500.0;
const DETOUR: f64 = 4.0;

/// The slowest that a trace is thought to go, metres a second: what bounds the search in time.
const SLOWEST_M_S: f64 = 3.0;

impl Router<'_> {
    /// Matches a trace, position by position in order; `None` where no road is near. At a gap the trace begins anew.
    pub fn match_trace(&self, workspace: &mut Workspace, trace: &[Fix], matching: &Matching) -> Vec<Option<Matched>> {
        let mut columns: Vec<Vec<State>> = Vec::with_capacity(trace.len());
        let mut last: Option<usize> = None;
        for (at, fix) in trace.iter().enumerate() {
            let mut states = self.states(fix, matching);
            if let Some(before) = last {
                let air = distance_m(trace[before].position.into(), Point::from(fix.position));
                self.transit(workspace, &columns[before], &mut states, air, matching);
            }
            if !states.is_empty() {
                // Where nothing joins, every place may be the beginning of a new piece.
                if states.iter().any(|state| state.before.is_some()) {
                    states.retain(|state| state.before.is_some());
                }
                last = Some(at);
            }
            columns.push(states);
        }
        backtrack(columns)
    }

    fn states(&self, fix: &Fix, matching: &Matching) -> Vec<State> {
        let found = self.candidates(fix.position, matching.radius_m, matching.candidates.clamp(1, 32));
        let state = |snap: &Snap, edge: Edge, share: f64| State {
            edge,
            share,
            snap: *snap,
            score: -0.5 * (snap.distance_m / matching.noise_m.max(0.1)).powi(2),
            before: None,
            way: vec![edge],
        };
        let all = found.unwrap_or_default();
        let edges = all.iter().flat_map(|snap| snap.edges().map(|(edge, share)| (snap, edge, share)));
        edges
            .filter(|(_, edge, _)| self.costs.edge(*edge) < FOREVER)
            .map(|(s, edge, share)| state(s, edge, share))
            .collect()
    }

    /// Joins each state to the best one before it, if any way is short enough.
    fn transit(
        &self,
        workspace: &mut Workspace,
        before: &[State],
        states: &mut [State],
        air: f64,
        matching: &Matching,
    ) {
        let mut best: Vec<Option<(f64, usize, Vec<Edge>)>> = states.iter().map(|_| None).collect();
        for (number, from) in before.iter().enumerate() {
            self.reach_from(workspace, from, air);
            for (state, best) in states.iter().zip(&mut best) {
                let Some((metres, way)) = self.way_between(workspace, from, state) else { continue };
                if metres > DETOUR * air + DETOUR_M {
                    continue;
                }
                let score = from.score - (metres - air).abs() / matching.detour_m.max(0.1);
                if best.as_ref().is_none_or(|(known, ..)| score > *known) {
                    *best = Some((score, number, way));
                }
            }
        }
        for (state, best) in states.iter_mut().zip(best) {
            if let Some((score, before, way)) = best {
                state.score += score;
                state.before = Some(before);
                state.way = way;
            }
        }
    }

    /// Searches around a state, as far as the next position can be.
    fn reach_from(&self, workspace: &mut Workspace, from: &State, air: f64) {
        let cost = self.costs.edge(from.edge);
        let rest = cost - part(cost, from.share);
        let turns = &self.roads.turns;
        let seeds: Seeds = turns
            .out(from.edge.0)
            .filter(|turn| self.costs.turn(*turn) < FOREVER)
            .map(|turn| Seed { vertex: turns.turn(turn).to, cost: rest + self.costs.turn(turn), edge: from.edge })
            .collect();
        let seconds = (DETOUR * air + DETOUR_M) / SLOWEST_M_S;
        workspace.dijkstra.search(turns, self.costs, &seeds, (seconds * 1000.0) as Cost, |_, _| true);
    }

    /// Metres and edges of the way found from one state to another.
    fn way_between(&self, workspace: &Workspace, from: &State, to: &State) -> Option<(f64, Vec<Edge>)> {
        let network = &self.roads.network;
        if from.edge == to.edge && from.share <= to.share {
            return Some((metres(network, to.edge, to.share - from.share), vec![to.edge]));
        }
        let memory = &self.roads.memory;
        let start = memory.partition_point(|(of, _)| *of < to.edge.0);
        let further = memory[start..].iter().take_while(|(of, _)| *of == to.edge.0).map(|(_, vertex)| *vertex);
        let cost = |vertex: &u32| workspace.dijkstra.cost(*vertex);
        let vertex = further.chain([to.edge.0]).min_by_key(cost).filter(|vertex| cost(vertex) < FOREVER)?;
        let edges = workspace.dijkstra.vertices(vertex).into_iter().map(|vertex| self.roads.turns.edge(vertex));
        let way: Vec<Edge> = std::iter::once(from.edge).chain(edges).collect();
        let whole: f64 = way[1..way.len() - 1].iter().map(|edge| network.length_m(*edge)).sum();
        Some((metres(network, from.edge, 1.0 - from.share) + whole + metres(network, to.edge, to.share), way))
    }
}

/// The most likely history, read from its end.
fn backtrack(mut columns: Vec<Vec<State>>) -> Vec<Option<Matched>> {
    let mut matched: Vec<Option<Matched>> = columns.iter().map(|_| None).collect();
    let mut next: Option<usize> = None;
    for (column, matched) in columns.iter_mut().zip(&mut matched).rev() {
        let best = || column.iter().enumerate().max_by(|a, b| a.1.score.total_cmp(&b.1.score)).map(|(at, _)| at);
        if column.is_empty() {
            continue;
        }
        let Some(at) = next.or_else(best) else { continue };
        let state = column.swap_remove(at);
        next = state.before;
        *matched = Some(Matched { snap: state.snap, edge: state.edge, begins: state.before.is_none(), way: state.way });
    }
    matched
}
