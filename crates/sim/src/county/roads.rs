//! Roads as a graph: nodes, segments between them, and the ways (streets) that segments belong to; the index of places; the
//! quickest way. Costs here are plain: time by class, closures. Turns and restrictions are the platform's router's.

use crate::plane::Point;
use hashbrown::HashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Metres of a cell of the index.
const CELL: f64 = 250.0;

/// What kind of road it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// To other counties.
    Trunk,
    /// Between settlements.
    Secondary,
    /// Through a quarter.
    Tertiary,
    /// To houses.
    Residential,
    /// To fields.
    Track,
}

impl Class {
    /// The tag of OpenStreetMap.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Trunk => "primary",
            Self::Secondary => "secondary",
            Self::Tertiary => "tertiary",
            Self::Residential => "residential",
            Self::Track => "track",
        }
    }

    /// Kilometres an hour when the road is free.
    pub fn speed(self) -> f32 {
        match self {
            Self::Trunk => 80.0,
            Self::Secondary => 60.0,
            Self::Tertiary => 50.0,
            Self::Residential => 30.0,
            Self::Track => 20.0,
        }
    }

    /// Vehicles an hour that it carries in one direction (Highway Capacity Manual's order of size).
    pub fn capacity(self) -> f32 {
        match self {
            Self::Trunk => 1_600.0,
            Self::Secondary => 1_100.0,
            Self::Tertiary => 800.0,
            Self::Residential => 350.0,
            Self::Track => 80.0,
        }
    }
}

/// A street, or a part of one that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// Its name.
    pub name: String,
    /// Its class.
    pub class: Class,
    /// Kilometres an hour allowed.
    pub speed: f32,
    /// Whether it is a bridge.
    pub bridge: bool,
    /// Its nodes, in order.
    pub nodes: Vec<u32>,
}

/// A stretch between two nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// One end.
    pub a: u32,
    /// The other.
    pub b: u32,
    /// The way that it is of.
    pub way: u32,
    /// Metres.
    pub length: f32,
}

/// The roads of a county.
#[derive(Clone, Debug, Default)]
pub struct Roads {
    /// Where nodes are.
    pub nodes: Vec<Point>,
    /// The stretches.
    pub segments: Vec<Segment>,
    /// The ways.
    pub ways: Vec<Way>,
    /// The middle of each way.
    pub middles: Vec<Point>,
    /// First place of each node in `arms`.
    first: Vec<u32>,
    /// Segments at nodes.
    arms: Vec<u32>,
    cells: HashMap<(i32, i32), Vec<u32>>,
    main_bridge: Option<u32>,
}

fn cell(at: Point) -> (i32, i32) {
    ((at.x / CELL).floor() as i32, (at.y / CELL).floor() as i32)
}

impl Roads {
    /// The graph of these nodes and ways.
    pub fn new(nodes: Vec<Point>, ways: Vec<Way>) -> Self {
        let mut segments = Vec::new();
        for (number, way) in (0..).zip(&ways) {
            for pair in way.nodes.windows(2) {
                let length = nodes[pair[0] as usize].to(nodes[pair[1] as usize]).max(0.1) as f32;
                segments.push(Segment { a: pair[0], b: pair[1], way: number, length });
            }
        }
        let mut count = vec![0_u32; nodes.len() + 1];
        for segment in &segments {
            count[segment.a as usize + 1] += 1;
            count[segment.b as usize + 1] += 1;
        }
        for i in 1..count.len() {
            count[i] += count[i - 1];
        }
        let (first, mut fill) = (count.clone(), count);
        let mut arms = vec![0; segments.len() * 2];
        let mut cells: HashMap<(i32, i32), Vec<u32>> = HashMap::new();
        for (number, segment) in (0_u32..).zip(&segments) {
            for end in [segment.a, segment.b] {
                arms[fill[end as usize] as usize] = number;
                fill[end as usize] += 1;
            }
            let (a, b) = (cell(nodes[segment.a as usize]), cell(nodes[segment.b as usize]));
            for x in a.0.min(b.0)..=a.0.max(b.0) {
                for y in a.1.min(b.1)..=a.1.max(b.1) {
                    cells.entry((x, y)).or_default().push(number);
                }
            }
        }
        let middle = |way: &Way| way.nodes.get(way.nodes.len() / 2).map_or(Point::default(), |n| nodes[*n as usize]);
        let middles: Vec<Point> = ways.iter().map(middle).collect();
        // The main bridge: of the widest class, the one nearest to the middle of the county.
        let bridges = (0..).zip(&ways).filter(|(_, way)| way.bridge);
        let main_bridge = bridges
            .min_by(|a, b| {
                let near = |n: u32| middles[n as usize].to(Point::default());
                (a.1.class, near(a.0)).partial_cmp(&(b.1.class, near(b.0))).unwrap_or(std::cmp::Ordering::Equal)
            })
            .map(|(number, _)| number);
        Self { nodes, segments, ways, middles, first, arms, cells, main_bridge }
    }

    /// The segments that end at a node.
    pub fn at(&self, node: u32) -> &[u32] {
        &self.arms[self.first[node as usize] as usize..self.first[node as usize + 1] as usize]
    }

    /// The way of a segment.
    pub fn way(&self, segment: u32) -> &Way {
        &self.ways[self.segments[segment as usize].way as usize]
    }

    /// The ends of a segment.
    pub fn ends(&self, segment: u32) -> (Point, Point) {
        let s = self.segments[segment as usize];
        (self.nodes[s.a as usize], self.nodes[s.b as usize])
    }

    /// The other end of a segment.
    pub fn other(&self, segment: u32, node: u32) -> u32 {
        let s = self.segments[segment as usize];
        if s.a == node { s.b } else { s.a }
    }

    /// The middle of the most important bridge, if there is one.
    pub fn main_bridge(&self) -> Option<Point> {
        self.main_bridge.map(|way| {
            let nodes = &self.ways[way as usize].nodes;
            let (a, b) = (nodes[(nodes.len() - 1) / 2], nodes[nodes.len() / 2]);
            self.nodes[a as usize].toward(self.nodes[b as usize], 0.5)
        })
    }

    /// The nearest segment, its distance and the share along it; none when there is no road within a few kilometres.
    pub fn nearest(&self, at: Point) -> Option<(u32, f64, f64)> {
        let (cx, cy) = cell(at);
        let mut best: Option<(u32, f64, f64)> = None;
        for ring in 0..24_i32 {
            // What lies in ring n is at least n - 1 cells away.
            if best.is_some_and(|(_, metres, _)| metres <= f64::from(ring - 1) * CELL) {
                break;
            }
            for x in cx - ring..=cx + ring {
                let inner = (x - cx).abs() != ring;
                let step = if inner && ring > 0 { (2 * ring) as usize } else { 1 };
                for y in (cy - ring..=cy + ring).step_by(step) {
                    for segment in self.cells.get(&(x, y)).into_iter().flatten() {
                        let (a, b) = self.ends(*segment);
                        let (metres, share) = at.to_stretch(a, b);
                        if best.is_none_or(|(number, m, _)| (metres, *segment) < (m, number)) {
                            best = Some((*segment, metres, share));
                        }
                    }
                }
            }
        }
        best
    }

    /// The nearest node.
    pub fn nearest_node(&self, at: Point) -> Option<u32> {
        let (segment, _, share) = self.nearest(at)?;
        let s = self.segments[segment as usize];
        Some(if share < 0.5 { s.a } else { s.b })
    }

    /// Segments within so many metres of a place.
    pub fn within(&self, at: Point, metres: f64) -> Vec<u32> {
        let (low, high) =
            (cell(Point::new(at.x - metres, at.y - metres)), cell(Point::new(at.x + metres, at.y + metres)));
        let mut found = Vec::new();
        for x in low.0..=high.0 {
            for y in low.1..=high.1 {
                found.extend(self.cells.get(&(x, y)).into_iter().flatten().copied().filter(|segment| {
                    let (a, b) = self.ends(*segment);
                    at.to_stretch(a, b).0 <= metres
                }));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The quickest way between two nodes over segments that `open` lets pass, as segments in order. Dijkstra (1959).
    pub fn path(&self, from: u32, to: u32, open: impl Fn(u32) -> bool) -> Option<Vec<u32>> {
        let mut reached: HashMap<u32, (u64, u32)> = HashMap::new();
        let mut heap = BinaryHeap::from([(Reverse(0_u64), from)]);
        reached.insert(from, (0, u32::MAX));
        while let Some((Reverse(cost), node)) = heap.pop() {
            if node == to {
                break;
            }
            if cost > reached[&node].0 {
                continue;
            }
            for segment in self.at(node).iter().copied().filter(|segment| open(*segment)) {
                let (next, more) = (self.other(segment, node), self.millis(segment));
                let cost = cost + more;
                if reached.get(&next).is_none_or(|(known, _)| cost < *known) {
                    reached.insert(next, (cost, segment));
                    heap.push((Reverse(cost), next));
                }
            }
        }
        let mut path = Vec::new();
        let mut node = to;
        while node != from {
            let (_, segment) = *reached.get(&node)?;
            path.push(segment);
            node = self.other(segment, node);
        }
        path.reverse();
        Some(path)
    }

    /// Milliseconds that a segment takes when it is free.
    pub fn millis(&self, segment: u32) -> u64 {
        let s = self.segments[segment as usize];
        (f64::from(s.length) * 3_600.0 / f64::from(self.ways[s.way as usize].speed.max(5.0))) as u64 + 1
    }

    /// The line of a path that begins at a node.
    pub fn line(&self, from: u32, path: &[u32]) -> Vec<Point> {
        let mut node = from;
        let mut line = vec![self.nodes[from as usize]];
        for segment in path {
            node = self.other(*segment, node);
            line.push(self.nodes[node as usize]);
        }
        line
    }
}
