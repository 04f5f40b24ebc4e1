//! A change of one entity that is there: the decision around an operation's rule. Parses nothing, answers nothing.

use crate::request::{Exchange, Writing};
use belfry_kernel::{Error, Iri, Kind, Time};
use belfry_ngsi_ld::operation::{Head, Outcome, check_totals};
use belfry_ngsi_ld::query::{Naming, TypeSelection};
use belfry_ngsi_ld::{Context, Entity};
use belfry_ports::{ChangeSet, Store};
use belfry_runtime::write::{Current, change_of, with_gone, write};
use std::sync::Arc;

/// Whether the entity has not expired.
pub(crate) fn is_alive(entity: &Entity, now: Time) -> bool {
    entity.expires_at.is_none_or(|at| at > now)
}

/// There is no such entity.
pub(crate) fn no_entity(id: &Iri) -> Error {
    Error::not_found(format!("there is no entity {id}"))
}

/// The types that a request says the entity has; none when it says nothing.
pub(crate) fn stated_types(exchange: &Exchange, context: &Context) -> Result<Option<TypeSelection>, Error> {
    match exchange.parameters.get("type") {
        Some(text) => TypeSelection::parse(text, &Naming::new(context)),
        None => Ok(None),
    }
}

/// Changes the entity of this id by `operate`, the rule of an operation.
///
/// # Errors
/// `ResourceNotFound` when it is not there or not of the stated types; what the rule refuses; why nothing can be stored.
pub(crate) async fn change(
    store: &dyn Store,
    id: Iri,
    types: Option<TypeSelection>,
    writing: Writing,
    operate: impl FnOnce(Entity, Time) -> Result<Outcome, Error> + Send + 'static,
) -> Result<Outcome, Error> {
    let (outcome, _) = write(store, move |read, now| {
        let keep_before = writing.keep_before;
        let mut current = Current::of(read.entity(id.as_str())?, now, keep_before);
        let gone = current.gone();
        let found = current
            .entity
            .filter(|entity| types.as_ref().is_none_or(|t| t.matches(&entity.types)))
            .ok_or_else(|| no_entity(&id))?;
        let head = (!writing.may_delete).then(|| Head::of(&found));
        let (current, before) =
            if keep_before { (Entity::clone(&found), Some(found)) } else { (Arc::unwrap_or_clone(found), None) };
        let mut outcome = operate(current, now)?;
        check(head.as_ref(), &outcome, &writing)?;
        let mut change = change_of(&mut outcome, before.as_ref(), keep_before);
        if let Some(change) = &mut change {
            with_gone(change, gone);
        }
        Ok((change.map(ChangeSet::of).unwrap_or_default(), outcome))
    })
    .await?;
    Ok(outcome)
}

/// Refuses an outcome that takes something away from who may not do that (`head` is what the entity had), or that makes
/// the entity too large.
///
/// # Errors
/// `Forbidden`, `BadRequestData`.
pub(crate) fn check(head: Option<&Head>, outcome: &Outcome, writing: &Writing) -> Result<(), Error> {
    if head.is_some_and(|head| head.loses(outcome)) {
        return Err(Error::new(
            Kind::Forbidden,
            "the access token's role may create and update, and this would delete something",
        ));
    }
    check_totals(outcome, &writing.limits)
}

/// Refuses a body that names another entity than the path does.
pub(crate) fn check_same(id: &Iri, in_body: Option<&Iri>) -> Result<(), Error> {
    match in_body {
        Some(other) if other != id => Err(Error::bad_data(format!("the body is about {other}, the path about {id}"))),
        _ => Ok(()),
    }
}
