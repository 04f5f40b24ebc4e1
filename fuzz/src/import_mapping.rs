//! Mapping files of imports, each applied to a small table.

use crate::text;
use belfry_transfer::TransferError;
use belfry_transfer::mapping::Mapping;
use belfry_transfer::source::table::Table;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

const ROWS: &str = "time,station,value,text\n2026-03-29T02:30:00,7,1.5,a\n2026-01-01,8,-,\n1767225600,9,\"1,5\",x\n";

/// Runs the target.
pub fn run(data: &[u8]) {
    let Some(text) = text::of(data) else { return };
    let mapping = match Mapping::parse(text, Path::new("m.toml")) {
        Ok(mapping) => Arc::new(mapping),
        Err(TransferError::Mapping(problems)) => {
            assert!(!problems.is_empty(), "it is refused for a reason");
            return;
        }
        Err(other) => panic!("{other}"),
    };
    let file: Arc<Path> = Path::new("input").into();
    let Ok(table) = Table::open(Cursor::new(ROWS), &mapping.conventions, &file) else { return };
    if let Ok(items) = table.items(mapping) {
        assert!(items.count() <= 4);
    }
}
