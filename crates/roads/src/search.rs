//! The search in a hierarchy: from both ends up the elimination tree, to where they meet best; and the way back down to
//! the turns. Knows no geometry.

use crate::costs::{Cost, FOREVER};
use crate::hierarchy::{Hierarchy, NONE};
use crate::metric::{Metric, Side};
use crate::terminal::Seeds;

/// What is known of a vertex in a search.
#[derive(Clone, Copy, Debug)]
struct Label {
    cost: Cost,
    /// The vertex before it, or the number of the seed.
    before: u32,
    /// The arc from there, or [`NONE`] for a seed.
    arc: u32,
}

const BLANK: Label = Label { cost: FOREVER, before: NONE, arc: NONE };

/// One side of a search: labels of all vertices, blank between searches, and the vertices met, lowest first.
#[derive(Debug, Default)]
pub(crate) struct Climb {
    labels: Vec<Label>,
    met: Vec<u32>,
    /// Branches of the tree that have not joined yet.
    fronts: Vec<u32>,
}

impl Climb {
    /// Makes room, and forgets the search before.
    fn reset(&mut self, vertices: usize) {
        for v in self.met.drain(..) {
            self.labels[v as usize] = BLANK;
        }
        self.labels.resize(vertices, BLANK);
    }

    /// Goes up from the seeds. `visit` gets every vertex with a way to it, and says whether to go on from it.
    fn up(&mut self, hierarchy: &Hierarchy, side: &Side, seeds: &Seeds, mut visit: impl FnMut(u32, Cost) -> bool) {
        self.reset(hierarchy.parent.len());
        self.fronts.clear();
        for (number, seed) in seeds.iter().enumerate() {
            let v = hierarchy.rank[seed.vertex as usize];
            let label = &mut self.labels[v as usize];
            if seed.cost < label.cost {
                *label = Label { cost: seed.cost, before: number as u32, arc: NONE };
            }
            if !self.fronts.contains(&v) {
                self.fronts.push(v);
            }
        }
        while let Some(v) = self.fronts.iter().copied().min() {
            self.met.push(v);
            let cost = self.labels[v as usize].cost;
            if cost < FOREVER && visit(v, cost) {
                for arc in side.of(v) {
                    let label = &mut self.labels[arc.head as usize];
                    if cost + arc.weight < label.cost {
                        *label = Label { cost: cost + arc.weight, before: v, arc: arc.arc };
                    }
                }
            }
            self.step(v, hierarchy.parent[v as usize]);
        }
    }

    /// Moves the branch that is at a vertex to its parent, where it may join another.
    fn step(&mut self, from: u32, to: u32) {
        if let [front] = self.fronts[..] {
            debug_assert_eq!(front, from);
            if to == NONE { self.fronts.clear() } else { self.fronts[0] = to }
        } else if to == NONE || self.fronts.contains(&to) {
            self.fronts.retain(|front| *front != from);
        } else if let Some(front) = self.fronts.iter_mut().find(|front| **front == from) {
            *front = to;
        }
    }

    fn cost(&self, v: u32) -> Cost {
        self.labels[v as usize].cost
    }

    /// Every vertex met that there is a way to, with its cost.
    fn reached(&self) -> impl Iterator<Item = (u32, Cost)> + '_ {
        self.met.iter().map(|v| (*v, self.cost(*v))).filter(|(_, cost)| *cost < FOREVER)
    }
}

/// A way through the hierarchy: turns from a seed of the start to a seed of the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) cost: Cost,
    /// The seeds that it begins and ends with, by number.
    pub(crate) seeds: (usize, usize),
    /// The vertices in order, of [`crate::Turns`].
    pub(crate) vertices: Vec<u32>,
}

/// What searches need, kept between them so that they allocate nothing. One for each thread.
#[derive(Debug, Default)]
pub struct Workspace {
    forth: Climb,
    back: Climb,
    /// Arcs still to be opened.
    stack: Vec<(u32, u32, bool)>,
    pub(crate) dijkstra: crate::dijkstra::Labels,
    pub(crate) sweep: Vec<Cost>,
}

impl Workspace {
    /// The best way from any start to any end, if it is cheaper than `limit`: where it meets, and its cost.
    pub(crate) fn meet(
        &mut self,
        hierarchy: &Hierarchy,
        metric: &Metric,
        (starts, ends): (&Seeds, &Seeds),
        limit: Cost,
    ) -> Option<(u32, Cost)> {
        let (mut best, mut at) = (limit.min(FOREVER), None);
        self.forth.up(hierarchy, &metric.up, starts, |_, _| true);
        let forth = &self.forth;
        self.back.up(hierarchy, &metric.down, ends, |v, cost| {
            if cost >= best {
                return false;
            }
            let both = forth.cost(v).saturating_add(cost);
            if both < best {
                (best, at) = (both, Some(v));
            }
            true
        });
        at.map(|v| (v, best))
    }

    /// Vertices where the last search's sides met at less than `limit`, with the cost of the way over each, the cheapest first. For
    /// ways other than the best, the search must have had no limit below it.
    pub(crate) fn meetings(&self, limit: Cost) -> Vec<(u32, Cost)> {
        let over = |(v, cost): (u32, Cost)| (v, self.forth.cost(v).saturating_add(cost));
        let mut found: Vec<_> = self.back.reached().map(over).filter(|(_, cost)| *cost < limit).collect();
        found.sort_unstable_by_key(|(v, cost)| (*cost, *v));
        found
    }

    /// Goes up from the ends without looking for a start, so that [`Self::meetings`] sees all.
    pub(crate) fn climb_both(&mut self, hierarchy: &Hierarchy, metric: &Metric, starts: &Seeds, ends: &Seeds) {
        self.forth.up(hierarchy, &metric.up, starts, |_, _| true);
        self.back.up(hierarchy, &metric.down, ends, |_, _| true);
    }

    /// The costs from the starts to all that is above them, lowest first.
    pub(crate) fn climb_forth(
        &mut self,
        hierarchy: &Hierarchy,
        metric: &Metric,
        starts: &Seeds,
    ) -> impl Iterator<Item = (u32, Cost)> {
        self.forth.up(hierarchy, &metric.up, starts, |_, _| true);
        self.forth.reached()
    }

    /// The costs to the ends from all that is above them, lowest first.
    pub(crate) fn climb_back(
        &mut self,
        hierarchy: &Hierarchy,
        metric: &Metric,
        ends: &Seeds,
    ) -> impl Iterator<Item = (u32, Cost)> {
        self.back.up(hierarchy, &metric.down, ends, |_, _| true);
        self.back.reached()
    }

    /// The way of the last search over a vertex where its sides met.
    pub(crate) fn way(&mut self, hierarchy: &Hierarchy, metric: &Metric, (meeting, cost): (u32, Cost)) -> Way {
        let mut vertices = Vec::new();
        // Up from the start, found backwards; the arcs lie on the stack in the order in which they are to be opened.
        self.stack.clear();
        let mut v = meeting;
        while self.forth.labels[v as usize].arc != NONE {
            let label = self.forth.labels[v as usize];
            self.stack.push((label.before, label.arc, false));
            v = label.before;
        }
        let start = self.forth.labels[v as usize].before as usize;
        vertices.push(hierarchy.vertex[v as usize]);
        self.open(hierarchy, metric, &mut vertices);
        let mut v = meeting;
        while self.back.labels[v as usize].arc != NONE {
            let label = self.back.labels[v as usize];
            self.stack.push((label.before, label.arc, true));
            v = label.before;
            self.open(hierarchy, metric, &mut vertices);
        }
        Way { cost, seeds: (start, self.back.labels[v as usize].before as usize), vertices }
    }

    /// Opens the arcs on the stack, the last first, and adds the vertex at the end of each turn.
    fn open(&mut self, hierarchy: &Hierarchy, metric: &Metric, vertices: &mut Vec<u32>) {
        while let Some((low, arc, down)) = self.stack.pop() {
            let high = hierarchy.head[arc as usize];
            let Some(middle) = metric.middle(arc, down) else {
                vertices.push(hierarchy.vertex[if down { low } else { high } as usize]);
                continue;
            };
            // Both ends are higher neighbours of the middle.
            let (Some(to_low), Some(to_high)) = (hierarchy.arc(middle, low), hierarchy.arc(middle, high)) else {
                continue;
            };
            // First down to the middle, then up: from low to high, or from high to low.
            let (first, second) = if down { (to_high, to_low) } else { (to_low, to_high) };
            self.stack.push((middle, second, false));
            self.stack.push((middle, first, true));
        }
    }
}
