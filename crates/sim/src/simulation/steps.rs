//! What happens by itself: the steps of each process, trips that begin, chance. Each schedules its own next time.

use super::{Event, Next, SECOND, Simulation, day_of_year};
use crate::plane::Point;
use crate::process::sun::{self, Hour};
use crate::process::units::UnitKind;
use crate::process::use_of_day;
use crate::scenario::Happening;
use crate::truth::TruthKind;
use std::ops::ControlFlow;

/// Seconds between steps of weather and rivers, of fields, of the water network.
pub const STEPS: [i64; 3] = [60, 3_600, 300];
/// mm an hour from which rain is heavy.
const HEAVY: f64 = 20.0;
/// µg PM10 a m3 from which dust is a storm.
const DUSTY: f64 = 150.0;
/// Mean days between fires, and between broken mains, in a small county.
const MISHAPS: [f64; 2] = [2.0, 6.0];

impl Simulation {
    /// Schedules what runs from the start. Trips that are under way join in where they are.
    pub(super) fn begin(&mut self) {
        let [minute, hour, network] = STEPS.map(|step| step * SECOND);
        self.busy = self.busy_now();
        let (second, weekend, knot) = self.network_time();
        for _ in 0..2 {
            self.network.step(&self.county, second, weekend, knot);
        }
        self.later(minute, Next::Weather);
        self.later(hour, Next::Hour);
        self.later(network, Next::Network);
        self.later(self.until_clock(6 * 3_600), Next::Rounds);
        if self.setup.chance {
            self.later(60 * SECOND, Next::Accident);
            self.later(3_600 * SECOND, Next::Mishap);
        }
        let today = self.county.day(self.unix(0));
        for day in [today - 1, today] {
            self.next_run(day, 0);
        }
        self.later(self.until_clock(0), Next::Midnight);
    }

    /// Microseconds from now until clocks show a second of the day.
    fn until_clock(&self, second: u32) -> i64 {
        let now = self.county.second_of_day(self.unix((self.now / SECOND) as u32));
        self.now + i64::from((second + 86_400 - now - 1) % 86_400 + 1) * SECOND
    }

    fn busy_now(&self) -> f64 {
        let unix = self.unix((self.now / SECOND) as u32);
        let hour = f64::from(self.county.second_of_day(unix)) / 3_600.0;
        use_of_day::traffic(hour, use_of_day::is_weekend(self.county.day(unix)))
    }

    fn network_time(&self) -> (u32, bool, u64) {
        let unix = self.unix((self.now / SECOND) as u32);
        (self.county.second_of_day(unix), use_of_day::is_weekend(self.county.day(unix)), unix.div_euclid(300) as u64)
    }

    /// Microseconds since the start at which a service day begins (its noon less twelve hours; there is no summer time here).
    fn day_begins(&self, day: i32) -> i64 {
        (i64::from(day) * 86_400 - i64::from(self.county.ahead_s)) * SECOND - self.setup.start.micros()
    }

    /// Schedules the next trip of a service day from an index on; those that are over are passed by.
    fn next_run(&mut self, day: i32, from: u32) {
        let begins = self.day_begins(day);
        for index in from..self.county.service.runs.len() as u32 {
            let run = self.county.service.runs[index as usize];
            let at = begins + i64::from(run.start) * SECOND;
            let halts = &self.county.service.patterns[run.pattern as usize].halts;
            let over = halts.last().map_or(0, |halt| i64::from(halt.departure)) * SECOND + at;
            if over <= self.now {
                continue;
            }
            let trip = &self.county.feed.trips[run.trip.at()];
            let date = belfry_connect_gtfs::Date::new(1970, 1, 1).map(|epoch| epoch.plus(day));
            if date.is_some_and(|date| self.county.feed.services[trip.service.at()].runs(date)) {
                self.later(at.max(self.now), Next::Run { day, index });
                return;
            }
        }
    }

    pub(super) fn happens(&mut self, what: Next, to: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
        match what {
            Next::Weather => self.minute(),
            Next::Hour => {
                let day = day_of_year(&self.county, self.unix((self.now / SECOND) as u32));
                self.fields.hour(&self.county, &self.weather, &mut self.water, day);
                self.later(self.now + STEPS[1] * SECOND, Next::Hour);
            }
            Next::Network => {
                let (second, weekend, knot) = self.network_time();
                self.network.step(&self.county, second, weekend, knot);
                self.later(self.now + STEPS[2] * SECOND, Next::Network);
            }
            Next::Accident => self.maybe_accident(),
            Next::Mishap => self.maybe_mishap(),
            Next::Rounds => {
                let trucks = (0..).zip(&self.units.all).filter(|(_, unit)| unit.kind == UnitKind::WasteTruck);
                let trucks: Vec<u32> = trucks.map(|(number, _)| number).collect();
                for truck in trucks {
                    let (traffic, now) = (&self.traffic, self.now as f64 / SECOND as f64);
                    if let Some(at) = self.units.round(truck, &self.county, now, |s| traffic.is_open(s)) {
                        self.later((at * 1e6) as i64, Next::Unit(truck));
                    }
                }
                self.later(self.now + 86_400 * SECOND, Next::Rounds);
            }
            Next::Run { day, index } => {
                let run = self.county.service.runs[index as usize];
                let begin = self.day_begins(day) + i64::from(run.start) * SECOND;
                let (bus, mut at) = self.buses.begin(run, day, begin as f64 / 1e6);
                // A trip that began before the county did has kept its timetable so far.
                while at * 1e6 < self.now as f64 {
                    match self.buses.leave(bus, at, &self.county, &self.traffic) {
                        Some(next) => at = next,
                        None => break,
                    }
                }
                if at * 1e6 >= self.now as f64 {
                    self.later((at * 1e6) as i64, Next::Bus(bus));
                }
                self.next_run(day, index + 1);
            }
            Next::Midnight => {
                let today = self.county.day(self.unix((self.now / SECOND) as u32));
                self.next_run(today, 0);
                self.later(self.now + 86_400 * SECOND, Next::Midnight);
            }
            Next::Bus(bus) => {
                if let Some(at) = self.buses.leave(bus, self.seconds(), &self.county, &self.traffic) {
                    self.later((at * 1e6) as i64, Next::Bus(bus));
                }
            }
            Next::Unit(unit) => {
                let (traffic, now) = (&self.traffic, self.now as f64 / SECOND as f64);
                let (next, emptied) = self.units.arrive(unit, &self.county, now, |s| traffic.is_open(s));
                if let Some(segment) = emptied {
                    self.emptied[segment as usize] = now as u32;
                }
                if let Some(at) = next {
                    self.later((at * 1e6) as i64, Next::Unit(unit));
                }
            }
            Next::Call { node, kind, work } => self.call(node, kind, work),
            Next::Planned(number) => self.planned_happens(number),
            Next::End(truth) => self.ends(truth),
            Next::Late(reading) => return to(Event::Reading(&reading)),
        }
        ControlFlow::Continue(())
    }

    fn minute(&mut self) {
        let second = (self.now / SECOND) as u32;
        let unix = self.unix(second);
        let hour = f64::from(self.county.second_of_day(unix)) / 3_600.0;
        let now = self.seconds();
        self.weather.step(now, STEPS[0] as f64, day_of_year(&self.county, unix), hour);
        self.busy = self.busy_now();
        if second.is_multiple_of(600) || self.evaporation == 0.0 {
            let state = self.weather.state();
            let here =
                self.weather.here(self.weather.cell(Point::default()), self.county.terrain.height(Point::default()));
            self.evaporation = sun::reference(&Hour {
                temperature: here.temperature,
                humidity: here.humidity,
                wind: state.wind * 0.748,
                sun: state.sun,
                clear: state.clear,
                pressure: here.pressure / 10.0,
            });
        }
        let by_day = (6.0..20.0).contains(&hour);
        self.water.step(&self.county, &self.weather, STEPS[0] as f64, self.evaporation, by_day);
        self.watch_hazards();
        self.later(self.now + STEPS[0] * SECOND, Next::Weather);
    }

    /// Hazards that follow from weather and water, as they begin and end.
    fn watch_hazards(&mut self) {
        let state = *self.weather.state();
        let heaviest = self.weather.heaviest();
        let middle = self.county.settlements.first().map(|town| town.at);
        let marks = [
            (TruthKind::HeavyRain, heaviest >= HEAVY, heaviest < HEAVY * 0.5, heaviest),
            (TruthKind::DustStorm, state.dust >= DUSTY, state.dust < DUSTY * 0.6, state.dust),
            (TruthKind::Frost, state.temperature < 0.0, state.temperature > 0.8, state.temperature),
        ];
        for (kind, begins, ends, size) in marks {
            match self.truths.of(kind) {
                None if begins => {
                    self.began(kind, middle, Vec::new(), size, None);
                }
                Some(id) if ends => self.ends(id),
                Some(id) => self.truths.grows(id, size as f32),
                None => {}
            }
        }
        for number in 0..self.county.rivers.reaches.len() as u32 {
            let reach = &self.county.rivers.reaches[number as usize];
            let (depth, bank, at) = (self.water.depth(&self.county, number), reach.bank, reach.middle);
            let open =
                self.truths.open().iter().find(|truth| {
                    truth.kind == TruthKind::Flood && truth.assets == [crate::truth::Asset::Reach(number)]
                });
            match open.map(|truth| truth.id) {
                None if depth > bank => {
                    self.began(TruthKind::Flood, Some(at), vec![crate::truth::Asset::Reach(number)], depth, None);
                }
                Some(id) if depth < bank * 0.95 => self.ends(id),
                Some(id) => self.truths.grows(id, depth as f32),
                None => {}
            }
        }
    }

    fn maybe_accident(&mut self) {
        let (second, weekend, _) = self.network_time();
        let rate = self.traffic.accidents_an_hour(&self.county, second, weekend, self.weather.heaviest());
        if self.draw.chance(1.0 - (-rate / 60.0).exp())
            && let Some(segment) = self.traffic.accident_at(&self.county, &mut self.draw)
        {
            let (minutes, closes) = (self.draw.between(20.0, 70.0), self.draw.chance(0.12));
            let (a, b) = self.county.roads.ends(segment);
            self.crash(a.toward(b, 0.5), minutes, closes, None);
        }
        self.later(self.now + 60 * SECOND, Next::Accident);
    }

    fn maybe_mishap(&mut self) {
        let large = 0.5 + self.county.houses.len() as f64 / 4_000.0;
        let [fires, leaks] = MISHAPS.map(|days| 1.0 - (-large / (days * 24.0)).exp());
        if self.draw.chance(fires) && !self.county.houses.is_empty() {
            let house = self.county.houses[self.draw.below(self.county.houses.len())];
            let (minutes, smoke) = (self.draw.between(30.0, 150.0), self.draw.between(15.0, 90.0));
            self.planned_at(&Happening::Fire { minutes, smoke }, house.at(), None);
        }
        if self.draw.chance(leaks) && !self.assets.pipes.is_empty() {
            let node = self.assets.pipes[self.draw.below(self.assets.pipes.len())];
            let (minutes, litres_s) = (self.draw.between(240.0, 2_880.0), self.draw.between(2.0, 25.0));
            let at = self.county.pipes.nodes[node as usize].at;
            self.planned_at(&Happening::Leak { litres_s, minutes }, at, None);
        }
        self.later(self.now + 3_600 * SECOND, Next::Mishap);
    }
}
