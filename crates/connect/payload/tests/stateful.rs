//! Formats that learn from earlier messages: Sparkplug B births, Home Assistant discovery; and the mapping file itself.

use belfry_connect_payload::format::sparkplug::{Births, MAX_NODES, REBIRTH_PAUSE};
use belfry_connect_payload::format::tahu::{Metric, MetricValue, Payload, PropertySet, PropertyValue};
use belfry_connect_payload::{Effect, Lesson, Mapped, Mapper, Mapping, Value, check};
use belfry_kernel::Time;
use prost::Message;

fn time() -> Time {
    Time::parse("2026-03-01T12:00:00Z").expect("it is a time")
}

fn metric(name: Option<&str>, alias: Option<u64>, datatype: Option<u32>, value: MetricValue) -> Metric {
    Metric {
        name: name.map(Into::into),
        alias,
        datatype,
        value: Some(value),
        timestamp: Some(1_772_366_400_000),
        ..Metric::default()
    }
}

fn payload(seq: u64, metrics: Vec<Metric>) -> Vec<u8> {
    Payload { timestamp: Some(1_772_366_400_000), metrics, seq: Some(seq) }.encode_to_vec()
}

fn birth(bd: u64) -> Vec<u8> {
    let mut temperature = metric(Some("Inputs/Temp"), Some(1), Some(9), MetricValue::Float(20.1));
    temperature.properties =
        Some(PropertySet { keys: vec!["engUnit".into()], values: vec![PropertyValue { text: Some("°C".into()) }] });
    payload(
        0,
        vec![
            metric(Some("bdSeq"), None, Some(8), MetricValue::Long(bd)),
            temperature,
            metric(Some("level"), Some(2), Some(2), MetricValue::Int(5)),
        ],
    )
}

#[test]
fn sparkplug_life_of_a_node() {
    let mut births = Births::default();
    let mut now = time();
    let mut step = |topic: &str, p: &[u8]| {
        // Far enough apart that each may ask for a rebirth.
        now = now.plus_micros(REBIRTH_PAUSE);
        let o = births.take(topic, p, now).map_err(|e| e.to_string())?;
        let samples = o.samples.iter().map(|s| match &s.value {
            Value::Number(n) => format!("{}/{}={n}{}", s.device, s.name, s.unit_code.as_deref().unwrap_or("")),
            other => format!("{}/{}={other:?}", s.device, s.name),
        });
        Ok::<_, String>((samples.collect::<Vec<_>>().join(" "), o.rebirth.is_some()))
    };
    let ok = |text: &str, rebirth| Ok((text.to_owned(), rebirth));
    let n = |kind: &str| format!("spBv1.0/g/{kind}/n");
    let d = |kind: &str| format!("spBv1.0/g/{kind}/n/d");
    let alias = |a, v| metric(None, Some(a), None, v);
    // Data before any birth: names can be read, aliases cannot; a rebirth is asked for.
    assert_eq!(
        step(
            &n("NDATA"),
            &payload(3, vec![alias(1, MetricValue::Float(1.0)), metric(Some("x"), None, Some(3), MetricValue::Int(1))])
        ),
        ok("g/n/x=1", true)
    );
    assert_eq!(
        step(&n("NBIRTH"), &birth(7)),
        ok("g/n/Inputs/Temp=20.1CEL g/n/level=5 g/n/status=Text(\"online\")", false)
    );
    assert_eq!(
        step(&n("NDATA"), &payload(1, vec![alias(1, MetricValue::Float(21.7))])),
        ok("g/n/Inputs/Temp=21.7CEL", false)
    );
    // Int16 minus one, as the full 32 bits and cut to 16.
    assert_eq!(step(&n("NDATA"), &payload(2, vec![alias(2, MetricValue::Int(u32::MAX))])), ok("g/n/level=-1", false));
    assert_eq!(step(&n("NDATA"), &payload(3, vec![alias(2, MetricValue::Int(0xffff))])), ok("g/n/level=-1", false));
    assert_eq!(
        step(&d("DBIRTH"), &payload(4, vec![metric(Some("door"), Some(1), Some(11), MetricValue::Boolean(true))])),
        ok("g/n/d/door=Bool(true) g/n/d/status=Text(\"online\")", false)
    );
    assert_eq!(
        step(&d("DDATA"), &payload(5, vec![alias(1, MetricValue::Boolean(false))])),
        ok("g/n/d/door=Bool(false)", false)
    );
    // 6 is missing; what can be read still counts.
    assert_eq!(
        step(&d("DDATA"), &payload(7, vec![alias(1, MetricValue::Boolean(true))])),
        ok("g/n/d/door=Bool(true)", true)
    );
    assert_eq!(step(&d("DDATA"), &payload(8, vec![alias(99, MetricValue::Boolean(true))])), ok("", true));
    assert_eq!(step(&d("DDEATH"), &payload(9, vec![])), ok("g/n/d/status=Text(\"offline\")", false));
    // The will of an earlier session comes late and says nothing.
    assert_eq!(
        step(&n("NDEATH"), &payload(0, vec![metric(Some("bdSeq"), None, Some(8), MetricValue::Long(6))])),
        ok("", false)
    );
    assert_eq!(
        step(&n("NDEATH"), &payload(0, vec![metric(Some("bdSeq"), None, Some(8), MetricValue::Long(7))])),
        ok("g/n/status=Text(\"offline\")", false)
    );
    assert_eq!(step(&n("NCMD"), b"anything"), ok("", false));
    for (topic, p, why) in [
        ("spBv1.0/g/NDATA".to_owned(), vec![], "the topic is not"),
        ("spBv1.0/g/XDATA/n".to_owned(), vec![], "message type"),
        (n("DDATA"), vec![], "message type"),
        (d("NDATA"), vec![], "message type"),
        ("spAv1.0/g/NDATA/n".to_owned(), vec![], "the topic is not"),
        (n("NDATA"), vec![0xff; 9], "Sparkplug B"),
        (n("NDATA"), vec![0x12, 0x7f, 1], "Sparkplug B"),
    ] {
        let e = step(&topic, &p).expect_err(&topic);
        assert!(e.contains(why), "{topic}: {e}");
    }
}

#[test]
fn sparkplug_sequence_wraps() {
    let mut births = Births::default();
    births.take("spBv1.0/g/NBIRTH/n", &birth(0), time()).unwrap();
    for seq in (1..256).chain(0..300) {
        let o = births.take("spBv1.0/g/NDATA/n", &payload(seq % 256, vec![]), time()).unwrap();
        assert_eq!(o.rebirth, None, "{seq}");
    }
}

/// Metrics without aliases: data messages need not say their type again.
#[test]
fn sparkplug_types_are_known_by_name() {
    let mut births = Births::default();
    let of = |name, datatype, value| metric(Some(name), None, datatype, value);
    let born = vec![of("level", Some(2), MetricValue::Int(5)), of("since", Some(13), MetricValue::Long(0))];
    births.take("spBv1.0/g/NBIRTH/n", &payload(0, born), time()).unwrap();
    let data =
        vec![of("level", None, MetricValue::Int(0xffff)), of("since", None, MetricValue::Long(1_772_366_400_000))];
    let o = births.take("spBv1.0/g/NDATA/n", &payload(1, data), time()).unwrap();
    let values: Vec<&Value> = o.samples.iter().map(|s| &s.value).collect();
    assert_eq!(values, [&Value::Number(-1.0), &Value::Text("2026-03-01T12:00:00Z".into())]);
}

#[test]
fn a_sparkplug_death_takes_the_devices_along_and_happens_when_it_is_received() {
    let mut births = Births::default();
    births.take("spBv1.0/g/NBIRTH/n", &birth(7), time()).unwrap();
    births.take("spBv1.0/g/DBIRTH/n/d", &payload(1, vec![]), time()).unwrap();
    // The will is as old as the connection.
    let death = payload(0, vec![metric(Some("bdSeq"), None, Some(8), MetricValue::Long(7))]);
    let o = births.take("spBv1.0/g/NDEATH/n", &death, time()).unwrap();
    let told: Vec<(&str, &Value, Option<Time>)> =
        o.samples.iter().map(|s| (s.device.as_str(), &s.value, s.at)).collect();
    let offline = Value::Text("offline".into());
    assert_eq!(told, [("g/n", &offline, None), ("g/n/d", &offline, None)]);
    let o = births.take("spBv1.0/g/NDEATH/n", &death, time()).unwrap();
    assert_eq!(o.samples.len(), 1);
}

#[test]
fn a_sparkplug_node_is_not_asked_for_each_of_its_messages() {
    let mut births = Births::default();
    let mut asked = |node: usize, seconds: i64| {
        let topic = format!("spBv1.0/g/NDATA/n{node}");
        births.take(&topic, &payload(3, vec![]), time().plus_micros(seconds * 1_000_000)).unwrap().rebirth.is_some()
    };
    assert_eq!([asked(0, 0), asked(0, 1), asked(1, 1), asked(0, 29), asked(0, 30)], [true, false, true, false, true]);
    // However many names somebody makes up.
    let many = (0..3 * MAX_NODES).filter(|n| asked(*n, 40)).count();
    assert!(many <= MAX_NODES, "{many}");
    assert!(asked(0, 100));
}

#[test]
fn what_was_learned_is_known_after_a_restart() {
    let rules = format!("{HA}\n[[rule]]\ntopic = 'spBv1.0/#'\nformat = 'sparkplug'\n");
    let new = || Mapper::new(Mapping::parse(&rules).unwrap());
    let mut kept: std::collections::BTreeMap<String, Vec<u8>> = std::collections::BTreeMap::new();
    let mut send = |mapper: &Mapper, tenant: &str, topic: &str, payload: &[u8]| {
        let mut out = Mapped::default();
        mapper.map_of(tenant, topic, payload, time(), &mut out);
        for Lesson { topic, payload } in out.lessons {
            match payload {
                Some(p) => kept.insert(topic.into(), p),
                None => kept.remove(topic.as_str()),
            };
        }
        let values: Vec<String> =
            out.readings.iter().map(|r| format!("{} {}={:?}", r.device, r.attribute, r.value)).collect();
        (values.join("; "), out.effects.len(), kept.clone())
    };
    let recalled = |kept: &std::collections::BTreeMap<String, Vec<u8>>| {
        let mapper = new();
        mapper.recall("", kept.iter().map(|(t, p)| Lesson { topic: t.into(), payload: Some(p.clone()) }).collect());
        mapper
    };
    let mapper = new();
    let config = br#"{"name":"Somebody's hall","state_topic":"~/s","~":"z2m/hall","value_template":"{{ value_json['t'] }}","unique_id":"h",
        "device":{"identifiers":["0x1"],"name":"Hall of somebody"},"unit_of_measurement":"W"}"#;
    send(&mapper, "", "homeassistant/sensor/hall/config", config);
    let device = br#"{"dev":{"ids":"m","name":"Mine"},"stat_t":"m/s","cmps":{"a":{"p":"sensor","uniq_id":"ma","val_tpl":"{{ value_json.y }}","name":"Mine too"}}}"#;
    send(&mapper, "", "homeassistant/device/m/config", device);
    send(&mapper, "", "spBv1.0/g/NBIRTH/n", &birth(7));
    let door = vec![metric(Some("door"), Some(9), Some(11), MetricValue::Boolean(true))];
    let (_, _, all) = send(&mapper, "", "spBv1.0/g/DBIRTH/n/d", &payload(1, door));
    // Names and values are not kept.
    assert!(all.values().all(|p| !String::from_utf8_lossy(p).to_lowercase().contains("somebody")), "{all:?}");
    assert!(all.values().all(|p| !String::from_utf8_lossy(p).contains("Mine")), "{all:?}");
    let mapper = recalled(&all);
    let mut topics = mapper.discovered_topics("");
    topics.sort();
    assert_eq!(topics, ["m/s", "z2m/hall/s"]);
    assert_eq!(send(&mapper, "", "z2m/hall/s", br#"{"t":4}"#).0, "0x1 t=Number(4.0)");
    assert_eq!(send(&mapper, "", "m/s", br#"{"y":5}"#).0, "m y=Number(5.0)");
    // What one tenant's devices taught says nothing about another's.
    assert_eq!(send(&mapper, "farm", "m/s", br#"{"y":5}"#), (String::new(), 0, all));
    let alias = |alias, v| metric(None, Some(alias), None, v);
    // The sequence goes on: no birth was missed, and the aliases hold.
    let data = payload(2, vec![alias(9, MetricValue::Boolean(false))]);
    let (values, effects, next) = send(&mapper, "", "spBv1.0/g/DDATA/n/d", &data);
    assert_eq!((values.as_str(), effects), ("g/n/d door=Bool(false)", 0));
    // It does not go on: a birth may have been missed, so aliases mean nothing, and a rebirth is asked for.
    let mapper = recalled(&next);
    let gap = payload(
        9,
        vec![alias(1, MetricValue::Float(3.0)), metric(Some("level"), None, None, MetricValue::Int(0xffff))],
    );
    let (values, effects, _) = send(&mapper, "", "spBv1.0/g/NDATA/n", &gap);
    assert_eq!((values.as_str(), effects), ("g/n level=Number(-1.0)", 1));
    // A death and an empty config are kept by forgetting.
    send(&mapper, "", "spBv1.0/g/NDEATH/n", &payload(0, vec![]));
    send(&mapper, "", "homeassistant/device/m/config", b"");
    let (_, _, left) = send(&mapper, "", "homeassistant/sensor/hall/config", b"");
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn sensors_of_one_device_keep_apart_whatever_comes_first() {
    let now = time();
    let config = |object: &str, state: &str| {
        let topic = format!("homeassistant/sensor/{object}/config");
        let text = format!(
            "{{\"state_topic\":\"{state}\",\"unique_id\":\"{object}\",\"device_class\":\"temperature\",\"device\":{{\"identifiers\":[\"0x1\"]}}}}"
        );
        (topic, text)
    };
    let (inside, outside) = (config("in", "z/in"), config("out", "z/out"));
    for order in [[&inside, &outside], [&outside, &inside]] {
        let mapper = Mapper::new(Mapping::parse(HA).unwrap());
        let read = |topic: &str| {
            let mut out = Mapped::default();
            mapper.map(topic, b"1", now, &mut out);
            out.readings.iter().map(|r| format!("{} {}", r.device, r.attribute)).collect::<Vec<_>>().join("; ")
        };
        let tell = |topic: &str, text: &str| mapper.map(topic, text.as_bytes(), now, &mut Mapped::default());
        order.into_iter().for_each(|(topic, text)| tell(topic, text));
        assert_eq!([read("z/in"), read("z/out")], ["0x1 in", "0x1 out"]);
        // Said again it stays; alone, the plain name is its own.
        tell(&inside.0, &inside.1);
        assert_eq!(read("z/in"), "0x1 in");
        tell(&inside.0, "");
        assert_eq!(read("z/out"), "0x1 temperature");
    }
}

const HA: &str = "[[rule]]\ntopic = 'homeassistant/#'\nformat = 'homeassistant'\nentity = 'urn:ngsi-ld:Device:{device}'\ntype = 'Device'";

#[test]
fn home_assistant_learns_states() {
    let mapper = Mapper::new(Mapping::parse(HA).unwrap());
    let now = Time::parse("2026-03-01T12:00:00Z").unwrap();
    let step = |topic: &str, payload: &str| {
        let mut out = Mapped::default();
        mapper.map(topic, payload.as_bytes(), now, &mut out);
        let mut parts: Vec<String> = out
            .readings
            .iter()
            .map(|r| format!("{} {}={:?}{}", r.device, r.attribute, r.value, r.unit_code.as_deref().unwrap_or("")))
            .collect();
        parts.extend(out.effects.iter().map(|e| match e {
            Effect::Subscribe(t) => format!("+{t}"),
            Effect::Publish { topic, .. } => format!(">{topic}"),
        }));
        parts.extend(out.failures.iter().map(|f| format!("! {}", f.why)));
        parts.join("; ")
    };
    let temperature = "{\"name\":\"T\",\"uniq_id\":\"0x1_t\",\"stat_t\":\"~/state\",\"~\":\"z2m/hall\",\"unit_of_meas\":\"°C\",\"dev_cla\":\"temperature\",\"val_tpl\":\"{{ value_json.temperature | float | round(1) }}\",\"dev\":{\"ids\":[\"0x1\"]}}";
    for (topic, payload, expected) in [
        ("z2m/hall/state", "{\"temperature\":1}", ""),
        ("homeassistant/sensor/0x1/temperature/config", temperature, "+z2m/hall/state"),
        ("z2m/hall/state", "{\"temperature\":21.46,\"battery\":90}", "0x1 temperature=Number(21.5)CEL"),
        ("z2m/hall/state", "{\"temperature\":\"21.4\"}", "0x1 temperature=Number(21.4)CEL"),
        ("z2m/hall/state", "{\"temperature\":null}", ""),
        ("z2m/hall/state", "{\"temperature\":\"unavailable\"}", ""),
        ("z2m/hall/state", "oops", "! the payload is not JSON"),
        (
            "homeassistant/binary_sensor/door/config",
            "{\"state_topic\":\"door/s\",\"payload_on\":\"open\",\"payload_off\":\"shut\",\"unique_id\":\"door1\"}",
            "+door/s",
        ),
        ("door/s", "open", "door1 door=Bool(true)"),
        ("door/s", "shut", "door1 door=Bool(false)"),
        ("door/s", "?", ""),
        (
            "homeassistant/binary_sensor/gate/config",
            "{\"state_topic\":\"gate/s\",\"payload_on\":\"OFF\",\"payload_off\":\"ON\",\"unique_id\":\"gate1\"}",
            "+gate/s",
        ),
        ("gate/s", "ON", "gate1 gate=Bool(false)"),
        ("gate/s", "OFF", "gate1 gate=Bool(true)"),
        (
            "homeassistant/sensor/power/config",
            "{\"state_topic\":\"p\",\"value_template\":\"{{ value }}\",\"unit_of_measurement\":\"W\",\"device_class\":\"power\"}",
            "+p",
        ),
        ("p", "12.5", "power power=Number(12.5)WTT"),
        (
            "homeassistant/device/multi/config",
            "{\"dev\":{\"ids\":\"m\"},\"stat_t\":\"m/s\",\"cmps\":{\"a\":{\"p\":\"sensor\",\"uniq_id\":\"ma\",\"val_tpl\":\"{{ value_json['x'].y }}\"},\"b\":{\"p\":\"button\"}}}",
            "+m/s",
        ),
        ("m/s", "{\"x\":{\"y\":3}}", "m y=Number(3.0)"),
        ("homeassistant/light/l/config", "{\"state_topic\":\"l\"}", ""),
        ("homeassistant/sensor/power/config", "", ""),
        ("p", "12.5", ""),
        (
            "homeassistant/sensor/x/config",
            "{\"state_topic\":\"x\",\"value_template\":\"{% if value %}1{% endif %}\"}",
            "! discovery: the value template",
        ),
        ("homeassistant/sensor/x/config", "{\"state_topic\":\"x/#\"}", "! discovery: state_topic"),
        ("homeassistant/sensor/x/config", "[]", "! discovery: the payload is not an object"),
        ("homeassistant/config", "{}", "! discovery: the topic is not"),
    ] {
        let got = step(topic, payload);
        assert!(
            got == expected || (expected.starts_with('!') && got.starts_with(expected)),
            "{topic} {payload}\n  expected {expected}\n  got      {got}"
        );
    }
}

#[test]
fn refused_mappings_say_line_and_what_was_meant() {
    let good = "[[rule]]\ntopic = 'a/{b}'\nformat = 'json'\n";
    for (text, line, why) in [
        ("[[rul]]\n", 1, "did you mean \"rule\"?"),
        ("[[rule]]\ntopik = 'a'\nformat='json'", 2, "did you mean \"topic\"?"),
        ("[[rule]]\ntopic = 'a'\nformat = 'jsonn'", 3, "did you mean \"json\"?"),
        ("[[rule]]\nformat = 'json'", 1, "missing field `topic`"),
        ("[[rule]]\ntopic = 'a/#/b'\nformat = 'json'", 2, "# only in the last"),
        ("[[rule]]\ntopic = 'a/{x'\nformat = 'json'", 2, "a capture is one whole level"),
        ("[[rule]]\ntopic = '{x}/{x}'\nformat = 'json'", 2, "comes once"),
        (&format!("{good}entity = 'urn:x:{{b}}'"), 4, "needs a type"),
        (&format!("{good}type = 'T'"), 4, "needs an entity"),
        (&format!("{good}entity = 'nope'\ntype = 'T'"), 4, "no scheme"),
        (&format!("{good}entity = 'urn:x:{{c}}'\ntype = 'T'"), 4, "no level {c}"),
        (&format!("{good}device = '{{b'"), 4, "brace"),
        (&format!("{good}observed_at = '$.'"), 4, "path"),
        (&format!("{good}[rule.attributes]\nx = '$..y'"), 5, "path"),
        (&format!("{good}[rule.attributes]\nx = {{ path = '$.y', untit = 'CEL' }}"), 5, "did you mean \"unit\"?"),
        (&format!("{good}[rule.attributes]\nx = {{ path = '$.y', scale = 0 }}"), 5, "scale"),
        (&format!("{good}[rule.attributes]\nx = {{ path = '$.y', kind = 'nummer' }}"), 5, "did you mean \"number\"?"),
        (&format!("{good}[rule.attributes]\nx = {{ lat = '$.y' }}"), 5, "together"),
        (&format!("{good}[rule.attributes]\nx = {{}}"), 5, "needs a path"),
        (&format!("{good}[rule.attributes]\nx = 5"), 5, "a path such as"),
        ("[[rule]]\ntopic = 'a'\nformat = 'value'", 1, "exactly one attribute"),
        ("[[rule]]\ntopic = 'a'\nformat = 'senml'\nobserved_at = '$.t'", 4, "no meaning"),
        ("[[rule]\n", 1, ""),
        ("[[test]]\ntopic='a'\nexpekt = []", 3, "did you mean \"expect\"?"),
    ] {
        let e = Mapping::parse(text).expect_err(text);
        assert!(e.line == line && e.why.contains(why), "{text}\n  got {e}\n  expected line {line}, {why}");
    }
}

#[test]
fn the_files_own_tests_run() {
    let file = include_str!("soil.toml");
    assert_eq!(check(file), vec![]);
    for (from, to, why) in [
        ("value = 23.45", "value = 23.5", "no reading agrees with soilMoisture = 23.5"),
        ("unit = \"P1\" }, # expected", "unit = \"CEL\" }, # expected", "no reading agrees"),
        ("error = \"not JSON\"", "error = \"too hot\"", "was to say \"too hot\""),
        ("scale = 0.01", "scale = 0.1", "no reading agrees"),
        ("topic = \"town/east/soil/s2\"", "topic = \"town/east/sky/s2\"", "1 readings were expected, 0 came"),
    ] {
        assert!(file.contains(from), "{from}");
        let failures = check(&file.replace(from, to));
        assert!(failures.len() == 1 && failures[0].why.contains(why), "{to}: {failures:?}");
    }
    assert_eq!(check("[[rule]]\ntopic = 1").len(), 1);
}
