//! The hierarchy without its metric: what a customisable contraction hierarchy computes once for a network, whatever
//! speeds, closures and rules may come. Holds no weights.
//!
//! Dibbelt, Strasser and Wagner, Customizable Contraction Hierarchies, Journal of Experimental Algorithmics 21 (2016):
//! vertices are contracted in the order of a nested dissection, and every two higher neighbours of a contracted vertex are
//! joined. What comes out is a chordal graph, so that the higher neighbours of a vertex all know each other, and the lowest
//! of them is its parent in the elimination tree: all that a search from a vertex can reach are its ancestors.

use crate::network::Network;
use crate::order::ranks;
use crate::turns::Turns;

/// No arc, no vertex.
pub(crate) const NONE: u32 = u32::MAX;

/// A chordal graph over vertices by rank, and where in it the turns are.
#[derive(Clone, Debug)]
pub struct Hierarchy {
    /// The rank of each vertex of [`Turns`].
    pub(crate) rank: Vec<u32>,
    /// The vertex of each rank.
    pub(crate) vertex: Vec<u32>,
    /// The arcs of a vertex to higher ones: `first[v]..first[v + 1]` of `head`, ascending.
    pub(crate) first: Vec<u32>,
    pub(crate) head: Vec<u32>,
    pub(crate) tail: Vec<u32>,
    /// The arcs of a vertex from lower ones: `first_low[v]..first_low[v + 1]` of `low`, arcs by number.
    pub(crate) first_low: Vec<u32>,
    pub(crate) low: Vec<u32>,
    /// The parent of each vertex in the elimination tree, or [`NONE`].
    pub(crate) parent: Vec<u32>,
    /// For each turn twice its arc, plus one if it leads down; [`NONE`] for turns back into the same vertex.
    pub(crate) slot: Vec<u32>,
}

impl Hierarchy {
    /// Orders and contracts.
    pub fn new(network: &Network, turns: &Turns) -> Self {
        Self::contract(ranks(network, turns), turns)
    }

    fn contract(rank: Vec<u32>, turns: &Turns) -> Self {
        let n = rank.len();
        let mut vertex = vec![0; n];
        rank.iter().enumerate().for_each(|(v, rank)| vertex[*rank as usize] = v as u32);
        let mut higher: Vec<Vec<u32>> = vec![Vec::new(); n];
        for from in 0..n as u32 {
            for turn in turns.out(from) {
                let (a, b) = (rank[from as usize], rank[turns.turn(turn).to as usize]);
                if a != b {
                    higher[a.min(b) as usize].push(a.max(b));
                }
            }
        }
        let mut parent = vec![NONE; n];
        for v in 0..n {
            let mut own = std::mem::take(&mut higher[v]);
            own.sort_unstable();
            own.dedup();
            if let Some((up, rest)) = own.split_first() {
                parent[v] = *up;
                higher[*up as usize].extend(rest);
            }
            higher[v] = own;
        }
        let mut first = Vec::with_capacity(n + 1);
        first.push(0);
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        for (v, higher) in higher.into_iter().enumerate() {
            tail.resize(tail.len() + higher.len(), v as u32);
            head.extend(higher);
            first.push(head.len() as u32);
        }
        let mut hierarchy =
            Self { rank, vertex, first, head, tail, first_low: Vec::new(), low: Vec::new(), parent, slot: Vec::new() };
        hierarchy.index_low();
        hierarchy.place_turns(turns);
        hierarchy
    }

    fn index_low(&mut self) {
        self.first_low = vec![0; self.first.len()];
        self.head.iter().for_each(|head| self.first_low[*head as usize + 1] += 1);
        for at in 1..self.first_low.len() {
            self.first_low[at] += self.first_low[at - 1];
        }
        let mut next = self.first_low.clone();
        self.low = vec![0; self.head.len()];
        for (arc, head) in self.head.iter().enumerate() {
            self.low[next[*head as usize] as usize] = arc as u32;
            next[*head as usize] += 1;
        }
    }

    fn place_turns(&mut self, turns: &Turns) {
        self.slot = Vec::with_capacity(turns.len());
        for from in 0..turns.vertices() as u32 {
            for turn in turns.out(from) {
                let (a, b) = (self.rank[from as usize], self.rank[turns.turn(turn).to as usize]);
                let slot = self.arc(a.min(b), a.max(b)).map_or(NONE, |arc| 2 * arc + u32::from(a > b));
                self.slot.push(slot);
            }
        }
    }

    /// The arc from a vertex to a higher one.
    pub(crate) fn arc(&self, low: u32, high: u32) -> Option<u32> {
        let arcs = self.up(low);
        let start = arcs.start;
        self.head[arcs].binary_search(&high).ok().map(|at| (start + at) as u32)
    }

    /// The arcs of a vertex to higher ones.
    pub(crate) fn up(&self, v: u32) -> std::ops::Range<usize> {
        self.first[v as usize] as usize..self.first[v as usize + 1] as usize
    }

    /// The arcs of a vertex from lower ones, as a range of `low`.
    pub(crate) fn down(&self, v: u32) -> std::ops::Range<usize> {
        self.first_low[v as usize] as usize..self.first_low[v as usize + 1] as usize
    }

    /// Arcs, those between neighbours in the graph and those that contraction added.
    pub fn arcs(&self) -> usize {
        self.head.len()
    }

    /// Vertices that a search meets at most: the height of the elimination tree.
    pub fn height(&self) -> usize {
        let mut depth = vec![0_usize; self.parent.len()];
        for v in (0..self.parent.len()).rev() {
            depth[v] = 1 + if self.parent[v] == NONE { 0 } else { depth[self.parent[v] as usize] };
        }
        depth.into_iter().max().unwrap_or(0)
    }
}
