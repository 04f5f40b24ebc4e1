//! Evolutions: written, read by time, paged, changed, deleted.

use super::server::{Server, Setup};
use belfry_kernel::Time;
use belfry_ngsi_ld::Json;

pub const START: &str = "2026-03-01T00:00:00Z";

/// `START` and so many minutes.
pub fn minute(n: i64) -> String {
    Time::parse(START).unwrap().plus_micros(n * 60_000_000).to_string()
}

/// The value at a minute: a saw with a jump.
pub fn value(n: i64) -> f64 {
    ((n * 37) % 101) as f64 / 2.0
}

pub fn instances(from: i64, to: i64) -> String {
    let all: Vec<String> = (from..to)
        .map(|n| format!(r#"{{"type":"Property","value":{},"observedAt":"{}"}}"#, value(n), minute(n)))
        .collect();
    all.join(",")
}

pub async fn fill(server: &Server, id: &str, minutes: i64) {
    for from in (0..minutes).step_by(500) {
        let to = (from + 500).min(minutes);
        let body = format!(r#"{{"id":"{id}","type":"Soil","moisture":[{}]}}"#, instances(from, to));
        server.post("/temporal/entities", &body, if from == 0 { 201 } else { 204 }).await;
    }
}

/// Numbers and times of an evolution in the simplified form.
pub fn series(json: &Json, attribute: &str) -> Vec<(f64, String)> {
    let Some(Json::Array(values)) = json.get(attribute).and_then(|a| a.get("values")) else { panic!("{json}") };
    values
        .iter()
        .map(|pair| match pair {
            Json::Array(pair) => (pair[0].as_f64().unwrap(), pair[1].as_str().unwrap().to_owned()),
            other => panic!("{other}"),
        })
        .collect()
}

fn expected(minutes: impl Iterator<Item = i64>) -> Vec<(f64, String)> {
    minutes.map(|n| (value(n), minute(n))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ranges_are_what_a_plain_filter_gives() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    fill(&server, "urn:soil:1", 200).await;
    let get = async |query: &str| {
        let json = server.get(&format!("/temporal/entities/urn:soil:1?options=temporalValues&{query}")).await;
        series(&json, "moisture")
    };
    assert_eq!(get("").await, expected(0..200));
    assert_eq!(get(&format!("timerel=before&timeAt={}", minute(10))).await, expected(0..10));
    assert_eq!(get(&format!("timerel=after&timeAt={}", minute(190))).await, expected(190..200));
    assert_eq!(get(&format!("timerel=between&timeAt={}&endTimeAt={}", minute(5), minute(9))).await, expected(5..9));
    assert_eq!(get("lastN=3").await, expected((197..200).rev()));
    assert_eq!(get(&format!("timerel=before&timeAt={}&lastN=2", minute(50))).await, expected((48..50).rev()));
    for (query, status) in [
        ("timerel=during&timeAt=2020-01-01T00:00:00Z", 400),
        ("timerel=before", 400),
        ("timerel=between&timeAt=2020-01-01T00:00:00Z", 400),
        ("lastN=0", 400),
        ("timeproperty=bornAt", 400),
        ("options=aggregatedValues", 400),
        ("options=aggregatedValues&aggrMethods=median", 400),
        ("options=aggregatedValues&aggrMethods=avg&aggrPeriodDuration=soon", 400),
        ("options=temporalValues,aggregatedValues", 400),
        ("surprise=1", 400),
    ] {
        let (got, text) =
            server.call("GET", &format!("/ngsi-ld/v1/temporal/entities/urn:soil:1?{query}"), &[], "").await;
        assert_eq!(got, status, "{query}: {text}");
    }
    let (status, _) = server.call("GET", "/ngsi-ld/v1/temporal/entities/urn:none:1", &[], "").await;
    assert_eq!(status, 404);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_evolutions_come_in_pages_of_time() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    fill(&server, "urn:soil:1", 2300).await;
    let mut all: Vec<(f64, String)> = Vec::new();
    let mut from = minute(0);
    for page in 0.. {
        assert!(page < 10, "it never ends");
        let path =
            format!("/ngsi-ld/v1/temporal/entities/urn:soil:1?options=temporalValues&timerel=after&timeAt={from}");
        let (status, text) = server.call("GET", &path, &[], "").await;
        let found = series(&Json::parse(text.as_bytes(), 64).unwrap(), "moisture");
        let last = found.last().unwrap().1.clone();
        all.extend(
            found
                .into_iter()
                .filter(|(_, time)| all.last().is_none_or(|(_, before)| time > before))
                .collect::<Vec<_>>(),
        );
        match status {
            206 => from = last,
            200 => break,
            other => panic!("{other}: {text}"),
        }
    }
    assert_eq!(all, expected(0..2300));
    let (status, _) = server.call("GET", "/ngsi-ld/v1/temporal/entities/urn:soil:1?lastN=1500", &[], "").await;
    assert_eq!(status, 206);
    let (status, _) = server.call("GET", "/ngsi-ld/v1/temporal/entities/urn:soil:1?lastN=1000", &[], "").await;
    assert_eq!(status, 200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_are_changed_and_deleted_one_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    fill(&server, "urn:soil:1", 5).await;
    let all = server.get("/temporal/entities/urn:soil:1").await;
    let Some(Json::Array(found)) = all.get("moisture") else { panic!("{all}") };
    let id = |n: usize| found[n].get("instanceId").unwrap().as_str().unwrap().to_owned();
    let path = |n: usize| format!("/temporal/entities/urn:soil:1/attrs/moisture/{}", id(n));
    // The whole instance is replaced, but for when it was created.
    let times = |json: &Json| {
        let Some(Json::Array(all)) = json.get("moisture") else { panic!("{json}") };
        ["createdAt", "modifiedAt", "unitCode", "observedAt"].map(|key| all[1].get(key).map(Json::to_string))
    };
    let unit = format!(r#"{{"value":999,"unitCode":"P1","observedAt":"{}"}}"#, minute(1));
    server.patch(&path(1), &unit, 204).await;
    let before = times(&server.get("/temporal/entities/urn:soil:1?options=sysAttrs").await);
    assert_eq!(before[2].as_deref(), Some("\"P1\""));
    let replaced = format!(r#"{{"moisture":[{{"type":"Property","value":1000,"observedAt":"{}"}}]}}"#, minute(1));
    server.patch(&path(1), &replaced, 204).await;
    let after = times(&server.get("/temporal/entities/urn:soil:1?options=sysAttrs").await);
    assert_eq!((&after[0], &after[2], &after[3]), (&before[0], &None, &before[3]));
    assert!(after[1] > before[1], "{after:?} {before:?}");
    // By modifiedAt it is where its correction is, the last of all, and no longer where it was.
    let corrected = after[1].clone().unwrap().trim_matches('"').to_owned();
    for (range, wanted) in [
        (format!("timerel=after&timeAt={corrected}"), vec![1000.0]),
        (format!("timerel=before&timeAt={corrected}"), [0, 2, 3, 4].map(value).to_vec()),
        ("lastN=1".to_owned(), vec![1000.0]),
        ("lastN=2".to_owned(), vec![1000.0, value(4)]),
    ] {
        let path = format!("/temporal/entities/urn:soil:1?options=temporalValues&timeproperty=modifiedAt&{range}");
        let found = series(&server.get(&path).await, "moisture");
        assert_eq!(found.iter().map(|(v, _)| *v).collect::<Vec<_>>(), wanted, "{range}");
        assert!(wanted[0] != 1000.0 || found[0].1 == corrected, "{found:?}");
    }
    let query = format!("type=Soil&q=moisture==1000&timeproperty=modifiedAt&timerel=after&timeAt={corrected}");
    let Json::Array(found) = server.get(&format!("/temporal/entities?{query}")).await else { panic!() };
    assert_eq!(found.len(), 1);
    server.patch(&path(1), r#"{"moisture":[{"value":1},{"value":2}]}"#, 400).await;
    server.patch("/temporal/entities/urn:soil:1/attrs/moisture/urn:ngsi-ld:instance:1", r#"{"value":1}"#, 404).await;
    server.patch("/temporal/entities/urn:soil:1/attrs/moisture/x", r#"{"value":1}"#, 400).await;
    let (status, _) = server.call("DELETE", &format!("/ngsi-ld/v1{}", path(3)), &[], "").await;
    assert_eq!(status, 204);
    let (status, _) = server.call("DELETE", &format!("/ngsi-ld/v1{}", path(3)), &[], "").await;
    assert_eq!(status, 404);
    let after = series(&server.get("/temporal/entities/urn:soil:1?options=temporalValues").await, "moisture");
    let mut wanted = expected([0, 1, 2, 4].into_iter());
    wanted[1].0 = 1000.0;
    assert_eq!(after, wanted);
    for (path, status) in [
        ("/ngsi-ld/v1/temporal/entities/urn:soil:1/attrs/colour", 404),
        ("/ngsi-ld/v1/temporal/entities/urn:soil:1/attrs/moisture?datasetId=urn:d:1", 404),
        ("/ngsi-ld/v1/temporal/entities/urn:soil:1/attrs/moisture", 204),
        ("/ngsi-ld/v1/temporal/entities/urn:soil:1/attrs/moisture", 404),
        ("/ngsi-ld/v1/temporal/entities/urn:soil:1", 204),
        ("/ngsi-ld/v1/temporal/entities/urn:soil:1", 404),
        ("/ngsi-ld/v1/temporal/entities/nothing", 400),
    ] {
        let (got, text) = server.call("DELETE", path, &[], "").await;
        assert_eq!(got, status, "{path}: {text}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_to_entities_is_their_past() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    server.create("urn:car:1", 0).await;
    for speed in 1..=4 {
        server.set_speed("urn:car:1", speed).await;
    }
    let speeds = |json: &Json| series(json, "speed").into_iter().map(|(v, _)| v).collect::<Vec<_>>();
    let past = server.get("/temporal/entities/urn:car:1?options=temporalValues&timeproperty=modifiedAt").await;
    assert_eq!(speeds(&past), [0.0, 1.0, 2.0, 3.0, 4.0]);
    // The past begins anew when it is deleted, with what the entity is now.
    let (status, _) = server.call("DELETE", "/ngsi-ld/v1/temporal/entities/urn:car:1", &[], "").await;
    assert_eq!(status, 204);
    server.set_speed("urn:car:1", 9).await;
    let past = server.get("/temporal/entities/urn:car:1?options=temporalValues&timeproperty=modifiedAt").await;
    assert_eq!(speeds(&past), [4.0, 9.0]);
    // One that is gone still has a past, and is found by it.
    let (status, _) = server.call("DELETE", "/ngsi-ld/v1/entities/urn:car:1", &[], "").await;
    assert_eq!(status, 204);
    let query =
        format!("type=Car&timerel=after&timeAt={START}&timeproperty=modifiedAt&options=temporalValues&attrs=speed");
    let Json::Array(found) = server.get(&format!("/temporal/entities?{query}")).await else { panic!() };
    assert_eq!(found.len(), 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_look_at_the_values_of_the_range() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    for soil in 0..6 {
        fill(&server, &format!("urn:soil:{soil}"), 10 * (soil + 1)).await;
    }
    server
        .post(
            "/temporal/entities",
            &format!(r#"{{"id":"urn:other:1","type":"Other","moisture":[{}]}}"#, instances(0, 3)),
            201,
        )
        .await;
    let ids = async |query: &str| {
        let Json::Array(found) = server.get(&format!("/temporal/entities?{query}")).await else { panic!() };
        found.iter().map(|e| e.get("id").unwrap().as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let soils = |range: std::ops::Range<usize>| range.map(|n| format!("urn:soil:{n}")).collect::<Vec<_>>();
    let after = |n: i64| format!("timerel=after&timeAt={}", minute(n));
    assert_eq!(ids(&format!("type=Soil&{}", after(0))).await, soils(0..6));
    assert_eq!(ids(&format!("type=Soil&{}", after(35))).await, soils(3..6));
    assert_eq!(ids(&format!("type=Soil&idPattern=%5B45%5D%24&{}", after(0))).await, soils(4..6));
    assert_eq!(ids(&format!("id=urn:soil:2,urn:soil:1&type=Soil&{}", after(0))).await, soils(1..3));
    assert_eq!(ids(&format!("type=Soil&limit=2&offset=1&{}", after(0))).await, soils(1..3));
    for limit in [10.0, 30.0, 45.0, 49.5] {
        let wanted: Vec<String> = (0..6)
            .filter(|soil| (5..10 * (soil + 1)).any(|n| value(n) > limit))
            .map(|soil| format!("urn:soil:{soil}"))
            .collect();
        assert_eq!(ids(&format!("type=Soil&q=moisture%3E{limit}&{}", after(5))).await, wanted, "{limit}");
    }
    let body = format!(
        r#"{{"type":"Query","entities":[{{"type":"Other"}},{{"type":"Soil","id":["urn:soil:0"]}}],
        "temporalQ":{{"timerel":"before","timeAt":"{}","lastN":1}}}}"#,
        minute(100)
    );
    let (status, text) =
        server.call("POST", "/ngsi-ld/v1/temporal/entityOperations/query?options=temporalValues", &[], &body).await;
    assert_eq!(status, 200, "{text}");
    let Json::Array(found) = Json::parse(text.as_bytes(), 64).unwrap() else { panic!() };
    assert_eq!(found.iter().map(|e| series(e, "moisture")).collect::<Vec<_>>(), [expected(2..3), expected(9..10)]);
    for (query, status) in
        [("type=Soil".to_owned(), 400), (after(0), 400), (format!("type=Soil&id=x&{}", after(0)), 400)]
    {
        let (got, text) = server.call("GET", &format!("/ngsi-ld/v1/temporal/entities?{query}"), &[], "").await;
        assert_eq!(got, status, "{query}: {text}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_temporal_query_nothing_is_left_out_for_want_of_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let limits = belfry_config::Limits { temporal_instances: 5, ..Default::default() };
    let server = Server::with(dir.path(), Setup { limits, ..Setup::default() }).await;
    server.post("/entities", r#"{"id":"urn:a:1","type":"T","v":1,"w":1}"#, 201).await;
    let path = "/ngsi-ld/v1/entities/urn:a:1/attrs";
    let set = async |body: &str| {
        let (status, text) = server.call("PATCH", path, &[("content-type", "application/json")], body).await;
        assert_eq!(status, 204, "{text}");
    };
    let get = async |query: &str, name: &str| {
        let path = format!("/ngsi-ld/v1/temporal/entities/urn:a:1?options=temporalValues{query}");
        let (status, text) = server.call("GET", &path, &[], "").await;
        let json = Json::parse(text.as_bytes(), 64).unwrap();
        let values = json.get(name).map(|_| series(&json, name)).unwrap_or_default();
        (status, values.into_iter().map(|(value, _)| value).collect::<Vec<_>>())
    };
    set(r#"{"v":2}"#).await;
    assert_eq!(get("", "v").await, (200, vec![1.0, 2.0]));
    assert_eq!(get("&lastN=1", "v").await, (200, vec![2.0]));
    // A temporal query is about the times that instances have.
    let after = "&timerel=after&timeAt=2020-01-01T00:00:00Z";
    assert_eq!(get(after, "v").await, (200, vec![]));
    assert_eq!(get(&format!("{after}&timeproperty=modifiedAt"), "v").await, (200, vec![1.0, 2.0]));
    assert_eq!(get("&timeproperty=observedAt", "v").await, (200, vec![]));
    // Values with a time of their own stand by it, before the others' arrival.
    for n in [2, 1] {
        set(&format!(r#"{{"v":{{"value":{}.5,"observedAt":"{}"}}}}"#, 10 + n, minute(n))).await;
    }
    assert_eq!(get("", "v").await, (200, vec![11.5, 12.5, 1.0, 2.0]));
    assert_eq!(get("&lastN=3", "v").await, (200, vec![2.0, 1.0, 12.5]));
    // A longer one comes in pages, whichever times it has.
    for n in 2..=7 {
        set(&format!(r#"{{"w":{n}}}"#)).await;
    }
    assert_eq!(get("", "w").await, (206, vec![1.0, 2.0, 3.0, 4.0, 5.0]));
    assert_eq!(get("&lastN=2", "w").await, (200, vec![7.0, 6.0]));
    server.stop().await;
}
