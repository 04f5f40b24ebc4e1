//! The map of a real county, where it is: how long its tiles take over HTTP.

use crate::server::{Server, Setup};
use crate::village::{BASEMAP, tile_at, values};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A real map, if it is there: in `$BELFRY_TEST_DATA`, or `../shared/data` beside the workspace.
fn real(name: &str) -> Option<Vec<u8>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = std::env::var_os("BELFRY_TEST_DATA").map_or(beside, PathBuf::from).join("osm").join(name);
    let read = std::fs::read(&path).ok();
    if read.is_none() {
        println!("{} is not there; not tested", path.display());
    }
    read
}

#[tokio::test(flavor = "multi_thread")]
async fn a_county_is_drawn() {
    let Some(map) = real("liechtenstein.osm.pbf") else { return };
    let server = Server::set_up(Setup { max_file_bytes: 64 << 20, ..Setup::default() }).await;
    let begun = Instant::now();
    let told = server.put(BASEMAP, "application/octet-stream", map).await.expect(201);
    println!("put in {:.1?}: {}", begun.elapsed(), told.text());
    let mut slowest = Duration::ZERO;
    for zoom in 8..=17 {
        let path = format!("!/belfry/v1/registers/tiles/basemap/{}", tile_at(9.5215, 47.141, zoom));
        let cold = Instant::now();
        let first = server.get(&path).await.expect(200);
        let (cold, warm) = (cold.elapsed(), Instant::now());
        assert_eq!(server.get(&path).await.expect(200).body, first.body);
        let warm = warm.elapsed();
        println!("zoom {zoom}: {} bytes, cold {cold:.1?}, warm {warm:.1?}", first.body.len());
        slowest = slowest.max(warm);
        if zoom == 12 {
            assert!(values(&first, "place", "name").iter().any(|name| name == "Vaduz"));
        }
    }
    assert!(slowest < Duration::from_millis(500), "{slowest:?} in a build that is not optimised");
}
