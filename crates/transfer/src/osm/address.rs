//! The `address` attribute from `addr:` tags, with the members of the Smart Data Models (those of schema.org, and `streetNr` and
//! `district`).

use super::table::tag;
use belfry_connect_osm::Tag;
use belfry_ngsi_ld::Json;
use compact_str::CompactString;

/// Members, and the first tag of these that holds them.
const MEMBERS: [(&str, &[&str]); 8] = [
    ("streetAddress", &["addr:street", "addr:place"]),
    ("streetNr", &["addr:housenumber", "addr:conscriptionnumber"]),
    ("houseName", &["addr:housename"]),
    ("postalCode", &["addr:postcode"]),
    ("addressLocality", &["addr:city"]),
    ("district", &["addr:suburb", "addr:district"]),
    ("addressRegion", &["addr:state", "addr:province"]),
    ("addressCountry", &["addr:country"]),
];

/// The longest member, bytes.
const MAX_MEMBER: usize = 1020;

/// The address as a Property; none when nothing of it is tagged.
pub(super) fn attribute(tags: &[Tag<'_>]) -> Option<Json> {
    let mut members: Vec<(CompactString, Json)> = Vec::new();
    for (member, keys) in MEMBERS {
        let value = keys.iter().find_map(|key| tag(tags, key)).map(str::trim);
        if let Some(value) = value.filter(|value| !value.is_empty() && value.len() <= MAX_MEMBER) {
            members.push((member.into(), value.into()));
        }
    }
    (!members.is_empty()).then(|| super::names::property(Json::Object(members)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_the_members_that_are_tagged() {
        let tags =
            [("addr:street", "Mill Lane"), ("addr:housenumber", "7a"), ("addr:postcode", "9490"), ("addr:city", "")];
        let found = attribute(&tags).unwrap().to_string();
        let expected =
            r#"{"type":"Property","value":{"streetAddress":"Mill Lane","streetNr":"7a","postalCode":"9490"}}"#;
        assert_eq!(found, expected);
        assert_eq!(attribute(&[("building", "yes")]), None);
    }
}
