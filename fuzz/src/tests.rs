//! Every target on its seeds, and for a while (`BELFRY_TEST_FUZZ_SECONDS`, 2 unless told) on mutations of them. An input
//! that fails is left in `artifacts/`.

use crate::mutator::Mutator;
use crate::{TARGETS, Target};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// No input of some kilobytes may take longer, on however busy a machine.
const TOO_LONG: Duration = Duration::from_secs(10);

fn folder(of: &str, target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(of).join(target)
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(folder("corpus-seed", target)).expect("every target has seeds");
    let mut files: Vec<PathBuf> = files.map(|entry| entry.expect("the folder is read").path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).expect("a seed is read")).collect()
}

/// Runs one input and keeps it when it fails.
fn attempt(name: &str, target: Target, input: &[u8]) {
    let start = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| target(input)));
    let took = start.elapsed();
    if outcome.is_ok() && took < TOO_LONG {
        return;
    }
    let folder = folder("artifacts", name);
    let hash = input.iter().fold(0_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    let file = folder.join(format!("found-{hash:016x}"));
    std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, input)).expect("the input is kept");
    panic!("{name}: {} (took {took:?}) {:?}", file.display(), String::from_utf8_lossy(input));
}

fn replay(name: &str) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).expect("the target is listed");
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "{name} has no seeds");
    for seed in &seeds {
        attempt(name, *target, seed);
    }
    let seconds = std::env::var("BELFRY_TEST_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2.0);
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    let (mut mutator, mut inputs) = (Mutator::new(name, seeds), 0_u64);
    while Instant::now() < until {
        attempt(name, *target, &mutator.next_input());
        inputs += 1;
    }
    println!("{name}: {inputs} inputs");
}

macro_rules! replays {
    ($($name:ident),*) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name));
        })*

        #[test]
        fn every_target_is_replayed_and_has_an_entry() {
            let replayed = [$(stringify!($name)),*];
            assert!(TARGETS.iter().map(|(name, _)| *name).eq(replayed));
            for name in replayed {
                assert!(folder("fuzz_targets", &format!("{name}.rs")).is_file(), "{name}");
            }
        }
    };
}

replays!(
    json,
    entity,
    fragment,
    batch,
    context,
    geometry,
    q,
    geo_query,
    scope_query,
    type_selection,
    temporal_query,
    projection,
    order_by,
    subscription,
    log_segment,
    history_block,
    mqtt,
    payload,
    mapping,
    topic,
    config,
    http_query,
    http_headers,
    query_body,
    answer,
    endpoint,
    import,
    import_mapping,
    osm_pbf,
    osm_kinds,
    wkb,
    geopackage,
    osm_xml,
    gtfs,
    gtfs_zip,
    gtfs_realtime,
    vector_tile,
    pmtiles,
    tile
);
