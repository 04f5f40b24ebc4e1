//! Import and export against the real program: the soil series as history with the aggregates of a plain script, round
//! trips, models in and out, a server killed in the middle, a gateway that loses answers, imports given twice. Runs the
//! binary that `$BELFRY_BIN` names or that lies beside the tests; where there is none it prints a notice, or fails when
//! `CI` is set.

#![expect(clippy::unwrap_used, reason = "a test ends where what it stands on does not hold")]

mod support;

#[path = "support/real.rs"]
mod real;
#[path = "support/restart.rs"]
mod restart;

use belfry_transfer::import;
use clap::Parser;
use real::data;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use support::{Belfry, Import, binary, lines};

fn example(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/examples").join(name).display().to_string()
}

/// The instances of one attribute over all lines of an export of history.
fn instances(lines: &[Value], attribute: &str) -> Vec<(String, Value)> {
    let mut all: Vec<(String, Value)> = lines
        .iter()
        .filter_map(|line| line.get(attribute))
        .flat_map(|value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]))
        .map(|instance| (instance["observedAt"].as_str().unwrap_or_default().to_owned(), instance["value"].clone()))
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_soil_series_is_imported_aggregated_and_exported() {
    let (Some(binary), Some(soil)) = (binary(), data("soil/openagri_soil_moisture_2024.csv")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let belfry = Belfry::start(&binary, &folder.path().join("a"), 0);
    let state = folder.path().join("state").display().to_string();
    let started = std::time::Instant::now();
    let line = [soil.to_str().unwrap(), "--map", &example("soil-probe.toml"), "--state", &state];
    let summary = belfry.import(&line).await.unwrap();
    println!("8553 rows with 9 values each in {:?}", started.elapsed());
    assert_eq!(summary, import::Summary { read: 8_553, refused: 0, states: 1, instances: 8_552 * 9 });

    // The newest row, which is the first of the file, is the current state.
    let entity = belfry.get("/ngsi-ld/v1/entities/urn:ngsi-ld:SoilProbe:openagri-1");
    assert_eq!(entity["soilMoisture10"]["value"], 7.34);
    assert_eq!(entity["soilMoisture10"]["observedAt"], "2024-09-20T03:00:00Z");

    // Means a month, against the file itself.
    let text = std::fs::read_to_string(&soil).unwrap();
    let mut months: BTreeMap<String, (f64, u32)> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let month = months.entry(cells[0][..7].to_owned()).or_default();
        *month = (month.0 + cells[8].parse::<f64>().unwrap(), month.1 + 1);
    }
    let target = "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:SoilProbe:openagri-1?attrs=temperature&timerel=between&timeAt=2023-09-01T00:00:00Z&endTimeAt=2024-10-01T00:00:00Z&options=aggregatedValues&aggrMethods=avg,totalCount&aggrPeriodDuration=P1M";
    let answer = belfry.get(target);
    let (means, counts) =
        (answer["temperature"]["avg"].as_array().unwrap(), answer["temperature"]["totalCount"].as_array().unwrap());
    assert_eq!(means.len(), months.len(), "{answer}");
    for (mean, count) in means.iter().zip(counts) {
        let (sum, n) = months[&mean[1].as_str().unwrap()[..7]];
        assert_eq!(count[0].as_f64(), Some(f64::from(n)), "{mean} {count}");
        assert!((mean[0].as_f64().unwrap() - sum / f64::from(n)).abs() < 1e-9, "{mean}: {}", sum / f64::from(n));
    }

    // Out, into another Belfry, out again: the same.
    let first = folder.path().join("first.ndjson");
    let written = belfry.export(&["history", "--type", "SoilProbe", "-o", first.to_str().unwrap()]).await;
    assert_eq!(written.instances, 8_553 * 9);
    let other = Belfry::start(&binary, &folder.path().join("b"), 0);
    let taken = other.import(&[first.to_str().unwrap(), "--mode", "history"]).await.unwrap();
    assert_eq!((taken.refused, taken.instances), (0, 8_553 * 9));
    let second = folder.path().join("second.ndjson");
    other.export(&["history", "--type", "SoilProbe", "-o", second.to_str().unwrap()]).await;
    let (first, second) = (lines(&first), lines(&second));
    for attribute in ["soilMoisture10", "soilMoisture60", "temperature", "precipitation"] {
        let found = instances(&first, attribute);
        assert_eq!(found.len(), 8_553, "{attribute}");
        assert_eq!(found, instances(&second, attribute), "{attribute}");
    }

    // As a table and as Parquet, part of it.
    let table = folder.path().join("part.csv");
    let line = [
        "history",
        "--type",
        "SoilProbe",
        "--attrs",
        "temperature",
        "--from",
        "2024-01-01",
        "--to",
        "2024-02-01",
        "--format",
        "csv",
        "-o",
        table.to_str().unwrap(),
    ];
    let january = belfry.export(&line).await.instances;
    assert_eq!(january, u64::from(months["2024-01"].1));
    assert_eq!(std::fs::read_to_string(&table).unwrap().lines().count() as u64, january + 1);
    let parquet = folder.path().join("all.parquet");
    belfry.export(&["history", "--type", "SoilProbe", "--format", "parquet", "-o", parquet.to_str().unwrap()]).await;
    let bytes = std::fs::read(&parquet).unwrap();
    println!("{} bytes of Parquet for {} instances", bytes.len(), 8_553 * 9);
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entities_come_back_as_they_went_in() {
    let Some(binary) = binary() else { return };
    let folder = tempfile::tempdir().unwrap();
    let belfry = Belfry::start(&binary, &folder.path().join("a"), 0);
    let mut text = String::new();
    for i in 0..2_500 {
        let (lon, lat) = (9.0 + f64::from(i) / 10_000.0, 47.0 + f64::from(i) / 20_000.0);
        writeln!(
            text,
            r#"{{"id":"urn:ngsi-ld:Tree:{i:05}","type":"Tree","scope":["/park/p{}"],"height":{{"type":"Property","value":{},"unitCode":"MTR","observedAt":"2026-01-01T00:00:00Z","by":{{"type":"Property","value":"laser"}}}},"name":{{"type":"LanguageProperty","languageMap":{{"en":"Oak {i}","de":"Eiche, \"{i}\""}}}},"standsIn":{{"type":"Relationship","object":"urn:ngsi-ld:Park:{}"}},"girth":[{{"type":"Property","value":{i}}},{{"type":"Property","value":{i}.5,"datasetId":"urn:d:2"}}],"location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[{lon},{lat}]}}}}}}"#,
            i % 7,
            f64::from(i) / 4.0,
            i % 7,
        )
        .unwrap();
    }
    let source = folder.path().join("trees.ndjson");
    std::fs::write(&source, text).unwrap();
    let summary = belfry.import(&[source.to_str().unwrap(), "--batch", "300"]).await.unwrap();
    assert_eq!((summary.states, summary.refused), (2_500, 0));
    let first = folder.path().join("first.ndjson");
    assert_eq!(belfry.export(&["entities", "--page", "700", "-o", first.to_str().unwrap()]).await.entities, 2_500);
    let original = lines(&source);
    for (format, file) in
        [("ndjson", "e.ndjson"), ("json", "e.json"), ("geojson", "e.geojson"), ("ndjson", "e.ndjson.gz")]
    {
        let path = folder.path().join(file);
        assert_eq!(
            belfry
                .export(&["entities", "--type", "Tree", "--format", format, "-o", path.to_str().unwrap()])
                .await
                .entities,
            2_500
        );
        let other = Belfry::start(&binary, &folder.path().join(format!("to-{file}")), 0);
        let summary = other.import(&[path.to_str().unwrap()]).await.unwrap();
        assert_eq!((summary.states, summary.refused), (2_500, 0), "{file}");
        let again = folder.path().join("again.ndjson");
        other.export(&["entities", "-o", again.to_str().unwrap()]).await;
        assert_eq!(lines(&first), lines(&again), "{file}");
    }
    // What came out is what went in, whole numbers written as numbers of either kind.
    for (went, came) in original.iter().zip(lines(&first)) {
        assert_eq!(went["height"]["value"].as_f64(), came["height"]["value"].as_f64());
        for member in ["name", "standsIn", "location", "type", "id"] {
            assert_eq!(went[member], came[member], "{member}");
        }
    }
    let table = folder.path().join("trees.csv");
    belfry.export(&["entities", "--q", "height<1", "--format", "csv", "-o", table.to_str().unwrap()]).await;
    let text = std::fs::read_to_string(&table).unwrap();
    assert!(
        text.starts_with("id,type,girth,height,location,name,standsIn\nurn:ngsi-ld:Tree:00000,Tree,0,0,"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_reports_each_refused_entity() {
    let Some(binary) = binary() else { return };
    let folder = tempfile::tempdir().unwrap();
    let belfry = Belfry::start(&binary, &folder.path().join("a"), 0);
    let source = folder.path().join("a.ndjson");
    // Sound under the core context; the server cannot resolve a context that is not an address.
    let text = "{\"id\":\"urn:x:1\",\"type\":\"T\",\"a\":{\"value\":1}}\n\
                {\"id\":\"urn:x:2\",\"type\":\"T\",\"a\":{\"value\":1},\"@context\":\"not an address\"}\n\
                {\"id\":\"urn:x:3\",\"type\":\"T\",\"a\":{\"value\":1}}\n";
    std::fs::write(&source, text).unwrap();
    let report = folder.path().join("report.ndjson");
    let summary = belfry.import(&[source.to_str().unwrap(), "--report", report.to_str().unwrap()]).await.unwrap();
    assert_eq!((summary.states, summary.refused, summary.exit_code()), (2, 1, 1));
    let line: Value = serde_json::from_str(std::fs::read_to_string(&report).unwrap().trim()).unwrap();
    assert_eq!((line["line"].as_u64(), line["entity"].as_str()), (Some(2), Some("urn:x:2")), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_models_go_in_and_come_out_equal() {
    let (Some(binary), Some(models)) = (binary(), data("models")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let belfry = Belfry::start(&binary, &folder.path().join("a"), 0);
    // Their contexts are remote, and the test needs no network: under the core context all names are names.
    let source = folder.path().join("models.ndjson");
    let mut text = String::new();
    let mut ids = BTreeMap::new();
    for entry in std::fs::read_dir(&models).unwrap() {
        let Ok(example) = std::fs::read_to_string(entry.unwrap().path().join("example-normalized.jsonld")) else {
            continue;
        };
        let mut entity: Value = serde_json::from_str(&example).unwrap();
        entity.as_object_mut().unwrap().remove("@context");
        writeln!(text, "{entity}").unwrap();
        ids.insert(entity["id"].as_str().unwrap().to_owned(), entity);
    }
    std::fs::write(&source, text).unwrap();
    let summary = belfry.import(&[source.to_str().unwrap()]).await.unwrap();
    assert_eq!((summary.read, summary.refused), (49, 6));
    let out = folder.path().join("out.ndjson");
    belfry.export(&["entities", "-o", out.to_str().unwrap()]).await;
    let came = lines(&out);
    // Two of the examples have the same id.
    assert_eq!(came.len(), ids.len() - 6);
    for entity in came {
        let id = entity["id"].as_str().unwrap();
        assert_eq!(plain(&entity), plain(&ids[id]), "{id}");
    }
}

/// The same value however a number or a time is written, without what the server keeps by itself.
fn plain(json: &Value) -> Value {
    match json {
        Value::Number(n) => serde_json::json!(n.as_f64()),
        Value::String(text) => match belfry_kernel::Time::parse(text) {
            Ok(time) => Value::String(time.to_string()),
            Err(_) => json.clone(),
        },
        Value::Array(items) => Value::Array(items.iter().map(plain).collect()),
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "createdAt" | "modifiedAt"))
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect(),
        other => other.clone(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_in_the_middle_leaves_nothing_out_and_nothing_twice() {
    let Some(binary) = binary() else { return };
    let folder = tempfile::tempdir().unwrap();
    let town = folder.path().join("a");
    let source = folder.path().join("series.csv");
    let rows = 150_000;
    let mut text = "t,n,v\n".to_owned();
    for i in 0..rows {
        writeln!(text, "{},{},{i}", 1_700_000_000 + i * 60, i % 3).unwrap();
    }
    std::fs::write(&source, text).unwrap();
    let map = folder.path().join("m.toml");
    let mapping = "mode=\"history\"\n[time]\ncolumn=\"t\"\nformat=\"unix\"\n[[entity]]\nid=\"urn:x:{n}\"\ntype=\"T\"\n[[entity.attribute]]\nname=\"v\"\ncolumn=\"v\"\ntype=\"number\"\n";
    std::fs::write(&map, mapping).unwrap();
    let line = [source.to_str().unwrap(), "--map", map.to_str().unwrap()];
    let state = folder.path().join("series.csv.import-state");

    let mut belfry = Belfry::start(&binary, &town, 0);
    let port = belfry.port();
    let mut cuts = 0;
    let mut page: Option<Value> = None;
    loop {
        let killer = async {
            // Once something was acknowledged in this run, or it has ended.
            let before = std::fs::read(&state).ok();
            for _ in 0..4_000 {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                if std::fs::read(&state).ok() != before {
                    break;
                }
            }
            belfry.child.id()
        };
        let run = belfry.import(&line);
        let (outcome, _) = tokio::join!(run, async {
            let id = killer.await;
            if cuts < 3 {
                Command::new("kill").args(["-9", &id.to_string()]).status().unwrap();
            }
        });
        match outcome {
            Ok(summary) => {
                assert_eq!(summary.read, rows);
                break;
            }
            Err(why) => {
                assert!(why.contains("http://127.0.0.1"), "{why}");
                page = serde_json::from_slice(&std::fs::read(&state).unwrap()).ok();
                cuts += 1;
                belfry.kill();
                belfry = Belfry::start(&binary, &town, port);
            }
        }
    }
    println!("{cuts} cuts");
    assert!(cuts > 0, "the server was never cut off");
    // Cut at the worst moment: everything written, nothing acknowledged.
    let mut page = page.unwrap();
    (page["rows_done"], page["rows_begun"]) = (0.into(), rows.into());
    std::fs::write(&state, page.to_string()).unwrap();
    let again = belfry.import(&line).await.unwrap();
    assert_eq!((again.read, again.instances), (rows, 0));
    let out = folder.path().join("out.ndjson");
    let written = belfry.export(&["history", "-o", out.to_str().unwrap()]).await;
    assert_eq!(written.instances, rows);
    let mut found: Vec<f64> =
        instances(&lines(&out), "v").into_iter().map(|(_, value)| value.as_f64().unwrap()).collect();
    found.sort_by(f64::total_cmp);
    assert!(found.iter().enumerate().all(|(i, value)| i as f64 == *value));
}

/// A gateway before a Belfry that hands every request on, and answers the first and every second POST after it with a
/// status of its own although Belfry took it.
struct Gateway {
    url: String,
    lost: Arc<AtomicU32>,
}

impl Gateway {
    fn start(belfry: &Belfry, status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let upstream = belfry.url.strip_prefix("http://").unwrap().to_owned();
        let (lost, posts) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let counter = lost.clone();
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (upstream, counter, posts) = (upstream.clone(), counter.clone(), posts.clone());
                std::thread::spawn(move || Self::pass_on(stream, &upstream, status, &counter, &posts));
            }
        });
        Self { url, lost }
    }

    /// One request of one connection.
    fn pass_on(stream: TcpStream, upstream: &str, status: &str, lost: &AtomicU32, posts: &AtomicU32) {
        let mut reader = BufReader::new(stream);
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let mut behind = TcpStream::connect(upstream).unwrap();
        behind.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).unwrap();
        behind.write_all(&body).unwrap();
        let mut answer = Vec::new();
        behind.read_to_end(&mut answer).unwrap();
        if head.starts_with("POST") && posts.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
            lost.fetch_add(1, Ordering::SeqCst);
            answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").into_bytes();
        }
        // A client that is gone has its answer in the next request.
        let _ = reader.get_mut().write_all(&answer);
    }
}

/// A table with its mapping in a folder: so many rows of three entities, a minute apart.
fn series(folder: &Path, rows: usize) -> (PathBuf, PathBuf) {
    let (source, map) = (folder.join("series.csv"), folder.join("m.toml"));
    let mut text = "t,n,v\n".to_owned();
    for i in 0..rows {
        writeln!(text, "{},{},{i}", 1_700_000_000 + i * 60, i % 3).unwrap();
    }
    std::fs::write(&source, text).unwrap();
    let mapping = "mode=\"history\"\n[time]\ncolumn=\"t\"\nformat=\"unix\"\n[[entity]]\nid=\"urn:x:{n}\"\ntype=\"T\"\n[[entity.attribute]]\nname=\"v\"\ncolumn=\"v\"\ntype=\"number\"\n";
    std::fs::write(&map, mapping).unwrap();
    (source, map)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_gateway_lost_the_answer_to_is_not_written_twice() {
    let Some(binary) = binary() else { return };
    for (status, mode) in
        [("504 Gateway Timeout", "history"), ("502 Bad Gateway", "both"), ("504 Gateway Timeout", "state")]
    {
        let folder = tempfile::tempdir().unwrap();
        let belfry = Belfry::start(&binary, &folder.path().join("a"), 0);
        let gateway = Gateway::start(&belfry, status);
        let (source, map) = series(folder.path(), 300);
        let line = [
            "import",
            source.to_str().unwrap(),
            "--map",
            map.to_str().unwrap(),
            "--mode",
            mode,
            "--quiet",
            "--url",
            &gateway.url,
        ];
        let summary = import::run(Import::try_parse_from(line).unwrap().args).await.unwrap();
        assert_eq!((summary.read, summary.refused), (300, 0), "{mode}");
        assert!(gateway.lost.load(Ordering::SeqCst) > 0, "{mode}: no answer was lost");
        let out = folder.path().join("out.ndjson");
        let written = belfry.export(&["history", "-o", out.to_str().unwrap()]).await;
        let expected = if mode == "state" { written.instances.min(300) } else { 300 };
        assert_eq!(written.instances, expected, "{mode}: {status}");
        let found = instances(&lines(&out), "v");
        let mut once = found.clone();
        once.dedup();
        assert_eq!(found, once, "{mode}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_was_cut_goes_on_as_the_same_import_only() {
    let Some(binary) = binary() else { return };
    let folder = tempfile::tempdir().unwrap();
    let belfry = Belfry::start(&binary, &folder.path().join("a"), 0);
    let other = Belfry::start(&binary, &folder.path().join("b"), 0);
    // Longer than any prefix that might stand for the whole.
    let (source, map) = series(folder.path(), 10_000);
    let line = [source.to_str().unwrap(), "--map", map.to_str().unwrap()];
    assert_eq!(belfry.import(&line).await.unwrap().instances, 10_000);
    // As it is left when it is cut after half of the rows.
    let state = folder.path().join("series.csv.import-state");
    let mut page: Value = serde_json::from_slice(&std::fs::read(&state).unwrap()).unwrap();
    (page["complete"], page["rows_done"], page["rows_begun"]) = (false.into(), 5_000.into(), 5_000.into());
    let cut = page.to_string();
    let refused = |outcome: Result<import::Summary, String>| {
        let why = outcome.expect_err("it is another import");
        assert!(why.contains("another import") && why.contains("--restart"), "{why}");
    };
    for further in [["--mode", "both"], ["--existing", "replace"], ["--tenant", "east"], ["--format", "geojson"]] {
        std::fs::write(&state, &cut).unwrap();
        let line = [line.as_slice(), further.as_slice()].concat();
        match belfry.import(&line).await {
            Err(why) if further[0] == "--format" => assert!(!why.is_empty()),
            outcome => refused(outcome),
        }
    }
    refused(other.import(&line).await);
    // The end of the file has changed, its size has not.
    let text = std::fs::read_to_string(&source).unwrap();
    std::fs::write(&source, text.replace(",9999\n", ",8888\n")).unwrap();
    refused(belfry.import(&line).await);
    std::fs::write(&source, text).unwrap();
    // Of an import of which nothing was taken, because the address was wrong, nothing is in the way.
    std::fs::remove_file(&state).unwrap();
    let wrong = ["import", line[0], line[1], line[2], "--quiet", "--url", "http://127.0.0.1:9"];
    import::run(Import::try_parse_from(wrong).unwrap().args).await.expect_err("nobody is there");
    assert!(state.exists());
    let third = Belfry::start(&binary, &folder.path().join("c"), 0);
    assert_eq!(third.import(&line).await.unwrap().instances, 10_000);
    std::fs::write(&state, &cut).unwrap();
    // The same import goes on.
    assert_eq!(belfry.import(&line).await.unwrap().instances, 5_000);
    assert_eq!(other.import(&line).await.unwrap().instances, 10_000, "another Belfry has it all");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_complete_import_is_put_into_history_a_second_time_only_when_asked() {
    let Some(binary) = binary() else { return };
    let folder = tempfile::tempdir().unwrap();
    let belfry = Belfry::start(&binary, &folder.path().join("a"), 0);
    let (source, map) = series(folder.path(), 90);
    let line = [source.to_str().unwrap(), "--map", map.to_str().unwrap()];
    assert_eq!(belfry.import(&line).await.unwrap().instances, 90);
    let out = folder.path().join("out.ndjson");
    for further in [&[][..], &["--restart"]] {
        let why = belfry.import(&[line.as_slice(), further].concat()).await.expect_err("it is complete");
        assert!(why.contains("complete") && why.contains("--again"), "{why}");
        assert_eq!(belfry.export(&["history", "-o", out.to_str().unwrap()]).await.instances, 90);
    }
    assert_eq!(belfry.import(&[line.as_slice(), &["--again"]].concat()).await.unwrap().instances, 90);
    assert_eq!(belfry.export(&["history", "-o", out.to_str().unwrap()]).await.instances, 180);
    // A file that has changed is another import.
    let text = std::fs::read_to_string(&source).unwrap();
    std::fs::write(&source, format!("{text}1800000000,1,7\n")).unwrap();
    assert_eq!(belfry.import(&line).await.unwrap().read, 91);
    // States may be sent as often as one likes.
    let state = folder.path().join("of-states").display().to_string();
    for _ in 0..2 {
        let line = [line.as_slice(), &["--mode", "state", "--state", &state]].concat();
        assert_eq!(belfry.import(&line).await.unwrap().refused, 0);
        assert!(!Path::new(&state).exists());
    }
}

#[tokio::test]
async fn pages_that_end_early_leave_nothing_out() {
    let Some(binary) = binary() else { return };
    let folder = tempfile::tempdir().unwrap();
    let least =
        ["BELFRY_SERVER_LIMITS_PAGE_MAX_BYTES", "BELFRY_SERVER_LIMITS_TEMPORAL_MAX_BYTES"].map(|key| (key, "65536"));
    let belfry = Belfry::start_with(&binary, &folder.path().join("data"), 0, &least);
    // Some 20 of them fill a page.
    let source = folder.path().join("large.ndjson");
    let text = "x".repeat(3_000);
    let one = |n: usize| {
        format!(
            r#"{{"id":"urn:x:{n:03}","type":"T","a":{{"type":"Property","value":"{text}","observedAt":"2026-01-01T00:00:00Z"}}}}"#
        )
    };
    std::fs::write(&source, (0..90).map(|n| one(n) + "\n").collect::<String>()).unwrap();
    belfry.import(&[source.to_str().unwrap()]).await.unwrap();
    let out = folder.path().join("out.ndjson");
    for what in ["entities", "history"] {
        let written = belfry.export(&[what, "--type", "T", "--page", "70", "-o", out.to_str().unwrap()]).await;
        assert_eq!(written.entities, 90, "{what}");
        let text = std::fs::read_to_string(&out).unwrap();
        assert_eq!(text.lines().count(), 90, "{what}");
        assert!((0..90).all(|n| text.contains(&format!("urn:x:{n:03}"))), "{what}");
    }
}
