//! The path language of the mapping: `$.a.b[0]['c d'][-1]`, or `a.b` without the root. Holds no wildcard: one path, one value.

use compact_str::CompactString;
use smallvec::SmallVec;
use sonic_rs::{JsonContainerTrait, JsonValueTrait, Value};
use std::fmt;

/// The most steps of a path.
const MAX_STEPS: usize = 32;

/// A compiled path.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    text: CompactString,
    message: bool,
    steps: SmallVec<[Step; 2]>,
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Key(CompactString),
    Index(usize),
    FromEnd(usize),
}

/// Why a text is not a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A name is missing or holds what must be quoted.
    #[error("a path is $.name.name[0]['other name']: a name is missing or must be in ['...']")]
    Name,
    /// A bracket that is not closed, or holds neither a number nor a quoted name.
    #[error("a bracket holds a number or a quoted name and is closed: [0], [-1], ['a b']")]
    Bracket,
    /// More than 32 steps.
    #[error("a path has at most 32 steps")]
    TooLong,
}

impl Path {
    /// Compiles a path. `$` is the decoded payload, `$message` the whole message around it (the same for plain JSON).
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let (message, mut rest, mut first) = match text.strip_prefix('$') {
            Some(r) => match r.strip_prefix("message") {
                Some(r) if r.is_empty() || r.starts_with(['.', '[']) => (true, r, false),
                _ => (false, r, false),
            },
            None => (false, text, true),
        };
        if first && rest.is_empty() {
            return Err(PathError::Name);
        }
        let mut steps = SmallVec::new();
        while !rest.is_empty() {
            if steps.len() == MAX_STEPS {
                return Err(PathError::TooLong);
            }
            if let Some(r) = rest.strip_prefix('[') {
                let quote = r.chars().next().filter(|c| matches!(c, '\'' | '"'));
                if let Some(quote) = quote {
                    let (name, r) = r[1..].split_once(quote).ok_or(PathError::Bracket)?;
                    rest = r.strip_prefix(']').ok_or(PathError::Bracket)?;
                    steps.push(Step::Key(name.into()));
                } else {
                    let (number, r) = r.split_once(']').ok_or(PathError::Bracket)?;
                    rest = r;
                    let digits = number.strip_prefix('-').unwrap_or(number);
                    if digits.is_empty() || digits.len() > 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                        return Err(PathError::Bracket);
                    }
                    let n = digits.parse().map_err(|_| PathError::Bracket)?;
                    steps.push(if number.starts_with('-') { Step::FromEnd(n) } else { Step::Index(n) });
                }
            } else {
                let r = if first { rest } else { rest.strip_prefix('.').ok_or(PathError::Name)? };
                let end = r.find(['.', '[']).unwrap_or(r.len());
                let name = &r[..end];
                if name.is_empty() || name.contains([']', '\'', '"', '*', '$', ' ']) {
                    return Err(PathError::Name);
                }
                steps.push(Step::Key(name.into()));
                rest = &r[end..];
            }
            first = false;
        }
        Ok(Self { text: text.into(), message, steps })
    }

    /// The value at this path; `payload` is the decoded payload, `message` what it came in.
    pub(crate) fn find<'v>(&self, payload: &'v Value, message: &'v Value) -> Option<&'v Value> {
        let mut at = if self.message { message } else { payload };
        for step in &self.steps {
            at = match step {
                Step::Key(name) => at.get(name.as_str())?,
                Step::Index(n) => at.as_array()?.get(*n)?,
                Step::FromEnd(n) => {
                    let array = at.as_array()?;
                    array.get(array.len().checked_sub(*n).filter(|_| *n > 0)?)?
                }
            };
        }
        Some(at)
    }

    /// The last name in it, if it ends in one.
    pub(crate) fn last_name(&self) -> Option<&str> {
        match self.steps.last() {
            Some(Step::Key(name)) => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_and_refuses() {
        let doc = crate::json::parse(br#"{"a":{"b":[1,{"c d":2},3]},"x.y":4,"":5}"#).unwrap();
        for (path, found) in [
            ("$.a.b[0]", Some("1")),
            ("a.b[1]['c d']", Some("2")),
            ("$[\"a\"].b[-1]", Some("3")),
            ("$['x.y']", Some("4")),
            ("$['']", Some("5")),
            ("$message.a.b[2]", Some("3")),
            ("$.a.b[3]", None),
            ("$.a.b[-4]", None),
            ("$.a.b[-0]", None),
            ("$.a.b.c", None),
            ("$.nope.b", None),
        ] {
            let p = Path::parse(path).unwrap();
            assert_eq!(p.find(&doc, &doc).map(|v| sonic_rs::to_string(v).unwrap()).as_deref(), found, "{path}");
        }
        assert!(Path::parse("$").unwrap().find(&doc, &doc).is_some());
        for bad in [
            "",
            ".",
            "$.",
            "$..a",
            "a.",
            "a[",
            "a[]",
            "a[x]",
            "a['b]",
            "a['b'",
            "a b",
            "$a",
            "$.*",
            "a]b",
            "a[9999999]",
        ] {
            assert!(Path::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Path::parse(&"a.".repeat(40)), Err(PathError::TooLong));
    }
}
