//! The natural-language filter (clause 4.15): a list of preferences as in an Accept-Language header, and the choice
//! among the languages that a LanguageProperty has.

use crate::Json;
use belfry_kernel::Error;
use compact_str::CompactString;

/// Language ranges, the most wanted first.
#[derive(Clone, Debug, PartialEq)]
pub struct Languages(Vec<CompactString>);

/// The most ranges one filter may have.
const MAX_RANGES: usize = 32;

impl Languages {
    /// Parses `fr-CH,fr;q=0.9,en;q=0.8,*;q=0.5`. Equal weights keep their order; a weight of 0 is left out.
    ///
    /// # Errors
    /// `BadRequestData` when a range is not a language tag or `*`, or a weight is not a number from 0 to 1.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut ranges: Vec<(CompactString, f64)> = Vec::new();
        for part in text.split(',') {
            let (range, weight) = part.split_once(';').map_or((part, None), |(r, w)| (r, Some(w)));
            let range = range.trim();
            let good = range == "*"
                || (!range.is_empty()
                    && range.len() <= 64
                    && range
                        .split('-')
                        .all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric())));
            if !good {
                return Err(Error::bad_data(
                    "lang: each part is a language tag such as en, fr-CH or *, with an optional ;q=",
                ));
            }
            let weight = match weight {
                None => 1.0,
                Some(weight) => weight
                    .trim()
                    .strip_prefix("q=")
                    .and_then(|q| q.trim().parse::<f64>().ok())
                    .filter(|q| (0.0..=1.0).contains(q))
                    .ok_or_else(|| Error::bad_data("lang: a weight is ;q= and a number from 0 to 1"))?,
            };
            if weight > 0.0 {
                ranges.push((range.into(), weight));
            }
            if ranges.len() > MAX_RANGES {
                return Err(Error::bad_data("lang: it has more than 32 languages"));
            }
        }
        ranges.sort_by(|a, b| b.1.total_cmp(&a.1));
        Ok(Self(ranges.into_iter().map(|(range, _)| range).collect()))
    }

    /// The entry of the map to show: for each range in turn the same tag, a narrower one (`fr` finds `fr-CH`) or a
    /// wider one (`fr-CH` finds `fr`); when nothing fits, the default language, or the first.
    pub fn choose<'m>(&self, map: &'m [(CompactString, Json)]) -> Option<(&'m str, &'m Json)> {
        let default = || map.iter().find(|(tag, _)| tag == "@none").or_else(|| map.first());
        let find = |wanted: &str| {
            if wanted == "*" {
                return default();
            }
            map.iter()
                .find(|(tag, _)| tag.eq_ignore_ascii_case(wanted))
                .or_else(|| map.iter().find(|(tag, _)| begins(tag, wanted)))
                .or_else(|| map.iter().find(|(tag, _)| begins(wanted, tag)))
        };
        let (tag, text) = self.0.iter().find_map(|wanted| find(wanted)).or_else(default)?;
        Some((tag, text))
    }
}

/// Whether `long` is `short` and further parts.
fn begins(long: &str, short: &str) -> bool {
    long.len() > short.len()
        && long.as_bytes()[short.len()] == b'-'
        && long.as_bytes()[..short.len()].eq_ignore_ascii_case(short.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_by_preference() {
        let map: Vec<(CompactString, Json)> =
            ["en", "fr-CH", "de", "@none"].iter().map(|tag| (CompactString::from(*tag), Json::from(*tag))).collect();
        for (lang, chosen) in [
            ("en", "en"),
            ("EN", "en"),
            ("fr", "fr-CH"),
            ("de-AT", "de"),
            ("es", "@none"),
            ("*", "@none"),
            ("es,de;q=0.5", "de"),
            ("en;q=0.1,de;q=0.5", "de"),
            ("en;q=0,de;q=0.5", "de"),
            ("es;q=0.9,*;q=0.5,en;q=0.1", "@none"),
        ] {
            let (tag, _) = Languages::parse(lang).unwrap().choose(&map).unwrap();
            assert_eq!(tag, chosen, "{lang}");
        }
        assert_eq!(Languages::parse("es").unwrap().choose(&map[..3]).map(|c| c.0), Some("en"));
        assert_eq!(Languages::parse("es").unwrap().choose(&[]), None);
        for bad in ["", "en,", "e n", "en;q=2", "en;w=1", "en;q=x", "*-x"] {
            assert!(Languages::parse(bad).is_err(), "{bad}");
        }
    }
}
