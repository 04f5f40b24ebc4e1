//! No payload, topic, path or mapping file makes any decoder panic, and none makes more values than the limit.

use belfry_connect_payload::format::{homeassistant, lorawan, plain, senml, sparkplug};
use belfry_connect_payload::{Filter, Mapped, Mapper, Mapping, Path, check, check_name, observed_at};
use belfry_kernel::Time;
use proptest::prelude::*;

const EVERYTHING: &str = include_str!("every-format.toml");

fn json() -> impl Strategy<Value = String> {
    let words = "(n|v|vs|u|t|bn|bt|e|id|ts|p|lat|lon|type|Point|coordinates|object|deviceInfo|devEui|0102030405060708|end_device_ids|device_id|uplink_message|decoded_payload|state_topic|stat_t|val_tpl|~|cmps|dev|ids)";
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<f64>().prop_map(|n| n.to_string()),
        words.prop_map(|w| format!("\"{w}\"")),
        Just("true".to_owned())
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|v| format!("[{}]", v.join(","))),
            prop::collection::vec((words, inner), 0..5).prop_map(|v| {
                let members: Vec<String> = v.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn topic() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("v/x".to_owned()),
        Just("j/1".to_owned()),
        Just("homeassistant/sensor/o/config".to_owned()),
        Just("homeassistant/device/o/config".to_owned()),
        "spBv1.0/g/(NBIRTH|NDATA|NDEATH|NCMD)/n",
        "spBv1.0/g/(DBIRTH|DDATA|DDEATH)/n/d",
        "\\PC{0,12}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_bytes(topic in topic(), payload in prop::collection::vec(any::<u8>(), 0..200)) {
        let now = Time::from_micros(0);
        let _ = plain::decode(&payload);
        let _ = senml::decode(&payload, now);
        let _ = lorawan::tts(&payload);
        let _ = lorawan::chirpstack(&payload);
        let _ = homeassistant::decode(&topic, &payload);
        let _ = sparkplug::Births::default().take(&topic, &payload, now);
        let text = String::from_utf8_lossy(&payload);
        let _ = (Mapping::parse(&text), Path::parse(&text), Filter::parse_with_captures(&text), check_name(&text), observed_at(&text));
    }

    #[test]
    fn random_json(steps in prop::collection::vec((topic(), json()), 1..6)) {
        let mapper = Mapper::new(Mapping::parse(EVERYTHING).unwrap());
        let mut out = Mapped::default();
        for (topic, payload) in steps {
            out.clear();
            mapper.map(&topic, payload.as_bytes(), Time::MAX, &mut out);
            for r in &out.readings {
                prop_assert!(!r.attribute.is_empty());
                if let belfry_connect_payload::Value::Number(n) = r.value {
                    prop_assert!(n.is_finite());
                }
            }
        }
    }

    #[test]
    fn random_mapping_files(lines in prop::collection::vec("(\\[\\[rule\\]\\]|\\[\\[test\\]\\]|(topic|format|type|entity|observed_at|each|payload|expect|attributes|x) = ('[a-z{}$.#+/]{0,8}'|\"json\"|\\{ path = '\\$.x', (unit|kind|scale) = (1|'P1') \\}|\\[\\]|\\{\\}))", 0..12)) {
        let text = lines.join("\n");
        let _ = Mapping::parse(&text);
        let _ = check(&text);
    }
}
