//! A device's report in the format that it speaks: topics and payloads for MQTT, entities for HTTP. Instants go through a
//! function, for runs whose time is not that of clocks.

use super::json::{Entity, instant, number, put};
use super::sparkplug;
use crate::device::{Attribute, Kind, Spec, Way};
use crate::simulation::{Reading, Simulation};
use belfry_kernel::Time;
use std::fmt::Write as _;

/// What is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// To publish over MQTT.
    Publish {
        /// The topic.
        topic: String,
        /// The payload.
        payload: Vec<u8>,
    },
    /// To send over HTTP, as part of a batch.
    Entity {
        /// The entity's id.
        id: String,
        /// The entity, NGSI-LD normalized.
        body: String,
    },
}

/// The name of a device in topics and ids.
pub fn name(simulation: &Simulation, device: u32) -> String {
    let kind = simulation.device(device).kind;
    match kind {
        Kind::Pressure | Kind::Meter => {
            // A made-up EUI: locally administered, the kind, the number.
            format!("0200b3{:02x}{:08x}", kind as u8, simulation.number_in_kind(device))
        }
        _ => format!("{}-{}", kind.spec().word, simulation.number_in_kind(device)),
    }
}

/// The id of the entity that a device's reports become.
pub fn entity_id(simulation: &Simulation, device: u32) -> String {
    let (spec, name) = (simulation.device(device).kind.spec(), name(simulation, device));
    match spec.way {
        Way::Sparkplug => format!("urn:ngsi-ld:{}:waterworks/{name}", spec.of_type),
        _ => format!("urn:ngsi-ld:{}:{name}", spec.of_type),
    }
}

/// The messages of a report, in order. `clock` says how an instant is written.
pub fn messages(simulation: &Simulation, reading: &Reading, clock: &dyn Fn(Time) -> Time, to: &mut dyn FnMut(Message)) {
    let spec = reading.kind.spec();
    let name = name(simulation, reading.device);
    let at = clock(reading.stamp);
    match spec.way {
        Way::Json => {
            let topic = format!("belfry/{}/{name}", spec.of_type);
            let mut out = String::with_capacity(220);
            out.push_str("{\"observedAt\":\"");
            instant(&mut out, at);
            out.push('"');
            members(&mut out, spec, reading);
            out.push('}');
            to(Message::Publish { topic, payload: out.into_bytes() });
        }
        Way::Values => {
            for (attribute, value) in spec.attributes.iter().zip(reading.values) {
                let topic = format!("belfry/{}/{name}/{}", spec.of_type, attribute.name);
                let mut out = String::with_capacity(12);
                put_value(&mut out, attribute, value);
                to(Message::Publish { topic, payload: out.into_bytes() });
            }
        }
        Way::SenMl => {
            let mut out = String::with_capacity(180);
            put!(out, "[{{\"bn\":\"{name}:\",\"bt\":{:.3}", at.micros() as f64 / 1e6);
            for (i, (attribute, value)) in spec.attributes.iter().zip(reading.values).enumerate() {
                out.push_str(if i == 0 { "," } else { ",{" });
                put!(out, "\"n\":\"{}\",\"u\":\"{}\",\"v\":", attribute.name, senml_unit(attribute.unit));
                put_value(&mut out, attribute, value);
                out.push('}');
            }
            out.push(']');
            to(Message::Publish { topic: format!("farms/soil/{name}"), payload: out.into_bytes() });
        }
        Way::ThingsStack => {
            let mut out = String::with_capacity(320);
            put!(
                out,
                "{{\"end_device_ids\":{{\"device_id\":\"{name}\",\"application_ids\":{{\"application_id\":\"containers\"}}}},\"received_at\":\""
            );
            instant(&mut out, at);
            put!(
                out,
                "\",\"uplink_message\":{{\"f_port\":2,\"f_cnt\":{},\"decoded_payload\":{{",
                reading.count % 65_536
            );
            plain(&mut out, spec, reading);
            out.push_str("}}}");
            let topic = format!("waste/v3/containers@county/devices/{name}/up");
            to(Message::Publish { topic, payload: out.into_bytes() });
        }
        Way::ChirpStack => {
            let mut out = String::with_capacity(260);
            put!(
                out,
                "{{\"deviceInfo\":{{\"devEui\":\"{name}\",\"deviceName\":\"{} {}\"}},\"time\":\"",
                spec.word,
                simulation.number_in_kind(reading.device)
            );
            instant(&mut out, at);
            put!(out, "\",\"fCnt\":{},\"fPort\":1,\"object\":{{", reading.count);
            plain(&mut out, spec, reading);
            out.push_str("}}");
            let topic = match reading.kind {
                Kind::Meter => format!("water/application/meters/device/{name}/event/up"),
                _ => format!("application/water/device/{name}/event/up"),
            };
            to(Message::Publish { topic, payload: out.into_bytes() });
        }
        Way::Sparkplug => {
            // Numbers go on from that of the birth and come round after 255.
            let seq = (u64::from(reading.count) + 1) % 256;
            let payload = sparkplug::payload(&named(spec, reading), millis(at), seq, None);
            to(Message::Publish { topic: format!("spBv1.0/waterworks/NDATA/{name}"), payload });
        }
        Way::Http => {
            let id = entity_id(simulation, reading.device);
            let mut body = String::with_capacity(360);
            let mut entity = Entity::new(&mut body, &id, spec.of_type);
            observed(&mut entity, spec, reading, at);
            entity.end();
            to(Message::Entity { id, body });
        }
    }
}

/// What a device says when it connects, before its first report: a Sparkplug node its birth, others nothing. `reading` is the
/// one that it would make now.
pub fn birth(simulation: &Simulation, reading: &Reading, clock: &dyn Fn(Time) -> Time) -> Option<Message> {
    let spec = reading.kind.spec();
    if spec.way != Way::Sparkplug {
        return None;
    }
    // Its data's numbers follow this one's.
    let seq = u64::from(reading.count) % 256;
    let payload = sparkplug::payload(&named(spec, reading), millis(clock(reading.at)), seq, Some(0));
    let topic = format!("spBv1.0/waterworks/NBIRTH/{}", name(simulation, reading.device));
    Some(Message::Publish { topic, payload })
}

fn millis(at: Time) -> u64 {
    u64::try_from(at.micros() / 1_000).unwrap_or(0)
}

fn named(spec: &Spec, reading: &Reading) -> Vec<(&'static str, f64)> {
    let rounded = |attribute: &Attribute, value: f32| {
        let scale = 10_f64.powi(attribute.digits.into());
        (f64::from(value) * scale).round() / scale
    };
    spec.attributes.iter().zip(reading.values).map(|(a, value)| (a.name, rounded(a, value))).collect()
}

fn put_value(out: &mut String, attribute: &Attribute, value: f32) {
    match attribute.words.get(value as usize) {
        Some(word) => put!(out, "\"{word}\""),
        None => number(out, value, attribute.digits),
    }
}

/// `,"name":value` for each value.
fn members(out: &mut String, spec: &Spec, reading: &Reading) {
    for (attribute, value) in spec.attributes.iter().zip(reading.values) {
        put!(out, ",\"{}\":", attribute.name);
        put_value(out, attribute, value);
    }
}

/// The same without the first comma.
fn plain(out: &mut String, spec: &Spec, reading: &Reading) {
    let start = out.len();
    members(out, spec, reading);
    if out.len() > start {
        out.remove(start);
    }
}

/// The values of a report as attributes of an entity.
pub(super) fn observed(entity: &mut Entity<'_>, spec: &Spec, reading: &Reading, at: Time) {
    for (attribute, value) in spec.attributes.iter().zip(reading.values) {
        match attribute.words.get(value as usize) {
            Some(word) => entity.observed_text(attribute.name, word, at),
            None => entity.observed(attribute.name, value, attribute.digits, attribute.unit, at),
        };
    }
}

fn senml_unit(unit: &str) -> &str {
    match unit {
        "CEL" => "Cel",
        "C62" => "/",
        other => other,
    }
}
