//! What an application says of itself: `app.toml` in its folder, compiled into it. Holds no code of it.

use belfry_kernel::Error;
use serde::Deserialize;

/// The longest text of a manifest, bytes.
const MAX_TEXT: usize = 400;

/// An application's name and purpose.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Its name: that of its folder and of its paths, `/belfry/v1/<name>/…`. Lower-case letters and `-`.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Its version, `major.minor.patch`.
    pub version: String,
    /// What it is for, in a sentence or two.
    pub purpose: String,
}

impl Manifest {
    /// Reads an `app.toml`.
    ///
    /// # Errors
    /// `InvalidRequest` saying what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let manifest: Self = toml::from_str(text).map_err(|e| Error::invalid(format!("app.toml: {}", e.message())))?;
        let wrong = |what: &str| Err(Error::invalid(format!("app.toml: {what}")));
        let plain = |b: u8| b.is_ascii_lowercase() || b == b'-';
        if !(2..=32).contains(&manifest.name.len())
            || !manifest.name.bytes().all(plain)
            || !manifest.name.as_bytes()[0].is_ascii_lowercase()
        {
            return wrong("name: it is 2 to 32 lower-case letters and '-', beginning with a letter");
        }
        let numbers: Vec<&str> = manifest.version.split('.').collect();
        if numbers.len() != 3 || numbers.iter().any(|n| n.parse::<u32>().is_err()) {
            return wrong("version: it is three numbers, major.minor.patch");
        }
        for (what, text) in [("title", &manifest.title), ("purpose", &manifest.purpose)] {
            if text.trim().is_empty() || text.len() > MAX_TEXT || text.contains(char::is_control) {
                return Err(Error::invalid(format!("app.toml: {what}: it is one line of 1 to {MAX_TEXT} bytes")));
            }
        }
        Ok(manifest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "name = \"water\"\ntitle = \"Water\"\nversion = \"0.1.0\"\npurpose = \"Levels of rivers.\"\n";

    #[test]
    fn reads_a_manifest_and_says_what_is_wrong() {
        assert_eq!(Manifest::parse(GOOD).unwrap().name, "water");
        for (from, to, why) in [
            ("water", "Water", "app.toml: name: it is 2 to 32 lower-case letters and '-', beginning with a letter"),
            ("water", "w", "app.toml: name: it is 2 to 32 lower-case letters and '-', beginning with a letter"),
            ("0.1.0", "0.1", "app.toml: version: it is three numbers, major.minor.patch"),
            ("0.1.0", "0.1.x", "app.toml: version: it is three numbers, major.minor.patch"),
            ("Levels of rivers.", " ", "app.toml: purpose: it is one line of 1 to 400 bytes"),
            (
                "title",
                "titel",
                "app.toml: unknown field `titel`, expected one of `name`, `title`, `version`, `purpose`",
            ),
        ] {
            assert_eq!(Manifest::parse(&GOOD.replacen(from, to, 1)).unwrap_err().public(), why);
        }
    }
}
