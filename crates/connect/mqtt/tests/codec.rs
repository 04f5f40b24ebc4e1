//! The codec: what is encoded is decoded as it was, and no bytes make it panic.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use belfry_connect_mqtt::codec::{
    Ack, AckKind, ConnAck, Connect, DecodeError, Packet, Properties, Publish, QoS, SubAck, Subscribe, Subscription,
    Unsubscribe, Version, Will, decode, frame, user_properties,
};
use proptest::prelude::*;

fn qos() -> impl Strategy<Value = QoS> {
    prop_oneof![Just(QoS::AtMostOnce), Just(QoS::AtLeastOnce), Just(QoS::ExactlyOnce)]
}

fn text() -> impl Strategy<Value = String> {
    "[^\\x00]{0,40}"
}

fn round_trip(packet: &Packet<'_>, version: Version) {
    let mut bytes = Vec::new();
    packet.encode(version, &mut bytes);
    for cut in 0..bytes.len() {
        match decode(&bytes[..cut], version, usize::MAX) {
            Ok(None) => {}
            other => panic!("{cut} of {} bytes gave {other:?}", bytes.len()),
        }
    }
    bytes.push(0xff);
    let (back, used) = decode(&bytes, version, usize::MAX).unwrap().unwrap();
    assert_eq!(format!("{back:?}"), format!("{packet:?}"));
    assert_eq!(used, bytes.len() - 1);
    assert_eq!(decode(&bytes, version, used - 1), Err(DecodeError::TooLarge));
}

proptest! {
    #[test]
    fn publish(version in prop_oneof![Just(Version::V311), Just(Version::V5)], dup: bool, qos in qos(), retain: bool, topic in text(),
               id in 1..=u16::MAX, user in prop::collection::vec((text(), text()), 0..4), payload in prop::collection::vec(any::<u8>(), 0..400)) {
        let user: Vec<(&str, &str)> = user.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let properties = if version == Version::V5 { user_properties(&user) } else { Vec::new() };
        let has_id = qos != QoS::AtMostOnce;
        round_trip(&Packet::Publish(Publish {
            dup: dup && has_id, qos, retain, topic: &topic, id: if has_id { id } else { 0 },
            properties: Properties::from_checked(&properties), payload: &payload,
        }), version);
    }

    #[test]
    fn connect(v5: bool, clean: bool, keep_alive: u16, expiry: u32, receive in 1..=u16::MAX, max in prop::option::of(1..u32::MAX),
               id in text(), will in prop::option::of((text(), qos(), any::<bool>(), prop::collection::vec(any::<u8>(), 0..40))),
               username in prop::option::of(text()), password in prop::option::of(prop::collection::vec(any::<u8>(), 0..40))) {
        let version = if v5 { Version::V5 } else { Version::V311 };
        round_trip(&Packet::Connect(Box::new(Connect {
            version, clean, keep_alive,
            session_expiry: if v5 { expiry } else { 0 },
            receive_maximum: if v5 { receive } else { u16::MAX },
            max_packet_bytes: max.filter(|_| v5),
            auth_method: false, client_id: &id,
            will: will.as_ref().map(|(topic, qos, retain, payload)| Will { topic, payload, qos: *qos, retain: *retain, properties: Properties::EMPTY }),
            username: username.as_deref(),
            password: password.as_deref().filter(|_| v5 || username.is_some()),
        })), version);
    }

    #[test]
    fn the_rest(v5: bool, id in 1..=u16::MAX, reason: u8, filters in prop::collection::vec((text(), qos(), any::<bool>(), any::<bool>(), 0..3_u8), 1..5),
                codes in prop::collection::vec(any::<u8>(), 1..10), present: bool) {
        let version = if v5 { Version::V5 } else { Version::V311 };
        let of_v5 = |n: u8| if v5 { n } else { 0 };
        for kind in [AckKind::PubAck, AckKind::PubRec, AckKind::PubRel, AckKind::PubComp] {
            round_trip(&Packet::Ack(Ack { kind, id, reason: of_v5(reason) }), version);
        }
        let options = |(f, qos, a, b, h): &(String, QoS, bool, bool, u8)| (f.clone(), Subscription { qos: *qos, no_local: *a && v5, retain_as_published: *b && v5, retain_handling: of_v5(*h) });
        let filters: Vec<(String, Subscription)> = filters.iter().map(options).collect();
        round_trip(&Packet::Subscribe(Subscribe { id, identifier: 0, filters: filters.iter().map(|(f, o)| (f.as_str(), *o)).collect() }), version);
        round_trip(&Packet::Unsubscribe(Unsubscribe { id, filters: filters.iter().map(|(f, _)| f.as_str()).collect() }), version);
        round_trip(&Packet::SubAck(SubAck { id, codes: codes.iter().copied().collect() }), version);
        round_trip(&Packet::UnsubAck(SubAck { id, codes: codes.iter().copied().filter(|_| v5).collect() }), version);
        round_trip(&Packet::ConnAck(Box::new(ConnAck { session_present: present, code: reason, properties: Properties::EMPTY })), version);
        round_trip(&Packet::Disconnect(of_v5(reason)), version);
        round_trip(&Packet::PingReq, version);
        round_trip(&Packet::PingResp, version);
    }

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200), first in prop::sample::select(vec![0x10_u8, 0x20, 0x30, 0x32, 0x3c, 0x40, 0x50, 0x62, 0x70, 0x82, 0x90, 0xa2, 0xb0, 0xc0, 0xe0, 0xf0])) {
        // As they are, and with a header that fits them, so that the bodies are reached.
        let mut framed = vec![first];
        framed.extend(if bytes.len() < 128 { vec![bytes.len() as u8] } else { vec![bytes.len() as u8 | 0x80, 1] });
        framed.extend(&bytes);
        for b in [&bytes, &framed] {
            for version in [Version::V311, Version::V5] {
                let _ = frame(b, 100);
                if let Ok(Some((packet, used))) = decode(b, version, 1 << 20) {
                    prop_assert!(used <= b.len());
                    // What was decoded can be encoded and means the same.
                    let mut again = Vec::new();
                    packet.encode(version, &mut again);
                    if !matches!(packet, Packet::Connect(_) | Packet::Subscribe(_)) {
                        let back = decode(&again, version, 1 << 20).map(|p| p.map(|(p, _)| format!("{p:?}")));
                        prop_assert_eq!(back, Ok(Some(format!("{packet:?}"))));
                    }
                }
            }
        }
    }
}
