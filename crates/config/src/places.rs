//! From which place each value came, by its path. Holds no values.

use std::collections::BTreeMap;
use std::path::Path;

use crate::problem::Place;

/// The place of every value that some layer set.
#[derive(Debug, Default)]
pub(crate) struct Places(BTreeMap<String, Place>);

impl Places {
    /// Notes that the value at `path` comes from `place`, and with it all below it.
    pub fn set(&mut self, path: &str, place: Place) {
        self.0.retain(|known, _| !is_below(known, path));
        self.0.insert(path.to_owned(), place);
    }

    /// The innermost path whose value stands at this place.
    pub fn path_at(&self, place: &Place) -> Option<&str> {
        self.0.iter().filter(|(_, known)| *known == place).map(|(path, _)| path.as_str()).max_by_key(|path| path.len())
    }

    /// Where the value at `path` came from: its own place, or that of what it lies in.
    pub fn of(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some(place) = self.0.get(path) {
                return place.clone();
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return Place::Default,
            }
        }
    }
}

fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.starts_with(['.', '[']))
}

/// Line and column, from 1, of a byte offset in a text.
pub(crate) fn in_file(path: &Path, text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Place::File {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_layer_hides_what_was_below() {
        let mut places = Places::default();
        places.set("a.list[0].b", Place::Flag("old".into()));
        places.set("a.lists", Place::Env("OTHER".into()));
        places.set("a.list", Place::Env("NEW".into()));
        assert_eq!(places.of("a.list[0].b"), Place::Env("NEW".into()));
        assert_eq!(places.of("a.lists"), Place::Env("OTHER".into()));
        assert_eq!(places.of("a"), Place::Default);
    }

    #[test]
    fn columns_count_characters() {
        let text = "a = 1\nü = 2 # é\nx";
        for (offset, line, column) in [(0, 1, 1), (4, 1, 5), (6, 2, 1), (9, 2, 3), (text.len(), 3, 2)] {
            let Place::File { line: l, column: c, .. } = in_file(Path::new("f"), text, offset) else { unreachable!() };
            assert_eq!((l, c), (line, column), "offset {offset}");
        }
    }
}
