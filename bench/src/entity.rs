//! The template entity: six properties (one of them compound), one relationship, one location, 1,024 bytes of normalized
//! JSON. Everything in it follows from its number, so that an answer can be checked without a copy. Holds no other data.

use std::io::Write as _;

/// Entities that share one value of `group`; so `q=group==k` selects as many at any size.
pub const GROUP: u64 = 100;
/// Entities in one row of the lattice that locations lie on.
const ROW: u64 = 100;
/// Degrees between neighbours on the lattice, about 111 metres.
const STEP: f64 = 0.001;
/// Bytes of one template entity.
pub const BYTES: usize = 1024;

/// Longitude and latitude of an entity: a lattice near the equator that grows northwards, each point moved a little.
pub fn place(number: u64) -> (f64, f64) {
    let noise = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    let (east, north) = ((noise & 0xFFF) as f64 / 4096.0 - 0.5, (noise >> 12) as f64 / 4096.0 - 0.5);
    let column = (number % ROW) as f64 + east * 0.8;
    let row = (number / ROW) as f64 + north * 0.8;
    (20.0 + column * STEP, -5.0 + row * STEP)
}

/// A place whose neighbourhood of seven lattice steps lies within the lattice of `count` entities, if that is large
/// enough; `random` chooses which.
pub fn centre(count: u64, random: u64) -> (f64, f64) {
    let rows = (count / ROW).max(15);
    let column = 7 + random % (ROW - 14);
    let row = 7 + (random >> 32) % (rows - 14);
    (20.0 + column as f64 * STEP, -5.0 + row as f64 * STEP)
}

/// Writes one entity; `value` makes its readings differ from those of the last time, `now` is their instant.
pub fn render(out: &mut Vec<u8>, number: u64, value: u64, now: &str) {
    let start = out.len();
    let (lon, lat) = place(number);
    let temperature = (value % 40_000) as f64 / 1000.0 - 10.0;
    let humidity = (value % 1000) as f64 / 1000.0;
    let written = write!(
        out,
        concat!(
            r#"{{"id":"urn:ngsi-ld:Sensor:{number}","type":"Sensor","#,
            r#""level":{{"type":"Property","value":{value},"unitCode":"MMT","observedAt":"{now}"}},"#,
            r#""temperature":{{"type":"Property","value":{temperature:.3},"unitCode":"CEL","observedAt":"{now}"}},"#,
            r#""humidity":{{"type":"Property","value":{humidity:.3},"unitCode":"C62","observedAt":"{now}"}},"#,
            r#""group":{{"type":"Property","value":{group}}},"#,
            r#""state":{{"type":"Property","value":{{"is":"{state}","crew":"crew {group}"}}}},"#,
            r#""partOf":{{"type":"Relationship","object":"urn:ngsi-ld:Station:{station}"}},"#,
            r#""location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[{lon:.6},{lat:.6}]}}}},"#,
            r#""description":{{"type":"Property","value":"Probe {number} of the ring main: "#,
        ),
        number = number,
        value = value,
        now = now,
        temperature = temperature,
        humidity = humidity,
        group = number / GROUP,
        state = ["in order", "being tested", "to be cleaned", "out of use"][(number % 4) as usize],
        station = number % 1000,
        lon = lon,
        lat = lat,
    );
    written.expect("writing into memory does not fail");
    const FILL: &[u8] = b"it hangs from the lid of the well, is read once a minute, and was last cleaned in spring. ";
    let end = b"\"}}";
    let mut missing = (start + BYTES).saturating_sub(out.len() + end.len());
    while missing > 0 {
        let part = missing.min(FILL.len());
        out.extend_from_slice(&FILL[..part]);
        missing -= part;
    }
    out.extend_from_slice(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entity_is_json_of_the_right_length_and_kind() {
        for number in [0, 1, 99, 100, 12_345, 999_999, 123_456_789] {
            let mut out = Vec::new();
            render(&mut out, number, number * 7 + 1, "2026-11-01T00:00:00.123456Z");
            assert_eq!(out.len(), BYTES);
            let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
            let kinds = |kind: &str| json.as_object().unwrap().values().filter(|v| v["type"] == kind).count();
            assert_eq!((kinds("Property"), kinds("Relationship"), kinds("GeoProperty")), (6, 1, 1));
        }
    }

    #[test]
    fn near_any_centre_lie_about_a_hundred_entities() {
        let count = 20_000;
        for random in [0, 1, 77, 0xFFFF_FFFF_0000, u64::MAX] {
            let (lon, lat) = centre(count, random);
            let within = |n: &u64| {
                let (x, y) = place(*n);
                ((x - lon).powi(2) + (y - lat).powi(2)).sqrt() * 111_195.0 < 628.0
            };
            let near = (0..count).filter(within).count();
            assert!((85..=115).contains(&near), "{near} near {lon},{lat}");
        }
    }
}
