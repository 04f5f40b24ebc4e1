//! Whole entities: what is accepted is rendered in every form, and read back the same from the normalized and concise ones.

use belfry_ngsi_ld::form::{Limits, Representation, View, read_entity, write_entity};
use belfry_ngsi_ld::{Context, Json};
use std::sync::LazyLock;

static LIMITS: LazyLock<Limits> = LazyLock::new(Limits::default);

/// Runs the target.
pub fn run(data: &[u8]) {
    let context = Context::core();
    let Ok(entity) = read_entity(data, context, &LIMITS) else { return };
    for representation in [Representation::Normalized, Representation::Concise, Representation::Simplified] {
        let view = View { representation, sys_attrs: true, ..View::default() };
        let mut text = Vec::new();
        write_entity(&entity, context, &view, None, &mut text);
        Json::parse(&text, 128).unwrap_or_else(|e| panic!("no JSON: {e:?}: {}", String::from_utf8_lossy(&text)));
        if representation == Representation::Simplified {
            continue;
        }
        let again = read_entity(&text, context, &LIMITS)
            .unwrap_or_else(|e| panic!("not read back: {e:?}: {}", String::from_utf8_lossy(&text)));
        assert_eq!(again, entity, "{}", String::from_utf8_lossy(&text));
    }
}
