//! Dispatch: units ranked by road time now, and those that cannot come, with reasons.

use crate::server::Server;
use crate::town::{number, started};
use belfry_kernel::Clock;
use belfry_ngsi_ld::Json;
use belfry_runtime::SystemClock;
use std::time::Duration;

async fn dispatch(server: &Server, body: &str) -> crate::server::Reply {
    server.post("!/belfry/v1/transport/dispatch", body).await
}

fn ids(json: &Json) -> Vec<String> {
    let Json::Array(all) = json else { panic!("{json:?}") };
    all.iter().filter_map(|one| one.get("id")?.as_str().map(str::to_owned)).collect()
}

/// Engines at places, their position known since so many seconds.
async fn engine(server: &Server, name: &str, lon: f64, lat: f64, status: &str, age_s: i64) {
    let at = SystemClock.now().plus_micros(-age_s * 1_000_000);
    let body = format!(
        r#"{{"id":"urn:unit:{name}","type":"Vehicle","name":"Engine {name}","serviceStatus":"{status}",
            "location":{{"type":"GeoProperty","observedAt":"{at}","value":{{"type":"Point","coordinates":[{lon},{lat}]}}}}}}"#
    );
    server.post("/entities", &body).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn units_are_ranked_by_road_time_and_the_others_say_why_not() {
    let server = started().await;
    engine(&server, "near", 9.506, 47.0, "onCall", 5).await;
    engine(&server, "far", 9.5, 47.001, "onCall", 5).await;
    engine(&server, "busy", 9.509, 47.0, "broken", 5).await;
    engine(&server, "lost", 9.507, 47.1, "onCall", 5).await;
    engine(&server, "silent", 9.508, 47.0, "onCall", 900).await;
    server.post("/entities", r#"{"id":"urn:unit:garage","type":"Vehicle","serviceStatus":"onCall"}"#).await.expect(201);
    let incident = r#"{"id":"urn:incident:1","type":"Fire","location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[9.5099,47.00005]}}}"#;
    server.post("/entities", incident).await.expect(201);

    let units = r#""units":{"type":"Vehicle","q":"serviceStatus==\"onCall\""}"#;
    let asked = format!(r#"{{"incident":"urn:incident:1","class":"fire_engine","maxAge":300,{units}}}"#);
    let reply = dispatch(&server, &asked).await.expect(200);
    assert_eq!(ids(&reply.member("units")), ["urn:unit:near", "urn:unit:far"], "{}", reply.text());
    assert_eq!(reply.member("place.name"), Json::from("South Street"));
    assert_eq!(reply.member("units.0.name"), Json::from("Engine near"));
    let durations = ["units.0.duration", "units.1.duration"].map(|path| number(&reply.member(path)));
    assert!(0.0 < durations[0] && durations[0] < durations[1], "{durations:?}");
    assert!((4.0..60.0).contains(&number(&reply.member("units.0.positionAge"))));
    for (at, (id, reason)) in
        [("urn:unit:garage", "noLocation"), ("urn:unit:lost", "unsnapped"), ("urn:unit:silent", "stale")]
            .iter()
            .enumerate()
    {
        assert_eq!(reply.member(&format!("leftOut.{at}.id")), Json::from(*id), "{}", reply.text());
        assert_eq!(reply.member(&format!("leftOut.{at}.reason")), Json::from(*reason));
    }
    // The time is that of the route.
    let route = server.get("!/belfry/v1/transport/route/v1/fire_engine/9.506,47.0;9.5099,47.00005").await.expect(200);
    assert_eq!(route.member("routes.0.duration"), reply.member("units.0.duration"));

    // Listed ones, by place, without regard to age, the first alone.
    let asked = r#"{"place":{"lon":9.5099,"lat":47.0},"class":"car","limit":1,
                    "units":{"ids":["urn:unit:far","urn:unit:silent","urn:unit:nobody"]}}"#;
    let reply = dispatch(&server, asked).await.expect(200);
    assert_eq!(
        (ids(&reply.member("units")), reply.member("ranked")),
        (vec!["urn:unit:silent".to_owned()], Json::Int(2))
    );
    assert_eq!(reply.member("leftOut.0.reason"), Json::from("missing"));

    // With both ways out of the west closed, nobody from there gets through.
    for (id, lat) in [("1", 47.0), ("2", 47.001)] {
        let body = format!(
            r#"{{"id":"urn:c:{id}","type":"RoadClosure","location":{{"type":"GeoProperty","value":{{"type":"LineString","coordinates":[[9.5,{lat}],[9.505,{lat}]]}}}}}}"#
        );
        server.post("/entities", &body).await.expect(201);
    }
    engine(&server, "lane", 9.5, 47.0005, "onCall", 1).await;
    let asked = r#"{"place":[9.5099,47.0],"class":"ambulance","units":{"ids":["urn:unit:lane","urn:unit:near"]}}"#;
    let begun = std::time::Instant::now();
    loop {
        let reply = dispatch(&server, asked).await.expect(200);
        if reply.member("leftOut.0.reason") == Json::from("unreachable") {
            assert_eq!(ids(&reply.member("units")), ["urn:unit:near"]);
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{}", reply.text());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_is_told() {
    let server = started().await;
    let units = r#""units":{"ids":["urn:u:1"]}"#;
    for (body, status, part) in [
        (format!(r#"{{"place":[9.5,49],"class":"car",{units}}}"#), 400, "the place: the nearest road is"),
        (format!(r#"{{"incident":"urn:none:1","class":"car",{units}}}"#), 404, "there is no entity urn:none:1"),
        (r#"{"place":[9.5,47],"class":"car","units":{"type":"("}}"#.to_owned(), 400, ""),
        ("{".to_owned(), 400, "the body is not valid JSON"),
    ] {
        let reply = dispatch(&server, &body).await.expect(status);
        assert!(reply.member("detail").as_str().unwrap().starts_with(part), "{}", reply.text());
    }
    server.post("/entities", r#"{"id":"urn:i:1","type":"Fire"}"#).await.expect(201);
    let reply = dispatch(&server, &format!(r#"{{"incident":"urn:i:1","class":"car",{units}}}"#)).await.expect(400);
    assert!(reply.text().contains("has no location"));
    // Nobody to send is an answer.
    let none = dispatch(&server, r#"{"place":[9.5,47],"class":"car","units":{"type":"Vehicle"}}"#).await.expect(200);
    assert_eq!((none.member("ranked"), none.member("units")), (Json::Int(0), Json::Array(Vec::new())));
}
