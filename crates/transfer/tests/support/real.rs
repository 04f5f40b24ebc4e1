//! Where real data is.

use std::path::PathBuf;

pub fn data(file: &str) -> Option<PathBuf> {
    let root = std::env::var_os("BELFRY_TEST_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let path = root.join(file);
    if !path.exists() {
        println!("{} is not here (set BELFRY_TEST_DATA): not tested", path.display());
        return None;
    }
    Some(path)
}
