//! Weather: one state for the whole county (mean temperature of the days, wind, cloud, pressure), and rain and dust that
//! move over it. A step a minute. Rain of each place is kept on a grid, which gauges and rivers share.
//!
//! Temperature is a yearly and a daily wave, a slow random part (Ornstein-Uhlenbeck, as stochastic weather generators after
//! C. Richardson 1981 have it), 6.5 K less each kilometre up (the standard atmosphere), and what rain and clouds
//! take. Fronts come as a Poisson process; a front is a band, a cloudburst a round cell (exponential cells: I.
//! Rodriguez-Iturbe, D. Cox, V. Isham 1987).

use super::sun;
use crate::draw::Draw;
use crate::plane::Point;
use std::f64::consts::TAU;

/// Cells of the rain grid on a side.
pub const GRID: usize = 24;
/// Kelvin a metre up.
const LAPSE: f64 = 0.0065;
/// Mean hours between fronts.
const FRONTS_H: f64 = 70.0;
/// Mean hours between thunderstorms in the afternoon of a warm day.
const STORMS_H: f64 = 30.0;

/// What rain falls from.
#[derive(Clone, Debug, PartialEq)]
struct Cloud {
    /// Its middle.
    at: Point,
    /// Metres a second, east and north.
    drift: (f64, f64),
    /// Metres to where rain is a third of that in the middle: across a band, around a cell.
    radius: f64,
    /// The direction in which a band is long; none for a cell.
    band: Option<f64>,
    /// Millimetres an hour in the middle.
    peak: f64,
    /// Seconds since the start.
    from: f64,
    to: f64,
}

impl Cloud {
    fn rain(&self, at: Point, now: f64) -> f64 {
        if now < self.from || now > self.to {
            return 0.0;
        }
        let away = match self.band {
            Some(direction) => {
                let (dx, dy) = (at.x - self.at.x, at.y - self.at.y);
                (dx * direction.sin() - dy * direction.cos()).abs()
            }
            None => at.to(self.at),
        };
        // It grows and fades within ten minutes, or a fifth of its life if that is less.
        let edge = (600.0_f64).min((self.to - self.from) / 5.0).max(1.0);
        let grown = ((now - self.from) / edge).min((self.to - now) / edge).clamp(0.0, 1.0);
        let rain = self.peak * grown * (-(away / self.radius).powi(2) * 1.1).exp();
        if rain < 0.05 { 0.0 } else { rain }
    }
}

/// A storm of dust over the whole county.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Dust {
    from: f64,
    to: f64,
    /// PM10 at its height, µg a m3.
    peak: f64,
    /// Wind at its height, m/s.
    wind: f64,
}

impl Dust {
    fn share(&self, now: f64) -> f64 {
        let edge = ((self.to - self.from) / 4.0).max(1.0);
        ((now - self.from) / edge).min((self.to - now) / edge).clamp(0.0, 1.0)
    }
}

/// The weather of the county.
#[derive(Clone, Debug)]
pub struct Weather {
    latitude: f64,
    reach: f64,
    base_height: f64,
    draw: Draw,
    /// Slow deviations: temperature in kelvin, wind and cloud in deviations.
    warm: f64,
    windy: f64,
    cloudy: f64,
    turning: f64,
    clouds: Vec<Cloud>,
    dust: Vec<Dust>,
    /// Cold or heat that a scenario asks for: from, to, kelvin.
    spells: Vec<(f64, f64, f64)>,
    next_front: f64,
    next_storm: f64,
    /// Millimetres an hour, and millimetres since the start, by cell.
    rate: Vec<f32>,
    total: Vec<f64>,
    raining: bool,
    state: State,
}

/// The weather that the whole county has at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct State {
    /// Degrees Celsius at the river in the middle of the county, no rain.
    pub temperature: f64,
    /// Dew point, degrees Celsius.
    pub dew: f64,
    /// Wind, m/s, ten metres up.
    pub wind: f64,
    /// Where it comes from, degrees from north.
    pub from: f64,
    /// Share of the sky that is clouded.
    pub cloud: f64,
    /// hPa at the sea.
    pub pressure: f64,
    /// Sun on the ground, W a m2.
    pub sun: f64,
    /// The same without clouds.
    pub clear: f64,
    /// Dust in the air, µg PM10 a m3.
    pub dust: f64,
}

/// What a place has.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Here {
    /// Degrees Celsius.
    pub temperature: f64,
    /// Relative humidity, 0 to 1.
    pub humidity: f64,
    /// Millimetres an hour.
    pub rain: f64,
    /// hPa at this height.
    pub pressure: f64,
    /// Metres that one can see.
    pub visibility: f64,
}

impl Weather {
    /// The weather of a county around a latitude; `reach` is half its side in metres, `base_height` that of its middle.
    pub fn new(seed: u64, latitude: f64, reach: f64, base_height: f64) -> Self {
        let mut draw = Draw::new(seed, 31);
        let (next_front, next_storm) = (draw.wait(FRONTS_H * 3_600.0), draw.wait(STORMS_H * 3_600.0));
        let turning = draw.between(0.0, TAU);
        Self {
            latitude,
            reach,
            base_height,
            warm: draw.normal(),
            windy: draw.normal() * 0.5,
            cloudy: draw.normal() * 0.7 - 0.4,
            turning,
            draw,
            clouds: Vec::new(),
            dust: Vec::new(),
            spells: Vec::new(),
            next_front,
            next_storm,
            rate: vec![0.0; GRID * GRID],
            total: vec![0.0; GRID * GRID],
            raining: false,
            state: State::default(),
        }
    }

    /// Goes on by `dt` seconds to `now` (seconds since the start), on a day of the year, at a local solar hour.
    pub fn step(&mut self, now: f64, dt: f64, day: u16, hour: f64) {
        // Memories of two days, eight hours, ten hours, a day.
        let slow = |value: f64, memory_h: f64, spread: f64, draw: &mut Draw| {
            let kept = (-dt / (memory_h * 3_600.0)).exp();
            value * kept + spread * (1.0 - kept * kept).sqrt() * draw.normal()
        };
        self.warm = slow(self.warm, 48.0, 2.6, &mut self.draw);
        self.windy = slow(self.windy, 8.0, 0.6, &mut self.draw);
        self.cloudy = slow(self.cloudy, 10.0, 0.9, &mut self.draw);
        let veer = slow(0.0, 24.0, 1.0, &mut self.draw);
        self.turning += veer;
        self.weather_comes(now, dt, hour);
        self.read(now, day, hour);
        self.rain_falls(now, dt);
    }

    fn weather_comes(&mut self, now: f64, dt: f64, hour: f64) {
        self.clouds.retain(|cloud| cloud.to > now);
        self.dust.retain(|dust| dust.to > now);
        self.spells.retain(|(_, to, _)| *to > now);
        for cloud in &mut self.clouds {
            cloud.at = Point::new(cloud.at.x + cloud.drift.0 * dt, cloud.at.y + cloud.drift.1 * dt);
        }
        if now >= self.next_front {
            self.next_front = now + 3_600.0 + self.draw.wait(FRONTS_H * 3_600.0);
            let (peak, speed) = (self.draw.between(1.0, 6.0), self.draw.between(4.0, 10.0));
            self.front(now, peak, speed);
        }
        if now >= self.next_storm {
            self.next_storm = now + 1_800.0 + self.draw.wait(STORMS_H * 3_600.0);
            if (13.0..20.0).contains(&hour) && self.state.temperature > 21.0 {
                let place = |draw: &mut Draw, reach: f64| draw.between(-reach, reach) * 0.9;
                let at = Point::new(place(&mut self.draw, self.reach), place(&mut self.draw, self.reach));
                let (radius, peak) = (self.draw.between(1_500.0, 4_000.0), self.draw.between(15.0, 55.0));
                let minutes = self.draw.between(20.0, 60.0);
                self.cloudburst(now, at, radius, peak, minutes);
            }
        }
    }

    /// A band of rain that crosses the county, with the wind.
    pub fn front(&mut self, now: f64, peak: f64, speed: f64) {
        let toward = self.turning;
        let width = self.draw.between(9_000.0, 22_000.0);
        let start = Point::default().off(toward, -(self.reach * 1.5 + width));
        let seconds = (self.reach * 3.0 + width * 2.0) / speed;
        self.clouds.push(Cloud {
            at: start,
            drift: (toward.cos() * speed, toward.sin() * speed),
            radius: width / 2.0,
            band: Some(toward + TAU / 4.0),
            peak,
            from: now,
            to: now + seconds,
        });
    }

    /// A cell of heavy rain over a place.
    pub fn cloudburst(&mut self, now: f64, at: Point, radius: f64, peak: f64, minutes: f64) {
        let drift = (self.turning.cos() * 0.4, self.turning.sin() * 0.4);
        self.clouds.push(Cloud { at, drift, radius, band: None, peak, from: now, to: now + minutes * 60.0 });
    }

    /// A storm of dust.
    pub fn dust_storm(&mut self, now: f64, minutes: f64, wind: f64, peak: f64) {
        self.dust.push(Dust { from: now, to: now + minutes * 60.0, peak, wind });
    }

    /// A spell of cold (below 0) or heat, in kelvin.
    pub fn spell(&mut self, now: f64, minutes: f64, kelvin: f64) {
        self.spells.push((now, now + minutes * 60.0, kelvin));
    }

    fn read(&mut self, now: f64, day: u16, hour: f64) {
        let south = self.latitude < 0.0;
        // The warmest day is some four weeks after the highest sun.
        let year = f64::from(day) - if south { 18.0 } else { 200.0 };
        let wave = (year / 365.0 * TAU).cos();
        let far = self.latitude.abs();
        let mean = 28.0 - 0.012 * (far - 8.0).max(0.0).powi(2) + 5.0 * (1.0 - (far / 23.0).min(1.0)) * 0.2;
        let yearly = (far * 0.24).min(14.0);
        let falling: f64 = self.clouds.iter().map(|c| c.rain(Point::default(), now)).sum();
        let banded = self.clouds.iter().any(|c| c.band.is_some() && now > c.from);
        let cloud =
            (0.45 + 0.3 * self.cloudy + if banded { 0.35 } else { 0.0 } + falling.min(8.0) * 0.06).clamp(0.0, 1.0);
        let dust = self.dust.iter().map(|d| (d.share(now), d)).max_by(|a, b| a.0.total_cmp(&b.0));
        let (dust_share, dust_peak, dust_wind) = dust.map_or((0.0, 0.0, 0.0), |(share, d)| (share, d.peak, d.wind));
        let top = sun::above_air(self.latitude, day, hour);
        // FAO 56, equations 35 and 37: a quarter through clouds, three quarters through a clear sky.
        let clear = 0.75 * top;
        let sun = top * (0.25 + 0.50 * (1.0 - cloud)) * (1.0 - 0.4 * dust_share);
        // The day's wave is larger under a clear sky; its top is at three in the afternoon.
        let daily = (7.5 - 4.5 * cloud) * ((hour - 15.0) / 24.0 * TAU).cos();
        let spell: f64 = self
            .spells
            .iter()
            .map(|(from, to, kelvin)| {
                let edge = ((to - from) / 4.0).clamp(1.0, 7_200.0);
                kelvin * ((now - from) / edge).min((to - now) / edge).clamp(0.0, 1.0)
            })
            .sum();
        let temperature = mean + yearly * wave + daily + self.warm + spell - self.base_height * LAPSE;
        // The night's lowest is close to the dew point (FAO 56, equation 48), and cloud brings the two together.
        let lowest = mean + yearly * wave - (7.5 - 4.5 * cloud) + self.warm + spell - self.base_height * LAPSE;
        let dew = (lowest - 1.5 + 2.5 * cloud).min(temperature - 0.1) - 9.0 * dust_share;
        let breeze = 1.0 + 0.5 * ((hour - 15.0) / 24.0 * TAU).cos();
        let wind = (2.6 * (0.55 * self.windy).exp() * breeze + if banded { 2.0 } else { 0.0 }).min(24.0);
        self.state = State {
            temperature,
            dew,
            wind: wind + (dust_wind - wind).max(0.0) * dust_share,
            // The wind blows toward where it turns; it is named by where it comes from.
            from: (270.0 - self.turning.to_degrees()).rem_euclid(360.0),
            cloud,
            pressure: 1_016.0 - 9.0 * cloud - if banded { 5.0 } else { 0.0 },
            sun,
            clear,
            dust: dust_peak * dust_share,
        };
    }

    fn rain_falls(&mut self, now: f64, dt: f64) {
        let wet = self.clouds.iter().any(|cloud| cloud.from <= now);
        if !wet && !self.raining {
            return;
        }
        self.raining = false;
        for row in 0..GRID {
            for column in 0..GRID {
                let at = self.middle(row, column);
                let rate: f64 = self.clouds.iter().map(|cloud| cloud.rain(at, now)).sum();
                let cell = row * GRID + column;
                self.rate[cell] = rate as f32;
                self.total[cell] += rate * dt / 3_600.0;
                self.raining |= rate > 0.0;
            }
        }
    }

    fn middle(&self, row: usize, column: usize) -> Point {
        let place = |i: usize| ((i as f64 + 0.5) / GRID as f64 * 2.0 - 1.0) * self.reach;
        Point::new(place(column), place(row))
    }

    /// The cell of the rain grid in which a place lies.
    pub fn cell(&self, at: Point) -> u16 {
        let place = |v: f64| (((v / self.reach + 1.0) / 2.0 * GRID as f64).max(0.0) as usize).min(GRID - 1);
        (place(at.y) * GRID + place(at.x)) as u16
    }

    /// Millimetres an hour in a cell.
    pub fn rain(&self, cell: u16) -> f64 {
        f64::from(self.rate[cell as usize])
    }

    /// Millimetres since the start in a cell.
    pub fn fallen(&self, cell: u16) -> f64 {
        self.total[cell as usize]
    }

    /// The most rain anywhere, mm an hour.
    pub fn heaviest(&self) -> f64 {
        self.rate.iter().copied().fold(0.0, f32::max).into()
    }

    /// What the whole county has.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What a place in a cell at a height has.
    pub fn here(&self, cell: u16, height: f64) -> Here {
        let s = &self.state;
        let rain = self.rain(cell);
        let up = height - self.base_height;
        // Rain cools to the wet bulb, about halfway to the dew point in heavy rain.
        let dry = s.temperature - up * LAPSE;
        let dew = s.dew - up * 0.002;
        let cooled = (rain / 12.0).min(1.0) * 0.5;
        let temperature = dry - (dry - dew).max(0.0) * cooled;
        let humidity = (sun::saturation(dew) / sun::saturation(temperature)).clamp(0.08, 1.0);
        let humidity = humidity + (1.0 - humidity) * (rain / 4.0).min(1.0) * 0.6;
        let visibility = 24_000.0 / (1.0 + rain * 0.35 + s.dust / 90.0);
        // Barometric formula of the standard atmosphere.
        let pressure = s.pressure * (1.0 - 2.255_77e-5 * height).powf(5.255_88);
        Here { temperature, humidity, rain, pressure, visibility }
    }
}

impl Weather {
    /// No front and no storm comes by itself any more.
    pub fn keep_calm(&mut self) {
        (self.next_front, self.next_storm) = (f64::INFINITY, f64::INFINITY);
    }
}
