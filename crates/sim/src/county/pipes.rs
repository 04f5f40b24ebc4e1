//! The water network: a tree of pipes under the roads from the water works' tank, in zones with a meter each. Sizes only;
//! pressure and flow are `process::network`'s.

use super::{County, PlaceKind, Roads, Terrain};
use crate::plane::Point;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Houses in a zone, about.
const ZONE: u32 = 400;
/// Litres a day that a house uses.
pub const LITRES_A_HOUSE: f64 = 420.0;
/// Metres to which water rises above the highest homes of a zone.
const ABOVE: f32 = 45.0;
/// The most junctions of pipes: beyond, outlying roads have wells.
const MAX_NODES: usize = 20_000;

/// A junction of pipes and the pipe that leads to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PipeNode {
    /// Where.
    pub at: Point,
    /// Metres above the sea.
    pub height: f32,
    /// The junction before it, an index smaller than its own; itself for the tank.
    pub parent: u32,
    /// Metres of the pipe from there.
    pub length: f32,
    /// Inner diameter, metres.
    pub diameter: f32,
    /// Houses served from here.
    pub houses: u32,
    /// Its zone.
    pub zone: u32,
    /// The segment of road above the pipe.
    pub segment: u32,
}

/// The network, from the tank outwards.
#[derive(Clone, Debug, Default)]
pub struct Pipes {
    /// The tank first; parents before children.
    pub nodes: Vec<PipeNode>,
    /// The first junction of each zone: its meter is in the pipe that leads there.
    pub zones: Vec<u32>,
    /// Metres above the sea to which water rises at the entry of each zone: a valve takes pressure off there, or a pump
    /// adds some, so that the zone's highest homes have enough and its lowest not too much.
    pub heads: Vec<f32>,
}

impl Pipes {
    /// The tree of quickest ways from the water works' node over all roads.
    pub(super) fn new(roads: &Roads, terrain: &Terrain, houses: &[super::House], works: u32) -> Self {
        let mut served = vec![0_u32; roads.nodes.len()];
        for house in houses {
            let segment = roads.segments[house.segment as usize];
            let near = |n: u32| roads.nodes[n as usize].to(house.at());
            let node = if near(segment.a) < near(segment.b) { segment.a } else { segment.b };
            served[node as usize] += 1;
        }
        if roads.nodes.is_empty() {
            return Self::default();
        }
        let mut number = vec![u32::MAX; roads.nodes.len()];
        let mut nodes: Vec<PipeNode> = Vec::new();
        let mut heap = BinaryHeap::from([(Reverse(0_u64), works, u32::MAX)]);
        while let Some((Reverse(so_far), node, by)) = heap.pop() {
            if number[node as usize] != u32::MAX || nodes.len() >= MAX_NODES {
                continue;
            }
            let own = nodes.len() as u32;
            number[node as usize] = own;
            let at = roads.nodes[node as usize];
            let (parent, length) = match by {
                u32::MAX => (own, 0.0),
                by => (number[roads.other(by, node) as usize], roads.segments[by as usize].length),
            };
            nodes.push(PipeNode {
                at,
                height: terrain.height(at) as f32,
                parent,
                length,
                diameter: 0.0,
                houses: served[node as usize],
                zone: 0,
                segment: by,
            });
            for segment in roads.at(node) {
                let next = roads.other(*segment, node);
                if number[next as usize] == u32::MAX {
                    heap.push((Reverse(so_far + roads.segments[*segment as usize].length as u64 + 1), next, *segment));
                }
            }
        }
        let mut pipes = Self { nodes, zones: Vec::new(), heads: Vec::new() };
        pipes.size();
        pipes.divide();
        pipes
    }

    /// Houses behind each junction, itself included.
    pub fn behind(&self) -> Vec<u32> {
        let mut behind: Vec<u32> = self.nodes.iter().map(|node| node.houses).collect();
        for i in (1..self.nodes.len()).rev() {
            behind[self.nodes[i].parent as usize] += behind[i];
        }
        behind
    }

    /// Gives each pipe the diameter for about 0.5 m/s at twice the mean demand, between 80 and 500 mm.
    fn size(&mut self) {
        let behind = self.behind();
        for (node, houses) in self.nodes.iter_mut().zip(behind) {
            let peak = f64::from(houses) * LITRES_A_HOUSE / 1_000.0 / 86_400.0 * 2.0;
            node.diameter = ((peak / 0.8 * 4.0 / std::f64::consts::PI).sqrt() * 1.25).clamp(0.08, 0.5) as f32;
        }
    }

    /// Cuts the tree into zones of some hundred houses, from the ends inwards.
    fn divide(&mut self) {
        if self.nodes.is_empty() {
            return;
        }
        let mut open: Vec<u32> = self.nodes.iter().map(|node| node.houses).collect();
        let mut heads = vec![0];
        for i in (1..self.nodes.len()).rev() {
            if open[i] >= ZONE {
                heads.push(i as u32);
            } else {
                open[self.nodes[i].parent as usize] += open[i];
            }
        }
        heads.sort_unstable();
        let mut zone_of = vec![0; self.nodes.len()];
        for i in 0..self.nodes.len() {
            zone_of[i] = match heads.binary_search(&(i as u32)) {
                Ok(zone) => zone as u32,
                Err(_) => zone_of[self.nodes[i].parent as usize],
            };
            self.nodes[i].zone = zone_of[i];
        }
        let mut highest: Vec<f32> = heads.iter().map(|head| self.nodes[*head as usize].height).collect();
        for node in self.nodes.iter().filter(|node| node.houses > 0) {
            let highest = &mut highest[node.zone as usize];
            *highest = highest.max(node.height);
        }
        self.heads = highest.into_iter().map(|height| height + ABOVE).collect();
        self.zones = heads;
    }

    /// The junction nearest to a place.
    pub fn nearest(&self, at: Point) -> Option<u32> {
        let near = (0..).zip(&self.nodes).map(|(number, node)| (node.at.to(at), number));
        near.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, number)| number)
    }
}

/// The node of the water works, or the first one.
pub(super) fn works(county: &County) -> u32 {
    county.places_of(PlaceKind::WaterWorks).next().map_or(0, |(_, place)| place.node)
}
