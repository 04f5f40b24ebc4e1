//! A payload that is one value: a number, yes or no, or a text.

use crate::error::PayloadError;
use crate::json;
use crate::reading::Value;

/// The longest text that is taken as a value, bytes.
pub const MAX_TEXT_BYTES: usize = 4096;

/// Decodes: a finite decimal number, then `true`/`false`/`on`/`off` in any case, then a JSON value, then text. White space
/// around it is dropped.
pub fn decode(payload: &[u8]) -> Result<Value, PayloadError> {
    if payload.len() > json::MAX_PAYLOAD_BYTES {
        return Err(PayloadError::TooLong { limit: json::MAX_PAYLOAD_BYTES });
    }
    let text = std::str::from_utf8(payload).map_err(|_| PayloadError::NotText)?.trim();
    if text.is_empty() {
        return Err(PayloadError::Empty);
    }
    if let Some(n) = number(text) {
        return Ok(Value::Number(n));
    }
    if let Some(b) = yes_or_no(text) {
        return Ok(Value::Bool(b));
    }
    if text.starts_with(['{', '[', '"'])
        && let Ok(doc) = json::parse(text.as_bytes())
        && let Some(value) = json::value(&doc)
    {
        return Ok(value);
    }
    if text.len() > MAX_TEXT_BYTES {
        return Err(PayloadError::TooLong { limit: MAX_TEXT_BYTES });
    }
    Ok(Value::Text(text.into()))
}

/// A payload that is text, as it was sent but for white space around it.
pub(crate) fn raw(payload: &[u8]) -> Option<&str> {
    std::str::from_utf8(payload).ok().map(str::trim).filter(|t| t.len() <= MAX_TEXT_BYTES)
}

/// A finite decimal number; words such as `inf` and `nan` are text.
pub(crate) fn number(text: &str) -> Option<f64> {
    let starts = text.as_bytes().first().is_some_and(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.'));
    let digit = text.bytes().any(|b| b.is_ascii_digit());
    (starts && digit).then(|| text.parse::<f64>().ok()).flatten().filter(|n| n.is_finite())
}

/// `true`, `on`, `yes` and their opposites, in any case.
pub(crate) fn yes_or_no(text: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|w| text.eq_ignore_ascii_case(w));
    if is(&["true", "on", "yes"]) {
        Some(true)
    } else if is(&["false", "off", "no"]) {
        Some(false)
    } else {
        None
    }
}
