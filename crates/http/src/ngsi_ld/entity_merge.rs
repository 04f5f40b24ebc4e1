//! PATCH /entities/{entityId}: merge entity (ETSI GS CIM 009 clauses 5.6.17, 6.5.3.4).

use super::change::{change, check_same, stated_types};
use super::update_result;
use crate::operation::{Parameter, Schema};
use crate::request::Exchange;
use crate::request::parameters::parameter;
use axum::response::Response;
use belfry_kernel::{Error, Time};
use belfry_ngsi_ld::form::write::Languages;
use belfry_ngsi_ld::form::{Mode, Reader};
use belfry_ngsi_ld::operation::{MergeOptions, merge_entity};

const FORMS: &[&str] = &["normalized", "concise", "simplified", "keyValues"];

pub(crate) const PARAMETERS: &[Parameter] = &[
    parameter("options", Schema::SomeOf(FORMS), "The form of the body's attributes."),
    parameter("format", Schema::OneOf(FORMS), "The form of the body's attributes."),
    parameter("observedAt", Schema::Text, "The time of attributes that had one and are given none."),
    parameter("lang", Schema::Text, "The language of plain texts for LanguageProperties."),
];

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    let id = exchange.entity_id()?;
    let observed_at = match exchange.parameters.get("observedAt") {
        Some(text) => Some(Time::parse(text).map_err(|e| Error::bad_data(format!("observedAt: {e}")))?),
        None => None,
    };
    let lang = match exchange.parameters.get("lang") {
        Some(text) => {
            Languages::parse(text)?;
            Some(text.into())
        }
        None => None,
    };
    let parameters = &exchange.parameters;
    let form = parameters.get("format").or_else(|| parameters.get("options")).unwrap_or_default();
    let simplified = form.split(',').any(|one| matches!(one, "simplified" | "keyValues"));
    let parsed = exchange.read_json().await?;
    let reader = Reader { context: &parsed.context, limits: &exchange.app.reading, mode: Mode::Merge, simplified };
    let fragment = reader.fragment(parsed.json)?;
    check_same(&id, fragment.id.as_ref())?;
    let types = stated_types(&exchange, &parsed.context)?;
    let store = exchange.store()?;
    let context = parsed.context;
    let outcome = change(&*store, id, types, exchange.writing(), move |current, now| {
        let options = MergeOptions { observed_at, lang, context: Some(&context) };
        merge_entity(current, fragment, &options, now)
    })
    .await?;
    Ok(update_result::answer(&outcome))
}
