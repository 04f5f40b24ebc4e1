//! Building an index over content while writes go on: it is started empty and follows every change, then filled piece by
//! piece; adding what is there already changes nothing, so the two do not disturb each other. Also holds indexes to the
//! memory that they may take.

use crate::blob;
use crate::index::Wanted;
use crate::shared::Shared;
use crate::state::State;
use belfry_kernel::{Error, Time};

/// Entities added under one lock.
const PIECE: usize = 1024;
/// An index that took too much memory is not built again within this time, seconds.
const REFUSED_S: i64 = 600;
/// How many such are remembered.
const REMEMBERED: usize = 64;

/// Builds what queries asked for, and remembers what took too much.
#[derive(Default)]
pub(crate) struct Builder {
    refused: Vec<(Wanted, Time)>,
}

impl Builder {
    /// Builds the indexes that were asked for, one after the other, and drops what takes too much.
    ///
    /// # Errors
    /// `Internal` when stored bytes are damaged.
    pub(crate) fn work(&mut self, shared: &Shared) -> Result<(), Error> {
        let now = shared.clock.now();
        self.refused.retain(|(_, at)| at.plus_micros(REFUSED_S * 1_000_000) > now);
        for wanted in shared.wanted_indexes() {
            if !self.refused.iter().any(|(refused, _)| *refused == wanted) {
                self.build(shared, &wanted, now)?;
            }
        }
        let over = {
            let state = shared.state.read();
            state.indexes.content.exceeds(state.slots.bytes())
        };
        if over {
            self.bound(&mut shared.state.write(), now);
        }
        Ok(())
    }

    fn build(&mut self, shared: &Shared, wanted: &Wanted, now: Time) -> Result<(), Error> {
        // Only entities with the attribute are looked at.
        let attribute = match wanted {
            Wanted::Values(place) => Some(place.attribute()),
            Wanted::Geometry(name) => Some(*name),
            Wanted::Ids => None,
        };
        let number = attribute.map(|name| shared.names.known(name));
        if number == Some(None) {
            return Ok(());
        }
        {
            let state = &mut *shared.state.write();
            if !state.indexes.content.start(wanted, now, state.slots.bytes()) {
                return Ok(());
            }
        }
        let mut from = 0;
        loop {
            let state = &mut *shared.state.write();
            let slots: Vec<u32> = match number.flatten() {
                Some(number) => {
                    let having = state.indexes.with_attribute(number);
                    having.map(|b| b.range(from..).take(PIECE).collect()).unwrap_or_default()
                }
                None => (from..state.slots.end()).take(PIECE).collect(),
            };
            let Some(last) = slots.last() else {
                state.indexes.content.complete(wanted);
                return Ok(());
            };
            from = last + 1;
            for slot in slots {
                if let Some(bytes) = state.slots.get(slot) {
                    let entity = blob::decode(bytes, &shared.names)?;
                    state.indexes.content.fill(wanted, slot, &entity);
                }
            }
            if self.bound(state, now).contains(wanted) {
                return Ok(());
            }
        }
    }

    fn bound(&mut self, state: &mut State, now: Time) -> Vec<Wanted> {
        let dropped = state.indexes.content.bound(state.slots.bytes());
        for one in &dropped {
            tracing::warn!(index = ?one, "an index over content took more memory than the entities themselves and was dropped");
            self.refused.push((one.clone(), now));
        }
        let over = self.refused.len().saturating_sub(REMEMBERED);
        self.refused.drain(..over);
        dropped
    }
}
