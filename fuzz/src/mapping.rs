//! Mapping files, with the tests that they hold, and the paths in them.

use crate::text;
use belfry_connect_payload::{Mapper, Mapping, Path, check};

/// Runs the target.
pub fn run(data: &[u8]) {
    let Some(text) = text::of(data) else { return };
    let _ = Path::parse(text);
    let Ok(mapping) = Mapping::parse(text) else {
        assert_eq!(check(text).len(), 1, "a file that does not parse is one failure");
        return;
    };
    let filters = mapping.filters().len();
    assert_eq!(Mapper::new(mapping).mapping().filters().len(), filters);
    let _ = check(text);
}
