//! GeoJSON, NGSI-LD lines, arrays and models: what is taken, what is refused and where. Run through the import command
//! itself as dry runs with a report, so that what a user sees is what is tested.

#![expect(clippy::unwrap_used, reason = "a test ends where what it stands on does not hold")]

use belfry_transfer::import::{self, Summary};
use clap::Parser;
use std::io::Write;
use std::path::Path;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: import::Args,
}

/// Imports a file without sending; the summary and the report.
async fn dry(
    folder: &Path,
    name: &str,
    bytes: &[u8],
    more: &[&str],
) -> Result<(Summary, Vec<serde_json::Value>), String> {
    let file = folder.join(name);
    std::fs::write(&file, bytes).unwrap();
    let report = folder.join("report.ndjson");
    let mut line = vec!["import", file.to_str().unwrap(), "--dry-run", "--quiet", "--report", report.to_str().unwrap()];
    line.extend(more);
    let summary =
        import::run(Line::try_parse_from(line).map_err(|e| e.to_string())?.args).await.map_err(|e| e.to_string())?;
    let text = std::fs::read_to_string(&report).unwrap();
    Ok((summary, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()))
}

type Refused = &'static [(u64, Option<&'static str>, &'static str)];

/// name, file, further arguments, entities taken, refused items: line, field, part of the reason
#[tokio::test]
async fn items_are_taken_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let temporal = r#"{"id":"urn:x:1","type":"T","a":[{"type":"Property","value":1,"observedAt":"2026-01-01T00:00:00Z"},{"type":"Property","value":2,"observedAt":"2026-01-01T01:00:00Z"}]}"#;
    let cases: &[(&str, &str, &[&str], u64, Refused)] = &[
        ("a.ndjson", "{\"id\":\"urn:x:1\",\"type\":\"T\",\"a\":{\"type\":\"Property\",\"value\":1}}\n", &[], 1, &[]),
        (
            "a.ndjson",
            "{\"id\":\"urn:x:1\",\"type\":\"T\",\"a\":{\"value\":1}}\n\n{\"id\":\"urn:x:2\",\"type\":\"T\",\"a\":3}",
            &[],
            2,
            &[],
        ),
        (
            "a.jsonl",
            "{\"id\":\"urn:x:1\",\"type\":\"T\"\n{\"id\":\"urn:x:2\",\"type\":\"T\"}\n",
            &[],
            1,
            &[(1, None, "not valid JSON")],
        ),
        (
            "a.ndjson",
            "[]\n3\n\"x\"\n",
            &[],
            0,
            &[(1, None, "an entity is an object, not an array"), (2, None, "a number"), (3, None, "a text")],
        ),
        (
            "a.ndjson",
            "{\"type\":\"T\"}\n{\"id\":\"urn:x:1\"}\n",
            &[],
            0,
            &[(1, None, "the entity has no id"), (2, None, "no type")],
        ),
        ("a.ndjson", "{\"id\":\"x\",\"type\":\"T\"}\n", &[], 0, &[(1, None, "is not a URI")]),
        (
            "a.ndjson",
            "{\"id\":\"urn:x:1\",\"type\":\"T\",\"a\":{\"type\":\"Propetry\",\"value\":1}}\n",
            &[],
            0,
            &[(1, Some("a"), "not a kind of attribute")],
        ),
        (
            "a.ndjson",
            "{\"id\":\"urn:x:1\",\"type\":\"T\",\"l\":{\"type\":\"GeoProperty\",\"value\":{\"type\":\"Point\",\"coordinates\":[500,0]}}}\n",
            &[],
            0,
            &[(1, Some("l"), "longitude 500")],
        ),
        (
            "a.ndjson",
            "{\"id\":\"urn:x:1\",\"type\":\"T\",\"licensePlate\":{\"value\":\"FL 1\"}}\n",
            &[],
            0,
            &[(1, Some("licensePlate"), "")],
        ),
        (
            "a.ndjson",
            "{\"id\":\"urn:x:1\",\"type\":\"T\",\"a\":{\"value\":1,\"observedAt\":\"yesterday\"}}\n",
            &[],
            0,
            &[(1, Some("a"), "observedAt")],
        ),
        ("a.ndjson", temporal, &[], 0, &[(1, Some("a"), "")]),
        ("a.ndjson", temporal, &["--mode", "history"], 0, &[]),
        ("a.ndjson", "{\"id\":\"urn:x:1\",\"type\":\"T\",\"a\":1,\"b\":{\"c\":2}}\n", &["--form", "keyvalues"], 1, &[]),
        (
            "a.json",
            " [ {\"id\":\"urn:x:1\",\"type\":\"T\"} ,\n {\"id\":\"urn:x:2\",\"type\":\"T\",\"a\":\"],[{\\\"\"} ]\n",
            &[],
            2,
            &[],
        ),
        ("a.json", "[]", &[], 0, &[]),
        ("a.json", "[\n1,\n{\"id\":\"urn:x:2\",\"type\":\"T\"}]", &[], 1, &[(2, None, "an entity is an object")]),
        (
            "a.jsonld",
            "{\n\"id\":\"urn:x:1\",\n\"type\":\"T\",\"@context\":\"https://example.org/c.jsonld\"}",
            &[],
            1,
            &[],
        ),
        (
            "g.geojson",
            "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{\"n\":1,\"addr:street\":\"Hof\",\"x\":null},\"geometry\":{\"type\":\"Point\",\"coordinates\":[9.5,47.1]}}]}",
            &["--type", "Tree", "--id", "urn:ngsi-ld:Tree:{n}"],
            1,
            &[],
        ),
        (
            "g.json",
            "{\"name\":\"[{\",\"type\":\"FeatureCollection\",\"features\":[]}",
            &["--type", "Tree", "--id", "urn:x:{n}"],
            0,
            &[],
        ),
        (
            "g.geojson",
            "{\"type\":\"FeatureCollection\",\"features\":[\n{\"type\":\"Feature\",\"properties\":{},\"geometry\":null},\n{\"type\":\"Point\"},\n{\"type\":\"Feature\",\"properties\":{\"n\":2},\"geometry\":{\"type\":\"Point\",\"coordinates\":[999,0]}}]}",
            &["--type", "Tree", "--id", "urn:x:{n}"],
            0,
            &[
                (2, Some("n"), "the entity's id is made of it"),
                (3, None, "not a Feature"),
                (4, Some("location"), "longitude"),
            ],
        ),
        (
            "g.geojson",
            "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"id\":\"urn:x:1\",\"properties\":{\"type\":\"Tree\",\"location\":{\"type\":\"GeoProperty\",\"value\":{\"type\":\"Point\",\"coordinates\":[9,47]}}},\"geometry\":{\"type\":\"Point\",\"coordinates\":[9,47]}}]}",
            &[],
            1,
            &[],
        ),
        (
            "g.geojson",
            "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"id\":7,\"properties\":{\"n\":1},\"geometry\":null}]}",
            &[],
            0,
            &[(1, None, "--type and --id")],
        ),
        (
            "g.geojson",
            "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{\"n\":1,\"a b\":1,\"aB\":2},\"geometry\":null}]}",
            &["--type", "T", "--id", "urn:x:{n}"],
            0,
            &[(1, Some("aB"), "a mapping can give it one")],
        ),
    ];
    for (name, text, more, taken, refused) in cases {
        let (summary, report) =
            dry(folder.path(), name, text.as_bytes(), more).await.unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!(summary.states, *taken, "{text} {report:?}");
        assert_eq!(report.len(), refused.len(), "{text} {report:?}");
        assert_eq!(summary.exit_code(), u8::from(!refused.is_empty()));
        for (line, (number, field, reason)) in report.iter().zip(*refused) {
            assert_eq!(line["line"], *number, "{text} {line}");
            assert_eq!(line["field"].as_str(), *field, "{text} {line}");
            assert!(line["reason"].as_str().unwrap().contains(reason), "{text} {line}");
        }
    }
}

/// name, file, further arguments, part of the reason why nothing can be imported
#[tokio::test]
async fn sources_that_are_wrong_as_a_whole_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let cases: &[(&str, &[u8], &[&str], &str)] = &[
        ("a.csv", b"a,b\n1,2\n", &[], "a table needs a mapping file"),
        ("a.xyz", b"a,b\n1,2\n", &[], "say --format"),
        ("a.json", b"[{}", &[], "the array breaks off"),
        ("a.json", b"[{} {}]", &[], "a comma is missing"),
        ("a.json", b"[{},", &[], "nothing follows a comma"),
        ("a.json", b"[{},]", &[], "nothing follows a comma"),
        ("a.json", b"[{\"a\":\"x]", &[], "a value breaks off"),
        ("a.geojson", b"{\"type\":\"FeatureCollection\"}", &[], "no member \"features\""),
        ("a.geojson", b"{\"features\":{}}", &[], "is not an array"),
        ("a.geojson", b"[]", &[], "it is not a JSON object"),
        ("a.ndjson", b"{}", &["--map", "/nowhere.toml"], "/nowhere.toml"),
        ("a.ndjson", b"{}", &["--type", "T"], "--id"),
        ("a.ndjson", b"{}", &["--batch", "0"], "--batch"),
        ("a.ndjson.gz", b"\x1f\x8b\x08broken", &[], "a.ndjson.gz"),
        ("a.geojson", b"{\"features\":[]}", &["--type", "T", "--id", "urn:x:{"], "a { without }"),
    ];
    for (name, bytes, more, reason) in cases {
        match dry(folder.path(), name, bytes, more).await {
            Err(why) => assert!(why.contains(reason), "{name} {more:?}: {why}"),
            Ok(found) => panic!("{name} {more:?}: {found:?}"),
        }
    }
}

#[tokio::test]
async fn packed_files_are_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for i in 0..1_000 {
        writeln!(packer, "{{\"id\":\"urn:x:{i}\",\"type\":\"T\"}}").unwrap();
    }
    let (summary, _) = dry(folder.path(), "a.ndjson.gz", &packer.finish().unwrap(), &[]).await.unwrap();
    assert_eq!((summary.read, summary.states), (1_000, 1_000));
}

#[tokio::test]
async fn an_unreachable_belfry_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.ndjson");
    std::fs::write(&file, "{\"id\":\"urn:x:1\",\"type\":\"T\"}\n").unwrap();
    let line = ["import", file.to_str().unwrap(), "--quiet", "--url", "http://127.0.0.1:9"];
    let error = import::run(Line::parse_from(line).args).await.unwrap_err().to_string();
    assert!(error.contains("is belfry serve running there?"), "{error}");
    for url in ["127.0.0.1:1026", "ftp://x", "http://", ""] {
        let line = ["import", file.to_str().unwrap(), "--quiet", "--url", url];
        assert!(import::run(Line::parse_from(line).args).await.unwrap_err().to_string().contains("--url"), "{url}");
    }
}
