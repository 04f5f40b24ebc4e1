//! Regular expressions of queries (`~=`, `idPattern`): linear time, bounded size. Holds no other matching.

use belfry_kernel::Error;
use compact_str::CompactString;
use std::fmt;

/// The longest pattern, bytes.
pub const MAX_PATTERN_BYTES: usize = 1024;

/// A compiled regular expression. It is found anywhere in the text unless it is anchored with `^` and `$`. Back
/// references and look-around are not supported, so that a match takes time in proportion to the text.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: CompactString,
    regex: regex::Regex,
}

impl Pattern {
    /// Compiles.
    ///
    /// # Errors
    /// `BadRequestData` when it is no regular expression, is longer than [`MAX_PATTERN_BYTES`] or would take more
    /// than 256 KiB compiled.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > MAX_PATTERN_BYTES {
            return Err(Error::bad_data("a regular expression is longer than 1024 bytes"));
        }
        let regex = regex::RegexBuilder::new(text)
            .size_limit(256 * 1024)
            .dfa_size_limit(256 * 1024)
            .nest_limit(64)
            .build()
            .map_err(|e| match e {
                regex::Error::CompiledTooBig(_) => Error::bad_data("the regular expression is too large once compiled"),
                other => {
                    let reason = other.to_string();
                    let reason = reason.lines().last().unwrap_or_default();
                    Error::bad_data(format!("this is not a regular expression that is supported: {}", reason.trim()))
                }
            })?;
        Ok(Self { text: text.into(), regex })
    }

    /// The text of the expression.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is found in this text.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The only text that this is found in, when it stands between `^` and `$` and has plain characters alone.
    pub fn literal(&self) -> Option<&str> {
        self.text.strip_prefix('^')?.strip_suffix('$').filter(|text| text.chars().all(plain))
    }

    /// The literal text that every match of this begins with at the start of the value, when it is anchored with `^`
    /// and goes on with plain characters: an index by text can use it. Empty when there is none.
    pub fn literal_prefix(&self) -> &str {
        let Some(rest) = self.text.strip_prefix('^') else {
            return "";
        };
        if rest.contains('|') {
            return "";
        }
        let end = rest.find(|c| !plain(c)).unwrap_or(rest.len());
        let optional = matches!(rest[end..].chars().next(), Some('*' | '?' | '{' | '+'));
        match rest[..end].char_indices().next_back() {
            Some((last, _)) if optional => &rest[..last],
            _ => &rest[..end],
        }
    }
}

/// Whether a character stands for itself in every expression.
fn plain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, ':' | '/' | '-' | '_' | '#' | '=' | ' ' | '@' | '%')
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
