//! What could be on a tile, while it is being made: bounded, put in order, lines joined. Writes nothing.

use std::cmp::{Ordering, Reverse};

use hashbrown::{HashMap, HashSet};

use crate::draw::Drawing;
use crate::join::joined;
use crate::mvt::Fields;
use crate::shape::Form;
use crate::theme::Theme;

/// A feature that could be on the tile.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) theme: Theme,
    pub(crate) first_zoom: u8,
    pub(crate) rank: u32,
    /// Squares of the grid that it covers as a whole, on this tile and others.
    pub(crate) size: f64,
    pub(crate) id: Option<u64>,
    /// Whether the way in which its lines run says something.
    pub(crate) directed: bool,
    pub(crate) drawing: Drawing,
    pub(crate) fields: Fields,
}

impl Candidate {
    /// The most important first. Equal only for what is the same.
    pub(crate) fn by_importance(&self, other: &Self) -> Ordering {
        let key = |c: &Self| (c.first_zoom, c.theme, c.rank);
        key(self).cmp(&key(other)).then(other.size.total_cmp(&self.size)).then_with(|| self.settle(other))
    }

    /// As it is drawn: areas from large to small, then lines with the most important last and so on top, then points with
    /// the most important first, since labels are placed in this order.
    pub(crate) fn by_drawing(&self, other: &Self) -> Ordering {
        let layer = |c: &Self| (c.theme, Reverse(c.drawing.form()));
        let rank = match self.drawing.form() {
            Form::Points => self.rank.cmp(&other.rank),
            Form::Lines => other.rank.cmp(&self.rank),
            Form::Polygons => other.size.total_cmp(&self.size),
        };
        layer(self).cmp(&layer(other)).then(rank).then_with(|| self.settle(other))
    }

    fn settle(&self, other: &Self) -> Ordering {
        let form = |c: &Self| c.drawing.form();
        self.id
            .cmp(&other.id)
            .then(form(self).cmp(&form(other)))
            .then_with(|| self.fields.cmp(&other.fields))
            .then_with(|| match (&self.drawing, &other.drawing) {
                (Drawing::Points(a), Drawing::Points(b)) => a.cmp(b),
                (Drawing::Lines(a), Drawing::Lines(b)) => a.cmp(b),
                (Drawing::Polygons(a), Drawing::Polygons(b)) => a.cmp(b),
                _ => Ordering::Equal,
            })
    }

    /// Bytes in memory, about.
    fn weight(&self) -> usize {
        let spots = match &self.drawing {
            Drawing::Points(spots) => spots.len(),
            Drawing::Lines(lines) => lines.iter().map(|line| line.len() + 4).sum(),
            Drawing::Polygons(polygons) => polygons.iter().flatten().map(|ring| ring.len() + 4).sum(),
        };
        std::mem::size_of::<Self>() + self.fields.bytes() + spots * 8
    }
}

/// Candidates within a limit of memory.
pub(crate) struct Candidates {
    all: Vec<Candidate>,
    weight: usize,
    limit: usize,
    let_go: usize,
}

impl Candidates {
    pub(crate) fn new(limit: usize) -> Self {
        Self { all: Vec::new(), weight: 0, limit, let_go: 0 }
    }

    pub(crate) fn put(&mut self, candidate: Candidate) {
        self.weight += candidate.weight();
        self.all.push(candidate);
        if self.weight > self.limit {
            self.shed();
        }
    }

    /// Lets the least important go until half of the limit is free.
    fn shed(&mut self) {
        self.all.sort_by(Candidate::by_importance);
        let mut kept = 0;
        let fits = self.all.iter().take_while(|candidate| {
            kept += candidate.weight();
            kept <= self.limit / 2
        });
        let count = fits.count();
        self.let_go += self.all.len() - count;
        self.all.truncate(count);
        self.weight = self.all.iter().map(Candidate::weight).sum();
    }

    /// How many were let go.
    pub(crate) fn let_go(&self) -> usize {
        self.let_go
    }

    /// All of them, in an order of their own, with lines of the same fields joined into features of at most so many places.
    pub(crate) fn joined(mut self, spots: usize) -> Vec<Candidate> {
        self.all.sort_by(Candidate::by_importance);
        let mut groups: HashMap<(Theme, Fields), Vec<Candidate>> = HashMap::new();
        let mut order = Vec::new();
        let mut out = Vec::new();
        for candidate in self.all {
            if candidate.drawing.form() != Form::Lines {
                out.push(candidate);
                continue;
            }
            let group = groups.entry((candidate.theme, candidate.fields.clone())).or_insert_with(|| {
                order.push((candidate.theme, candidate.fields.clone()));
                Vec::new()
            });
            group.push(candidate);
        }
        for key in order {
            let Some(group) = groups.remove(&key) else { continue };
            let mut left = group.into_iter();
            let Some(first) = left.next() else { continue };
            let rest: Vec<Candidate> = left.collect();
            // One alone keeps its number.
            let id = if rest.is_empty() { first.id } else { None };
            let one = Candidate { id, drawing: Drawing::Lines(Vec::new()), ..first.clone() };
            let lines = std::iter::once(first).chain(rest).flat_map(|candidate| match candidate.drawing {
                Drawing::Lines(lines) => lines,
                _ => Vec::new(),
            });
            let mut part: Vec<Vec<[i32; 2]>> = Vec::new();
            let mut count = 0;
            for line in joined(lines.collect(), one.directed) {
                if count > 0 && count + line.len() > spots {
                    out.push(Candidate { drawing: Drawing::Lines(std::mem::take(&mut part)), ..one.clone() });
                    count = 0;
                }
                count += line.len();
                part.push(line);
            }
            out.push(Candidate { drawing: Drawing::Lines(part), ..one });
        }
        out
    }
}

/// The bytes of a tile as it fills, with keys and values counted once a layer; never less than what is written.
#[derive(Default)]
pub(crate) struct Weights {
    total: usize,
    themes: HashSet<Theme>,
    known: HashSet<(Theme, bool, Vec<u8>)>,
}

impl Weights {
    /// Takes a feature of so many bytes of geometry in, if it fits.
    pub(crate) fn take(&mut self, candidate: &Candidate, geometry: usize, limit: usize) -> bool {
        // Around a text: its field and length. Around a feature: its own, its number, kind, and the two numbers of each field.
        const AROUND: usize = 6;
        const FEATURE: usize = 34;
        const LAYER: usize = 40;
        let theme = candidate.theme;
        let layer = if self.themes.contains(&theme) { 0 } else { LAYER };
        let mut cost = layer + FEATURE + geometry;
        let mut new = Vec::new();
        for (key, value) in candidate.fields.iter() {
            cost += 8;
            for (is_key, bytes) in [(true, key), (false, value)] {
                let entry = (theme, is_key, bytes.to_vec());
                if !self.known.contains(&entry) {
                    cost += AROUND + bytes.len();
                    new.push(entry);
                }
            }
        }
        if self.total + cost > limit {
            return false;
        }
        self.total += cost;
        self.themes.insert(theme);
        self.known.extend(new);
        true
    }
}
