//! Reading in layers: defaults < TOML file < environment < flags. Reads one file, and only in [`Config::load`].

mod overrides;
mod shape;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Table;
use toml::de::DeTable;

use crate::model::Config;
use crate::places::{self, Places};
use crate::problem::{ConfigError, Place, Problem};
use crate::{keys, rules};

impl Config {
    /// Reads the file (if one is named), the environment and the flags, and checks the whole.
    ///
    /// `env` is the whole environment: what does not begin with `BELFRY_` is passed over, and so is an empty variable.
    /// `flags` are dotted keys with their values as written on the command line. Later layers win key by key; a list
    /// replaces a list. Errors: everything that is wrong, each with its place (file, line and column; variable; flag).
    pub fn load(
        path: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
        flags: &[(String, String)],
    ) -> Result<Self, ConfigError> {
        let Some(path) = path else {
            return Self::parse("", Path::new(""), env, flags);
        };
        let text = std::fs::read_to_string(path).map_err(|cause| ConfigError {
            problems: vec![Problem {
                place: Place::File { path: path.to_owned(), line: 0, column: 0 },
                key: String::new(),
                message: format!("this file cannot be read: {cause}"),
                suggestion: None,
            }],
        })?;
        Self::parse(&text, path, env, flags)
    }

    /// [`Config::load`] from a text in memory; `path` is what messages call it.
    pub fn parse(
        text: &str,
        path: &Path,
        env: impl IntoIterator<Item = (String, String)>,
        flags: &[(String, String)],
    ) -> Result<Self, ConfigError> {
        let mut layers = Layers {
            root: keys::root(),
            table: Table::new(),
            places: Places::default(),
            problems: Vec::new(),
            file: path.to_owned(),
        };
        layers.add_file(text);
        layers.add_env(env);
        layers.add_flags(flags);
        layers.finish()
    }

    /// Checks ranges and the rules across keys of a configuration that was put together in code.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let problems = rules::broken(self, &keys::root(), &Places::default());
        if problems.is_empty() { Ok(()) } else { Err(ConfigError { problems }) }
    }
}

/// The layers read so far.
struct Layers {
    root: keys::Key,
    /// Their values, later ones over earlier ones.
    table: Table,
    places: Places,
    problems: Vec<Problem>,
    file: PathBuf,
}

impl Layers {
    fn add_file(&mut self, text: &str) {
        let parsed = match DeTable::parse(text) {
            Ok(parsed) => parsed,
            Err(error) => return self.file_problem(text, &error),
        };
        let problems_before = self.problems.len();
        shape::check_table(self, text, parsed.get_ref(), "");
        if self.problems.len() > problems_before {
            return;
        }
        // What the shape cannot tell (an address that is none, a key that is missing) the types themselves refuse.
        if let Err(error) = toml::from_str::<Config>(text) {
            return self.file_problem(text, &error);
        }
        match text.parse::<Table>() {
            Ok(table) => self.table = table,
            Err(error) => self.file_problem(text, &error),
        }
    }

    fn file_problem(&mut self, text: &str, error: &toml::de::Error) {
        let place = places::in_file(&self.file, text, error.span().map_or(0, |span| span.start));
        let key = self.places.path_at(&place).unwrap_or_default().to_owned();
        let what = error.message().replace('\n', ", ");
        let message = if key.is_empty() { what } else { format!("{key}: {what}") };
        self.problems.push(Problem { place, key, message, suggestion: None });
    }

    fn finish(mut self) -> Result<Config, ConfigError> {
        if self.problems.is_empty() {
            match Config::deserialize(toml::Value::Table(self.table)) {
                Ok(config) => {
                    self.problems = rules::broken(&config, &self.root, &self.places);
                    if self.problems.is_empty() {
                        return Ok(config);
                    }
                }
                Err(error) => self.problems.push(Problem {
                    place: Place::Default,
                    key: String::new(),
                    message: error.message().to_owned(),
                    suggestion: None,
                }),
            }
        }
        Err(ConfigError { problems: self.problems })
    }
}

#[cfg(test)]
mod tests;
