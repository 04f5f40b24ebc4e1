//! Fragments of entities and attributes in every mode, with and without the simplified form.

use belfry_kernel::Time;
use belfry_ngsi_ld::form::{Limits, Mode, Reader, read_attribute, read_fragment};
use belfry_ngsi_ld::{Context, Json};
use std::sync::LazyLock;

static LIMITS: LazyLock<Limits> = LazyLock::new(Limits::default);

/// Every mode.
const MODES: [Mode; 5] = [Mode::Full, Mode::Temporal, Mode::Update, Mode::Partial, Mode::Merge];

/// Runs the target.
pub fn run(data: &[u8]) {
    let context = Context::core();
    let now = Time::from_micros(0);
    for mode in MODES {
        if let Ok(fragment) = read_fragment(data, context, &LIMITS, mode) {
            let _ = fragment.into_entity(now);
        }
        if let Ok(fragment) = read_attribute(data, "temperature", context, &LIMITS, mode) {
            let _ = fragment.deletes();
            let _ = fragment.into_attribute(now);
        }
        let Ok(json) = Json::parse(data, LIMITS.json_depth) else { continue };
        let mut reader = Reader::new(context, &LIMITS, mode);
        reader.simplified = true;
        if let Ok(fragment) = reader.fragment(json) {
            let _ = fragment.into_entity(now);
        }
    }
}
