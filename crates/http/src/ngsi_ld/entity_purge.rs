//! DELETE /entities: purge entities (ETSI GS CIM 009 clauses 5.6.21, 6.4.3.3), whole ones or attributes of them. In pieces,
//! each a commit of its own, so that a purge of a million entities neither holds up other writes nor fills the memory. Watches
//! over its time itself: when a request may take no longer, it says how far it came.

use super::temporal_query::aside;
use crate::operation::{Parameter, Schema};
use crate::problem;
use crate::request::parameters::parameter;
use crate::request::{Exchange, selection};
use axum::response::Response;
use belfry_kernel::{Error, Iri, Kind, Time};
use belfry_ngsi_ld::operation::{delete_attributes, delete_entity};
use belfry_ngsi_ld::query::{EntityQuery, Naming, parse_names};
use belfry_ngsi_ld::{Entity, Name};
use belfry_ports::{ChangeSet, Lent, Page, Read, Search, Stop, Store};
use belfry_runtime::write::{change_of, write};
use std::sync::Arc;
use std::time::Instant;

/// Entities in one commit.
const PIECE: usize = 500;
/// Entities that are looked up at a time while attributes are deleted.
const FOUND_AT_ONCE: usize = 4000;

pub(crate) const PARAMETERS: &[Parameter] = &[
    parameter("drop", Schema::Text, "Attributes to delete, between commas, instead of the entities."),
    parameter(
        "keep",
        Schema::Text,
        "Attributes to keep, between commas: all others are deleted, instead of the entities.",
    ),
];

/// Which attributes a purge deletes.
#[derive(Clone, Debug)]
struct Part {
    names: Arc<[Name]>,
    /// All but these.
    keep: bool,
}

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let context = exchange.linked_context().await?;
    let (query, part) = {
        let naming = Naming::new(&context);
        (selection::query(&exchange.parameters, &naming)?, part(&exchange, &naming)?)
    };
    let any_type = exchange.parameters.get("type") == Some("*");
    selection::check_narrow(&query, exchange.parameters.is_true("local"), any_type)?;
    if query.link_depth() > 0 {
        return Err(Error::bad_data("q: a purge does not follow relationships"));
    }
    let query = Arc::new(query);
    match part {
        Some(part) => attributes(&exchange, query, &part).await?,
        None => entities(&exchange, query).await?,
    }
    Ok(problem::no_content())
}

fn part(exchange: &Exchange, naming: &Naming<'_>) -> Result<Option<Part>, Error> {
    let (what, text, keep) = match (exchange.parameters.get("drop"), exchange.parameters.get("keep")) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err(Error::bad_data("drop and keep contradict each other")),
        (Some(text), None) => ("drop", text, false),
        (None, Some(text)) => ("keep", text, true),
    };
    let names = parse_names(what, text, naming)?.iter().filter_map(|term| term.name).collect();
    Ok(Some(Part { names, keep }))
}

/// What is done stays done, and is told.
fn unfinished(changed: usize) -> Error {
    let text = format!(
        "the purge takes longer than a request may: {changed} entities are purged, the others are as they were; ask again for them"
    );
    Error::new(Kind::Timeout, text)
}

/// Deletes whole entities: the next ones are found when these are gone.
async fn entities(exchange: &Exchange, query: Arc<EntityQuery>) -> Result<(), Error> {
    let store = exchange.store()?;
    let keep_before = exchange.keep_before();
    let (deadline, mut gone) = (exchange.deadline(), 0);
    loop {
        let page = Page { offset: 0, limit: PIECE, bytes: usize::MAX, count: false };
        let ids = found(&*store, &query, page, exchange.now(), deadline, gone)?;
        if ids.is_empty() {
            return Ok(());
        }
        let query = query.clone();
        let (deleted, _) = write(&*store, move |read, now| {
            let mut set = ChangeSet::default();
            for id in ids {
                let Some(current) = still(read, &query, &id, now)? else { continue };
                let mut outcome = delete_entity(&id, Some(&current))?;
                set.entities.extend(change_of(&mut outcome, Some(&current), keep_before));
            }
            let deleted = set.entities.len();
            Ok((set, deleted))
        })
        .await?;
        if deleted == 0 {
            return Ok(());
        }
        gone += deleted;
        if Instant::now() >= deadline {
            return Err(unfinished(gone));
        }
    }
}

/// Identifiers of a page of those that match.
fn found(
    store: &dyn Store,
    query: &EntityQuery,
    page: Page,
    now: Time,
    deadline: Instant,
    changed: usize,
) -> Result<Vec<Iri>, Error> {
    let late = move || Instant::now() >= deadline;
    let search = Search { query, order: None, page, now, looks: usize::MAX, stop: Stop::when(&late) };
    let mut ids = Vec::new();
    let mut visit = |entity: &dyn Lent| {
        ids.push(entity.id());
        Ok(())
    };
    match aside(|| store.find(&search, &mut visit)) {
        Ok(_) => Ok(ids),
        Err(error) if error.kind() == Kind::Timeout => Err(unfinished(changed)),
        Err(error) => Err(error),
    }
}

/// Deletes attributes. An entity that still matches without them stands before those to come, one that does not is not
/// found again.
async fn attributes(exchange: &Exchange, query: Arc<EntityQuery>, part: &Part) -> Result<(), Error> {
    let store = exchange.store()?;
    let keep_before = exchange.keep_before();
    let (deadline, mut changed) = (exchange.deadline(), 0);
    let mut offset = 0;
    loop {
        let page = Page { offset, limit: FOUND_AT_ONCE, bytes: usize::MAX, count: false };
        let ids = found(&*store, &query, page, exchange.now(), deadline, changed)?;
        for piece in ids.chunks(PIECE) {
            let (query, part, piece) = (query.clone(), part.clone(), piece.to_vec());
            let ((done, stay), _) = write(&*store, move |read, now| {
                let (mut set, mut stay) = (ChangeSet::default(), 0);
                for id in piece {
                    let Some(current) = still(read, &query, &id, now)? else { continue };
                    let mut outcome = delete_attributes(Entity::clone(&current), &part.names, part.keep, now);
                    stay += usize::from(outcome.entity.as_ref().is_some_and(|after| query.matches(after, now)));
                    set.entities.extend(change_of(&mut outcome, Some(&current), keep_before));
                }
                let done = set.entities.len();
                Ok((set, (done, stay)))
            })
            .await?;
            (changed, offset) = (changed + done, offset + stay);
            if Instant::now() >= deadline {
                return Err(unfinished(changed));
            }
        }
        if ids.len() < FOUND_AT_ONCE {
            return Ok(());
        }
    }
}

/// The entity, unless it has changed since it was found.
fn still(read: &dyn Read, query: &EntityQuery, id: &Iri, now: Time) -> Result<Option<Arc<Entity>>, Error> {
    Ok(read.entity(id.as_str())?.filter(|entity| query.matches(entity, now)))
}
