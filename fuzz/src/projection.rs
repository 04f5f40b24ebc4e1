//! Projections (`pick`, `omit`): what is accepted prints to a text that means the same.

use crate::{query, text};
use belfry_ngsi_ld::query::Projection;

/// Runs the target.
pub fn run(data: &[u8]) {
    let Some(text) = text::of(data) else { return };
    let naming = query::naming();
    let Ok(tree) = Projection::parse("pick", text, &naming) else { return };
    assert!(tree.depth() <= naming.limits.depth);
    query::prints_to_itself(&tree, |text| Projection::parse("pick", text, &naming));
}
