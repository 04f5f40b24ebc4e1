//! GeoPackage and GeoParquet that other tools made, under a mapping file: the same entities as of GeoJSON, systems of
//! coordinates, and files and layers that are refused by name.

#![expect(clippy::unwrap_used, reason = "a test ends where what it stands on does not hold")]

mod support;

use belfry_transfer::source::geopackage::Layer;
use belfry_transfer::source::geoparquet::Table;
use clap::Parser;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Cursor;
use std::path::PathBuf;
use support::{Belfry, Import, binary, lines};

const MAP: &str = r#"
[[entity]]
id = "urn:ngsi-ld:Tree:{number}"
type = "Tree"
[[entity.attribute]]
name = "species"
column = "species"
type = "text"
[[entity.attribute]]
name = "height"
column = "height"
type = "number"
unit = "MTR"
[[entity.attribute]]
name = "felled"
column = "felled"
type = "boolean"
[[entity.attribute]]
name = "planted"
column = "planted"
type = "text"
[[entity.attribute]]
name = "note"
column = "note"
type = "text"
[[entity.attribute]]
name = "location"
column = "@geometry"
type = "geometry"
"#;

fn fixture(name: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name).display().to_string()
}

/// The same trees as GeoJSON, by hand.
fn trees() -> Value {
    let tree = |number: u32, species: &str, height: Value, felled: bool, planted: Value, note: &str, at: Value| {
        let geometry = if at.is_null() { at } else { json!({"type": "Point", "coordinates": at}) };
        json!({"type": "Feature", "geometry": geometry, "properties": {
            "number": number, "species": species, "height": height, "felled": felled, "planted": planted, "note": note}})
    };
    json!({"type": "FeatureCollection", "features": [
        tree(1, "Oak", json!(12.5), false, json!("1907-05-01"), &"x".repeat(3000), json!([9.5, 47.1])),
        tree(2, "Eiche “alt”", Value::Null, true, json!("1950-01-02"), "b", json!([9.51, 47.11])),
        tree(3, "榆树", json!(7.25), false, Value::Null, "c", Value::Null),
        tree(4, "Lime", json!(30.0), false, json!("2001-12-31"), "d", json!([9.53, 47.13, 450.0])),
    ]})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn layers_become_the_same_entities_as_geojson() {
    let Some(binary) = binary() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("map.toml"), MAP).unwrap();
    std::fs::write(path("trees.geojson"), trees().to_string()).unwrap();
    let mut found = Vec::new();
    for (at, line) in [
        vec![path("trees.geojson")],
        vec![fixture("town.gpkg"), "--layer".into(), "trees".into()],
        vec![fixture("trees.parquet")],
    ]
    .into_iter()
    .enumerate()
    {
        let belfry = Belfry::start(&binary, &folder.path().join(at.to_string()), 0);
        let (map, state) = (path("map.toml"), path("state"));
        let mut line: Vec<&str> = line.iter().map(String::as_str).collect();
        line.extend(["--map", &map, "--state", &state]);
        let summary = belfry.import(&line).await.unwrap();
        assert_eq!((summary.read, summary.refused, summary.states), (4, 0, 4), "{line:?}");
        let out = folder.path().join("out.ndjson");
        belfry.export(&["entities", "--type", "Tree", "-o", out.to_str().unwrap()]).await;
        found.push(lines(&out));
    }
    assert_eq!(found[0][0]["note"]["value"].as_str().unwrap().len(), 3000);
    for other in &found[1..] {
        for (expected, tree) in found[0].iter().zip(other) {
            for (name, attribute) in expected.as_object().unwrap() {
                assert_eq!(&tree[name], attribute, "{name}");
            }
            assert_eq!(tree.as_object().unwrap().len(), expected.as_object().unwrap().len());
        }
    }

    // Without a mapping, and in metres.
    for line in [vec![fixture("town.gpkg"), "--layer".into(), "plots".into()], vec![fixture("plots.parquet")]] {
        let belfry = Belfry::start(&binary, &folder.path().join("plots"), 0);
        let state = path("state");
        let mut line: Vec<&str> = line.iter().map(String::as_str).collect();
        line.extend(["--type", "Plot", "--id", "urn:ngsi-ld:Plot:{ref}", "--state", &state]);
        assert_eq!(belfry.import(&line).await.unwrap().states, 2, "{line:?}");
        let plot = belfry.get("/ngsi-ld/v1/entities/urn:ngsi-ld:Plot:A");
        // GDAL makes one kind of a layer of both.
        let coordinates = &plot["location"]["value"]["coordinates"];
        let rings = if plot["location"]["value"]["type"] == "Polygon" { coordinates } else { &coordinates[0] };
        assert_eq!(rings.as_array().unwrap().len(), 2, "{plot}");
        let corner = &rings[0][1];
        let [lon, lat] = [0, 1].map(|at| corner[at].as_f64().unwrap());
        assert!((9.5..=9.51).contains(&lon) && (lat - 47.1).abs() < 0.011, "{corner}");
        assert_eq!(belfry.get("/ngsi-ld/v1/entities/urn:ngsi-ld:Plot:B")["location"]["value"]["type"], "MultiPolygon");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("map.toml"), MAP).unwrap();
    std::fs::write(path("a.gpkg"), "no database").unwrap();
    std::fs::write(path("a.parquet"), "PAR1 no PAR1").unwrap();
    std::fs::copy(fixture("town.gpkg"), path("open.gpkg")).unwrap();
    std::fs::write(path("open.gpkg-wal"), "x").unwrap();
    let map = path("map.toml");
    let cases: [(Vec<String>, &str); 13] = [
        (
            vec![fixture("town.gpkg"), "--map".into(), map.clone()],
            "several layers; name one with --layer: trees, plots, swiss",
        ),
        (
            vec![fixture("town.gpkg"), "--map".into(), map.clone(), "--layer".into(), "trams".into()],
            "no layer \"trams\"; its layers are trees",
        ),
        (
            vec![fixture("town.gpkg"), "--map".into(), map.clone(), "--layer".into(), "swiss".into()],
            "EPSG:2056 (CH1903+ / LV95); EPSG:4326 and EPSG:3857 are read",
        ),
        (
            vec![fixture("town.gpkg"), "--map".into(), map.clone(), "--layer".into(), "plots".into()],
            "there is no column \"number\"; the columns are \"fid\", \"ref\"",
        ),
        (vec![fixture("town.gpkg"), "--layer".into(), "trees".into()], "--map FILE, or --type with --id"),
        (vec![fixture("swiss.parquet"), "--map".into(), map.clone()], "EPSG:2056 (CH1903+ / LV95)"),
        (vec![fixture("plain.parquet"), "--map".into(), map.clone()], "no GeoParquet"),
        (
            vec![fixture("trees.parquet"), "--map".into(), map.clone(), "--layer".into(), "x".into()],
            "--layer is for a GeoPackage",
        ),
        (vec![path("a.gpkg"), "--map".into(), map.clone()], "a.gpkg: it is no SQLite database"),
        (vec![path("a.parquet"), "--map".into(), map.clone()], "a.parquet: it cannot be read as Parquet"),
        (
            vec![path("open.gpkg"), "--map".into(), map.clone(), "--layer".into(), "trees".into()],
            "another program has it open",
        ),
        (vec![path("none.gpkg"), "--map".into(), map.clone()], "none.gpkg"),
        (
            vec!["-".into(), "--format".into(), "geoparquet".into(), "--map".into(), map.clone()],
            "not from standard input",
        ),
    ];
    for (line, reason) in cases {
        let line = ["import".to_owned()].into_iter().chain(line).chain(["--dry-run".into(), "--quiet".into()]);
        let why = belfry_transfer::import::run(Import::parse_from(line).args).await.unwrap_err().to_string();
        assert!(why.contains(reason), "{reason}: {why}");
    }
}

/// Cut and changed files end in errors, and never in a panic or without an end.
#[test]
fn broken_files_end_in_errors() {
    let gpkg = std::fs::read(fixture("town.gpkg")).unwrap();
    let read = |bytes: Vec<u8>| {
        let Ok(mut layer) = Layer::open(Cursor::new(bytes), Some("trees")) else { return 0 };
        let mut rows = 0;
        while let Ok(Some(_)) = layer.feature() {
            rows += 1;
        }
        rows
    };
    assert_eq!(read(gpkg.clone()), 4);
    for at in (0..gpkg.len()).step_by(97) {
        read(gpkg[..at].to_vec());
        let mut changed = gpkg.clone();
        changed[at] ^= 0x55;
        read(changed);
    }
    let mut table = Table::open(File::open(fixture("trees.parquet")).unwrap()).unwrap();
    assert_eq!(table.names(), ["number", "species", "height", "felled", "planted", "note"]);
    let mut rows = 0;
    while let Some((line, feature)) = table.feature().unwrap() {
        rows += 1;
        assert_eq!(line, rows);
        assert!(feature.is_ok());
    }
    assert_eq!(rows, 4);
}
