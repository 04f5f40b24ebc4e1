//! The turn-expanded graph: its vertices are edges of the network, its arcs turns from one edge to the next. Turn
//! restrictions over several edges need memory: such an edge has further vertices, one for each forbidden sequence that
//! was begun. Knows no costs and no order.
//!
//! The memory is the automaton of Aho and Corasick (Efficient String Matching, 1975) over edges as letters: a vertex
//! stands for the longest end of the path so far that is the beginning of a forbidden sequence. So every path in the graph
//! keeps every restriction, however they overlap.

use hashbrown::HashMap;

use crate::class::Classes;
use crate::network::{Edge, Network};
use crate::plane::turn_angle;
use crate::survey::barrier::Control;

/// A turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    /// The vertex that it leads to.
    pub(crate) to: u32,
    /// Degrees, -180 (left) to 180 (right).
    pub(crate) angle: i16,
    /// Who must not, by a turn restriction.
    pub(crate) banned: Classes,
    /// Who cannot, by what stands there.
    pub(crate) blocked: Classes,
    pub(crate) manner: Manner,
}

/// What is met in a turn, beside its angle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Back into the same link.
    pub(crate) u_turn: bool,
    /// At a dead end, or a place made for it.
    pub(crate) easy: bool,
    /// Three links or more meet.
    pub(crate) junction: bool,
    pub(crate) signals: bool,
    pub(crate) sign: bool,
    pub(crate) priority: Priority,
}

/// Whether others go first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Priority {
    #[default]
    Own,
    /// Onto a more important road, or into a roundabout.
    Merging,
    /// Across a more important road.
    Crossing,
}

/// Vertices and turns.
#[derive(Clone, Debug)]
pub struct Turns {
    /// The edge of each vertex. The first vertices are the edges themselves.
    edges: Vec<u32>,
    first: Vec<u32>,
    turns: Vec<Turn>,
}

impl Turns {
    /// Expands a network.
    pub fn new(network: &Network) -> Self {
        let memory = Memory::new(network);
        let mut turns = Self {
            edges: (0..network.edges() as u32).chain(memory.edges()).collect(),
            first: vec![0],
            turns: Vec::new(),
        };
        for vertex in 0..turns.edges.len() as u32 {
            let from = turns.edge(vertex);
            if network.is_drivable(from) {
                for to in network.leaving(network.head(from)) {
                    turns.turns.extend(turn(network, &memory, vertex, from, Edge(*to)));
                }
            }
            turns.first.push(turns.turns.len() as u32);
        }
        turns
    }

    /// Vertices: edges, and edges with a memory.
    pub fn vertices(&self) -> usize {
        self.edges.len()
    }

    /// Turns.
    pub fn len(&self) -> usize {
        self.turns.len()
    }

    /// Whether there is no turn at all.
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    pub(crate) fn edge(&self, vertex: u32) -> Edge {
        Edge(self.edges[vertex as usize])
    }

    /// The turns out of a vertex, as numbers.
    pub(crate) fn out(&self, vertex: u32) -> std::ops::Range<usize> {
        self.first[vertex as usize] as usize..self.first[vertex as usize + 1] as usize
    }

    pub(crate) fn turn(&self, at: usize) -> &Turn {
        &self.turns[at]
    }

    /// The vertices of an edge with a memory, beside the edge itself: (edge, vertex), by edge.
    pub(crate) fn with_memory(&self, edges: usize) -> Vec<(u32, u32)> {
        let mut found: Vec<_> = (edges as u32..self.edges.len() as u32).map(|v| (self.edges[v as usize], v)).collect();
        found.sort_unstable();
        found
    }
}

fn turn(network: &Network, memory: &Memory, vertex: u32, from: Edge, to: Edge) -> Option<Turn> {
    if !network.is_drivable(to) {
        return None;
    }
    let at = network.head(from);
    let junction = &network.junctions[at as usize];
    let classes = network.family.classes();
    let legs = network.leaving(at).len();
    let u_turn = to == from.reverse();
    let blocked = classes.minus(junction.pass);
    let easy = legs == 1 || junction.turning || !blocked.is_empty();
    if u_turn && legs == 2 && !easy {
        // In the middle of a road nobody turns around, unless some class cannot go on.
        let onward = network.leaving(at).iter().map(|edge| Edge(*edge)).find(|edge| *edge != to)?;
        let (here, there) = (network.road(from), network.road(onward));
        let ends = here.open[from.direction()].minus(there.open[onward.direction()]).and(classes);
        if ends.is_empty() {
            return None;
        }
    }
    let (next, banned) = memory.step(vertex, to.0);
    let banned = banned.and(classes);
    if banned == classes && classes.and(Classes::EMERGENCY).is_empty() {
        return None;
    }
    let angle = if u_turn { 180.0 } else { turn_angle(network.bearing_in(from), network.bearing_out(to)) };
    let manner = Manner {
        u_turn,
        easy,
        junction: legs > 2,
        signals: junction.control == Control::Signals,
        sign: matches!(junction.control, Control::Stop | Control::GiveWay),
        priority: priority(network, at, from, to),
    };
    // Turning around in front of a barrier is not passing it.
    let blocked = if u_turn { Classes::NONE } else { blocked };
    Some(Turn { to: next, angle: angle as i16, banned, blocked, manner })
}

fn priority(network: &Network, at: u32, from: Edge, to: Edge) -> Priority {
    let (own, next) = (network.road(from), network.road(to));
    if next.roundabout && !own.roundabout {
        return Priority::Merging;
    }
    if own.roundabout || network.leaving(at).len() < 3 {
        return Priority::Own;
    }
    let others =
        network.leaving(at).iter().map(|edge| Edge(*edge)).filter(|e| e.link() != from.link() && e.link() != to.link());
    let others = others.map(|edge| network.road(edge).kind.rank()).min().unwrap_or(u8::MAX);
    let (own, next) = (own.kind.rank(), next.kind.rank());
    match (own > others.min(next), next > others) {
        (false, _) => Priority::Own,
        (true, false) => Priority::Merging,
        (true, true) => Priority::Crossing,
    }
}

/// The automaton over forbidden sequences. Node 0 is the beginning.
struct Memory {
    nodes: Vec<Node>,
    children: HashMap<(u32, u32), u32>,
    /// The node of each vertex, where it has one.
    of_vertex: HashMap<u32, u32>,
}

struct Node {
    /// The edge that led here.
    edge: u32,
    depth: u32,
    /// The node of the longest proper end that is a beginning too.
    fail: u32,
    /// Whom a sequence that ends here binds, or one that is an end of it.
    banned: Classes,
    /// The vertex that stands for this node.
    vertex: u32,
}

impl Memory {
    fn new(network: &Network) -> Self {
        let root = Node { edge: u32::MAX, depth: 0, fail: 0, banned: Classes::NONE, vertex: u32::MAX };
        let mut memory = Self { nodes: vec![root], children: HashMap::new(), of_vertex: HashMap::new() };
        for forbidden in &network.forbidden {
            let mut node = 0;
            for edge in &forbidden.edges {
                node = memory.child_or_new(node, *edge);
            }
            let banned = &mut memory.nodes[node as usize].banned;
            *banned = banned.or(forbidden.classes);
        }
        memory.link();
        memory.give_vertices(network.edges() as u32);
        memory
    }

    fn child_or_new(&mut self, node: u32, edge: u32) -> u32 {
        if let Some(child) = self.children.get(&(node, edge)) {
            return *child;
        }
        let child = self.nodes.len() as u32;
        let depth = self.nodes[node as usize].depth + 1;
        self.nodes.push(Node { edge, depth, fail: 0, banned: Classes::NONE, vertex: u32::MAX });
        self.children.insert((node, edge), child);
        child
    }

    /// Sets where each node falls back to, shallow ones first.
    fn link(&mut self) {
        let mut links: Vec<_> = self.children.iter().map(|((parent, edge), child)| (*parent, *edge, *child)).collect();
        links.sort_unstable_by_key(|(_, _, child)| (self.nodes[*child as usize].depth, *child));
        for (parent, edge, child) in links {
            let fail = if parent == 0 { 0 } else { self.follow(self.nodes[parent as usize].fail, edge) };
            let banned = self.nodes[fail as usize].banned;
            let node = &mut self.nodes[child as usize];
            node.fail = fail;
            node.banned = node.banned.or(banned);
        }
    }

    /// The longest end of (path to node, edge) that is a beginning.
    fn follow(&self, mut node: u32, edge: u32) -> u32 {
        loop {
            if let Some(child) = self.children.get(&(node, edge)) {
                return *child;
            }
            if node == 0 {
                return 0;
            }
            node = self.nodes[node as usize].fail;
        }
    }

    /// A single edge is its own vertex; longer beginnings get new ones, whole sequences none.
    fn give_vertices(&mut self, edges: u32) {
        let mut has_children = vec![false; self.nodes.len()];
        self.children.keys().for_each(|(parent, _)| has_children[*parent as usize] = true);
        let mut next = edges;
        for (at, node) in self.nodes.iter_mut().enumerate().skip(1) {
            if node.depth == 1 {
                node.vertex = node.edge;
            } else if has_children[at] {
                node.vertex = next;
                next += 1;
            } else {
                continue;
            }
            self.of_vertex.insert(node.vertex, at as u32);
        }
    }

    /// Edges of the vertices with a memory, in the order of their numbers.
    fn edges(&self) -> impl Iterator<Item = u32> + '_ {
        self.nodes.iter().filter(|node| node.depth > 1 && node.vertex != u32::MAX).map(|node| node.edge)
    }

    /// From a vertex over an edge: the next vertex, and who must not go there.
    fn step(&self, vertex: u32, edge: u32) -> (u32, Classes) {
        let mut node = self.follow(self.of_vertex.get(&vertex).copied().unwrap_or(0), edge);
        let banned = self.nodes[node as usize].banned;
        while node != 0 && self.nodes[node as usize].vertex == u32::MAX {
            node = self.nodes[node as usize].fail;
        }
        (if node == 0 { edge } else { self.nodes[node as usize].vertex }, banned)
    }
}

#[cfg(test)]
mod tests;
