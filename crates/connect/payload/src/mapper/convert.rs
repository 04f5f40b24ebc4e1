//! Values made what the mapping says they are: kinds, scales, word lists. Holds no format.

use crate::error::PayloadError;
use crate::format::plain;
use crate::json;
use crate::mapping::{Attribute, Kind};
use crate::reading::Value;
use crate::template::{Scope, attribute_name};
use compact_str::{CompactString, format_compact};
use sonic_rs::JsonValueTrait;

/// The name of an attribute, its placeholders filled in.
pub(super) fn name(attribute: &Attribute, scope: &Scope<'_>) -> Result<CompactString, PayloadError> {
    if let Some(name) = &attribute.constant {
        return Ok(name.clone());
    }
    let mut name = CompactString::const_new("");
    attribute.name.fill(scope, false, &mut name)?;
    Ok(attribute_name(&name))
}

/// A JSON value as the attribute wants it; `None` for null.
pub(super) fn json_value(
    attribute: &Attribute,
    name: &CompactString,
    found: &sonic_rs::Value,
) -> Result<Option<Value>, PayloadError> {
    if found.is_null() {
        return Ok(None);
    }
    let wrong = |wanted| PayloadError::WrongKind { attribute: name.clone(), wanted };
    match attribute.kind {
        Kind::Point => json::point(found).map(|p| Some(Value::Point(p))).ok_or(wrong("a place in WGS 84 degrees")),
        Kind::Json => {
            let text = sonic_rs::to_string(found).map_err(|_| wrong("JSON"))?;
            Ok(Some(Value::Json(text.into_boxed_str())))
        }
        _ => match json::value(found) {
            Some(v) => value(attribute, name, v),
            None => Err(wrong("a finite number")),
        },
    }
}

/// A payload that is one value, as the attribute wants it. Word lists and texts see it as it was sent: `ON` is no `true`
/// yet, and `21.50` has its zero.
pub(super) fn plain_value(
    attribute: &Attribute,
    name: &CompactString,
    payload: &[u8],
) -> Result<Option<Value>, PayloadError> {
    let decoded = plain::decode(payload)?;
    if let Some(raw) = plain::raw(payload) {
        if let Some((_, to)) = attribute.map.iter().find(|(from, _)| from == raw) {
            return Ok(Some(to.clone()));
        }
        if attribute.kind == Kind::Text && !matches!(decoded, Value::Text(_)) {
            return Ok(Some(Value::Text(raw.into())));
        }
    }
    value(attribute, name, decoded)
}

/// A value as the attribute wants it; `None` when there is none.
pub(super) fn value(attribute: &Attribute, name: &CompactString, value: Value) -> Result<Option<Value>, PayloadError> {
    let wrong = |wanted| PayloadError::WrongKind { attribute: name.clone(), wanted };
    if !attribute.map.is_empty() {
        let text = as_text(&value);
        if let Some((_, to)) = text.and_then(|t| attribute.map.iter().find(|(from, _)| *from == t)) {
            return Ok(Some(to.clone()));
        }
    }
    let value = match attribute.kind {
        Kind::Any => value,
        Kind::Number => {
            let n = match &value {
                Value::Number(n) => Some(*n),
                Value::Text(t) => plain::number(t.trim()),
                _ => None,
            };
            let n = attribute.scale.apply(n.ok_or(wrong("a number"))?) + attribute.offset;
            if !n.is_finite() {
                return Err(wrong("a finite number"));
            }
            Value::Number(n)
        }
        Kind::Bool => Value::Bool(match &value {
            Value::Bool(b) => *b,
            Value::Number(n) if *n == 0.0 || *n == 1.0 => *n == 1.0,
            Value::Text(t) if t == "0" || t == "1" => t == "1",
            Value::Text(t) => plain::yes_or_no(t.trim()).ok_or(wrong("true or false"))?,
            _ => return Err(wrong("true or false")),
        }),
        Kind::Text => Value::Text(as_text(&value).ok_or(wrong("a text"))?),
        Kind::Json => match value {
            Value::Json(_) => value,
            _ => return Err(wrong("a JSON object or array")),
        },
        Kind::Point => match value {
            Value::Point(_) => value,
            Value::Json(t) => {
                let doc = json::parse(t.as_bytes())?;
                Value::Point(json::point(&doc).ok_or(wrong("a place in WGS 84 degrees"))?)
            }
            _ => return Err(wrong("a place in WGS 84 degrees")),
        },
    };
    Ok(Some(value))
}

fn as_text(value: &Value) -> Option<CompactString> {
    match value {
        Value::Text(t) => Some(t.clone()),
        Value::Number(n) => Some(format_compact!("{n}")),
        Value::Bool(b) => Some(if *b { "true".into() } else { "false".into() }),
        Value::Json(_) | Value::Point(_) => None,
    }
}
