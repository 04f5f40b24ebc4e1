//! What edges and turns cost a class, now: its profile, the rules of the day, live speeds and closures. Plain tables over a
//! network and its turns; a [`crate::Metric`] carries them into the hierarchy.

use crate::class::Class;
use crate::network::{Edge, Network};
use crate::profile::{Profile, Rules, ZONE_S};
use crate::survey::kind::Kind;
use crate::turns::Turns;

/// A cost in milliseconds.
pub type Cost = u32;

/// No way. Two of them can be added.
pub const FOREVER: Cost = 1 << 30;

/// Costs of every edge and turn for one class.
#[derive(Clone, Debug)]
pub struct Costs {
    class: Class,
    rules: Rules,
    /// By edge, at least 1; [`FOREVER`] where the class may not.
    edges: Vec<Cost>,
    /// By turn.
    turns: Vec<Cost>,
    /// The part of a turn's cost that is no time: the price of a way through a zone.
    prices: Vec<Cost>,
    /// By edge, as it was before live changes.
    free: Vec<Cost>,
}

fn milliseconds(seconds: f32) -> Cost {
    // A conversion from a float saturates; what is not a number becomes 0.
    ((f64::from(seconds) * 1000.0).round() as u32).min(FOREVER - 1)
}

impl Costs {
    /// The costs without live changes.
    pub fn new(network: &Network, turns: &Turns, class: Class, rules: &Rules) -> Self {
        let profile = Profile::of(class);
        let edges: Vec<Cost> =
            (0..network.edges() as u32).map(|edge| edge_cost(network, &profile, Edge(edge), rules)).collect();
        let zone: Vec<bool> = (0..network.edges() as u32)
            .map(Edge)
            .map(|edge| network.road(edge).zone[edge.direction()].has(class))
            .collect();
        let (mut costs, mut prices) = (Vec::with_capacity(turns.len()), Vec::with_capacity(turns.len()));
        for vertex in 0..turns.vertices() as u32 {
            let from = turns.edge(vertex);
            for at in turns.out(vertex) {
                let turn = turns.turn(at);
                let to = turns.edge(turn.to);
                let banned = turn.blocked.has(class) || (rules.turn_bans && turn.banned.has(class));
                let price = if zone[to.index()] && !zone[from.index()] { milliseconds(ZONE_S) } else { 0 };
                let cost = milliseconds(profile.turn_s(turn.angle, turn.manner, rules)) + price;
                costs.push(if banned { FOREVER } else { cost });
                prices.push(price);
            }
        }
        Self { class, rules: *rules, free: edges.clone(), edges, turns: costs, prices }
    }

    /// The class that they are for.
    pub fn class(&self) -> Class {
        self.class
    }

    /// The rules that they follow.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Milliseconds of an edge; [`FOREVER`] where the class may not, or the edge is closed.
    pub fn edge(&self, edge: Edge) -> Cost {
        self.edges[edge.index()]
    }

    pub(crate) fn turn(&self, turn: usize) -> Cost {
        self.turns[turn]
    }

    /// The part of a turn's cost that is a price and no time.
    pub(crate) fn price(&self, turn: usize) -> Cost {
        self.prices[turn]
    }

    /// Whether the class may use the edge when nothing is closed.
    pub(crate) fn is_allowed(&self, edge: Edge) -> bool {
        self.free[edge.index()] < FOREVER
    }

    /// Closes an edge.
    pub fn close(&mut self, edge: Edge) {
        self.edges[edge.index()] = FOREVER;
    }

    /// Sets what is driven on an edge now, km/h, at least 0.1. Where the class may not drive, it still may not.
    pub fn set_speed(&mut self, network: &Network, edge: Edge, kmh: f32) {
        if self.is_allowed(edge) {
            let metres = network.length_m(edge) as f32;
            let kmh = if kmh.is_finite() { kmh.max(0.1) } else { 0.1 };
            self.edges[edge.index()] = milliseconds(metres * 3.6 / kmh).max(1);
        }
    }

    /// Takes live changes of an edge back.
    pub fn reset(&mut self, edge: Edge) {
        self.edges[edge.index()] = self.free[edge.index()];
    }

    /// The cost of the arc that a turn is: the edge before it, and the turn.
    pub(crate) fn arc(&self, from: Edge, turn: usize) -> Cost {
        (self.edges[from.index()] + self.turns[turn]).min(FOREVER)
    }
}

fn edge_cost(network: &Network, profile: &Profile, edge: Edge, rules: &Rules) -> Cost {
    let (road, link) = (network.road(edge), &network.links[edge.link()]);
    let Some(speed) = profile.speed(road, edge.direction(), rules) else {
        return FOREVER;
    };
    let driving = match road.duration_s {
        Some(seconds) if road.kind == Kind::Ferry => seconds * link.share,
        _ => link.length_m * 3.6 / speed,
    };
    let waits = link.waits[edge.direction()];
    // Never nothing: a loop must cost something.
    milliseconds(driving + profile.waits_s(waits.signals, waits.signs)).max(1)
}
