//! `belfry restore` to an instant, with the built program: every tenant stands as it stood then, those made between the
//! backup and the instant included, those made later left out.

#![expect(clippy::unwrap_used, reason = "a test ends where what it stands on does not hold")]

use belfry_kernel::Clock as _;
use belfry_runtime::SystemClock;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_belfry");

/// A running server.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(data: &Path, backups: &Path) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .arg("--set")
            .arg(format!("store.backup_dir={}", backups.display()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("it says where it listens").unwrap();
            if let Some(address) = line.strip_prefix("listening on http://") {
                break address.to_owned();
            }
        };
        Self { child, address }
    }

    fn send(&self, method: &str, target: &str, tenant: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let tenant = if tenant.is_empty() { String::new() } else { format!("NGSILD-Tenant: {tenant}\r\n") };
        write!(
            stream,
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n{tenant}Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        (answer[9..12].parse().unwrap(), answer)
    }

    fn make(&self, tenant: &str, name: &str) {
        let body = format!(r#"{{"id":"urn:x:{name}","type":"T","level":1}}"#);
        let (status, answer) = self.send("POST", "/ngsi-ld/v1/entities", tenant, &body);
        assert_eq!(status, 201, "{answer}");
    }

    /// Which of the entities a tenant holds; none when there is no such tenant.
    fn held(&self, tenant: &str) -> Option<Vec<&'static str>> {
        let mut held = Vec::new();
        for name in ["before", "between", "after"] {
            match self.send("GET", &format!("/ngsi-ld/v1/entities/urn:x:{name}"), tenant, "") {
                (200, _) => held.push(name),
                (404, answer) if answer.contains("NonexistentTenant") => return None,
                (404, _) => {}
                (_, answer) => panic!("{answer}"),
            }
        }
        Some(held)
    }

    fn stop(mut self) {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

fn restore(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(PROGRAM).arg("restore").args(arguments).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn every_tenant_stands_as_it_stood_at_the_instant() {
    let dir = tempfile::tempdir().unwrap();
    let (live, backups) = (dir.path().join("live"), dir.path().join("backups"));
    let server = Server::start(&live, &backups);
    for tenant in ["", "east"] {
        server.make(tenant, "before");
    }
    let (status, answer) = server.send("POST", "/backups", "", r#"{"name":"monday"}"#);
    assert_eq!(status, 201, "{answer}");
    for tenant in ["", "east", "west"] {
        server.make(tenant, "between");
    }
    std::thread::sleep(Duration::from_millis(20));
    let instant = SystemClock.now().to_string();
    std::thread::sleep(Duration::from_millis(20));
    for tenant in ["", "east", "west", "later"] {
        server.make(tenant, "after");
    }
    server.stop();

    let text = |path: &Path| path.display().to_string();
    let (backup, log, restored) = (backups.join("monday"), live.join("log"), dir.path().join("restored"));
    let (done, told) =
        restore(&["--from", &text(&backup), "--log", &text(&log), "--until", &instant, "--to", &text(&restored)]);
    assert!(done, "{told}");
    let server = Server::start(&restored, &backups);
    assert_eq!(server.held(""), Some(vec!["before", "between"]));
    assert_eq!(server.held("east"), Some(vec!["before", "between"]));
    assert_eq!(server.held("west"), Some(vec!["between"]), "made after the backup");
    assert_eq!(server.held("later"), None, "not there yet");
    server.stop();

    // Without a log: the backup as it is. To the end of the log: everything.
    let plain = dir.path().join("plain");
    assert!(restore(&["--from", &text(&backup), "--to", &text(&plain)]).0);
    let server = Server::start(&plain, &backups);
    assert_eq!((server.held(""), server.held("east")), (Some(vec!["before"]), Some(vec!["before"])));
    assert_eq!(server.held("west"), None);
    server.stop();
    let end = dir.path().join("end");
    assert!(restore(&["--from", &text(&backup), "--log", &text(&log), "--to", &text(&end)]).0);
    let server = Server::start(&end, &backups);
    assert_eq!(server.held("east"), Some(vec!["before", "between", "after"]));
    assert_eq!(server.held("later"), Some(vec!["after"]));
    server.stop();

    // A log that was taken out of its directory cannot bring the tenants on, and that is said.
    let alone = dir.path().join("alone");
    std::fs::rename(&log, &alone).unwrap();
    let refused = dir.path().join("refused");
    let (done, told) = restore(&["--from", &text(&backup), "--log", &text(&alone), "--to", &text(&refused)]);
    assert!(!done && told.contains("the tenant east"), "{told}");
}
