//! Entities on a tile: each by itself where there is room, and gathered by type where there is not, with their number and the
//! worst of their states. What it holds is bounded by the cells of the tile and the types, whatever the number of entities.

use hashbrown::HashMap;

use crate::address::Address;
use crate::candidate::{Candidate, Candidates};
use crate::draw::Drawing;
use crate::grid::{EXTENT, Spot};
use crate::mvt::{Fields, Value};
use crate::names::Names;
use crate::subject::{State, Subject};
use crate::theme::Theme;
use crate::tile::put_names;

/// From this zoom on every entity is by itself.
pub const SINGLE_ZOOM: u8 = 15;

/// Cells along a side of a tile in which entities are gathered: 64 pixels each.
const CELLS: i32 = 8;

/// Types of a tile that are told apart; those beyond are let go.
const TYPES: usize = 256;

/// Entities of one type in one cell, or a single one.
struct Group {
    count: u64,
    sum: [i64; 2],
    worst: State,
    entity: Box<str>,
    names: Names,
}

/// The entities of a tile as they come.
pub(crate) struct Crowd {
    gathers: bool,
    zoom: u8,
    groups: HashMap<(i32, Box<str>), Group>,
    single: Vec<(Box<str>, Group)>,
    types: Vec<Box<str>>,
}

impl Crowd {
    pub(crate) fn new(tile: Address) -> Self {
        let gathers = tile.z() < SINGLE_ZOOM;
        Self { gathers, zoom: tile.z(), groups: HashMap::new(), single: Vec::new(), types: Vec::new() }
    }

    pub(crate) fn add(&mut self, spot: Spot, entity: &str, kind: &str, state: State, names: &Names) {
        let one =
            || Group { count: 1, sum: spot.map(i64::from), worst: state, entity: entity.into(), names: names.clone() };
        if !self.gathers {
            self.single.push((kind.into(), one()));
            return;
        }
        if !self.types.iter().any(|known| **known == *kind) {
            if self.types.len() == TYPES {
                return;
            }
            self.types.push(kind.into());
        }
        let side = EXTENT as i32 / CELLS;
        let cell = spot[1] / side * CELLS + spot[0] / side;
        match self.groups.get_mut(&(cell, Box::from(kind))) {
            None => drop(self.groups.insert((cell, kind.into()), one())),
            Some(group) => {
                group.count += 1;
                group.sum = [group.sum[0] + i64::from(spot[0]), group.sum[1] + i64::from(spot[1])];
                group.worst = group.worst.max(state);
            }
        }
    }

    /// Makes candidates of them.
    pub(crate) fn finish(self, keys: &[(String, String)], to: &mut Candidates) {
        let zoom = self.zoom;
        let groups = self.groups.into_iter().map(|((_, kind), group)| (kind, group));
        for (kind, group) in groups.chain(self.single) {
            let count = group.count as i64;
            let spot = [(group.sum[0] / count) as i32, (group.sum[1] / count) as i32];
            let subject = Subject::Live { entity: &group.entity, kind: &kind, state: group.worst };
            let mut fields = Fields::default();
            if group.count == 1 {
                subject.fields(|key, value| fields.push(key, value));
                put_names(&group.names, keys, &mut fields);
            } else {
                fields.push("type", Value::Text(&kind));
                fields.push("state", Value::Text(group.worst.name()));
                fields.push("count", Value::Uint(group.count));
            }
            to.put(Candidate {
                theme: Theme::Live,
                first_zoom: subject.first_zoom().min(zoom),
                rank: subject.rank(),
                size: 0.0,
                id: None,
                directed: false,
                drawing: Drawing::Points(vec![spot]),
                fields,
            });
        }
    }
}
