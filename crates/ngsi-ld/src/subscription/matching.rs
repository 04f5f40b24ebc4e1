//! Whether a change concerns a subscription (ETSI GS CIM 009 clause 5.8.6). Holds no index.

use super::{Event, Subscription, Triggers};
use crate::query::Lookup;
use crate::{Entity, Name};
use belfry_kernel::Time;

/// How a change concerns a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// The entity is shown as it is now.
    Changed,
    /// The entity is shown as deleted.
    Deleted,
}

impl Subscription {
    /// Whether it watches this attribute.
    pub fn watches(&self, name: Name) -> bool {
        self.watched.is_empty() || self.watched.contains(&name)
    }

    /// Whether this entity is one of those subscribed to and meets the conditions. `lookup` finds linked entities.
    pub fn selects(&self, entity: &Entity, now: Time, lookup: Option<Lookup<'_>>) -> bool {
        (self.entities.is_empty() || self.entities.iter().any(|s| s.matches(entity)))
            && self.scope.as_ref().is_none_or(|s| s.matches(&entity.scopes))
            && self.q.as_ref().is_none_or(|q| q.matches(entity, now, lookup))
            && self.geo.as_ref().is_none_or(|g| g.matches(entity, now))
    }

    /// Whether this change is to be notified, whatever the subscription's state and throttling.
    pub fn matches(&self, event: &Event<'_>, now: Time, lookup: Option<Lookup<'_>>) -> Option<Match> {
        if self.time_interval.is_some() {
            return None;
        }
        if event.deleted.is_some() {
            let concerned = self.triggers.meets(Triggers::ENTITY_DELETED)
                && (self.watched.is_empty() || event.entity.attributes.iter().any(|a| self.watched.contains(&a.name)))
                && self.selects(event.entity, now, lookup);
            return concerned.then_some(Match::Deleted);
        }
        let came = event.created
            && self.triggers.meets(Triggers::ENTITY_CREATED)
            && (self.watched.is_empty() || event.changes.iter().any(|c| self.watched.contains(&c.name)));
        let changed = || event.changes.iter().any(|c| self.triggers.meets(c.kind) && self.watches(c.name));
        ((came || changed()) && self.selects(event.entity, now, lookup)).then_some(Match::Changed)
    }
}
