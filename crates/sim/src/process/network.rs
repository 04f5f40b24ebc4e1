//! Pressure and flow in the water network: demand adds up towards the tank, friction takes head on the way out (Hazen and
//! Williams), a leak is an emitter whose flow goes with the root of its pressure (EPANET's). A tree needs no iteration.
//! A step every five minutes.

use super::use_of_day;
use crate::county::County;
use crate::county::pipes::LITRES_A_HOUSE;
use crate::draw::{bell, hash};

/// Hazen-Williams coefficient of pipes that have served for some years.
const SMOOTHNESS: f64 = 120.0;
/// Share of the mean demand that is lost all the time, through joints.
const LOST: f64 = 0.06;
/// Metres of water in a bar.
const METRES_A_BAR: f64 = 10.197;

/// A leak.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leak {
    /// A number of the caller.
    pub id: u32,
    /// The junction.
    pub node: u32,
    /// Litres a second at 4 bar.
    pub size: f64,
}

/// The network's state.
#[derive(Clone, Debug)]
pub struct Network {
    seed: u64,
    leaks: Vec<Leak>,
    /// Bar at each junction.
    pressure: Vec<f32>,
    /// Litres a second in the pipe to each junction.
    flow: Vec<f32>,
    /// Litres a second that all homes draw, and that all leaks lose.
    drawn: f64,
    lost: f64,
}

impl Network {
    /// A network without leaks.
    pub fn new(county: &County, seed: u64) -> Self {
        let n = county.pipes.nodes.len();
        Self { seed, leaks: Vec::new(), pressure: vec![4.0; n], flow: vec![0.0; n], drawn: 0.0, lost: 0.0 }
    }

    /// Works pressure and flow out for a local second of a day; `knot` is a count of steps.
    pub fn step(&mut self, county: &County, second: u32, weekend: bool, knot: u64) {
        let nodes = &county.pipes.nodes;
        let use_now = use_of_day::water(f64::from(second) / 3_600.0, weekend);
        let a_house = LITRES_A_HOUSE / 86_400.0;
        self.drawn = 0.0;
        for (i, node) in nodes.iter().enumerate() {
            let vary = (1.0 + 0.10 * f64::from(bell(hash(self.seed, i as u64, knot)))).max(0.0);
            let demand = f64::from(node.houses) * a_house * (use_now * vary + LOST);
            self.drawn += demand;
            self.flow[i] = demand as f32;
        }
        self.lost = 0.0;
        for leak in &self.leaks {
            let bar = f64::from(self.pressure[leak.node as usize]).max(0.0);
            let flow = leak.size * (bar / 4.0).sqrt();
            self.lost += flow;
            self.flow[leak.node as usize] += flow as f32;
        }
        for i in (1..nodes.len()).rev() {
            self.flow[nodes[i].parent as usize] += self.flow[i];
        }
        // Heads, in metres, in a second pass outwards; kept as bar above the ground.
        let mut head = vec![0.0; nodes.len()];
        for (i, node) in nodes.iter().enumerate() {
            if county.pipes.zones[node.zone as usize] as usize == i {
                head[i] = f64::from(county.pipes.heads[node.zone as usize]);
            } else {
                let (q, d) = (f64::from(self.flow[i]) / 1_000.0, f64::from(node.diameter));
                let loss = 10.67 * f64::from(node.length) * (q / SMOOTHNESS).powf(1.852) / d.powf(4.87);
                head[i] = head[node.parent as usize] - loss;
            }
            self.pressure[i] = ((head[i] - f64::from(node.height)) / METRES_A_BAR).max(0.0) as f32;
        }
    }

    /// Bar at a junction.
    pub fn pressure(&self, node: u32) -> f64 {
        f64::from(self.pressure[node as usize])
    }

    /// Litres a second in the pipe that leads to a junction.
    pub fn flow(&self, node: u32) -> f64 {
        f64::from(self.flow[node as usize])
    }

    /// Litres a second that leave the tank, that homes draw (with what joints lose), and that leaks lose.
    pub fn balance(&self) -> (f64, f64, f64) {
        (self.flow.first().map_or(0.0, |flow| f64::from(*flow)), self.drawn, self.lost)
    }

    /// A pipe breaks.
    pub fn leak(&mut self, leak: Leak) {
        self.leaks.push(leak);
    }

    /// It is mended.
    pub fn mend(&mut self, id: u32) {
        self.leaks.retain(|leak| leak.id != id);
    }
}
