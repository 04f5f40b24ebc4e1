//! The table of malformed requests, each with the exact status and problem that it gets, and proof that none of them
//! wrote anything. Run with `BELFRY_WRITE_SNAPSHOT=1` to write down what the server answers, and then read the difference.

use crate::server::Server;
use belfry_ngsi_ld::Json;
use std::fmt::Write;
use std::path::Path;

const TABLE: &str = include_str!("malformed.tsv");

/// What is there before and after: nothing in the table may change it.
const STATE: &str = r#"[
  {"id":"urn:x:1","type":"Room","temperature":{"type":"Property","value":21,"unitCode":"CEL"},
   "name":{"type":"LanguageProperty","languageMap":{"en":"Hall"}},"inside":{"type":"Relationship","object":"urn:x:2"},
   "location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[13.4,52.5]}}},
  {"id":"urn:x:2","type":"Building","scope":"/a/b","p":1}]"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_malformed_request_gets_its_problem_and_writes_nothing() {
    let server = Server::start().await;
    server.post("/entityOperations/create", STATE).await.expect(201);
    let state = |server| async move {
        let server: &Server = server;
        let reply = server.get("/entities?local=true&limit=1000&options=sysAttrs").await.expect(200);
        (reply.text().to_owned(), server.app.tenants.get("").unwrap().health().seq)
    };
    let writing = std::env::var_os("BELFRY_WRITE_SNAPSHOT").is_some();
    check_every_endpoint(&server);
    let mut before = state(&server).await;
    let mut written = String::new();
    let mut wrong = Vec::new();
    let mut cases = 0;
    for line in TABLE.lines() {
        if line.starts_with('#') || line.is_empty() {
            writeln!(written, "{line}").unwrap();
            continue;
        }
        cases += 1;
        let columns: Vec<&str> = line.split('\t').collect();
        let (method, path, headers, body) = (columns[0], columns[1], columns[2], columns[3]);
        let headers: Vec<(&str, &str)> = headers.split(" ;; ").filter_map(|h| h.split_once(": ")).collect();
        let reply = server.call(method, path, &headers, body).await;
        let (kind, detail) = match reply.body.is_empty() {
            true => (String::new(), String::new()),
            false => (reply.problem(), reply.member("detail").as_str().unwrap_or_default().to_owned()),
        };
        let got = format!("{}\t{kind}\t{}", reply.status, detail.replace(['\t', '\n'], " "));
        if writing && reply.status < 400 {
            // It is not malformed after all: it leaves the table.
            println!("taken: {method} {path} {body}");
            before = state(&server).await;
            continue;
        }
        assert!(
            (400..500).contains(&reply.status) || reply.status == 504,
            "{line}\n gave {}: {}",
            reply.status,
            reply.text()
        );
        if reply.status == 504 {
            assert_eq!(kind, "LdContextNotAvailable", "{line}");
        }
        if !reply.body.is_empty() {
            assert_eq!(reply.header("content-type"), "application/json", "{line}");
            assert_eq!(reply.member("status"), Json::Int(reply.status.into()), "{line}");
        }
        let expected = columns.get(4..).map(|rest| rest.join("\t")).unwrap_or_default();
        if got != expected {
            wrong.push(format!("{method} {path} {body}\n  expected {expected}\n  got      {got}"));
        }
        writeln!(written, "{method}\t{path}\t{}\t{body}\t{got}", columns[2]).unwrap();
        assert_eq!(state(&server).await, before, "{line}\n wrote something");
    }
    if writing {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/malformed.tsv"), written).unwrap();
    } else {
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
    assert!(cases >= 150, "{cases}");
}

/// Every endpoint of an application stands in the table.
fn check_every_endpoint(server: &Server) {
    let rows: Vec<(&str, &str)> = TABLE
        .lines()
        .filter_map(|line| {
            let mut columns = line.split('\t');
            Some((columns.next()?, columns.next()?.strip_prefix('!')?.split('?').next()?))
        })
        .collect();
    for endpoint in server.apps.hosted().iter().flat_map(|app| &app.endpoints) {
        let method = format!("{:?}", endpoint.method).to_uppercase();
        let wanted: Vec<&str> = endpoint.path.split('/').collect();
        let is_it = |path: &str| {
            let given: Vec<&str> = path.split('/').collect();
            given.len() == wanted.len() && wanted.iter().zip(given).all(|(w, g)| w.starts_with('{') || *w == g)
        };
        let found = rows.iter().any(|(m, path)| *m == method && is_it(path));
        assert!(found, "{} ({method} {}) has no row in malformed.tsv", endpoint.id, endpoint.path);
    }
}
