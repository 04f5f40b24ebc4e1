//! Tags that name a person or reach one: dropped at this door, so that nothing behind it ever sees them. Holds the
//! vocabulary and its rules; a setting to widen what comes in does not exist.

use crate::element::Tag;

/// Keys dropped with everything below them (`contact:phone`, `phone:mobile`, `email:work`).
const FAMILIES: [&str; 11] =
    ["contact", "phone", "email", "fax", "mobile", "telephone", "owner", "proprietor", "tomb", "buried", "whatsapp"];

/// Keys dropped as they stand: free text of mappers, in which anybody may be named, and who wrote an element.
const KEYS: [&str; 10] = [
    "comment",
    "contact_person",
    "created_by",
    "description",
    "fixme",
    "inscription",
    "note",
    "operator:person",
    "uid",
    "user",
];

/// What a text begins with when it names a person.
const TITLES: [&str; 16] = [
    "dr ", "dr.", "prof ", "prof.", "mag.", "dipl.", "herr ", "frau ", "mr ", "mr.", "mrs ", "mrs.", "ms ", "ms.",
    "doctor ", "lic.",
];

/// Practices of one or a few people, which as a rule bear their names.
const PRACTICES: [(&str, &[&str]); 5] = [
    ("amenity", &["doctors", "dentist", "veterinary"]),
    (
        "healthcare",
        &["doctor", "dentist", "psychotherapist", "physiotherapist", "midwife", "alternative", "counselling"],
    ),
    (
        "office",
        &[
            "lawyer",
            "notary",
            "tax_advisor",
            "accountant",
            "architect",
            "therapist",
            "insurance",
            "surveyor",
            "physician",
        ],
    ),
    ("historic", &["tomb", "grave"]),
    ("cemetery", &["grave"]),
];

/// Whether a tag is dropped on whatever element it stands.
pub fn is_personal(key: &str, value: &str) -> bool {
    let root = key.split(':').next().unwrap_or(key);
    FAMILIES.contains(&root) || KEYS.contains(&key) || root == "note" || (root == "operator" && has_title(value))
}

/// Whether an element is one whose name is a person's as a rule.
fn is_practice(tags: &[Tag<'_>]) -> bool {
    tags.iter().any(|(key, value)| PRACTICES.iter().any(|(k, values)| k == key && values.contains(value)))
}

/// Whether the operator is a private person and no organisation.
fn has_private_operator(tags: &[Tag<'_>]) -> bool {
    let persons = ["private_individual", "individual", "person", "family"];
    tags.iter().any(|(key, value)| *key == "operator:type" && persons.contains(value))
}

fn is_name(key: &str) -> bool {
    let root = key.split(':').next().unwrap_or(key);
    ["name", "official_name", "alt_name", "short_name", "old_name", "loc_name", "operator", "brand"].contains(&root)
}

fn has_title(value: &str) -> bool {
    let begins = |title: &str| value.get(..title.len()).is_some_and(|start| start.eq_ignore_ascii_case(title));
    TITLES.iter().any(|title| begins(title))
}

/// Takes personal tags out of the list. Returns how many there were.
pub(crate) fn drop_personal(tags: &mut Vec<Tag<'_>>) -> usize {
    let before = tags.len();
    let (practice, private) = (is_practice(tags), has_private_operator(tags));
    tags.retain(|(key, value)| {
        let operator = key.split(':').next() == Some("operator") && *key != "operator:type";
        !(is_personal(key, value) || (practice && is_name(key)) || (private && operator))
    });
    before - tags.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_or_reaches_a_person_is_dropped_and_places_keep_their_names() {
        type Case<'a> = (&'a [Tag<'a>], &'a [&'a str]);
        let cases: &[Case<'_>] = &[
            (&[("amenity", "school"), ("name", "Mill School"), ("phone", "+423 1")], &["amenity", "name"]),
            (&[("contact:phone", "1"), ("contact:email", "x"), ("contact:website", "y")], &[]),
            (&[("phone:mobile", "1"), ("email", "x"), ("fax", "1"), ("mobile", "2"), ("ref", "7")], &["ref"]),
            (&[("amenity", "doctors"), ("name", "Mill Practice"), ("name:de", "x")], &["amenity"]),
            (&[("office", "lawyer"), ("operator", "Somebody"), ("addr:street", "Mill")], &["office", "addr:street"]),
            (&[("operator", "Dr. Somebody"), ("shop", "optician")], &["shop"]),
            (&[("operator", "Water Board"), ("man_made", "pump")], &["operator", "man_made"]),
            (&[("operator", "Somebody"), ("operator:type", "private_individual")], &["operator:type"]),
            (&[("owner", "Somebody"), ("owner:address", "x"), ("ownership", "private")], &["ownership"]),
            (&[("note", "ask Somebody"), ("note:de", "x"), ("fixme", "y"), ("description", "z")], &[]),
            (&[("highway", "residential"), ("name", "Dr.-Mill-Street")], &["highway", "name"]),
            (&[("emergency", "phone"), ("phonecard", "no")], &["emergency", "phonecard"]),
            (&[("historic", "tomb"), ("name", "Somebody"), ("inscription", "x")], &["historic"]),
            (&[("operator", "Drösch"), ("operator", "Mr")], &["operator", "operator"]),
        ];
        for (tags, kept) in cases {
            let mut left = tags.to_vec();
            let dropped = drop_personal(&mut left);
            assert_eq!(left.iter().map(|(key, _)| *key).collect::<Vec<_>>(), *kept, "{tags:?}");
            assert_eq!(dropped, tags.len() - kept.len());
        }
    }
}
