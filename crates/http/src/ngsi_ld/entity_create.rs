//! POST /entities: create entity (ETSI GS CIM 009 clauses 5.6.1, 6.4.3.1).

use super::change::check;
use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::form::{Mode, Reader};
use belfry_ngsi_ld::operation::create_entity;
use belfry_ports::ChangeSet;
use belfry_runtime::write::{Current, change_of, write};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What must not stand in a segment of a path as it is.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'/')
    .add(b'%');

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    let parsed = exchange.read_json().await?;
    let reader = Reader::new(&parsed.context, &exchange.app.reading, Mode::Full);
    let entity = reader.entity(parsed.json)?;
    let location = location(entity.id.as_str());
    let writing = exchange.writing();
    let store = exchange.store_or_new().await?;
    write(&*store, move |read, now| {
        let current = Current::of(read.entity(entity.id.as_str())?, now, writing.keep_before);
        let mut outcome = create_entity(current.entity.as_deref(), entity, now)?;
        check(None, &outcome, &writing)?;
        let change = change_of(&mut outcome, None, writing.keep_before);
        Ok((ChangeSet { entities: current.ended.into_iter().chain(change).collect(), ..ChangeSet::default() }, ()))
    })
    .await?;
    Ok(problem::created(&location))
}

/// The path of an entity.
pub(super) fn location(id: &str) -> String {
    format!("/ngsi-ld/v1/entities/{}", utf8_percent_encode(id, SEGMENT))
}
