//! A drawn village, put on a server: a street, a house, a wood, a name in two languages. And what is on a tile.

use crate::server::{Reply, Server};
use belfry_kernel::Position;
use belfry_ngsi_ld::Json;
use belfry_tiles::mvt::{Limits, Value, decode};
use belfry_tiles::{Address, mvt};
use std::time::{Duration, Instant};

pub const BASEMAP: &str = "/belfry/v1/registers/basemap";

/// The village as OpenStreetMap XML.
pub fn map() -> String {
    let mut xml = "<?xml version=\"1.0\"?>\n<osm version=\"0.6\">\n".to_owned();
    let corners = [(9.500, 47.0), (9.510, 47.0), (9.510, 47.006), (9.500, 47.006)];
    let house = [(9.5040, 47.0010), (9.5042, 47.0010), (9.5042, 47.0012), (9.5040, 47.0012)];
    for (at, (lon, lat)) in corners.iter().chain(&house).enumerate() {
        xml += &format!("<node id=\"{}\" lon=\"{lon}\" lat=\"{lat}\"/>\n", at + 1);
    }
    xml += "<node id=\"9\" lon=\"9.505\" lat=\"47.003\"><tag k=\"place\" v=\"village\"/><tag k=\"name\" v=\"Mühldorf\"/>\
            <tag k=\"name:ar\" v=\"مولدورف\"/></node>\n";
    xml += "<way id=\"1\"><nd ref=\"1\"/><nd ref=\"2\"/><tag k=\"highway\" v=\"primary\"/><tag k=\"name\" v=\"Mill Street\"/></way>\n";
    xml += "<way id=\"2\"><nd ref=\"5\"/><nd ref=\"6\"/><nd ref=\"7\"/><nd ref=\"8\"/><nd ref=\"5\"/><tag k=\"building\" v=\"yes\"/></way>\n";
    xml += "<way id=\"3\"><nd ref=\"1\"/><nd ref=\"2\"/><nd ref=\"3\"/><nd ref=\"4\"/><nd ref=\"1\"/><tag k=\"landuse\" v=\"forest\"/></way>\n";
    xml + "</osm>\n"
}

/// A tree in the middle of the village.
pub const TREE: &str = r#"{"id":"urn:ngsi-ld:Tree:1","type":"Tree",
    "location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[9.505,47.003]}}}"#;

/// A server with the village on it.
pub async fn started() -> Server {
    let server = Server::start().await;
    server.put(BASEMAP, "application/xml", map()).await.expect(201);
    server
}

/// The path of the tile of a zoom in which a place lies.
pub fn tile_at(lon: f64, lat: f64, zoom: u8) -> String {
    Address::at(Position { lon, lat, alt: None }, zoom).to_string()
}

/// The tile of the basemap that the middle of the village is on.
pub fn middle(zoom: u8) -> String {
    format!("!/belfry/v1/registers/tiles/basemap/{}", tile_at(9.505, 47.003, zoom))
}

/// The values of a field in a layer of a tile.
pub fn values(tile: &Reply, layer: &str, key: &str) -> Vec<String> {
    assert_eq!(tile.header("content-type"), mvt::MEDIA_TYPE);
    let mut all = Vec::new();
    let decoded = decode(&tile.body, &Limits::default()).unwrap();
    for found in decoded.layers.iter().filter(|found| found.name == layer) {
        for feature in &found.features {
            match found.field(feature, key) {
                Some(Value::Text(text)) => all.push(text.to_owned()),
                Some(Value::Uint(number)) => all.push(number.to_string()),
                _ => {}
            }
        }
    }
    all.sort();
    all
}

/// Waits until the basemap is ready.
pub async fn ready(server: &Server) -> Reply {
    let begun = Instant::now();
    loop {
        let told = server.get(&format!("!{BASEMAP}")).await.expect(200);
        if told.member("state") == Json::from("ready") {
            return told;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{}", told.text());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
