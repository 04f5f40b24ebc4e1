//! One condition on tags: a key and what its value may be. Knows no kind.

use super::tag;
use belfry_connect_osm::Tag;

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) key: String,
    pub(super) values: Values,
}

/// What the value of a key may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Values {
    /// Anything but `no`.
    Any,
    /// One of these.
    OneOf(Vec<String>),
    /// Absent, or none of these.
    NoneOf(Vec<String>),
    /// Absent.
    Absent,
}

impl Condition {
    /// Reads `key=value`, `key=one|other`, `key=*`, `key!=value` or `!key`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let split = |values: &str| -> Option<Vec<String>> {
            values.split('|').map(|value| (!value.is_empty()).then(|| value.to_owned())).collect()
        };
        let (key, values) = if let Some(key) = text.strip_prefix('!') {
            (key, Values::Absent)
        } else if let Some((key, values)) = text.split_once("!=") {
            (key, Values::NoneOf(split(values)?))
        } else {
            let (key, values) = text.split_once('=')?;
            (key, if values == "*" { Values::Any } else { Values::OneOf(split(values)?) })
        };
        (!key.is_empty()).then(|| Self { key: key.to_owned(), values })
    }

    /// Whether the key must be there.
    pub(super) fn asks(&self) -> bool {
        matches!(self.values, Values::Any | Values::OneOf(_))
    }

    pub(super) fn holds(&self, tags: &[Tag<'_>]) -> bool {
        let value = tag(tags, &self.key);
        match (&self.values, value) {
            (Values::Any, value) => value.is_some_and(|value| value != "no"),
            (Values::OneOf(values), Some(value)) => values.iter().any(|v| v == value),
            (Values::NoneOf(values), Some(value)) => !values.iter().any(|v| v == value),
            (Values::OneOf(_), None) => false,
            (Values::NoneOf(_), None) => true,
            (Values::Absent, value) => value.is_none(),
        }
    }
}
