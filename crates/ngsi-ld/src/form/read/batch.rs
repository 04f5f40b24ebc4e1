//! The bodies of batch operations: arrays whose items are read one by one, each good or bad by itself (5.6.7 to 5.6.10,
//! 5.6.20). Holds no decision about them.

use super::{Reader, id_of, member};
use crate::Json;
use crate::form::EntityFragment;
use belfry_kernel::{Error, Iri, Kind};

/// An item of a batch that cannot be read.
#[derive(Debug)]
pub struct BatchFault {
    /// The identifier that it carries, when that much can be read.
    pub id: Option<Iri>,
    /// What is wrong with it.
    pub error: Error,
}

/// The items of a batch in the order of the array.
pub type Batch = Vec<Result<EntityFragment, BatchFault>>;

/// Reads the array of a batch. `reader` is asked for each item, with the item's own `@context` when it has one, since
/// items may carry different ones.
///
/// # Errors
/// `BadRequestData` for the whole request when it is not an array, is empty, holds a null, or is longer than `limit`.
pub fn read_batch<'a>(
    body: Json,
    limit: usize,
    mut reader: impl FnMut(Option<Json>) -> Result<Reader<'a>, Error>,
) -> Result<Batch, Error> {
    let items = items(body, limit, "entities")?;
    Ok(items
        .into_iter()
        .map(|mut item| {
            let id = id_of(&item);
            let context = super::take_context(&mut item);
            reader(context)
                .and_then(|reader| reader.fragment(item))
                .and_then(|fragment| match fragment.id {
                    Some(_) => Ok(fragment),
                    None => Err(Error::bad_data("the entity has no id")),
                })
                .map_err(|error| BatchFault { id, error })
        })
        .collect())
}

/// Reads the array of identifiers of a batch deletion. An item that is not a URI is an error of its own.
///
/// # Errors
/// As [`read_batch`].
pub fn read_ids(body: Json, limit: usize) -> Result<Vec<Result<Iri, BatchFault>>, Error> {
    Ok(items(body, limit, "identifiers")?
        .iter()
        .map(|item| member::iri("id", item).map_err(|fault| BatchFault { id: None, error: fault.into_error() }))
        .collect())
}

fn items(body: Json, limit: usize, what: &str) -> Result<Vec<Json>, Error> {
    let Json::Array(items) = body else {
        return Err(Error::bad_data(format!("a batch is an array of {what}, not {}", body.kind())));
    };
    if items.is_empty() {
        return Err(Error::bad_data("the batch is empty"));
    }
    if items.contains(&Json::Null) {
        return Err(Error::bad_data("the batch holds a null"));
    }
    if items.len() > limit {
        return Err(Error::new(Kind::PayloadTooLarge, format!("a batch holds at most {limit} {what}")));
    }
    Ok(items)
}
