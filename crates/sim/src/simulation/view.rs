//! The moving part of the county, as those who run it publish it: vehicles, and the GTFS-Realtime messages of the buses.

use super::{SECOND, Simulation};
use crate::plane::Point;
use crate::process::buses::{Bus, Buses};
use crate::process::units::{Task, UnitKind};
use belfry_connect_gtfs::Date;
use belfry_connect_gtfs::realtime::{
    Alert, Event, Informed, Message, StopUpdate, TripRef, TripUpdate, VehiclePosition, VehicleStatus,
};
use belfry_kernel::Time;

/// What a vehicle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VehicleKind {
    /// A bus.
    Bus,
    /// A unit.
    Unit(UnitKind),
}

/// A vehicle as it is seen now.
#[derive(Clone, Debug, PartialEq)]
pub struct VehicleSight {
    /// Its name in ids.
    pub id: String,
    /// What it is.
    pub kind: VehicleKind,
    /// Where.
    pub at: Point,
    /// Kilometres an hour.
    pub speed: f64,
    /// Degrees clockwise from north.
    pub heading: f64,
    /// What it does.
    pub status: &'static str,
    /// A bus's line, or empty.
    pub line: String,
    /// A bus's seconds late.
    pub late: f64,
}

/// GTFS's causes and effects that are used here: accident, construction, and detour.
const ACCIDENT: u8 = 6;
const CONSTRUCTION: u8 = 10;
const DETOUR: u8 = 4;

fn heading(direction: f64) -> f64 {
    (90.0 - direction.to_degrees()).rem_euclid(360.0)
}

impl Simulation {
    /// Every vehicle: units, and buses that are on a trip.
    pub fn vehicles(&self) -> Vec<VehicleSight> {
        let now = self.seconds();
        let units = self.units.all.iter().map(|unit| {
            let (at, direction, speed) = unit.sight(&self.county, now);
            VehicleSight {
                id: unit.name(),
                kind: VehicleKind::Unit(unit.kind),
                at,
                speed: speed * 3.6,
                heading: heading(direction),
                status: unit.task.word(),
                line: String::new(),
                late: 0.0,
            }
        });
        let buses = self.buses.all().map(|bus| {
            let sight = Buses::sight(&self.county, bus, now);
            let route = self.county.feed.trips[bus.run.trip.at()].route;
            VehicleSight {
                id: format!("bus-{}", bus.vehicle),
                kind: VehicleKind::Bus,
                at: sight.at,
                speed: sight.speed * 3.6,
                heading: heading(sight.direction),
                status: if sight.stands { "stopped" } else { "inService" },
                line: self.county.feed.routes[route.at()].short_name.to_string(),
                late: sight.late,
            }
        });
        units.chain(buses).collect()
    }

    /// Units that are not at their base.
    pub fn units_out(&self) -> usize {
        self.units.all.iter().filter(|unit| unit.task != Task::Ready).count()
    }

    fn trip(&self, bus: &Bus) -> TripRef {
        let trip = &self.county.feed.trips[bus.run.trip.at()];
        let repeated = !trip.frequencies.is_empty();
        TripRef {
            trip: trip.id.to_string(),
            route: self.county.feed.routes[trip.route.at()].id.to_string(),
            direction: trip.direction.map(u32::from),
            start_time: repeated.then_some(bus.run.start),
            start_date: Date::new(1970, 1, 1).map(|epoch| epoch.plus(bus.day)),
            ..TripRef::default()
        }
    }

    /// Vehicle positions, trip updates and alerts as one message. `clock` says how an instant is written: as it is, or as what
    /// it is in a run that is faster than life.
    pub fn realtime(&self, clock: &dyn Fn(Time) -> Time) -> Message {
        let now = self.seconds();
        let unix = |seconds: f64| {
            let at = self.setup.start.plus_micros((seconds * 1e6) as i64);
            clock(at).micros().div_euclid(SECOND)
        };
        let stamp = u64::try_from(unix(now)).ok();
        let mut message = Message { timestamp: stamp, ..Message::default() };
        for bus in self.buses.all() {
            let sight = Buses::sight(&self.county, bus, now);
            let [lon, lat] = self.county.plane.degrees(sight.at);
            let pattern = &self.county.service.patterns[bus.run.pattern as usize];
            let halt = pattern.halts[bus.halt as usize];
            let stop = self.county.feed.stops[halt.stop as usize].id.to_string();
            let vehicle = format!("bus-{}", bus.vehicle);
            message.vehicles.push((
                vehicle.clone(),
                VehiclePosition {
                    trip: Some(self.trip(bus)),
                    vehicle: vehicle.clone(),
                    label: vehicle.clone(),
                    lat: lat as f32,
                    lon: lon as f32,
                    bearing: Some(heading(sight.direction) as f32),
                    speed: Some(sight.speed as f32),
                    sequence: Some(halt.sequence),
                    stop: stop.clone(),
                    status: if sight.stands { VehicleStatus::Stopped } else { VehicleStatus::InTransit },
                    timestamp: stamp,
                    occupancy: None,
                },
            ));
            let event = Event { delay: Some(sight.late.round() as i32), time: None, uncertainty: None };
            let update = StopUpdate {
                sequence: Some(halt.sequence),
                stop,
                arrival: Some(event),
                departure: Some(Event { delay: event.delay.map(|late| late.max(0)), ..event }),
                ..StopUpdate::default()
            };
            message.trips.push((
                format!("update-{}", bus.vehicle),
                TripUpdate {
                    trip: self.trip(bus),
                    vehicle,
                    stops: vec![update],
                    timestamp: stamp,
                    delay: Some(sight.late.round() as i32),
                },
            ));
        }
        message.alerts = self.alerts(&unix);
        message
    }

    /// An alert for each closed road that lines drive over.
    fn alerts(&self, unix: &dyn Fn(f64) -> i64) -> Vec<(String, Alert)> {
        let closed = self.traffic.obstacles().iter().filter(|obstacle| obstacle.left <= 0.0);
        closed
            .filter_map(|obstacle| {
                let truth = self.truths.open().iter().find(|truth| truth.id == obstacle.id)?;
                let mut routes: Vec<&str> = Vec::new();
                for run in &self.county.service.runs {
                    let pattern = &self.county.service.patterns[run.pattern as usize];
                    let route = self.county.feed.trips[run.trip.at()].route;
                    let id = self.county.feed.routes[route.at()].id.as_str();
                    let over = || pattern.legs.iter().flatten().any(|segment| obstacle.segments.contains(segment));
                    if !routes.contains(&id) && over() {
                        routes.push(id);
                    }
                }
                if routes.is_empty() {
                    return None;
                }
                let from = unix((truth.begin.micros() - self.setup.start.micros()) as f64 / 1e6);
                let street = obstacle.segments.first().map_or("", |s| self.county.roads.way(*s).name.as_str());
                let informed =
                    routes.into_iter().map(|route| Informed { route: route.to_owned(), ..Informed::default() });
                let accident = truth.kind == crate::truth::TruthKind::Accident;
                let alert = Alert {
                    periods: vec![(u64::try_from(from).ok(), None)],
                    informed: informed.collect(),
                    cause: if accident { ACCIDENT } else { CONSTRUCTION },
                    effect: DETOUR,
                    severity: 3,
                    header: vec![("en".to_owned(), format!("{street} is closed"))],
                    ..Alert::default()
                };
                Some((format!("closure-{}", obstacle.id), alert))
            })
            .collect()
    }
}
