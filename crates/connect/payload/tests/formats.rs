//! Every payload format, good and bad, as tables: a rule, a topic, a payload, and what comes out as one line of text.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use belfry_connect_payload::{Mapped, Mapper, Mapping, Value};
use belfry_kernel::Time;

const NOW: &str = "2026-03-01T12:00:00Z";

/// `device attribute=value[unit][@time]; ...` and, for rules that failed, `! reason`.
fn line(out: &Mapped) -> String {
    let one = |r: &belfry_connect_payload::Reading| {
        let value = match &r.value {
            Value::Number(n) => n.to_string(),
            Value::Bool(b) => b.to_string(),
            Value::Text(t) => format!("{t:?}"),
            Value::Json(j) => j.to_string(),
            Value::Point(p) => format!("({} {})", p.lon, p.lat),
        };
        let unit = r.unit_code.as_deref().map(|u| format!("[{u}]")).unwrap_or_default();
        let at = r.observed_at.map(|t| format!("@{t}")).unwrap_or_default();
        let entity =
            r.entity.as_ref().map(|e| format!("<{} {}>", e.id.as_str(), e.types.join("+"))).unwrap_or_default();
        format!("{}{entity} {}={value}{unit}{at}", r.device, r.attribute)
    };
    let mut parts: Vec<String> = out.readings.iter().map(one).collect();
    parts.extend(out.failures.iter().map(|f| format!("! {}", f.why)));
    parts.join("; ")
}

fn run(rule: &str, topic: &str, payload: &[u8]) -> String {
    let mapping = Mapping::parse(&format!("[[rule]]\n{rule}")).unwrap_or_else(|e| panic!("{rule}: {e}"));
    let mut out = Mapped::default();
    Mapper::new(mapping).map(topic, payload, Time::parse(NOW).unwrap(), &mut out);
    line(&out)
}

fn table(rule: &str, topic: &str, rows: &[(&str, &str)]) {
    for (payload, expected) in rows {
        let got = run(rule, topic, payload.as_bytes());
        let fits = if let Some(part) = expected.strip_prefix("! ") {
            got.starts_with("! ") && got.contains(part)
        } else {
            got == *expected
        };
        assert!(fits, "{payload}\n  expected {expected}\n  got      {got}");
    }
}

#[test]
fn plain_values() {
    let any =
        "topic = 't/{dev}/temp'\nformat = 'value'\ndevice = '{dev}'\n[rule.attributes]\ntemperature = { unit = 'CEL' }";
    table(
        any,
        "t/d1/temp",
        &[
            ("21.5", "d1 temperature=21.5[CEL]"),
            (" -3 \n", "d1 temperature=-3[CEL]"),
            ("1e3", "d1 temperature=1000[CEL]"),
            ("+.5", "d1 temperature=0.5[CEL]"),
            ("ON", "d1 temperature=true[CEL]"),
            ("false", "d1 temperature=false[CEL]"),
            ("closed", "d1 temperature=\"closed\"[CEL]"),
            ("nan", "d1 temperature=\"nan\"[CEL]"),
            ("inf", "d1 temperature=\"inf\"[CEL]"),
            ("1e999", "d1 temperature=\"1e999\"[CEL]"),
            ("\"quoted\"", "d1 temperature=\"quoted\"[CEL]"),
            ("{\"a\":1}", "d1 temperature={\"a\":1}[CEL]"),
            ("{broken", "d1 temperature=\"{broken\"[CEL]"),
            ("", "! empty"),
            ("  ", "! empty"),
        ],
    );
    assert_eq!(run(any, "t/d1/temp", b"\xff\xfe"), "! the payload is not UTF-8 text");
    assert!(run(any, "t/d1/temp", "x".repeat(5000).as_bytes()).contains("longer than 4096"));
    assert!(run(any, "t/d1/temp", &vec![b'1'; 2 << 20]).contains("longer than"));
    assert_eq!(run(any, "t//temp", b"1"), "! the placeholder {dev} has no value in this message");
    let number =
        "topic = 't'\nformat = 'value'\n[rule.attributes]\nlevel = { kind = 'number', scale = 0.01, offset = -1 }";
    table(
        number,
        "t",
        &[
            ("2345", "t level=22.45"),
            ("2e2", "t level=1"),
            ("high", "! level: the value is not a number"),
            ("on", "! not a number"),
        ],
    );
    let map = "topic = 't'\nformat = 'value'\n[rule.attributes]\nopen = { map = { OPEN = true, CLOSED = false, '2' = 'half' } }";
    table(
        map,
        "t",
        &[("OPEN", "t open=true"), ("CLOSED", "t open=false"), ("2", "t open=\"half\""), ("ajar", "t open=\"ajar\"")],
    );
    // Word lists and texts see what was sent, and not what it may mean.
    let words = "topic = 't'\nformat = 'value'\n[rule.attributes]\nstate = { map = { ON = 'open', off = 'shut', yes = 'ajar', '1.0' = 'one', 'true' = 'locked' } }";
    table(
        words,
        "t",
        &[
            ("ON", "t state=\"open\""),
            (" off ", "t state=\"shut\""),
            ("yes", "t state=\"ajar\""),
            ("1.0", "t state=\"one\""),
            ("true", "t state=\"locked\""),
            ("True", "t state=\"locked\""),
            ("2", "t state=2"),
        ],
    );
    let text = "topic = 't'\nformat = 'value'\n[rule.attributes]\nstate = { kind = 'text' }";
    table(
        text,
        "t",
        &[
            ("ON", "t state=\"ON\""),
            ("21.50", "t state=\"21.50\""),
            ("\"quoted\"", "t state=\"quoted\""),
            ("007", "t state=\"007\""),
        ],
    );
    let named = "topic = 't/{dev}/{metric}'\nformat = 'value'\ndevice = '{dev}'\n[rule.attributes]\n'{metric}' = {}";
    assert_eq!(run(named, "t/d/air temp", b"4"), "d air_temp=4");
    assert_eq!(run(named, "t/d/1st", b"4"), "d x1st=4");
}

#[test]
fn json_documents() {
    let soil = "topic = 'town/+/soil/{sensor}'\nformat = 'json'\ndevice = '{sensor}'\nentity = 'urn:ngsi-ld:SoilSensor:{sensor}'\n\
        type = ['SoilSensor', 'Device']\nobserved_at = '$.ts'\n[rule.attributes]\nmoisture = { path = '$.m[0]', unit = 'P1', scale = 0.01 }\n\
        temperature = '$.t'\nok = { path = '$.ok', kind = 'bool' }\nlocation = { lat = '$.gps.lat', lon = '$.gps.lon' }\n\
        note = { path = \"$['a note']\", kind = 'text' }\nraw = { path = '$.raw', kind = 'json' }\nplace = { path = '$.geo', kind = 'point' }";
    let s = "s1<urn:ngsi-ld:SoilSensor:s1 SoilSensor+Device>";
    let one = |rest: &str| format!("{s} {rest}");
    let rows: Vec<(&str, String)> = vec![
        ("{\"m\":[2345]}", one("moisture=23.45[P1]")),
        ("{\"m\":[2345],\"ts\":1772366400}", one("moisture=23.45[P1]@2026-03-01T12:00:00Z")),
        ("{\"t\":-1.5,\"ts\":\"2026-03-01T13:00:00+01:00\"}", one("temperature=-1.5@2026-03-01T12:00:00Z")),
        ("{\"t\":1,\"ts\":null}", one("temperature=1")),
        ("{\"t\":null}", String::new()),
        ("{}", String::new()),
        ("{\"m\":[\"17\"]}", one("moisture=0.17[P1]")),
        ("{\"ok\":1}", one("ok=true")),
        ("{\"ok\":\"Off\"}", one("ok=false")),
        ("{\"gps\":{\"lat\":39.5,\"lon\":80.25}}", one("location=(80.25 39.5)")),
        ("{\"gps\":{\"lat\":39.5}}", String::new()),
        ("{\"a note\":12}", one("note=\"12\"")),
        ("{\"a note\":\"gr\\u00fcn\"}", one("note=\"grün\"")),
        ("{\"raw\":[1, {\"x\": null}]}", one("raw=[1,{\"x\":null}]")),
        ("{\"geo\":{\"type\":\"Point\",\"coordinates\":[80,39]}}", one("place=(80 39)")),
        ("{\"geo\":[80,39,5]}", one("place=(80 39)")),
        ("{\"geo\":{\"latitude\":1,\"lng\":2}}", one("place=(2 1)")),
        ("{\"t\":{\"deep\":1}}", one("temperature={\"deep\":1}")),
        ("{\"m\":[true]}", "! moisture: the value is not a number".into()),
        ("{\"ok\":2}", "! ok: the value is not true or false".into()),
        ("{\"gps\":{\"lat\":95,\"lon\":0}}", "! location: the value is not a place".into()),
        ("{\"geo\":[1]}", "! place: the value is not a place".into()),
        ("{\"geo\":\"here\"}", "! place".into()),
        ("{\"ts\":\"yesterday\"}", "! observed_at is not a time".into()),
        ("{\"ts\":-4}", "! observed_at is not a time".into()),
        ("{\"ts\":{}}", "! observed_at is not a time".into()),
        ("{\"t\":1e999}", "! ".into()),
        ("{\"t\":1", "! not JSON".into()),
        ("{\"t\":1}}", "! not JSON".into()),
        ("{'t':1}", "! not JSON".into()),
        ("[", "! not JSON".into()),
        ("", "! empty".into()),
    ];
    let rows: Vec<(&str, &str)> = rows.iter().map(|(a, b)| (*a, b.as_str())).collect();
    table(soil, "town/east/soil/s1", &rows);
    assert!(run(soil, "town/east/soil/s1", "[".repeat(100_000).as_bytes()).contains("nested deeper than 64"));
    assert_eq!(run(soil, "town/east/water/s1", b"{}"), "");
    assert_eq!(
        run(soil, "town/east/soil/a b%", b"{\"t\":1}"),
        "a b%<urn:ngsi-ld:SoilSensor:a%20b%25 SoilSensor+Device> temperature=1"
    );
    let all = "topic = 'all/#'\nformat = 'json'\ndevice = '{$.id}'\nobserved_at = '$.ts'";
    table(
        all,
        "all/x",
        &[
            ("{\"id\":\"d\",\"ts\":1772366400,\"v\":1}", "d id=\"d\"@2026-03-01T12:00:00Z; d v=1@2026-03-01T12:00:00Z"),
            ("{\"v\":1}", "! placeholder {$.id}"),
            ("[1]", "! placeholder"),
        ],
    );
    let each = "topic = 'batch'\nformat = 'json'\neach = '$.data'\nobserved_at = '$.at'\ndevice = '{$message.gw}'\n[rule.attributes]\nv = { path = '$.v', required = true }";
    table(
        each,
        "batch",
        &[
            (
                "{\"gw\":\"g\",\"data\":[{\"v\":1,\"at\":1772366400},{\"v\":2,\"at\":1772366401}]}",
                "g v=1@2026-03-01T12:00:00Z; g v=2@2026-03-01T12:00:01Z",
            ),
            ("{\"gw\":\"g\",\"data\":[]}", ""),
            ("{\"gw\":\"g\",\"data\":[{}]}", "! v: nothing at $.v"),
            ("{\"gw\":\"g\"}", "! each: nothing at $.data"),
        ],
    );
}

#[test]
fn what_is_wrong_with_a_value_or_an_item_does_not_touch_the_others() {
    let each = "topic = 'batch'\nformat = 'json'\neach = '$.data'\n[rule.attributes]\nv = { path = '$.v', required = true, kind = 'number' }\nw = { path = '$.w', kind = 'number' }";
    for (payload, expected) in [
        // A value that is not required is left out alone; one that is takes its item with it, what was read before included.
        (
            "{\"data\":[{\"v\":1,\"w\":\"x\"},{\"v\":2,\"w\":3}]}",
            "batch v=1; batch v=2; batch w=3; ! w: the value is not a number",
        ),
        (
            "{\"data\":[{\"w\":1},{\"v\":\"x\",\"w\":2},{\"v\":3}]}",
            "batch v=3; ! v: nothing at $.v; ! v: the value is not a number",
        ),
    ] {
        assert_eq!(run(each, "batch", payload.as_bytes()), expected, "{payload}");
    }
    let two = "topic = 't'\nformat = 'json'\n[rule.attributes]\na = '$.a'\nb = { path = '$.b', required = true }";
    assert_eq!(run(two, "t", b"{\"a\":1}"), "! b: nothing at $.b");
    let senml =
        "topic = 'senml'\nformat = 'senml'\n[rule.attributes]\nt = { kind = 'number' }\nh = { kind = 'number' }";
    assert_eq!(
        run(senml, "senml", b"[{\"n\":\"t\",\"vs\":\"x\"},{\"n\":\"h\",\"v\":4}]"),
        "senml h=4@2026-03-01T12:00:00Z; ! t: the value is not a number"
    );
    for format in ["senml", "sparkplug", "homeassistant"] {
        let text = format!("[[rule]]\ntopic = 't'\nformat = '{format}'\n[rule.attributes]\nt = {{ required = true }}");
        assert!(Mapping::parse(&text).unwrap_err().why.contains("required has no meaning"), "{format}");
    }
}

#[test]
fn no_part_of_too_many_values_is_taken() {
    let rule = "topic = 'batch'\nformat = 'json'\neach = '$.data'\n[rule.attributes]\n";
    let attributes: String = (0..5).map(|n| format!("a{n} = '$.v'\n")).collect();
    let pack = |rows: usize| format!("{{\"data\":[{}]}}", vec!["{\"v\":1}"; rows].join(","));
    let rule = format!("{rule}{attributes}");
    assert_eq!(run(&rule, "batch", pack(3276).as_bytes()).split("; ").count(), 5 * 3276);
    assert_eq!(run(&rule, "batch", pack(3277).as_bytes()), "! the payload carries more than 16384 values");
}

#[test]
fn senml_packs() {
    let rule = "topic = 'senml'\nformat = 'senml'";
    table(
        rule,
        "senml",
        &[
            (
                "[{\"n\":\"urn:dev:ow:10e2073a01080063\",\"u\":\"Cel\",\"v\":23.1}]",
                "urn:dev:ow x10e2073a01080063=23.1[CEL]@2026-03-01T12:00:00Z",
            ),
            (
                "[{\"bn\":\"urn:dev:ow:10e2:\",\"bt\":1772366400,\"bu\":\"A\",\"bver\":5,\"n\":\"voltage\",\"u\":\"V\",\"v\":120.1},{\"n\":\"current\",\"t\":-5,\"v\":1.2}]",
                "urn:dev:ow:10e2 voltage=120.1[VLT]@2026-03-01T12:00:00Z; urn:dev:ow:10e2 current=1.2[AMP]@2026-03-01T11:59:55Z",
            ),
            ("[{\"bn\":\"d/\",\"n\":\"t\",\"t\":-60,\"v\":1}]", "d t=1@2026-03-01T11:59:00Z"),
            ("[{\"bn\":\"d/\",\"bv\":20,\"n\":\"t\",\"v\":1.5}]", "d t=21.5@2026-03-01T12:00:00Z"),
            ("[{\"bn\":\"d/\"},{\"n\":\"t\",\"vb\":true}]", "d t=true@2026-03-01T12:00:00Z"),
            ("[{\"n\":\"d/door\",\"vs\":\"open\"}]", "d door=\"open\"@2026-03-01T12:00:00Z"),
            ("[{\"n\":\"d/pic\",\"vd\":\"aGk\"}]", "d pic=\"aGk\"@2026-03-01T12:00:00Z"),
            (
                "[{\"bn\":\"d/\",\"bs\":10,\"n\":\"e\",\"u\":\"J\",\"v\":1,\"s\":5}]",
                "d e=1[JOU]@2026-03-01T12:00:00Z; d eSum=15[JOU]@2026-03-01T12:00:00Z",
            ),
            // Of a base and its value, one that is missing counts as zero (RFC 8428 section 4.5.4).
            (
                "[{\"bn\":\"d/\",\"bs\":10,\"n\":\"e\",\"v\":1},{\"n\":\"e\",\"t\":-5,\"s\":2}]",
                "d e=1@2026-03-01T12:00:00Z; d eSum=10@2026-03-01T12:00:00Z; d eSum=12@2026-03-01T11:59:55Z",
            ),
            (
                "[{\"bn\":\"d/\",\"bv\":20},{\"n\":\"t\"},{\"n\":\"u\",\"vb\":true}]",
                "d t=20@2026-03-01T12:00:00Z; d u=true@2026-03-01T12:00:00Z",
            ),
            ("[{\"n\":\"solo\",\"v\":1,\"extra\":[1]}]", "senml solo=1@2026-03-01T12:00:00Z"),
            ("[]", "! at least one record"),
            ("{}", "! array of records"),
            ("[1]", "! a record is an object"),
            ("[{\"n\":\"a\",\"v\":1,\"vs\":\"x\"}]", "! one value"),
            ("[{\"n\":\"a\"}]", "! neither value nor sum"),
            ("[{\"v\":1}]", "! name is empty"),
            ("[{\"n\":\"a b\",\"v\":1}]", "! name is empty or has characters"),
            ("[{\"n\":\"/a\",\"v\":1}]", "! name is empty or has characters"),
            ("[{\"n\":\"a\",\"v\":\"1\"}]", "! a number is expected"),
            ("[{\"n\":1,\"v\":1}]", "! a text is expected"),
            ("[{\"n\":\"a\",\"vb\":1}]", "! vb is true or false"),
            ("[{\"bver\":11,\"n\":\"a\",\"v\":1}]", "! newer"),
            ("[{\"n\":\"a\",\"v\":1,\"must_\":1}]", "! must be understood"),
            ("[{\"bn\":\"d\"}]", "! no record has a value"),
            ("[{\"n\":\"a\",\"t\":1e300,\"v\":1}]", "! time is out of range"),
            ("[{\"n\":\"a\",\"bv\":1e308,\"v\":1.7e308}]", "! too large"),
            ("[{\"n\":\"a\",\"v\":1}", "! not JSON"),
        ],
    );
    let mapped = "topic = 'senml'\nformat = 'senml'\nentity = 'urn:x:{device}'\ntype = 'T'\n[rule.attributes]\ntemperature = { path = 't', unit = 'KEL', offset = 273.15 }";
    assert_eq!(
        run(mapped, "senml", b"[{\"bn\":\"d:\",\"n\":\"t\",\"v\":1},{\"n\":\"other\",\"v\":2}]"),
        "d<urn:x:d T> temperature=274.15[KEL]@2026-03-01T12:00:00Z"
    );
}

#[test]
fn lorawan_uplinks() {
    let tts = "topic = 'v3/{app}/devices/{dev}/up'\nformat = 'tts'\n[rule.attributes]\ntemperature = '$.temp'\nrssi = '$message.uplink_message.rx_metadata[0].rssi'";
    let topic = "v3/app1@ttn/devices/dev1/up";
    table(
        tts,
        topic,
        &[
            (
                "{\"end_device_ids\":{\"device_id\":\"dev1\",\"dev_eui\":\"0004A30B001C0530\"},\"received_at\":\"2026-03-01T11:00:09Z\",\"uplink_message\":{\"f_port\":1,\"f_cnt\":7,\"frm_payload\":\"AQ==\",\"decoded_payload\":{\"temp\":19.5},\"rx_metadata\":[{\"rssi\":-103}],\"received_at\":\"2026-03-01T11:00:08.123456789Z\"}}",
                "dev1 rssi=-103@2026-03-01T11:00:08.123456Z; dev1 temperature=19.5@2026-03-01T11:00:08.123456Z",
            ),
            (
                "{\"end_device_ids\":{\"device_id\":\"dev1\"},\"uplink_message\":{\"decoded_payload\":{\"temp\":1}}}",
                "dev1 temperature=1",
            ),
            (
                "{\"result\":{\"end_device_ids\":{\"device_id\":\"d2\"},\"uplink_message\":{\"decoded_payload\":{\"temp\":1}}}}",
                "d2 temperature=1",
            ),
            (
                "{\"end_device_ids\":{\"device_id\":\"d\"},\"uplink_message\":{\"rx_metadata\":[{\"rssi\":-1}]}}",
                "d rssi=-1",
            ),
            ("{\"end_device_ids\":{\"device_id\":\"d\"},\"join_accept\":{}}", "! uplink_message is missing"),
            ("{\"uplink_message\":{}}", "! device_id is missing"),
            ("{\"end_device_ids\":{\"device_id\":\"\"},\"uplink_message\":{}}", "! device_id is missing"),
            ("{\"end_device_ids\":{\"device_id\":\"d\"},\"received_at\":\"x\",\"uplink_message\":{}}", "! not a time"),
            ("7", "! device_id is missing"),
            ("nope", "! not JSON"),
        ],
    );
    let all = "topic = 'v3/#'\nformat = 'tts'";
    assert_eq!(run(all, topic, b"{\"end_device_ids\":{\"device_id\":\"d\"},\"uplink_message\":{\"decoded_payload\":{\"a\":1,\"b\":\"x\"}}}"), "d a=1; d b=\"x\"");
    assert!(
        run(all, topic, b"{\"end_device_ids\":{\"device_id\":\"d\"},\"uplink_message\":{}}").contains("set a codec")
    );
    let chirp = "topic = 'application/+/device/+/event/up'\nformat = 'chirpstack'\nentity = 'urn:ngsi-ld:Device:{device}'\ntype = 'Device'";
    table(
        chirp,
        "application/1/device/0101010101010101/event/up",
        &[
            (
                "{\"deduplicationId\":\"x\",\"time\":\"2026-03-01T10:00:00.5+00:00\",\"deviceInfo\":{\"devEui\":\"01020304050607AB\",\"deviceName\":\"n\"},\"fCnt\":1,\"fPort\":2,\"data\":\"AQ==\",\"object\":{\"humidity\":40}}",
                "01020304050607ab<urn:ngsi-ld:Device:01020304050607ab Device> humidity=40@2026-03-01T10:00:00.500Z",
            ),
            (
                "{\"deviceInfo\":{\"devEui\":\"0102030405060708\"},\"object\":{\"on\":true}}",
                "0102030405060708<urn:ngsi-ld:Device:0102030405060708 Device> on=true",
            ),
            ("{\"deviceInfo\":{\"devEui\":\"0102030405060708\"},\"data\":\"AQ==\"}", "! set a codec"),
            ("{\"deviceInfo\":{\"devEui\":\"123\"},\"object\":{}}", "! 16 hexadecimal"),
            ("{\"deviceInfo\":{},\"object\":{}}", "! devEui is missing"),
            ("{\"time\":\"noon\",\"deviceInfo\":{\"devEui\":\"0102030405060708\"},\"object\":{}}", "! not a time"),
            ("[]", "! devEui is missing"),
        ],
    );
}
