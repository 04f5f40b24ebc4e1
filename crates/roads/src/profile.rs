//! How fast each class moves, how large it is, what a turn costs it. Plain numbers, set with the figures of a county's
//! roads in mind; knows no graph.

use crate::class::Class;
use crate::survey::Road;
use crate::survey::kind::Kind;
use crate::survey::speed::Surface;
use crate::turns::{Manner, Priority};

/// What may differ from day to day, beside closures and speeds of single roads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Whether ferries and trains for vehicles are taken.
    pub ferries: bool,
    /// Whether turn restrictions bind.
    pub turn_bans: bool,
    /// Speed in km/h at which one-ways may be driven the wrong way; nothing where they may not.
    pub against_oneway: Option<f32>,
    /// What all speeds are multiplied with: weather, blue light.
    pub pace: f32,
    /// Whether traffic keeps left.
    pub drives_left: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { ferries: false, turn_bans: true, against_oneway: None, pace: 1.0, drives_left: false }
    }
}

impl Rules {
    /// Rules of a vehicle on call: turn restrictions do not bind it, and one-ways may be driven the wrong way, slowly.
    /// Classes that are not [`Class::is_emergency`] gain nothing by it but the turns.
    pub fn on_call() -> Self {
        Self { turn_bans: false, against_oneway: Some(20.0), ..Self::default() }
    }
}

/// Seconds of waiting and turning.
struct Delays {
    signals: f32,
    sign: f32,
    /// Onto a more important road; crossing one costs twice as much.
    yields: f32,
    /// A right angle, toward the own side of the road; toward the other side costs twice as much.
    turn: f32,
    u_turn: f32,
}

/// Numbers of a class.
pub(crate) struct Profile {
    class: Class,
    /// km/h that it never exceeds.
    top: f32,
    /// Metres and tonnes.
    height: f32,
    width: f32,
    weight: f32,
    delays: Delays,
}

/// A turn through what is open only to those who go there, seconds: more than any way around within a town.
pub(crate) const ZONE_S: f32 = 600.0;

impl Profile {
    pub(crate) fn of(class: Class) -> Self {
        let (top, height, width, weight) = match class {
            Class::FireEngine => (90.0, 3.4, 2.55, 16.0),
            Class::Ambulance => (130.0, 2.9, 2.2, 5.0),
            Class::Car => (130.0, 1.8, 2.0, 2.5),
            Class::Truck => (80.0, 4.0, 2.55, 26.0),
            Class::Bicycle => (25.0, 2.0, 0.8, 0.1),
            Class::Foot => (5.0, 2.0, 0.6, 0.1),
        };
        let [signals, sign, yields, turn, u_turn] = match class {
            Class::FireEngine => [4.0, 2.0, 1.5, 2.0, 40.0],
            Class::Ambulance => [4.0, 2.0, 1.5, 1.5, 20.0],
            Class::Car => [8.0, 4.0, 2.5, 1.5, 20.0],
            Class::Truck => [10.0, 6.0, 4.0, 3.0, 60.0],
            Class::Bicycle => [8.0, 2.0, 2.0, 1.0, 5.0],
            Class::Foot => [10.0, 0.0, 1.0, 0.0, 0.0],
        };
        Self { class, top, height, width, weight, delays: Delays { signals, sign, yields, turn, u_turn } }
    }

    /// km/h along a road in a direction; nothing where the class may not or does not fit.
    pub(crate) fn speed(&self, road: &Road, to: usize, rules: &Rules) -> Option<f32> {
        if road.max_height < self.height || road.max_width < self.width || road.max_weight < self.weight {
            return None;
        }
        if road.kind == Kind::Ferry && !rules.ferries {
            return None;
        }
        let open = road.open[to].has(self.class);
        let slowly = if open { None } else { Some(rules.against_oneway.filter(|_| road.against[to].has(self.class))?) };
        let free = match self.class {
            Class::Foot => {
                if road.kind == Kind::Steps {
                    2.5
                } else {
                    5.0
                }
            }
            Class::Bicycle => self.bicycle(road),
            _ => self.motor(road, to),
        };
        let speed = free.min(if road.kind == Kind::Ferry { 10.0 } else { self.top }) * rules.pace;
        Some(slowly.map_or(speed, |most| most.min(speed)).max(0.5))
    }

    fn motor(&self, road: &Road, to: usize) -> f32 {
        let by_kind: f32 = match (road.kind, road.link) {
            (Kind::Motorway, false) => 110.0,
            (Kind::Motorway, true) => 60.0,
            (Kind::Trunk, false) => 90.0,
            (Kind::Trunk, true) => 50.0,
            (Kind::Primary, false) => 75.0,
            (Kind::Secondary, false) => 60.0,
            (Kind::Primary | Kind::Secondary, true) => 45.0,
            (Kind::Tertiary, _) => 50.0,
            (Kind::Unclassified, _) => 40.0,
            (Kind::Residential, _) => 35.0,
            (Kind::Busway, _) => 40.0,
            (Kind::LivingStreet, _) => 10.0,
            (Kind::Service, _) => 15.0,
            (Kind::Track, _) => 15.0,
            (Kind::Ferry, _) => 10.0,
            _ => 7.0,
        };
        let limit = if self.class == Class::Truck { road.truck_limit.or(road.limit[to]) } else { road.limit[to] };
        // Nobody drives at the limit all the way; on lanes and tracks the sign says little of what can be driven.
        let signed = limit.map_or(by_kind, |limit| match road.kind {
            Kind::LivingStreet | Kind::Service | Kind::Track => by_kind.min(limit),
            _ => limit,
        });
        signed.min(match road.surface {
            Surface::Paved => f32::INFINITY,
            Surface::Stones => 40.0,
            Surface::Compacted => 40.0,
            Surface::Gravel => 25.0,
            Surface::Earth => 15.0,
            Surface::Soft => 8.0,
        })
    }

    fn bicycle(&self, road: &Road) -> f32 {
        let by_kind: f32 = match road.kind {
            Kind::Footway | Kind::Pedestrian | Kind::Bridleway => 6.0,
            Kind::Steps => 2.0,
            Kind::Path => 12.0,
            Kind::Track => 15.0,
            Kind::Ferry => 10.0,
            _ => 18.0,
        };
        let pushed = if road.dismount { 4.0 } else { f32::INFINITY };
        by_kind.min(pushed).min(match road.surface {
            Surface::Paved => f32::INFINITY,
            Surface::Stones => 15.0,
            Surface::Compacted => 15.0,
            Surface::Gravel => 11.0,
            Surface::Earth => 9.0,
            Surface::Soft => 5.0,
        })
    }

    /// Seconds for what stands along an edge.
    pub(crate) fn waits_s(&self, signals: u8, signs: u8) -> f32 {
        f32::from(signals) * self.delays.signals + f32::from(signs) * self.delays.sign
    }

    /// Seconds for a turn.
    pub(crate) fn turn_s(&self, angle: i16, manner: Manner, rules: &Rules) -> f32 {
        let delays = &self.delays;
        if manner.u_turn {
            return if manner.easy { delays.u_turn / 2.0 } else { delays.u_turn };
        }
        if !manner.junction {
            return if manner.signals { delays.signals } else { 0.0 };
        }
        let sharpness = (f32::from(angle.abs()) / 90.0).powi(2).min(2.5);
        let far_side = (angle < 0) != rules.drives_left && angle.abs() > 30;
        let bend = delays.turn * sharpness * if far_side { 2.0 } else { 1.0 };
        let waits = match (manner.signals, manner.sign, manner.priority) {
            (true, ..) => delays.signals,
            (_, true, _) => delays.sign,
            (.., Priority::Own) => 0.0,
            (.., Priority::Merging) => delays.yields,
            (.., Priority::Crossing) => 2.0 * delays.yields,
        };
        bend + waits
    }
}
