//! What a scenario or chance brings about: hazards and incidents with their truth, what they do to the processes, who is called,
//! and how they end.

use super::{Failure, Next, SECOND, Simulation};
use crate::draw::{hash, share};
use crate::fault::Broken;
use crate::plane::Point;
use crate::process::air::Fire;
use crate::process::network::Leak;
use crate::process::traffic::Obstacle;
use crate::process::units::UnitKind;
use crate::scenario::Happening;
use crate::truth::{Asset, Truth, TruthKind};

/// Metres of road that an accident or closure takes, to each side.
const SITE: f64 = 25.0;
/// Seconds until somebody has called for help.
const CALLED_S: i64 = 150;

impl Simulation {
    /// Something begins. Returns its number.
    pub(super) fn began(
        &mut self,
        kind: TruthKind,
        at: Option<Point>,
        assets: Vec<Asset>,
        size: f64,
        cause: Option<u32>,
    ) -> u32 {
        let begin = self.setup.start.plus_micros(self.now);
        let truth = Truth { id: 0, kind, begin, end: None, at, assets, size: size as f32, cause };
        let truth = self.truths.begin(truth);
        let id = truth.id;
        self.news.insert(0, (truth, true));
        id
    }

    fn began_for(
        &mut self,
        kind: TruthKind,
        at: Option<Point>,
        assets: Vec<Asset>,
        size: f64,
        minutes: f64,
        cause: Option<u32>,
    ) -> u32 {
        let id = self.began(kind, at, assets, size, cause);
        self.later(self.now + (minutes * 60.0 * 1e6) as i64, Next::End(id));
        id
    }

    /// Something ends.
    pub(super) fn ends(&mut self, id: u32) {
        let now = self.setup.start.plus_micros(self.now);
        let Some(truth) = self.truths.end(id, now) else { return };
        match truth.kind {
            TruthKind::Accident | TruthKind::Closure => self.traffic.clear(&self.county, id),
            TruthKind::Fire => self.fires.retain(|fire| fire.id != id),
            TruthKind::Leak => self.network.mend(id),
            TruthKind::RoomHeat => self.hot.retain(|(truth, ..)| *truth != id),
            TruthKind::DeviceFault => {
                for asset in &truth.assets {
                    if let Asset::Device(device) = asset {
                        self.failures.remove(device);
                    }
                }
            }
            _ => {}
        }
        self.news.insert(0, (truth, false));
    }

    pub(super) fn planned_happens(&mut self, number: u32) {
        let planned = self.planned[number as usize].clone();
        // Places were looked up before; what is not named is in the town.
        let town = self.county.settlements.first().map_or(Point::default(), |town| town.at);
        let at = planned.place.and_then(|spot| spot.find(&self.county).ok()).unwrap_or(town);
        self.planned_at(&planned.what, at, Some(number));
    }

    pub(super) fn planned_at(&mut self, what: &Happening, at: Point, cause: Option<u32>) {
        let now = self.seconds();
        match *what {
            Happening::Cloudburst { radius_m, mm_h, minutes } => {
                self.weather.cloudburst(now, at, radius_m, mm_h, minutes);
                self.began_for(TruthKind::Cloudburst, Some(at), Vec::new(), mm_h, minutes, cause);
            }
            Happening::Front { mm_h, speed } => self.weather.front(now, mm_h, speed),
            Happening::DustStorm { minutes, wind, dust } => self.weather.dust_storm(now, minutes, wind, dust),
            Happening::Spell { kelvin, minutes } => self.weather.spell(now, minutes, kelvin),
            Happening::Leak { litres_s, minutes } => {
                let Some(node) = self.county.pipes.nearest(at) else { return };
                let place = self.county.pipes.nodes[node as usize].at;
                let assets = vec![Asset::Pipe(node)];
                let id = self.began_for(TruthKind::Leak, Some(place), assets, litres_s, minutes, cause);
                self.network.leak(Leak { id, node, size: litres_s });
            }
            Happening::Crash { minutes, closes } => self.crash(at, minutes, closes, cause),
            Happening::Closure { minutes } => {
                self.obstruct(TruthKind::Closure, at, minutes, 0.0, cause);
            }
            Happening::Fire { minutes, smoke } => {
                let id = self.began_for(TruthKind::Fire, Some(at), Vec::new(), smoke, minutes, cause);
                self.fires.push(Fire { id, at, strength: smoke });
                for kind in [UnitKind::FireEngine, UnitKind::FireEngine, UnitKind::Ambulance] {
                    self.call_later(at, kind, minutes * 60.0);
                }
            }
            Happening::RoomHeat { kelvin, minutes } => {
                let schools =
                    self.assets.schools.iter().map(|school| (self.county.places[*school as usize].at.to(at), *school));
                let Some((_, school)) = schools.min_by(|a, b| a.0.total_cmp(&b.0)) else { return };
                let place = self.county.places[school as usize].at;
                let assets = vec![Asset::Place(school)];
                let id = self.began_for(TruthKind::RoomHeat, Some(place), assets, kelvin, minutes, cause);
                self.hot.push((id, school, kelvin as f32));
            }
            Happening::Devices { mode, kind, share: part, radius_m, minutes } => {
                self.break_devices(at, mode, kind, part, radius_m, minutes, cause);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what a scenario says of a failure")]
    fn break_devices(
        &mut self,
        at: Point,
        mode: Broken,
        kind: Option<crate::device::Kind>,
        part: f64,
        radius: f64,
        minutes: f64,
        cause: Option<u32>,
    ) {
        let devices = kind.map_or(0..self.devices(), |kind| self.devices_of(kind));
        let seed = self.county.seed;
        let drawn = |device: &u32| share(hash(seed, u64::from(*device), 200 + u64::from(cause.unwrap_or(0)))) < part;
        let hit: Vec<u32> = devices.filter(drawn).filter(|device| self.place(*device).to(at) <= radius).collect();
        let from = (self.now / SECOND) as u32;
        let until = from.saturating_add((minutes * 60.0) as u32);
        for device in &hit {
            self.failures.insert(*device, Failure { mode, from, until, held: None });
        }
        let count = hit.len() as f64;
        let assets = hit.into_iter().map(Asset::Device).collect();
        self.began_for(TruthKind::DeviceFault, Some(at), assets, count, minutes, cause);
    }

    pub(super) fn crash(&mut self, at: Point, minutes: f64, closes: bool, cause: Option<u32>) {
        let Some(place) = self.obstruct(TruthKind::Accident, at, minutes, if closes { 0.0 } else { 0.4 }, cause) else {
            return;
        };
        self.call_later(place, UnitKind::Ambulance, minutes * 30.0);
        if closes {
            self.call_later(place, UnitKind::FireEngine, minutes * 45.0);
        }
    }

    /// Puts something on the nearest road. Returns where that is.
    fn obstruct(&mut self, kind: TruthKind, at: Point, minutes: f64, left: f32, cause: Option<u32>) -> Option<Point> {
        let (segment, _, along) = self.county.roads.nearest(at)?;
        let (a, b) = self.county.roads.ends(segment);
        let place = a.toward(b, along);
        // The stretch of this road that is taken, not side streets.
        let way = self.county.roads.segments[segment as usize].way;
        let mut segments = self.county.roads.within(place, SITE);
        segments.retain(|near| self.county.roads.segments[*near as usize].way == way);
        if segments.is_empty() {
            segments.push(segment);
        }
        let assets = segments.iter().map(|segment| Asset::Segment(*segment)).collect();
        let id = self.began_for(kind, Some(place), assets, f64::from(1.0 - left), minutes, cause);
        self.traffic.obstruct(&self.county, Obstacle { id, segments, at: place, left });
        Some(place)
    }

    fn call_later(&mut self, at: Point, kind: UnitKind, work: f64) {
        if let Some(node) = self.county.roads.nearest_node(at) {
            self.later(self.now + CALLED_S * SECOND, Next::Call { node, kind, work });
        }
    }

    pub(super) fn call(&mut self, node: u32, kind: UnitKind, work: f64) {
        let (traffic, now) = (&self.traffic, self.now as f64 / SECOND as f64);
        // Help gets through to what is closed for others.
        let near = self.county.roads.at(node);
        let open = |segment: u32| traffic.is_open(segment) || near.contains(&segment);
        if let Some((unit, at)) = self.units.call(kind, &self.county, node, work, now, open) {
            self.later((at * 1e6) as i64, Next::Unit(unit));
        }
    }
}
