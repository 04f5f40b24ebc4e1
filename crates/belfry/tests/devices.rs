//! Devices into the real program, over its own listener and over a real Mosquitto: killed, started again, asked for history.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running Belfry.
struct Belfry {
    child: Child,
    http: String,
    mqtt: String,
}

impl Belfry {
    fn start(directory: &Path, more: &[&str]) -> Self {
        let mut child = belfry(directory)
            .args(["serve", "--listen", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"])
            .arg("--data")
            .arg(directory.join("data"))
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut said = |scheme: &str| {
            let line = lines.find(|l| l.starts_with("listening on")).unwrap();
            line.split_once(scheme).unwrap_or_else(|| panic!("{line}")).1.to_owned()
        };
        let (http, mqtt) = (said("http://"), said("mqtt://"));
        // What else it says is not held up.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, http, mqtt }
    }

    /// As when the power fails: nothing is finished.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn get(&self, target: &str, headers: &str) -> Result<Value, String> {
        let mut stream = TcpStream::connect(&self.http).unwrap();
        write!(stream, "GET {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\r\n", self.http).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        if head.contains(" 200 ") { Ok(serde_json::from_str(body).unwrap()) } else { Err(head.to_owned()) }
    }

    /// The values of an attribute in history, by their own time.
    fn history(&self, entity: &str, attribute: &str) -> Vec<Value> {
        let target = format!("/ngsi-ld/v1/temporal/entities/{entity}?attrs={attribute}&options=temporalValues");
        match self.get(&target, "") {
            Ok(found) => {
                let values = found[attribute]["values"].as_array().cloned().unwrap_or_default();
                values.into_iter().map(|pair| pair[0].clone()).collect()
            }
            Err(_) => Vec::new(),
        }
    }

    /// Waits until there are so many, and a little longer for those that must not come.
    fn history_of(&self, entity: &str, attribute: &str, n: usize) -> Vec<Value> {
        let start = Instant::now();
        while self.history(entity, attribute).len() < n && start.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(50));
        }
        std::thread::sleep(Duration::from_millis(300));
        self.history(entity, attribute)
    }
}

impl Drop for Belfry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn belfry(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_belfry"));
    command.current_dir(directory);
    command
}

/// A device on the listener, in MQTT 3.1.1.
struct Device(TcpStream);

impl Device {
    /// Connects and returns the return code.
    fn connect(address: &str, id: &str, login: Option<(&str, &str)>) -> (Self, u8) {
        let flags = if login.is_some() { 0xc0 } else { 0 };
        let mut body = vec![0, 4, b'M', b'Q', b'T', b'T', 4, flags, 0, 60];
        for text in std::iter::once(id).chain(login.into_iter().flat_map(|(user, password)| [user, password])) {
            body.extend((text.len() as u16).to_be_bytes());
            body.extend(text.as_bytes());
        }
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut device = Self(stream);
        device.send(0x10, &body);
        let mut answer = [0; 4];
        device.0.read_exact(&mut answer).unwrap();
        (device, answer[3])
    }

    fn send(&mut self, first: u8, body: &[u8]) {
        let mut packet = vec![first];
        let mut length = body.len();
        while length > 0x7f {
            packet.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        packet.push(length as u8);
        packet.extend(body);
        self.0.write_all(&packet).unwrap();
    }

    /// Publishes at QoS 1 and waits for the acknowledgement.
    fn publish(&mut self, dup: bool, id: u16, topic: &str, payload: &str) {
        let mut body = (topic.len() as u16).to_be_bytes().to_vec();
        body.extend(topic.as_bytes());
        body.extend(id.to_be_bytes());
        body.extend(payload.as_bytes());
        self.send(0x32 | u8::from(dup) << 3, &body);
        let mut answer = [0; 4];
        self.0.read_exact(&mut answer).unwrap();
        assert_eq!(answer, [0x40, 2, (id >> 8) as u8, id as u8]);
    }
}

#[test]
fn what_was_acknowledged_is_there_once_after_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let mapping = "[[rule]]\ntopic = 'town/{s}'\nformat = 'senml'\nentity = 'urn:ngsi-ld:Sensor:{s}'\ntype = 'Sensor'\n\
                   [[rule]]\ntopic = 'one/{s}'\nformat = 'value'\nentity = 'urn:ngsi-ld:Sensor:{s}'\ntype = 'Sensor'\nattributes = { level = {} }\n";
    std::fs::write(directory.path().join("mapping.toml"), mapping).unwrap();
    let start = || Belfry::start(directory.path(), &["--set", "mqtt.listener.mapping=mapping.toml"]);
    let running = start();
    let (mut device, code) = Device::connect(&running.mqtt, "pump", None);
    assert_eq!(code, 0);
    for n in 1..=20_u16 {
        device.publish(false, n, "one/s1", &n.to_string());
    }
    // A pack with ten times of its own, oldest first.
    let records: Vec<String> =
        (0..10).map(|n| format!("{{\"n\":\"temperature\",\"v\":{n},\"t\":{}}}", 1_772_366_400 + n)).collect();
    let pack = format!("[{}]", records.join(","));
    device.publish(false, 21, "town/s1", &pack);
    running.kill();
    let running = start();
    let (mut device, _) = Device::connect(&running.mqtt, "pump", None);
    // The device did not see the last acknowledgements, and says them again.
    for n in 11..=20_u16 {
        device.publish(true, n, "one/s1", &n.to_string());
    }
    device.publish(true, 21, "town/s1", &pack);
    device.publish(false, 22, "one/s1", "20");
    let numbers = |from: i64, to: i64| (from..=to).map(Value::from).collect::<Vec<_>>();
    let entity = "urn:ngsi-ld:Sensor:s1";
    assert_eq!(running.history(entity, "level"), [numbers(1, 20), numbers(20, 20)].concat());
    assert_eq!(running.history(entity, "temperature"), numbers(0, 9));
}

#[test]
fn a_token_of_a_tenant_writes_to_that_tenant() {
    let directory = tempfile::tempdir().unwrap();
    let token = |role: &str, tenant: &[&str]| {
        let data = directory.path().join("data");
        let made = belfry(directory.path())
            .args(["token", "--data", data.to_str().unwrap(), "create", "--label", "t", "--role", role])
            .args(tenant)
            .stderr(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    };
    let (farm, town, reader) = (token("ingest", &["--tenant", "farm"]), token("ingest", &[]), token("reader", &[]));
    let running = Belfry::start(directory.path(), &["--set", "security.mode=tokens"]);
    for (device, secret, value) in [("d1", &farm, "1"), ("d2", &town, "2")] {
        let (mut device, code) = Device::connect(&running.mqtt, device, Some(("any", secret)));
        assert_eq!(code, 0);
        device.publish(false, 1, "belfry/Sensor/s/level", value);
    }
    for wrong in ["", "belfry_0000", &reader] {
        assert_eq!(Device::connect(&running.mqtt, "d3", Some(("any", wrong))).1, 4, "{wrong}");
    }
    let target = "/ngsi-ld/v1/entities/urn:ngsi-ld:Sensor:s?options=keyValues";
    for (tenant, value) in [("", 2), ("NGSILD-Tenant: farm\r\n", 1)] {
        let found = running.get(target, &format!("Authorization: Bearer {reader}\r\n{tenant}")).unwrap();
        assert_eq!(found["level"], Value::from(value), "{tenant}");
    }
}

/// A Mosquitto of its own; none where it is not installed.
struct Mosquitto {
    child: Child,
    port: u16,
    _directory: tempfile::TempDir,
}

impl Mosquitto {
    fn start() -> Option<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("mosquitto.conf");
        let config = "allow_anonymous true\nuser root\nmax_queued_messages 0\nlog_type none\n";
        std::fs::write(&file, format!("listener {port} 127.0.0.1\n{config}")).unwrap();
        let sbin = Path::new("/usr/sbin/mosquitto");
        let program = if sbin.exists() { sbin } else { Path::new("mosquitto") };
        match Command::new(program).arg("-c").arg(file).stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
            Ok(child) => {
                let broker = Self { child, port, _directory: directory };
                let up = (0..200).any(|_| {
                    std::thread::sleep(Duration::from_millis(20));
                    TcpStream::connect(("127.0.0.1", port)).is_ok()
                });
                assert!(up, "Mosquitto does not listen");
                Some(broker)
            }
            Err(e) => {
                let set = |name| std::env::var(name).is_ok_and(|v| !["", "0", "false"].contains(&v.as_str()));
                assert!(!set("CI") && !set("BELFRY_TEST_SERVICES"), "Mosquitto is not installed: {e}");
                eprintln!("not run: Mosquitto is not installed ({e})");
                None
            }
        }
    }

    fn publish(&self, topic: &str, payload: &str, more: &[&str]) {
        let port = self.port.to_string();
        let args = ["-h", "127.0.0.1", "-p", &port, "-q", "1", "-t", topic, "-m", payload];
        assert!(Command::new("mosquitto_pub").args(args).args(more).status().unwrap().success());
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_waits_at_a_broker_over_a_kill_is_stored_once() {
    let Some(broker) = Mosquitto::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    // `topics` overlaps with every filter of the built-in mapping.
    let config = format!(
        "[[mqtt.brokers]]\nurl = \"mqtt://127.0.0.1:{}\"\nclient_id = \"belfry\"\ntopics = [\"belfry/#\", \"+/+/+/level\"]\n",
        broker.port
    );
    std::fs::write(directory.path().join("belfry.toml"), config).unwrap();
    let start = || Belfry::start(directory.path(), &["--config", "belfry.toml"]);
    let running = start();
    let discovery = r#"{"state_topic":"z2m/hall","value_template":"{{ value_json.t }}","unique_id":"hall","device":{"identifiers":["hall"]},"unit_of_measurement":"W"}"#;
    // Not retained: only what was kept tells how to read the states.
    let (hall, sensor) = ("urn:ngsi-ld:Device:hall", "urn:ngsi-ld:Sensor:s");
    let start_of_session = Instant::now();
    while running.history(sensor, "level").is_empty() {
        assert!(start_of_session.elapsed() < Duration::from_secs(20), "not subscribed");
        broker.publish("belfry/Sensor/s/level", "0", &[]);
        std::thread::sleep(Duration::from_millis(200));
    }
    std::thread::sleep(Duration::from_millis(500));
    let before = running.history(sensor, "level").len();
    broker.publish("homeassistant/sensor/hall/config", discovery, &[]);
    std::thread::sleep(Duration::from_millis(500));
    broker.publish("z2m/hall", r#"{"t":1}"#, &[]);
    assert_eq!(running.history_of(hall, "t", 1), [Value::from(1)]);
    broker.publish("belfry/Sensor/s/level", "1", &[]);
    assert_eq!(running.history_of(sensor, "level", before + 1).len(), before + 1);
    running.kill();
    for n in 2..=6 {
        broker.publish("z2m/hall", &format!("{{\"t\":{n}}}"), &[]);
        broker.publish("belfry/Sensor/s/level", "1", &[]);
    }
    let running = start();
    assert_eq!(running.history_of(hall, "t", 6), (1..=6).map(Value::from).collect::<Vec<_>>());
    assert_eq!(running.history_of(sensor, "level", before + 6).len(), before + 6);
}
