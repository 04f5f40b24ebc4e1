//! Sparkplug B 3.0: births teach aliases, data is resolved by them, deaths become a status, gaps in the sequence ask for a
//! rebirth. Holds what the births taught, and says what of it is to be kept over a restart; topics outside `spBv1.0/` are
//! refused.

use crate::error::PayloadError;
use crate::format::tahu::{Metric, MetricValue, Payload};
use crate::format::{MAX_VALUES, Sample};
use crate::json::MAX_PAYLOAD_BYTES;
use crate::reading::Value;
use crate::unit::unit_code;
use belfry_kernel::Time;
use compact_str::{CompactString, format_compact};
use hashbrown::{HashMap, HashSet};
use prost::Message;

/// The most edge nodes that are remembered.
pub const MAX_NODES: usize = 4096;
/// The most metrics of one edge node with its devices that are remembered.
pub const MAX_METRICS: usize = 16_384;

/// A node is asked to tell everything again at most this often, microseconds.
pub const REBIRTH_PAUSE: i64 = 30_000_000;

/// What births taught, by edge node.
#[derive(Debug, Default)]
pub struct Births {
    nodes: HashMap<CompactString, Node>,
    /// When a rebirth was asked for last.
    asked: HashMap<CompactString, Time>,
}

#[derive(Debug, Default)]
struct Node {
    bd_seq: Option<u64>,
    next_seq: u8,
    /// It is known from before a restart, and nothing has shown yet that no birth was missed meanwhile.
    recalled: bool,
    devices: HashSet<CompactString>,
    /// By device (empty for the node itself) and name.
    metrics: HashMap<(CompactString, CompactString), Known>,
    /// The names of aliases, by device.
    aliases: HashMap<(CompactString, u64), CompactString>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    datatype: u32,
    unit: Option<&'static str>,
}

/// What one message gave.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    /// Its samples; a birth or death has one more, named `status`, `online` or `offline`.
    pub samples: Vec<Sample>,
    /// The `group/node` that is asked to tell everything again, since an alias is not known or messages are missing.
    pub rebirth: Option<(CompactString, CompactString)>,
    /// What to keep for [`Births::recall`], by topic; none to forget it.
    pub keep: Vec<(CompactString, Option<Vec<u8>>)>,
}

/// The name of the sample that births and deaths give.
pub const STATUS: &str = "status";

/// Where a message comes from.
struct Origin<'a> {
    group: &'a str,
    kind: &'a str,
    node: &'a str,
    /// Empty for the node itself.
    device: &'a str,
}

impl<'a> Origin<'a> {
    fn parse(topic: &'a str) -> Option<Self> {
        let levels: Vec<&str> = topic.split('/').take(6).collect();
        match levels.as_slice() {
            ["spBv1.0", group, kind, node] => Some(Self { group, kind, node, device: "" }),
            ["spBv1.0", group, kind, node, device] if !device.is_empty() => Some(Self { group, kind, node, device }),
            _ => None,
        }
    }

    fn node_id(&self) -> CompactString {
        format_compact!("{}/{}", self.group, self.node)
    }

    /// The topic of another kind of message of this node, or of one of its devices.
    fn topic(&self, kind: &str, device: &str) -> CompactString {
        let slash = if device.is_empty() { "" } else { "/" };
        format_compact!("spBv1.0/{}/{kind}/{}{slash}{device}", self.group, self.node)
    }
}

/// The kind of message under whose topic the next sequence number is kept; no node sends one.
const SEQUENCE: &str = "SEQ";

impl Births {
    /// Takes one message that arrived at `now`. The sequence is checked within an edge node: a gap asks for a rebirth, and
    /// the values that can be resolved count all the same.
    pub fn take(&mut self, topic: &str, payload: &[u8], now: Time) -> Result<Outcome, PayloadError> {
        let wrong = |why: &str| PayloadError::Sparkplug(why.to_owned());
        let origin =
            Origin::parse(topic).ok_or_else(|| wrong("the topic is not spBv1.0/<group>/<type>/<node>[/<device>]"))?;
        let (kind, device) = (origin.kind, CompactString::from(origin.device));
        let of_device = !device.is_empty();
        match kind {
            "NCMD" | "DCMD" => return Ok(Outcome::default()),
            "NBIRTH" | "NDATA" | "NDEATH" if !of_device => {}
            "DBIRTH" | "DDATA" | "DDEATH" if of_device => {}
            _ => return Err(wrong("the topic's message type is not one of a node or a device")),
        }
        let message = decode(payload)?;
        let id = origin.node_id();
        let name = if of_device { format_compact!("{id}/{device}") } else { id.clone() };
        let mut out = Outcome::default();
        match kind {
            "NDEATH" => {
                self.death(&id, &origin, &message, &mut out);
                return Ok(out);
            }
            "NBIRTH" => {
                if self.nodes.len() >= MAX_NODES && !self.nodes.contains_key(&id) {
                    return Err(wrong("more edge nodes than are remembered"));
                }
                let node = Node { bd_seq: bd_seq(&message), next_seq: next(message.seq), ..Node::default() };
                let earlier = self.nodes.insert(id.clone(), node);
                // Its devices are born again after it.
                let devices = earlier.into_iter().flat_map(|n| n.devices);
                out.keep.extend(devices.map(|d| (origin.topic("DBIRTH", &d), None)));
            }
            _ => {}
        }
        let Some(node) = self.nodes.get_mut(&id) else {
            // Nothing is known of the node: names can be read, aliases cannot.
            out.samples = message.metrics.iter().filter_map(|m| sample(m, None, &name, &message)).collect();
            out.rebirth = self.rebirth(&id, &origin, now);
            return Ok(out);
        };
        let mut gap = false;
        if kind != "NBIRTH" {
            gap = message.seq.is_some_and(|s| s != u64::from(node.next_seq));
            node.next_seq = next(message.seq);
            if std::mem::take(&mut node.recalled) && gap {
                // A birth that was missed may have given the aliases to other metrics.
                node.aliases.clear();
            }
        }
        if kind.ends_with("BIRTH") {
            node.born(&device, &message)?;
            out.keep.push((topic.into(), Some(essence(&message))));
        }
        out.samples.reserve(message.metrics.len() + 1);
        for metric in &message.metrics {
            let known = node.known(&device, metric);
            if metric.name.is_none() && known.is_none() {
                gap = true;
                continue;
            }
            out.samples.extend(sample(metric, known, &name, &message));
        }
        let at = message.timestamp.and_then(instant);
        match kind {
            "NBIRTH" | "DBIRTH" => out.samples.push(status(&name, "online", at)),
            "DDEATH" => {
                node.gone(&device);
                out.keep.push((origin.topic("DBIRTH", &device), None));
                out.samples.push(status(&name, "offline", at));
            }
            _ => {}
        }
        out.keep.push((origin.topic(SEQUENCE, ""), Some(vec![node.next_seq])));
        if gap {
            out.rebirth = self.rebirth(&id, &origin, now);
        }
        Ok(out)
    }

    /// A node is gone, and with it its devices (Sparkplug 3.0: a host sets the metrics of all of them stale).
    fn death(&mut self, id: &CompactString, origin: &Origin<'_>, message: &Payload, out: &mut Outcome) {
        // A death certificate is a will: it carries the time of the connection, and only its receipt says when.
        let offline = |of: &CompactString| status(of, "offline", None);
        if let Some(node) = self.nodes.get(id) {
            // A will of an earlier session that arrives late says nothing about this one.
            let (told, known) = (bd_seq(message), node.bd_seq);
            if told.is_some() && known.is_some() && told != known && !node.recalled {
                return;
            }
        }
        out.samples.push(offline(id));
        if let Some(node) = self.nodes.remove(id) {
            out.samples.extend(node.devices.iter().map(|d| offline(&format_compact!("{id}/{d}"))));
            out.keep.extend(node.devices.iter().map(|d| (origin.topic("DBIRTH", d), None)));
            out.keep.push((origin.topic("NBIRTH", ""), None));
            out.keep.push((origin.topic(SEQUENCE, ""), None));
        }
    }

    /// Whom to ask for a rebirth, unless it was asked a moment ago: a node that does not listen is not asked for each of its
    /// messages.
    fn rebirth(
        &mut self,
        id: &CompactString,
        origin: &Origin<'_>,
        now: Time,
    ) -> Option<(CompactString, CompactString)> {
        let lately = |asked: &Time| now.micros().saturating_sub(asked.micros()) < REBIRTH_PAUSE;
        if self.asked.get(id).is_some_and(lately) {
            return None;
        }
        if self.asked.len() >= MAX_NODES {
            self.asked.retain(|_, asked| lately(asked));
            if self.asked.len() >= MAX_NODES {
                return None;
            }
        }
        self.asked.insert(id.clone(), now);
        Some((origin.group.into(), origin.node.into()))
    }

    /// Takes back what [`Outcome::keep`] gave before a restart: births of nodes first, then those of devices, then sequences
    /// (see [`recall_order`]). What cannot be read is left out: the node is then asked for a rebirth.
    pub fn recall(&mut self, topic: &str, payload: &[u8]) {
        let Some(origin) = Origin::parse(topic) else { return };
        let id = origin.node_id();
        if origin.kind == SEQUENCE {
            if let (Some(node), [next_seq]) = (self.nodes.get_mut(&id), payload) {
                node.next_seq = *next_seq;
            }
            return;
        }
        let Ok(message) = decode(payload) else { return };
        if origin.kind == "NBIRTH" && self.nodes.len() < MAX_NODES {
            let node =
                Node { bd_seq: bd_seq(&message), next_seq: next(message.seq), recalled: true, ..Node::default() };
            self.nodes.insert(id.clone(), node);
        }
        if let Some(node) = self.nodes.get_mut(&id) {
            // More metrics than are remembered were refused when the birth came.
            let _ = node.born(origin.device, &message);
        }
    }
}

/// In which order what was kept is given to [`Births::recall`].
pub fn recall_order(topic: &str) -> u8 {
    match Origin::parse(topic).map(|o| o.kind) {
        Some("NBIRTH") => 0,
        Some(SEQUENCE) => 2,
        _ => 1,
    }
}

impl Node {
    /// Learns what a birth tells of the node (no device) or of one of its devices.
    fn born(&mut self, device: &str, message: &Payload) -> Result<(), PayloadError> {
        self.gone(device);
        if !device.is_empty() {
            self.devices.insert(device.into());
        }
        for metric in &message.metrics {
            let Some(name) = metric.name.as_deref() else { continue };
            if self.metrics.len() >= MAX_METRICS || self.aliases.len() >= MAX_METRICS {
                return Err(PayloadError::TooMany { limit: MAX_METRICS });
            }
            let known = Known { datatype: metric.datatype.unwrap_or(0), unit: unit(metric) };
            self.metrics.insert((device.into(), name.into()), known);
            if let Some(alias) = metric.alias {
                self.aliases.insert((device.into(), alias), name.into());
            }
        }
        Ok(())
    }

    fn gone(&mut self, device: &str) {
        self.devices.remove(device);
        self.metrics.retain(|(of, _), _| of != device);
        self.aliases.retain(|(of, _), _| of != device);
    }

    /// What is known of a metric, by its alias or by its name.
    fn known(&self, device: &CompactString, metric: &Metric) -> Option<(&str, Known)> {
        let name = match (&metric.name, metric.alias) {
            (Some(name), _) => CompactString::from(name.as_str()),
            (None, Some(alias)) => self.aliases.get(&(device.clone(), alias))?.clone(),
            (None, None) => return None,
        };
        self.metrics.get_key_value(&(device.clone(), name)).map(|((_, name), known)| (name.as_str(), *known))
    }
}

fn decode(payload: &[u8]) -> Result<Payload, PayloadError> {
    if payload.len() > MAX_PAYLOAD_BYTES {
        return Err(PayloadError::TooLong { limit: MAX_PAYLOAD_BYTES });
    }
    let message = Payload::decode(payload).map_err(|e| PayloadError::Sparkplug(e.to_string()))?;
    if message.metrics.len() > MAX_VALUES {
        return Err(PayloadError::TooMany { limit: MAX_VALUES });
    }
    Ok(message)
}

/// A birth without its values, but for the number of its session.
fn essence(message: &Payload) -> Vec<u8> {
    let mut kept = message.clone();
    for metric in &mut kept.metrics {
        if metric.name.as_deref() != Some("bdSeq") {
            metric.value = None;
        }
        metric.timestamp = None;
    }
    kept.encode_to_vec()
}

fn status(device: &CompactString, text: &str, at: Option<Time>) -> Sample {
    Sample { device: device.clone(), name: STATUS.into(), value: Value::Text(text.into()), unit_code: None, at }
}

/// The payload of an NCMD that asks an edge node to tell everything again (Sparkplug 3.0, `Node Control/Rebirth`).
pub fn rebirth_command(now: Time) -> Vec<u8> {
    let millis = u64::try_from(now.micros() / 1000).unwrap_or(0);
    let metric = Metric {
        name: Some("Node Control/Rebirth".to_owned()),
        timestamp: Some(millis),
        datatype: Some(11),
        value: Some(MetricValue::Boolean(true)),
        ..Metric::default()
    };
    Payload { timestamp: Some(millis), metrics: vec![metric], seq: None }.encode_to_vec()
}

fn next(seq: Option<u64>) -> u8 {
    (seq.unwrap_or(0) as u8).wrapping_add(1)
}

fn instant(millis: u64) -> Option<Time> {
    i64::try_from(millis).ok().filter(|m| *m > 0).and_then(|m| m.checked_mul(1000)).map(Time::from_micros)
}

fn bd_seq(message: &Payload) -> Option<u64> {
    message.metrics.iter().find(|m| m.name.as_deref() == Some("bdSeq")).and_then(|m| match m.value {
        Some(MetricValue::Int(n)) => Some(u64::from(n)),
        Some(MetricValue::Long(n)) => Some(n),
        _ => None,
    })
}

fn unit(metric: &Metric) -> Option<&'static str> {
    let set = metric.properties.as_ref()?;
    let at = set.keys.iter().position(|k| k.eq_ignore_ascii_case("engUnit"))?;
    set.values.get(at)?.text.as_deref().and_then(unit_code)
}

fn sample(metric: &Metric, known: Option<(&str, Known)>, device: &CompactString, message: &Payload) -> Option<Sample> {
    let name = metric.name.as_deref().or(known.map(|(name, _)| name))?;
    let known = known.map(|(_, known)| known);
    if name == "bdSeq"
        || name.starts_with("Node Control/")
        || name.starts_with("Device Control/")
        || metric.is_null == Some(true)
    {
        return None;
    }
    let datatype = metric.datatype.filter(|d| *d != 0).or(known.map(|k| k.datatype)).unwrap_or(0);
    Some(Sample {
        device: device.clone(),
        name: name.into(),
        value: value(metric.value.as_ref()?, datatype)?,
        unit_code: unit(metric).or(known.and_then(|k| k.unit)).map(Into::into),
        at: metric.timestamp.or(message.timestamp).and_then(instant),
    })
}

/// The value by its data type: 1 Int8, 2 Int16, 3 Int32, 4 Int64, 13 DateTime; the rest is as its field says. Bytes have no value.
fn value(value: &MetricValue, datatype: u32) -> Option<Value> {
    let number = |n: f64| n.is_finite().then_some(Value::Number(n));
    match value {
        MetricValue::Int(n) => number(match datatype {
            1 => f64::from(*n as i8),
            2 => f64::from(*n as i16),
            3 => f64::from(*n as i32),
            _ => f64::from(*n),
        }),
        MetricValue::Long(n) if datatype == 13 => instant(*n).map(|t| Value::Text(t.with_text(|t| t.into()))),
        MetricValue::Long(n) if datatype == 4 => number(*n as i64 as f64),
        MetricValue::Long(n) => number(*n as f64),
        // The shortest decimal of a single is what the device meant, not the nearest double's 17 digits.
        MetricValue::Float(n) => n.to_string().parse().ok().and_then(number),
        MetricValue::Double(n) => number(*n),
        MetricValue::Boolean(b) => Some(Value::Bool(*b)),
        MetricValue::Text(t) => Some(Value::Text(t.as_str().into())),
        MetricValue::Bytes(_) => None,
    }
}
