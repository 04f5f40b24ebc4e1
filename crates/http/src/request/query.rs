//! The query string: names and values, decoded. Knows no parameter's meaning.

use belfry_kernel::Error;
use percent_encoding::percent_decode_str;
use smallvec::SmallVec;
use std::borrow::Cow;

/// The most parameters of one request.
const MAX_PARAMETERS: usize = 64;

/// Parsed parameters, each name once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters(SmallVec<[(String, String); 4]>);

impl Parameters {
    /// The value of this parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whether this parameter is `true`.
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// Whether this parameter, a list between commas, has this value.
    pub fn lists(&self, name: &str, value: &str) -> bool {
        self.get(name).is_some_and(|list| list.split(',').any(|one| one == value))
    }

    /// The number that this parameter is, when it is there. (Its form was checked.)
    pub fn number(&self, name: &str) -> Option<usize> {
        self.get(name).and_then(|text| text.parse().ok())
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Parses a query string as forms write it (`+` is a space, `%2B` a plus).
///
/// # Errors
/// `InvalidRequest` for bytes that are not UTF-8 when decoded, a parameter that is there twice, or too many of them.
pub fn parse(text: &str) -> Result<Parameters, Error> {
    let mut found: SmallVec<[(String, String); 4]> = SmallVec::new();
    for part in text.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let (name, value) = (decode(name)?, decode(value)?);
        if found.len() == MAX_PARAMETERS {
            return Err(Error::invalid("the query string has more than 64 parameters"));
        }
        if found.iter().any(|(n, _)| *n == name) {
            let name: String = name.chars().take(60).collect();
            return Err(Error::invalid(format!("the parameter {name:?} is there twice")));
        }
        found.push((name, value));
    }
    Ok(Parameters(found))
}

fn decode(text: &str) -> Result<String, Error> {
    let spaced = if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    percent_decode_str(&spaced)
        .decode_utf8()
        .map(Cow::into_owned)
        .map_err(|_| Error::invalid("the query string is not UTF-8 when decoded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_and_refuses() {
        let parsed = parse("q=a%3D%3D1+2&&type=A%2BB&empty").unwrap();
        assert_eq!(parsed.get("q"), Some("a==1 2"));
        assert_eq!(parsed.get("type"), Some("A+B"));
        assert_eq!(parsed.get("empty"), Some(""));
        assert!(parse("").unwrap().is_empty());
        for bad in ["a=1&a=2", "a=%ff", &"x".repeat(3).repeat(70).replace("xxx", "x&").replace("x&", "y=1&")] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
