//! The same on the map of a county, where `../shared/data` (or `$BELFRY_TEST_DATA`) is: figures, routes, matrices, and how soon a
//! closure is in force.

use crate::server::{Server, Setup};
use crate::town::{ROADS, get, number};
use belfry_ngsi_ld::Json;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Vaduz, and Balzers in the south of the county.
const VADUZ: (f64, f64) = (9.5215, 47.1410);
const BALZERS: (f64, f64) = (9.5025, 47.0660);

fn map() -> Option<Vec<u8>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = std::env::var_os("BELFRY_TEST_DATA").map_or(beside, PathBuf::from).join("osm/liechtenstein.osm.pbf");
    let read = std::fs::read(&path);
    if read.is_err() {
        println!("{} is not there; not tested", path.display());
    }
    read.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_county_is_routed_and_a_closure_is_in_force_soon() {
    let Some(bytes) = map() else { return };
    let server = Server::set_up(Setup { max_file_bytes: 4 << 20, ..Setup::default() }).await;
    let begun = Instant::now();
    // Cut short it changes nothing, and says which block is broken.
    let broken = server.put(ROADS, "application/octet-stream", bytes[..bytes.len() / 2].to_vec()).await.expect(400);
    assert!(broken.text().contains("the map is broken at block "), "{}", broken.text());
    let told = server.put(ROADS, "application/octet-stream", bytes).await.expect(201);
    println!("put in {:?}: {}", begun.elapsed(), told.text());
    assert_eq!(told.member("map.nodes"), Json::Int(142_832));
    assert!(number(&told.member("networks.0.edges")) > 10_000.0);

    let between = format!("{},{};{},{}", VADUZ.0, VADUZ.1, BALZERS.0, BALZERS.1);
    let route = get(&server, &format!("route/v1/car/{between}?steps=true&geometries=geojson&overview=full")).await;
    let route = route.expect(200);
    let (km, minutes) =
        (number(&route.member("routes.0.distance")) / 1000.0, number(&route.member("routes.0.duration")) / 60.0);
    println!("Vaduz to Balzers: {km:.1} km, {minutes:.1} min, by {:?}", route.member("routes.0.legs.0.summary"));
    assert!((8.0..14.0).contains(&km) && (8.0..25.0).contains(&minutes), "{km} km, {minutes} min");
    let Json::Array(line) = route.member("routes.0.geometry.coordinates") else { panic!("no line") };

    // Closed on two hundred metres in the middle of that way: another way, soon.
    let middle = &line[line.len() / 2..(line.len() / 2 + 6).min(line.len())];
    let mut text = Vec::new();
    Json::Array(middle.to_vec()).write(&mut text);
    let text = String::from_utf8(text).unwrap();
    let body = format!(
        r#"{{"id":"urn:c:1","type":"RoadClosure","location":{{"type":"GeoProperty","value":{{"type":"LineString","coordinates":{text}}}}}}}"#
    );
    let before = route.member("routes.0.duration");
    let begun = Instant::now();
    server.post("/entities", &body).await.expect(201);
    let written = begun.elapsed();
    let longer = loop {
        let now = get(&server, &format!("route/v1/car/{between}")).await.expect(200).member("routes.0.duration");
        if now != before {
            break number(&now);
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the closure is not in force");
    };
    let told = get(&server, "roads").await;
    println!(
        "closed: written after {written:?}, in force for a client after {:?}; {}",
        begun.elapsed(),
        told.member("live.inForceAfterMilliseconds").as_f64().unwrap()
    );
    assert!(longer > number(&before));
    server.call("DELETE", "/entities/urn:c:1", &[], "").await.expect(204);
    let begun = Instant::now();
    while get(&server, &format!("route/v1/car/{between}")).await.expect(200).member("routes.0.duration") != before {
        assert!(begun.elapsed() < Duration::from_secs(60), "the closure does not end");
    }

    // Fifty places along the way, each to each.
    let step = line.len() / 50;
    let places: Vec<String> = line
        .iter()
        .step_by(step.max(1))
        .take(50)
        .map(|p| match p {
            Json::Array(pair) => format!("{},{}", number(&pair[0]), number(&pair[1])),
            _ => panic!("{p:?}"),
        })
        .collect();
    let begun = Instant::now();
    let table = get(&server, &format!("table/v1/car/{}?skip_waypoints=true", places.join(";"))).await.expect(200);
    println!("{0} x {0} in {1:?}", places.len(), begun.elapsed());
    let Json::Array(rows) = table.member("durations") else { panic!("no table") };
    assert_eq!(rows.len(), places.len());
    let whole = number(&table.member(&format!("durations.0.{}", places.len() - 1)));
    assert!(whole > 0.0 && whole <= number(&before) + 1.0);

    let begun = Instant::now();
    let area =
        get(&server, &format!("isochrone?lon={}&lat={}&costing=fire_engine&contours=5,10,15", VADUZ.0, VADUZ.1)).await;
    println!("three isochrones in {:?}", begun.elapsed());
    let Json::Array(features) = area.expect(200).member("features") else { panic!("no features") };
    let kinds = features.iter().filter_map(|f| f.get("geometry")?.get("type")?.as_str()).collect::<Vec<_>>();
    assert!(kinds.len() == 3 && kinds.iter().all(|kind| kind.ends_with("Polygon")), "{kinds:?}");
}
