//! Everything that is parsed of a request before its body, in one call: for fuzzing, and for tests that throw random
//! texts at the door without a socket.

use super::media::{self, Media};
use super::representation::Wishes;
use super::{body, context, query, selection};
use crate::operation::Takes;
use belfry_kernel::Error;
use belfry_ngsi_ld::Context;
use belfry_ngsi_ld::query::Naming;
use http::HeaderMap;

/// Parses a query string and headers as an operation would that takes every parameter. What it gives back matters less
/// than that it comes back: it must neither panic nor take long, whatever it is given.
///
/// # Errors
/// The first thing that is wrong.
pub fn parse(query_string: &str, headers: &HeaderMap) -> Result<(), Error> {
    let parameters = query::parse(query_string)?;
    let accepted = media::accepted(headers, true);
    let content = media::content(headers, Takes::Lines);
    let coding = body::coding(headers);
    let link = context::link(headers);
    let core = Context::core();
    let naming = Naming::new(core);
    let found = selection::query(&parameters, &naming);
    let order = selection::order(&parameters, &naming);
    let shape = Wishes::of(&parameters).shape(core, *accepted.as_ref().unwrap_or(&Media::Json));
    if let Ok(found) = &found {
        // What an index would ask of it.
        let _ = found.conjuncts();
    }
    accepted?;
    content?;
    coding?;
    link?;
    found?;
    order?;
    shape?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn headers() -> impl Strategy<Value = HeaderMap> {
        let names = prop::sample::select(vec!["accept", "content-type", "content-encoding", "link", "prefer"]);
        let bits = prop::sample::select(vec![
            "<",
            ">",
            ";",
            ",",
            "rel=",
            "\"",
            "http://www.w3.org/ns/json-ld#context",
            "application/json",
            "*/*",
            "q=",
            "0.5",
            "charset",
            "=",
            " ",
            "utf-8",
            "gzip",
            "x",
            "\u{e9}",
        ]);
        vec((names, vec(bits, 0..12)), 0..5).prop_map(|all| {
            let mut map = HeaderMap::new();
            for (name, bits) in all {
                if let Ok(value) = HeaderValue::from_bytes(bits.concat().as_bytes()) {
                    map.append(HeaderName::from_static(name), value);
                }
            }
            map
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

        #[test]
        fn whatever_comes_it_comes_back(text in "\\PC{0,200}", headers in headers()) {
            let _ = parse(&text, &headers);
        }

        #[test]
        fn pieces_of_queries_come_back(
            all in vec((
                prop::sample::select(vec!["type", "q", "georel", "geometry", "coordinates", "orderBy", "orderFrom", "pick", "omit",
                    "attrs", "scopeQ", "idPattern", "lang", "datasetId", "format", "options"]),
                "[a-z%*+()|;,.~=<>!{}\\[\\]\"/#0-9-]{0,20}",
            ), 0..8),
            headers in headers(),
        ) {
            let text: Vec<String> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let _ = parse(&text.join("&"), &headers);
        }
    }
}
