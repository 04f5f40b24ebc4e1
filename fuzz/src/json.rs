//! JSON texts: what is accepted is written and read back the same.

use belfry_ngsi_ld::Json;

/// Runs the target.
pub fn run(data: &[u8]) {
    let Ok(json) = Json::parse(data, 64) else { return };
    let mut text = Vec::new();
    json.write(&mut text);
    let again = Json::parse(&text, 64).expect("what is written is JSON");
    assert_eq!(again, json);
    let mut twice = Vec::new();
    again.write(&mut twice);
    assert_eq!(twice, text, "writing is settled");
}
