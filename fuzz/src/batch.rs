//! Bodies of batch operations: entities, and identifiers.

use belfry_kernel::Error;
use belfry_ngsi_ld::context::{Limits as ContextLimits, NoRemote};
use belfry_ngsi_ld::form::{Limits, Mode, Reader, read_batch, read_ids, take_context};
use belfry_ngsi_ld::{Context, Json};
use std::sync::LazyLock;

static LIMITS: LazyLock<Limits> = LazyLock::new(Limits::default);

/// Runs the target.
pub fn run(data: &[u8]) {
    let Ok(mut json) = Json::parse(data, LIMITS.json_depth) else { return };
    if let Ok(ids) = read_ids(json.clone(), 100) {
        assert!(!ids.is_empty() && ids.len() <= 100);
    }
    let core = Context::core();
    let read = read_batch(json.clone(), 100, |own| {
        if let Some(own) = own {
            Context::build(&own, &NoRemote, &ContextLimits::default()).map_err(Error::from)?;
        }
        Ok(Reader::new(core, &LIMITS, Mode::Full))
    });
    if let Ok(items) = read {
        assert!(!items.is_empty() && items.len() <= 100);
    }
    let _ = take_context(&mut json);
}
