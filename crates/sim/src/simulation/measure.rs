//! What there is to measure where a device stands: the truth behind every reading. Nothing here is wrong or late.

use super::Simulation;
use crate::device::{Device, Kind, VALUES};
use crate::draw::{bell, hash, share};
use crate::plane::{Point, along};
use crate::process::rooms;
use crate::process::{air, use_of_day};
use std::f64::consts::{FRAC_PI_2, TAU};

/// Days since 1970 on which water meters began to count.
const METERS: f64 = 18_262.0;
/// Seconds of a classroom's air that are worked out at once.
const ROOM_STEP: u32 = 60;

impl Simulation {
    fn own(&self, device: u32, what: u64) -> f64 {
        share(hash(self.county.seed, u64::from(device), what))
    }

    /// Gives a device the state that it has at the start.
    pub(super) fn settle(&self, number: u32, device: &mut Device) {
        device.state = match device.kind {
            Kind::Bin => (self.own(number, 60) * 0.8) as f32,
            Kind::Room => rooms::OUTSIDE as f32,
            _ => 0.0,
        };
    }

    /// Where a weather station of this number stands: the town, the upper valley, then all over the county.
    fn site(&self, asset: u32) -> Point {
        match asset {
            0 => self.county.settlements.first().map_or(Point::default(), |town| town.at),
            1 => self.county.rivers.upper_valley().unwrap_or_default(),
            _ => {
                let place = |what| (share(hash(self.county.seed, u64::from(asset), what)) * 2.0 - 1.0) * 0.9;
                Point::new(place(61) * self.county.reach_m, place(62) * self.county.reach_m)
            }
        }
    }

    /// Where a device stands.
    pub fn place(&self, number: u32) -> Point {
        let device = &self.devices[number as usize];
        let (county, assets) = (&self.county, &self.assets);
        let asset = device.asset as usize;
        let beside = |segment: u32, metres: f64| {
            let (a, b) = county.roads.ends(segment);
            let side = if self.own(number, 64) < 0.5 { FRAC_PI_2 } else { -FRAC_PI_2 };
            a.toward(b, 0.1 + 0.8 * self.own(number, 63)).off(a.direction(b) + side, metres)
        };
        let around = |at: Point, metres: f64| at.off(self.own(number, 65) * TAU, metres * self.own(number, 66).sqrt());
        let reach = |reach: u32| {
            let reach = &county.rivers.reaches[reach as usize];
            along(&reach.line, reach.length * (0.2 + 0.6 * self.own(number, 63))).0
        };
        match device.kind {
            Kind::Weather => self.site(device.asset),
            Kind::River => reach(assets.rivers[asset]),
            Kind::Canal => reach(assets.canals[asset]),
            Kind::Reservoir => county.rivers.reservoirs[asset].at,
            Kind::Air => beside(assets.airs[asset], 12.0),
            Kind::Soil => around(county.parcels[asset].at, 60.0),
            Kind::Parking => county.car_parks[asset].at,
            Kind::Bin => beside(assets.bins[asset], 8.0),
            Kind::Traffic => beside(assets.counters[asset], 4.0),
            Kind::Lift => around(county.places[assets.blocks[asset] as usize].at, 18.0),
            Kind::Room => around(county.places[assets.schools[asset] as usize].at, 25.0),
            Kind::Pressure => county.pipes.nodes[assets.pipes[asset] as usize].at,
            Kind::Zone => county.pipes.nodes[county.pipes.zones[asset] as usize].at,
            Kind::Meter => county.houses[asset].at(),
        }
    }

    /// Vehicles on a segment now.
    pub(super) fn flow_on(&self, segment: u32, second: u32) -> crate::process::traffic::Flow {
        let unix = self.unix(second);
        let (of_day, weekend) = (self.county.second_of_day(unix), use_of_day::is_weekend(self.county.day(unix)));
        let (a, _) = self.county.roads.ends(segment);
        let rain = self.weather.rain(self.weather.cell(a));
        self.traffic.flow(&self.county, segment, of_day, weekend, unix.div_euclid(900) as u64, rain)
    }

    /// What a device would measure at a second if it were perfect. Brings the device's own state up to then.
    pub(super) fn measure(&self, number: u32, device: &mut Device, second: u32) -> [f32; VALUES] {
        let mut out = [0.0; VALUES];
        let (county, assets, asset) = (&self.county, &self.assets, device.asset as usize);
        let unix = self.unix(second);
        let of_day = county.second_of_day(unix);
        let hour = f64::from(of_day) / 3_600.0;
        let weekend = use_of_day::is_weekend(county.day(unix));
        let mut put = |values: &[f64]| values.iter().zip(&mut out).for_each(|(value, out)| *out = *value as f32);
        match device.kind {
            Kind::Weather => {
                let at = self.site(device.asset);
                let cell = self.weather.cell(at);
                let (here, state) = (self.weather.here(cell, county.terrain.height(at)), self.weather.state());
                let fallen = self.weather.fallen(cell);
                let since = (fallen - f64::from(device.state)).max(0.0);
                device.state = fallen as f32;
                put(&[
                    here.temperature,
                    here.humidity,
                    since,
                    state.wind,
                    state.from,
                    here.pressure,
                    state.sun,
                    here.visibility,
                ]);
            }
            Kind::River | Kind::Canal => {
                let list = if device.kind == Kind::River { &assets.rivers } else { &assets.canals };
                put(&[self.water.depth(county, list[asset]), self.water.flow(list[asset])]);
            }
            Kind::Reservoir => {
                let (depth, release) = self.water.reservoir(county, device.asset);
                put(&[depth, release]);
            }
            Kind::Air => {
                let at = county.roads.ends(assets.airs[asset]).0;
                let here = self.weather.here(self.weather.cell(at), county.terrain.height(at));
                let passing = self.flow_on(assets.airs[asset], second).intensity;
                let settled =
                    county.settlements.first().map_or(0.0, |t| 1.0 / (1.0 + (t.at.to(at) / t.radius).powi(2)));
                let place = self.place(number);
                let a = air::at(place, self.weather.state(), &here, self.busy, passing, settled, &self.fires);
                put(&[a.pm10, a.pm25, a.no2, a.o3]);
            }
            Kind::Soil => {
                // A probe measures one place of a field, not the whole.
                let own = 1.0 + 0.05 * f64::from(bell(hash(county.seed, u64::from(number), 67)));
                let moisture = self.fields.moisture(county, device.asset) * own;
                put(&[moisture, self.fields.field(device.asset).temperature]);
            }
            Kind::Parking => {
                let spaces = f64::from(county.car_parks[asset].spaces);
                let own = 0.75 + 0.45 * self.own(device.asset, 68);
                let vary =
                    0.04 * f64::from(bell(hash(county.seed, u64::from(device.asset), unix.div_euclid(600) as u64)));
                let taken = (use_of_day::parking(hour, weekend) * own + vary).clamp(0.0, 1.0);
                put(&[spaces, (spaces * (1.0 - taken)).round()]);
            }
            Kind::Bin => {
                let segment = assets.bins[asset] as usize;
                let mut since = device.seen;
                if self.emptied[segment] > since {
                    (device.state, since) = (0.0, self.emptied[segment]);
                }
                let hours = f64::from(second.saturating_sub(since)) / 3_600.0;
                let rate =
                    (0.006 + 0.022 * self.own(number, 69)) * use_of_day::waste(hour) * if weekend { 1.25 } else { 1.0 };
                device.state = (f64::from(device.state) + rate * hours).min(1.0) as f32;
                let air = self.weather.state().temperature;
                put(&[f64::from(device.state), air + 1.5 + self.weather.state().sun * 0.006]);
            }
            Kind::Traffic => {
                let flow = self.flow_on(assets.counters[asset], second);
                put(&[flow.intensity, flow.speed, flow.occupancy]);
            }
            Kind::Lift => {
                let out_of_service = device.state > second as f32;
                let (whole, part) = (of_day as usize / 3_600, (of_day % 3_600) as f32 / 3_600.0);
                let trips = self.lift_day[whole] + (self.lift_day[whole + 1] - self.lift_day[whole]) * part;
                let rate = 120.0 + 260.0 * self.own(number, 70);
                put(&[f64::from(u8::from(out_of_service)), (f64::from(trips) * rate).floor()]);
            }
            Kind::Room => {
                let changes = 1.1 + 2.4 * self.own(number, 71);
                let mut at = device.seen;
                // After a long silence the air of the last hours is all that counts.
                at = at.max(second.saturating_sub(6 * 3_600));
                while at < second {
                    let step = ROOM_STEP.min(second - at);
                    let full = use_of_day::lessons(county.second_of_day(self.unix(at)), weekend);
                    device.state = rooms::carbon_dioxide(device.state.into(), step.into(), full, changes) as f32;
                    at += step;
                }
                let school = assets.schools[asset];
                let broken: f32 = self.hot.iter().filter(|(_, place, _)| *place == school).map(|(.., k)| *k).sum();
                let full = use_of_day::lessons(of_day, weekend);
                let outside = self.weather.state();
                let inside = rooms::temperature(outside.temperature, full, broken.into());
                let vapour = crate::process::sun::saturation(outside.dew) + 0.15 * full;
                let humidity = (vapour / crate::process::sun::saturation(inside)).clamp(0.1, 1.0);
                put(&[device.state.into(), inside, humidity]);
            }
            Kind::Pressure => put(&[self.network.pressure(assets.pipes[asset])]),
            Kind::Zone => {
                let node = county.pipes.zones[asset];
                put(&[self.network.flow(node) * 3.6, self.network.pressure(node)]);
            }
            Kind::Meter => {
                let rate = 0.15 + 0.5 * self.own(number, 72);
                let days = unix as f64 / 86_400.0 - METERS - 900.0 * self.own(number, 73);
                put(&[(days * rate).max(0.0)]);
            }
        }
        if let Some(at) = device.kind.spec().attributes.iter().position(|a| a.name == "batteryLevel") {
            out[at] = crate::fault::battery(device.kind.spec(), county.seed, number, unix).0 as f32;
        }
        device.seen = second;
        out
    }
}
