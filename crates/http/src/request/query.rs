//! The query string: names and values, decoded. Knows no parameter's meaning.

use belfry_kernel::Error;
pub use belfry_kit::Parameters;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// The most parameters of one request.
const MAX_PARAMETERS: usize = 64;

/// Parses a query string as forms write it (`+` is a space, `%2B` a plus).
///
/// # Errors
/// `InvalidRequest` for bytes that are not UTF-8 when decoded, a parameter that is there twice, or too many of them.
pub fn parse(text: &str) -> Result<Parameters, Error> {
    let mut found: Vec<(String, String)> = Vec::new();
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
    Ok(Parameters::new(found))
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
