//! Type selections and lists of names: what is accepted prints to a text that means the same.

use crate::{query, text};
use belfry_ngsi_ld::query::{Pattern, TypeSelection, parse_names};

/// Runs the target.
pub fn run(data: &[u8]) {
    let Some(text) = text::of(data) else { return };
    let naming = query::naming();
    let _ = parse_names("attrs", text, &naming);
    if let Ok(pattern) = Pattern::parse(text) {
        for subject in ["urn:ngsi-ld:Room:1", "", text] {
            // What the pattern promises an index must be true.
            assert!(!pattern.is_match(subject) || subject.starts_with(pattern.literal_prefix()), "{text:?}");
        }
    }
    if let Ok(Some(tree)) = TypeSelection::parse(text, &naming) {
        query::prints_to_itself(&tree, |text| TypeSelection::parse(text, &naming).map(|tree| tree.expect("some type")));
    }
}
