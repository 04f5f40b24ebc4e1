//! Maps through the command line of the built program: an extract becomes entities, basemap and road map at once; the basemap goes out
//! as an archive and in again, and is there after the server was killed; the demo stands on its own ground.
#![expect(clippy::unwrap_used, reason = "a test ends where what it stands on does not hold")]

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_belfry");

/// Two streets and a house.
const MAP: &str = r#"<osm version="0.6">
<node id="1" lon="9.5" lat="47"/><node id="2" lon="9.51" lat="47"/><node id="3" lon="9.51" lat="47.01"/>
<node id="4" lon="9.502" lat="47.002"/><node id="5" lon="9.503" lat="47.002"/><node id="6" lon="9.503" lat="47.003"/>
<way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="primary"/><tag k="name" v="Mill Street"/></way>
<way id="2"><nd ref="4"/><nd ref="5"/><nd ref="6"/><nd ref="4"/><tag k="building" v="yes"/></way>
</osm>"#;

/// A running program that serves.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(arguments: &[&str], data: &Path, says: &str) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(arguments)
            .arg("--data")
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("it says where it listens").unwrap();
            if let Some(address) = line.strip_prefix(says) {
                break address.to_owned();
            }
        };
        Self { child, address }
    }

    fn serve(data: &Path) -> Self {
        Self::start(&["serve", "--listen", "127.0.0.1:0"], data, "listening on http://")
    }

    /// What is told at a path; waits while something is being read.
    fn told(&self, path: &str) -> Value {
        for _ in 0..600 {
            let mut stream = TcpStream::connect(&self.address).unwrap();
            let host = &self.address;
            write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            let told: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
            if told["state"] != "making" {
                return told;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("{path} is not made ready");
    }

    /// Runs a command against it.
    fn run(&self, directory: &Path, arguments: &[&str]) -> (i32, String) {
        let url = format!("http://{}", self.address);
        let command = Command::new(PROGRAM).current_dir(directory).args(arguments).args(["--url", &url]).output();
        let output = command.unwrap();
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// As a power cut would end it.
    fn kill(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that fails leaves no program behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const BASEMAP: &str = "/belfry/v1/registers/basemap";

#[test]
fn an_extract_is_town_basemap_and_roads_and_the_basemap_goes_out_and_in() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    std::fs::write(here.join("village.osm"), MAP).unwrap();
    let server = Server::serve(&here.join("data"));
    let (code, said) = server.run(here, &["import", "osm", "village.osm"]);
    assert_eq!((code, server.told(BASEMAP)["state"].as_str()), (0, Some("none")), "{said}");
    let (code, said) = server.run(here, &["import", "osm", "village.osm", "--basemap", "--roads"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("the town is drawn on it") && said.contains("routes go over its roads"), "{said}");
    let told = server.told(BASEMAP);
    assert_eq!((told["state"].as_str(), told["map"]["ways"].as_u64()), (Some("ready"), Some(2)), "{told}");
    assert_eq!(server.told("/belfry/v1/transport/roads")["map"]["roads"], 1);

    let (code, said) = server.run(here, &["export", "tiles", "village.pmtiles", "--maxzoom", "12"]);
    assert_eq!(code, 0, "{said}");
    assert!(std::fs::read(here.join("village.pmtiles")).unwrap().starts_with(b"PMTiles\x03"));
    let (code, said) = server.run(here, &["import", "tiles", "village.pmtiles", "--attribution", "© Surveyors"]);
    assert_eq!(code, 0, "{said}");

    // What was answered with success is there after a kill.
    server.kill();
    let server = Server::serve(&here.join("data"));
    let told = server.told(BASEMAP);
    assert_eq!((told["state"].as_str(), told["map"]["format"].as_str()), (Some("ready"), Some("PMTiles")), "{told}");
    assert_eq!((told["attribution"].as_str(), told["maxzoom"].as_u64()), (Some("© Surveyors"), Some(12)), "{told}");

    // What is no map is refused, with the reason, and changes nothing.
    std::fs::write(here.join("broken.pmtiles"), "PMTiles\u{3}").unwrap();
    let (code, said) = server.run(here, &["import", "tiles", "broken.pmtiles"]);
    assert!(code == 2 && said.contains("no PMTiles archive"), "{code}: {said}");
    assert_eq!(server.told(BASEMAP)["edition"], told["edition"]);
    server.kill();
}

#[test]
fn the_demo_stands_on_its_own_ground_and_puts_it_once() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let demo = || Server::start(&["demo", "--port", "0", "--mqtt-port", "0"], &data, "The town is live: http://");
    for _ in 0..2 {
        let server = demo();
        let told = server.told(BASEMAP);
        assert_eq!((told["state"].as_str(), told["edition"].as_u64()), (Some("ready"), Some(1)), "{told}");
        assert_eq!(told["attribution"], "Simulated county: no such place");
        assert!(told["map"]["features"].as_u64().unwrap() > 500, "{told}");
        server.kill();
    }
}
