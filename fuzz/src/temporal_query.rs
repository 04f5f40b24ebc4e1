//! Temporal queries: what is accepted prints to parameters that mean the same, and contains what its range says.

use crate::{query, text};
use belfry_kernel::Time;
use belfry_ngsi_ld::query::TemporalQuery;
use belfry_ngsi_ld::query::temporal::TemporalTexts;

/// Runs the target: lines of `timerel`, `timeAt`, `endTimeAt`, `timeproperty`, `lastN`.
pub fn run(data: &[u8]) {
    let Some(text) = text::of(data) else { return };
    let [timerel, time_at, end_time_at, timeproperty, last_n] = text::parts(text);
    let texts = TemporalTexts { timerel, time_at, end_time_at, timeproperty, last_n };
    let Ok(Some(tree)) = TemporalQuery::parse(texts) else { return };
    let text = tree.to_string();
    let get = |name| query::parameter(&text, name);
    let texts = TemporalTexts {
        timerel: get("timerel"),
        time_at: get("timeAt"),
        end_time_at: get("endTimeAt"),
        timeproperty: get("timeproperty"),
        last_n: get("lastN"),
    };
    assert_eq!(TemporalQuery::parse(texts).expect("what is printed is parsed").as_ref(), Some(&tree), "{text}");
    let (from, to) = tree.range();
    // The end of time stands for no end.
    for at in [from, to, Time::from_micros(0), Time::MIN].into_iter().filter(|at| *at < Time::MAX) {
        assert_eq!(tree.contains(at), (at >= from && at < to), "{text} at {at}");
    }
}
