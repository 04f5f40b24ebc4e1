//! The name of a thing, in its own language and in others. Knows no rule of which one is shown; the style chooses.

/// Bytes of one name at most; longer ones are left out, since no label holds them.
pub const MAX_NAME_BYTES: usize = 200;

/// Languages of one thing at most.
pub const MAX_LANGUAGES: usize = 64;

/// A name and its translations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Names {
    own: Box<str>,
    others: Vec<(Box<str>, Box<str>)>,
}

impl Names {
    /// A name as it is written where the thing is.
    pub fn new(own: &str) -> Self {
        Self { own: fitting(own).unwrap_or_default().into(), others: Vec::new() }
    }

    /// Adds the name in a language, if both are such. One that is the name itself takes no room.
    pub fn add(&mut self, language: &str, name: &str) {
        let Some(name) = fitting(name).filter(|name| is_language(language) && **name != *self.own) else { return };
        if let Err(place) = self.others.binary_search_by(|(known, _)| (**known).cmp(language))
            && self.others.len() < MAX_LANGUAGES
        {
            self.others.insert(place, (language.into(), name.into()));
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.own.is_empty() && self.others.is_empty()
    }

    /// The name as it is written where the thing is; may be empty.
    pub fn own(&self) -> &str {
        &self.own
    }

    /// The name in a language, where it is another.
    pub fn within(&self, language: &str) -> Option<&str> {
        let place = self.others.binary_search_by(|(known, _)| (**known).cmp(language)).ok()?;
        Some(&self.others[place].1)
    }
}

/// Whether a text is a language as keys of names have it: two or three letters, and a script after a hyphen (RFC 5646).
pub fn is_language(text: &str) -> bool {
    let (language, script) = text.split_once('-').unwrap_or((text, ""));
    let lower = |part: &str| part.bytes().all(|b| b.is_ascii_lowercase());
    let written = script.is_empty() && !text.contains('-')
        || script.len() == 4 && script.starts_with(|c: char| c.is_ascii_uppercase()) && lower(&script[1..]);
    (2..=3).contains(&language.len()) && lower(language) && written
}

fn fitting(name: &str) -> Option<&str> {
    let name = name.trim();
    (!name.is_empty() && name.len() <= MAX_NAME_BYTES && !name.contains(char::is_control)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_from_other_keys() {
        for (text, wanted) in [
            ("de", true),
            ("gsw", true),
            ("zh-Hant", true),
            ("sr-Latn", true),
            ("", false),
            ("d", false),
            ("left", false),
            ("de-", false),
            ("de-at", false),
            ("etymology", false),
            ("zh-hant", false),
            ("DE", false),
            ("ä", false),
            ("zh-Äbc", false),
        ] {
            assert_eq!(is_language(text), wanted, "{text}");
        }
    }

    #[test]
    fn names_are_found_by_language_and_bounded() {
        let mut names = Names::new(" Vaduz ");
        names.add("zh", "瓦杜茲");
        names.add("ar", "فادوز");
        names.add("de", "Vaduz");
        names.add("signed", "no");
        names.add("fr", &"x".repeat(300));
        names.add("it", "a\u{0}b");
        assert_eq!((names.own(), names.within("zh"), names.within("ar")), ("Vaduz", Some("瓦杜茲"), Some("فادوز")));
        assert!(["de", "fr", "it", "signed"].iter().all(|language| names.within(language).is_none()));
        for a in 'a'..='z' {
            for b in 'a'..='z' {
                names.add(&format!("{a}{b}"), "x");
            }
        }
        assert_eq!(names.others.len(), MAX_LANGUAGES);
    }
}
