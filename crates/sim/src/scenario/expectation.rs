//! What a good response must contain: entities that can be read back through the public API, and by when. Makes the queries;
//! sends none.

use super::{ScenarioError, Spot};
use crate::county::County;

/// How many entities are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// So many or more, by the deadline.
    AtLeast(u32),
    /// None at any time until the deadline.
    Never,
}

/// An expectation.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// What it is called in the report.
    pub name: String,
    /// Second of the scenario from which it counts.
    pub from_s: u32,
    /// Seconds after that by which it must be met.
    pub within_s: u32,
    /// The type of the entities.
    pub of_type: Option<String>,
    /// The id of one.
    pub id: Option<String>,
    /// A condition (ETSI GS CIM 009 clause 4.9).
    pub q: Option<String>,
    /// Within so many metres of a place.
    pub near: Option<(Spot, f64)>,
    /// The entities must keep away from a place by so many metres: a route around a closed bridge.
    pub avoid: Option<(Spot, f64)>,
    /// How many.
    pub wanted: Wanted,
}

/// A query of the NGSI-LD API (`GET /ngsi-ld/v1/entities`), as names and values that are not yet encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask(pub Vec<(&'static str, String)>);

impl Expectation {
    /// The query whose count decides, and, for `avoid`, a second one whose count is taken off.
    ///
    /// # Errors
    /// When the county has no place of the name.
    pub fn asks(&self, county: &County) -> Result<Vec<Ask>, ScenarioError> {
        let mut pairs = vec![("count", "true".to_owned()), ("limit", "0".to_owned())];
        let text = |key: &'static str, value: &Option<String>| value.clone().map(|value| (key, value));
        pairs.extend(text("type", &self.of_type));
        pairs.extend(text("id", &self.id));
        pairs.extend(text("q", &self.q));
        let around = |pairs: &mut Vec<(&'static str, String)>, (spot, metres): &(Spot, f64)| {
            let [lon, lat] = county.plane.degrees(spot.find(county)?);
            pairs.push(("georel", format!("near;maxDistance=={metres}")));
            pairs.push(("geometry", "Point".to_owned()));
            pairs.push(("coordinates", format!("[{lon},{lat}]")));
            Ok::<(), ScenarioError>(())
        };
        let mut asks = Vec::new();
        if let Some(avoid) = &self.avoid {
            let mut there = pairs.clone();
            around(&mut there, avoid)?;
            asks.push(Ask(there));
        }
        if let Some(near) = &self.near {
            around(&mut pairs, near)?;
        }
        asks.insert(0, Ask(pairs));
        Ok(asks)
    }
}
