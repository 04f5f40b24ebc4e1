//! Which condition drives a search, and the candidates that it gives, piece by piece.

use crate::index::Key;
use crate::shared::Shared;
use crate::state::State;
use belfry_ngsi_ld::Name;
use belfry_ngsi_ld::query::{Conjunct, Literal, Op};
use compact_str::CompactString;

/// A range of an index is gathered when it is no longer than this, or than this part of all entities. Beyond that a
/// walk over the entities finds matches soon enough.
const GATHERED: usize = 4096;
const GATHERED_PART: usize = 8;

/// Slots found at once, the next one last.
fn in_turn(mut slots: Vec<u32>) -> Driver {
    slots.sort_unstable_by(|a, b| b.cmp(a));
    slots.dedup();
    Driver::Slots { left: slots }
}

/// What gives the candidates.
pub(super) enum Driver {
    /// Every slot from here on.
    All { from: u32 },
    /// Entities of these types, or with one of these attributes, from this slot on.
    Set { which: Set, from: u32 },
    /// Slots found at once (by identifier, value, scope or place), the next one last.
    Slots { left: Vec<u32> },
}

/// A set of slots that the always-kept indexes have.
pub(super) enum Set {
    /// Of one of these types (the dictionary's numbers).
    Types(Vec<u32>),
    /// With one of these attributes.
    Attributes(Vec<u32>),
}

impl Set {
    fn len(&self, state: &State) -> u64 {
        self.bitmaps(state).map(roaring::RoaringBitmap::len).sum()
    }

    fn contains(&self, state: &State, slot: u32) -> bool {
        self.bitmaps(state).any(|b| b.contains(slot))
    }

    fn bitmaps<'a>(&'a self, state: &'a State) -> impl Iterator<Item = &'a roaring::RoaringBitmap> {
        let (numbers, of_types) = match self {
            Self::Types(numbers) => (numbers, true),
            Self::Attributes(numbers) => (numbers, false),
        };
        numbers.iter().filter_map(
            move |n| {
                if of_types { state.indexes.of_type(*n) } else { state.indexes.with_attribute(*n) }
            },
        )
    }
}

/// A search under way.
pub(super) struct Run {
    pub(super) driver: Driver,
    sets: Vec<Set>,
}

impl Run {
    /// Whether a candidate passes the sets that do not drive.
    pub(super) fn sieve(&self, state: &State, slot: u32) -> bool {
        self.sets.iter().all(|set| set.contains(state, slot))
    }
}

/// Chooses the driver; none when more than `looks` candidates are sure to be looked at, which they are when `all` matches
/// are wanted. Asks for indexes that would have helped.
pub(super) fn drivers(
    state: &State,
    conjuncts: &[Conjunct<'_>],
    shared: &Shared,
    looks: usize,
    all: bool,
) -> Option<Run> {
    let numbers = |names: &[Name]| names.iter().filter_map(|n| shared.names.known(*n)).collect::<Vec<u32>>();
    let mut sets = Vec::new();
    let mut best: Option<(u64, Driver)> = None;
    let mut offer = |cost: u64, driver: Driver| {
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, driver));
        }
    };
    let mut helpful = Vec::new();
    for conjunct in conjuncts {
        match conjunct {
            Conjunct::Nothing => offer(0, Driver::Slots { left: Vec::new() }),
            Conjunct::Ids(ids) => {
                offer(0, in_turn(ids.iter().filter_map(|id| state.slots.find(id.as_str())).collect()));
            }
            Conjunct::Types(names) => sets.push(Set::Types(numbers(names))),
            Conjunct::AnyAttribute(names) => sets.push(Set::Attributes(numbers(names))),
            Conjunct::Has(name) => sets.push(Set::Attributes(numbers(&[*name]))),
            Conjunct::Compare { name, op, literal } => {
                if let Some(range) = range_of(*op, literal) {
                    offer_values(state, *name, &[range], looks, &mut offer, &mut helpful);
                }
            }
            Conjunct::OneOf { name, literals } => {
                let ranges: Option<Vec<_>> = literals.iter().map(|l| range_of(Op::Eq, l)).collect();
                if let Some(ranges) = ranges {
                    offer_values(state, *name, &ranges, looks, &mut offer, &mut helpful);
                }
            }
            Conjunct::Within { name, boxes } => match state.indexes.geometries(*name) {
                Some(index) => {
                    let left: Vec<u32> =
                        boxes.iter().flat_map(|b| index.meeting(b)).take(looks.saturating_add(1)).collect();
                    if left.len() <= looks {
                        offer(left.len() as u64, in_turn(left));
                    }
                }
                None => helpful.push((*name, Wanted::Geometry)),
            },
            Conjunct::ScopePrefixes(prefixes) => {
                let mut slots = roaring::RoaringBitmap::new();
                for prefix in prefixes {
                    slots |= state.indexes.in_scope(prefix, true);
                    slots |= state.indexes.in_scope(prefix.strip_prefix('/').unwrap_or(prefix), true);
                }
                let mut left: Vec<u32> = slots.iter().collect();
                left.reverse();
                offer(left.len() as u64, Driver::Slots { left });
            }
            Conjunct::IdPrefix(_) => {}
        }
    }
    let driver_cost = best.as_ref().map_or(state.slots.len() as u64, |(cost, _)| *cost);
    let (smallest, at) = sets
        .iter()
        .enumerate()
        .map(|(i, set)| (set.len(state), i))
        .min()
        .unwrap_or((state.slots.len() as u64, usize::MAX));
    // A set's slots must still be looked at; an index's mostly are matches, so it wins unless the set is much smaller.
    let driver = match best {
        Some((_, driver)) if driver_cost <= smallest => driver,
        _ if at < sets.len() => Driver::Set { which: sets.swap_remove(at), from: 0 },
        Some((_, driver)) => driver,
        None => Driver::All { from: 0 },
    };
    if driver_cost.min(smallest) > shared.index_from {
        for (name, wanted) in helpful {
            shared.want_index(name, wanted);
        }
    }
    let fits = !all || driver_cost.min(smallest) <= looks as u64;
    fits.then_some(Run { driver, sets })
}

/// Which index over content a query would have used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wanted {
    Values,
    Geometry,
}

fn offer_values(
    state: &State,
    name: Name,
    ranges: &[(Key, Key)],
    looks: usize,
    offer: &mut impl FnMut(u64, Driver),
    helpful: &mut Vec<(Name, Wanted)>,
) {
    let Some(index) = state.indexes.values(name) else {
        helpful.push((name, Wanted::Values));
        return;
    };
    let most = GATHERED.max(state.slots.len() / GATHERED_PART).min(looks);
    let gathered: Vec<u32> = ranges.iter().flat_map(|r| index.range(r)).take(most + 1).collect();
    if gathered.len() <= most {
        offer(gathered.len() as u64, in_turn(gathered));
    }
}

/// The range of keys in which every value lies that compares so; wider where rounding might leave one out. None when
/// the index does not order such values as the comparison does (instants).
fn range_of(op: Op, literal: &Literal) -> Option<(Key, Key)> {
    let key = Key::of(literal.leaf()?);
    let (least, most) = match &key {
        Key::Bool(_) => (Key::Bool(false), Key::Bool(true)),
        Key::Number(_) => (Key::Number(u64::MIN), Key::Number(u64::MAX)),
        Key::Text(_) | Key::End => (Key::Text(CompactString::const_new("")), Key::End),
    };
    match op {
        Op::Eq => Some((key.clone(), key)),
        Op::Gt | Op::Ge => Some((key, most)),
        Op::Lt | Op::Le => Some((least, key)),
        Op::Ne => None,
    }
}

impl Driver {
    /// Adds up to `n` candidates; whether there are no more.
    pub(super) fn next_piece(&mut self, state: &State, n: usize, into: &mut Vec<u32>) -> bool {
        match self {
            Self::All { from } => {
                let end = state.slots.end().min(from.saturating_add(n as u32));
                into.extend(*from..end);
                *from = end;
                end == state.slots.end()
            }
            Self::Set { which, from } => {
                for bitmap in which.bitmaps(state) {
                    into.extend(bitmap.range(*from..).take(n));
                }
                // Several bitmaps give each their next ones: only those up to the nearest end are sure to be all.
                into.sort_unstable();
                into.dedup();
                into.truncate(n);
                match into.last() {
                    Some(last) => *from = last + 1,
                    None => return true,
                }
                into.len() < n
            }
            Self::Slots { left } => {
                let keep = left.len().saturating_sub(n);
                into.extend(left.drain(keep..).rev());
                left.is_empty()
            }
        }
    }
}
