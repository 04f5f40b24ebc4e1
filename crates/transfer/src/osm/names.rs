//! Names: the one that is used on the spot, those in several languages, and others for the same thing.

use belfry_connect_osm::Tag;
use belfry_ngsi_ld::Json;
use compact_str::CompactString;

use super::table::tag;

/// The longest name, bytes.
const MAX_NAME: usize = 1020;
/// Languages of one object.
const MAX_LANGUAGES: usize = 200;

/// The attributes `name`, `alternateName` and `names`.
pub(super) fn attributes(tags: &[Tag<'_>]) -> Vec<(CompactString, Json)> {
    let mut found = Vec::new();
    let name = tag(tags, "name").map(str::trim).filter(|name| is_name(name));
    if let Some(name) = name {
        found.push(("name".into(), property(name.into())));
    }
    let other = ["alt_name", "official_name", "short_name"].iter().find_map(|key| tag(tags, key));
    if let Some(other) = other.map(str::trim).filter(|other| is_name(other)) {
        found.push(("alternateName".into(), property(other.into())));
    }
    let mut languages: Vec<(CompactString, Json)> = Vec::new();
    for (key, value) in tags {
        let Some(language) = key.strip_prefix("name:").filter(|language| is_language(language)) else { continue };
        let known = languages.iter().any(|(known, _)| known == language);
        if is_name(value.trim()) && !known && languages.len() < MAX_LANGUAGES {
            languages.push((language.into(), value.trim().into()));
        }
    }
    if !languages.is_empty() {
        languages.sort_by(|a, b| a.0.cmp(&b.0));
        if let Some(name) = name {
            languages.push(("@none".into(), name.into()));
        }
        let members =
            vec![("type".into(), Json::from("LanguageProperty")), ("languageMap".into(), Json::Object(languages))];
        found.push(("names".into(), Json::Object(members)));
    }
    found
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_NAME
}

/// Whether what follows `name:` is a language (RFC 5646) and not a side of the road or an origin: two or three small letters,
/// and parts for script and region.
fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    (2..=3).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_lowercase())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

pub(super) fn property(value: Json) -> Json {
    Json::Object(vec![("type".into(), "Property".into()), ("value".into(), value)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_several_languages() {
        let tags = [
            ("name", "Mühlgasse"),
            ("name:de", "Mühlgasse"),
            ("name:en", "Mill Lane"),
            ("name:zh-Hant", "磨坊巷"),
            ("name:left", "x"),
            ("name:etymology", "x"),
            ("name:en", "again"),
            ("alt_name", " Old Lane "),
        ];
        let found = Json::Object(attributes(&tags)).to_string();
        let expected = concat!(
            r#"{"name":{"type":"Property","value":"Mühlgasse"},"#,
            r#""alternateName":{"type":"Property","value":"Old Lane"},"#,
            r#""names":{"type":"LanguageProperty","languageMap":{"de":"Mühlgasse","en":"Mill Lane","zh-Hant":"磨坊巷","@none":"Mühlgasse"}}}"#
        );
        assert_eq!(found, expected);
        assert!(attributes(&[("name", ""), ("name:left", "x")]).is_empty());
    }
}
