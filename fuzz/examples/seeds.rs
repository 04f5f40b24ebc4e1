//! Writes the binary seeds of the targets `log_segment`, `history_block`, `osm_pbf`, `gtfs_realtime`, `vector_tile`, `pmtiles` and
//! `tile`, from a real log, a real run of history, the small town of the reader's own tests, an encoded message, a small archive.
//! Run with `cargo run --manifest-path fuzz/Cargo.toml --example seeds` when a format changes.

#[path = "../../crates/connect/osm/tests/support/mod.rs"]
mod pbf;

use belfry_history::{History, Kind, Op, SampleRef, ValueRef};
use belfry_kernel::Time;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let dir = tempfile::tempdir().expect("a directory for a moment");
    log(&dir.path().join("log"));
    history(&dir.path().join("history"));
    put("osm_pbf", "town", &pbf::town());
    put("osm_pbf", "unpacked", &pbf::unpacked_town());
    realtime();
    tiles();
}

fn put(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus-seed").join(target);
    fs::create_dir_all(&folder).expect("the folder can be made");
    fs::write(folder.join(name), bytes).expect("the seed can be written");
}

fn only(dir: &Path, ending: &str) -> PathBuf {
    let files = fs::read_dir(dir).expect("the directory is read").map(|entry| entry.expect("an entry").path());
    let mut found: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|e| e == ending)).collect();
    found.sort();
    found.remove(0)
}

fn realtime() {
    use belfry_connect_gtfs::realtime::*;
    let trip = TripRef { trip: "one".into(), start_time: Some(90_061), ..TripRef::default() };
    let arrival = Some(Event { delay: Some(60), time: Some(1_770_000_000), uncertainty: Some(5) });
    let stops = vec![StopUpdate { sequence: Some(2), stop: "A".into(), arrival, ..StopUpdate::default() }];
    let vehicle = VehiclePosition { lat: 40.0, lon: -3.0, trip: Some(trip.clone()), ..VehiclePosition::default() };
    let informed = vec![Informed { route: "R".into(), ..Informed::default() }];
    let header = vec![("en".to_owned(), "Closed".to_owned())];
    let message = Message {
        timestamp: Some(1_770_000_001),
        trips: vec![("a".into(), TripUpdate { trip, stops, ..TripUpdate::default() })],
        vehicles: vec![("v".into(), vehicle)],
        alerts: vec![("w".into(), Alert { informed, header, ..Alert::default() })],
        deleted: vec!["x".into()],
        ..Message::default()
    };
    let bytes = encode(&message);
    put("gtfs_realtime", "every-kind", &bytes);
    put("gtfs_realtime", "cut-off", &bytes[..bytes.len() - 2]);
    put("gtfs_realtime", "bad-entity", &[&bytes[..], b"\x12\x07\x0a\x03bad\x18\x05"].concat());
}

fn tiles() {
    use belfry_tiles::Address;
    use belfry_tiles::draw::Drawing;
    use belfry_tiles::mvt::{Encoded, Fields, LayerWriter, Value};
    use belfry_tiles::pmtiles::{Metadata, Writer, address_of};
    let mut tile = Vec::new();
    for (name, drawing) in [
        ("place", Drawing::Points(vec![[5, 7], [3, 2]])),
        ("road", Drawing::Lines(vec![vec![[2, 2], [2, 10], [10, 10]], vec![[1, 1], [3, 5]]])),
        ("water", Drawing::Polygons(vec![vec![vec![[0, 0], [10, 0], [10, 10], [0, 10]], vec![[2, 2], [2, 4], [4, 4]]]])),
    ] {
        let mut fields = Fields::default();
        fields.push("class", Value::Text("lake"));
        fields.push("rank", Value::Int(-3));
        fields.push("height", Value::Double(2.5));
        fields.push("bridge", Value::Bool(true));
        let mut layer = LayerWriter::new(name);
        layer.add(Some(7), &Encoded::new(&drawing), &fields);
        layer.add(None, &Encoded::new(&drawing), &Fields::default());
        layer.finish(&mut tile);
    }
    put("vector_tile", "layers", &tile);
    put("vector_tile", "cut-off", &tile[..tile.len() - 3]);
    let archive = |tiles: &[(u64, &[u8])]| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut writer = Writer::new(&mut bytes).expect("memory");
        for (id, tile) in tiles {
            let address: Address = address_of(*id).expect("a shallow tile");
            writer.add(address, tile).expect("in order");
        }
        writer.finish(&Metadata::basemap("x", "y"), None).expect("memory");
        bytes.into_inner()
    };
    // Most of the front is empty: an archive whose sections follow on one another is a seed that mutations reach.
    let bytes = archive(&[(0, &tile), (1, b"a"), (2, b"a"), (9, b"b"), (400, &tile)]);
    put("pmtiles", "small", &close_up(&bytes));
    put("tile", "line", &[1, 12, 0, 128, 0, 192, 40, 128, 9, 192, 0, 129, 200, 192]);
    put("tile", "ring", &[2, 7, 0, 128, 0, 192, 40, 128, 9, 192, 0, 129, 200, 192, 0, 120, 0, 190]);
    put("tile", "rings", &[23, 9, 0, 128, 0, 192, 40, 128, 9, 192, 0, 129, 200, 192, 0, 120, 0, 190, 0, 0, 9, 9, 255, 255, 1, 2]);
}

/// The same archive without the empty bytes at its front.
fn close_up(bytes: &[u8]) -> Vec<u8> {
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    let root_end = (word(8) + word(16)) as usize;
    let gap = word(56) as usize - root_end;
    let mut out = [&bytes[..root_end], &bytes[root_end + gap..]].concat();
    // Metadata, leaf directories and tiles move to the front by the gap.
    for at in [24, 40, 56] {
        out[at..at + 8].copy_from_slice(&(word(at) - gap as u64).to_le_bytes());
    }
    out
}

fn log(dir: &Path) {
    let options =
        belfry_log::Options { segment_bytes: 16 << 10, new_id: Some([7; 16]), ..belfry_log::Options::default() };
    let (mut log, _) = belfry_log::Log::open(dir, options).expect("a log");
    for batch in 0..3_u8 {
        for record in 0..=batch {
            log.append(&vec![record + 1; usize::from(batch) * 20 + 5]).expect("room");
        }
        log.commit().expect("a commit");
    }
    log.close().expect("closed");
    let bytes = fs::read(only(dir, "seg")).expect("a segment");
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    put("log_segment", "three-batches", &bytes[..end.next_multiple_of(64)]);
    put("log_segment", "torn", &bytes[..end - 9]);
}

fn history(dir: &Path) {
    let history = History::open(dir, belfry_history::Options::default()).expect("a history");
    for n in 0..40_i64 {
        let text = format!("reading {n}");
        let values = [ValueRef::F64(n as f64 / 8.0), ValueRef::Text(&text), ValueRef::Bytes(b"blob")];
        let keys: [&[u8]; 3] = [b"urn:a\0t\0", b"urn:a\0x\0", b"urn:b\0y\0"];
        let ops: Vec<Op<'_>> = keys
            .iter()
            .zip(values)
            .map(|(key, value)| {
                let observed = (n % 3 > 0).then(|| Time::from_micros(n * 60_000_000));
                let kind = if n % 17 == 16 { Kind::Deleted } else { Kind::Normal };
                Op::Append { key, sample: SampleRef { stamp: n * 60_000_000 + 5, observed, value, rest: b"", kind } }
            })
            .collect();
        history.apply(n as u64 + 1, &ops).expect("applied");
    }
    history.flush().expect("flushed");
    // A run is a header and frames: length, part, packed or not, length unpacked, payload, checksum.
    let bytes = fs::read(only(dir, "bhr")).expect("a run");
    let mut blocks = 0;
    for at in 8..bytes.len().saturating_sub(14) {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize;
        let (len, part, packed, unpacked) = (word(at), bytes[at + 4], bytes[at + 5], word(at + 6));
        if part != 2 || packed > 1 || unpacked > 1 << 20 || at + 10 + len > bytes.len() {
            continue;
        }
        let payload = &bytes[at + 10..at + 10 + len];
        let payload =
            if packed == 1 { zstd::bulk::decompress(payload, unpacked).unwrap_or_default() } else { payload.to_vec() };
        if payload.len() == unpacked && belfry_history::read_block(&payload).is_ok_and(|rows| rows > 0) {
            put("history_block", &format!("block-{blocks}"), &payload);
            blocks += 1;
        }
    }
    assert!(blocks > 0, "no block was found");
}
