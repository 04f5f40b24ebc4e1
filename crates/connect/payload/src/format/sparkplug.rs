//! Sparkplug B 3.0: births teach aliases, data is resolved by them, deaths become a status, gaps in the sequence ask for a
//! rebirth. Holds what the births taught; topics outside `spBv1.0/` are refused.

use crate::error::PayloadError;
use crate::format::tahu::{Metric, MetricValue, Payload};
use crate::format::{MAX_VALUES, Sample};
use crate::json::MAX_PAYLOAD_BYTES;
use crate::reading::Value;
use crate::unit::unit_code;
use belfry_kernel::Time;
use compact_str::{CompactString, format_compact};
use hashbrown::HashMap;
use prost::Message;

/// The most edge nodes that are remembered.
pub const MAX_NODES: usize = 4096;
/// The most metrics of one edge node with its devices that are remembered.
pub const MAX_METRICS: usize = 16_384;

/// What births taught, by edge node.
#[derive(Debug, Default)]
pub struct Births {
    nodes: HashMap<CompactString, Node>,
}

#[derive(Debug, Default)]
struct Node {
    bd_seq: Option<u64>,
    next_seq: u8,
    metrics: HashMap<(CompactString, u64), Known>,
}

#[derive(Clone, Debug)]
struct Known {
    name: CompactString,
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
}

/// The name of the sample that births and deaths give.
pub const STATUS: &str = "status";

impl Births {
    /// Takes one message. The sequence is checked within an edge node: a gap asks for a rebirth, and the values that can
    /// be resolved count all the same.
    pub fn take(&mut self, topic: &str, payload: &[u8]) -> Result<Outcome, PayloadError> {
        let wrong = |why: &str| PayloadError::Sparkplug(why.to_owned());
        let levels: Vec<&str> = topic.split('/').take(6).collect();
        let (group, kind, node, device) = match levels.as_slice() {
            ["spBv1.0", group, kind, node] => (*group, *kind, *node, ""),
            ["spBv1.0", group, kind, node, device] if !device.is_empty() => (*group, *kind, *node, *device),
            _ => return Err(wrong("the topic is not spBv1.0/<group>/<type>/<node>[/<device>]")),
        };
        let of_device = !device.is_empty();
        match kind {
            "NCMD" | "DCMD" => return Ok(Outcome::default()),
            "NBIRTH" | "NDATA" | "NDEATH" if !of_device => {}
            "DBIRTH" | "DDATA" | "DDEATH" if of_device => {}
            _ => return Err(wrong("the topic's message type is not one of a node or a device")),
        }
        if payload.len() > MAX_PAYLOAD_BYTES {
            return Err(PayloadError::TooLong { limit: MAX_PAYLOAD_BYTES });
        }
        let message = Payload::decode(payload).map_err(|e| PayloadError::Sparkplug(e.to_string()))?;
        if message.metrics.len() > MAX_VALUES {
            return Err(PayloadError::TooMany { limit: MAX_VALUES });
        }
        let id = format_compact!("{group}/{node}");
        let name = if of_device { format_compact!("{id}/{device}") } else { id.clone() };
        let rebirth = Some((CompactString::from(group), CompactString::from(node)));
        let status = |text: &str| Sample {
            device: name.clone(),
            name: STATUS.into(),
            value: Value::Text(text.into()),
            unit_code: None,
            at: message.timestamp.and_then(instant),
        };
        match kind {
            "NBIRTH" => {
                if self.nodes.len() >= MAX_NODES && !self.nodes.contains_key(&id) {
                    return Err(wrong("more edge nodes than are remembered"));
                }
                let node = Node { bd_seq: bd_seq(&message), next_seq: next(message.seq), metrics: HashMap::new() };
                self.nodes.insert(id.clone(), node);
            }
            "NDEATH" => {
                let Some(node) = self.nodes.get(&id) else {
                    return Ok(Outcome { samples: vec![status("offline")], rebirth: None });
                };
                // A will of an earlier session that arrives late says nothing about this one.
                if bd_seq(&message).is_some() && node.bd_seq.is_some() && bd_seq(&message) != node.bd_seq {
                    return Ok(Outcome::default());
                }
                self.nodes.remove(&id);
                return Ok(Outcome { samples: vec![status("offline")], rebirth: None });
            }
            _ => {}
        }
        let Some(node) = self.nodes.get_mut(&id) else {
            // Nothing is known of the node: names can be read, aliases cannot.
            let samples = message.metrics.iter().filter_map(|m| sample(m, None, &name, &message)).collect();
            return Ok(Outcome { samples, rebirth });
        };
        let mut gap = false;
        if kind != "NBIRTH" {
            gap = message.seq.is_some_and(|s| s != u64::from(node.next_seq));
            node.next_seq = next(message.seq);
        }
        if kind.ends_with("BIRTH") {
            node.metrics.retain(|(of, _), _| of != device);
            for metric in &message.metrics {
                if node.metrics.len() >= MAX_METRICS {
                    return Err(PayloadError::TooMany { limit: MAX_METRICS });
                }
                if let (Some(alias), Some(name)) = (metric.alias, metric.name.as_deref()) {
                    let known = Known { name: name.into(), datatype: metric.datatype.unwrap_or(0), unit: unit(metric) };
                    node.metrics.insert((device.into(), alias), known);
                }
            }
        }
        let mut samples = Vec::with_capacity(message.metrics.len() + 1);
        for metric in &message.metrics {
            let known = metric.alias.and_then(|a| node.metrics.get(&(CompactString::from(device), a)));
            if metric.name.is_none() && known.is_none() {
                gap = true;
                continue;
            }
            samples.extend(sample(metric, known, &name, &message));
        }
        match kind {
            "NBIRTH" | "DBIRTH" => samples.push(status("online")),
            "DDEATH" => {
                node.metrics.retain(|(of, _), _| of != device);
                samples.push(status("offline"));
            }
            _ => {}
        }
        Ok(Outcome { samples, rebirth: rebirth.filter(|_| gap) })
    }
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

fn sample(metric: &Metric, known: Option<&Known>, device: &CompactString, message: &Payload) -> Option<Sample> {
    let name = metric.name.as_deref().or(known.map(|k| k.name.as_str()))?;
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
