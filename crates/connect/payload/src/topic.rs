//! Topic names and topic filters (MQTT 5.0 section 4.7). Holds the checks and the compiled filter; matching is in the trie.

use compact_str::CompactString;

/// The most levels of a topic that are taken anywhere.
pub const MAX_LEVELS: usize = 128;

/// Why a topic name or filter is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// No characters.
    #[error("a topic has at least one character")]
    Empty,
    /// Longer than 65,535 bytes, or more than 128 levels.
    #[error("the topic is too long or has too many levels")]
    TooLong,
    /// The null character.
    #[error("a topic must not contain the null character")]
    Null,
    /// `+` or `#` where none may be.
    #[error("+ and # stand alone in their level, # only in the last one, and neither in a topic name")]
    Wildcard,
    /// `{` or `}` that are not around one whole level, a name that is empty or comes twice.
    #[error("a capture is one whole level such as {{sensor}}, with a name of letters, digits and _ that comes once")]
    Capture,
}

/// Checks a topic name, as a publisher may use it: not empty, no wildcard, no null character.
pub fn check_name(topic: &str) -> Result<(), TopicError> {
    let mut levels = 1;
    for b in topic.bytes() {
        match b {
            b'+' | b'#' => return Err(TopicError::Wildcard),
            0 => return Err(TopicError::Null),
            b'/' => levels += 1,
            _ => {}
        }
    }
    if topic.is_empty() {
        return Err(TopicError::Empty);
    }
    if topic.len() > 65_535 || levels > MAX_LEVELS { Err(TopicError::TooLong) } else { Ok(()) }
}

/// A checked topic filter, its captures turned into `+`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Filter {
    text: CompactString,
    captures: Vec<(CompactString, u8)>,
}

impl Filter {
    /// Checks a filter as a subscriber may use it.
    pub fn parse(filter: &str) -> Result<Self, TopicError> {
        let levels = filter.split('/').count();
        if filter.is_empty() {
            return Err(TopicError::Empty);
        }
        if filter.len() > 65_535 || levels > MAX_LEVELS {
            return Err(TopicError::TooLong);
        }
        if filter.as_bytes().contains(&0) {
            return Err(TopicError::Null);
        }
        for (at, level) in filter.split('/').enumerate() {
            let wild = level.contains(['+', '#']);
            if wild && (level.len() > 1 || (level == "#" && at + 1 != levels)) {
                return Err(TopicError::Wildcard);
            }
        }
        Ok(Self { text: filter.into(), captures: Vec::new() })
    }

    /// Checks a filter of a mapping rule, in which `{name}` takes one level as `+` does and keeps it.
    pub fn parse_with_captures(filter: &str) -> Result<Self, TopicError> {
        let mut captures: Vec<(CompactString, u8)> = Vec::new();
        let mut plain = String::with_capacity(filter.len());
        for (at, level) in filter.split('/').enumerate().take(MAX_LEVELS + 1) {
            if at > 0 {
                plain.push('/');
            }
            if let Some(name) = level.strip_prefix('{').and_then(|l| l.strip_suffix('}')) {
                let named = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                if !named || captures.iter().any(|(n, _)| n == name) {
                    return Err(TopicError::Capture);
                }
                captures.push((name.into(), u8::try_from(at).map_err(|_| TopicError::TooLong)?));
                plain.push('+');
            } else if level.contains(['{', '}']) {
                return Err(TopicError::Capture);
            } else {
                plain.push_str(level);
            }
        }
        Ok(Self { captures, ..Self::parse(&plain)? })
    }

    /// The filter as a broker takes it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The level (from 0) of a capture.
    pub fn capture(&self, name: &str) -> Option<u8> {
        self.captures.iter().find(|(n, _)| n == name).map(|(_, level)| *level)
    }

    /// Whether every topic that `other` matches is matched by this one too.
    pub fn covers(&self, other: &Self) -> bool {
        if self.text.starts_with(['+', '#']) && other.text.starts_with('$') {
            return false;
        }
        let mut levels = other.text.split('/');
        for level in self.text.split('/') {
            match (level, levels.next()) {
                ("#", _) => return true,
                ("+", Some(other)) if other != "#" => {}
                (level, Some(other)) if level == other => {}
                _ => return false,
            }
        }
        levels.next().is_none()
    }

    /// Whether a topic may match both filters.
    pub fn meets(&self, other: &Self) -> bool {
        let (mut here, mut there) = (self.text.split('/'), other.text.split('/'));
        loop {
            match (here.next(), there.next()) {
                (Some("#"), _) | (_, Some("#")) | (None, None) => return true,
                (Some("+"), Some(_)) | (Some(_), Some("+")) => {}
                (Some(a), Some(b)) if a == b => {}
                _ => return false,
            }
        }
    }

    /// Whether a topic name matches (MQTT 5.0 section 4.7.2: a first wildcard does not match a topic that begins with `$`).
    pub fn matches(&self, topic: &str) -> bool {
        let mut filter = self.text.split('/');
        let mut levels = topic.split('/');
        if topic.starts_with('$') && self.text.starts_with(['+', '#']) {
            return false;
        }
        loop {
            match (filter.next(), levels.next()) {
                (Some("#"), _) => return true,
                (Some("+"), Some(_)) => {}
                (Some(f), Some(l)) if f == l => {}
                (None, None) => return true,
                _ => return false,
            }
        }
    }
}
