//! Traffic on each segment as a function of time, not a state that must be stepped: demand by class and hour, speed by the
//! curve of the Bureau of Public Roads (1964), t = t0 (1 + 0.15 (q/c)^4). Only what obstructs a road is kept: it takes
//! capacity, holds back what comes before it, and sends the rest over the way around.

use super::use_of_day;
use crate::county::{Class, County};
use crate::draw::{Draw, bell, hash, share};
use crate::plane::Point;
use hashbrown::{HashMap, HashSet};

/// Metres over which a queue stands before an obstruction.
const QUEUE: f64 = 450.0;
/// Metres of a vehicle and of its gap over a loop, for occupancy.
const VEHICLE_KM: f64 = 0.0065;

/// What obstructs a road.
#[derive(Clone, Debug, PartialEq)]
pub struct Obstacle {
    /// Whose it is: a number of the caller.
    pub id: u32,
    /// The segments.
    pub segments: Vec<u32>,
    /// Where.
    pub at: Point,
    /// Share of the capacity that is left; 0 is closed.
    pub left: f32,
}

/// What an obstruction does to a segment.
#[derive(Clone, Copy, Debug)]
struct Effect {
    capacity: f32,
    /// Share of the free speed.
    speed: f32,
    /// More demand, a factor.
    demand: f32,
}

impl Default for Effect {
    fn default() -> Self {
        Self { capacity: 1.0, speed: 1.0, demand: 1.0 }
    }
}

/// What a counter on a segment would see.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Flow {
    /// Vehicles an hour.
    pub intensity: f64,
    /// Kilometres an hour.
    pub speed: f64,
    /// Share of time that something stands over the loop.
    pub occupancy: f64,
}

/// Traffic of the county.
#[derive(Clone, Debug)]
pub struct Traffic {
    seed: u64,
    obstacles: Vec<Obstacle>,
    effects: HashMap<u32, Effect>,
    closed: HashSet<u32>,
}

impl Traffic {
    /// Free roads.
    pub fn new(seed: u64) -> Self {
        Self { seed, obstacles: Vec::new(), effects: HashMap::new(), closed: HashSet::new() }
    }

    /// Demand of a segment's busiest hour as a share of its capacity: follows from its number and class.
    fn load(&self, class: Class, segment: u32) -> f64 {
        let own = share(hash(self.seed, 41, u64::from(segment)));
        match class {
            Class::Trunk => 0.45 + 0.40 * own,
            Class::Secondary => 0.25 + 0.45 * own,
            Class::Tertiary => 0.15 + 0.45 * own,
            Class::Residential => 0.04 + 0.22 * own,
            Class::Track => 0.02 * own,
        }
    }

    /// What passes a segment at a local second of a day, in rain of so many mm an hour. `knot` is a count of quarters of an
    /// hour, which varies by itself.
    pub fn flow(&self, county: &County, segment: u32, second: u32, weekend: bool, knot: u64, rain: f64) -> Flow {
        let way = county.roads.way(segment);
        let effect = self.effects.get(&segment).copied().unwrap_or_default();
        let hour = f64::from(second) / 3_600.0;
        let vary = 1.0 + 0.06 * f64::from(bell(hash(self.seed, u64::from(segment), knot)));
        let demand =
            use_of_day::traffic(hour, weekend) * self.load(way.class, segment) * vary * f64::from(effect.demand);
        let capacity = f64::from(way.class.capacity()) * f64::from(effect.capacity);
        // In rain people drive a little less and slower (Highway Capacity Manual 2010, exhibit 10-15, order of size).
        let wet = (rain / 10.0).min(1.0);
        let wanted = demand * f64::from(way.class.capacity()) * (1.0 - 0.06 * wet);
        let intensity = wanted.min(capacity).max(0.0);
        let full = if capacity > 0.0 { (wanted / capacity).min(2.0) } else { 2.0 };
        let free = f64::from(way.speed) * f64::from(effect.speed) * (1.0 - 0.12 * wet);
        let speed = (free / (1.0 + 0.15 * full.powi(4))).max(2.0);
        let occupancy = if effect.capacity <= 0.0 { 0.0 } else { (intensity / speed * VEHICLE_KM).min(1.0) };
        let speed = if effect.capacity <= 0.0 { 0.0 } else { speed };
        Flow { intensity, speed, occupancy }
    }

    /// How much longer a drive over these segments takes than on free roads, as a factor of 1 or more.
    pub fn slower(&self, segments: &[u32]) -> f64 {
        let slow = segments.iter().filter_map(|s| self.effects.get(s)).map(|e| 1.0 / f64::from(e.speed.max(0.2)));
        slow.fold(1.0, f64::max)
    }

    /// Whether nothing can pass one of these segments.
    pub fn blocked(&self, segments: &[u32]) -> bool {
        !self.closed.is_empty() && segments.iter().any(|segment| self.closed.contains(segment))
    }

    /// Whether a segment is open.
    pub fn is_open(&self, segment: u32) -> bool {
        !self.closed.contains(&segment)
    }

    /// What obstructs roads now.
    pub fn obstacles(&self) -> &[Obstacle] {
        &self.obstacles
    }

    /// Puts an obstacle on the road.
    pub fn obstruct(&mut self, county: &County, obstacle: Obstacle) {
        self.obstacles.push(obstacle);
        self.work_out(county);
    }

    /// Takes it away.
    pub fn clear(&mut self, county: &County, id: u32) {
        self.obstacles.retain(|obstacle| obstacle.id != id);
        self.work_out(county);
    }

    fn work_out(&mut self, county: &County) {
        self.effects.clear();
        self.closed =
            self.obstacles.iter().filter(|o| o.left <= 0.0).flat_map(|o| o.segments.iter().copied()).collect();
        for obstacle in &self.obstacles {
            for segment in county.roads.within(obstacle.at, QUEUE) {
                let effect = self.effects.entry(segment).or_default();
                effect.speed = effect.speed.min(0.35 + 0.4 * obstacle.left);
            }
            for segment in &obstacle.segments {
                let effect = self.effects.entry(*segment).or_default();
                effect.capacity = effect.capacity.min(obstacle.left);
                effect.speed = effect.speed.min(0.3);
            }
            let ends = obstacle.segments.first().zip(obstacle.segments.last());
            if let (true, Some((first, last))) = (obstacle.left <= 0.0, ends) {
                let (from, to) = (county.roads.segments[*first as usize].a, county.roads.segments[*last as usize].b);
                let around = county.roads.path(from, to, |segment| !self.closed.contains(&segment));
                for segment in around.into_iter().flatten() {
                    self.effects.entry(segment).or_default().demand *= 1.5;
                }
            }
        }
    }

    /// Accidents an hour to be expected now in the whole county: busy and wet roads have more.
    pub fn accidents_an_hour(&self, county: &County, second: u32, weekend: bool, rain: f64) -> f64 {
        let busy = use_of_day::traffic(f64::from(second) / 3_600.0, weekend);
        let large = county.roads.segments.len() as f64;
        busy * (0.03 + large / 25_000.0) * if rain > 0.3 { 2.0 } else { 1.0 }
    }

    /// Where an accident happens: on a road that carries much.
    pub fn accident_at(&self, county: &County, draw: &mut Draw) -> Option<u32> {
        for _ in 0..64 {
            let segment = draw.below(county.roads.segments.len()) as u32;
            let class = county.roads.segments.get(segment as usize).map(|_| county.roads.way(segment).class)?;
            let share = self.load(class, segment) * f64::from(class.capacity()) / 1_400.0;
            if draw.chance(share) {
                return Some(segment);
            }
        }
        None
    }
}
