//! Aggregates over periods against the same sums done here.

use super::evolutions::{fill, minute, value};
use super::server::Server;
use belfry_ngsi_ld::Json;

fn cells(json: &Json, attribute: &str, method: &str) -> Vec<(Json, String, String)> {
    let Some(Json::Array(cells)) = json.get(attribute).and_then(|a| a.get(method)) else { panic!("{method}: {json}") };
    cells
        .iter()
        .map(|cell| match cell {
            Json::Array(c) => (c[0].clone(), c[1].as_str().unwrap().to_owned(), c[2].as_str().unwrap().to_owned()),
            other => panic!("{other}"),
        })
        .collect()
}

fn plain(method: &str, values: &[f64]) -> f64 {
    let (n, sum) = (values.len() as f64, values.iter().sum::<f64>());
    let mean = sum / n;
    match method {
        "sum" => sum,
        "avg" => mean,
        "min" => values.iter().copied().fold(f64::INFINITY, f64::min),
        "max" => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        "sumsq" => values.iter().map(|v| v * v).sum(),
        "stddev" => (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt(),
        "totalCount" => n,
        "distinctCount" => {
            let mut all: Vec<u64> = values.iter().map(|v| v.to_bits()).collect();
            all.sort_unstable();
            all.dedup();
            all.len() as f64
        }
        other => panic!("{other}"),
    }
}

const METHODS: [&str; 8] = ["avg", "distinctCount", "max", "min", "stddev", "sum", "sumsq", "totalCount"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    fill(&server, "urn:soil:1", 300).await;
    let base = format!("/temporal/entities/urn:soil:1?options=aggregatedValues&aggrMethods={}", METHODS.join(","));
    let between = format!("timerel=between&timeAt={}&endTimeAt={}", minute(10), minute(280));
    for (period, minutes) in [
        ("&aggrPeriodDuration=PT1H", 60),
        ("&aggrPeriodDuration=PT45M", 45),
        ("", 270),
        ("&aggrPeriodDuration=PT0S", 270),
    ] {
        let json = server.get(&format!("{base}&{between}{period}")).await;
        for method in METHODS {
            let found = cells(&json, "moisture", method);
            let starts: Vec<i64> = (10..280).step_by(minutes).collect();
            assert_eq!(found.len(), starts.len(), "{method} {period}");
            for ((got, from, to), start) in found.into_iter().zip(starts) {
                let end = (start + minutes as i64).min(280);
                let values: Vec<f64> = (start..end).map(value).collect();
                let wanted = plain(method, &values);
                let got = got.as_f64().unwrap();
                assert!(
                    (got - wanted).abs() <= 1e-9 * wanted.abs().max(1.0),
                    "{method} {period} {from}: {got} for {wanted}"
                );
                assert_eq!((from, to), (minute(start), minute(end)));
            }
        }
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_truth_values_and_arrays() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    let of = |values: &[&str]| {
        let all: Vec<String> = values
            .iter()
            .enumerate()
            .map(|(n, v)| format!(r#"{{"type":"Property","value":{v},"observedAt":"{}"}}"#, minute(n as i64)))
            .collect();
        format!("[{}]", all.join(","))
    };
    let body = format!(
        r#"{{"id":"urn:x:1","type":"X","text":{},"flag":{},"list":{}}}"#,
        of(&["\"pear\"", "\"apple\"", "\"zebra\"", "\"apple\""]),
        of(&["true", "false", "true", "true"]),
        of(&["[1,2]", "[]", "[1,2,3,4]", "[1]"]),
    );
    server.post("/temporal/entities", &body, 201).await;
    let json = server
        .get(&format!(
            "/temporal/entities/urn:x:1?options=aggregatedValues&aggrMethods={}&timerel=after&timeAt={}",
            METHODS.join(","),
            minute(0)
        ))
        .await;
    let one = |attribute: &str, method: &str| {
        cells(&json, attribute, method).into_iter().map(|(v, ..)| v.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(one("text", "min"), ["\"apple\""]);
    assert_eq!(one("text", "max"), ["\"zebra\""]);
    assert_eq!(one("text", "distinctCount"), ["3"]);
    assert_eq!(one("text", "totalCount"), ["4"]);
    assert!(one("text", "avg").is_empty());
    assert_eq!(one("flag", "sum"), ["3"]);
    assert_eq!(one("flag", "avg"), ["0.75"]);
    assert_eq!(one("list", "max"), ["4"]);
    assert_eq!(one("list", "avg"), ["1.75"]);
    // What is asked for by name and has no such aggregate is an error; what merely is there is not.
    let range = format!("options=aggregatedValues&timerel=after&timeAt={}", minute(0));
    for (query, status) in [
        ("aggrMethods=avg,sum&attrs=text", 400),
        ("aggrMethods=avg,max&attrs=text", 200),
        ("aggrMethods=stddev&pick=list,flag", 400),
        ("aggrMethods=stddev&pick=flag", 200),
        ("aggrMethods=avg", 200),
    ] {
        for path in ["/urn:x:1?", "?type=X&"] {
            let path = format!("/ngsi-ld/v1/temporal/entities{path}{range}&{query}");
            let (got, text) = server.call("GET", &path, &[], "").await;
            assert_eq!(got, status, "{path}: {text}");
            assert_eq!(text.contains("InvalidRequest"), status == 400, "{text}");
        }
    }
    server.stop().await;
}
