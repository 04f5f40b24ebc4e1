//! Absolute identifiers (RFC 3986 URIs / RFC 3987 IRIs). Holds the check and the type, no resolution.

use compact_str::CompactString;
use std::borrow::Borrow;
use std::fmt;

/// The longest identifier that is taken, bytes.
pub const MAX_IRI_BYTES: usize = 2048;

/// A checked absolute URI or IRI: entity ids, relationship targets, dataset ids. Short ones live inline.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Iri(CompactString);

/// Why a text is not an absolute URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IriError {
    /// No `scheme:` at its start.
    #[error("it has no scheme: an identifier is an absolute URI such as urn:ngsi-ld:Room:1")]
    NoScheme,
    /// Nothing behind the scheme.
    #[error("nothing follows its scheme")]
    Empty,
    /// White space, a control character or one of `<>"{}|\^` and the back-tick.
    #[error("it contains a character that a URI must not contain")]
    BadCharacter,
    /// Longer than [`MAX_IRI_BYTES`].
    #[error("it is longer than 2048 bytes")]
    TooLong,
}

impl Iri {
    /// Checks `text` and keeps it: a scheme (RFC 3986 section 3.1), a non-empty rest, no forbidden character.
    pub fn parse(text: &str) -> Result<Self, IriError> {
        Self::check(text)?;
        Ok(Self(CompactString::from(text)))
    }

    /// Checks without keeping.
    pub fn check(text: &str) -> Result<(), IriError> {
        if text.len() > MAX_IRI_BYTES {
            return Err(IriError::TooLong);
        }
        let bytes = text.as_bytes();
        let Some(colon) = bytes.iter().position(|&b| b == b':') else { return Err(IriError::NoScheme) };
        let scheme = &bytes[..colon];
        let scheme_ok = scheme.first().is_some_and(u8::is_ascii_alphabetic)
            && scheme.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
        if !scheme_ok {
            return Err(IriError::NoScheme);
        }
        if colon + 1 == bytes.len() {
            return Err(IriError::Empty);
        }
        let bad = |b: &u8| {
            *b <= b' ' || *b == 0x7f || matches!(b, b'<' | b'>' | b'"' | b'{' | b'}' | b'|' | b'\\' | b'^' | b'`')
        };
        if bytes.iter().any(bad) {
            return Err(IriError::BadCharacter);
        }
        Ok(())
    }

    /// An identifier that was checked when it was stored.
    pub fn from_checked(text: &str) -> Self {
        debug_assert!(Self::check(text).is_ok(), "{text}");
        Self(CompactString::from(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Iri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Iri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

impl Borrow<str> for Iri {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Iri {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_absolute_identifiers_only() {
        for good in ["urn:ngsi-ld:Room:1", "https://example.org/a?b=c#d", "a:b", "urn:x:жëж", "http://[::1]/"] {
            assert_eq!(Iri::parse(good).map(|i| i.as_str().to_owned()), Ok(good.to_owned()));
        }
        for (bad, why) in [
            ("", IriError::NoScheme),
            ("room1", IriError::NoScheme),
            ("1a:b", IriError::NoScheme),
            (":b", IriError::NoScheme),
            ("urn:", IriError::Empty),
            ("urn:a b", IriError::BadCharacter),
            ("urn:a<b", IriError::BadCharacter),
            ("urn:a\nb", IriError::BadCharacter),
        ] {
            assert_eq!(Iri::parse(bad), Err(why), "{bad:?}");
        }
        assert_eq!(Iri::parse(&format!("urn:{}", "x".repeat(3000))), Err(IriError::TooLong));
    }
}
