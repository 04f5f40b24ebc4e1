//! A text with places for values. Holds the names that may stand in `${…}`.

use crate::entity;
use anyhow::{Result, bail};
use belfry_kernel::Time;
use std::io::Write as _;

/// What the places of one request stand for.
#[derive(Clone, Copy, Debug)]
pub struct Values {
    /// Number of an entity that exists.
    pub id: u64,
    /// Number of an entity that does not exist yet.
    pub new: u64,
    /// A number that no other request has.
    pub value: u64,
    /// Source of the other choices.
    pub random: u64,
    /// Entities in the store.
    pub entities: u64,
    /// When the request was made.
    pub now: Time,
}

impl Default for Values {
    fn default() -> Self {
        Self { id: 0, new: 0, value: 0, random: 0, entities: 0, now: Time::from_micros(0) }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(Vec<u8>),
    Id,
    New,
    Value,
    Now,
    Group,
    Lon,
    Lat,
    /// The template entities from `id`, as many as the batch, with commas.
    Entities,
    /// Likewise from `new`.
    NewEntities,
}

/// A compiled text.
#[derive(Clone, Debug)]
pub struct Template(Vec<Part>);

impl Template {
    /// Compiles a text; an unknown name is an error.
    pub fn compile(text: &str) -> Result<Self> {
        let mut parts = Vec::new();
        let mut rest = text.trim_end();
        while let Some(at) = rest.find("${") {
            parts.push(Part::Text(rest[..at].into()));
            let Some(end) = rest[at..].find('}') else { bail!("${{ without }} in {text}") };
            parts.push(match &rest[at + 2..at + end] {
                "id" => Part::Id,
                "new" => Part::New,
                "value" => Part::Value,
                "now" => Part::Now,
                "group" => Part::Group,
                "lon" => Part::Lon,
                "lat" => Part::Lat,
                "entities" => Part::Entities,
                "new_entities" => Part::NewEntities,
                "fixed_entity" => Part::Text(fixed_entity()),
                other => bail!("no value is called {other}"),
            });
            rest = &rest[at + end + 1..];
        }
        parts.push(Part::Text(rest.into()));
        parts.retain(|part| *part != Part::Text(Vec::new()));
        Ok(Self(parts))
    }

    /// Whether it names an entity that does not exist yet.
    pub fn makes_new(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::New | Part::NewEntities))
    }

    /// The text, for messages and comparisons.
    pub fn text(&self, values: &Values, batch: u64) -> String {
        let mut out = Vec::new();
        self.render(&mut out, values, batch);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Appends the text.
    pub fn render(&self, out: &mut Vec<u8>, values: &Values, batch: u64) {
        for part in &self.0 {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Id => number(out, values.id),
                Part::New => number(out, values.new),
                Part::Value => number(out, values.value),
                Part::Now => values.now.with_text(|text| out.extend_from_slice(text.as_bytes())),
                Part::Group => number(out, values.random % (values.entities / entity::GROUP).max(1)),
                Part::Lon => degrees(out, entity::centre(values.entities, values.random).0),
                Part::Lat => degrees(out, entity::centre(values.entities, values.random).1),
                Part::Entities => entities(out, values.id, batch, values),
                Part::NewEntities => entities(out, values.new, batch, values),
            }
        }
    }
}

/// A template entity that is rendered once, so that the yardstick's requests cost the client next to nothing.
fn fixed_entity() -> Vec<u8> {
    let mut out = Vec::new();
    entity::render(&mut out, 1, 1, "2026-11-01T00:00:00.123456Z");
    out
}

fn entities(out: &mut Vec<u8>, first: u64, batch: u64, values: &Values) {
    values.now.with_text(|now| {
        for n in 0..batch {
            if n > 0 {
                out.push(b',');
            }
            entity::render(out, first + n, values.value + n, now);
        }
    });
}

fn number(out: &mut Vec<u8>, n: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(n).as_bytes());
}

fn degrees(out: &mut Vec<u8>, n: f64) {
    write!(out, "{n:.3}").expect("writing into memory does not fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_unknown_ones_refused() {
        let values = Values { id: 7, new: 12, value: 99, random: 3, entities: 1000, now: Time::from_micros(0) };
        let text = |template: &str| Template::compile(template).unwrap().text(&values, 2);
        assert_eq!(text("a${id}b${new}${value}"), "a7b1299");
        assert_eq!(text(r#"{"v":{"x":${value}}}"#), r#"{"v":{"x":99}}"#);
        assert_eq!(text("${now}"), "1970-01-01T00:00:00Z");
        assert_eq!(text("${group}"), "3");
        let batch: Vec<serde_json::Value> = serde_json::from_str(&text("[${new_entities}]")).unwrap();
        assert_eq!(batch[1]["id"], "urn:ngsi-ld:Sensor:13");
        assert_eq!(batch[1]["level"]["value"], 100);
        for bad in ["${what}", "${id"] {
            assert!(Template::compile(bad).is_err(), "{bad}");
        }
    }
}
