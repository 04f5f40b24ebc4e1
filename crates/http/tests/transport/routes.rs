//! Routes, tables, places, traces and isochrones on the drawn town, in the forms of OSRM and Valhalla.

use crate::server::Server;
use crate::town::{get, number, started};
use belfry_ngsi_ld::Json;

const ACROSS: &str = "9.5001,47.0;9.5099,47.001";

#[tokio::test(flavor = "multi_thread")]
async fn a_route_has_osrms_form() {
    let server = started().await;
    let path = format!("route/v1/car/{ACROSS}?steps=true&geometries=geojson&overview=full&annotations=true");
    let reply = get(&server, &path).await.expect(200);
    for (path, value) in [
        ("code", Json::from("Ok")),
        ("routes.0.weight_name", Json::from("duration")),
        ("routes.0.geometry.type", Json::from("LineString")),
        ("routes.0.geometry.coordinates.0.0", Json::Float(9.5001)),
        ("routes.0.legs.0.steps.0.maneuver.type", Json::from("depart")),
        ("routes.0.legs.0.steps.0.maneuver.bearing_before", Json::Int(0)),
        ("routes.0.legs.0.steps.0.maneuver.bearing_after", Json::Int(90)),
        ("routes.0.legs.0.steps.0.name", Json::from("South Street")),
        ("routes.0.legs.0.steps.0.mode", Json::from("driving")),
        ("routes.0.legs.0.steps.0.driving_side", Json::from("right")),
        ("waypoints.0.name", Json::from("South Street")),
        ("waypoints.1.name", Json::from("North Street")),
        ("waypoints.0.location", Json::Array(vec![Json::Float(9.5001), Json::Int(47)])),
    ] {
        assert_eq!(reply.member(path), value, "{path} in {}", reply.text());
    }
    let Json::Array(steps) = reply.member("routes.0.legs.0.steps") else { panic!("{}", reply.text()) };
    let kinds: Vec<_> = steps
        .iter()
        .map(|step| {
            let of = |name| step.get("maneuver").and_then(|m| m.get(name)).and_then(Json::as_str).unwrap_or("");
            format!("{} {}", of("type"), of("modifier")).trim().to_owned()
        })
        .collect();
    assert_eq!(
        (kinds[0].as_str(), kinds[1].as_str(), kinds[kinds.len() - 1].as_str()),
        ("depart", "new name left", "arrive")
    );
    // Where roads meet, one turns.
    let turned = get(&server, "route/v1/car/9.5001,47.0;9.505,47.0005?steps=true").await.expect(200);
    let step = |path: &str| turned.member(&format!("routes.0.legs.0.steps.1.maneuver.{path}"));
    assert_eq!((step("type"), step("modifier")), (Json::from("turn"), Json::from("left")));
    assert_eq!((step("bearing_before"), step("bearing_after")), (Json::Int(90), Json::Int(0)));
    // The parts are the whole.
    let sum = |all: &Json, name: &str| match all {
        Json::Array(all) => all.iter().map(|one| number(one.get(name).unwrap())).sum::<f64>(),
        _ => panic!("{all:?}"),
    };
    let (distance, duration) = (number(&reply.member("routes.0.distance")), number(&reply.member("routes.0.duration")));
    assert!((sum(&Json::Array(steps.clone()), "distance") - distance).abs() < 1.0);
    assert!((sum(&Json::Array(steps), "duration") - duration).abs() < 1.0);
    let Json::Array(pieces) = reply.member("routes.0.legs.0.annotation.distance") else { panic!("{}", reply.text()) };
    let Json::Array(line) = reply.member("routes.0.geometry.coordinates") else { panic!("{}", reply.text()) };
    assert_eq!(pieces.len() + 1, line.len());
    assert!((pieces.iter().map(number).sum::<f64>() - distance).abs() < 1.0);

    // Three places make two legs; texts for lines.
    let path = "route/v1/driving/9.5001,47.0;9.505,47.0005;9.5099,47.0?overview=simplified&geometries=polyline6&skip_waypoints=true";
    let reply = get(&server, path).await.expect(200);
    let Json::Array(legs) = reply.member("routes.0.legs") else { panic!("{}", reply.text()) };
    assert_eq!((legs.len(), reply.member("waypoints")), (2, Json::Null));
    assert!(reply.member("routes.0.geometry").as_str().is_some_and(|text| text.len() > 8));
    assert_eq!(reply.member("routes.0.legs.0.steps"), Json::Array(Vec::new()));
    let none = get(&server, &format!("route/v1/car/{ACROSS}?overview=false")).await.expect(200);
    assert_eq!(none.member("routes.0.geometry"), Json::Null);

    // The other way round the block.
    let reply = get(&server, &format!("route/v1/car/{ACROSS}.json?alternatives=2")).await.expect(200);
    let Json::Array(routes) = reply.member("routes") else { panic!("{}", reply.text()) };
    assert!((1..=3).contains(&routes.len()));
    // Every class has its pace.
    let mut durations = Vec::new();
    for class in ["ambulance", "car", "bicycle", "foot"] {
        let reply = get(&server, &format!("route/v1/{class}/{ACROSS}")).await.expect(200);
        durations.push(number(&reply.member("routes.0.duration")));
    }
    assert!(durations.is_sorted() && durations[0] < durations[3], "{durations:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_holds_what_routes_take() {
    let server = started().await;
    let places = ["9.5001,47.0", "9.5052,47.001", "9.5099,47.0004"];
    let all = places.join(";");
    let table = get(&server, &format!("table/v1/car/{all}?annotations=duration,distance")).await.expect(200);
    for (row, from) in places.iter().enumerate() {
        for (column, to) in places.iter().enumerate() {
            let route = get(&server, &format!("route/v1/car/{from};{to}")).await.expect(200);
            for (table_name, name) in [("durations", "duration"), ("distances", "distance")] {
                let cell = number(&table.member(&format!("{table_name}.{row}.{column}")));
                let whole = number(&route.member(&format!("routes.0.{name}")));
                assert!((cell - whole).abs() < 0.11, "{from} {to} {name}: {cell} {whole}");
            }
        }
    }
    let part = get(&server, &format!("table/v1/car/{all}?sources=2&destinations=0;1")).await.expect(200);
    assert_eq!(part.member("durations.0.0"), table.member("durations.2.0"));
    assert_eq!(part.member("durations.0.1"), table.member("durations.2.1"));
    assert_eq!((part.member("durations.1"), part.member("distances")), (Json::Null, Json::Null));
    assert_eq!(part.member("sources.0.location"), table.member("sources.2.location"));
}

#[tokio::test(flavor = "multi_thread")]
async fn places_and_traces() {
    let server = started().await;
    let near = get(&server, "nearest/v1/car/9.5049,47.0001?number=3").await.expect(200);
    let Json::Array(found) = near.member("waypoints") else { panic!("{}", near.text()) };
    let metres: Vec<f64> = found.iter().map(|one| number(one.get("distance").unwrap())).collect();
    assert!(metres.len() == 3 && metres.is_sorted(), "{metres:?}");

    let trace = "9.501,47.00002;9.504,47.0;9.505,47.0005;9.508,47.001";
    let matched = get(&server, &format!("match/v1/car/{trace}?timestamps=0;20;40;60&steps=true&overview=full")).await;
    let matched = matched.expect(200);
    let Json::Array(legs) = matched.member("matchings.0.legs") else { panic!("{}", matched.text()) };
    assert_eq!((legs.len(), matched.member("matchings.1")), (3, Json::Null));
    assert!(number(&matched.member("matchings.0.confidence")) > 0.5);
    for (at, name) in ["South Street", "South Street", "Mid Lane", "North Street"].iter().enumerate() {
        assert_eq!(matched.member(&format!("tracepoints.{at}.name")), Json::from(*name));
        assert_eq!(matched.member(&format!("tracepoints.{at}.waypoint_index")), Json::Int(at as i64));
    }
    // A minute and more between two positions: two traces.
    let split = get(&server, &format!("match/v1/car/{trace}?timestamps=0;20;400;420")).await.expect(200);
    assert_eq!(split.member("tracepoints.2.matchings_index"), Json::Int(1));
    assert_eq!(split.member("matchings.1.legs.1"), Json::Null);
    // One that is far from any road has none.
    let far = get(&server, "match/v1/car/9.501,47.0;9.503,47.3;9.504,47.0").await.expect(200);
    assert_eq!(
        (far.member("tracepoints.1"), far.member("tracepoints.2.name")),
        (Json::Null, Json::from("South Street"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_isochrone_is_a_polygon_around_its_place() {
    let server = started().await;
    let body = r#"{"locations":[{"lat":47.0,"lon":9.505}],"costing":"pedestrian","contours":[{"time":2},{"time":5,"color":"112233"}],"polygons":true}"#;
    let drawn = server.post("!/belfry/v1/transport/isochrone", body).await.expect(200);
    assert_eq!(drawn.header("content-type"), "application/geo+json");
    assert_eq!(drawn.member("features.0.properties.contour"), Json::Int(5));
    assert_eq!(drawn.member("features.0.properties.color"), Json::from("#112233"));
    assert_eq!(drawn.member("features.1.properties.metric"), Json::from("time"));
    let width = |at: usize| {
        let geometry = drawn.json().get("features").map(|f| match f {
            Json::Array(all) => belfry_ngsi_ld::geojson::parse_geometry(all[at].get("geometry").unwrap()).unwrap(),
            _ => panic!("{f:?}"),
        });
        let bounds = geometry.unwrap().bounds();
        assert!(bounds.min[0] < 9.505 && bounds.max[0] > 9.505 && bounds.min[1] < 47.0 && bounds.max[1] > 47.0);
        bounds.max[0] - bounds.min[0]
    };
    assert!(width(0) > width(1));
    // The same by GET, both ways of saying it.
    let encoded = percent_encoding::utf8_percent_encode(body, percent_encoding::NON_ALPHANUMERIC).to_string();
    let same = get(&server, &format!("isochrone?json={encoded}")).await.expect(200);
    assert_eq!(same.text(), drawn.text());
    let plain = get(&server, "isochrone?lon=9.505&lat=47.0&costing=foot&contours=2,5").await.expect(200);
    assert_eq!(plain.member("features.1.geometry"), drawn.member("features.1.geometry"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_answered_says_so_in_osrms_words() {
    let server = started().await;
    for (path, code, detail) in [
        ("route/v1/tank/9.5,47;9.51,47", "InvalidValue", "\"tank\" is no class of vehicle"),
        ("route/v1/car/9.5,47", "InvalidQuery", "at least 2 coordinates"),
        ("route/v1/car/9.5,47;20,47", "NoSegment", "coordinate 1: the nearest road is"),
        ("route/v1/car/9.5,47;9.51,47.004?radiuses=;10", "NoSegment", "coordinate 1: the nearest road is"),
        ("route/v1/car/9.5,47;9.51,47?radiuses=1", "InvalidOptions", "radiuses: there must be one for each"),
        ("route/v1/car/9.5,47;9.51,47?alternatives=many", "InvalidValue", "alternatives: it is"),
        ("table/v1/car/9.5,47;9.51,47?sources=2", "InvalidValue", "sources: at most 2 numbers below 2"),
        ("nearest/v1/car/9.5,47?number=0", "InvalidValue", "number: it is from 1 to 100"),
        ("nearest/v1/car/9.5,47;9.5,47", "TooBig", "more than 1 coordinate: no more"),
        ("match/v1/car/9.5,47;9.501,47?timestamps=5;4", "InvalidValue", "timestamps: they go back in time"),
        ("match/v1/car/19.5,47;19.501,47", "NoMatch", "no roads were found"),
        ("isochrone?lon=9.5", "InvalidOptions", "lat is missing"),
        ("isochrone?lon=9.5&lat=47&contours=x", "InvalidValue", "contours: they are minutes"),
        ("isochrone?lon=9.5&lat=49&contours=5", "NoSegment", "coordinate 0"),
    ] {
        let reply = get(&server, path).await.expect(400);
        assert_eq!(reply.member("code"), Json::from(code), "{path}: {}", reply.text());
        assert!(reply.member("detail").as_str().unwrap().starts_with(detail), "{path}: {}", reply.text());
    }
    let unknown = get(&server, "route/v1/car/9.5,47;9.51,47?bearings=0,20").await.expect(400);
    assert!(unknown.text().contains("does not belong to this operation"));
    no_way(&server).await;
}

/// A closed street with a place on it that nobody gets to.
async fn no_way(server: &Server) {
    for (id, line) in
        [("a", "[[9.5,47.0],[9.5,47.001]]"), ("b", "[[9.5,47.0],[9.505,47.0]]"), ("c", "[[9.5,47.001],[9.505,47.001]]")]
    {
        let body = format!(
            r#"{{"id":"urn:closed:{id}","type":"RoadClosure","location":{{"type":"GeoProperty","value":{{"type":"LineString","coordinates":{line}}}}}}}"#
        );
        server.post("/entities", &body).await.expect(201);
    }
    for _ in 0..500 {
        let reply = get(server, "nearest/v1/car/9.502,47.0?radiuses=20").await;
        if reply.status == 400 {
            assert!(reply.text().contains("every road within 20 m is closed now"), "{}", reply.text());
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the closures are not in force");
}
