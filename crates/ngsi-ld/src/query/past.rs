//! The conditions of a query against an evolution (ETSI GS CIM 009 clause 5.7.4.4): each is checked against all instances
//! of the range, which come one by one and are not kept. Selects no range and no instance.

use crate::query::{EntityQuery, Expr};
use crate::{Attribute, Entity, Name};
use belfry_kernel::Time;
use compact_str::CompactString;

/// The conditions of a query (`q`, geo-query, scope query) and which of them some instance has met so far. Selectors and
/// attribute names are not looked at.
pub struct PastQuery<'q> {
    query: &'q EntityQuery,
    now: Time,
    /// For each leaf of `q`, in order, whether an instance met it.
    leaves: Vec<(&'q Expr, bool)>,
    geo: bool,
    scope: bool,
    /// The entity with the one instance that is looked at.
    image: Entity,
}

impl<'q> PastQuery<'q> {
    /// Begins with what is known of the entity itself; its attributes are not looked at. `now` decides what of an
    /// instance's sub-attributes has expired.
    pub fn new(query: &'q EntityQuery, mut entity: Entity, now: Time) -> Self {
        entity.attributes.clear();
        entity.expires_at = None;
        let mut leaves = Vec::new();
        if let Some(q) = &query.q {
            collect(q, &mut leaves);
        }
        for (leaf, met) in &mut leaves {
            // The entity's own times.
            *met = leaf.matches(&entity, now, None);
        }
        Self { query, now, leaves, geo: query.geo.is_none(), scope: query.scope.is_none(), image: entity }
    }

    /// The attributes whose instances can still decide.
    pub fn names(&self) -> Vec<Name> {
        let paths = self.leaves.iter().filter(|(_, met)| !met).filter_map(|(leaf, _)| match leaf {
            Expr::Exists(path) | Expr::Compare { path, .. } | Expr::Matches { path, .. } => path.first(),
            Expr::And(_) | Expr::Or(_) => None,
        });
        let geo = self.query.geo.as_ref().filter(|_| !self.geo).map(|geo| &geo.property);
        let mut names: Vec<Name> = paths.chain(geo).filter_map(|term| term.name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether scopes can still decide.
    pub fn wants_scopes(&self) -> bool {
        !self.scope
    }

    /// Takes the scopes of some time within the range.
    pub fn see_scopes(&mut self, scopes: &[CompactString]) {
        self.scope = self.scope || self.query.scope.as_ref().is_some_and(|s| s.matches(scopes));
    }

    /// Takes one instance; whether all conditions are met by now.
    pub fn see(&mut self, attribute: Attribute) -> bool {
        // Its end does not make it untrue of its time.
        self.image.attributes.push(Attribute { expires_at: None, ..attribute });
        for (leaf, met) in &mut self.leaves {
            *met = *met || leaf.matches(&self.image, self.now, None);
        }
        self.geo = self.geo || self.query.geo.as_ref().is_some_and(|g| g.matches(&self.image, self.now));
        self.image.attributes.clear();
        self.holds()
    }

    /// Whether all conditions are met by what was taken.
    pub fn holds(&self) -> bool {
        let mut leaves = self.leaves.iter().map(|(_, met)| *met);
        self.geo && self.scope && self.query.q.as_ref().is_none_or(|q| holds(q, &mut leaves))
    }
}

fn collect<'q>(expr: &'q Expr, into: &mut Vec<(&'q Expr, bool)>) {
    match expr {
        Expr::And(all) | Expr::Or(all) => all.iter().for_each(|e| collect(e, into)),
        leaf => into.push((leaf, false)),
    }
}

/// Takes a truth value for each leaf, in order.
fn holds(expr: &Expr, leaves: &mut impl Iterator<Item = bool>) -> bool {
    match expr {
        // Every part takes its own, whatever those before it say.
        Expr::And(all) => all.iter().map(|e| holds(e, leaves)).filter(|held| !held).count() == 0,
        Expr::Or(any) => any.iter().map(|e| holds(e, leaves)).filter(|held| *held).count() > 0,
        _ => leaves.next().unwrap_or(false),
    }
}
