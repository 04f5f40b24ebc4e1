//! PMTiles archives: header, directories, metadata, tiles.

use std::io::Cursor;

use belfry_tiles::pmtiles::{Limits, Reader, id_of};

/// Tiles that are looked at: a run may say that it is any number of them.
const LOOKED_AT: usize = 200;

/// Runs the target: numbers ascend, and each tile is found by its address as it came by in order.
pub fn run(data: &[u8]) {
    let limits = Limits { directory_bytes: 1 << 20, metadata_bytes: 1 << 16, tile_bytes: 1 << 16 };
    let Ok(mut reader) = Reader::open(Cursor::new(data), limits) else { return };
    let _ = reader.metadata();
    let mut found = Vec::new();
    for tile in reader.tiles().take(LOOKED_AT) {
        match tile {
            Ok((address, bytes)) => {
                assert!(bytes.len() as u64 <= limits.tile_bytes);
                if let Some((before, _)) = found.last() {
                    assert!(id_of(*before) < id_of(address), "numbers ascend");
                }
                found.push((address, bytes));
            }
            Err(_) => break,
        }
    }
    for (address, bytes) in found.iter().step_by(17) {
        assert_eq!(reader.tile(*address).expect("it was read before").as_ref(), Some(bytes));
    }
}
