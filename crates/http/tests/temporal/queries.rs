//! Queries over the past: which instances decide, which are shown, which entities are looked at.

use super::evolutions::{START, fill, minute, series};
use super::server::{Server, Setup};
use belfry_kernel::Clock;
use belfry_ngsi_ld::Json;
use belfry_runtime::SystemClock;

async fn found(server: &Server, query: &str) -> Vec<Json> {
    match server.get(&format!("/temporal/entities?{query}")).await {
        Json::Array(found) => found,
        other => panic!("{other}"),
    }
}

async fn status(server: &Server, path: &str) -> (u16, String) {
    server.call("GET", &format!("/ngsi-ld/v1{path}"), &[], "").await
}

fn ids(found: &[Json]) -> Vec<&str> {
    found.iter().map(|e| e.get("id").unwrap().as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_instance_of_the_range_decides() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    fill(&server, "urn:soil:1", 1500).await;
    fill(&server, "urn:soil:2", 1500).await;
    // Neither among the first thousand nor the last.
    let peak = format!(
        r#"{{"moisture":{{"type":"Property","value":9999,"observedAt":"{}"}},
            "hue":{{"type":"Property","value":1,"datasetId":"urn:d:1","observedAt":"{}"}},
            "place":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[8,40]}},"observedAt":"{}"}}}}"#,
        minute(1400),
        minute(20),
        minute(1450)
    );
    server.post("/temporal/entities/urn:soil:1/attrs", &peak, 204).await;
    let after = format!("type=Soil&timerel=after&timeAt={}", minute(0));
    for form in
        ["", "&lastN=1", "&options=temporalValues", "&options=aggregatedValues&aggrMethods=max", "&datasetId=urn:d:1"]
    {
        let (code, text) = status(&server, &format!("/temporal/entities?{after}&q=moisture%3D%3D9999{form}")).await;
        assert!(code == 200 || code == 206, "{form}: {text}");
        let Json::Array(all) = Json::parse(text.as_bytes(), 64).unwrap() else { panic!("{text}") };
        assert_eq!(ids(&all), ["urn:soil:1"], "{form}");
    }
    // What is shown follows what was asked for.
    let one = &found(&server, &format!("{after}&q=moisture%3D%3D9999&lastN=1&options=temporalValues")).await[0];
    assert_eq!(series(one, "moisture").len(), 1);
    let one =
        &found(&server, &format!("{after}&q=moisture%3D%3D9999&datasetId=urn:d:1&options=temporalValues")).await[0];
    assert!(one.get("moisture").is_none() && one.get("hue").is_some(), "{one}");
    // Conditions are met by different instances, and by attributes that are not shown.
    let q = "(moisture%3D%3D9999;hue%3D%3D1)|missing";
    assert_eq!(ids(&found(&server, &format!("{after}&q={q}&attrs=hue")).await), ["urn:soil:1"]);
    let near = "georel=near;maxDistance==1000&geometry=Point&coordinates=%5B8,40%5D&geoproperty=place";
    assert_eq!(ids(&found(&server, &format!("{after}&{near}&attrs=moisture&lastN=1")).await), ["urn:soil:1"]);
    let before = format!("type=Soil&timerel=before&timeAt={}", minute(1400));
    assert!(found(&server, &format!("{before}&q=moisture%3D%3D9999")).await.is_empty());
    assert!(found(&server, &format!("{before}&{near}")).await.is_empty());
    let (code, text) = status(&server, &format!("/temporal/entities?{after}&q=inside%7BSoil:moisture%7D")).await;
    assert_eq!(code, 400, "{text}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scopes_count_by_their_time() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    server.post("/entities", r#"{"id":"urn:v:1","type":"V","scope":"/a","speed":1}"#, 201).await;
    let between = SystemClock.now();
    server.patch("/entities/urn:v:1", r#"{"scope":"/b","speed":2}"#, 204).await;
    let of = async |relation: &str, scope: &str| {
        let query = format!("type=V&timeproperty=modifiedAt&timerel={relation}&timeAt={between}&scopeQ=%2F{scope}");
        found(&server, &query).await.len()
    };
    assert_eq!([of("before", "a").await, of("before", "b").await], [1, 0]);
    assert_eq!([of("after", "a").await, of("after", "b").await], [1, 1], "/a still held when the range began");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_are_picked_and_omitted() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    server.post("/entities", r#"{"id":"urn:v:1","type":"V","scope":"/a","speed":1,"mass":2}"#, 201).await;
    let base = "timeproperty=modifiedAt&options=temporalValues";
    for (query, members) in [
        ("", vec!["id", "type", "scope", "mass", "speed"]),
        ("&pick=speed", vec!["speed"]),
        ("&pick=id,speed", vec!["id", "speed"]),
        ("&pick=type,scope", vec!["type", "scope"]),
        ("&omit=id,type,scope", vec!["mass", "speed"]),
        ("&omit=scope,speed", vec!["id", "type", "mass"]),
    ] {
        for json in [
            server.get(&format!("/temporal/entities/urn:v:1?{base}{query}")).await,
            found(&server, &format!("type=V&timerel=after&timeAt={START}&{base}{query}")).await.remove(0),
        ] {
            let Json::Object(all) = &json else { panic!("{json}") };
            let mut keys: Vec<&str> = all.iter().map(|(key, _)| key.as_str()).collect();
            keys.sort_unstable();
            let mut wanted = members.clone();
            wanted.sort_unstable();
            assert_eq!(keys, wanted, "{query}");
        }
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_are_added_and_found() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    fill(&server, "urn:soil:1", 3).await;
    let more = format!(
        r#"{{"id":"urn:soil:1","type":["Soil","Field"],"hue":{{"type":"Property","value":1,"observedAt":"{}"}}}}"#,
        minute(9)
    );
    server.post("/temporal/entities", &more, 204).await;
    server.post("/entities", r#"{"id":"urn:f:1","type":"Field","hue":{"type":"Property","value":1,"observedAt":"2026-03-02T00:00:00Z"}}"#, 201).await;
    let of = async |kind: &str| {
        let all = found(&server, &format!("type={kind}&timerel=after&timeAt={START}")).await;
        ids(&all).join(" ")
    };
    assert_eq!(of("Field").await, "urn:f:1 urn:soil:1");
    assert_eq!(of("Soil").await, "urn:soil:1");
    assert_eq!(of("(Field;Soil)").await, "urn:soil:1");
    assert_eq!(of("Nothing").await, "");
    let (code, _) = server.call("DELETE", "/ngsi-ld/v1/entities/urn:f:1", &[], "").await;
    assert_eq!(code, 204);
    assert_eq!(of("Field").await, "urn:f:1 urn:soil:1");
    for id in ["urn:f:1", "urn:soil:1"] {
        let (code, _) = server.call("DELETE", &format!("/ngsi-ld/v1/temporal/entities/{id}"), &[], "").await;
        assert_eq!(code, 204);
    }
    assert_eq!(of("Field").await, "");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_those_configured() {
    let dir = tempfile::tempdir().unwrap();
    let limits = belfry_config::Limits {
        temporal_instances: 7,
        max_temporal_instances_per_body: 40,
        max_attributes_per_entity: 10,
        ..belfry_config::Limits::default()
    };
    let server = Server::with(dir.path(), Setup { limits, ..Setup::default() }).await;
    fill(&server, "urn:soil:1", 40).await;
    let body = format!(r#"{{"moisture":[{}]}}"#, super::evolutions::instances(40, 81));
    server.post("/temporal/entities/urn:soil:1/attrs", &body, 400).await;
    let (code, text) = status(&server, "/temporal/entities/urn:soil:1?options=temporalValues").await;
    assert_eq!((code, series(&Json::parse(text.as_bytes(), 64).unwrap(), "moisture").len()), (206, 7));
    let (code, _) = status(&server, "/temporal/entities/urn:soil:1?lastN=7").await;
    assert_eq!(code, 200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_has_so_many_bytes_and_the_client_gets_to_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let limits = belfry_config::Limits { temporal_max_bytes: 65_536, ..belfry_config::Limits::default() };
    let server = Server::with(dir.path(), Setup { limits, ..Setup::default() }).await;
    // Two series of 40 texts of 2,000 bytes: more than twice the limit. Five entities of some 21,000 bytes.
    let text = |n: i64| format!("{n:04}{}", "x".repeat(2000));
    let one = |n: i64| format!(r#"{{"type":"Property","value":"{}","observedAt":"{}"}}"#, text(n), minute(n));
    let of = |n: i64| (0..n).map(one).collect::<Vec<_>>().join(",");
    let large = format!(r#"{{"id":"urn:log:0","type":"Log","a":[{}],"b":[{}]}}"#, of(40), of(40));
    server.post("/temporal/entities", &large, 201).await;
    for n in 1..6 {
        let body = format!(r#"{{"id":"urn:log:{n}","type":"Log","a":[{}]}}"#, of(10));
        server.post("/temporal/entities", &body, 201).await;
    }
    // One entity: pages of time, for each of its series.
    let (mut found, mut from, mut pages) = ([Vec::new(), Vec::new()], minute(0), 0);
    loop {
        let path =
            format!("/ngsi-ld/v1/temporal/entities/urn:log:0?options=temporalValues&timerel=after&timeAt={from}");
        let (code, headers, body) = server.call_whole("GET", &path, &[], "").await;
        assert!(body.len() < 80_000, "{}", body.len());
        let json = Json::parse(body.as_bytes(), 64).unwrap();
        for (name, all) in ["a", "b"].iter().zip(&mut found) {
            let Some(Json::Array(values)) = json.get(name).and_then(|a| a.get("values")) else { panic!("{json}") };
            for value in values {
                let text = value.to_string()[..8].to_owned();
                if all.last() != Some(&text) {
                    all.push(text);
                }
            }
        }
        pages += 1;
        if code == 200 {
            break;
        }
        assert_eq!(code, 206);
        let range = headers["content-range"].to_str().unwrap();
        let end = range.strip_prefix(&format!("DateTime {from}-")).and_then(|r| r.strip_suffix("/*")).expect(range);
        assert!(end > from.as_str(), "{range}");
        from = end.to_owned();
    }
    let wanted: Vec<String> = (0..40).map(|n| format!("[\"{n:04}xx")).collect();
    assert_eq!(found, [wanted.clone(), wanted]);
    assert!(pages > 2, "{pages}");
    // Several entities: pages of entities that end early, linked one to the next.
    let mut path =
        format!("/ngsi-ld/v1/temporal/entities?type=Log&idPattern=[1-5]$&timerel=after&timeAt={START}&count=true");
    let mut seen = Vec::new();
    for page in 0.. {
        assert!(page < 5, "it never ends");
        let (code, headers, body) = server.call_whole("GET", &path, &[], "").await;
        assert_eq!((code, headers["ngsild-results-count"].to_str().unwrap()), (200, "5"));
        let Json::Array(all) = Json::parse(body.as_bytes(), 64).unwrap() else { panic!("{body}") };
        assert!((1..=3).contains(&all.len()), "{}", all.len());
        seen.extend(all.iter().map(|e| e.get("id").unwrap().as_str().unwrap().to_owned()));
        let links: Vec<&str> = headers.get_all("link").iter().map(|l| l.to_str().unwrap()).collect();
        match links.iter().find(|l| l.contains("rel=\"next\"")) {
            Some(next) => path = next[1..next.find('>').unwrap()].to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, (1..6).map(|n| format!("urn:log:{n}")).collect::<Vec<_>>());
    // Aggregates: as many as fit, or none.
    let aggregated = "format=aggregatedValues&aggrMethods=totalCount,distinctCount,min,max";
    // Texts are looked at one by one: 20 of them fit, 40 do not.
    for (last, wanted) in [(20, 200), (40, 403)] {
        let range = format!("timerel=between&timeAt={START}&endTimeAt={}", minute(last));
        let path = format!("/temporal/entities/urn:log:0?{range}&{aggregated}&aggrPeriodDuration=PT1M");
        assert_eq!(status(&server, &path).await.0, wanted, "{last}");
    }
    let more = "format=aggregatedValues&aggrMethods=totalCount";
    fill(&server, "urn:soil:1", 1100).await;
    let path = format!("/temporal/entities/urn:soil:1?timerel=after&timeAt={START}&{more}&aggrPeriodDuration=PT1M");
    let (code, text) = status(&server, &path).await;
    assert!(code == 403 && text.contains("TooComplexQuery") && text.contains("longer periods"), "{code}: {text}");
    server.stop().await;
}
