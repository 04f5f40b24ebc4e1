//! What is too old goes, coarser means stay, the rest is untouched.

use belfry_kernel::{Clock, Period, Time};
use belfry_ngsi_ld::{Json, Value};
use belfry_ports::temporal::{TemporalRange, TimeProperty};
use belfry_ports::{ChangeSet, Store};
use belfry_store_embedded::{EmbeddedStore, Options, Retention};
use belfry_testkit::MockClock;
use belfry_testkit::entity::{entity, name, number, put};
use std::sync::Arc;
use std::time::Duration;

const HOUR: i64 = 3_600_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn old_samples_give_way_to_means() {
    let clock = Arc::new(MockClock::default());
    let dir = tempfile::tempdir().unwrap();
    let mut options = Options::new(dir.path(), clock.clone());
    options.retention = vec![
        Retention {
            types: vec![name("Sensor")],
            attributes: vec![name("level")],
            keep: Duration::from_secs(24 * 3600),
            then_every: Some((Period::parse("PT6H").unwrap(), "PT6H".to_owned())),
        },
        Retention {
            types: vec![],
            attributes: vec![name("noise")],
            keep: Duration::from_secs(24 * 3600),
            then_every: None,
        },
    ];
    let store = EmbeddedStore::open(&options).unwrap();
    // Four days, a sample an hour of each attribute.
    for hour in 0..96 {
        store
            .write(Box::new(move |read, now| {
                let both = ["level", "noise", "kept"].map(|a| number(a, f64::from(hour), now)).to_vec();
                Ok(ChangeSet::of(put(read, entity("urn:s:1", "Sensor", both, now))?))
            }))
            .await
            .unwrap();
        clock.advance_micros(HOUR);
    }
    store.retain().unwrap();
    let range = TemporalRange {
        by: TimeProperty::ModifiedAt,
        from: Time::MIN,
        to: Time::MAX,
        last_n: None,
        limit: 1000,
        every: false,
    };
    let count = |attribute: &str| {
        let found = store.evolution("urn:s:1", Some(&[name(attribute)]), &range).unwrap().unwrap();
        let (plain, coarse): (Vec<_>, Vec<_>) =
            found.instances.into_iter().partition(|i| i.attribute.dataset_id.is_none());
        (plain.len(), coarse)
    };
    assert_eq!(count("kept").0, 96);
    let (noise, coarse) = count("noise");
    assert!((23..=25).contains(&noise) && coarse.is_empty(), "{noise}");
    let (level, coarse) = count("level");
    assert!((24..=30).contains(&level), "{level}");
    assert_eq!(coarse.len() * 6 + level, 96);
    let first = &coarse[0].attribute;
    assert_eq!(first.dataset_id.as_ref().map(|d| d.as_str()), Some("urn:belfry:avg:PT6H"));
    assert_eq!(first.value, Value::Property(Json::Float(2.5)), "the mean of 0 to 5");
    assert!(clock.now() > Time::MIN);
    let state = store.entity_at("urn:s:1", clock.now()).unwrap().unwrap();
    assert_eq!(state.attributes.len(), 3, "means were never current: {:?}", state.attributes);
    drop(store);
    let report = belfry_store_embedded::check(&options).unwrap();
    assert!(report.is_sound() && report.edited == 0, "{:?}", report.findings);
}
