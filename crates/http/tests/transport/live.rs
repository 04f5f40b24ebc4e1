//! What entities say of roads while the server runs: closures and speeds come into force, end, and outlive a restart.

use crate::server::{Server, Setup};
use crate::town::{get, number, ready, started, streets, until};
use belfry_kernel::Clock;
use belfry_ngsi_ld::Json;
use belfry_runtime::SystemClock;
use std::time::Duration;

/// The western half of South Street, where a car from end to end has to go along.
const WEST: &str = r#""location":{"type":"GeoProperty","value":{"type":"LineString","coordinates":[[9.5005,47.00002],[9.5045,47.00002]]}}"#;
const USUAL: [&str; 1] = ["South Street"];

async fn patch(server: &Server, id: &str, body: &str) {
    server
        .call("PATCH", &format!("/entities/{id}/attrs"), &[("content-type", "application/json")], body)
        .await
        .expect(204);
}

fn after(seconds: i64) -> String {
    SystemClock.now().plus_micros(seconds * 1_000_000).to_string()
}

async fn begins(server: &Server) {
    // From the corner itself, so that the closed half is not begun on.
    assert_eq!(streets(server, "car", (9.5001, 47.0), (9.5099, 47.0)).await, USUAL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_segment_is_driven_around_until_it_is_open() {
    let server = started().await;
    begins(&server).await;
    let segment = format!(r#"{{"id":"urn:seg:1","type":"RoadSegment","status":"closed",{WEST}}}"#);
    server.post("/entities", &segment).await.expect(201);
    // Who stands on a closed link goes nowhere; who comes from the corner goes around.
    let around = |class: &'static str| (class, (9.500, 47.0005), (9.5099, 47.0));
    wait(&server, around("car"), &["West Lane", "North Street", "Mid Lane", "South Street"]).await;
    // Of two ways around that are as long, another class may take the other.
    for class in ["fire_engine", "truck", "bicycle", "foot"] {
        let begun = std::time::Instant::now();
        while !streets(&server, class, (9.500, 47.0005), (9.5099, 47.0)).await.contains(&"North Street".to_owned()) {
            assert!(begun.elapsed() < Duration::from_secs(10), "{class} goes through");
        }
    }
    let told = get(&server, "roads").await.expect(200);
    assert_eq!(told.member("live.closures"), Json::Int(1));
    assert!(number(&told.member("live.inForceAfterMilliseconds")) < 1000.0, "{}", told.text());

    // A server that starts anew finds it closed.
    let dir = Some(server.stop().await);
    let server = Server::set_up(Setup { dir, ..Setup::default() }).await;
    ready(&server).await;
    wait(&server, around("car"), &["West Lane", "North Street", "Mid Lane", "South Street"]).await;

    patch(&server, "urn:seg:1", r#"{"status":{"type":"Property","value":"open"}}"#).await;
    wait(&server, around("car"), &["West Lane", "South Street"]).await;
    patch(&server, "urn:seg:1", r#"{"status":{"type":"Property","value":"closed"}}"#).await;
    wait(&server, around("car"), &["West Lane", "North Street", "Mid Lane", "South Street"]).await;
    server.call("DELETE", "/entities/urn:seg:1", &[], "").await.expect(204);
    wait(&server, around("car"), &["West Lane", "South Street"]).await;
    assert_eq!(get(&server, "roads").await.member("live.closures"), Json::Int(0));
}

async fn wait(server: &Server, (class, from, to): (&str, (f64, f64), (f64, f64)), wanted: &[&str]) {
    let begun = std::time::Instant::now();
    loop {
        let found = streets(server, class, from, to).await;
        if found == wanted {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{class} goes over {found:?}, not {wanted:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closure_lets_some_through_begins_and_ends_by_itself() {
    let server = started().await;
    let car = ("car", (9.500, 47.0005), (9.5099, 47.0));
    let walk = ("bicycle", (9.500, 47.0005), (9.5099, 47.0));
    let (usual, around) = (["West Lane", "South Street"], ["West Lane", "North Street", "Mid Lane", "South Street"]);
    let closure = format!(
        r#"{{"id":"urn:work:1","type":"RoadWorks","startDate":"{}","endDate":"{}","allowedVehicleType":["bicycle"],{WEST}}}"#,
        after(1),
        after(3)
    );
    server.post("/entities", &closure).await.expect(201);
    assert_eq!(streets(&server, car.0, car.1, car.2).await, usual);
    wait(&server, car, &around).await;
    assert_eq!(streets(&server, walk.0, walk.1, walk.2).await, usual);
    wait(&server, car, &usual).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn measured_speeds_count_while_they_are_fresh() {
    let server = started().await;
    let flow = |id: &str, kmh: f64, at: &str, more: &str| {
        format!(
            r#"{{"id":"urn:flow:{id}","type":"TrafficFlowObserved","averageVehicleSpeed":{{"type":"Property","value":{kmh},"observedAt":"{at}"}}{more}}}"#
        )
    };
    // An old one says nothing.
    server.post("/entities", &flow("old", 4.0, &after(-3600), &format!(",{WEST}"))).await.expect(201);
    // Traffic crawls eastward on the western half.
    let east = format!(",\"laneDirection\":\"forward\",{WEST}");
    server.post("/entities", &flow("1", 4.0, &after(0), &east)).await.expect(201);
    let (to_east, to_west) = (((9.500, 47.0005), (9.5099, 47.0)), ((9.5099, 47.0), (9.500, 47.0005)));
    wait(&server, ("car", to_east.0, to_east.1), &["West Lane", "North Street", "Mid Lane", "South Street"]).await;
    assert_eq!(streets(&server, "car", to_west.0, to_west.1).await, ["South Street", "West Lane"]);
    // What vehicles drive is nothing to bicycles.
    assert_eq!(streets(&server, "bicycle", to_east.0, to_east.1).await, ["West Lane", "South Street"]);
    let told = get(&server, "roads").await;
    assert_eq!((told.member("live.speeds"), told.member("live.closures")), (Json::Int(1), Json::Int(0)));
    let fast = format!(r#"{{"averageVehicleSpeed":{{"type":"Property","value":130,"observedAt":"{}"}}}}"#, after(0));
    patch(&server, "urn:flow:1", &fast).await;
    wait(&server, ("car", to_east.0, to_east.1), &["West Lane", "South Street"]).await;
    // Faster than a car drives there by itself it is not.
    let before = get(&server, "route/v1/car/9.5001,47.0;9.5049,47.0").await.member("routes.0.duration");
    server.call("DELETE", "/entities/urn:flow:1", &[], "").await.expect(204);
    tokio::time::sleep(Duration::from_millis(400)).await;
    let after_it = get(&server, "route/v1/car/9.5001,47.0;9.5049,47.0").await.member("routes.0.duration");
    assert_eq!(before, after_it);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_is_referred_to_and_what_cannot_be_used_is_told() {
    let server = started().await;
    let closure =
        r#"{"id":"urn:c:1","type":"RoadClosure","refRoadSegment":{"type":"Relationship","object":"urn:seg:9"}}"#;
    server.post("/entities", closure).await.expect(201);
    let car = ((9.500, 47.0005), (9.5099, 47.0));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(streets(&server, "car", car.0, car.1).await, ["West Lane", "South Street"]);
    // The segment comes later, and is open itself.
    let segment = format!(r#"{{"id":"urn:seg:9","type":"RoadSegment","status":"open",{WEST}}}"#);
    server.post("/entities", &segment).await.expect(201);
    wait(&server, ("car", car.0, car.1), &["West Lane", "North Street", "Mid Lane", "South Street"]).await;

    for (id, members) in [
        ("2", r#""averageVehicleSpeed":-1"#),
        ("3", r#""averageVehicleSpeed":30"#),
        (
            "4",
            r#""averageVehicleSpeed":30,"location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[12,50]}}"#,
        ),
    ] {
        let body = format!(r#"{{"id":"urn:f:{id}","type":"TrafficFlowObserved",{members}}}"#);
        server.post("/entities", &body).await.expect(201);
    }
    let begun = std::time::Instant::now();
    loop {
        let told = get(&server, "roads").await.expect(200);
        let elsewhere = told.member("live.whereNoRoadIs");
        if elsewhere == Json::Int(1) && told.member("live.unusable.1.count") == Json::Int(1) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{}", told.text());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_changes_ends_in_what_was_said_last() {
    let server = started().await;
    let lines: String = (0..500)
        .map(|n| {
            format!(r#"{{"id":"urn:flow:{n}","type":"TrafficFlowObserved","averageVehicleSpeed":{},{WEST}}}"#, n % 50)
                + "\n"
        })
        .collect();
    let headers = [("content-type", "application/x-ndjson")];
    for _ in 0..3 {
        server.call("POST", "/entityOperations/upsert", &headers, &lines).await;
    }
    let closure = format!(r#"{{"id":"urn:c:1","type":"RoadClosure",{WEST}}}"#);
    server.post("/entities", &closure).await.expect(201);
    wait(
        &server,
        ("car", (9.500, 47.0005), (9.5099, 47.0)),
        &["West Lane", "North Street", "Mid Lane", "South Street"],
    )
    .await;
    server.call("DELETE", "/entities/urn:c:1", &[], "").await.expect(204);
    // In the mean they drive some 25 km/h, which is slower than around the block or not, but never closed.
    let told = get(&server, "roads").await;
    assert_eq!(told.member("live.speeds"), Json::Int(500), "{}", told.text());
    wait_open(&server).await;
}

async fn wait_open(server: &Server) {
    let begun = std::time::Instant::now();
    loop {
        let near = get(server, "nearest/v1/car/9.502,47.0?radiuses=20").await;
        if near.status == 200 {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{}", near.text());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_begins_on_the_open_part_of_the_street_goes_on() {
    let server = started().await;
    let east = r#""location":{"type":"GeoProperty","value":{"type":"LineString","coordinates":[[9.5055,47.0],[9.5095,47.0]]}}"#;
    let closure = format!(r#"{{"id":"urn:c:1","type":"RoadClosure",{east}}}"#);
    server.post("/entities", &closure).await.expect(201);
    let took = until(&server, "car", &["South Street", "Mid Lane", "North Street", "East Lane"]).await;
    println!("a closure was in force for a client after {took:?}");
}
