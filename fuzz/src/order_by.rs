//! Orders: what is accepted prints to a text that means the same.

use crate::{query, text};
use belfry_ngsi_ld::query::OrderBy;

/// Runs the target: lines of `orderFrom`, `orderGeometry`, then `orderBy`.
pub fn run(data: &[u8]) {
    let Some(text) = text::of(data) else { return };
    let [from, geometry, order] = text::parts(text);
    let naming = query::naming();
    let _ = OrderBy::check_collation(order.unwrap_or_default());
    let Ok(tree) = OrderBy::parse(order.unwrap_or_default(), from, geometry, &naming) else { return };
    query::prints_to_itself(&tree, |text| OrderBy::parse(text, from, geometry, &naming));
}
