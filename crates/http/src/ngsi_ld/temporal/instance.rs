//! The identifier of one instance (ETSI GS CIM 009 clause 4.5.7): its number within its series, and a digest of the
//! dataset where there is one. It can be read back.

use belfry_kernel::{Error, Iri, Time};
use belfry_ngsi_ld::Name;
use belfry_ports::Store;
use belfry_ports::temporal::{Instance, TemporalRange, TimeProperty};

const PREFIX: &str = "urn:ngsi-ld:instance:";

/// The identifier of an instance.
pub(crate) fn id_of(stamp: i64, dataset_id: Option<&Iri>) -> Iri {
    match dataset_id {
        None => Iri::from_checked(&format!("{PREFIX}{stamp}")),
        Some(id) => Iri::from_checked(&format!("{PREFIX}{stamp}:{:08x}", digest(id))),
    }
}

/// The instance of this identifier.
///
/// # Errors
/// `BadRequestData` when it is no URI; `ResourceNotFound` when there is no such instance.
pub(crate) fn find(store: &dyn Store, entity: &Iri, name: Name, text: &str) -> Result<Instance, Error> {
    Iri::check(text).map_err(|e| Error::bad_data(format!("the instance's id in the path is no URI: {e}")))?;
    let missing = || Error::not_found(format!("{entity} has no such instance of {name}"));
    let rest = text.strip_prefix(PREFIX).ok_or_else(missing)?;
    let (stamp, dataset) = rest.split_once(':').map_or((rest, None), |(stamp, dataset)| (stamp, Some(dataset)));
    let stamp: i64 = stamp.parse().map_err(|_| missing())?;
    let (from, to) = (Time::from_micros(stamp), Time::from_micros(stamp).plus_micros(1));
    let of_dataset = |i: &Instance| match (&i.attribute.dataset_id, dataset) {
        (None, None) => true,
        (Some(id), Some(wanted)) => format!("{:08x}", digest(id)) == wanted,
        _ => false,
    };
    // Both go by the number, whenever the instance was corrected.
    for by in [TimeProperty::CreatedAt, TimeProperty::DeletedAt] {
        let range = TemporalRange { by, from, to, last_n: None, limit: 16, every: false };
        let evolution = store.evolution(entity.as_str(), Some(&[name]), &range)?.ok_or_else(missing)?;
        if let Some(found) = evolution.instances.into_iter().find(|i| i.stamp == stamp && of_dataset(i)) {
            return Ok(found);
        }
    }
    Err(missing())
}

/// FNV-1a, 32 bits.
fn digest(id: &Iri) -> u32 {
    id.as_str().bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
