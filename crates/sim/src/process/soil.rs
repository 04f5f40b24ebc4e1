//! Water in the roots' soil of each field: the daily balance of FAO Irrigation and Drainage Paper 56, equation 85, taken by the
//! hour. Farmers water when the readily available part is used up and their canal has its turn.

use super::sun::{self, Hour};
use super::water::Water;
use super::weather::Weather;
use crate::county::{County, Parcel};

/// Millimetres that a watering brings at most in an hour.
const WATERING: f64 = 6.0;
/// Share of the water at the field's turnout that reaches the roots.
const EFFICIENCY: f64 = 0.7;

/// What came and went of all fields since the start, mm summed over fields.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ledger {
    /// Rain.
    pub rain: f64,
    /// Water from canals that reached the roots.
    pub watering: f64,
    /// Used by crops and air.
    pub used: f64,
    /// Sunk below the roots.
    pub deep: f64,
    /// Run off the surface.
    pub runoff: f64,
}

/// The state of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Depletion of the root zone, mm below field capacity.
    pub depletion: f64,
    /// Temperature of the soil 20 cm down, degrees Celsius.
    pub temperature: f64,
    /// Whether it is being watered.
    pub watered: bool,
    cell: u16,
    height: f32,
    rain_seen: f64,
}

/// All fields.
#[derive(Clone, Debug)]
pub struct Fields {
    fields: Vec<Field>,
    ledger: Ledger,
}

/// Millimetres of water that a field can hold between field capacity and wilting point. Equation 82.
pub fn holds(parcel: &Parcel) -> f64 {
    1_000.0 * (parcel.soil.field_capacity() - parcel.soil.wilting_point()) * parcel.crop.growth().root_m
}

impl Fields {
    /// Fields with a third of their water used, more or less.
    pub fn new(county: &County, weather: &Weather) -> Self {
        let field = |(i, parcel): (usize, &Parcel)| Field {
            depletion: holds(parcel) * (0.15 + 0.35 * (i * 7 % 10) as f64 / 10.0),
            temperature: weather.state().temperature,
            watered: false,
            cell: weather.cell(parcel.at),
            height: county.terrain.height(parcel.at) as f32,
            rain_seen: 0.0,
        };
        Self { fields: county.parcels.iter().enumerate().map(field).collect(), ledger: Ledger::default() }
    }

    /// An hour passes. `day` is that of the year.
    pub fn hour(&mut self, county: &County, weather: &Weather, water: &mut Water, day: u16) {
        let south = county.plane.lat() < 0.0;
        let state = *weather.state();
        let mut asked = vec![0.0; county.rivers.reaches.len()];
        for (parcel, field) in county.parcels.iter().zip(&mut self.fields) {
            let here = weather.here(field.cell, f64::from(field.height));
            let hour = Hour {
                temperature: here.temperature,
                humidity: here.humidity,
                // Wind at two metres from ten: equation 47.
                wind: state.wind * 0.748,
                sun: state.sun,
                clear: state.clear,
                pressure: here.pressure / 10.0,
            };
            let all = holds(parcel);
            let easy = all * parcel.crop.growth().p;
            // Equations 81 and 84.
            let stress =
                if field.depletion <= easy { 1.0 } else { ((all - field.depletion) / (all - easy)).clamp(0.0, 1.0) };
            let used = (parcel.crop.kc(day, south) * stress * sun::reference(&hour)).min(all - field.depletion);
            let fallen = weather.fallen(field.cell);
            let rain = fallen - field.rain_seen;
            field.rain_seen = fallen;
            let runoff = (rain - parcel.soil.intake()).max(0.0);
            if parcel.canal.is_some() {
                // Watered from when the easy part is gone until the soil is full again; not into rain.
                field.watered = rain < 0.5 && field.depletion > if field.watered { 3.0 } else { easy * 0.9 };
            }
            let mut watering = 0.0;
            if let (true, Some(canal)) = (field.watered, parcel.canal) {
                let given = water.gives(canal);
                watering = WATERING.min(field.depletion) * given;
                asked[canal as usize] += WATERING / EFFICIENCY / 1_000.0 * parcel.area / 3_600.0;
            }
            let after = field.depletion - (rain - runoff) - watering + used;
            let deep = (-after).max(0.0);
            field.depletion = after.max(0.0);
            // Soil follows the air with a memory of a day.
            field.temperature += (here.temperature - field.temperature) * (1.0 - (-1.0_f64 / 22.0).exp());
            self.ledger.rain += rain;
            self.ledger.watering += watering;
            self.ledger.used += used;
            self.ledger.deep += deep;
            self.ledger.runoff += runoff;
        }
        for (canal, flow) in (0..).zip(asked) {
            water.draw(canal, flow);
        }
    }

    /// A field.
    pub fn field(&self, parcel: u32) -> &Field {
        &self.fields[parcel as usize]
    }

    /// Water in its root zone, m3 a m3.
    pub fn moisture(&self, county: &County, parcel: u32) -> f64 {
        let p = &county.parcels[parcel as usize];
        p.soil.field_capacity() - self.fields[parcel as usize].depletion / (1_000.0 * p.crop.growth().root_m)
    }

    /// What came and went since the start.
    pub fn ledger(&self) -> Ledger {
        self.ledger
    }

    /// The depletion of all fields, mm summed.
    pub fn depletion(&self) -> f64 {
        self.fields.iter().map(|field| field.depletion).sum()
    }
}
