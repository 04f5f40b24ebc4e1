//! A hierarchy with weights: the customisation, which makes it know today's costs. Answers no queries.
//!
//! Three steps, in the terms of Dibbelt, Strasser and Wagner (2016). *Basic*: each arc's weight is the least over its turns and its
//! lower triangles, from the lowest vertex up. *Perfect*: the same over all triangles from the highest vertex down, which makes every weight the
//! true distance. *Pruning*: an arc that the second step made cheaper is on no best path that could not do without it, and an arc
//! without a way in one direction is none in it; what is left is small, and queries search only that.

use crate::costs::{Cost, Costs, FOREVER};
use crate::hierarchy::{Hierarchy, NONE};
use crate::turns::Turns;

/// An arc that queries use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arc {
    /// The higher vertex.
    pub(crate) head: u32,
    pub(crate) weight: Cost,
    /// The arc of the hierarchy.
    pub(crate) arc: u32,
}

/// The arcs that queries use, of one direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Side {
    first: Vec<u32>,
    arcs: Vec<Arc>,
}

impl Side {
    pub(crate) fn of(&self, v: u32) -> &[Arc] {
        &self.arcs[self.first[v as usize] as usize..self.first[v as usize + 1] as usize]
    }
}

/// Weights of both directions of an arc, and the vertex in the middle of each, or [`NONE`] for a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Weight {
    /// From the lower vertex to the higher, and back.
    to: [Cost; 2],
    middle: [u32; 2],
}

/// Weights for a hierarchy.
#[derive(Clone, Debug)]
pub struct Metric {
    weights: Vec<Weight>,
    /// Weights made perfect; needed while customising only, kept so that it allocates nothing.
    perfect: Vec<[Cost; 2]>,
    /// Where among the arcs of the vertex at hand the one to each higher vertex is.
    place: Vec<u32>,
    pub(crate) up: Side,
    pub(crate) down: Side,
}

impl Metric {
    /// Customises a hierarchy for these costs.
    pub fn new(hierarchy: &Hierarchy, turns: &Turns, costs: &Costs) -> Self {
        let mut metric = Self {
            weights: Vec::new(),
            perfect: Vec::new(),
            place: vec![0; hierarchy.parent.len()],
            up: Side::default(),
            down: Side::default(),
        };
        metric.customise(hierarchy, turns, costs);
        metric
    }

    /// Customises anew, for other costs.
    pub fn customise(&mut self, hierarchy: &Hierarchy, turns: &Turns, costs: &Costs) {
        self.load(hierarchy, turns, costs);
        self.basic(hierarchy);
        self.perfect(hierarchy);
        self.prune(hierarchy);
    }

    fn load(&mut self, hierarchy: &Hierarchy, turns: &Turns, costs: &Costs) {
        self.weights.clear();
        self.weights.resize(hierarchy.arcs(), Weight { to: [FOREVER; 2], middle: [NONE; 2] });
        for vertex in 0..turns.vertices() as u32 {
            let from = turns.edge(vertex);
            for turn in turns.out(vertex) {
                let slot = hierarchy.slot[turn];
                if slot != NONE {
                    let weight = &mut self.weights[slot as usize / 2].to[slot as usize % 2];
                    *weight = costs.arc(from, turn).min(*weight);
                }
            }
        }
    }

    fn basic(&mut self, hierarchy: &Hierarchy) {
        for x in 0..hierarchy.parent.len() as u32 {
            self.find_places(hierarchy, x);
            // The arcs of lower vertices lie before those of x.
            let (lower, own) = self.weights.split_at_mut(hierarchy.up(x).start);
            for low in &hierarchy.low[hierarchy.down(x)] {
                let v = hierarchy.tail[*low as usize];
                let [out, back] = lower[*low as usize].to;
                if out == FOREVER && back == FOREVER {
                    continue;
                }
                // Higher neighbours of v beyond x are neighbours of x too: the graph is chordal.
                let beyond = *low as usize + 1..hierarchy.up(v).end;
                for (head, far) in hierarchy.head[beyond.clone()].iter().zip(&lower[beyond]) {
                    let weight = &mut own[self.place[*head as usize] as usize];
                    if back + far.to[0] < weight.to[0] {
                        (weight.to[0], weight.middle[0]) = (back + far.to[0], v);
                    }
                    if out + far.to[1] < weight.to[1] {
                        (weight.to[1], weight.middle[1]) = (out + far.to[1], v);
                    }
                }
            }
        }
    }

    fn perfect(&mut self, hierarchy: &Hierarchy) {
        self.perfect.clear();
        self.perfect.extend(self.weights.iter().map(|weight| weight.to));
        for x in (0..hierarchy.parent.len() as u32).rev() {
            self.find_places(hierarchy, x);
            // By now the arcs of x are perfect.
            let (lower, own) = self.perfect.split_at_mut(hierarchy.up(x).start);
            for low in &hierarchy.low[hierarchy.down(x)] {
                let v = hierarchy.tail[*low as usize];
                let mut near = lower[*low as usize];
                let beyond = *low as usize + 1..hierarchy.up(v).end;
                for (head, far) in hierarchy.head[beyond.clone()].iter().zip(&mut lower[beyond]) {
                    let side = own[self.place[*head as usize] as usize];
                    let before = *far;
                    *far = [before[0].min(near[0] + side[0]), before[1].min(side[1] + near[1])];
                    near = [near[0].min(before[0] + side[1]), near[1].min(side[0] + before[1])];
                }
                lower[*low as usize] = near;
            }
        }
    }

    /// Notes where among the arcs of a vertex the one to each higher neighbour is.
    fn find_places(&mut self, hierarchy: &Hierarchy, x: u32) {
        for (at, head) in hierarchy.head[hierarchy.up(x)].iter().enumerate() {
            self.place[*head as usize] = at as u32;
        }
    }

    fn prune(&mut self, hierarchy: &Hierarchy) {
        for (direction, side) in [&mut self.up, &mut self.down].into_iter().enumerate() {
            side.first.clear();
            side.first.push(0);
            side.arcs.clear();
            for v in 0..hierarchy.parent.len() as u32 {
                for arc in hierarchy.up(v) {
                    let weight = self.weights[arc].to[direction];
                    if weight < FOREVER && weight == self.perfect[arc][direction] {
                        side.arcs.push(Arc { head: hierarchy.head[arc], weight, arc: arc as u32 });
                    }
                }
                side.first.push(side.arcs.len() as u32);
            }
        }
    }

    /// Arcs that queries use, up and down.
    pub fn arcs(&self) -> (usize, usize) {
        (self.up.arcs.len(), self.down.arcs.len())
    }

    /// The vertex in the middle of an arc in a direction, or nothing for a turn.
    pub(crate) fn middle(&self, arc: u32, down: bool) -> Option<u32> {
        let middle = self.weights[arc as usize].middle[usize::from(down)];
        (middle != NONE).then_some(middle)
    }
}
