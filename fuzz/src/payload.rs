//! Payloads of devices through a mapping with every format, several messages one after another.

use crate::text;
use belfry_connect_payload::format::{MAX_VALUES, homeassistant, lorawan, plain, senml, sparkplug};
use belfry_connect_payload::{Mapped, Mapper, Mapping, Value, observed_at};
use belfry_kernel::Time;

const EVERYTHING: &str = include_str!("../../crates/connect/payload/tests/every-format.toml");

/// Runs the target: messages parted by a line of `---`, each a line with the topic and then the payload.
pub fn run(data: &[u8]) {
    let now = Time::from_micros(1_767_225_600_000_000);
    let mapper = Mapper::new(Mapping::parse(EVERYTHING).expect("the mapping is sound"));
    let (mut out, mut births) = (Mapped::default(), sparkplug::Births::default());
    let separator = b"\n---\n";
    let mut rest = data;
    for _ in 0..16 {
        let end = rest.windows(separator.len()).position(|window| window == separator);
        let message = &rest[..end.unwrap_or(rest.len())];
        let line = message.iter().position(|byte| *byte == b'\n').unwrap_or(0);
        let (topic, payload) = (text::of(&message[..line]).unwrap_or("v/x"), &message[line..]);
        let payload = payload.strip_prefix(b"\n").unwrap_or(payload);
        let _ = (plain::decode(payload), lorawan::tts(payload), lorawan::chirpstack(payload));
        let _ = (homeassistant::decode(topic, payload), births.take(topic, payload, now));
        let _ = text::of(payload).and_then(observed_at);
        if let Ok(samples) = senml::decode(payload, now) {
            assert!(samples.len() <= MAX_VALUES);
        }
        out.clear();
        mapper.map(topic, payload, now, &mut out);
        for reading in &out.readings {
            assert!(!reading.attribute.is_empty());
            if let Value::Number(n) = reading.value {
                assert!(n.is_finite());
            }
        }
        let Some(end) = end else { return };
        rest = &rest[end + separator.len()..];
    }
}
