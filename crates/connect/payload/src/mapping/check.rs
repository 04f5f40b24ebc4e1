//! The tests that a mapping file holds: a message in, the readings that must come out. Run before the mapping is used.

use super::Mapping;
use super::file::{Expected, Test};
use crate::mapper::{Mapped, Mapper};
use crate::reading::{Reading, Value};
use belfry_kernel::Time;

/// A test of the file that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("test {test}: {why}")]
pub struct TestFailure {
    /// Its name, else its topic.
    pub test: String,
    /// What was expected and what came.
    pub why: String,
}

/// The instant of arrival in tests that name none.
const NOW: &str = "2026-01-01T00:00:00Z";

/// Reads a mapping file and runs its `[[test]]` blocks, each on a mapper that has seen nothing but the test's `before`.
/// Returns the failures in the order of the file; a file that does not parse is one failure.
pub fn check(text: &str) -> Vec<TestFailure> {
    let tests = match Mapping::parse(text) {
        Ok(mapping) => mapping.tests,
        Err(e) => {
            return vec![TestFailure { test: "the file".to_owned(), why: e.to_string() }];
        }
    };
    let run = |test: &Test| {
        let name = test.name.clone().unwrap_or_else(|| test.topic.clone());
        let mapping = Mapping::parse(text).map_err(|e| e.to_string());
        let result = mapping.and_then(|m| run(&Mapper::new(m), test));
        result.err().map(|why| TestFailure { test: name, why })
    };
    tests.iter().filter_map(run).collect()
}

fn run(mapper: &Mapper, test: &Test) -> Result<(), String> {
    let now = Time::parse(test.now.as_deref().unwrap_or(NOW)).map_err(|e| format!("now: {e}"))?;
    let mut out = Mapped::default();
    for before in &test.before {
        mapper.map(&before.topic, &bytes(before.payload.as_deref(), before.payload_hex.as_deref())?, now, &mut out);
    }
    out.clear();
    mapper.map(&test.topic, &bytes(test.payload.as_deref(), test.payload_hex.as_deref())?, now, &mut out);
    match (&test.error, out.failures.first()) {
        (Some(part), Some(f)) if f.why.to_string().contains(part) => {}
        (Some(part), Some(f)) => return Err(format!("the error was to say {part:?} and says: {}", f.why)),
        (Some(part), None) => return Err(format!("an error with {part:?} was expected, and there was none")),
        (None, Some(f)) => return Err(f.why.to_string()),
        (None, None) => {}
    }
    let Some(expect) = &test.expect else {
        return if test.error.is_some() {
            Ok(())
        } else {
            Err("it expects nothing: add expect = [...] or error = \"...\"".to_owned())
        };
    };
    let came =
        || out.readings.iter().map(|r| format!("{} = {:?}", r.attribute, r.value)).collect::<Vec<_>>().join(", ");
    if expect.len() != out.readings.len() {
        return Err(format!("{} readings were expected, {} came: {}", expect.len(), out.readings.len(), came()));
    }
    let mut left: Vec<&Reading> = out.readings.iter().collect();
    for e in expect {
        let at = left.iter().position(|r| agrees(e, r));
        left.swap_remove(
            at.ok_or_else(|| format!("no reading agrees with {} = {}; there are: {}", e.attribute, e.value, came()))?,
        );
    }
    Ok(())
}

fn agrees(e: &Expected, r: &Reading) -> bool {
    let value = match (&e.value, &r.value) {
        (toml::Value::Integer(n), Value::Number(m)) => *n as f64 == *m,
        (toml::Value::Float(n), Value::Number(m)) => (n - m).abs() <= 1e-9 * n.abs().max(1.0),
        (toml::Value::Boolean(b), Value::Bool(c)) => b == c,
        (toml::Value::String(s), Value::Text(t)) => s == t.as_str(),
        (toml::Value::String(s), Value::Json(t)) => s.as_str() == &**t,
        (toml::Value::Array(a), Value::Point(p)) => {
            let n = |v: &toml::Value| v.as_float().or_else(|| v.as_integer().map(|i| i as f64));
            matches!(a.as_slice(), [lon, lat] if n(lon) == Some(p.lon) && n(lat) == Some(p.lat))
        }
        _ => false,
    };
    let same = |want: &Option<String>, got: Option<&str>| want.as_deref().is_none_or(|w| Some(w) == got);
    value
        && e.attribute == r.attribute
        && same(&e.unit, r.unit_code.as_deref())
        && same(&e.device, Some(&r.device))
        && same(&e.entity, r.entity.as_ref().map(|e| e.id.as_str()))
        && same(&e.observed_at, r.observed_at.map(|t| t.to_string()).as_deref())
}

fn bytes(text: Option<&str>, hex: Option<&str>) -> Result<Vec<u8>, String> {
    match (text, hex) {
        (Some(t), None) => Ok(t.as_bytes().to_vec()),
        (None, None) => Ok(Vec::new()),
        (None, Some(h)) => {
            let digits: Vec<u8> = h.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
            let byte = |pair: &[u8]| {
                std::str::from_utf8(pair).ok().filter(|_| pair.len() == 2).and_then(|p| u8::from_str_radix(p, 16).ok())
            };
            digits
                .chunks(2)
                .map(byte)
                .collect::<Option<_>>()
                .ok_or_else(|| "payload_hex is pairs of hexadecimal digits".to_owned())
        }
        (Some(_), Some(_)) => Err("payload and payload_hex exclude each other".to_owned()),
    }
}
