//! Dijkstra's algorithm on the turn-expanded graph: the plain truth that the hierarchy is held to, and the search of map
//! matching, which looks a few hundred metres around. Knows no hierarchy.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::costs::{Cost, Costs, FOREVER};
use crate::hierarchy::NONE;
use crate::search::Way;
use crate::terminal::Seeds;
use crate::turns::Turns;

/// Costs and ways of a search, blank between searches.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    cost: Vec<Cost>,
    before: Vec<u32>,
    touched: Vec<u32>,
    queue: BinaryHeap<Reverse<(Cost, u32)>>,
}

impl Labels {
    /// Searches from the seeds up to a cost, or until `settled` says that it is enough.
    pub(crate) fn search(
        &mut self,
        turns: &Turns,
        costs: &Costs,
        starts: &Seeds,
        limit: Cost,
        mut settled: impl FnMut(u32, Cost) -> bool,
    ) {
        for vertex in self.touched.drain(..) {
            self.cost[vertex as usize] = FOREVER;
        }
        self.cost.resize(turns.vertices(), FOREVER);
        self.before.resize(turns.vertices(), NONE);
        self.queue.clear();
        for seed in starts {
            self.improve(seed.vertex, seed.cost, NONE);
        }
        while let Some(Reverse((cost, vertex))) = self.queue.pop() {
            if cost > self.cost[vertex as usize] {
                continue;
            }
            if cost > limit || !settled(vertex, cost) {
                break;
            }
            let from = turns.edge(vertex);
            for turn in turns.out(vertex) {
                let step = costs.arc(from, turn);
                if step < FOREVER {
                    self.improve(turns.turn(turn).to, cost.saturating_add(step), vertex);
                }
            }
        }
    }

    fn improve(&mut self, vertex: u32, cost: Cost, before: u32) {
        let known = &mut self.cost[vertex as usize];
        if cost < *known {
            if *known == FOREVER {
                self.touched.push(vertex);
            }
            *known = cost;
            self.before[vertex as usize] = before;
            self.queue.push(Reverse((cost, vertex)));
        }
    }

    /// The cost to the beginning of a vertex.
    pub(crate) fn cost(&self, vertex: u32) -> Cost {
        self.cost[vertex as usize]
    }

    /// The vertices of the way to a vertex, itself last.
    pub(crate) fn vertices(&self, mut vertex: u32) -> Vec<u32> {
        let mut found = vec![vertex];
        while self.before[vertex as usize] != NONE {
            vertex = self.before[vertex as usize];
            found.push(vertex);
        }
        found.reverse();
        found
    }

    /// The best way from any start to any end.
    pub(crate) fn way(&mut self, turns: &Turns, costs: &Costs, starts: &Seeds, ends: &Seeds) -> Option<Way> {
        let mut best: Option<(Cost, usize)> = None;
        self.search(turns, costs, starts, FOREVER, |vertex, cost| {
            for (number, end) in ends.iter().enumerate().filter(|(_, end)| end.vertex == vertex) {
                let both = cost.saturating_add(end.cost);
                if both < FOREVER && best.is_none_or(|(least, _)| both < least) {
                    best = Some((both, number));
                }
            }
            best.is_none_or(|(least, _)| cost < least)
        });
        let (cost, end) = best?;
        let vertices = self.vertices(ends[end].vertex);
        let is_first = |seed: &crate::terminal::Seed| seed.vertex == vertices[0] && seed.cost == self.cost(vertices[0]);
        let start = starts.iter().position(is_first)?;
        Some(Way { cost, seeds: (start, end), vertices })
    }
}
