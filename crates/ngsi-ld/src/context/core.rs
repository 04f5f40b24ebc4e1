//! The core @contexts of NGSI-LD, compiled in: their versions, their URLs (never fetched) and their terms.
//! The terms stand in `assets/core-terms.tsv`.

use super::table::{Definition, Meaning, Table};
use hashbrown::DefaultHashBuilder;
use std::sync::LazyLock;

/// The IRI before every term that no @context defines (ETSI GS CIM 009 clause 5.5.7): the core @context's `@vocab`.
pub const DEFAULT_VOCABULARY: &str = "https://uri.etsi.org/ngsi-ld/default-context/";

const TERMS: &str = include_str!("../../assets/core-terms.tsv");

/// A version of the core @context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CoreVersion {
    /// 1.6
    V1_6,
    /// 1.7
    V1_7,
    /// 1.8
    #[default]
    V1_8,
    /// 1.9
    V1_9,
}

impl CoreVersion {
    /// Every version, oldest first.
    pub const ALL: [Self; 4] = [Self::V1_6, Self::V1_7, Self::V1_8, Self::V1_9];

    /// `1.6` to `1.9`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1_6 => "1.6",
            Self::V1_7 => "1.7",
            Self::V1_8 => "1.8",
            Self::V1_9 => "1.9",
        }
    }

    /// The version of this text (`1.8`, `v1.8`).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        Self::ALL.into_iter().find(|v| v.as_str() == text)
    }

    /// Where ETSI publishes it.
    pub fn url(self) -> &'static str {
        match self {
            Self::V1_6 => "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.6.jsonld",
            Self::V1_7 => "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.7.jsonld",
            Self::V1_8 => "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld",
            Self::V1_9 => "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld",
        }
    }
}

/// Whether this URL is one of a core @context: any version from 1.0 on, with or without patch number, or none; `http`
/// or `https`. Such a URL is never fetched and adds nothing, since the core @context always comes last (clause 5.5.7).
pub fn is_core_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let Some(rest) = rest.and_then(|r| r.strip_prefix("uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context")) else {
        return false;
    };
    let Some(version) = rest.strip_suffix(".jsonld") else {
        return false;
    };
    version.is_empty()
        || version.strip_prefix("-v1.").is_some_and(|v| {
            v.len() <= 8 && v.split('.').all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        })
}

/// The definitions of one core @context.
pub(super) fn table(version: CoreVersion) -> &'static Table {
    static TABLES: LazyLock<[Table; 4]> = LazyLock::new(|| CoreVersion::ALL.map(load));
    &TABLES[version as usize]
}

fn load(version: CoreVersion) -> Table {
    let definitions = TERMS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut columns = line.split('\t');
        let (term, iri, versions) = (columns.next()?, columns.next()?, columns.next()?);
        versions.split(' ').any(|v| v == version.as_str()).then(|| definition(term, iri))
    });
    Table::new(definitions.collect(), DefaultHashBuilder::default())
}

fn definition(term: &str, iri: &str) -> Definition {
    let whole = |space: &str, rest: &str| Meaning::Iri(format!("{space}{rest}").into());
    let meaning = if let Some(keyword) = super::iri::keyword(iri) {
        Meaning::Keyword(keyword)
    } else if let Some(rest) = iri.strip_prefix("ngsi-ld:") {
        whole("https://uri.etsi.org/ngsi-ld/", rest)
    } else if let Some(rest) = iri.strip_prefix("geojson:") {
        whole("https://purl.org/geojson/vocab#", rest)
    } else {
        Meaning::Iri(iri.into())
    };
    Definition::new(term, meaning, iri.ends_with(['/', '#']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_hold_what_was_published() {
        // Counts of the published documents' members without those that start with `@`.
        for (version, terms) in CoreVersion::ALL.into_iter().zip([146, 151, 181, 209]) {
            let table = table(version);
            assert_eq!(table.len(), terms, "{version:?}");
            assert_eq!(table.prefixes().map(|(p, _)| p).collect::<Vec<_>>(), ["geojson", "ngsi-ld"]);
        }
    }

    #[test]
    fn core_urls() {
        for good in [
            "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld",
            "http://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.6.jsonld",
            "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.3.jsonld",
            "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.1.jsonld",
        ] {
            assert!(is_core_url(good), "{good}");
        }
        for bad in [
            "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1..jsonld",
            "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v2.0.jsonld",
            "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-contextx.jsonld",
            "https://uri.etsi.org.example/ngsi-ld/v1/ngsi-ld-core-context.jsonld",
            "",
        ] {
            assert!(!is_core_url(bad), "{bad}");
        }
        for version in CoreVersion::ALL {
            assert!(is_core_url(version.url()));
            assert_eq!(CoreVersion::parse(version.as_str()), Some(version));
        }
    }
}
