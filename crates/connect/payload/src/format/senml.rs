//! SenML packs in JSON (RFC 8428): records resolved against their base fields, relative times against the instant of arrival.

use crate::error::PayloadError;
use crate::format::{MAX_VALUES, Sample};
use crate::json;
use crate::reading::Value;
use crate::unit::unit_code;
use belfry_kernel::Time;
use sonic_rs::{JsonContainerTrait, JsonValueTrait};

/// Times below this many seconds are relative to the instant of arrival (RFC 8428 section 4.5.3).
const RELATIVE_BELOW: f64 = 268_435_456.0;
/// The version of RFC 8428.
const VERSION: u64 = 10;

/// Decodes a pack. `now` is the instant of arrival. A sum (`s`) becomes a sample named `<name>Sum`.
pub fn decode(payload: &[u8], now: Time) -> Result<Vec<Sample>, PayloadError> {
    let pack = json::parse(payload)?;
    let whole = |why| PayloadError::SenMl { record: 0, why };
    let records = pack.as_array().ok_or(whole("a pack is an array of records"))?;
    if records.is_empty() {
        return Err(whole("a pack has at least one record"));
    }
    if records.len() > MAX_VALUES {
        return Err(PayloadError::TooMany { limit: MAX_VALUES });
    }
    let (mut base_name, mut base_unit, mut base_time) = ("", "", 0.0);
    let (mut base_value, mut base_sum) = (None, None);
    let mut out = Vec::with_capacity(records.len());
    for (record, fields) in records.iter().enumerate() {
        let wrong = |why| PayloadError::SenMl { record, why };
        let fields = fields.as_object().ok_or(wrong("a record is an object"))?;
        let (mut name, mut unit, mut time) = ("", None, 0.0);
        let (mut value, mut sum, mut values) = (None, None, 0);
        for (label, field) in fields.iter() {
            let number = || field.as_f64().filter(|n| n.is_finite()).ok_or(wrong("a number is expected"));
            let text = || field.as_str().ok_or(wrong("a text is expected"));
            match label {
                "bn" => base_name = text()?,
                "bu" => base_unit = text()?,
                "bt" => base_time = number()?,
                "bv" => base_value = Some(number()?),
                "bs" => base_sum = Some(number()?),
                "bver" if field.as_u64().is_none_or(|v| v == 0 || v > VERSION) => {
                    return Err(wrong("its version is newer than RFC 8428, version 10"));
                }
                "n" => name = text()?,
                "u" => unit = Some(text()?),
                "t" => time = number()?,
                "s" => sum = Some(number()?),
                "v" | "vs" | "vb" | "vd" => {
                    values += 1;
                    value = Some(match label {
                        "v" => Value::Number(number()?),
                        "vb" => Value::Bool(field.as_bool().ok_or(wrong("vb is true or false"))?),
                        _ => Value::Text(text()?.into()),
                    });
                }
                other if other.ends_with('_') => {
                    return Err(wrong("a field that ends in _ must be understood, and is not"));
                }
                _ => {}
            }
        }
        if values > 1 {
            return Err(wrong("a record has one value"));
        }
        // A record with base fields alone only sets them for what follows.
        let bare =
            name.is_empty() && value.is_none() && sum.is_none() && fields.iter().all(|(l, _)| l.starts_with('b'));
        if bare {
            continue;
        }
        let full = format!("{base_name}{name}");
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'.' | b'/' | b'_');
        if full.is_empty() || !full.bytes().all(legal) || !full.as_bytes()[0].is_ascii_alphanumeric() {
            return Err(wrong("its name is empty or has characters that a name must not have"));
        }
        // RFC 8428 section 4.5.4: of a base and its value, one that is missing counts as zero.
        if value.is_none() && base_value.is_some() {
            value = Some(Value::Number(0.0));
        }
        if sum.is_none() && base_sum.is_some() {
            sum = Some(0.0);
        }
        if value.is_none() && sum.is_none() {
            return Err(wrong("it has neither value nor sum"));
        }
        let (device, short) = split_name(base_name, name, &full);
        let at = instant(base_time + time, now).ok_or(wrong("its time is out of range"))?;
        let unit = unit.unwrap_or(base_unit);
        let mut push = |name: compact_str::CompactString, value| {
            out.push(Sample {
                device: device.into(),
                name,
                value,
                unit_code: unit_code(unit).map(Into::into),
                at: Some(at),
            });
        };
        match value {
            Some(Value::Number(n)) => {
                let n = n + base_value.unwrap_or(0.0);
                push(
                    short.into(),
                    Value::Number(Some(n).filter(|n| n.is_finite()).ok_or(wrong("its value is too large"))?),
                );
            }
            Some(other) => push(short.into(), other),
            None => {}
        }
        if let Some(sum) = sum {
            let sum =
                Some(sum + base_sum.unwrap_or(0.0)).filter(|n| n.is_finite()).ok_or(wrong("its sum is too large"))?;
            push(compact_str::format_compact!("{short}Sum"), Value::Number(sum));
        }
        if out.len() > MAX_VALUES {
            return Err(PayloadError::TooMany { limit: MAX_VALUES });
        }
    }
    if out.is_empty() { Err(whole("no record has a value")) } else { Ok(out) }
}

/// Device and name: the base name is the device when the record has a name of its own; else what is before the last `:` or `/`.
fn split_name<'a>(base: &'a str, name: &'a str, full: &'a str) -> (&'a str, &'a str) {
    if !base.is_empty() && !name.is_empty() {
        return (base.trim_end_matches([':', '/', '-', '.', '_']), name.trim_start_matches([':', '/']));
    }
    match full.trim_end_matches([':', '/']).rsplit_once([':', '/']) {
        Some((device, short)) if !device.is_empty() && !short.is_empty() => (device, short),
        _ => ("", full),
    }
}

fn instant(seconds: f64, now: Time) -> Option<Time> {
    if !seconds.is_finite() || seconds.abs() > 1e12 {
        return None;
    }
    let micros = (seconds * 1e6).round() as i64;
    Some(if seconds < RELATIVE_BELOW { now.plus_micros(micros) } else { Time::from_micros(micros) })
}
