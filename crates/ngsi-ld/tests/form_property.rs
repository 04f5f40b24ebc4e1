//! Whatever entity there is: written in a lossless form and read again, it is the same; and no bytes make the reader panic.

use belfry_kernel::Time;
use belfry_ngsi_ld::form::{Limits, Mode, Representation, View, read_entity, read_fragment, write_entity};
use belfry_ngsi_ld::{Attribute, Context, Entity};
use belfry_testkit::arbitrary::{entity, json};
use proptest::prelude::*;

/// The system sets its own times when it reads.
fn untimed(mut entity: Entity) -> Entity {
    fn all(attributes: &mut [Attribute]) {
        for attribute in attributes {
            (attribute.created_at, attribute.modified_at) = (Time::default(), Time::default());
            all(&mut attribute.sub);
        }
    }
    (entity.created_at, entity.modified_at) = (Time::default(), Time::default());
    all(&mut entity.attributes);
    entity
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lossless_forms_read_back(entity in entity(), sys_attrs in any::<bool>(), concise in any::<bool>()) {
        let representation = if concise { Representation::Concise } else { Representation::Normalized };
        let mut entity = untimed(entity);
        if !sys_attrs {
            // Expiry is shown with the system's times only (clause 6.3.11).
            entity.expires_at = None;
            for attribute in &mut entity.attributes {
                attribute.expires_at = None;
                attribute.sub.iter_mut().for_each(|s| s.expires_at = None);
            }
        }
        let view = View { representation, sys_attrs, ..View::default() };
        let mut out = Vec::new();
        write_entity(&entity, Context::core(), &view, None, &mut out);
        let read = read_entity(&out, Context::core(), &Limits::default());
        let shown = String::from_utf8_lossy(&out).into_owned();
        prop_assert_eq!(read.map_err(|e| TestCaseError::fail(format!("{e}: {shown}")))?, entity, "{}", shown);
    }

    #[test]
    fn any_json_is_read_or_refused(json in json(), attribute in json(), mode in 0..5) {
        let mode = [Mode::Full, Mode::Temporal, Mode::Update, Mode::Partial, Mode::Merge][mode as usize];
        let _ = read_fragment(json.to_string().as_bytes(), Context::core(), &Limits::default(), mode);
        let body = format!(r#"{{"id":"urn:x:1","type":"T","a":{attribute}}}"#);
        let _ = read_fragment(body.as_bytes(), Context::core(), &Limits::default(), mode);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_entity(&bytes, Context::core(), &Limits::default());
    }
}
