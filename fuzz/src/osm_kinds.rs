//! Tables of kinds for the import of OpenStreetMap: what is wrong in one is said with its place.

use belfry_transfer::osm::check_kinds;

/// Runs the target.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lines = text.lines().count().max(1);
    if let Err(problems) = check_kinds(text) {
        assert!(!problems.is_empty());
        assert!(problems.iter().all(|problem| (1..=lines).contains(&problem.line)), "{problems:?}");
    }
}
