//! How long history is kept, by type and attribute, and what coarser means take the place of what goes.

use crate::series::{Owner, birth, coarser_key, owner, was_current};
use crate::shared::Shared;
use belfry_history::{Coarser, Function, Policy};
use belfry_kernel::{Period, Time};
use belfry_ngsi_ld::Name;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// One policy. The first one that fits a series counts; what none fits is kept for ever.
#[derive(Clone, Debug)]
pub struct Retention {
    /// For entities of one of these types; empty for all.
    pub types: Vec<Name>,
    /// For these attributes; empty for all.
    pub attributes: Vec<Name>,
    /// How long every sample stays as it came. The last one of an attribute stays for ever: the present state rests on it.
    pub keep: Duration,
    /// What is kept after that: one mean a period, with the period's text. They are instances of the same attribute
    /// with the dataset `urn:belfry:avg:<period>`.
    pub then_every: Option<(Period, String)>,
}

/// Lays out in series what entities came with so long ago that a policy may let it go. Whether there was any: it must be
/// flushed before [`retain`]. `flush` makes room in history.
pub(crate) fn unfold(
    shared: &Shared,
    policies: &[Retention],
    now: Time,
    flush: &dyn Fn() -> Result<(), String>,
) -> Result<bool, String> {
    let (Some(history), Some(least)) = (&shared.history, least(policies)) else { return Ok(false) };
    let until = now.plus_micros(-i64::try_from(least.as_micros()).unwrap_or(i64::MAX)).micros();
    let since = shared.unfolded.load(Ordering::Acquire);
    if since >= until {
        return Ok(false);
    }
    let some = birth::unfold_old(shared, history, (since, until), flush)?;
    shared.unfolded.store(until, Ordering::Release);
    Ok(some)
}

/// Lets go what is too old at `now`.
pub(crate) fn retain(shared: &Shared, policies: &[Retention], now: Time) -> belfry_history::Result<()> {
    let (Some(history), Some(least)) = (&shared.history, least(policies)) else { return Ok(()) };
    history.retain(now, least, &|key| policy_of(shared, policies, key))
}

/// The shortest time that any policy keeps samples; none without policies.
pub(crate) fn least(policies: &[Retention]) -> Option<Duration> {
    policies.iter().map(|p| p.keep).min()
}

fn policy_of(shared: &Shared, policies: &[Retention], key: &[u8]) -> Option<Policy> {
    let Owner { id, name, coarse } = owner(key, &shared.names)?;
    if coarse {
        return None;
    }
    // The types of an entity that is gone are not known any more: only policies for every type hold for it.
    let types = || shared.state.read().entity(id, &shared.names).ok().flatten().map(|e| e.types);
    let fits = |p: &&Retention| {
        (p.attributes.is_empty() || p.attributes.contains(&name))
            && (p.types.is_empty() || types().is_some_and(|of| of.iter().any(|t| p.types.contains(t))))
    };
    let policy = policies.iter().find(fits)?;
    let then = policy.then_every.as_ref().map(|(every, text)| {
        let text = text.clone();
        let naming = move |key: &[u8], _: Function| coarser_key(key, &text);
        Coarser { every: *every, functions: vec![Function::Avg], name: Arc::new(naming) }
    });
    Some(Policy { keep: policy.keep, stands: was_current, then })
}
