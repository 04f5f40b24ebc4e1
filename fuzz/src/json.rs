//! JSON texts: what is accepted is written and read back the same.

use belfry_ngsi_ld::Json;

/// Runs the target.
pub fn run(data: &[u8]) {
    let Ok(json) = Json::parse(data, 64) else { return };
    let mut text = Vec::new();
    json.write(&mut text);
    let again = Json::parse(&text, 64).expect("what is written is JSON");
    // A negative zero is read as one or as zero, by how it is written.
    if !text.windows(4).any(|window| window == b"-0.0") {
        assert_eq!(again, json);
    }
}
