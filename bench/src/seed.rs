//! Fills a server before the measuring: template entities by batch, subscriptions that match nothing. Holds no timing
//! but the rate of the filling itself.

use crate::entity;
use crate::load::{self, Answer, Outcome, Schedule, Traffic, message};
use crate::workload::Setup;
use anyhow::{Context, Result, ensure};
use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

/// Entities in one request.
const BATCH: u64 = 1000;

/// Fills an empty server.
pub fn fill(address: SocketAddr, setup: Setup) -> Result<()> {
    entities(address, 0, setup.entities).context("while filling the store")?;
    subscriptions(address, setup.subscriptions).context("while subscribing")?;
    ensure!(count(address)? == setup.entities, "not all entities are there after filling");
    Ok(())
}

/// Upserts the template entities of these numbers over four connections.
pub fn entities(address: SocketAddr, from: u64, to: u64) -> Result<Outcome> {
    struct Batches {
        next: u64,
        to: u64,
        body: Vec<u8>,
    }
    impl Traffic for Batches {
        fn next(&mut self, _: usize, out: &mut Vec<u8>) -> bool {
            let end = (self.next + BATCH).min(self.to);
            if self.next >= end {
                return false;
            }
            self.body.clear();
            crate::clock::now().with_text(|now| {
                for number in self.next..end {
                    self.body.push(if number == self.next { b'[' } else { b',' });
                    entity::render(&mut self.body, number, number, now);
                }
            });
            self.body.push(b']');
            self.next = end;
            message::write_head(out, b"POST", b"/ngsi-ld/v1/entityOperations/upsert", self.body.len());
            out.extend_from_slice(&self.body);
            true
        }
        fn answer(&mut self, _: usize, answer: &Answer<'_>) -> Result<u64, String> {
            expect(answer, &[201, 204]).map(|()| BATCH)
        }
    }
    let schedule = Schedule { connections: 4, warm_up: Duration::ZERO, window: None, pace: None };
    load::drive(address, &mut Batches { next: from, to, body: Vec::new() }, schedule)?.sound()
}

/// Makes subscriptions to entities that do not exist.
pub fn subscriptions(address: SocketAddr, count: u64) -> Result<()> {
    struct Subscriptions {
        next: u64,
        to: u64,
    }
    impl Traffic for Subscriptions {
        fn next(&mut self, _: usize, out: &mut Vec<u8>) -> bool {
            if self.next >= self.to {
                return false;
            }
            // Half wait for an entity of the same type that never comes, half for a value that no entity has.
            let selects = match self.next % 2 {
                0 => format!(r#""entities":[{{"id":"urn:ngsi-ld:Sensor:absent-{}","type":"Sensor"}}]"#, self.next),
                _ => format!(r#""entities":[{{"type":"Sensor"}}],"watchedAttributes":["absent{}"]"#, self.next),
            };
            let mut body = Vec::new();
            let written = write!(
                body,
                r#"{{"id":"urn:ngsi-ld:Subscription:{}","type":"Subscription",{selects},"notification":{{"endpoint":{{"uri":"http://127.0.0.1:9/"}}}}}}"#,
                self.next
            );
            written.expect("writing into memory does not fail");
            self.next += 1;
            message::write_head(out, b"POST", b"/ngsi-ld/v1/subscriptions", body.len());
            out.extend_from_slice(&body);
            true
        }
        fn answer(&mut self, _: usize, answer: &Answer<'_>) -> Result<u64, String> {
            expect(answer, &[201]).map(|()| 1)
        }
    }
    let schedule = Schedule { connections: 16, warm_up: Duration::ZERO, window: None, pace: None };
    load::drive(address, &mut Subscriptions { next: 0, to: count }, schedule)?.sound()?;
    Ok(())
}

/// How many template entities the server says it has.
pub fn count(address: SocketAddr) -> Result<u64> {
    let path = "/ngsi-ld/v1/entities?type=Sensor&count=true&limit=0";
    let (status, head, _) = load::ask(address, "GET", path, b"")?;
    ensure!(status == 200, "counting entities gave {status}");
    let count = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("NGSILD-Results-Count").then(|| value.trim().parse().ok())?
    });
    count.context("no NGSILD-Results-Count in the answer")
}

/// An error unless the answer has one of these statuses.
pub fn expect(answer: &Answer<'_>, statuses: &[u16]) -> Result<(), String> {
    if statuses.contains(&answer.status) {
        return Ok(());
    }
    let body = String::from_utf8_lossy(&answer.body[..answer.body.len().min(600)]);
    Err(format!("{}: {body}", answer.status))
}
