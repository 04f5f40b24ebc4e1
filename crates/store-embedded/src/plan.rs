//! From a query to its answer: one condition drives (the one that leaves the fewest candidates), cheap sets sieve, and
//! [`EntityQuery::matches`] decides. Candidates are taken in pieces, so that a long search holds no lock for long.
//!
//! Order of the answer: by slot, whichever condition drives, so that pages join up even when an index is built between
//! two of them.

mod drive;

use crate::blob;
use crate::shared::Shared;
use belfry_kernel::{Error, Kind, Time};
use belfry_ngsi_ld::query::{Conjunct, EntityQuery, OrderBy};
use belfry_ngsi_ld::{Entity, Name};
use belfry_ports::{Paged, Search, Visit};
use drive::{Run, drivers};
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// The first piece of candidates; each next one is twice as large, up to the last.
const FIRST_PIECE: usize = 64;
const LAST_PIECE: usize = 512;
/// Stored images, and bytes of them, that are copied at one time: few, since most pages need few.
const COPIED: usize = 16;
const COPIED_BYTES: usize = 1 << 20;
/// Looks before it is asked whether to stop.
const LOOKS_AT_ONCE: usize = 500;
/// So many bytes of an image count as a further look.
const LOOK_BYTES: usize = 4096;

/// Answers a search.
///
/// # Errors
/// `TooComplexQuery` when a page of an ordered answer lies too deep; `Timeout` when it is to stop; `Internal` when stored bytes are damaged; those of `visit`.
pub(crate) fn find(shared: &Shared, search: &Search<'_>, visit: &mut Visit<'_>) -> Result<Option<Paged>, Error> {
    let page = search.page;
    let wanted = page.offset.saturating_add(page.limit);
    if wanted > search.looks {
        return Ok(None);
    }
    if let Some(order) = search.order {
        return ordered(shared, search, order, visit);
    }
    let mut matched = 0_usize;
    let shortcut = if page.count { whole_type(shared, search.query) } else { None };
    let counting = page.count && shortcut.is_none();
    let (mut given, mut bytes, mut full) = (0_usize, 0_usize, false);
    let done = candidates(shared, search, counting, &[], &mut |image, _| {
        matched += 1;
        if matched > page.offset && matched <= wanted && !full {
            bytes = bytes.saturating_add(image.len());
            full = bytes > page.bytes && given > 0;
            if !full {
                given += 1;
                visit(&blob::lend(image, &shared.names, search.now)?)?;
            }
        }
        // One more than wanted tells whether more follow.
        Ok(counting || (matched <= wanted && !full))
    })?;
    let found = Paged { given, count: page.count.then(|| shortcut.unwrap_or(matched)), more: matched > wanted || full };
    Ok(done.then_some(found))
}

/// A page of an ordered answer. Holds no more entities than lie up to its end, however many match.
fn ordered(
    shared: &Shared,
    search: &Search<'_>,
    order: &OrderBy,
    visit: &mut Visit<'_>,
) -> Result<Option<Paged>, Error> {
    let page = search.page;
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
    let by: Vec<Name> = order.names().collect();
    let done = candidates(shared, search, true, &by, &mut |image, entity| {
        let ranked = |entity| Ranked { entity, image: image.into(), order, now: search.now };
        count += 1;
        if best.len() < wanted {
            bytes += image.len();
            best.push(ranked(entity));
        } else if let Some(mut last) = best.peek_mut()
            && order.compare(&entity, &last.entity, search.now).is_lt()
        {
            bytes = bytes + image.len() - last.image.len();
            *last = ranked(entity);
        }
        Ok(bytes <= max_bytes)
    })?;
    if !done {
        return Ok(None);
    }
    if bytes > max_bytes {
        return Err(Error::new(
            Kind::TooComplexQuery,
            format!(
                "more than {max_bytes} bytes of entities would have to be put in order (server.limits.sorted_max_bytes); \
                 narrow the query"
            ),
        ));
    }
    let (mut given, mut bytes) = (0_usize, 0_usize);
    for ranked in best.into_sorted_vec().into_iter().skip(page.offset) {
        bytes = bytes.saturating_add(ranked.image.len());
        if bytes > page.bytes && given > 0 {
            break;
        }
        given += 1;
        visit(&blob::lend(&ranked.image, &shared.names, search.now)?)?;
    }
    let more = count > page.offset.saturating_add(given);
    Ok(Some(Paged { given, count: page.count.then_some(count), more }))
}

/// A match with its place in the wanted order, in which no two are equal.
struct Ranked<'a> {
    /// What the order is decided by.
    entity: Entity,
    image: Box<[u8]>,
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

/// What gets each match, its image and the entity with what decides of it, until it answers `false`.
type Take<'t> = dyn FnMut(&[u8], Entity) -> Result<bool, Error> + 't;

/// Hands every match to `take`. `false` when the search allows fewer looks. `all` tells that nothing short of all matches
/// will do; `also` names attributes that `take` wants to see.
fn candidates(
    shared: &Shared,
    search: &Search<'_>,
    all: bool,
    also: &[Name],
    take: &mut Take<'_>,
) -> Result<bool, Error> {
    let Search { query, now, .. } = *search;
    let conjuncts = query.conjuncts();
    if conjuncts.contains(&Conjunct::Nothing) {
        return Ok(true);
    }
    let linked = query.link_depth() > 0;
    // What is linked is looked at, too, and nobody knows how much it is.
    if linked && search.looks < usize::MAX {
        return Ok(false);
    }
    let mut names = query.names();
    names.extend(also);
    let lookup = |id: &str| shared.state.read().entity(id, &shared.names).ok().flatten().map(Arc::new);
    let Some(mut run) = drivers(&shared.state.read(), &conjuncts, shared, search, all) else { return Ok(false) };
    let (mut piece, mut looks, mut images) = (FIRST_PIECE, 0_usize, Images::default());
    let mut asked = 0_usize;
    loop {
        let last = images.next_piece(shared, &mut run, piece);
        looks = looks.saturating_add(images.slots.len());
        while images.fill(shared, &run) {
            for image in images.iter() {
                looks = looks.saturating_add(image.len() / LOOK_BYTES);
                let entity = blob::lend(image, &shared.names, now)?.make(|name| names.contains(&name))?;
                let matches =
                    if linked { query.matches_linked(&entity, now, &lookup) } else { query.matches(&entity, now) };
                if matches && !take(image, entity)? {
                    return Ok(true);
                }
            }
            if looks > search.looks {
                return Ok(false);
            }
            if looks - asked > LOOKS_AT_ONCE {
                asked = looks;
                search.stop.check()?;
            }
        }
        if last {
            return Ok(true);
        }
        if looks >= search.looks {
            return Ok(false);
        }
        piece = (piece * 2).min(LAST_PIECE);
    }
}

/// A piece of the candidates, and images of some of them, copied while the state was locked.
#[derive(Default)]
struct Images {
    slots: Vec<u32>,
    /// How many of the slots were looked at.
    at: usize,
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Images {
    /// Takes the next candidates; whether they are the last.
    fn next_piece(&mut self, shared: &Shared, run: &mut Run, n: usize) -> bool {
        self.slots.clear();
        self.at = 0;
        run.driver.next_piece(&shared.state.read(), n, &mut self.slots)
    }

    /// Copies the images of the next candidates, as many as may be at one time. Whether any candidate was left.
    fn fill(&mut self, shared: &Shared, run: &Run) -> bool {
        self.bytes.clear();
        self.ends.clear();
        if self.at == self.slots.len() {
            return false;
        }
        let state = shared.state.read();
        while self.ends.len() < COPIED
            && self.bytes.len() < COPIED_BYTES
            && let Some(&slot) = self.slots.get(self.at)
        {
            self.at += 1;
            if run.sieve(&state, slot)
                && let Some(image) = state.slots.get(slot)
            {
                self.bytes.extend_from_slice(image);
                self.ends.push(self.bytes.len());
            }
        }
        true
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }
}
