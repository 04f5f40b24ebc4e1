//! Extracts of OpenStreetMap against the real program: what becomes of objects, newer editions, what vanishes, broken files
//! and shapes, a server killed in the middle, and the real extracts, which come out again as they went in.

#![expect(clippy::unwrap_used, reason = "a test ends where what it stands on does not hold")]

mod support;

#[path = "support/real.rs"]
mod real;
#[path = "support/restart.rs"]
mod restart;

#[path = "../../connect/osm/tests/support/mod.rs"]
#[expect(dead_code, reason = "the writer of PBF files has more to offer than is needed here")]
mod pbf;

use belfry_transfer::osm::{self, Summary};
use clap::Parser;
use real::data;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use support::{Belfry, binary, lines};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: osm::Args,
}

async fn import(belfry: &Belfry, line: &[&str]) -> Result<Summary, String> {
    let line = ["osm"].iter().chain(line).chain(&["--quiet", "--url", &belfry.url]).copied().collect::<Vec<_>>();
    let args = Line::try_parse_from(line).map_err(|why| why.to_string())?.args;
    osm::run(args).await.map_err(|why| why.to_string())
}

/// Writes an extract; nodes and ways stand between the two ends of the file.
fn file(folder: &Path, name: &str, edition: &str, elements: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, format!("<osm version='0.6' timestamp='{edition}'>\n{elements}</osm>\n")).unwrap();
    path
}

fn tags(tags: &[(&str, &str)]) -> String {
    tags.iter().map(|(k, v)| format!("<tag k='{k}' v='{v}'/>")).collect()
}

/// A town of nodes 1 to 100 on a grid of ten, 0.001 degrees apart.
fn grid() -> String {
    let node = |id: u32| {
        let (lon, lat) = (9.0 + f64::from((id - 1) % 10) / 1000.0, 47.0 + f64::from((id - 1) / 10) / 1000.0);
        format!("<node id='{id}' lon='{lon}' lat='{lat}'/>\n")
    };
    (1..=100).map(node).collect()
}

fn way(id: i64, nodes: &[i64], given: &[(&str, &str)]) -> String {
    let refs: String = nodes.iter().map(|node| format!("<nd ref='{node}'/>")).collect();
    format!("<way id='{id}'>{refs}{}</way>\n", tags(given))
}

fn node(id: i64, (lon, lat): (f64, f64), given: &[(&str, &str)]) -> String {
    format!("<node id='{id}' lon='{lon}' lat='{lat}'>{}</node>\n", tags(given))
}

fn relation(id: i64, members: &[(i64, &str)], given: &[(&str, &str)]) -> String {
    let members: String =
        members.iter().map(|(way, role)| format!("<member type='way' ref='{way}' role='{role}'/>")).collect();
    format!("<relation id='{id}'>{members}{}</relation>\n", tags(given))
}

/// The values of an entity's attributes.
fn values(entity: &Value) -> BTreeMap<String, Value> {
    let members = entity.as_object().unwrap().iter().filter(|(name, _)| !["id", "type"].contains(&name.as_str()));
    let value = |v: &Value| v.get("value").or_else(|| v.get("languageMap")).cloned().unwrap_or_default();
    members.map(|(name, attribute)| (name.clone(), plain(&value(attribute)))).collect()
}

/// With all numbers written alike: 47 and 47.0 are the same.
fn plain(json: &Value) -> Value {
    match json {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
        other => other.clone(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_become_entities_of_the_models() {
    let Some(binary) = binary() else { return };
    let folder = tempfile::tempdir().unwrap();
    let belfry = Belfry::start(&binary, &folder.path().join("a"), 0);
    let mut town = grid();
    let road = [
        ("highway", "primary_link"),
        ("name", "Mill Lane"),
        ("name:de", "Mühlgasse"),
        ("name:left", "x"),
        ("maxspeed", "30 mph"),
        ("lanes", "2"),
        ("surface", "asphalt"),
        ("oneway", "-1"),
        ("toll", "yes"),
        ("ref", "A 4;B 7"),
        ("maxheight", "default"),
        ("bridge", "no"),
    ];
    town += &way(1, &[1, 2, 2, 3], &road);
    let school = [
        ("building", "school"),
        ("amenity", "school"),
        ("name", "Mill School"),
        ("addr:street", "Mill Lane"),
        ("addr:housenumber", "7"),
        ("building:levels", "3"),
        ("opening_hours", "Mo-Fr 07:30-16:00"),
        ("start_date", "1907"),
        ("phone", "+1 555 0100"),
        ("operator", "Town of Mill"),
    ];
    town += &way(2, &[11, 12, 22, 21, 11], &school);
    town += &node(
        201,
        (9.0005, 47.0005),
        &[("emergency", "fire_hydrant"), ("fire_hydrant:type", "pillar"), ("fire_hydrant:diameter", "100")],
    );
    town += &node(
        202,
        (9.0006, 47.0005),
        &[("highway", "bus_stop"), ("name", "Mill"), ("wheelchair", "yes"), ("shelter", "no")],
    );
    town += &node(203, (9.0007, 47.0005), &[("addr:street", "Mill Lane"), ("addr:housenumber", "9")]);
    // Half of the outer ring each, one drawn against the other; a hole.
    town += &way(3, &[31, 34, 64], &[]);
    town += &way(4, &[31, 61, 64], &[]);
    town += &way(5, &[42, 43, 53, 52, 42], &[]);
    town += &relation(
        6,
        &[(3, "outer"), (4, ""), (5, "inner")],
        &[("type", "multipolygon"), ("natural", "water"), ("water", "pond")],
    );
    town += &relation(
        7,
        &[(3, "outer"), (4, "outer")],
        &[("type", "boundary"), ("boundary", "administrative"), ("admin_level", "8"), ("name", "Mill")],
    );
    let source = file(folder.path(), "mill-251101.osm", "2025-11-01T12:00:00Z", &town);
    let report = folder.path().join("report.ndjson");
    let summary = import(&belfry, &[source.to_str().unwrap(), "--report", report.to_str().unwrap()]).await.unwrap();
    let expected = Summary { objects: 7, created: 8, unread: 1, personal: 1, ..Summary::default() };
    assert_eq!(summary, expected);
    let line = std::fs::read_to_string(&report).unwrap();
    assert!(line.contains(r#""object":"way/1""#) && line.contains(r#""field":"maxheight=default""#), "{line}");

    let get = |id: &str| belfry.get(&format!("/ngsi-ld/v1/entities/urn:ngsi-ld:{id}"));
    let edition = json!({"@type": "DateTime", "@value": "2025-11-01T12:00:00Z"});
    let road = get("RoadSegment:osm-way-1");
    let length = road["length"]["value"].as_f64().unwrap();
    assert!((0.151..0.153).contains(&length), "{length}");
    assert_eq!(road["maximumAllowedSpeed"], json!({"type": "Property", "value": 48.28, "unitCode": "KMH"}));
    let mut found = values(&road);
    found.remove("length");
    let expected = json!({
        "name": "Mill Lane",
        "names": {"de": "Mühlgasse", "@none": "Mill Lane"},
        "category": ["oneway", "toll", "link"],
        "roadClass": "primary_link",
        "roadRef": ["A 4", "B 7"],
        "maximumAllowedSpeed": 48.28,
        "totalLaneNumber": 2,
        "roadMaterial": "asphalt",
        "location": {"type": "LineString", "coordinates": [[9.002, 47.0], [9.001, 47.0], [9.0, 47.0]]},
        "source": "https://www.openstreetmap.org/way/1",
        "extract": "mill",
        "edition": edition,
    });
    assert_eq!(json!(found), plain(&expected));

    let school = values(&get("School:osm-way-2"));
    assert_eq!(school["operator"], "Town of Mill");
    assert_eq!(school["category"], json!(["school"]));
    assert_eq!(school["address"], json!({"streetAddress": "Mill Lane", "streetNr": "7"}));
    let building = values(&get("Building:osm-way-2"));
    assert_eq!((&building["floorsAboveGround"], &building["startDate"]), (&json!(3.0), &json!("1907")));
    assert!(!building.contains_key("phone") && !building.contains_key("operator"));
    let square = json!({"type": "Polygon", "coordinates": [[[9.0, 47.001], [9.001, 47.001], [9.001, 47.002], [9.0, 47.002], [9.0, 47.001]]]});
    assert_eq!(building["location"], plain(&square));

    let hydrant = values(&get("FireHydrant:osm-node-201"));
    assert_eq!((&hydrant["hydrantDiameter"], &hydrant["category"]), (&json!("100"), &json!(["pillar"])));
    let stop = values(&get("PublicTransportStop:osm-node-202"));
    assert_eq!(stop["transportationType"], json!([3.0]));
    assert_eq!((&stop["wheelChairAccessible"], &stop["shelter"]), (&json!(1.0), &json!(false)));
    assert_eq!(values(&get("AddressPoint:osm-node-203"))["address"]["streetNr"], "9");
    let pond = values(&get("WaterBody:osm-relation-6"));
    let rings = pond["location"]["coordinates"].as_array().unwrap();
    assert_eq!((pond["location"]["type"].as_str(), rings.len()), (Some("Polygon"), 2), "{pond:?}");
    assert_eq!(values(&get("AdministrativeArea:osm-relation-7"))["adminLevel"], 8.0);
    let dataset = values(&get("Dataset:osm-mill"));
    assert_eq!((&dataset["edition"], &dataset["entityCount"]), (&edition, &json!(8.0)));

    // Half of the outer ring again: a hole outside, an open ring, a ring that crosses itself, no length, the far side.
    let mut broken = grid();
    broken += &way(1, &[1, 3], &[]);
    broken += &way(2, &[51, 52, 62, 61, 51], &[]);
    broken += &way(3, &[1, 2, 12, 11, 1], &[]);
    broken += &way(4, &[1, 12, 2, 21, 1], &[("building", "yes")]);
    broken += &way(5, &[1, 1], &[("highway", "path")]);
    broken += &way(6, &[1, 2, 3], &[("building", "yes")]);
    broken += &way(7, &[1, 2, 999], &[("highway", "path")]);
    broken += &way(8, &[301, 302], &[("highway", "path")]);
    broken += &way(9, &[303, 304], &[("highway", "path")]);
    broken += &way(10, &[1, 2, 1, 1], &[("building", "yes")]);
    broken += &node(301, (179.999, 0.0), &[]);
    broken += &node(302, (-179.999, 0.0), &[]);
    broken += &node(303, (180.0, 90.0), &[("emergency", "fire_hydrant")]);
    broken += &node(304, (180.0, -90.0), &[]);
    broken += &node(305, (181.0, 0.0), &[("emergency", "fire_hydrant")]);
    let lake = [("type", "multipolygon"), ("natural", "water")];
    broken += &relation(1, &[(1, "outer")], &lake);
    broken += &relation(2, &[(3, "outer"), (2, "inner")], &lake);
    broken += &relation(3, &[(3, "outer"), (77, "inner")], &lake);
    broken += &relation(4, &[(3, "inner")], &lake);
    broken += &relation(5, &[], &lake);
    let source = file(folder.path(), "broken.osm", "2025-11-01T12:00:00Z", &broken);
    let summary = import(&belfry, &[source.to_str().unwrap(), "--report", report.to_str().unwrap()]).await.unwrap();
    let told: BTreeMap<String, String> = lines_of(&report, "object", "reason");
    let expected = [
        ("way/4", "crosses or touches itself near"),
        ("way/5", "no length"),
        ("way/6", "a Building is an area, but the way is not closed"),
        ("way/7", "1 of its 3 nodes are not in the extract"),
        ("way/8", "crosses the antimeridian near 0, 179.999"),
        ("way/10", "encloses nothing"),
        ("node/305", "not on the globe"),
        ("relation/1", "its ring is open at node/"),
        ("relation/2", "a hole lies outside of it"),
        ("relation/3", "1 of its 2 ways are not in the extract"),
        ("relation/4", "it has no outer ring"),
        ("relation/5", "it has no member ways"),
    ];
    for (object, reason) in expected {
        assert!(told.get(object).is_some_and(|told| told.contains(reason)), "{object}: {told:?}");
    }
    assert_eq!((told.len(), summary.rejected, summary.created), (expected.len(), expected.len() as u64, 2), "{told:?}");
    assert_eq!(summary.exit_code(), 1);
    // What stands at the poles and on the antimeridian is on the globe.
    assert_eq!(values(&get("FireHydrant:osm-node-303"))["location"]["coordinates"], json!([180.0, 90.0]));
    assert_eq!(values(&get("RoadSegment:osm-way-9"))["location"]["type"], "LineString");
}

/// One member of each line of a report by another.
fn lines_of(path: &Path, key: &str, value: &str) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(path).unwrap();
    let line = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        (line[key].as_str().unwrap().to_owned(), line[value].as_str().unwrap().to_owned())
    };
    text.lines().map(line).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_edition_changes_what_changed_and_closes_what_vanished() {
    let Some(binary) = binary() else { return };
    let folder = tempfile::tempdir().unwrap();
    let belfry = Belfry::start(&binary, &folder.path().join("a"), 0);
    let hydrant = |id: i64, given: &[(&str, &str)]| {
        let mut all = vec![("emergency", "fire_hydrant")];
        all.extend(given);
        node(id, (9.0 + id as f64 / 1000.0, 47.0), &all)
    };
    let old: String = (1..=9).map(|id| hydrant(id, &[("ref", "H1"), ("couplings", "2")])).collect();
    let first = file(folder.path(), "mill-251101.osm", "2025-11-01T12:00:00Z", &old);
    let first = first.to_str().unwrap();
    let dry = import(&belfry, &[first, "--dry-run"]).await.unwrap();
    assert_eq!((dry.objects, dry.created), (9, 9));
    assert_eq!(belfry.get("/ngsi-ld/v1/entities?type=*"), json!([]), "a dry run sends nothing");
    assert_eq!(import(&belfry, &[first]).await.unwrap().created, 9);
    let same = import(&belfry, &[first]).await.unwrap();
    assert_eq!(same, Summary { objects: 9, unchanged: 9, ..Summary::default() });

    // Somebody adds what is theirs to two of them.
    let own = folder.path().join("own.ndjson");
    let inspected = |id: i64| {
        format!(
            "{{\"id\":\"urn:ngsi-ld:FireHydrant:osm-node-{id}\",\"type\":\"FireHydrant\",\"inspected\":{{\"type\":\"Property\",\"value\":\"2025-05-01\"}}}}\n"
        )
    };
    std::fs::write(&own, inspected(2) + &inspected(8)).unwrap();
    belfry.import(&[own.to_str().unwrap(), "--existing", "update"]).await.unwrap();
    assert_eq!(import(&belfry, &[first]).await.unwrap().unchanged, 9, "what others add is no change");

    // 1 and 2 change, 3 loses a tag and moves, 4 is broken, 8 and 9 vanish, 10 is new.
    let mut new =
        hydrant(1, &[("ref", "H1b"), ("couplings", "2")]) + &hydrant(2, &[("couplings", "2"), ("ref", "H2b")]);
    new += &node(3, (9.5, 47.0), &[("emergency", "fire_hydrant"), ("couplings", "2")]);
    new += &node(4, (9.5, 97.0), &[("emergency", "fire_hydrant")]);
    new += &(5..=7).map(|id| hydrant(id, &[("ref", "H1"), ("couplings", "2")])).collect::<String>();
    new += &hydrant(10, &[("ref", "H10")]);
    let second = file(folder.path(), "mill-latest.osm", "2025-12-01T12:00:00Z", &new);
    let second = second.to_str().unwrap();
    let expected = Summary {
        objects: 7,
        rejected: 1,
        created: 1,
        changed: 3,
        unchanged: 3,
        closed: 1,
        marked: 1,
        ..Summary::default()
    };
    let dry = import(&belfry, &[second, "--dry-run"]).await.unwrap();
    let done = import(&belfry, &[second]).await.unwrap();
    let get = |id: i64| values(&belfry.get(&format!("/ngsi-ld/v1/entities/urn:ngsi-ld:FireHydrant:osm-node-{id}")));
    assert_eq!((dry, done), (expected, expected));
    let at = |edition: &str| json!({"@type": "DateTime", "@value": edition});
    assert_eq!((&get(1)["ref"], &get(1)["edition"]), (&json!("H1b"), &at("2025-12-01T12:00:00Z")));
    assert_eq!((&get(2)["ref"], &get(2)["inspected"]), (&json!("H2b"), &json!("2025-05-01")));
    assert!(!get(3).contains_key("ref") && get(3)["location"]["coordinates"] == json!([9.5, 47.0]));
    assert_eq!(get(5)["edition"], at("2025-11-01T12:00:00Z"), "what did not change keeps its edition");
    assert_eq!(get(8)["dateRemoved"], at("2025-12-01T12:00:00Z"), "what others wrote to stays, marked");
    let left = belfry.get("/ngsi-ld/v1/entities?type=FireHydrant&limit=100");
    let ids: Vec<&str> =
        left.as_array().unwrap().iter().map(|e| e["id"].as_str().unwrap().rsplit('-').next().unwrap()).collect();
    assert_eq!(ids.len(), 9, "{ids:?}");
    assert!(!ids.contains(&"9") && ids.contains(&"4"), "what is broken has not vanished: {ids:?}");
    // History keeps what was closed, with the mark.
    let past = belfry.get("/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:FireHydrant:osm-node-9");
    assert!(past["dateRemoved"].is_array() || past["dateRemoved"].is_object(), "{past}");

    let again = import(&belfry, &[second]).await.unwrap();
    assert_eq!((again.unchanged, again.written(), again.closed, again.marked), (7, 0, 0, 0));
    let older = import(&belfry, &[first]).await.unwrap_err();
    assert!(older.contains("2025-11-01T12:00:00Z") && older.contains("--older"), "{older}");
    // What comes back is what it was: the mark is taken away.
    let back = import(&belfry, &[first, "--older", "--vanished", "mark"]).await.unwrap();
    assert_eq!((back.created, back.changed, back.unchanged, back.closed, back.marked), (1, 4, 4, 0, 1));
    assert!(!get(8).contains_key("dateRemoved") && get(10).contains_key("dateRemoved"));

    // An extract of another area under the same name closes nothing.
    let far: String = (0..50).map(|id| hydrant(1000 + id, &[])).collect();
    let far = file(folder.path(), "far.osm", "2026-01-01T12:00:00Z", &far);
    let line = [far.to_str().unwrap(), "--extract", "town"];
    assert_eq!(import(&belfry, &line).await.unwrap().created, 50, "another extract");
    let near = file(folder.path(), "near.osm", "2026-02-01T12:00:00Z", &hydrant(1000, &[]));
    let line = [near.to_str().unwrap(), "--extract", "town"];
    let why = import(&belfry, &line).await.unwrap_err();
    assert!(why.contains("49 of the 50") && why.contains("Nothing was closed"), "{why}");
    let kept = import(&belfry, &[&line[..], &["--vanished", "keep"]].concat()).await.unwrap();
    assert_eq!((kept.unchanged, kept.closed), (1, 0));
    let closed = import(&belfry, &[&line[..], &["--max-vanished", "100"]].concat()).await.unwrap();
    assert_eq!((closed.unchanged, closed.closed), (1, 49));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_broken_file_nothing_is_imported() {
    let Some(binary) = binary() else { return };
    let folder = tempfile::tempdir().unwrap();
    let belfry = Belfry::start(&binary, &folder.path().join("a"), 0);
    let path = folder.path().join("town.osm.pbf");
    let town = pbf::town();
    std::fs::write(&path, &town[..town.len() - 1]).unwrap();
    let why = import(&belfry, &[path.to_str().unwrap()]).await.unwrap_err();
    assert!(why.contains("town.osm.pbf: block 4 at byte") && why.contains("ends in the middle"), "{why}");
    let mut flipped = town.clone();
    // Inside the packed nodes of the first block.
    let at = pbf::header().len() + 30;
    flipped[at] ^= 0xff;
    std::fs::write(&path, &flipped).unwrap();
    let why = import(&belfry, &[path.to_str().unwrap()]).await.unwrap_err();
    assert!(why.contains("block 1 at byte"), "{why}");
    let xml =
        file(folder.path(), "cut.osm", "2025-11-01T12:00:00Z", &(grid() + &way(1, &[1, 2], &[("highway", "path")])));
    let text = std::fs::read_to_string(&xml).unwrap();
    std::fs::write(&xml, &text[..text.len() - 10]).unwrap();
    let why = import(&belfry, &[xml.to_str().unwrap()]).await.unwrap_err();
    assert!(why.contains("cut.osm: byte"), "{why}");
    for (line, reason) in
        [(vec!["none.osm"], "none.osm"), (vec![xml.to_str().unwrap(), "--extract", "a b"], "--extract")]
    {
        let why = import(&belfry, &line).await.unwrap_err();
        assert!(why.contains(reason), "{why}");
    }
    assert_eq!(belfry.get("/ngsi-ld/v1/entities?type=*"), json!([]));
    std::fs::write(&path, &town).unwrap();
    let too_many = import(&belfry, &[path.to_str().unwrap(), "--max-nodes", "1"]).await.unwrap_err();
    assert!(too_many.contains("--max-nodes"), "{too_many}");
    assert_eq!(import(&belfry, &[path.to_str().unwrap()]).await.unwrap().created, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_in_the_middle_leaves_nothing_out() {
    let Some(binary) = binary() else { return };
    let folder = tempfile::tempdir().unwrap();
    let town = folder.path().join("a");
    let mut belfry = Belfry::start(&binary, &town, 0);
    let mut text = String::new();
    for id in 1..=20_000 {
        let at = f64::from(id) / 1e5;
        write!(text, "{}", node(i64::from(id), (9.0 + at, 47.0), &[("shop", "bakery"), ("name", "Mill")])).unwrap();
    }
    let source = file(folder.path(), "shops.osm", "2025-11-01T12:00:00Z", &text);
    let (source, url, port) = (source.to_str().unwrap().to_owned(), belfry.url.clone(), belfry.port());
    let line = ["osm", &source, "--quiet", "--url", &url, "--batch", "100", "--in-flight", "1"].map(str::to_owned);
    // On a thread of its own, since its future stays on one.
    let cut = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(osm::run(Line::parse_from(line).args)).map_err(|why| why.to_string())
    });
    while belfry.get("/ngsi-ld/v1/entities?type=PointOfInterest&limit=1") == json!([]) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    belfry.kill();
    let cut = cut.join().unwrap();
    assert!(cut.is_err(), "it was too quick to be cut: {cut:?}");
    let belfry = Belfry::start(&binary, &town, port);
    let rest = import(&belfry, &[&source]).await.unwrap();
    println!("after the cut: {} were there, {} were not", rest.unchanged, rest.created);
    assert!(rest.unchanged > 0 && rest.created > 0);
    assert_eq!((rest.unchanged + rest.created, rest.changed, rest.rejected), (20_000, 0, 0));
    let out = folder.path().join("out.ndjson");
    belfry.export(&["entities", "--type", "PointOfInterest", "-o", out.to_str().unwrap()]).await;
    let mut ids: Vec<String> = lines(&out).iter().map(|e| e["id"].as_str().unwrap().to_owned()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 20_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_extracts_go_in_once_and_come_out_as_many() {
    let Some(binary) = binary() else { return };
    for (name, rejected) in [("liechtenstein.osm.pbf", 28), ("bad-hersfeld.osm.xml.gz", 19), ("beatty-nevada.osm", 4)] {
        let Some(source) = data(&format!("osm/{name}")) else { continue };
        let folder = tempfile::tempdir().unwrap();
        let belfry = Belfry::start(&binary, &folder.path().join("a"), 0);
        let report = folder.path().join("report.ndjson");
        let line = [source.to_str().unwrap(), "--report", report.to_str().unwrap()];
        let started = std::time::Instant::now();
        let first = import(&belfry, &line).await.unwrap();
        println!("{name}: {first:?} in {:?}", started.elapsed());
        for (object, reason) in lines_of(&report, "object", "reason") {
            println!("  {object}: {reason}");
        }
        assert_eq!((first.rejected, first.changed, first.unchanged, first.closed), (rejected, 0, 0, 0));
        let out = folder.path().join("out.ndjson");
        belfry.export(&["entities", "-o", out.to_str().unwrap()]).await;
        let mut types: BTreeMap<String, u64> = BTreeMap::new();
        for entity in lines(&out) {
            *types.entry(entity["type"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        println!("  {types:?}");
        assert_eq!(types.remove("Dataset"), Some(1));
        assert_eq!(types.values().sum::<u64>(), first.created);
        let started = std::time::Instant::now();
        let second = import(&belfry, &line).await.unwrap();
        println!("  again in {:?}", started.elapsed());
        assert_eq!((second.unchanged, second.written(), second.closed), (first.created, 0, 0));
    }
}

#[test]
fn the_command_explains_itself_with_examples() {
    use clap::CommandFactory;
    let mut command = support::Import::command();
    let osm = command.find_subcommand_mut("osm").unwrap();
    let help = osm.render_long_help().to_string();
    let before = help.split("Usage:").next().unwrap();
    assert!(before.contains("OpenStreetMap") && before.trim().contains("\n\n"), "{before}");
    assert!(help.contains("\n  belfry import osm town.osm.pbf --dry-run"), "{help}");
}
