//! Tiles of entities: by type, as the state is, at once after a change.

use crate::server::Server;
use crate::village::{tile_at, values};
use belfry_ngsi_ld::Json;

fn live(zoom: u8, types: &str) -> String {
    let query = if types.is_empty() { String::new() } else { format!("?type={types}") };
    format!("!/belfry/v1/registers/tiles/live/{}{query}", tile_at(9.505, 47.003, zoom))
}

async fn put(server: &Server, id: &str, kind: &str, lon: f64, name: &str) {
    let body = format!(
        r#"{{"id":"urn:ngsi-ld:{kind}:{id}","type":"{kind}","name":{{"type":"Property","value":"{name}"}},
            "location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[{lon},47.003]}}}}}}"#
    );
    server.post("/entities", &body).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn entities_are_on_tiles_as_they_are_now() {
    let server = Server::start().await;
    server.get(&live(15, "")).await.expect(204);
    put(&server, "1", "Hydrant", 9.5050, "North").await;
    put(&server, "2", "Tree", 9.5051, "Oak").await;
    let all = server.get(&live(15, "")).await.expect(200);
    assert_eq!(values(&all, "live", "entity"), ["urn:ngsi-ld:Hydrant:1", "urn:ngsi-ld:Tree:2"]);
    assert_eq!(values(&all, "live", "type"), ["Hydrant", "Tree"]);
    assert_eq!(values(&all, "live", "state"), ["normal", "normal"]);
    assert_eq!(all.header("cache-control"), "private, max-age=2");
    let trees = server.get(&live(15, "Tree")).await.expect(200);
    assert_eq!(values(&trees, "live", "name"), ["Oak"]);
    let full = live(15, "https%3A%2F%2Furi.etsi.org%2Fngsi-ld%2Fdefault-context%2FTree,Nothing");
    assert_eq!(server.get(&full).await.expect(200).body, trees.body);
    server.get(&live(15, "Nothing")).await.expect(204);

    // Far out, many are one.
    put(&server, "3", "Tree", 9.5052, "Ash").await;
    assert_eq!(values(&server.get(&live(10, "Tree")).await.expect(200), "live", "count"), ["2"]);

    // Every change is on the next tile: a name, a place, an end, and a type that is new.
    let name = r#"{"name":{"type":"Property","value":"Old oak"}}"#;
    server.call("PATCH", "/entities/urn:ngsi-ld:Tree:2", &[], name).await.expect(204);
    assert_eq!(values(&server.get(&live(15, "Tree")).await.expect(200), "live", "name"), ["Ash", "Old oak"]);
    let far = r#"{"location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[20,10]}}}"#;
    server.call("PATCH", "/entities/urn:ngsi-ld:Tree:2", &[], far).await.expect(204);
    assert_eq!(values(&server.get(&live(15, "Tree")).await.expect(200), "live", "name"), ["Ash"]);
    server.call("DELETE", "/entities/urn:ngsi-ld:Tree:3", &[], "").await.expect(204);
    server.get(&live(15, "Tree")).await.expect(204);
    put(&server, "1", "Bench", 9.5050, "Seat").await;
    assert_eq!(values(&server.get(&live(15, "Bench")).await.expect(200), "live", "name"), ["Seat"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_concern_a_layer_leaves_its_tile_as_it_is() {
    let server = Server::start().await;
    put(&server, "1", "Hydrant", 9.505, "North").await;
    let first = server.get(&live(15, "Hydrant")).await.expect(200);
    put(&server, "1", "Tree", 9.505, "Oak").await;
    let again = server.call("GET", &live(15, "Hydrant"), &[("if-none-match", first.header("etag"))], "").await;
    again.expect(304);
    let all = server.get(&live(15, "")).await.expect(200);
    assert_ne!(all.header("etag"), first.header("etag"));
}

#[tokio::test(flavor = "multi_thread")]
async fn old_values_look_stale_and_areas_are_drawn() {
    let server = Server::start().await;
    let body = r#"{"id":"urn:ngsi-ld:Field:1","type":"Field",
        "moisture":{"type":"Property","value":3,"observedAt":"2020-01-01T00:00:00Z"},
        "name":{"type":"LanguageProperty","languageMap":{"en":"Mill field","ar":"حقل"}},
        "location":{"type":"GeoProperty","value":{"type":"Polygon",
        "coordinates":[[[9.504,47.002],[9.506,47.002],[9.506,47.004],[9.504,47.004],[9.504,47.002]]]}}}"#;
    server.post("/entities", body).await.expect(201);
    let tile = server.get(&live(15, "Field")).await.expect(200);
    assert_eq!(values(&tile, "live", "state").first().map(String::as_str), Some("stale"));
    assert!(values(&tile, "live", "name:ar").iter().any(|name| name == "حقل"));
    let json = server.get("!/belfry/v1/registers/tiles/live?type=Field").await.expect(200);
    let address = format!("http://{}/belfry/v1/registers/tiles/live/{{z}}/{{x}}/{{y}}?type=Field", server.address);
    assert_eq!(json.member("tiles.0"), Json::from(address.as_str()));
    assert_eq!(json.member("vector_layers.0.id"), Json::from("live"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_town_is_caught_up_with() {
    let server = Server::start().await;
    put(&server, "0", "Meter", 9.505, "first").await;
    server.get(&live(15, "Meter")).await.expect(200);
    for n in 1..40 {
        let name = format!(r#"{{"name":{{"type":"Property","value":"n{n}"}}}}"#);
        server.call("PATCH", "/entities/urn:ngsi-ld:Meter:0", &[], &name).await.expect(204);
        let tile = server.get(&live(15, "Meter")).await.expect(200);
        assert_eq!(values(&tile, "live", "name"), [format!("n{n}")]);
    }
}
