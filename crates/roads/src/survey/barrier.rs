//! What stands on a node: barriers with those who pass them, signals and signs. Holds no costs.

use super::access::access;
use super::tags::Tags;
use crate::class::{Class, Classes};

/// What makes a vehicle wait at a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Control {
    /// Nothing.
    #[default]
    None,
    /// Traffic signals, at a junction or a crossing.
    Signals,
    /// A stop sign.
    Stop,
    /// A give-way sign.
    GiveWay,
}

/// Which direction of the road a sign is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Facing {
    #[default]
    Unsaid,
    Both,
    Forward,
    Backward,
}

/// What is known of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Who passes it.
    pub(crate) pass: Classes,
    pub(crate) control: Control,
    pub(crate) facing: Facing,
    /// A place made to turn around.
    pub(crate) turning: bool,
}

impl Default for Facts {
    fn default() -> Self {
        Self { pass: Classes::ALL, control: Control::None, facing: Facing::Unsaid, turning: false }
    }
}

/// Reads the tags of a node.
pub(crate) fn facts(tags: &Tags<'_>) -> Facts {
    let highway = tags.get("highway");
    let control = match highway {
        Some("traffic_signals") => Control::Signals,
        Some("crossing") if tags.is("crossing", "traffic_signals") => Control::Signals,
        Some("stop") => Control::Stop,
        Some("give_way") => Control::GiveWay,
        _ => Control::None,
    };
    let facing = match tags.get("traffic_signals:direction").or_else(|| tags.get("direction")) {
        Some("forward") => Facing::Forward,
        Some("backward") => Facing::Backward,
        Some("both") => Facing::Both,
        _ if tags.is("stop", "all") => Facing::Both,
        _ => Facing::Unsaid,
    };
    let turning = matches!(highway, Some("turning_circle" | "turning_loop" | "mini_roundabout"));
    Facts { pass: pass(tags), control, facing, turning }
}

/// Who passes a barrier (<https://wiki.openstreetmap.org/wiki/Key:barrier>); everybody where there is none.
fn pass(tags: &Tags<'_>) -> Classes {
    let foot = Classes::from(Class::Foot);
    let Some(barrier) = tags.get("barrier") else {
        return Classes::ALL;
    };
    let default = match barrier {
        // What can be opened, driven over or through. Those on call have it opened.
        "gate" | "lift_gate" | "swing_gate" | "sliding_gate" | "hampshire_gate" | "wicket_gate" | "cattle_grid"
        | "toll_booth" | "border_control" | "entrance" | "kerb" | "height_restrictor" | "sally_port" | "coupure"
        | "speed_bump" | "no" => Classes::ALL,
        "bollard" if ["removable", "rising", "foldable"].iter().any(|kind| tags.is("bollard", kind)) => {
            Classes::SOFT.or(Classes::EMERGENCY)
        }
        "chain" | "bus_trap" | "sump_buster" | "rope" | "barrier_board" => Classes::SOFT.or(Classes::EMERGENCY),
        "stile" | "kissing_gate" | "turnstile" | "full-height_turnstile" | "horse_stile" => foot,
        "wall" | "fence" | "hedge" | "retaining_wall" | "city_wall" | "ditch" | "guard_rail" => Classes::NONE,
        // Bollards, blocks, planters, cycle barriers and what else there may be: too narrow for a vehicle.
        _ => Classes::SOFT,
    };
    access(tags, default, None).open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_passes_what() {
        let soft = Classes::SOFT;
        let on_call = soft.or(Classes::EMERGENCY);
        for (tags, classes) in [
            (&[("barrier", "gate")][..], Classes::ALL),
            (&[("barrier", "gate"), ("access", "no")], Classes::NONE),
            (&[("barrier", "gate"), ("motor_vehicle", "no")], on_call),
            (&[("barrier", "lift_gate"), ("access", "no"), ("emergency", "yes")], Classes::EMERGENCY),
            (&[("barrier", "bollard")], soft),
            (&[("barrier", "bollard"), ("bollard", "removable")], on_call),
            (&[("barrier", "bollard"), ("emergency", "yes")], on_call),
            (&[("barrier", "bollard"), ("motor_vehicle", "yes")], Classes::ALL),
            (&[("barrier", "stile")], Classes::from(Class::Foot)),
            (&[("barrier", "wall")], Classes::NONE),
            (&[("barrier", "never_heard")], soft),
            (&[("access", "no")], Classes::ALL),
        ] {
            assert_eq!(facts(&Tags::new(tags)).pass, classes, "{tags:?}");
        }
    }

    #[test]
    fn signals_and_signs() {
        for (tags, control, facing) in [
            (&[("highway", "traffic_signals")][..], Control::Signals, Facing::Unsaid),
            (
                &[("highway", "traffic_signals"), ("traffic_signals:direction", "backward")],
                Control::Signals,
                Facing::Backward,
            ),
            (&[("highway", "crossing"), ("crossing", "traffic_signals")], Control::Signals, Facing::Unsaid),
            (&[("highway", "crossing")], Control::None, Facing::Unsaid),
            (&[("highway", "stop"), ("stop", "all")], Control::Stop, Facing::Both),
            (&[("highway", "give_way"), ("direction", "forward")], Control::GiveWay, Facing::Forward),
        ] {
            let facts = facts(&Tags::new(tags));
            assert_eq!((facts.control, facts.facing), (control, facing), "{tags:?}");
        }
    }
}
