//! Bringing history up to the state where the log cannot: it was cut while no history was kept. What happened in between
//! stays unknown; from here on the two agree again.

use super::life::Life;
use super::{Batch, LIFE, birth, history_error, key_into, past, read};
use crate::blob;
use crate::shared::Shared;
use belfry_history::{History, Room};
use belfry_kernel::{Error, Time};
use belfry_ngsi_ld::Entity;

/// Identifiers looked at together.
const PAGE: usize = 1000;

/// Adds to history what the state has and it has not: the life and the newest instances of each entity, and the end of
/// what is gone. `stamp` is later than all that was ever committed, and stands for instants that nobody knows any more.
/// Interrupted, it does the same again at the next opening.
///
/// # Errors
/// `Unavailable` when history cannot be read or written; `Internal` when the state is damaged.
pub(crate) fn fill(shared: &Shared, history: &History, stamp: Time) -> Result<(), Error> {
    let (seq, end) = {
        let state = shared.state.read();
        (state.seq, state.slots.end())
    };
    for slot in 0..end {
        let found = shared.state.read().slots.get(slot).map(|bytes| blob::decode(bytes, &shared.names)).transpose()?;
        let Some(entity) = found else { continue };
        let past = read::entity_at(shared, entity.id.as_str(), Time::MAX)?;
        let mut batch = Batch::new(&shared.names);
        present(&mut batch, history, &entity, past.as_ref(), stamp)?;
        put(history, &batch).map_err(|e| history_error(&e))?;
    }
    let mut after: Option<String> = None;
    loop {
        let page = past::historic(shared, None, after.as_deref(), PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.as_str().to_owned());
        for id in &page {
            if shared.state.read().slots.find(id.as_str()).is_some() {
                continue;
            }
            let Some(past) = read::entity_at(shared, id.as_str(), Time::MAX)? else { continue };
            let mut batch = Batch::new(&shared.names);
            batch.tombstone(id.as_str(), LIFE, None, stamp.micros());
            batch.past(id.as_str(), &past.types, stamp.micros());
            for a in &past.attributes {
                let number = shared.names.number(a.name);
                batch.tombstone(id.as_str(), number, a.dataset_id.as_ref(), stamp.micros());
            }
            put(history, &batch).map_err(|e| history_error(&e))?;
        }
    }
    // Only now does it count as done.
    history.apply(seq, &[]).and_then(|_| history.flush()).map(drop).map_err(|e| history_error(&e))
}

/// What is new in an entity that there is.
fn present(
    batch: &mut Batch<'_>,
    history: &History,
    entity: &Entity,
    past: Option<&Entity>,
    stamp: Time,
) -> Result<(), Error> {
    let (id, names) = (entity.id.as_str(), batch.names);
    let born = birth::of(history, id, names)?.last().map_or(i64::MIN, |birth| birth.stamp);
    // The instant at which it happened, unless the series goes further already.
    let free = |number, dataset, wanted: &[Time]| -> Result<i64, Error> {
        let mut key = Vec::new();
        key_into(id, number, dataset, &mut key);
        let newest =
            history.latest_at(&key, i64::MAX).map_err(|e| history_error(&e))?.map_or(born, |s| s.stamp.max(born));
        Ok(wanted.iter().map(|t| t.micros()).find(|t| *t > newest).unwrap_or(stamp.micros()))
    };
    let head = |e: &Entity| (e.types.to_vec(), e.scopes.clone(), e.created_at, e.expires_at);
    if past.map(head) != Some(head(entity)) {
        let at = free(LIFE, None, &[entity.created_at, entity.modified_at])?;
        batch.life(id, at, &Life::of(entity), 0);
    }
    for a in &entity.attributes {
        let known = past.and_then(|past| past.instance(a.name, a.dataset_id.as_ref()));
        if known.map(|k| (&k.value, k.observed_at)) != Some((&a.value, a.observed_at)) {
            let at = free(names.number(a.name), a.dataset_id.as_ref(), &[a.modified_at])?;
            batch.instance(id, at, a, 0);
        }
    }
    for a in past.iter().flat_map(|past| &past.attributes) {
        if entity.instance(a.name, a.dataset_id.as_ref()).is_none() {
            batch.tombstone(id, names.number(a.name), a.dataset_id.as_ref(), stamp.micros());
        }
    }
    Ok(())
}

fn put(history: &History, batch: &Batch<'_>) -> belfry_history::Result<()> {
    if history.room() != Room::Plenty {
        history.flush()?;
    }
    match batch.with_ops(|ops| history.fill(ops)) {
        Err(belfry_history::Error::Full { .. }) => {
            history.flush().and_then(|_| batch.with_ops(|ops| history.fill(ops)))
        }
        outcome => outcome,
    }
}
