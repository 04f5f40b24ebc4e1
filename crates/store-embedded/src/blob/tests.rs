//! Whatever entity there is: its bytes give it back, lent they render as the entity itself does, and damaged ones are told.

use super::{decode, encode, lend};
use crate::codec::Damaged;
use crate::dictionary::Dictionary;
use belfry_kernel::{Iri, Time};
use belfry_ngsi_ld::form::{Languages, Rendering, Representation, Select, View};
use belfry_ngsi_ld::{Context, Entity, Json};
use belfry_testkit::arbitrary::{entity, name};
use proptest::prelude::*;

fn view() -> impl Strategy<Value = View> {
    let representation =
        prop::sample::select(vec![Representation::Normalized, Representation::Concise, Representation::Simplified]);
    let names = || prop::collection::vec(0_usize..10, 0..6).prop_map(|all| all.into_iter().map(name));
    let select = prop_oneof![
        2 => Just(Select::All),
        1 => names().prop_map(Select::only),
        1 => names().prop_map(Select::except),
    ];
    let datasets = prop::sample::subsequence(vec![None, Some("urn:d:1"), Some("urn:d:2")], 0..3)
        .prop_map(|all| all.into_iter().map(|id| id.map(|id| Iri::parse(id).unwrap())).collect::<Vec<_>>());
    let languages = prop::option::of(prop::sample::select(vec!["en", "fr-CH,de;q=0.5", "*"]));
    (representation, any::<[bool; 4]>(), select, prop::option::of(datasets), languages).prop_map(
        |(representation, [sys_attrs, id, types, scope], select, datasets, languages)| View {
            representation,
            sys_attrs,
            languages: languages.map(|text| Languages::parse(text).unwrap()),
            id,
            types,
            scope,
            select,
            datasets,
        },
    )
}

fn encoded(entity: &Entity, names: &Dictionary) -> Vec<u8> {
    let mut blob = Vec::new();
    encode(entity, names, &mut blob);
    blob
}

/// Everything there is in some bytes.
fn rendered(blob: &[u8], names: &Dictionary) -> Result<Vec<u8>, Damaged> {
    let view = View { sys_attrs: true, ..View::default() };
    let rendering = Rendering { context: Context::core(), view: &view, feature: None, context_member: None };
    let mut out = Vec::new();
    rendering.write(&lend(blob, names, Time::MIN)?, &mut out)?;
    Ok(out)
}

fn instant() -> impl Strategy<Value = Time> {
    prop_oneof![Just(Time::MIN), (-62_135_596_800_000_000_i64..253_402_300_799_000_000).prop_map(Time::from_micros)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lent_is_as_made(entity in entity(), view in view(), now in instant(), geometry in prop::option::of(prop::option::of(0_usize..10))) {
        let names = Dictionary::default();
        let blob = encoded(&entity, &names);
        prop_assert_eq!(decode(&blob, &names), Ok(entity.clone()));
        let mut alive = entity;
        alive.attributes.retain(|a| a.expires_at.is_none_or(|at| at > now));
        let lent = lend(&blob, &names, now).unwrap();
        prop_assert_eq!(lent.make(|_| true), Ok(alive.clone()));
        let some = [name(0), name(3), name(5)];
        let mut part = alive.clone();
        part.attributes.retain(|a| some.contains(&a.name));
        prop_assert_eq!(lent.make(|name| some.contains(&name)), Ok(part));
        let shown = alive.attributes.iter().any(|a| view.select.shows(a.name));
        prop_assert_eq!(lent.has_shown(&view.select), Ok(shown));
        let feature = geometry.map(|named| named.map(name));
        let rendering = Rendering { context: Context::core(), view: &view, feature, context_member: Some("1") };
        let (mut of_lent, mut of_made) = (Vec::new(), Vec::new());
        rendering.write(&lent, &mut of_lent).unwrap();
        let Ok(()) = rendering.write(&(&alive).into(), &mut of_made);
        prop_assert_eq!(String::from_utf8(of_lent).unwrap(), String::from_utf8(of_made).unwrap());
    }

    #[test]
    fn what_is_cut_off_or_goes_on_is_told(entity in entity()) {
        let names = Dictionary::default();
        let mut blob = encoded(&entity, &names);
        for end in 0..blob.len() {
            prop_assert!(rendered(&blob[..end], &names).is_err(), "{} of {}", end, blob.len());
        }
        prop_assert!(rendered(&blob, &names).is_ok());
        blob.push(0);
        prop_assert!(rendered(&blob, &names).is_err());
    }

    #[test]
    fn what_is_changed_is_told_or_is_json(entity in entity(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let names = Dictionary::default();
        let mut blob = encoded(&entity, &names);
        let at = at.index(blob.len());
        blob[at] = to;
        if let Ok(out) = rendered(&blob, &names) {
            prop_assert!(Json::parse(&out, 64).is_ok(), "{}", String::from_utf8_lossy(&out));
        }
        // Of what can be made all can be shown.
        prop_assert!(decode(&blob, &names).is_err() || rendered(&blob, &names).is_ok());
    }
}
