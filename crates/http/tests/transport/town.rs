//! A drawn town, put on a server: two streets from west to east, 111 m apart, and three lanes across them, 380 m apart.
//!
//! ```text
//! 4 --North Street-- 5 --North Street-- 6
//! |West Lane         |Mid Lane          |East Lane
//! 1 --South Street-- 2 --South Street-- 3
//! ```

use crate::server::{Reply, Server};
use belfry_ngsi_ld::Json;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Places of the corners.
pub const CORNERS: [(f64, f64); 6] =
    [(9.500, 47.0), (9.505, 47.0), (9.510, 47.0), (9.500, 47.001), (9.505, 47.001), (9.510, 47.001)];

pub const ROADS: &str = "/belfry/v1/transport/roads";

/// The town as OpenStreetMap XML. South Street is the quicker one.
pub fn map() -> String {
    let mut xml = "<?xml version=\"1.0\"?>\n<osm version=\"0.6\">\n".to_owned();
    for (at, (lon, lat)) in CORNERS.iter().enumerate() {
        writeln!(xml, "<node id=\"{}\" lon=\"{lon}\" lat=\"{lat}\"/>", at + 1).unwrap();
    }
    for (id, nodes, kind, name) in [
        (1, &[1, 2, 3][..], "secondary", "South Street"),
        (2, &[4, 5, 6], "residential", "North Street"),
        (3, &[1, 4], "residential", "West Lane"),
        (4, &[2, 5], "residential", "Mid Lane"),
        (5, &[3, 6], "residential", "East Lane"),
    ] {
        write!(xml, "<way id=\"{id}\">").unwrap();
        nodes.iter().for_each(|node| write!(xml, "<nd ref=\"{node}\"/>").unwrap());
        writeln!(xml, "<tag k=\"highway\" v=\"{kind}\"/><tag k=\"name\" v=\"{name}\"/></way>").unwrap();
    }
    xml.push_str(
        "<relation id=\"1\"><member type=\"way\" ref=\"3\" role=\"from\"/><member type=\"node\" ref=\"9\" role=\"via\"/>\
         <member type=\"way\" ref=\"1\" role=\"to\"/><tag k=\"type\" v=\"restriction\"/>\
         <tag k=\"restriction\" v=\"no_left_turn\"/></relation>\n</osm>\n",
    );
    xml
}

/// A server with the town on it.
pub async fn started() -> Server {
    let server = Server::start().await;
    server.put(ROADS, "application/xml", map()).await.expect(201);
    server
}

pub fn number(json: &Json) -> f64 {
    json.as_f64().unwrap_or_else(|| panic!("{json:?} is no number"))
}

/// GET below the application.
pub async fn get(server: &Server, path: &str) -> Reply {
    server.get(&format!("!/belfry/v1/transport/{path}")).await
}

/// The roads of the best way, by the names of its steps.
pub async fn streets(server: &Server, class: &str, from: (f64, f64), to: (f64, f64)) -> Vec<String> {
    let path = format!("route/v1/{class}/{},{};{},{}?steps=true", from.0, from.1, to.0, to.1);
    let reply = get(server, &path).await;
    if reply.status == 400 && reply.member("code") == Json::from("NoRoute") {
        return Vec::new();
    }
    let Json::Array(steps) = reply.expect(200).member("routes.0.legs.0.steps") else { panic!("no steps") };
    let mut names: Vec<String> =
        steps.iter().filter_map(|step| step.get("name")?.as_str().map(str::to_owned)).collect();
    names.dedup();
    names
}

/// Waits until the best way of a car along South Street, end to end, goes over these roads; how long that took.
pub async fn until(server: &Server, class: &str, wanted: &[&str]) -> Duration {
    let begun = Instant::now();
    loop {
        let found = streets(server, class, (9.5001, 47.0), (9.5099, 47.0)).await;
        if found == wanted {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{class} goes over {found:?} and not over {wanted:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Waits until the roads are ready.
pub async fn ready(server: &Server) -> Reply {
    let begun = Instant::now();
    loop {
        let told = get(server, "roads").await.expect(200);
        if told.member("state") == Json::from("ready") {
            return told;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{}", told.text());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
