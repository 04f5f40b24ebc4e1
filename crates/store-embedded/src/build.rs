//! Building an index over content while writes go on: it is started empty and follows every change, then filled piece by
//! piece; adding what is there already changes nothing, so the two do not disturb each other.

use crate::blob;
use crate::plan::Wanted;
use crate::shared::Shared;
use belfry_kernel::Error;
use belfry_ngsi_ld::Name;

/// Entities added under one lock.
const PIECE: usize = 1024;

/// Builds an index and lets it answer.
pub(crate) fn index(shared: &Shared, name: Name, wanted: Wanted) -> Result<(), Error> {
    let Some(number) = shared.names.known(name) else { return Ok(()) };
    {
        let mut state = shared.state.write();
        match wanted {
            Wanted::Values => state.indexes.start_values(name),
            Wanted::Geometry => state.indexes.start_geometries(name),
        }
    }
    let mut from = 0;
    loop {
        let state = &mut *shared.state.write();
        let slots: Vec<u32> =
            state.indexes.with_attribute(number).map(|b| b.range(from..).take(PIECE).collect()).unwrap_or_default();
        let Some(last) = slots.last() else {
            state.indexes.complete(name);
            return Ok(());
        };
        from = last + 1;
        for slot in slots {
            if let Some(bytes) = state.slots.get(slot) {
                let entity = blob::decode(bytes, &shared.names)?;
                state.indexes.fill(slot, name, &entity);
            }
        }
    }
}
