//! A scenario in the real program, through its real doors: what devices and services say is read back and scored, and what nobody
//! answers is missed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const SCENARIO: &str = r#"
title = "a crash on the bridge"
start = "08:00"
date = "2026-06-17"
minutes = 16
devices = 80

[[event]]
name = "crash"
at = "08:02"
kind = "crash"
place = "bridge"
closes = true
minutes = 30

[[event]]
name = "cooling fails"
at = "08:02"
kind = "room_heat"
kelvin = 12
minutes = 60

[[expect]]
name = "the accident is told"
after = "crash"
within_min = 5
type = "RoadAccident"
q = "status==\"onGoing\""
near = "bridge"
metres = 400

[[expect]]
name = "a classroom is hot"
after = "cooling fails"
within_min = 12
type = "IndoorEnvironmentObserved"
q = "temperature>27"

[[expect]]
name = "help is there"
after = "crash"
within_min = 10
type = "Vehicle"
q = "serviceStatus==\"onScene\""

[[expect]]
name = "somebody answers"
after = "crash"
within_min = 10
type = "Alert"

[[expect]]
name = "nobody cries wolf"
within_min = 14
type = "Alert"
never = true
"#;

fn demo(directory: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_belfry"))
        .env_clear()
        .current_dir(directory)
        .args(["demo", "--port", "0", "--mqtt-port", "0", "--data", "data"])
        .args(more)
        .output()
        .unwrap()
}

#[test]
fn a_scenario_is_scored_through_the_public_doors() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("crash.toml"), SCENARIO).unwrap();
    let arguments = ["--scenario", "crash.toml", "--score", "score.json", "--speed", "90", "--out", "out"];
    let output = demo(directory.path(), &arguments);
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(3), "{said}");
    let report: Value = serde_json::from_slice(&std::fs::read(directory.path().join("score.json")).unwrap()).unwrap();
    let results: Vec<(&str, &str)> = report["expectations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["name"].as_str().unwrap(), line["result"].as_str().unwrap()))
        .collect();
    let expected = [
        ("the accident is told", "met"),
        ("a classroom is hot", "met"),
        ("help is there", "met"),
        ("somebody answers", "missed"),
        ("nobody cries wolf", "met"),
    ];
    assert_eq!(results, expected, "{said}");
    assert_eq!(report["met"], 4);
    assert!(said.contains("4 of 5 met") && said.contains("0 of 1"), "{said}");
    let spare = report["expectations"][0]["toSpareS"].as_f64().unwrap();
    assert!(spare > 100.0 && spare <= 300.0, "{spare}");
    // What agencies publish lies beside it, and the truth.
    let out = directory.path().join("out");
    let truth = std::fs::read_to_string(out.join("truth.ndjson")).unwrap();
    let first =
        truth.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).find(|t| t["kind"] == "accident");
    assert!(first.unwrap()["assets"][0].as_str().unwrap().starts_with("urn:ngsi-ld:RoadSegment:"));
    for file in ["county.osm", "gtfs/stop_times.txt", "gtfs-realtime.pb"] {
        assert!(out.join(file).metadata().unwrap().len() > 0, "{file}");
    }
}

#[test]
fn a_wrong_scenario_is_said_with_file_and_line_before_anything_starts() {
    let directory = tempfile::tempdir().unwrap();
    for (from, to, line, why) in [
        ("closes = true", "close = true", 13, "did you mean \\\"closes\\\""),
        ("place = \"bridge\"\ncloses", "place = \"brige\"\ncloses", 12, "did you mean \\\"bridge\\\""),
    ] {
        std::fs::write(directory.path().join("wrong.toml"), SCENARIO.replacen(from, to, 1)).unwrap();
        let output = demo(directory.path(), &["--scenario", "wrong.toml"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success());
        assert!(said.contains(&format!("wrong.toml:{line}: ")) && said.contains(&why.replace("\\\"", "\"")), "{said}");
        assert!(!directory.path().join("data").exists(), "it has begun");
    }
}
