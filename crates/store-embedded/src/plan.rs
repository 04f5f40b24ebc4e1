//! From a query to its answer: one condition drives (the one that leaves the fewest candidates), cheap sets sieve, and
//! [`EntityQuery::matches`] decides. Candidates are taken in pieces, so that a long search holds no lock for long.
//!
//! Order of the answer: by slot, whichever condition drives, so that pages join up even when an index is built between
//! two of them.

mod drive;

use crate::blob;
use crate::codec::Damaged;
use crate::shared::Shared;
use crate::state::State;
use belfry_kernel::{Error, Kind, Time};
use belfry_ngsi_ld::Entity;
use belfry_ngsi_ld::query::{Conjunct, EntityQuery, OrderBy};
use belfry_ports::{Answer, Page};
pub(crate) use drive::Wanted;
use drive::drivers;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// The first piece of candidates; each next one is twice as large, up to the last.
const FIRST_PIECE: usize = 64;
const LAST_PIECE: usize = 512;
/// Bytes of stored images that are decoded at one time.
const PIECE_BYTES: usize = 4 << 20;

/// Answers a query.
///
/// # Errors
/// `TooComplexQuery` when a page of an ordered answer lies too deep; `Internal` when stored bytes are damaged.
pub(crate) fn query(
    shared: &Shared,
    query: &EntityQuery,
    order: Option<&OrderBy>,
    page: Page,
    now: Time,
) -> Result<Answer, Error> {
    if let Some(order) = order {
        return ordered(shared, query, order, page, now);
    }
    let mut answer = Answer::default();
    let mut matched = 0_usize;
    let wanted = page.offset.saturating_add(page.limit);
    let shortcut = if page.count { whole_type(shared, query) } else { None };
    let counting = page.count && shortcut.is_none();
    let (mut bytes, mut full) = (0_usize, false);
    search(shared, query, now, &mut |entity, len| {
        matched += 1;
        if matched > page.offset && matched <= wanted && !full {
            bytes = bytes.saturating_add(len);
            full = bytes > page.bytes && !answer.entities.is_empty();
            if !full {
                answer.entities.push(entity);
            }
        }
        // One more than wanted tells whether more follow.
        counting || (matched <= wanted && !full)
    })?;
    answer.more = matched > wanted || full;
    answer.count = page.count.then(|| shortcut.unwrap_or(matched));
    Ok(answer)
}

/// A page of an ordered answer. Holds no more entities than lie up to its end, however many match.
fn ordered(shared: &Shared, query: &EntityQuery, order: &OrderBy, page: Page, now: Time) -> Result<Answer, Error> {
    let wanted = page.offset.saturating_add(page.limit);
    let (max, max_bytes) = shared.sorted_max;
    if wanted > max {
        return Err(Error::new(
            Kind::TooComplexQuery,
            format!("an ordered answer is given up to entity {max} only (server.limits.sorted_max); narrow the query"),
        ));
    }
    let mut best: BinaryHeap<Ranked<'_>> = BinaryHeap::new();
    let (mut count, mut bytes) = (0_usize, 0_usize);
    search(shared, query, now, &mut |entity, len| {
        let next = Ranked { entity, len, order, now };
        count += 1;
        if best.len() < wanted {
            bytes += len;
            best.push(next);
        } else if let Some(mut last) = best.peek_mut()
            && next < *last
        {
            bytes = bytes + len - last.len;
            *last = next;
        }
        bytes <= max_bytes
    })?;
    if bytes > max_bytes {
        return Err(Error::new(
            Kind::TooComplexQuery,
            format!(
                "more than {max_bytes} bytes of entities would have to be put in order (server.limits.sorted_max_bytes); \
                 narrow the query"
            ),
        ));
    }
    let mut entities: Vec<Entity> = Vec::new();
    let mut bytes = 0_usize;
    for ranked in best.into_sorted_vec().into_iter().skip(page.offset) {
        bytes = bytes.saturating_add(ranked.len);
        if bytes > page.bytes && !entities.is_empty() {
            break;
        }
        entities.push(ranked.entity);
    }
    let more = count > page.offset.saturating_add(entities.len());
    Ok(Answer { entities, count: page.count.then_some(count), more })
}

/// A match with its place in the wanted order, in which no two are equal.
struct Ranked<'a> {
    entity: Entity,
    /// Bytes of its image.
    len: usize,
    order: &'a OrderBy,
    now: Time,
}

impl Ord for Ranked<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order.compare(&self.entity, &other.entity, self.now)
    }
}

impl PartialOrd for Ranked<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked<'_> {}

/// The number of matches when the query asks for one type and nothing else, and nothing expires.
fn whole_type(shared: &Shared, query: &EntityQuery) -> Option<usize> {
    let [one] = query.selectors.as_slice() else { return None };
    if !query.attrs.is_empty() || query.q.is_some() || query.geo.is_some() || query.scope.is_some() {
        return None;
    }
    if !one.ids.is_empty() || one.id_pattern.is_some() {
        return None;
    }
    let state = shared.state.read();
    if state.indexes.anything_expires() {
        return None;
    }
    let Some(selection) = &one.types else { return Some(state.slots.len()) };
    let [all] = selection.any_of.as_slice() else { return None };
    let [term] = all.as_slice() else { return None };
    let number = term.name.and_then(|name| shared.names.known(name));
    Some(number.and_then(|n| state.indexes.of_type(n)).map_or(0, |slots| slots.len() as usize))
}

/// Hands every match with the bytes of its image to `take` until it returns false.
fn search(
    shared: &Shared,
    query: &EntityQuery,
    now: Time,
    take: &mut dyn FnMut(Entity, usize) -> bool,
) -> Result<(), Error> {
    let conjuncts = query.conjuncts();
    if conjuncts.contains(&Conjunct::Nothing) {
        return Ok(());
    }
    let linked = query.link_depth() > 0;
    let lookup = |id: &str| shared.state.read().entity(id, &shared.names).ok().flatten().map(Arc::new);
    let mut run = {
        let state = shared.state.read();
        drivers(&state, &conjuncts, shared)
    };
    let (mut piece, mut candidates, mut images) = (FIRST_PIECE, Vec::new(), Vec::new());
    loop {
        candidates.clear();
        let mut done = None;
        let mut at = 0;
        while done.is_none() || at < candidates.len() {
            images.clear();
            {
                let state = shared.state.read();
                if done.is_none() {
                    done = Some(run.driver.next_piece(&state, piece, &mut candidates));
                }
                let mut bytes = 0;
                while bytes < PIECE_BYTES
                    && let Some(&slot) = candidates.get(at)
                {
                    at += 1;
                    if run.sieve(&state, slot) {
                        let found = image(&state, slot, shared)?;
                        bytes += found.as_ref().map_or(0, |(_, len)| *len);
                        images.extend(found);
                    }
                }
            }
            for (entity, len) in images.drain(..) {
                let matches =
                    if linked { query.matches_linked(&entity, now, &lookup) } else { query.matches(&entity, now) };
                if matches && !take(entity, len) {
                    return Ok(());
                }
            }
        }
        let done = done.unwrap_or(true);
        if done {
            return Ok(());
        }
        piece = (piece * 2).min(LAST_PIECE);
    }
}

/// The entity of a slot, with the bytes of its image.
fn image(state: &State, slot: u32, shared: &Shared) -> Result<Option<(Entity, usize)>, Damaged> {
    let bytes = state.slots.get(slot);
    bytes.map(|bytes| Ok((blob::decode(bytes, &shared.names)?, bytes.len()))).transpose()
}
