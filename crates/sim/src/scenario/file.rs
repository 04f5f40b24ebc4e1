//! The scenario file as it is written: typed, unknown keys refused with line and suggestion. Holds no meaning of its keys.

use super::ScenarioError;
use serde::Deserialize;
use toml::Spanned;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub title: String,
    #[serde(default)]
    pub description: String,
    /// Local time of day, `HH:MM`.
    pub start: Option<Spanned<String>>,
    /// Local date, `YYYY-MM-DD`.
    pub date: Option<Spanned<String>>,
    pub minutes: Spanned<f64>,
    pub seed: Option<u64>,
    pub devices: Option<Spanned<u32>>,
    #[serde(default)]
    pub chance: bool,
    #[serde(default)]
    pub event: Vec<Spanned<Event>>,
    #[serde(default)]
    pub expect: Vec<Spanned<Expect>>,
}

/// `[[event]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    pub name: Option<String>,
    pub at: Spanned<String>,
    pub kind: Spanned<String>,
    pub place: Option<Spanned<SpotText>>,
    pub minutes: Option<Spanned<f64>>,
    pub radius_m: Option<Spanned<f64>>,
    pub mm_h: Option<Spanned<f64>>,
    pub speed_m_s: Option<Spanned<f64>>,
    pub wind_m_s: Option<Spanned<f64>>,
    pub dust_ug_m3: Option<Spanned<f64>>,
    pub kelvin: Option<Spanned<f64>>,
    pub litres_s: Option<Spanned<f64>>,
    pub smoke_g_s: Option<Spanned<f64>>,
    pub closes: Option<Spanned<bool>>,
    pub mode: Option<Spanned<String>>,
    pub devices: Option<Spanned<String>>,
    pub share: Option<Spanned<f64>>,
}

/// A place: its name, or longitude and latitude.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "a place's name or [longitude, latitude]")]
pub enum SpotText {
    Named(String),
    Degrees([f64; 2]),
}

/// `[[expect]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    pub name: String,
    pub after: Option<Spanned<String>>,
    pub within_min: Spanned<f64>,
    #[serde(rename = "type")]
    pub of_type: Option<Spanned<String>>,
    pub id: Option<String>,
    pub q: Option<String>,
    pub near: Option<Spanned<SpotText>>,
    pub metres: Option<Spanned<f64>>,
    pub avoid: Option<Spanned<SpotText>>,
    pub at_least: Option<Spanned<u32>>,
    #[serde(default)]
    pub never: bool,
}

/// The line of a byte offset.
pub fn line(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Reads the text.
pub fn parse(text: &str) -> Result<File, ScenarioError> {
    toml::from_str(text).map_err(|e| {
        let why = e.message();
        let line = e.span().map_or(0, |span| line(text, span.start));
        ScenarioError { line, why: suggest(why).unwrap_or_else(|| why.trim().to_owned()) }
    })
}

/// Serde's sentence about an unknown field, with the nearest of the fields that it lists.
fn suggest(message: &str) -> Option<String> {
    let (unknown, expected) = message.strip_prefix("unknown field `")?.split_once('`')?;
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    Some(format!("unknown key {unknown:?}{}", meant(unknown, &known)))
}

/// What was probably meant, or what there is.
pub fn meant(written: &str, known: &[&str]) -> String {
    let like = known.iter().map(|name| (strsim::jaro_winkler(written, name), *name));
    match like.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((likeness, name)) if likeness > 0.72 => format!("; did you mean {name:?}?"),
        _ => format!("; there are {}", known.join(", ")),
    }
}
