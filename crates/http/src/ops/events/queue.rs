//! What waits to be sent to one client: at most one event for each entity, the newest, in the order of the log. Sends
//! nothing.

use belfry_kernel::{Iri, Time};
use belfry_ngsi_ld::form::{View, write_entity};
use belfry_ngsi_ld::json::write_str;
use belfry_ngsi_ld::{Context, Entity};
use belfry_ports::{Commit, EntityChange, Seq};
use bytes::Bytes;
use hashbrown::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;

/// Events that wait before the log is read no further.
const MAX_WAITING: usize = 10_000;
/// About how many bytes go out at a time.
const CHUNK_BYTES: usize = 64 << 10;

struct Event {
    seq: Seq,
    at: Time,
    id: Iri,
    /// The image; none when the entity is gone.
    entity: Option<Arc<Entity>>,
    /// Whether it ends its commit.
    last: bool,
}

#[derive(Default)]
pub(super) struct Queue {
    /// Text that goes out before any event.
    first: Vec<u8>,
    /// Events; those that a newer one replaced are none.
    events: VecDeque<Option<Event>>,
    /// The place of each entity's event, counted from the first event ever.
    places: HashMap<Iri, u64>,
    /// How many events left the front.
    gone: u64,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_empty() && self.places.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.places.len() >= MAX_WAITING || self.events.len() >= 4 * MAX_WAITING
    }

    pub(super) fn hello(&mut self, seq: Seq, now: Time) {
        let now = now.with_text(str::to_owned);
        let version = env!("CARGO_PKG_VERSION");
        let text = format!("event: hello\ndata: {{\"seq\":{seq},\"now\":\"{now}\",\"version\":\"{version}\"}}\n\n");
        self.first.extend_from_slice(text.as_bytes());
    }

    /// What was missed cannot be given: forget what waits, and say so.
    pub(super) fn reset(&mut self, seq: Seq) {
        self.gone += self.events.len() as u64;
        self.events.clear();
        self.places.clear();
        let text = format!("event: reset\nid: {seq}\ndata: {{\"seq\":{seq}}}\n\n");
        self.first.extend_from_slice(text.as_bytes());
    }

    pub(super) fn comment(&mut self) {
        self.first.extend_from_slice(b": still here\n\n");
    }

    pub(super) fn push(&mut self, commit: &Commit) {
        for change in &commit.changes.entities {
            let entity = match change {
                EntityChange::Put { entity, .. } => Some(entity.clone()),
                EntityChange::Delete { .. } => None,
            };
            let id = change.id().clone();
            if let Some(place) = self.places.insert(id.clone(), self.gone + self.events.len() as u64)
                && let Some(before) = self.events.get_mut((place - self.gone) as usize)
            {
                *before = None;
            }
            self.events.push_back(Some(Event { seq: commit.seq, at: commit.at, id, entity, last: false }));
        }
        if let Some(Some(last)) = self.events.back_mut()
            && last.seq == commit.seq
        {
            last.last = true;
        }
    }

    /// The next piece of text.
    pub(super) fn take(&mut self) -> Bytes {
        let mut out = std::mem::take(&mut self.first);
        while out.len() < CHUNK_BYTES {
            let Some(event) = self.events.pop_front() else { break };
            self.gone += 1;
            if let Some(event) = event {
                self.places.remove(&event.id);
                event.write(&mut out);
            }
        }
        out.into()
    }
}

impl Event {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.entity.is_some() { b"event: entity\n" } else { b"event: gone\n" });
        if self.last {
            out.extend_from_slice(format!("id: {}\n", self.seq).as_bytes());
        }
        out.extend_from_slice(format!("data: {{\"seq\":{},\"at\":\"", self.seq).as_bytes());
        self.at.with_text(|text| out.extend_from_slice(text.as_bytes()));
        match &self.entity {
            Some(entity) => {
                out.extend_from_slice(b"\",\"entity\":");
                let view = View { sys_attrs: true, ..View::default() };
                write_entity(entity, Context::core(), &view, None, out);
            }
            None => {
                out.extend_from_slice(b"\",\"id\":");
                write_str(self.id.as_str(), out);
            }
        }
        out.extend_from_slice(b"}\n\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use belfry_ngsi_ld::form::{Limits, read_entity};
    use belfry_ports::ChangeSet;

    fn commit(seq: Seq, changes: &[(&str, Option<i64>)]) -> Commit {
        let entities = changes
            .iter()
            .map(|(id, value)| {
                let text = format!(r#"{{"id":"{id}","type":"T","p":{}}}"#, value.unwrap_or(0));
                let entity = Arc::new(read_entity(text.as_bytes(), Context::core(), &Limits::default()).unwrap());
                match value {
                    Some(_) => EntityChange::Put { entity, created: false, head: false, changes: Vec::new() },
                    None => EntityChange::Delete { id: entity.id.clone(), last: entity },
                }
            })
            .collect();
        Commit { seq, at: Time::default(), changes: Arc::new(ChangeSet { entities, ..ChangeSet::default() }) }
    }

    fn summary(queue: &mut Queue) -> Vec<String> {
        let text = String::from_utf8(queue.take().to_vec()).unwrap();
        text.split("\n\n")
            .filter(|e| !e.is_empty())
            .map(|e| {
                let line = |name: &str| e.lines().find_map(|l| l.strip_prefix(name)).unwrap_or("-").to_owned();
                let data = line("data: ");
                let entity = data.split("\"id\":\"").nth(1).and_then(|t| t.split('"').next()).unwrap_or("-").to_owned();
                let value =
                    data.split("\"value\":").nth(1).and_then(|t| t.split([',', '}']).next()).unwrap_or("-").to_owned();
                format!("{} {} {entity} {value}", line("event: "), line("id: "))
            })
            .collect()
    }

    #[test]
    fn the_newest_wins_and_the_order_stays() {
        let mut queue = Queue::default();
        assert!(queue.is_empty());
        queue.push(&commit(1, &[("urn:a", Some(1)), ("urn:b", Some(1))]));
        queue.push(&commit(2, &[("urn:a", Some(2))]));
        queue.push(&commit(3, &[("urn:c", None), ("urn:c", Some(3)), ("urn:d", None)]));
        assert_eq!(summary(&mut queue), ["entity 1 urn:b 1", "entity 2 urn:a 2", "entity - urn:c 3", "gone 3 urn:d -"]);
        assert!(queue.is_empty());
        queue.push(&commit(4, &[("urn:a", Some(4))]));
        queue.reset(9);
        queue.push(&commit(10, &[("urn:a", Some(5))]));
        assert_eq!(summary(&mut queue), ["reset 9 - -", "entity 10 urn:a 5"]);
        assert!(queue.is_empty());
    }

    #[test]
    fn is_bounded() {
        let mut queue = Queue::default();
        let same = commit(1, &[("urn:same", Some(1))]);
        for _ in 0..50_000 {
            if !queue.is_full() {
                queue.push(&same);
            }
        }
        assert!(queue.events.len() <= 4 * MAX_WAITING);
        assert_eq!(summary(&mut queue).len(), 1);
        assert!(queue.is_empty() && !queue.is_full());
    }
}
