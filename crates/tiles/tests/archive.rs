//! Archives written and read: what was put in comes out, small or with leaf directories, and broken ones are refused.

use std::io::Cursor;

use belfry_tiles::Address;
use belfry_tiles::pmtiles::{Limits, Metadata, PmtilesError, Reader, Summary, Writer, address_of, id_of};
use proptest::prelude::*;

fn written(tiles: &[(Address, Vec<u8>)]) -> (Vec<u8>, Summary) {
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = Writer::new(&mut bytes).expect("memory");
    for (address, tile) in tiles {
        writer.add(*address, tile).expect("in order");
    }
    let summary = writer.finish(&Metadata::basemap("Test", "© OpenStreetMap contributors"), None).expect("memory");
    (bytes.into_inner(), summary)
}

fn open(bytes: &[u8]) -> Result<Reader<Cursor<&[u8]>>, PmtilesError> {
    Reader::open(Cursor::new(bytes), Limits::default())
}

/// Tiles of ascending numbers, many of them following on one another with the same bytes.
fn tiles() -> impl Strategy<Value = Vec<(Address, Vec<u8>)>> {
    let step = prop_oneof![3 => Just(1_u64), 1 => 2..100_000_u64];
    let content = prop_oneof![2 => (0..4_u8).prop_map(|n| vec![n; 9]), 1 => prop::collection::vec(any::<u8>(), 1..80)];
    prop::collection::vec((step, content), 1..200).prop_map(|steps| {
        let mut id = 0;
        let mut tiles = Vec::new();
        for (step, content) in steps {
            tiles.push((address_of(id).expect("a shallow tile"), content));
            id += step;
        }
        tiles
    })
}

proptest! {
    #[test]
    fn what_was_put_in_comes_out(tiles in tiles()) {
        let (bytes, summary) = written(&tiles);
        prop_assert_eq!((summary.tiles, summary.bytes), (tiles.len() as u64, bytes.len() as u64));
        prop_assert_eq!(&written(&tiles).0, &bytes);
        let mut reader = open(&bytes).unwrap();
        prop_assert_eq!(reader.metadata().unwrap().vector_layers.len(), 8);
        let all: Vec<(Address, Vec<u8>)> = reader.tiles().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(&all, &tiles);
        for (address, tile) in tiles.iter().take(20) {
            prop_assert_eq!(reader.tile(*address).unwrap(), Some(tile.clone()));
            let next = address_of(id_of(*address) + 1).unwrap();
            let wanted = tiles.iter().find(|(other, _)| *other == next).map(|(_, tile)| tile.clone());
            prop_assert_eq!(reader.tile(next).unwrap(), wanted);
        }
    }

    #[test]
    fn broken_bytes_are_errors(tiles in tiles(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let (mut bytes, _) = written(&tiles);
        // Where header and root directory are, or anywhere.
        let place = if byte % 2 == 0 { at.index(400) } else { at.index(bytes.len()) };
        bytes[place] ^= byte;
        for bytes in [&bytes[..], &bytes[..cut.index(bytes.len())]] {
            let Ok(mut reader) = open(bytes) else { continue };
            let _ = reader.metadata();
            // A run that lies is as long as it says: what is taken here is bounded by the test.
            let read = reader.tiles().take(1000).filter(Result::is_ok).count();
            prop_assert!(read <= 1000);
            let _ = reader.tile(Address::WORLD);
        }
    }
}

#[test]
fn many_tiles_have_leaf_directories() {
    // Sizes that say nothing of the next, so that the directory cannot be packed into the front.
    let mut draw = 7_u64;
    let tiles: Vec<(Address, Vec<u8>)> = (0..40_000_u64)
        .map(|n| {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let content = format!("{n}{}", "x".repeat((draw >> 40) as usize % 200));
            (address_of(n * 3 + draw % 3).unwrap(), content.into_bytes())
        })
        .collect();
    let (bytes, _) = written(&tiles);
    let mut reader = open(&bytes).unwrap();
    for (address, tile) in tiles.iter().step_by(997) {
        assert_eq!(reader.tile(*address).unwrap().as_ref(), Some(tile));
    }
    assert_eq!(reader.tile(Address::new(20, 0, 0).unwrap()).unwrap(), None);
    let mut count = 0;
    for (found, wanted) in reader.tiles().zip(&tiles) {
        assert_eq!(&found.unwrap(), wanted);
        count += 1;
    }
    assert_eq!(count, tiles.len());
}

#[test]
fn order_and_limits_are_kept() {
    let tile = |z, x, y| Address::new(z, x, y).unwrap();
    let mut writer = Writer::new(Cursor::new(Vec::new())).unwrap();
    writer.add(tile(1, 0, 1), b"a").unwrap();
    writer.add(tile(1, 1, 1), b"").unwrap();
    assert!(matches!(writer.add(tile(1, 0, 1), b"a"), Err(PmtilesError::Order(_))));
    assert!(writer.add(tile(1, 0, 0), b"a").is_err());
    let empty = Writer::new(Cursor::new(Vec::new())).unwrap();
    assert!(empty.finish(&Metadata::default(), None).is_err());
    // A small file that unpacks to much is stopped at the limit.
    let (bytes, _) = written(&[(tile(3, 1, 1), vec![0; 1 << 20])]);
    assert!(bytes.len() < 20_000);
    let tight = Limits { tile_bytes: 1000, ..Limits::default() };
    let mut reader = Reader::open(Cursor::new(&bytes[..]), tight).unwrap();
    assert!(matches!(reader.tile(tile(3, 1, 1)), Err(PmtilesError::TooLarge { .. })));
    assert!(reader.tiles().next().unwrap().is_err());
}
