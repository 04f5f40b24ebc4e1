//! Roads while they are drawn: main roads first, then streets that grow from them until a settlement is full. Growth in the
//! manner of Y. Parish and P. Müller, "Procedural Modeling of Cities" (SIGGRAPH 2001): tips advance, meet what is there,
//! or end; without their grammar.

use super::names;
use super::roads::{Class, Way};
use super::water::Rivers;
use crate::draw::Draw;
use crate::plane::Point;
use hashbrown::HashMap;
use std::collections::VecDeque;
use std::f64::consts::{FRAC_PI_2, TAU};

/// Metres that a street advances at a time, about.
const STEP: f64 = 92.0;
/// A street that comes this near to a crossing joins it. Metres.
const JOIN: f64 = 48.0;
/// Metres of a cell of the draft's index.
const CELL: f64 = 150.0;
/// Metres from the water to each end of a bridge.
const ABUTMENT: f64 = 28.0;

/// The end of a street that may go on.
struct Tip {
    node: u32,
    direction: f64,
    way: Option<usize>,
    class: Class,
}

/// Roads in the making.
pub struct Draft<'a> {
    pub nodes: Vec<Point>,
    pub ways: Vec<Way>,
    rivers: &'a Rivers,
    node_cells: HashMap<(i32, i32), Vec<u32>>,
    edge_cells: HashMap<(i32, i32), Vec<(u32, u32)>>,
    streets: usize,
}

fn cell(at: Point) -> (i32, i32) {
    ((at.x / CELL).floor() as i32, (at.y / CELL).floor() as i32)
}

/// The share of a stretch at which another one crosses it.
fn crossing(a: Point, b: Point, c: Point, d: Point) -> Option<f64> {
    let cross = |p: Point, q: Point| p.x * q.y - p.y * q.x;
    let (r, s, w) =
        (Point::new(b.x - a.x, b.y - a.y), Point::new(d.x - c.x, d.y - c.y), Point::new(c.x - a.x, c.y - a.y));
    let area = cross(r, s);
    if area == 0.0 {
        return None;
    }
    let (t, u) = (cross(w, s) / area, cross(w, r) / area);
    ((0.0..=1.0).contains(&t) && (0.0..=1.0).contains(&u)).then_some(t)
}

impl<'a> Draft<'a> {
    pub fn new(rivers: &'a Rivers) -> Self {
        Self {
            nodes: Vec::new(),
            ways: Vec::new(),
            rivers,
            node_cells: HashMap::new(),
            edge_cells: HashMap::new(),
            streets: 0,
        }
    }

    pub fn node(&mut self, at: Point) -> u32 {
        let number = self.nodes.len() as u32;
        self.nodes.push(at);
        self.node_cells.entry(cell(at)).or_default().push(number);
        number
    }

    fn edge(&mut self, a: u32, b: u32) {
        let (from, to) = (cell(self.nodes[a as usize]), cell(self.nodes[b as usize]));
        for x in from.0.min(to.0)..=from.0.max(to.0) {
            for y in from.1.min(to.1)..=from.1.max(to.1) {
                self.edge_cells.entry((x, y)).or_default().push((a, b));
            }
        }
    }

    fn way(&mut self, name: &str, class: Class, bridge: bool, nodes: Vec<u32>) {
        for pair in nodes.windows(2) {
            self.edge(pair[0], pair[1]);
        }
        let speed = if bridge { class.speed().min(50.0) } else { class.speed() };
        self.ways.push(Way { name: name.to_owned(), class, speed, bridge, nodes });
    }

    /// Where a stretch crosses water, as the share along it.
    fn water_between(&self, a: Point, b: Point) -> Option<f64> {
        let stretches = self.rivers.reaches.iter().flat_map(|reach| reach.line.windows(2));
        stretches.filter_map(|pair| crossing(a, b, pair[0], pair[1])).min_by(f64::total_cmp)
    }

    /// A main road along points, begun at a node that is there. Where it crosses water there is a bridge, a way of its own.
    pub fn main_road(&mut self, name: &str, class: Class, start: u32, points: &[Point]) {
        let mut nodes = vec![start];
        let mut at = self.nodes[start as usize];
        for point in points {
            while let Some(share) = self.water_between(at, *point) {
                let direction = at.direction(*point);
                let water = at.toward(*point, share);
                let (near, far) = (water.off(direction, -ABUTMENT), water.off(direction, ABUTMENT));
                let first = self.node(near);
                let second = self.node(far);
                nodes.push(first);
                self.way(name, class, false, std::mem::take(&mut nodes));
                self.way(&format!("{name} bridge"), class, true, vec![first, second]);
                nodes.push(second);
                at = far;
                if at.to(*point) < ABUTMENT {
                    break;
                }
            }
            let next = self.node(*point);
            nodes.push(next);
            at = *point;
        }
        if nodes.len() > 1 {
            self.way(name, class, false, nodes);
        }
    }

    /// The nearest node to a place.
    pub fn nearest(&self, at: Point) -> u32 {
        let near = (0..).zip(&self.nodes).map(|(number, node)| (node.to(at), number));
        near.min_by(|a, b| a.0.total_cmp(&b.0)).map_or(0, |(_, number)| number)
    }

    fn near(&self, at: Point, metres: f64, but: u32) -> Option<u32> {
        let (x, y) = cell(at);
        let around = (x - 1..=x + 1).flat_map(|x| (y - 1..=y + 1).map(move |y| (x, y)));
        let nodes = around.filter_map(|cell| self.node_cells.get(&cell)).flatten().copied();
        let near = nodes.filter(|n| *n != but).map(|n| (self.nodes[n as usize].to(at), n));
        near.filter(|(far, _)| *far < metres).min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, n)| n)
    }

    fn crosses(&self, from: u32, to: Point, but: u32) -> bool {
        let a = self.nodes[from as usize];
        let (low, high) = (cell(a), cell(to));
        let around = (low.0.min(high.0)..=low.0.max(high.0))
            .flat_map(|x| (low.1.min(high.1)..=low.1.max(high.1)).map(move |y| (x, y)));
        around.filter_map(|cell| self.edge_cells.get(&cell)).flatten().any(|(c, d)| {
            let own = *c == from || *d == from || *c == but || *d == but;
            !own && crossing(a, to, self.nodes[*c as usize], self.nodes[*d as usize]).is_some()
        })
    }

    /// Lets streets grow from the main roads within a settlement until about so many nodes are added.
    pub fn streets(&mut self, draw: &mut Draw, settlement: &str, middle: Point, radius: f64, target: usize) {
        let begun = self.nodes.len();
        let mut tips = VecDeque::new();
        for node in 0..self.nodes.len() as u32 {
            if self.nodes[node as usize].to(middle) < radius {
                let base = draw.between(0.0, TAU);
                for turn in [0.0, FRAC_PI_2, 2.0 * FRAC_PI_2, 3.0 * FRAC_PI_2] {
                    tips.push_back(Tip { node, direction: base + turn, way: None, class: Class::Tertiary });
                }
            }
        }
        while let Some(tip) = tips.pop_front() {
            if self.nodes.len() - begun >= target {
                break;
            }
            let at = self.nodes[tip.node as usize];
            let direction = tip.direction + draw.normal() * 0.09;
            let to = at.off(direction, STEP * draw.between(0.8, 1.25));
            if to.to(middle) > radius * draw.between(0.85, 1.1) || self.water_between(at, to).is_some() {
                continue;
            }
            let met = self.near(to, JOIN, tip.node);
            let (end, new) = match met {
                Some(node) => (node, false),
                None => (u32::MAX, true),
            };
            let target_point = if new { to } else { self.nodes[end as usize] };
            let straight = at.to(target_point) > 20.0;
            if !straight || self.crosses(tip.node, target_point, end) || (!new && self.joined(tip.node, end)) {
                continue;
            }
            let end = if new { self.node(to) } else { end };
            self.edge(tip.node, end);
            let way = match tip.way {
                Some(way) => {
                    self.ways[way].nodes.push(end);
                    way
                }
                None => {
                    let name = names::street(self.streets, settlement);
                    self.streets += 1;
                    let nodes = vec![tip.node, end];
                    self.ways.push(Way { name, class: tip.class, speed: tip.class.speed(), bridge: false, nodes });
                    self.ways.len() - 1
                }
            };
            if !new {
                continue;
            }
            tips.push_back(Tip { node: end, direction, way: Some(way), class: tip.class });
            for side in [FRAC_PI_2, -FRAC_PI_2] {
                if draw.chance(0.45) {
                    let class = if draw.chance(0.08) { Class::Tertiary } else { Class::Residential };
                    tips.push_back(Tip { node: end, direction: direction + side, way: None, class });
                }
            }
        }
    }

    fn joined(&self, a: u32, b: u32) -> bool {
        let found = self.edge_cells.get(&cell(self.nodes[a as usize]));
        found.into_iter().flatten().any(|(c, d)| (*c == a && *d == b) || (*c == b && *d == a))
    }
}
