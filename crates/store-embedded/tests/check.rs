//! What is done to the past by hand leaves a directory sound; the check tells it from a loss.

use belfry_kernel::{Iri, Time};
use belfry_ngsi_ld::{Json, Value};
use belfry_ports::temporal::{TemporalRange, TimeProperty};
use belfry_ports::{ChangeSet, Sample, Store};
use belfry_store_embedded::{EmbeddedStore, Options, check};
use belfry_testkit::MockClock;
use belfry_testkit::entity::{entity, name, number, put};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn changes_by_hand_are_told_from_losses() {
    let clock = Arc::new(MockClock::default());
    let dir = tempfile::tempdir().unwrap();
    let options = Options::new(dir.path(), clock.clone());
    let store = EmbeddedStore::open(&options).unwrap();
    for (id, value) in [("urn:s:1", 1.0), ("urn:s:1", 2.0), ("urn:s:2", 1.0), ("urn:s:3", 1.0), ("urn:s:4", 1.0)] {
        let decide = Box::new(move |read: &dyn belfry_ports::Read, now| {
            let made = entity(id, "Sensor", vec![number("level", value, now)], now);
            Ok(ChangeSet::of(put(read, made)?))
        });
        store.write(decide).await.unwrap();
        clock.advance_micros(1_000_000);
    }
    let newest = |id: &str| {
        let range = TemporalRange {
            by: TimeProperty::ModifiedAt,
            from: Time::MIN,
            to: Time::MAX,
            last_n: Some(1),
            limit: 9,
            every: false,
        };
        store.evolution(id, None, &range).unwrap().unwrap().instances.remove(0)
    };
    let of = Iri::from_checked;
    let (one, two) = (newest("urn:s:1"), newest("urn:s:2"));
    let mut corrected = two.attribute.clone();
    corrected.value = Value::Property(Json::Float(10.5));
    let samples = vec![
        Sample::Remove { id: of("urn:s:1"), name: name("level"), dataset_id: None, stamp: one.stamp },
        Sample::Replace { id: of("urn:s:2"), stamp: two.stamp, attribute: corrected },
        Sample::Forget { id: of("urn:s:3"), name: Some(name("level")), dataset_id: None, all_datasets: true },
    ];
    let set = ChangeSet { samples, ..ChangeSet::default() };
    store.write(Box::new(move |_, _| Ok(set))).await.unwrap();
    drop(store);
    for _ in 0..2 {
        let report = check(&options).unwrap();
        assert!(report.is_sound(), "{:?}", report.findings);
        assert_eq!((report.edited, report.entities), (3, 4));
    }
}
