//! Members of a subscription: good ones, bad ones with the member that the refusal names, names and updates.

use belfry_kernel::{Kind, Time};
use belfry_ngsi_ld::context::{Limits, NoRemote};
use belfry_ngsi_ld::subscription::{Subscription, compacted, expanded, patched};
use belfry_ngsi_ld::{Context, Json};
use proptest::prelude::*;
use std::sync::Arc;

pub fn now() -> Time {
    Time::parse("2026-05-01T00:00:00Z").unwrap()
}

pub fn json(text: &str) -> Json {
    Json::parse(text.as_bytes(), 32).unwrap_or_else(|e| panic!("{e:?}: {text}"))
}

pub fn read(text: &str, context: &Context) -> Result<Subscription, belfry_kernel::Error> {
    Subscription::read(expanded(json(text), context, None)?, Some(now()))
}

/// A body with these members beside an id, a type, and what `overrides` does not name.
fn with(overrides: &str) -> String {
    let mut members = vec![
        ("id".to_owned(), "\"urn:ngsi-ld:Subscription:1\"".to_owned()),
        ("type".to_owned(), "\"Subscription\"".to_owned()),
        ("entities".to_owned(), "[{\"type\":\"Car\"}]".to_owned()),
        ("notification".to_owned(), "{\"endpoint\":{\"uri\":\"http://localhost:1/n\"}}".to_owned()),
    ];
    let Json::Object(given) = json(&format!("{{{overrides}}}")) else { unreachable!() };
    for (key, value) in given {
        let text = value.to_string();
        match members.iter_mut().find(|(k, _)| *k == key.as_str()) {
            Some((_, old)) => *old = text,
            None => members.push((key.to_string(), text)),
        }
    }
    let members: Vec<String> =
        members.into_iter().filter(|(_, v)| v != "\"absent\"").map(|(k, v)| format!("\"{k}\":{v}")).collect();
    format!("{{{}}}", members.join(","))
}

fn notify(inner: &str) -> String {
    with(&format!("\"notification\":{{\"endpoint\":{{\"uri\":\"http://localhost:1/n\"}},{inner}}}"))
}

fn endpoint(inner: &str) -> String {
    with(&format!("\"notification\":{{\"endpoint\":{{{inner}}}}}"))
}

#[test]
fn good_ones_are_taken_and_kept_as_they_were_read() {
    let good = [
        with(""),
        with(r#""entities":"absent","watchedAttributes":["speed"]"#),
        with(r#""entities":"absent","localOnly":true"#),
        with(r#""entities":[{"type":"Car","id":"urn:a:1"}]"#),
        with(r#""entities":[{"type":"Car","id":["urn:a:1","urn:a:2"]}]"#),
        with(r#""entities":[{"type":"Car","idPattern":"^urn:a:.*"},{"type":"*"}]"#),
        with(r#""entities":[{"type":"(Car;Vehicle)|Bus,Tram"}]"#),
        with(r#""watchedAttributes":["speed","https://example.org/x"]"#),
        with(r#""notificationTrigger":["entityCreated","entityUpdated","entityDeleted"]"#),
        with(r#""notificationTrigger":["attributeCreated","attributeUpdated","attributeDeleted"]"#),
        with(r#""q":"speed>50;brandName!=\"Mercedes\"""#),
        with(r#""q":"(a==1|b.c[d]~=\"^x\");ex.observedAt>=2020-01-01T00:00:00Z""#),
        with(r#""q":"rel{Car:speed}>5""#),
        with(r#""geoQ":{"georel":"near;maxDistance==2000","geometry":"Point","coordinates":[8,40]}"#),
        with(
            r#""geoQ":{"georel":"within","geometry":"Polygon","coordinates":"[[[0,0],[1,0],[1,1],[0,0]]]","geoproperty":"place"}"#,
        ),
        with(r#""scopeQ":"/Madrid/#""#),
        with(r#""timeInterval":10"#),
        with(r#""throttling":0.5"#),
        with(r#""isActive":false"#),
        with(r#""expiresAt":"2027-01-01T00:00:00Z""#),
        with(r#""lang":"fr-CH,fr;q=0.9""#),
        with(r#""jsonldContext":"https://example.org/context.jsonld""#),
        with(r#""datasetId":["@none","urn:d:1"]"#),
        with(r#""description":"x","subscriptionName":"y""#),
        with(r#""splitEntities":false"#),
        with(r#""expandValues":"brandName","q":"brandName==\"Mercedes\"""#),
        with(r#""status":"paused","createdAt":"nonsense""#),
        notify(r#""attributes":["speed"]"#),
        notify(r#""pick":["id","type","speed"]"#),
        notify(r#""omit":["scope","speed"]"#),
        notify(r#""format":"keyValues""#),
        notify(r#""format":"concise","sysAttrs":true,"showChanges":true"#),
        notify(r#""timesSent":-4,"lastSuccess":{"a":1}"#),
        notify(r#""join":"@none""#),
        endpoint(r#""uri":"https://h/x","accept":"application/geo+json","timeout":100,"cooldown":0.5"#),
        endpoint(r#""uri":"http://h","receiverInfo":[{"key":"Authorization","value":"Bearer x"}]"#),
        endpoint(
            r#""uri":"mqtt://h/a/b","notifierInfo":[{"key":"MQTT-QoS","value":"2"},{"key":"MQTT-Version","value":"mqtt3.1.1"}]"#,
        ),
        endpoint(r#""uri":"mqtts://u:p@h:99/a""#),
    ];
    for text in &good {
        let subscription = read(text, Context::core()).unwrap_or_else(|e| panic!("{e:?}\n{text}"));
        let again = Subscription::decode(&subscription.encode()).unwrap_or_else(|e| panic!("{e:?}\n{text}"));
        assert_eq!(format!("{again:?}"), format!("{subscription:?}"));
    }
}

#[test]
fn bad_ones_are_refused_and_the_refusal_names_the_member() {
    let bad = [
        ("[]".to_owned(), "a subscription"),
        (with(r#""id":"x""#), "id"),
        (with(r#""id":5"#), "id"),
        (with(r#""type":"absent""#), "type"),
        (with(r#""type":"Entity""#), "type"),
        (with(r#""entities":"absent""#), "entities"),
        (with(r#""entities":[]"#), "entities"),
        (with(r#""entities":{"type":"Car"}"#), "entities"),
        (with(r#""entities":["Car"]"#), "entities"),
        (with(r#""entities":[{"id":"urn:a:1"}]"#), "entities.type"),
        (with(r#""entities":[{"type":7}]"#), "entities.type"),
        (with(r#""entities":[{"type":"Car|"}]"#), "entities"),
        (with(r#""entities":[{"type":"Car","id":"nope"}]"#), "entities.id"),
        (with(r#""entities":[{"type":"Car","idPattern":"("}]"#), "entities.idPattern"),
        (with(r#""entities":[{"type":"Car","colour":"red"}]"#), "entities.colour"),
        (with(r#""watchedAttributes":[]"#), "watchedAttributes"),
        (with(r#""watchedAttributes":"speed""#), "watchedAttributes"),
        (with(r#""watchedAttributes":[1]"#), "watchedAttributes"),
        (with(r#""watchedAttributes":["@id"]"#), "watchedAttributes"),
        (with(r#""notificationTrigger":["entityMoved"]"#), "notificationTrigger"),
        (with(r#""notificationTrigger":[]"#), "notificationTrigger"),
        (with(r#""q":"speed>>5""#), "q"),
        (with(r#""q":7"#), "q"),
        (with(r#""geoQ":"near""#), "geoQ"),
        (with(r#""geoQ":{"georel":"near","geometry":"Point","coordinates":[8,40]}"#), "geo"),
        (with(r#""geoQ":{"geometry":"Point","coordinates":[8,40]}"#), "geoQ.georel"),
        (with(r#""geoQ":{"georel":"within","geometry":"Blob","coordinates":[8,40]}"#), "geo"),
        (with(r#""geoQ":{"georel":"within","geometry":"Point","coordinates":"x"}"#), "coordinates"),
        (with(r#""scopeQ":"//""#), "scopeQ"),
        (with(r#""timeInterval":0"#), "timeInterval"),
        (with(r#""timeInterval":-1"#), "timeInterval"),
        (with(r#""timeInterval":"5""#), "timeInterval"),
        (with(r#""timeInterval":1e300"#), "timeInterval"),
        (with(r#""timeInterval":5,"watchedAttributes":["a"]"#), "timeInterval"),
        (with(r#""timeInterval":5,"throttling":5"#), "timeInterval"),
        (with(r#""throttling":0"#), "throttling"),
        (with(r#""isActive":"yes""#), "isActive"),
        (with(r#""isActive":null"#), "isActive"),
        (with(r#""expiresAt":"tomorrow""#), "expiresAt"),
        (with(r#""expiresAt":"2020-01-01T00:00:00Z""#), "expiresAt"),
        (with(r#""lang":"!!""#), "lang"),
        (with(r#""jsonldContext":"context""#), "jsonldContext"),
        (with(r#""datasetId":[]"#), "datasetId"),
        (with(r#""datasetId":["x y"]"#), "datasetId"),
        (with(r#""csf":"a==1""#), "csf"),
        (with(r#""temporalQ":{}"#), "temporalQ"),
        (with(r#""splitEntities":true"#), "splitEntities"),
        (with(r#""colour":"red""#), "colour"),
        (with(r#""description":5"#), "description"),
        (with(r#""notification":"absent""#), "notification"),
        (with(r#""notification":[]"#), "notification"),
        (with(r#""notification":{}"#), "notification.endpoint"),
        (notify(r#""attributes":[]"#), "notification.attributes"),
        (notify(r#""attributes":["id"]"#), "notification.attributes"),
        (notify(r#""attributes":["a"],"pick":["b"]"#), "notification.attributes"),
        (notify(r#""pick":["a","a"]"#), "notification.pick"),
        (notify(r#""pick":["a"],"omit":["a"]"#), "notification.omit"),
        (notify(r#""pick":["rel{a}"]"#), "notification.pick"),
        (notify(r#""format":"xml""#), "notification.format"),
        (notify(r#""format":"keyValues","showChanges":true"#), "notification.showChanges"),
        (notify(r#""sysAttrs":1"#), "notification.sysAttrs"),
        (notify(r#""join":"flat""#), "notification.join"),
        (notify(r#""joinLevel":0"#), "notification.joinLevel"),
        (notify(r#""loud":true"#), "notification.loud"),
        (endpoint(""), "notification.endpoint.uri"),
        (endpoint(r#""uri":"/n""#), "notification.endpoint.uri"),
        (endpoint(r#""uri":"ftp://h/x""#), "notification.endpoint.uri"),
        (endpoint(r#""uri":"http:///x""#), "notification.endpoint.uri"),
        (endpoint(r#""uri":"mqtt://h""#), "notification.endpoint.uri"),
        (endpoint(r#""uri":"mqtt://h/a/+""#), "notification.endpoint.uri"),
        (endpoint(r#""uri":"http://h","accept":"text/html""#), "notification.endpoint.accept"),
        (endpoint(r#""uri":"mqtt://h/a","accept":"application/geo+json""#), "notification.endpoint.accept"),
        (endpoint(r#""uri":"http://h","timeout":0"#), "notification.endpoint.timeout"),
        (endpoint(r#""uri":"http://h","cooldown":"1""#), "notification.endpoint.cooldown"),
        (endpoint(r#""uri":"http://h","receiverInfo":[{"key":"a b","value":"x"}]"#), "receiverInfo"),
        (endpoint(r#""uri":"http://h","receiverInfo":[{"key":"Host","value":"x"}]"#), "receiverInfo"),
        (endpoint(r#""uri":"http://h","receiverInfo":[{"key":"A","value":"x\r\ny"}]"#), "receiverInfo"),
        (endpoint(r#""uri":"http://h","receiverInfo":{"A":"b"}"#), "receiverInfo"),
        (endpoint(r#""uri":"mqtt://h/a","notifierInfo":[{"key":"MQTT-QoS","value":"3"}]"#), "notifierInfo"),
        (endpoint(r#""uri":"mqtt://h/a","notifierInfo":[{"key":"MQTT-Version","value":"4"}]"#), "notifierInfo"),
        (endpoint(r#""uri":"http://h","verify":false"#), "notification.endpoint.verify"),
    ];
    for (text, member) in &bad {
        let error = read(text, Context::core()).expect_err(text);
        assert!(matches!(error.kind(), Kind::BadRequestData | Kind::OperationNotSupported), "{error:?}\n{text}");
        assert!(error.public().contains(member), "{error:?} does not name {member}\n{text}");
    }
}

fn cars() -> Arc<Context> {
    let local = json(
        r#"{"speed":"https://example.org/speed","Car":"https://example.org/Car","place":"https://example.org/place"}"#,
    );
    Context::build(&local, &NoRemote, &Limits::default()).unwrap()
}

#[test]
fn names_are_expanded_once_and_shown_in_the_readers_context() {
    let text = with(
        r#""q":"speed>5;(speed.unit==\"km\"|place)","watchedAttributes":["speed"],
        "geoQ":{"georel":"intersects","geometry":"Point","coordinates":[1,2],"geoproperty":"place"},
        "notification":{"pick":["id","speed"],"endpoint":{"uri":"http://h"}}"#,
    );
    let cars = cars();
    let subscription = read(&text, &cars).unwrap();
    let shown = |context: &Context| Json::Object(compacted(&subscription.body, context));
    let own = shown(&cars);
    assert_eq!(own.get("q").unwrap().as_str(), Some("speed>5;(speed.unit==\"km\"|place)"));
    assert_eq!(own.get("watchedAttributes").unwrap().to_string(), r#"["speed"]"#);
    assert_eq!(own.get("entities").unwrap().to_string(), r#"[{"type":"Car"}]"#);
    assert_eq!(own.get("geoQ").unwrap().get("geoproperty").unwrap().as_str(), Some("place"));
    assert_eq!(own.get("notification").unwrap().get("pick").unwrap().to_string(), r#"["id","speed"]"#);
    assert!(own.get("qTerms").is_none());
    let other = shown(Context::core());
    assert_eq!(other.get("watchedAttributes").unwrap().to_string(), r#"["https://example.org/speed"]"#);
    assert!(other.get("q").unwrap().as_str().unwrap().starts_with("\"https://example.org/speed\">5"));
}

#[test]
fn what_is_shown_of_q_can_be_sent_again() {
    let cars = cars();
    for q in [r#"speed~=\"a"#, r#"speed~="\"a\d";place!~=["]"#, r#"speed=="a\"b\\c"|place"#] {
        let member = format!("\"q\":{}", Json::from(q));
        let first = read(&with(&member), &cars).unwrap_or_else(|e| panic!("{q}: {e}"));
        let shown = Json::Object(compacted(&first.body, &cars));
        let again = format!("\"q\":{}", shown.get("q").unwrap());
        let second = read(&with(&again), &cars).unwrap_or_else(|e| panic!("{again}: {e}"));
        assert_eq!(format!("{:?}", second.q), format!("{:?}", first.q), "{q}");
    }
}

/// Names of one context; what they are in others is for the test to find out.
fn named() -> Arc<Context> {
    let text = r#"{"@context":{"ex":"https://example.org/","speed":"ex:speed","home":"ex:home","Road":"ex:Road",
        "pm2.5":"ex:pm25","long-name":"ex:long","kind":"ex:kind"}}"#;
    Context::build(json(text).get("@context").unwrap(), &NoRemote, &Limits::default()).unwrap()
}

fn other() -> Arc<Context> {
    let text = r#"{"@context":{"e":"https://example.org/","velocity":"e:speed","unit":"e:kind","2nd":"e:long",
        "a.b":"e:home","x":"urn:x:"}}"#;
    Context::build(json(text).get("@context").unwrap(), &NoRemote, &Limits::default()).unwrap()
}

fn condition() -> impl Strategy<Value = String> {
    let names = ["speed", "home", "\"pm2.5\"", "long-name", "kind", "ex:far", "\"urn:x:y\"", "plain", "\"observedAt\""];
    let inside = ["speed", "\"ex:far\"", "\"urn:x:y\"", "\"pm2.5\"", "plain"];
    let types = ["", "Road:", "Road,Plain:", "\"urn:x:T\":", "Road,\"https://example.org/Far\":"];
    let name = prop::sample::select(names.to_vec());
    let path = prop_oneof![
        prop::collection::vec(name, 1..3).prop_map(|names| names.join(".")),
        (
            prop::collection::vec((prop::sample::select(inside.to_vec()), prop::sample::select(types.to_vec())), 1..3),
            prop::sample::select(inside.to_vec()),
        )
            .prop_map(|(links, last)| {
                let open: String = links.iter().map(|(rel, types)| format!("{rel}{{{types}")).collect();
                format!("{open}{last}{}", "}".repeat(links.len()))
            }),
    ];
    let end =
        ["", ">5", "==\"a\"", ".unitCode==\"KMH\"", "[a.b]==1", "==1..4", "~=\"a\\\"b\"", "!=urn:x:1", "==true,false"];
    (path, prop::sample::select(end.to_vec())).prop_map(|(path, end)| match path.strip_suffix('}') {
        // Members and brackets belong to the attribute, inside the braces.
        Some(_) if end.starts_with(['.', '[']) => path,
        _ => format!("{path}{end}"),
    })
}

proptest! {
    #[test]
    fn q_means_the_same_in_every_context_that_shows_it(
        all in prop::collection::vec(condition(), 1..4),
        or in any::<bool>(),
        expand in any::<bool>(),
    ) {
        let mut q = all.join(if or { "|" } else { ";" });
        let mut members = String::new();
        if expand {
            q.push_str(";kind==speed,\"ex:far\",\"urn:x:y\"");
            members.push_str(r#""expandValues":"kind","#);
        }
        let text = with(&format!("{members}\"q\":{}", Json::from(q.as_str())));
        let first = read(&text, &named()).unwrap_or_else(|e| panic!("{q}: {e}"));
        for context in [&*named(), &*other(), Context::core()] {
            let shown = Json::Object(compacted(&first.body, context));
            let again = Subscription::read(expanded(shown.clone(), context, None).unwrap_or_else(|e| panic!("{q}: {shown}: {e}")), Some(now()));
            let again = again.unwrap_or_else(|e| panic!("{q}: {shown}: {e}"));
            prop_assert_eq!(&again.body.get("qTerms"), &first.body.get("qTerms"), "{}: {}", q, shown);
            prop_assert_eq!(&again.body.get("q"), &first.body.get("q"), "{}: {}", q, shown);
            prop_assert_eq!(&again.q, &first.q, "{}: {}", q, shown);
        }
    }
}

#[test]
fn updates_replace_members_and_keep_the_rest() {
    let cars = cars();
    let before = read(&with(r#""q":"speed>5","throttling":3"#), &cars).unwrap();
    let later = now().plus_micros(5_000_000);
    let patch = |text: &str| patched(&before, json(text), Context::core(), later);

    let paused = patch(r#"{"isActive":false}"#).unwrap();
    assert!(!paused.active);
    assert_eq!(format!("{:?}", paused.q), format!("{:?}", before.q), "a condition survives a patch in another context");
    assert_eq!(paused.created_at, before.created_at);
    assert_eq!(paused.modified_at, later);

    let freed = patch(r#"{"throttling":null,"q":"urn:ngsi-ld:null"}"#).unwrap();
    assert!(freed.throttling.is_none() && freed.q.is_none());

    let moved = patch(r#"{"notification":{"format":"concise"}}"#).unwrap();
    assert_eq!(&*moved.notification.endpoint.uri, "http://localhost:1/n");

    for (bad, member) in [
        (r#"{"id":"urn:other:1"}"#, "id"),
        (r#"{"notification":null}"#, "notification"),
        (r#"{"entities":null}"#, "entities"),
        (r#"{"expiresAt":"2020-01-01T00:00:00Z"}"#, "expiresAt"),
        (r#"{"q":"speed>"}"#, "q"),
        (r#"{"timeInterval":5}"#, "timeInterval"),
        (r#"[]"#, "a subscription"),
    ] {
        let error = patch(bad).expect_err(bad);
        assert!(error.public().contains(member), "{error:?}: {bad}");
    }
}

#[test]
fn one_that_has_expired_can_be_updated() {
    let cars = cars();
    let before = read(&with(r#""expiresAt":"2030-01-01T00:00:00Z""#), &cars).unwrap();
    let at = |text: &str| belfry_kernel::Time::parse(text).unwrap();
    let patch = |text: &str| patched(&before, json(text), Context::core(), at("2031-01-01T00:00:00Z"));
    let renamed = patch(r#"{"description":"over"}"#).unwrap();
    assert_eq!(renamed.expires_at, Some(at("2030-01-01T00:00:00Z")), "what is not spoken of stays");
    assert_eq!(patch(r#"{"expiresAt":"2032-01-01T00:00:00Z"}"#).unwrap().expires_at, Some(at("2032-01-01T00:00:00Z")));
    assert_eq!(patch(r#"{"expiresAt":null}"#).unwrap().expires_at, None);
    let error = patch(r#"{"expiresAt":"2030-06-01T00:00:00Z"}"#).expect_err("it is past");
    assert!(error.public().contains("expiresAt"), "{error:?}");
}
