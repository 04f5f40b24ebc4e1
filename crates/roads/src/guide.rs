//! Instructions for a route: where something has to be done, on which road one is then, and for how long. Says nothing in
//! any language.

use belfry_kernel::Position;

use crate::costs::FOREVER;
use crate::network::Edge;
use crate::plane::{Point, bearing};
use crate::route::Route;
use crate::router::Router;
use crate::survey::kind::Kind;
use crate::terminal::part;

/// What has to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manoeuvre {
    /// Begin.
    Depart,
    /// Go straight on, onto a road of another name.
    Continue,
    /// Bear right.
    SlightRight,
    /// Turn right.
    Right,
    /// Turn sharply right.
    SharpRight,
    /// Bear left.
    SlightLeft,
    /// Turn left.
    Left,
    /// Turn sharply left.
    SharpLeft,
    /// Turn around.
    UTurn,
    /// Enter a roundabout and leave it by this exit, from 1; 0 when the route ends in it.
    Roundabout {
        /// The exit.
        exit: u8,
    },
    /// Board a ferry or train.
    Board,
    /// The end.
    Arrive,
}

/// One instruction, and the way until the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<'a> {
    /// What has to be done.
    pub manoeuvre: Manoeuvre,
    /// The road afterwards: its name, else its reference, else nothing.
    pub road: &'a str,
    /// Where.
    pub position: Position,
    /// Metres until the next instruction.
    pub distance_m: f64,
    /// Milliseconds until the next instruction.
    pub duration_ms: u64,
    /// Bearings on arriving here and on going on, degrees clockwise from north; 0 where there is nothing before or after.
    pub bearings: (f64, f64),
    /// The line until the next instruction: its first and last position, as numbers of those of the route's geometry.
    pub line: (usize, usize),
}

/// Angles from which a turn is told, and told as a turn, and as a sharp one, degrees.
const BEND: i16 = 25;
const TURN: i16 = 50;
const SHARP: i16 = 125;

impl<'a> Router<'a> {
    /// The instructions of a route of this router.
    pub fn steps(&self, route: &Route) -> Vec<Step<'a>> {
        let network = &self.roads.network;
        let last = route.edges.len() - 1;
        let (start, end) = (route.geometry[0], route.geometry[route.geometry.len() - 1]);
        let mut steps = vec![Step {
            manoeuvre: Manoeuvre::Depart,
            road: network.name(route.edges[0]),
            position: start,
            distance_m: 0.0,
            duration_ms: 0,
            bearings: (0.0, leaving(&route.geometry)),
            line: (0, 0),
        }];
        for (at, edge) in route.edges.iter().enumerate() {
            if at > 0 {
                let turn = route.turns[at - 1] as usize;
                let road = network.name(exit_edge(self, route, at));
                // After a piece without a name one is still on the same road.
                let same_road = steps.last().is_some_and(|step| step.road == road);
                let told = |manoeuvre: &Manoeuvre| *manoeuvre != Manoeuvre::Continue || !same_road;
                if let Some(manoeuvre) = self.manoeuvre(route, at).filter(told) {
                    let position = network.junctions[network.tail(*edge) as usize].point.into();
                    // The line goes through every junction, unless the route begins or ends in one.
                    let begun = steps.last().map_or(0, |step| step.line.0);
                    let place =
                        route.geometry[begun..].iter().position(|p| *p == position).map_or(begun, |n| begun + n);
                    if let Some(before) = steps.last_mut() {
                        before.line.1 = place;
                    }
                    let bearings = (network.bearing_in(route.edges[at - 1]), network.bearing_out(*edge));
                    let (distance_m, duration_ms, line) = (0.0, 0, (place, place));
                    steps.push(Step { manoeuvre, road, position, distance_m, duration_ms, bearings, line });
                }
                let taken = self.costs.turn(turn).saturating_sub(self.costs.price(turn));
                if let Some(step) = steps.last_mut() {
                    step.duration_ms += u64::from(taken);
                }
            }
            let from = if at == 0 { route.shares.0 } else { 0.0 };
            let to = if at == last { route.shares.1 } else { 1.0 };
            let cost = self.costs.edge(*edge).min(FOREVER);
            if let Some(step) = steps.last_mut() {
                step.distance_m += network.length_m(*edge) * (to - from).max(0.0);
                step.duration_ms += u64::from(part(cost, to).saturating_sub(part(cost, from)));
            }
        }
        let road = network.name(route.edges[last]);
        let end_at = route.geometry.len() - 1;
        if let Some(before) = steps.last_mut() {
            before.line.1 = end_at;
        }
        let reversed = [route.geometry[end_at], route.geometry[end_at - 1]];
        steps.push(Step {
            manoeuvre: Manoeuvre::Arrive,
            road,
            position: end,
            distance_m: 0.0,
            duration_ms: 0,
            bearings: ((leaving(&reversed) + 180.0).rem_euclid(360.0), 0.0),
            line: (end_at, end_at),
        });
        for step in &mut steps {
            step.bearings = (step.bearings.0.rem_euclid(360.0), step.bearings.1.rem_euclid(360.0));
        }
        steps
    }

    /// What has to be done to get from the edge before onto this one, if anything.
    fn manoeuvre(&self, route: &Route, at: usize) -> Option<Manoeuvre> {
        let network = &self.roads.network;
        let (from, to) = (route.edges[at - 1], route.edges[at]);
        let (before, after) = (network.road(from), network.road(to));
        let turn = self.roads.turns.turn(route.turns[at - 1] as usize);
        if after.roundabout {
            return (!before.roundabout).then(|| Manoeuvre::Roundabout { exit: self.exit(route, at) });
        }
        if before.roundabout {
            // Told on entering, unless the route begins in the roundabout.
            let began_inside = route.edges[..at].iter().all(|edge| network.road(*edge).roundabout);
            return began_inside.then_some(Manoeuvre::Continue);
        }
        if turn.manner.u_turn {
            return Some(Manoeuvre::UTurn);
        }
        if after.kind == Kind::Ferry && before.kind != Kind::Ferry {
            return Some(Manoeuvre::Board);
        }
        let renamed = network.name(from) != network.name(to);
        let (sharpness, right) = (turn.angle.abs(), turn.angle > 0);
        let bends = turn.manner.junction && (sharpness >= TURN || (sharpness >= BEND && renamed));
        match (bends, sharpness) {
            (false, _) => (renamed && !network.name(to).is_empty()).then_some(Manoeuvre::Continue),
            (true, SHARP..) => Some(if right { Manoeuvre::SharpRight } else { Manoeuvre::SharpLeft }),
            (true, TURN..) => Some(if right { Manoeuvre::Right } else { Manoeuvre::Left }),
            (true, _) => Some(if right { Manoeuvre::SlightRight } else { Manoeuvre::SlightLeft }),
        }
    }

    /// By which exit the roundabout that is entered here is left.
    fn exit(&self, route: &Route, at: usize) -> u8 {
        let network = &self.roads.network;
        let mut exits = 0_u8;
        for (edge, next) in route.edges[at..].iter().zip(&route.edges[at + 1..]) {
            let ways = network.leaving(network.head(*edge)).iter().map(|edge| Edge(*edge));
            let is_exit = |way: &Edge| !network.road(*way).roundabout && self.costs.is_allowed(*way);
            exits = exits.saturating_add(u8::from(ways.into_iter().any(|way| is_exit(&way))));
            if !network.road(*next).roundabout {
                return exits;
            }
        }
        0
    }
}

/// The bearing on leaving the first of these positions.
fn leaving(line: &[Position]) -> f64 {
    bearing(Point::from(line[0]), Point::from(line[1]))
}

/// The edge whose road is named: the exit's, where a roundabout is entered.
fn exit_edge(router: &Router<'_>, route: &Route, at: usize) -> Edge {
    let after = route.edges[at..].iter().find(|edge| !router.roads.network.road(**edge).roundabout);
    after.copied().unwrap_or(route.edges[at])
}
