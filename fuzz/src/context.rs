//! Documents of an @context: what is built expands a term and takes it back.

use belfry_ngsi_ld::Context;
use belfry_ngsi_ld::context::{Limits, NoRemote};

/// Terms that the seeds define, and some that nothing does.
const TERMS: [&str; 8] =
    ["temperature", "name", "a", "ex:a", "https://example.org/a", "location", "urn:x:y", "unknownTerm"];

/// Runs the target.
pub fn run(data: &[u8]) {
    let Ok(context) = Context::build_from_bytes(data, &NoRemote, &Limits::default()) else { return };
    for term in TERMS {
        let _ = context.keyword(term);
        let Ok(name) = context.expand(term) else { continue };
        let short = context.compact(name);
        let again = context.expand(short).unwrap_or_else(|e| panic!("{term} is shown as {short}: {e:?}"));
        assert_eq!(again, name, "{term} is shown as {short}");
        assert_eq!(context.expand_known(short).ok().flatten(), Some(name), "{short} is known now");
    }
}
