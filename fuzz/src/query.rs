//! What the targets of the query languages share: names under the core context. Holds no target.

use belfry_ngsi_ld::Context;
use belfry_ngsi_ld::query::Naming;

/// Names as a query that is answered now has them.
pub fn naming() -> Naming<'static> {
    Naming::new(Context::core())
}

/// That a tree prints to a text that parses to the same tree.
pub fn prints_to_itself<T, E>(tree: &T, parse: impl FnOnce(&str) -> Result<T, E>)
where
    T: std::fmt::Display + std::fmt::Debug + PartialEq,
    E: std::fmt::Debug,
{
    let text = tree.to_string();
    // An accepted text may print longer than the limit, since what was left out is written out.
    if text.len() > 16 * 1024 {
        return;
    }
    let again = parse(&text).unwrap_or_else(|error| panic!("{text:?} is printed and not parsed: {error:?}"));
    assert_eq!(&again, tree, "{text:?}");
}

/// The value of a parameter in a query string that was printed without encoding.
pub fn parameter<'a>(printed: &'a str, name: &str) -> Option<&'a str> {
    printed.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}
