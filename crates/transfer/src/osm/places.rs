//! Where nodes are: of the nodes that wanted ways need and of no others, 16 bytes each. Two sorted lists, so that a country
//! fits into memory; holds no tags.

use super::place::Place;

/// Nodes that are needed, while they are collected.
pub(super) struct Wanted {
    ids: Vec<i64>,
    /// How many of them are sorted and without repetition.
    tidy: usize,
    max: usize,
}

/// More nodes are needed than may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany;

impl Wanted {
    pub(super) fn new(max: usize) -> Self {
        Self { ids: Vec::new(), tidy: 0, max }
    }

    /// Adds the nodes of a way.
    pub(super) fn add(&mut self, nodes: &[i64]) -> Result<(), TooMany> {
        self.ids.extend_from_slice(nodes);
        // Most nodes stand in several ways; repetitions never hold more than as much again.
        if self.ids.len() > (2 * self.tidy).max(1 << 16) {
            self.tidy_up();
            if self.ids.len() > self.max {
                return Err(TooMany);
            }
        }
        Ok(())
    }

    fn tidy_up(&mut self) {
        self.ids.sort_unstable();
        self.ids.dedup();
        self.tidy = self.ids.len();
    }

    /// The store for their places.
    pub(super) fn finish(mut self) -> Result<Places, TooMany> {
        self.tidy_up();
        if self.ids.len() > self.max {
            return Err(TooMany);
        }
        self.ids.shrink_to_fit();
        let places = vec![NOWHERE; self.ids.len()];
        Ok(Places { ids: self.ids, places, near: 0 })
    }
}

/// Stands for a node that has not come yet; no place has this latitude.
const NOWHERE: Place = Place { lon: 0, lat: i32::MIN };

/// The places of nodes.
pub(super) struct Places {
    ids: Vec<i64>,
    places: Vec<Place>,
    /// Where the last node was: nodes mostly come in the order of their numbers.
    near: usize,
}

impl Places {
    /// Keeps the place of a node, if it is needed.
    pub(super) fn put(&mut self, id: i64, place: Place) {
        let next = self.near + 1;
        let at = match self.ids.get(next) {
            Some(known) if *known == id => next,
            _ => match self.ids.binary_search(&id) {
                Ok(at) => at,
                Err(_) => return,
            },
        };
        self.near = at;
        self.places[at] = place;
    }

    /// The place of a node; none when the file did not have it.
    pub(super) fn get(&self, id: i64) -> Option<Place> {
        let at = self.ids.binary_search(&id).ok()?;
        Some(self.places[at]).filter(|place| *place != NOWHERE)
    }

    /// Nodes that are needed.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.ids.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needed_nodes_are_found_and_others_are_not_kept() {
        let mut wanted = Wanted::new(1 << 20);
        for way in (0..200_000_i64).step_by(2) {
            wanted.add(&[way, way + 2, -way]).unwrap();
        }
        let mut places = wanted.finish().unwrap();
        assert_eq!(places.len(), 100_001 + 99_999);
        for id in (-10..10).chain([150_000]) {
            places.put(id, Place { lon: id as i32, lat: 7 });
        }
        assert_eq!(places.get(4), Some(Place { lon: 4, lat: 7 }));
        assert_eq!(places.get(-4), Some(Place { lon: -4, lat: 7 }));
        assert_eq!(places.get(5), None);
        assert_eq!(places.get(150_002), None);
        assert_eq!(places.get(150_000), Some(Place { lon: 150_000, lat: 7 }));
    }

    #[test]
    fn there_is_a_limit() {
        let mut wanted = Wanted::new(100);
        let result = (0..100_000).try_for_each(|id| wanted.add(&[id]));
        assert_eq!(result, Err(TooMany));
        let mut wanted = Wanted::new(2);
        wanted.add(&[1, 2, 3]).unwrap();
        assert!(wanted.finish().is_err());
    }
}
