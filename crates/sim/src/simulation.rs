//! A county that lives: processes, devices and scenario on one line of time. [`Simulation::advance`] goes on to an instant and
//! hands out what happens on the way, in order. What it does follows from the seed and the set-up alone; no clock is read.
//!
//! Work grows with what happens: devices wait in a timing wheel, everything else in a heap. A device that is not due costs
//! nothing.

mod assets;
mod happen;
mod measure;
mod report;
mod steps;
mod view;

pub use assets::Assets;
pub use view::{VehicleKind, VehicleSight};

use crate::county::County;
use crate::device::{Device, Kind, SPECS, VALUES};
use crate::draw::{Draw, hash};
use crate::fault::{Broken, Faults};
use crate::process::air::Fire;
use crate::process::buses::Buses;
use crate::process::network::Network;
use crate::process::soil::Fields;
use crate::process::traffic::Traffic;
use crate::process::units::Units;
use crate::process::water::Water;
use crate::process::weather::Weather;
use crate::scenario::{Planned, Scenario, ScenarioError};
use crate::truth::{Truth, Truths};
use crate::wheel::Wheel;
use belfry_kernel::Time;
use hashbrown::HashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;

/// Microseconds of a second.
pub(crate) const SECOND: i64 = 1_000_000;

/// How a county is to live.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// When it begins.
    pub start: Time,
    /// How many devices it has; vehicles come on top.
    pub devices: u32,
    /// How they fail.
    pub faults: Faults,
    /// Whether fronts, storms, accidents, fires and leaks happen by themselves.
    pub chance: bool,
}

/// What a device says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The device.
    pub device: u32,
    /// Its kind.
    pub kind: Kind,
    /// Its report's number, from 0.
    pub count: u32,
    /// When it was measured.
    pub at: Time,
    /// When the device thinks it was.
    pub stamp: Time,
    /// When it arrives.
    pub sent: Time,
    /// What is said, in the order of the kind's attributes.
    pub values: [f32; VALUES],
    /// What was.
    pub truth: [f32; VALUES],
    /// Whether it was sent before.
    pub copy: bool,
}

/// What happens, as [`Simulation::advance`] hands it out.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A device's report arrives.
    Reading(&'a Reading),
    /// Something began. If its end is certain already it has one, and no further word comes.
    Began(&'a Truth),
    /// Something ended.
    Ended(&'a Truth),
}

/// How [`Simulation::advance`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advanced {
    /// The instant is reached.
    Reached,
    /// Whoever listens asked to stop; the next call goes on where this one stopped.
    Paused,
}

/// What was made so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Reports, copies not counted.
    pub readings: u64,
    /// Copies.
    pub copies: u64,
    /// Reports that came late.
    pub late: u64,
    /// Silences.
    pub silences: u64,
    /// Steps and other events that are no reports.
    pub events: u64,
}

/// What waits for its time.
#[derive(Debug)]
enum Next {
    Weather,
    Hour,
    Network,
    Accident,
    Mishap,
    Rounds,
    Midnight,
    Run { day: i32, index: u32 },
    Bus(u32),
    Unit(u32),
    Call { node: u32, kind: crate::process::units::UnitKind, work: f64 },
    Planned(u32),
    End(u32),
    Late(Box<Reading>),
}

/// What is broken on purpose, and until when.
#[derive(Clone, Copy, Debug)]
struct Failure {
    mode: Broken,
    from: u32,
    until: u32,
    held: Option<[f32; VALUES]>,
}

/// The living county.
#[derive(Debug)]
pub struct Simulation {
    county: County,
    setup: Setup,
    assets: Assets,
    weather: Weather,
    water: Water,
    fields: Fields,
    traffic: Traffic,
    buses: Buses,
    units: Units,
    network: Network,
    fires: Vec<Fire>,
    /// Schools that are too hot: truth, place, kelvin.
    hot: Vec<(u32, u32, f32)>,
    /// The second at which bins of each segment were emptied last.
    emptied: Vec<u32>,
    devices: Vec<Device>,
    /// The first device of each kind.
    first: [u32; SPECS.len() + 1],
    wheel: Wheel,
    queue: BinaryHeap<Reverse<(i64, u64)>>,
    waiting: HashMap<u64, Next>,
    sequence: u64,
    failures: HashMap<u32, Failure>,
    planned: Vec<Planned>,
    truths: Truths,
    /// Truths that began or ended and are not handed out yet.
    news: Vec<(Truth, bool)>,
    counts: Counts,
    draw: Draw,
    /// Microseconds since the start.
    now: i64,
    /// The town's traffic as a share of its busiest hour, as of the last minute.
    busy: f64,
    evaporation: f64,
    /// Trips of a mean lift from midnight to each hour.
    lift_day: [f32; 25],
}

impl Simulation {
    /// Sets a county up, devices and all. Its first minute of weather has passed.
    pub fn new(county: County, setup: Setup) -> Self {
        let seed = county.seed;
        let height = county.terrain.height(crate::plane::Point::new(0.0, county.terrain.river_y(0.0)));
        let mut weather = Weather::new(seed, county.plane.lat(), county.reach_m, height);
        if !setup.chance {
            weather.keep_calm();
        }
        let start_s = setup.start.micros().div_euclid(SECOND);
        let (day, hour) = (day_of_year(&county, start_s), f64::from(county.second_of_day(start_s)) / 3_600.0);
        weather.step(0.0, 60.0, day, hour);
        let assets = Assets::of(&county);
        let counts = crate::device::shares(setup.devices, &assets.counts());
        let mut first = [0; SPECS.len() + 1];
        for i in 0..SPECS.len() {
            first[i + 1] = first[i] + counts[i];
        }
        let mut lift_day = [0.0; 25];
        for hour in 0..24 {
            lift_day[hour + 1] = lift_day[hour] + crate::process::use_of_day::lift(hour as f64 + 0.5) as f32 / 24.0;
        }
        let mut simulation = Self {
            water: Water::new(&county, &weather),
            fields: Fields::new(&county, &weather),
            traffic: Traffic::new(seed),
            buses: Buses::default(),
            units: Units::new(&county, &assets.bins),
            network: Network::new(&county, seed),
            fires: Vec::new(),
            hot: Vec::new(),
            emptied: vec![0; county.roads.segments.len()],
            devices: Vec::with_capacity(first[SPECS.len()] as usize),
            wheel: Wheel::new(first[SPECS.len()] as usize),
            first,
            queue: BinaryHeap::new(),
            waiting: HashMap::new(),
            sequence: 0,
            failures: HashMap::new(),
            planned: Vec::new(),
            truths: Truths::default(),
            news: Vec::new(),
            counts: Counts::default(),
            draw: Draw::new(seed, 51),
            now: 0,
            busy: 0.0,
            evaporation: 0.0,
            lift_day,
            weather,
            assets,
            setup,
            county,
        };
        simulation.place_devices(&counts);
        simulation.begin();
        simulation
    }

    fn place_devices(&mut self, counts: &[u32; SPECS.len()]) {
        let places = self.assets.counts();
        for (i, kind) in Kind::ALL.into_iter().enumerate() {
            let (count, places) = (u64::from(counts[i]), u64::from(places[i].max(1)));
            for j in 0..count {
                // Few devices stand evenly among many places, many go round; weather stations have a place of their own each.
                let asset = match kind {
                    Kind::Weather => j,
                    _ if count <= places => j * places / count,
                    _ => j % places,
                } as u32;
                let number = self.devices.len() as u32;
                let mut device = Device { asset, seen: 0, count: 0, state: 0.0, kind };
                self.settle(number, &mut device);
                self.devices.push(device);
                let phase = hash(self.county.seed, u64::from(number), 99) % u64::from(kind.spec().period);
                self.wheel.wait(number, phase as u32);
            }
        }
    }

    /// Schedules a scenario's events. They count from the start.
    ///
    /// # Errors
    /// When it names a place that the county does not have.
    pub fn play(&mut self, scenario: &Scenario) -> Result<(), ScenarioError> {
        scenario.check_places(&self.county)?;
        for (number, event) in scenario.events.iter().enumerate() {
            let at = i64::from(scenario.second(number)) * SECOND;
            self.planned.push(event.clone());
            let number = self.planned.len() as u32 - 1;
            self.later(at, Next::Planned(number));
        }
        Ok(())
    }

    /// The county.
    pub fn county(&self) -> &County {
        &self.county
    }

    /// How it was set up.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The instant that is reached.
    pub fn now(&self) -> Time {
        self.setup.start.plus_micros(self.now)
    }

    /// Devices, vehicles not counted.
    pub fn devices(&self) -> u32 {
        self.devices.len() as u32
    }

    /// A device.
    pub fn device(&self, number: u32) -> &Device {
        &self.devices[number as usize]
    }

    /// The number of a device among its kind, from 1.
    pub fn number_in_kind(&self, device: u32) -> u32 {
        device - self.first[self.devices[device as usize].kind as usize] + 1
    }

    /// The devices of a kind.
    pub fn devices_of(&self, kind: Kind) -> std::ops::Range<u32> {
        self.first[kind as usize]..self.first[kind as usize + 1]
    }

    /// What happens and what happened.
    pub fn truths(&self) -> &Truths {
        &self.truths
    }

    /// What was made so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The weather.
    pub fn weather(&self) -> &Weather {
        &self.weather
    }

    /// Rivers, canals, reservoirs.
    pub fn water(&self) -> &Water {
        &self.water
    }

    /// Fields.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The water network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Roads.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Buses.
    pub fn buses(&self) -> &Buses {
        &self.buses
    }

    /// What devices stand at.
    pub fn assets(&self) -> &Assets {
        &self.assets
    }

    /// Goes on until an instant (not included) and hands out what happens. Whoever listens may stop it after any event.
    pub fn advance(&mut self, until: Time, to: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>) -> Advanced {
        let until = until.micros() - self.setup.start.micros();
        loop {
            while let Some((truth, began)) = self.news.pop() {
                let event = if began { Event::Began(&truth) } else { Event::Ended(&truth) };
                if to(event).is_break() {
                    return Advanced::Paused;
                }
            }
            let next = self.queue.peek().map_or(i64::MAX, |Reverse((at, _))| *at);
            let limit = next.min(until);
            let seconds = u32::try_from((limit + SECOND - 1).div_euclid(SECOND)).unwrap_or(u32::MAX);
            if let Some((device, second)) = self.wheel.pop(seconds) {
                self.now = self.now.max(i64::from(second) * SECOND);
                if self.report(device, second, to).is_break() {
                    return Advanced::Paused;
                }
                continue;
            }
            if next >= until {
                break;
            }
            if let Some(Reverse((at, number))) = self.queue.pop()
                && let Some(what) = self.waiting.remove(&number)
            {
                self.now = self.now.max(at);
                self.counts.events += 1;
                if self.happens(what, to).is_break() {
                    return Advanced::Paused;
                }
            }
        }
        self.now = self.now.max(until);
        Advanced::Reached
    }

    fn later(&mut self, at: i64, what: Next) {
        self.sequence += 1;
        self.queue.push(Reverse((at, self.sequence)));
        self.waiting.insert(self.sequence, what);
    }

    /// Seconds since the start.
    fn seconds(&self) -> f64 {
        self.now as f64 / SECOND as f64
    }

    fn unix(&self, second: u32) -> i64 {
        self.setup.start.micros().div_euclid(SECOND) + i64::from(second)
    }
}

/// Day of the year, 1 to 366, on the local calendar.
fn day_of_year(county: &County, unix_s: i64) -> u16 {
    let midnight = Time::from_micros(i64::from(county.day(unix_s)) * 86_400 * SECOND);
    let first = Time::from_date(midnight.date().0, 1, 1).unwrap_or(midnight);
    ((midnight.micros() - first.micros()) / (86_400 * SECOND)) as u16 + 1
}
