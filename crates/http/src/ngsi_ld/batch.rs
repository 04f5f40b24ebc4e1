//! What batch operations share: reading the items under their contexts, one decision for all of them, the report
//! (ETSI GS CIM 009 clauses 5.2.16, 5.2.17, 5.5.11). Which rule an item follows is the operation's.

use super::change::check;
use crate::problem::write_problem;
use crate::request::context::Parsed;
use crate::request::media::Content;
use crate::request::{Exchange, Writing};
use belfry_kernel::{Error, Iri, Kind};
use belfry_ngsi_ld::form::read::{Batch, BatchFault, read_batch};
use belfry_ngsi_ld::form::{EntityFragment, Reader};
use belfry_ngsi_ld::json::write_str;
use belfry_ngsi_ld::operation::{BatchKind, Head, apply_batch_item};
use belfry_ngsi_ld::{Context, Entity, Json};
use belfry_ports::{ChangeSet, EntityChange, Store};
use belfry_runtime::write::{Current, change_of, with_gone, write};
use hashbrown::{HashMap, HashSet};
use std::sync::Arc;

/// The most different contexts of the items of one batch.
const MAX_CONTEXTS: usize = 64;

/// What became of a batch.
#[derive(Default)]
pub(super) struct Report {
    /// Entities that are new.
    pub(super) created: Vec<Iri>,
    /// Entities that were there and are changed, or deleted.
    pub(super) updated: Vec<Iri>,
    /// Items that were refused.
    pub(super) errors: Vec<BatchFault>,
}

/// Reads the items of a batch.
pub(super) async fn items(exchange: &Exchange, parsed: Parsed, kind: BatchKind) -> Result<Batch, Error> {
    let limits = &exchange.app.reading;
    let own = parsed.content == Content::JsonLd;
    let contexts = if own { contexts(exchange, &parsed.json).await? } else { Vec::new() };
    read_batch(parsed.json, limits.batch, |local| {
        let context: &Context = match local {
            Some(local) => match contexts.iter().find(|(known, _)| *known == local) {
                Some((_, Ok(context))) => context,
                Some((_, Err((kind, why)))) => return Err(Error::new(*kind, why.clone())),
                None => return Err(Error::bad_data("the entity's @context was not found")),
            },
            None if own => {
                return Err(Error::bad_data("an entity of application/ld+json must have an @context member"));
            }
            None => &parsed.context,
        };
        Ok(Reader::new(context, limits, kind.mode()))
    })
}

type Resolved = Result<Arc<Context>, (Kind, String)>;

/// The contexts of the items, each different one once.
async fn contexts(exchange: &Exchange, items: &Json) -> Result<Vec<(Json, Resolved)>, Error> {
    let mut found: Vec<(Json, Resolved)> = Vec::new();
    let Json::Array(items) = items else { return Ok(found) };
    for local in items.iter().take(exchange.app.reading.batch).filter_map(|item| item.get("@context")) {
        if found.iter().any(|(known, _)| known == local) {
            continue;
        }
        if found.len() == MAX_CONTEXTS {
            return Err(Error::bad_data(format!(
                "the entities of a batch have more than {MAX_CONTEXTS} different @contexts"
            )));
        }
        let resolved = exchange.app.contexts.resolve(local).await.map_err(|e| (e.kind(), e.public().to_owned()));
        found.push((local.clone(), resolved));
    }
    Ok(found)
}

/// Applies the good items in one decision and one commit; the others are reported.
pub(super) async fn apply(store: &dyn Store, kind: BatchKind, items: Batch, writing: Writing) -> Result<Report, Error> {
    let mut report = Report::default();
    let mut good: Vec<EntityFragment> = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Ok(fragment) => good.push(fragment),
            Err(fault) => report.errors.push(fault),
        }
    }
    if good.is_empty() {
        return Ok(report);
    }
    let repeats = repeats(&good);
    let keep_before = writing.keep_before;
    let (mut report, _) = write(store, move |read, now| {
        let mut set = ChangeSet { entities: Vec::with_capacity(good.len()), ..ChangeSet::default() };
        // What earlier items of this batch made of an entity that comes again.
        let mut made: HashMap<Iri, Arc<Entity>> = HashMap::new();
        for fragment in good {
            let Some(id) = fragment.id.clone() else { continue };
            let earlier = if repeats { made.get(&id).cloned() } else { None };
            let stored = match earlier {
                Some(entity) => Some(entity),
                None => read.entity(id.as_str())?,
            };
            let mut current = Current::of(stored, now, keep_before);
            let (gone, ended) = (current.gone(), current.ended);
            let before = current.entity.clone().filter(|_| keep_before);
            let head = current.entity.as_deref().filter(|_| !writing.may_delete).map(Head::of);
            let applied = apply_batch_item(kind, current.entity.map(Arc::unwrap_or_clone), fragment, now);
            match applied.and_then(|outcome| check(head.as_ref(), &outcome, &writing).map(|()| outcome)) {
                Ok(mut outcome) => {
                    let created = outcome.created;
                    if let Some(mut change) = change_of(&mut outcome, before.as_ref(), keep_before) {
                        set.entities.extend(ended);
                        with_gone(&mut change, gone);
                        if let (true, EntityChange::Put { entity, .. }) = (repeats, &change) {
                            made.insert(id.clone(), entity.clone());
                        }
                        set.entities.push(change);
                    }
                    if created { report.created.push(id) } else { report.updated.push(id) }
                }
                Err(error) => report.errors.push(BatchFault { id: Some(id), error }),
            }
        }
        Ok((set, report))
    })
    .await?;
    dedup(&mut report);
    Ok(report)
}

/// An entity that was created and then changed within the batch was created.
fn dedup(report: &mut Report) {
    if !report.created.is_empty() && !report.updated.is_empty() {
        let created: HashSet<&Iri> = report.created.iter().collect();
        report.updated.retain(|id| !created.contains(id));
    }
}

fn repeats(items: &[EntityFragment]) -> bool {
    let mut seen: HashSet<&Iri> = HashSet::with_capacity(items.len());
    items.iter().filter_map(|item| item.id.as_ref()).any(|id| !seen.insert(id))
}

/// Identifiers as a JSON array.
pub(super) fn write_ids<'i>(ids: impl IntoIterator<Item = &'i Iri>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, id) in ids.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_str(id.as_str(), out);
    }
    out.push(b']');
}

/// The members of an object that tells of one entity refused.
pub(super) fn write_fault(fault: &BatchFault, out: &mut Vec<u8>) {
    if let Some(id) = &fault.id {
        out.extend_from_slice(b"\"entityId\":");
        write_str(id.as_str(), out);
        out.push(b',');
    }
    out.extend_from_slice(b"\"error\":");
    write_problem(&fault.error, out);
}

impl Report {
    /// The BatchOperationResult.
    pub(super) fn body(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 * (self.created.len() + self.updated.len()) + 256 * self.errors.len());
        out.extend_from_slice(b"{\"success\":");
        write_ids(self.created.iter().chain(&self.updated), &mut out);
        out.extend_from_slice(b",\"errors\":[");
        for (at, fault) in self.errors.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.push(b'{');
            write_fault(fault, &mut out);
            out.push(b'}');
        }
        out.extend_from_slice(b"]}");
        out
    }

    /// The identifiers of what is new.
    pub(super) fn created_body(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 * self.created.len());
        write_ids(&self.created, &mut out);
        out
    }
}
