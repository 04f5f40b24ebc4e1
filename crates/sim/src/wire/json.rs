//! JSON as it is written here: straight into a text. Holds the few forms of NGSI-LD that are sent.

use crate::county::County;
use crate::plane::Point;
use belfry_kernel::Time;
use std::fmt::Write as _;

/// Appends to a text; writing to a text cannot fail.
macro_rules! put {
    ($out:expr, $($what:tt)*) => {{
        let _ = write!($out, $($what)*);
    }};
}
pub(super) use put;

/// A text in quotes.
pub fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c < ' ' => put!(out, "\\u{:04x}", c as u32),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A number with so many digits after the point.
pub fn number(out: &mut String, value: f32, digits: u8) {
    if value.is_finite() {
        put!(out, "{:.*}", usize::from(digits), value);
    } else {
        out.push('0');
    }
}

/// An instant as NGSI-LD writes it.
pub fn instant(out: &mut String, at: Time) {
    at.with_text(|text| out.push_str(text));
}

/// An entity in the making: `{"id":…,"type":…` and then its attributes.
pub struct Entity<'a> {
    out: &'a mut String,
}

impl<'a> Entity<'a> {
    /// Begins one.
    pub fn new(out: &'a mut String, id: &str, of_type: &str) -> Self {
        out.push_str("{\"id\":");
        quoted(out, id);
        put!(out, ",\"type\":\"{of_type}\"");
        Self { out }
    }

    fn name(&mut self, name: &str) -> &mut String {
        put!(self.out, ",\"{name}\":");
        self.out
    }

    /// A text.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        let out = self.name(name);
        out.push_str("{\"type\":\"Property\",\"value\":");
        quoted(out, value);
        out.push('}');
        self
    }

    /// A list of texts.
    pub fn texts(&mut self, name: &str, values: &[&str]) -> &mut Self {
        let out = self.name(name);
        out.push_str("{\"type\":\"Property\",\"value\":[");
        for (i, value) in values.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            quoted(out, value);
        }
        out.push_str("]}");
        self
    }

    /// A number that is not observed.
    pub fn value(&mut self, name: &str, value: f64, digits: u8, unit: &str) -> &mut Self {
        let out = self.name(name);
        put!(out, "{{\"type\":\"Property\",\"value\":{value:.*},\"unitCode\":\"{unit}\"}}", usize::from(digits));
        self
    }

    /// A number that was observed.
    pub fn observed(&mut self, name: &str, value: f32, digits: u8, unit: &str, at: Time) -> &mut Self {
        let out = self.name(name);
        out.push_str("{\"type\":\"Property\",\"value\":");
        number(out, value, digits);
        put!(out, ",\"unitCode\":\"{unit}\",\"observedAt\":\"");
        instant(out, at);
        out.push_str("\"}");
        self
    }

    /// A text that was observed.
    pub fn observed_text(&mut self, name: &str, value: &str, at: Time) -> &mut Self {
        let out = self.name(name);
        out.push_str("{\"type\":\"Property\",\"value\":");
        quoted(out, value);
        out.push_str(",\"observedAt\":\"");
        instant(out, at);
        out.push_str("\"}");
        self
    }

    /// An instant.
    pub fn instant(&mut self, name: &str, at: Time) -> &mut Self {
        let out = self.name(name);
        out.push_str("{\"type\":\"Property\",\"value\":{\"@type\":\"DateTime\",\"@value\":\"");
        instant(out, at);
        out.push_str("\"}}");
        self
    }

    /// Another entity.
    pub fn related(&mut self, name: &str, to: &str) -> &mut Self {
        let out = self.name(name);
        out.push_str("{\"type\":\"Relationship\",\"object\":");
        quoted(out, to);
        out.push('}');
        self
    }

    /// Where it is: one point, a line, or a closed ring.
    pub fn place(&mut self, county: &County, points: &[Point], closed: bool) -> &mut Self {
        self.seen_at(county, points, closed, None)
    }

    /// Where it was seen.
    pub fn seen_at(&mut self, county: &County, points: &[Point], closed: bool, at: Option<Time>) -> &mut Self {
        let kind = if closed {
            "Polygon"
        } else if points.len() == 1 {
            "Point"
        } else {
            "LineString"
        };
        let out = self.name("location");
        put!(out, "{{\"type\":\"GeoProperty\",\"value\":{{\"type\":\"{kind}\",\"coordinates\":");
        let put_point = |out: &mut String, point: &Point| {
            let [lon, lat] = county.plane.degrees(*point);
            put!(out, "[{lon:.6},{lat:.6}]");
        };
        if let [only] = points {
            put_point(out, only);
        } else {
            out.push_str(if closed { "[[" } else { "[" });
            for (i, point) in points.iter().chain(points.first().filter(|_| closed)).enumerate() {
                if i > 0 {
                    out.push(',');
                }
                put_point(out, point);
            }
            out.push_str(if closed { "]]" } else { "]" });
        }
        out.push('}');
        if let Some(at) = at {
            out.push_str(",\"observedAt\":\"");
            instant(out, at);
            out.push('"');
        }
        out.push('}');
        self
    }

    /// Ends it.
    pub fn end(&mut self) {
        self.out.push('}');
    }
}
