//! Maps: put, refused, kept, replaced, taken away.

use crate::server::{Server, Setup};
use crate::town::{ROADS, get, map, number, ready, started, streets};
use belfry_ngsi_ld::Json;
use std::io::Write;

#[tokio::test(flavor = "multi_thread")]
async fn a_map_is_put_told_and_kept() {
    let server = Server::start().await;
    assert_eq!(get(&server, "roads").await.expect(200).member("state"), Json::from("none"));
    let none = get(&server, "route/v1/car/9.5,47;9.51,47").await.expect(404);
    assert!(none.text().contains("there is no road map yet"), "{}", none.text());

    let told = server.put(ROADS, "application/xml", map()).await.expect(201);
    assert_eq!(told.header("location"), ROADS);
    for (path, value) in [
        ("state", Json::from("ready")),
        ("map.edition", Json::Int(1)),
        ("map.nodes", Json::Int(6)),
        ("map.ways", Json::Int(5)),
        ("map.relations", Json::Int(1)),
        ("map.roads", Json::Int(5)),
        ("networks.0.family", Json::from("drive")),
        ("networks.0.junctions", Json::Int(6)),
        // A street of two links, twice, and three lanes; each both ways.
        ("networks.0.edges", Json::Int(14)),
        ("networks.0.restrictions", Json::Int(0)),
        ("networks.0.rejectedRestrictions.0.count", Json::Int(1)),
        ("live.closures", Json::Int(0)),
    ] {
        assert_eq!(told.member(path), value, "{path} in {}", told.text());
    }
    assert_eq!(streets(&server, "car", (9.5001, 47.0), (9.5099, 47.0)).await, ["South Street"]);

    // The same, packed; it takes the place of the first.
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(map().replace("South Street", "Old Street").as_bytes()).unwrap();
    let told = server.put(ROADS, "application/gzip", gz.finish().unwrap()).await.expect(200);
    assert_eq!(told.member("map.edition"), Json::Int(2));
    assert_eq!(streets(&server, "car", (9.5001, 47.0), (9.5099, 47.0)).await, ["Old Street"]);

    // A new server makes its roads of the file that is kept.
    let dir = Some(server.stop().await);
    let server = Server::set_up(Setup { dir, ..Setup::default() }).await;
    assert_eq!(ready(&server).await.member("map.edition"), Json::Int(2));
    assert_eq!(streets(&server, "car", (9.5001, 47.0), (9.5099, 47.0)).await, ["Old Street"]);

    server.call("DELETE", &format!("!{ROADS}"), &[], "").await.expect(204);
    server.call("DELETE", &format!("!{ROADS}"), &[], "").await.expect(404);
    get(&server, "route/v1/car/9.5,47;9.51,47").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_map_changes_nothing() {
    let server = started().await;
    let whole = map();
    let cut = whole[..whole.len() - 40].to_owned();
    let nowhere = whole.replace("lat=\"47", "lat=\"147");
    for (what, body, why) in [
        ("no map", "nonsense".to_owned(), "the map"),
        ("cut off", cut, "the map is broken at byte"),
        ("no roads", whole.replace("highway", "building"), "the map holds no road"),
        ("off the globe", nowhere, "no road of the map has two nodes that are in it"),
    ] {
        let reply = server.put(ROADS, "application/octet-stream", body).await.expect(400);
        let detail = reply.member("detail");
        assert!(detail.as_str().unwrap().starts_with(why), "{what}: {}", reply.text());
    }
    server.put(ROADS, "application/json", "{}").await.expect(415);
    server.put(ROADS, "application/xml", vec![b' '; (1 << 20) + 1]).await.expect(413);
    let told = get(&server, "roads").await.expect(200);
    assert_eq!(told.member("map.edition"), Json::Int(1));
    assert!(number(&told.member("map.madeInMilliseconds")) >= 0.0);
    assert_eq!(streets(&server, "car", (9.5001, 47.0), (9.5099, 47.0)).await, ["South Street"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_has_roads_of_its_own() {
    let server = started().await;
    server.app.tenants.get_or_create("mill").unwrap();
    let mill = [("ngsild-tenant", "mill")];
    let path = "!/belfry/v1/transport/roads";
    assert_eq!(server.call("GET", path, &mill, "").await.expect(200).member("state"), Json::from("none"));
    let both = [mill[0], ("content-type", "application/xml")];
    server.call("PUT", path, &both, &map().replace("South", "Mill")).await.expect(201);
    assert_eq!(streets(&server, "car", (9.5001, 47.0), (9.5099, 47.0)).await, ["South Street"]);
}
