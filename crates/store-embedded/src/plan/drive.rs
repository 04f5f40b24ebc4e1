//! Which condition drives a search, and the candidates that it gives, piece by piece.

use crate::index::{Key, Span, Wanted};
use crate::shared::Shared;
use crate::state::State;
use belfry_kernel::Time;
use belfry_ngsi_ld::Name;
use belfry_ngsi_ld::query::{Conjunct, Leaf, Literal, Op, ValueTest};
use belfry_ports::Search;
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

/// Chooses the driver; none when more candidates are sure to be looked at than the search allows, which they are when `all`
/// matches are wanted. Asks for indexes that would have helped.
pub(super) fn drivers(
    state: &State,
    conjuncts: &[Conjunct<'_>],
    shared: &Shared,
    search: &Search<'_>,
    all: bool,
) -> Option<Run> {
    let looks = search.looks;
    let most = GATHERED.max(state.slots.len() / GATHERED_PART).min(looks);
    let mut finder = Finder { state, shared, now: search.now, helpful: Vec::new() };
    let mut sets: Vec<Set> = conjuncts.iter().filter_map(|c| finder.set(c)).collect();
    let mut best: Option<Vec<u32>> = None;
    for conjunct in conjuncts {
        let limit = match conjunct {
            Conjunct::Ids(_) | Conjunct::Id(_) | Conjunct::ScopePrefixes(_) => usize::MAX,
            Conjunct::Within { .. } => looks,
            _ => most,
        };
        // Only fewer than were found already are worth having.
        let limit = best.as_ref().map_or(limit, |b| limit.min(b.len().saturating_sub(1)));
        if let Some(found) = finder.find(conjunct, limit) {
            best = Some(found);
        }
    }
    let total = state.slots.len() as u64;
    let driver_cost = best.as_ref().map_or(total, |slots| slots.len() as u64);
    let (smallest, at) =
        sets.iter().enumerate().map(|(i, set)| (set.len(state), i)).min().unwrap_or((total, usize::MAX));
    // A set's slots must still be looked at; an index's mostly are matches, so it wins unless the set is much smaller.
    let driver = match best {
        Some(slots) if driver_cost <= smallest => in_turn(slots),
        _ if at < sets.len() => Driver::Set { which: sets.swap_remove(at), from: 0 },
        Some(slots) => in_turn(slots),
        None => Driver::All { from: 0 },
    };
    if driver_cost.min(smallest) > shared.index_from {
        finder.helpful.into_iter().for_each(|wanted| shared.want_index(wanted));
    }
    let fits = !all || driver_cost.min(smallest) <= looks as u64;
    fits.then_some(Run { driver, sets })
}

/// Looks conditions up in the indexes.
struct Finder<'a> {
    state: &'a State,
    shared: &'a Shared,
    now: Time,
    /// Indexes that would have helped.
    helpful: Vec<Wanted>,
}

impl Finder<'_> {
    /// The set that the always-kept indexes have of a condition.
    fn set(&self, conjunct: &Conjunct<'_>) -> Option<Set> {
        let numbers = |names: &[Name]| names.iter().filter_map(|n| self.shared.names.known(*n)).collect();
        match conjunct {
            Conjunct::Types(names) => Some(Set::Types(numbers(names))),
            Conjunct::AnyAttribute(names) => Some(Set::Attributes(numbers(names))),
            Conjunct::Has(name) => Some(Set::Attributes(numbers(&[*name]))),
            _ => None,
        }
    }

    /// The slots that a condition leaves, some perhaps more than once; none when they are more than `limit` or when no
    /// index tells. Those of sets are not asked for.
    fn find(&mut self, conjunct: &Conjunct<'_>, limit: usize) -> Option<Vec<u32>> {
        let state = self.state;
        match conjunct {
            Conjunct::Nothing => Some(Vec::new()),
            Conjunct::Ids(ids) => up_to(limit, ids.iter().filter_map(|id| state.slots.find(id.as_str()))),
            Conjunct::Id(id) => up_to(limit, state.slots.find(id).into_iter()),
            Conjunct::IdPrefix(prefix) => match state.indexes.content.ids(self.now) {
                Some(index) => up_to(limit, index.within(&Span::prefix(prefix))),
                None => self.wish(Wanted::Ids),
            },
            Conjunct::Types(_) | Conjunct::AnyAttribute(_) | Conjunct::Has(_) => None,
            Conjunct::Value { place, test } => {
                let spans = spans_of(*test)?;
                match state.indexes.content.values(place, self.now) {
                    Some(index) => up_to(limit, spans.iter().flat_map(|span| index.within(span))),
                    None => self.wish(Wanted::Values(place.clone())),
                }
            }
            Conjunct::Within { name, boxes } => match state.indexes.content.geometries(*name, self.now) {
                Some(index) => up_to(limit, boxes.iter().flat_map(|b| index.meeting(b))),
                None => self.wish(Wanted::Geometry(*name)),
            },
            Conjunct::ScopePrefixes(prefixes) => {
                let mut slots = roaring::RoaringBitmap::new();
                for prefix in prefixes {
                    slots |= state.indexes.in_scope(prefix, true);
                    slots |= state.indexes.in_scope(prefix.strip_prefix('/').unwrap_or(prefix), true);
                }
                up_to(limit, slots.iter())
            }
            Conjunct::AnyOf(alternatives) => self.find_any(alternatives, limit),
        }
    }

    /// The slots of all alternatives: of each the fewest that one of its conditions leaves.
    fn find_any(&mut self, alternatives: &[Vec<Conjunct<'_>>], limit: usize) -> Option<Vec<u32>> {
        let mut joined = Some(Vec::new());
        for needed in alternatives {
            let mut best: Option<Vec<u32>> = None;
            // Once one was not found, the others only say which indexes they miss.
            let limit = if joined.is_some() { limit } else { 0 };
            for conjunct in needed {
                let limit = best.as_ref().map_or(limit, |b| limit.min(b.len().saturating_sub(1)));
                let set = self.set(conjunct).filter(|set| set.len(self.state) <= limit as u64);
                let found = match set {
                    Some(set) => up_to(limit, set.bitmaps(self.state).flatten()),
                    None => self.find(conjunct, limit),
                };
                best = found.or(best);
            }
            joined = joined.zip(best).map(|(mut all, more)| {
                all.extend(more);
                all
            });
            joined = joined.filter(|all| all.len() <= limit);
        }
        joined
    }

    fn wish(&mut self, wanted: Wanted) -> Option<Vec<u32>> {
        self.helpful.push(wanted);
        None
    }
}

/// All of them, unless they are more than this.
fn up_to(limit: usize, slots: impl Iterator<Item = u32>) -> Option<Vec<u32>> {
    let found: Vec<u32> = slots.take(limit.saturating_add(1)).collect();
    (found.len() <= limit).then_some(found)
}

/// Where in an index every value lies that passes the test; wider where rounding might leave one out. None when the index
/// does not order such values as the test does (instants).
fn spans_of(test: ValueTest<'_>) -> Option<Vec<Span>> {
    let key = |literal: &Literal| literal.leaf().map(Key::of);
    Some(match test {
        ValueTest::Compare(op, literal) => vec![range_of(op, key(literal)?)?],
        ValueTest::OneOf(literals) => literals.iter().map(|l| range_of(Op::Eq, key(l)?)).collect::<Option<_>>()?,
        ValueTest::Between(from, to) => vec![Span::Between(key(from)?, key(to)?)],
        ValueTest::Text(text) => vec![range_of(Op::Eq, Key::of(Leaf::Text(text)))?],
        ValueTest::Prefix(prefix) => vec![Span::prefix(prefix)],
    })
}

fn range_of(op: Op, key: Key) -> Option<Span> {
    let (least, most) = match &key {
        Key::Bool(_) => (Key::Bool(false), Key::Bool(true)),
        Key::Number(_) => (Key::Number(u64::MIN), Key::Number(u64::MAX)),
        Key::Text(_) | Key::End => (Key::Text(CompactString::const_new("")), Key::End),
    };
    match op {
        Op::Eq => Some(Span::Between(key.clone(), key)),
        Op::Gt | Op::Ge => Some(Span::Between(key, most)),
        Op::Lt | Op::Le => Some(Span::Between(least, key)),
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
