//! The layers whose values come as texts: environment and flags. Reads neither; both are handed in.

use serde::Deserialize;
use toml::{Table, Value};

use super::{Layers, shape};
use crate::keys::{ENV_PREFIX, Key, Kind, env_name, nearest};
use crate::model::Config;
use crate::problem::{Place, Problem};

/// Variables that begin like ours and are not of the configuration: of the command line itself, of the project's own
/// tests and benchmarks, and what Kubernetes sets in every pod beside a service that is called `belfry`.
const OTHERS: [&str; 10] = ["BIN", "CONFIG", "URL", "TOKEN", "TENANT", "TEST_", "BENCH_", "E2E_", "SERVICE_", "PORT"];

impl Layers {
    pub(super) fn add_env(&mut self, env: impl IntoIterator<Item = (String, String)>) {
        let mut env: Vec<_> = env.into_iter().filter(|(name, value)| is_ours(name) && !value.is_empty()).collect();
        env.sort();
        let known: Vec<_> = self.root.leaves().into_iter().map(|key| (env_name(&key.path), key.path.clone())).collect();
        for (name, value) in env {
            match known.iter().find(|(known, _)| *known == name) {
                Some((_, path)) => self.set(path, &value, Place::Env(name)),
                None => {
                    let suggestion = nearest_env(&name, known.iter().map(|(known, _)| known.as_str()));
                    let message = "this variable begins with BELFRY_ but is no key of the configuration".to_owned();
                    self.problems.push(Problem { place: Place::Env(name), key: String::new(), message, suggestion });
                }
            }
        }
    }

    pub(super) fn add_flags(&mut self, flags: &[(String, String)]) {
        for (path, value) in flags {
            let place = Place::Flag(path.clone());
            match self.root.find(path) {
                Some(key) if !matches!(key.kind, Kind::Table(_)) => self.set(path, value, place),
                found => {
                    let (message, suggestion) = match found {
                        Some(_) => (format!("{path:?} is a section; name one of its keys"), None),
                        None => (format!("unknown key {path:?}"), suggest_path(&self.root, path)),
                    };
                    self.problems.push(Problem { place, key: path.clone(), message, suggestion });
                }
            }
        }
    }

    /// Sets one key from a text. The key exists and is no section.
    fn set(&mut self, path: &str, text: &str, place: Place) {
        let Some(key) = self.root.find(path) else { return };
        let result = read(key, text).and_then(|value| {
            let mut alone = Table::new();
            insert(&mut alone, path, value.clone());
            match Config::deserialize(Value::Table(alone)) {
                Ok(_) => Ok(value),
                Err(error) => Err((format!("{path}: {}", error.message().replace('\n', ", ")), None)),
            }
        });
        match result {
            Ok(value) => {
                insert(&mut self.table, path, value);
                self.places.set(path, place);
            }
            Err((message, suggestion)) => {
                self.problems.push(Problem { place, key: path.to_owned(), message, suggestion });
            }
        }
    }
}

fn is_ours(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(ENV_PREFIX) else {
        return false;
    };
    !OTHERS
        .iter()
        .any(|other| rest == *other || (rest.starts_with(other) && (other.ends_with('_') || *other == "PORT")))
}

fn nearest_env<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    let short = name.strip_prefix(ENV_PREFIX).unwrap_or(name);
    let by_end = known.clone().find(|known| known.ends_with(&format!("_{short}")));
    by_end.map(str::to_owned).or_else(|| {
        let lower: Vec<_> = known.map(str::to_lowercase).collect();
        nearest(name, lower.iter().map(String::as_str)).map(str::to_uppercase)
    })
}

/// The known key nearest to an unknown dotted path.
fn suggest_path(root: &Key, path: &str) -> Option<String> {
    let leaves = root.leaves();
    nearest(path, leaves.iter().map(|key| key.path.as_str()))
        .map(str::to_owned)
        .or_else(|| shape::suggest(root, root, path))
}

/// A text as the kind of value that the key takes. Error: what it must be, and the word that was probably meant.
fn read(key: &Key, text: &str) -> Result<Value, (String, Option<String>)> {
    let wrong = || (format!("{} must be {}, not {text:?}", key.path, key.kind.describe()), None);
    match &key.kind {
        Kind::Text => Ok(Value::String(text.to_owned())),
        Kind::Integer { .. } => literal(text).filter(Value::is_integer).ok_or_else(wrong),
        Kind::Flag => text.parse().map(Value::Boolean).map_err(|_| wrong()),
        Kind::List(_) if text.trim_start().starts_with('[') => literal(text).filter(Value::is_array).ok_or_else(wrong),
        Kind::List(item) if matches!(item.kind, Kind::Text) => {
            Ok(text.split(',').map(|part| Value::String(part.trim().to_owned())).collect::<Vec<_>>().into())
        }
        Kind::Choice { tables, .. } if !tables.is_empty() && text.trim_start().starts_with('{') => {
            literal(text).filter(Value::is_table).ok_or_else(wrong)
        }
        Kind::Choice { words, .. } if words.iter().any(|word| word == text) => Ok(Value::String(text.to_owned())),
        Kind::Choice { words, .. } => {
            Err((wrong().0, nearest(text, words.iter().map(String::as_str)).map(str::to_owned)))
        }
        Kind::List(_) | Kind::Table(_) => Err(wrong()),
    }
}

/// A text as one TOML value. A text that smuggles in a second line is none.
fn literal(text: &str) -> Option<Value> {
    let mut table = format!("value = {}", text.trim()).parse::<Table>().ok()?;
    if table.len() == 1 { table.remove("value") } else { None }
}

/// Puts a value at a dotted path, making the tables on the way.
fn insert(table: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            table.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = table.entry(first).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}
