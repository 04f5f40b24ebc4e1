//! Blocks of a history run, behind their checksum: no row count is believed that the bytes cannot hold.

/// Runs the target.
pub fn run(data: &[u8]) {
    let _ = belfry_history::read_block(data);
}
