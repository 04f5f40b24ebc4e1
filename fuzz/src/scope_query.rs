//! Scope queries: what is accepted prints to a text that means the same.

use crate::{query, text};
use belfry_ngsi_ld::query::ScopeQuery;

/// Runs the target.
pub fn run(data: &[u8]) {
    let Some(text) = text::of(data) else { return };
    let naming = query::naming();
    let Ok(tree) = ScopeQuery::parse(text, &naming) else { return };
    query::prints_to_itself(&tree, |text| ScopeQuery::parse(text, &naming));
    let _ = tree.matches(&["/Madrid/Gardens".into(), "/CompanyA".into()]);
}
