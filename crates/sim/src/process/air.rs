//! Air quality as a box over the town (J. Seinfeld and S. Pandis, "Atmospheric Chemistry and Physics", ch. 25): what is
//! emitted, spread over wind and mixing height; what the road beside a station adds; dust; smoke downwind of a fire
//! (Gaussian plume, F. Pasquill 1961); rain washes it out.

use super::weather::{Here, State};
use crate::plane::Point;

/// A fire that smokes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fire {
    /// A number of the caller.
    pub id: u32,
    /// Where.
    pub at: Point,
    /// Grams of particles a second.
    pub strength: f64,
}

/// µg a m3.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Air {
    /// Particles below 10 µm.
    pub pm10: f64,
    /// Particles below 2.5 µm.
    pub pm25: f64,
    /// Nitrogen dioxide.
    pub no2: f64,
    /// Ozone.
    pub o3: f64,
}

/// The air at a place. `busy` is the town's traffic as a share of its busiest hour, `passing` vehicles an hour beside the
/// place, `settled` 1 in the town's middle and 0 outside.
pub fn at(place: Point, state: &State, here: &Here, busy: f64, passing: f64, settled: f64, fires: &[Fire]) -> Air {
    let wind = state.wind.max(0.7);
    // The mixed layer: 250 m on a still night, up to 1,500 m under a high sun.
    let height = 250.0 + 1.4 * state.sun;
    let spread = 1.0 / (wind * height);
    let heating = (14.0 - here.temperature).clamp(0.0, 20.0) / 20.0;
    let washed = 1.0 / (1.0 + here.rain * 0.25);
    let town = (9_000.0 * busy + 14_000.0 * heating) * spread * settled;
    let road = passing / 1_000.0 * 14.0 / wind;
    let smoke: f64 = fires.iter().map(|fire| plume(fire, place, state)).sum();
    let pm25 = (5.0 + town * 0.8 + road * 0.45) * washed + state.dust * 0.22 + smoke * 0.85;
    let pm10 = (9.0 + town + road) * washed + state.dust + smoke;
    let no2 = 6.0 + town * 1.1 + road * 2.2 + smoke * 0.05;
    let o3 = (38.0 + 0.075 * state.sun + 0.8 * (here.temperature - 15.0) - 0.6 * no2).max(2.0);
    Air { pm10, pm25, no2, o3 }
}

fn plume(fire: &Fire, place: Point, state: &State) -> f64 {
    let (dx, dy) = (place.x - fire.at.x, place.y - fire.at.y);
    // The wind is named by where it comes from, in degrees from north.
    let toward = (270.0 - state.from).to_radians();
    let (along, across) = (dx * toward.cos() + dy * toward.sin(), -dx * toward.sin() + dy * toward.cos());
    if along < -40.0 {
        return 0.0;
    }
    let along = along.max(40.0);
    // Widths of neutral air over land: F. Pasquill and F. Gifford, class D.
    let (wide, high) =
        (0.08 * along / (1.0 + 0.000_1 * along).sqrt() + 12.0, 0.06 * along / (1.0 + 0.001_5 * along).sqrt() + 8.0);
    let ground = fire.strength * 1e6 / (std::f64::consts::PI * state.wind.max(0.7) * wide * high);
    ground * (-across * across / (2.0 * wide * wide)).exp()
}
