//! Rain to rivers. Each reach's land is two tanks (M. Sugawara 1961): what the soil cannot take at once runs off within hours,
//! the rest sinks and comes out over weeks. Reaches pass water on by Manning's formula as storages whose outflow follows
//! their level (a kinematic cascade), so that volume is never made or lost. Reservoirs release and spill; canals take
//! what their gate lets in. A step a minute.
//!
//! Not there: backwater, groundwater between catchments, snow, ice.

use super::weather::Weather;
use crate::county::{County, WaterKind};
use crate::plane::Point;

/// Hours in which the quick tank empties to a third.
const QUICK_H: f64 = 1.1;
/// Hours of the slow tank.
const SLOW_H: f64 = 24.0 * 21.0;
/// Millimetres an hour that land takes in when it is dry; wet land takes less.
const INTAKE: f64 = 14.0;
/// Millimetres at which the slow tank is full and takes no more.
const SOIL: f64 = 120.0;
/// Roughness of a natural bed (V. T. Chow 1959), s m^-1/3.
const ROUGH: f64 = 0.038;
/// Roughness of a canal.
const SMOOTH: f64 = 0.020;
/// Share of a canal's volume that seeps away in an hour.
const SEEPAGE: f64 = 0.004;

/// Every drop, m3 since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ledger {
    /// In the county at the start.
    pub before: f64,
    /// Rain on land and reservoirs.
    pub rain: f64,
    /// Gone into the air.
    pub air: f64,
    /// Gone over the county's border in rivers.
    pub out: f64,
    /// Seeped from canals.
    pub seeped: f64,
    /// Given to fields.
    pub fields: f64,
}

/// Tanks of a piece of land, mm.
#[derive(Clone, Copy, Debug)]
struct Land {
    quick: f64,
    slow: f64,
}

/// The cells of the rain grid whose mean is the rain on a piece of land: its middle, and four places around.
type Cells = [u16; 5];

fn cells(weather: &Weather, middle: Point, land: f64) -> Cells {
    let away = (land / std::f64::consts::PI).sqrt() * 0.65;
    let around = |x: f64, y: f64| weather.cell(Point::new(middle.x + x * away, middle.y + y * away));
    [around(0.0, 0.0), around(1.0, 0.0), around(-1.0, 0.0), around(0.0, 1.0), around(0.0, -1.0)]
}

/// Millimetres an hour on a piece of land.
fn rain(weather: &Weather, cells: &Cells) -> f64 {
    cells.iter().map(|cell| weather.rain(*cell)).sum::<f64>() / cells.len() as f64
}

/// All water in the open.
#[derive(Clone, Debug)]
pub struct Water {
    land: Vec<Land>,
    cells: Vec<Cells>,
    /// m3 in each reach.
    volume: Vec<f64>,
    /// m3/s out of each reach.
    flow: Vec<f64>,
    /// m3/s asked for by fields, by reach; kept until asked for anew.
    asked: Vec<f64>,
    /// Land and volume of reservoirs.
    above: Vec<Land>,
    above_cells: Vec<Cells>,
    stored: Vec<f64>,
    release: Vec<f64>,
    ledger: Ledger,
}

/// Flow of a rectangular bed at a depth, m3/s (Manning).
fn manning(width: f64, depth: f64, slope: f64, rough: f64) -> f64 {
    let area = width * depth;
    let radius = area / (width + 2.0 * depth);
    area * radius.powf(2.0 / 3.0) * slope.sqrt() / rough
}

impl Water {
    /// Rivers after a fortnight of dry weather, reservoirs three quarters full.
    pub fn new(county: &County, weather: &Weather) -> Self {
        let reaches = &county.rivers.reaches;
        let reservoirs = &county.rivers.reservoirs;
        let mut water = Self {
            land: vec![Land { quick: 0.0, slow: 46.0 }; reaches.len()],
            cells: reaches.iter().map(|reach| cells(weather, reach.middle, reach.land)).collect(),
            volume: vec![0.0; reaches.len()],
            flow: vec![0.0; reaches.len()],
            asked: vec![0.0; reaches.len()],
            above: vec![Land { quick: 0.0, slow: 46.0 }; reservoirs.len()],
            above_cells: reservoirs.iter().map(|r| cells(weather, r.middle, r.land)).collect(),
            stored: reservoirs.iter().map(|r| r.surface * r.full * 0.75).collect(),
            release: vec![0.0; reservoirs.len()],
            ledger: Ledger::default(),
        };
        // Dry days, so that levels stand where the land's slow tanks hold them; their water counts as there before.
        for _ in 0..3 * 24 * 60 {
            water.step(county, weather, 60.0, 0.0, false);
        }
        water.ledger = Ledger { before: water.held(county), ..Ledger::default() };
        water
    }

    /// Goes on by `dt` seconds; `evaporation` is that of a reference crop in mm an hour, `by_day` whether canal gates are open.
    pub fn step(&mut self, county: &County, weather: &Weather, dt: f64, evaporation: f64, by_day: bool) {
        let reaches = &county.rivers.reaches;
        let mut inflow = vec![0.0; reaches.len()];
        for (i, reach) in reaches.iter().enumerate() {
            let mm = self.land[i].pass(rain(weather, &self.cells[i]), evaporation, dt);
            self.ledger.rain += mm.rain * reach.land / 1_000.0;
            self.ledger.air += mm.air * reach.land / 1_000.0;
            inflow[i] += mm.out * reach.land / 1_000.0 / dt;
        }
        for (i, reservoir) in county.rivers.reservoirs.iter().enumerate() {
            let rate = rain(weather, &self.above_cells[i]);
            let mm = self.above[i].pass(rate, evaporation, dt);
            let straight = rate * dt / 3_600.0 / 1_000.0 * reservoir.surface;
            let gone = (evaporation * dt / 3_600.0 / 1_000.0 * reservoir.surface).min(self.stored[i]);
            self.ledger.rain += mm.rain * reservoir.land / 1_000.0 + straight;
            self.ledger.air += mm.air * reservoir.land / 1_000.0 + gone;
            self.stored[i] += mm.out * reservoir.land / 1_000.0 + straight - gone;
            // Below the edge what the river needs; above it, the spillway (broad crest of 12 m: Q = 1.7 b h^1.5).
            let over = (self.stored[i] / reservoir.surface - reservoir.full).max(0.0);
            let share = self.stored[i] / (reservoir.surface * reservoir.full);
            let out = 0.25 + 0.5 * (share - 0.5).max(0.0) + 1.7 * 12.0 * over.powf(1.5);
            let out = out.min(self.stored[i] / dt);
            self.stored[i] -= out * dt;
            self.release[i] = out;
            inflow[reservoir.below as usize] += out;
        }
        for i in 0..reaches.len() {
            let reach = &reaches[i];
            // A canal's gate takes up to a fifth of what passes, and no more than the canal carries.
            if let Some(source) = reach.source {
                let share = if by_day { 0.20 } else { 0.05 };
                let taken = (self.flow[source as usize] * share).min(3.0);
                let taken = taken.min(self.volume[source as usize] / dt);
                self.volume[source as usize] -= taken * dt;
                inflow[i] += taken;
            }
            let mut volume = self.volume[i] + inflow[i] * dt;
            if reach.kind == WaterKind::Canal {
                let seeped = volume * SEEPAGE * dt / 3_600.0;
                let fields = (self.asked[i] * dt).min((volume - seeped) * 0.5);
                volume -= seeped + fields;
                self.ledger.seeped += seeped;
                self.ledger.fields += fields;
            }
            let rough = if reach.kind == WaterKind::Canal { SMOOTH } else { ROUGH };
            let depth = volume / (reach.width * reach.length);
            // At most half of it leaves in a step, so that the explicit step cannot swing.
            let out = manning(reach.width, depth, reach.slope, rough).min(volume * 0.5 / dt);
            self.volume[i] = volume - out * dt;
            self.flow[i] = out;
            match reach.downstream {
                Some(to) => inflow[to as usize] += out,
                None => self.ledger.out += out * dt,
            }
        }
    }

    /// Lets fields at a canal draw so many m3/s from now on. What the canal does not have they do not get.
    pub fn draw(&mut self, canal: u32, flow: f64) {
        self.asked[canal as usize] = flow;
    }

    /// The share of what is asked for that a canal can give now.
    pub fn gives(&self, canal: u32) -> f64 {
        let asked = self.asked[canal as usize];
        if asked <= 0.0 { 1.0 } else { (self.volume[canal as usize] * 0.5 / 60.0 / asked).min(1.0) }
    }

    /// Depth in a reach, metres.
    pub fn depth(&self, county: &County, reach: u32) -> f64 {
        let r = &county.rivers.reaches[reach as usize];
        self.volume[reach as usize] / (r.width * r.length)
    }

    /// Flow out of a reach, m3/s.
    pub fn flow(&self, reach: u32) -> f64 {
        self.flow[reach as usize]
    }

    /// Depth at the dam of a reservoir, metres, and m3/s that leave it.
    pub fn reservoir(&self, county: &County, number: u32) -> (f64, f64) {
        let surface = county.rivers.reservoirs[number as usize].surface;
        (self.stored[number as usize] / surface, self.release[number as usize])
    }

    /// m3 in land, rivers, canals and reservoirs.
    pub fn held(&self, county: &County) -> f64 {
        let tanks = |land: &Land, area: f64| (land.quick + land.slow) * area / 1_000.0;
        let land: f64 = self.land.iter().zip(&county.rivers.reaches).map(|(l, r)| tanks(l, r.land)).sum();
        let above: f64 = self.above.iter().zip(&county.rivers.reservoirs).map(|(l, r)| tanks(l, r.land)).sum();
        land + above + self.volume.iter().sum::<f64>() + self.stored.iter().sum::<f64>()
    }

    /// What came and went since the start.
    pub fn ledger(&self) -> Ledger {
        self.ledger
    }
}

/// Millimetres of a step.
struct Passed {
    rain: f64,
    air: f64,
    out: f64,
}

impl Land {
    fn pass(&mut self, rate: f64, evaporation: f64, dt: f64) -> Passed {
        let hours = dt / 3_600.0;
        let rain = rate * hours;
        let wet = (self.slow / SOIL).clamp(0.0, 1.0);
        let sinks = rain.min(INTAKE * (1.0 - wet) * hours);
        self.slow += sinks;
        self.quick += rain - sinks;
        // Land gives to the air as much of the reference as it is wet.
        let air = (evaporation * wet * hours).min(self.slow);
        self.slow -= air;
        let quick = self.quick * (1.0 - (-hours / QUICK_H).exp());
        let slow = self.slow * (1.0 - (-hours / SLOW_H).exp());
        self.quick -= quick;
        self.slow -= slow;
        Passed { rain, air, out: quick + slow }
    }
}
