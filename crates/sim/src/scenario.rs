//! A scenario: what happens when, and what a good response must contain. Parsed from TOML into types; everything that is wrong
//! is said with its line and, for a wrong name, the one that was probably meant. Runs nothing.

mod compile;
mod expectation;
mod file;

pub use expectation::{Ask, Expectation, Wanted};

use crate::county::County;
use crate::device::Kind;
use crate::fault::Broken;
use crate::plane::Point;
use belfry_kernel::Time;

/// The longest file that is read, bytes.
pub const MAX_BYTES: usize = 256 * 1024;
/// The most events, and the most expectations, of a scenario.
pub const MAX_ITEMS: usize = 1_000;

/// What is wrong with a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct ScenarioError {
    /// The line, from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// What is wrong, and what was probably meant.
    pub why: String,
}

/// What happens. Lengths are in minutes.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// A cell of heavy rain.
    Cloudburst {
        /// Metres to where rain is a third of that in the middle.
        radius_m: f64,
        /// Millimetres an hour in the middle.
        mm_h: f64,
        /// How long.
        minutes: f64,
    },
    /// A band of rain that crosses the county.
    Front {
        /// Millimetres an hour in its middle.
        mm_h: f64,
        /// Metres a second.
        speed: f64,
    },
    /// A storm of dust.
    DustStorm {
        /// How long.
        minutes: f64,
        /// Wind at its height, m/s.
        wind: f64,
        /// µg PM10 a m3 at its height.
        dust: f64,
    },
    /// Cold or heat outside.
    Spell {
        /// Kelvin, below 0 for cold.
        kelvin: f64,
        /// How long.
        minutes: f64,
    },
    /// A main breaks.
    Leak {
        /// Litres a second at 4 bar.
        litres_s: f64,
        /// Until it is mended.
        minutes: f64,
    },
    /// An accident.
    Crash {
        /// How long it takes a lane or the road.
        minutes: f64,
        /// Whether the road is closed by it.
        closes: bool,
    },
    /// A closed road.
    Closure {
        /// How long.
        minutes: f64,
    },
    /// Something burns.
    Fire {
        /// How long.
        minutes: f64,
        /// Grams of smoke a second.
        smoke: f64,
    },
    /// The cooling of a school fails.
    RoomHeat {
        /// Kelvin that its rooms get warmer.
        kelvin: f64,
        /// How long.
        minutes: f64,
    },
    /// Devices fail.
    Devices {
        /// How.
        mode: Broken,
        /// Of which kind; all when none is named.
        kind: Option<Kind>,
        /// Share of them.
        share: f64,
        /// Within so many metres of the place.
        radius_m: f64,
        /// How long.
        minutes: f64,
    },
}

/// An event of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// What expectations call it.
    pub name: String,
    /// When.
    pub at: When,
    /// What.
    pub what: Happening,
    /// Where, if it is somewhere.
    pub place: Option<Spot>,
}

/// When something is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// So many seconds after the start.
    After(u32),
    /// At the first time after the start at which clocks show this second of the day.
    Clock(u32),
}

/// A place as a scenario names it.
#[derive(Clone, Debug, PartialEq)]
pub enum Spot {
    /// By name, with the line on which it stands.
    Named(String, usize),
    /// By longitude and latitude.
    Degrees(f64, f64),
}

impl Spot {
    /// Where that is in a county.
    ///
    /// # Errors
    /// When the county has no place of that name; what it has that is like it is said.
    pub fn find(&self, county: &County) -> Result<Point, ScenarioError> {
        let (name, line) = match self {
            Self::Degrees(lon, lat) => {
                return Ok(county.plane.point(belfry_kernel::Position { lon: *lon, lat: *lat, alt: None }));
            }
            Self::Named(name, line) => (name, *line),
        };
        county.find(name).ok_or_else(|| {
            let wanted = name.to_lowercase();
            let like = county.names().map(|(known, _)| (strsim::jaro_winkler(&wanted, &known.to_lowercase()), known));
            let meant = like.filter(|(likeness, _)| *likeness > 0.75).max_by(|a, b| a.0.total_cmp(&b.0));
            let meant = meant.map_or_else(
                || "; there are town, upper valley, river, bridge, and the names of settlements, streets, places and farms".to_owned(),
                |(_, known)| format!("; did you mean {known:?}?"),
            );
            ScenarioError { line, why: format!("the county has no place {name:?}{meant}") }
        })
    }
}

/// A scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// What it is called.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// The local second of the day at which it begins.
    pub start: u32,
    /// The instant at which it begins, if a season matters; else today.
    pub date: Option<Time>,
    /// Seconds that it lasts.
    pub length: u32,
    /// The seed, if it insists on one.
    pub seed: Option<u64>,
    /// Devices, if it insists on a number.
    pub devices: Option<u32>,
    /// Whether accidents and weather of their own happen too.
    pub chance: bool,
    /// What happens.
    pub events: Vec<Planned>,
    /// What a good response contains.
    pub expect: Vec<Expectation>,
}

impl Scenario {
    /// Reads a file's text.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        compile::compile(text)
    }

    /// When an event happens, seconds after the start.
    pub fn second(&self, event: usize) -> u32 {
        match self.events[event].at {
            When::After(seconds) => seconds,
            When::Clock(second) => (second + 86_400 - self.start) % 86_400,
        }
    }

    /// Looks every named place up.
    ///
    /// # Errors
    /// The first that the county does not have.
    pub fn check_places(&self, county: &County) -> Result<(), ScenarioError> {
        let events = self.events.iter().filter_map(|event| event.place.as_ref());
        let expected = self
            .expect
            .iter()
            .flat_map(|e| e.near.iter().map(|(spot, _)| spot).chain(e.avoid.iter().map(|(spot, _)| spot)));
        events.chain(expected).try_for_each(|spot| spot.find(county).map(|_| ()))
    }
}
