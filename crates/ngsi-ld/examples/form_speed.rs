//! Prints how long reading and rendering the template entity takes: 6 properties with unit and time, 1 relationship,
//! 1 location, about 1 KB. `cargo run --release -p belfry-ngsi-ld --example form_speed`.

use belfry_kernel::Time;
use belfry_ngsi_ld::form::{Limits, Mode, Representation, View, read_attribute, read_entity, write_entity};
use belfry_ngsi_ld::{Context, Json, operation};
use std::hint::black_box;
use std::time::Instant;

const TEMPLATE: &str = r#"{"id":"urn:ngsi-ld:WeatherObserved:Aksu-Station-0042","type":"WeatherObserved",
"temperature":{"type":"Property","value":21.7,"unitCode":"CEL","observedAt":"2026-03-01T12:00:00Z"},
"relativeHumidity":{"type":"Property","value":0.43,"unitCode":"P1","observedAt":"2026-03-01T12:00:00Z"},
"windSpeed":{"type":"Property","value":3.25,"unitCode":"MTS","observedAt":"2026-03-01T12:00:00Z"},
"windDirection":{"type":"Property","value":275,"unitCode":"DD","observedAt":"2026-03-01T12:00:00Z"},
"atmosphericPressure":{"type":"Property","value":1013.25,"unitCode":"A97","observedAt":"2026-03-01T12:00:00Z"},
"precipitation":{"type":"Property","value":0,"unitCode":"MMT","observedAt":"2026-03-01T12:00:00Z"},
"refDevice":{"type":"Relationship","object":"urn:ngsi-ld:Device:Aksu-Logger-0042","observedAt":"2026-03-01T12:00:00Z"},
"location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[80.260605,41.168779]}}}"#;

fn measure(what: &str, mut work: impl FnMut() -> usize) {
    let rounds = 200_000;
    for _ in 0..rounds / 10 {
        black_box(work());
    }
    let mut best = f64::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        for _ in 0..rounds / 5 {
            black_box(work());
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds / 5));
    }
    println!("{what:<44} {best:>7.3} us");
}

fn main() {
    let context = Context::core();
    let limits = Limits::default();
    println!("template entity: {} bytes", TEMPLATE.len());
    measure("JSON tree alone", || Json::parse(TEMPLATE.as_bytes(), 64).map_or(0, |_| 1));
    measure("read, normalized", || {
        read_entity(TEMPLATE.as_bytes(), context, &limits).map_or(0, |e| e.attributes.len())
    });
    let entity = match read_entity(TEMPLATE.as_bytes(), context, &limits) {
        Ok(entity) => entity,
        Err(error) => return println!("the template is refused: {error}"),
    };
    let mut out = Vec::with_capacity(4096);
    for representation in [Representation::Normalized, Representation::Concise, Representation::Simplified] {
        let view = View { representation, ..View::default() };
        measure(&format!("render, {representation:?}"), || {
            out.clear();
            write_entity(&entity, context, &view, None, &mut out);
            out.len()
        });
    }
    measure("clone the entity", || entity.clone().attributes.len());
    let patch = br#"{"value":22.5,"observedAt":"2026-03-01T12:01:00Z"}"#;
    measure("read one attribute patch", || {
        read_attribute(patch, "temperature", context, &limits, Mode::Partial).map_or(0, |_| 1)
    });
    let now = Time::from_micros(1_800_000_000_000_000);
    measure("read it, clone the entity and apply it", || {
        read_attribute(patch, "temperature", context, &limits, Mode::Partial)
            .and_then(|fragment| operation::patch_attribute(entity.clone(), fragment, now))
            .map_or(0, |o| o.changes.len())
    });
}
