//! Which entities a query means, from its query string (ETSI GS CIM 009 clauses 4.9, 4.10, 4.17, 4.19, 6.4.3.2). Parses;
//! evaluates nothing.

use super::parameters::parameter;
use super::query::Parameters;
use crate::operation::{Parameter, Schema};
use belfry_kernel::{Error, Iri};
use belfry_ngsi_ld::query::filter::{self, Expansion};
use belfry_ngsi_ld::query::{
    EntityQuery, Expr, GeoQuery, Naming, OrderBy, Pattern, ScopeQuery, Selector, TypeSelection, parse_names,
};

/// The most identifiers in one query.
const MAX_IDS: usize = 1000;

/// The parameters. (`attrs` is among those of the representation, since it is both.)
pub(crate) const PARAMETERS: &[Parameter] = &[
    parameter("id", Schema::Text, "Identifiers, between commas."),
    parameter("type", Schema::Text, "A selection of types (clause 4.17); * for any."),
    parameter("idPattern", Schema::Text, "A regular expression for identifiers."),
    parameter("q", Schema::Text, "A condition over attributes (clause 4.9)."),
    parameter("georel", Schema::Text, "A spatial relation (clause 4.10)."),
    parameter("geometry", Schema::Text, "The kind of the reference geometry."),
    parameter("coordinates", Schema::Text, "The coordinates of the reference geometry."),
    parameter("geoproperty", Schema::Text, "The GeoProperty that is compared; location when absent."),
    parameter("scopeQ", Schema::Text, "A condition over scopes (clause 4.19)."),
    parameter("expandValues", Schema::Text, "Attributes whose constants in q are terms of the @context."),
    parameter("jsonKeys", Schema::Text, "Attributes whose values are opaque JSON."),
];

/// Texts of a selection, from a query string or the body of a query.
#[derive(Clone, Copy, Debug, Default)]
pub struct Texts<'a> {
    /// `id`
    pub id: Option<&'a str>,
    /// `type`
    pub types: Option<&'a str>,
    /// `idPattern`
    pub id_pattern: Option<&'a str>,
}

impl Texts<'_> {
    /// The selector that they are, or none when they say nothing.
    ///
    /// # Errors
    /// `BadRequestData`.
    pub fn selector(&self, naming: &Naming<'_>) -> Result<Option<Selector>, Error> {
        if self.id.is_none() && self.types.is_none() && self.id_pattern.is_none() {
            return Ok(None);
        }
        let types = self.types.map(|text| TypeSelection::parse(text, naming)).transpose()?.flatten();
        Ok(Some(Selector {
            ids: self.id.map(ids).transpose()?.unwrap_or_default(),
            id_pattern: self.id_pattern.map(Pattern::parse).transpose()?,
            types,
        }))
    }
}

/// Identifiers between commas.
///
/// # Errors
/// `BadRequestData`.
pub fn ids(text: &str) -> Result<Vec<Iri>, Error> {
    let ids: Vec<Iri> = text
        .split(',')
        .take(MAX_IDS + 1)
        .map(|one| Iri::parse(one.trim()).map_err(|e| Error::bad_data(format!("id: each one is a URI; {e}"))))
        .collect::<Result<_, _>>()?;
    if ids.len() > MAX_IDS {
        return Err(Error::bad_data(format!("id: at most {MAX_IDS} identifiers")));
    }
    Ok(ids)
}

/// The query that a query string is.
///
/// # Errors
/// `BadRequestData` saying which parameter is wrong and where.
pub fn query(parameters: &Parameters, naming: &Naming<'_>) -> Result<EntityQuery, Error> {
    let get = |name: &str| parameters.get(name);
    let expand =
        get("expandValues").map(|text| parse_names("expandValues", text, naming)).transpose()?.unwrap_or_default();
    if let Some(text) = get("jsonKeys") {
        parse_names("jsonKeys", text, naming)?;
    }
    let texts = Texts { id: get("id"), types: get("type"), id_pattern: get("idPattern") };
    Ok(EntityQuery {
        selectors: texts.selector(naming)?.into_iter().collect(),
        attrs: get("attrs").map(|text| parse_names("attrs", text, naming)).transpose()?.unwrap_or_default(),
        q: get("q").map(|text| filter::parse(text, naming, Expansion(&expand))).transpose()?,
        geo: geo(parameters, naming)?,
        scope: get("scopeQ").map(|text| ScopeQuery::parse(text, naming)).transpose()?,
    })
}

fn geo(parameters: &Parameters, naming: &Naming<'_>) -> Result<Option<GeoQuery>, Error> {
    let property = parameters.get("geoproperty");
    match (parameters.get("georel"), parameters.get("geometry"), parameters.get("coordinates")) {
        (None, None, None) => Ok(None),
        (Some(relation), Some(geometry), Some(coordinates)) => {
            GeoQuery::parse(relation, geometry, coordinates, property, naming).map(Some)
        }
        _ => Err(Error::bad_data("a geo-query needs georel, geometry and coordinates, all three")),
    }
}

/// The wanted order.
///
/// # Errors
/// `BadRequestData`; `OperationNotSupported` for a collation.
pub fn order(parameters: &Parameters, naming: &Naming<'_>) -> Result<Option<OrderBy>, Error> {
    if let Some(collation) = parameters.get("collation") {
        OrderBy::check_collation(collation)?;
    }
    let (from, geometry) = (parameters.get("orderFrom"), parameters.get("orderGeometry"));
    match parameters.get("orderBy") {
        Some(text) => OrderBy::parse(text, from, geometry, naming).map(Some),
        None if from.is_some() || geometry.is_some() => {
            Err(Error::bad_data("orderFrom and orderGeometry belong to orderBy"))
        }
        None => Ok(None),
    }
}

/// Refuses a query that names neither type, attribute, condition over an attribute nor place, unless only what is held here is meant
/// (clause 5.7.2.4).
///
/// # Errors
/// `BadRequestData`.
pub fn check_narrow(query: &EntityQuery, local: bool, any_type: bool) -> Result<(), Error> {
    let narrow = query.selectors.iter().any(|s| s.types.is_some())
        || !query.attrs.is_empty()
        || query.q.as_ref().is_some_and(Expr::names_attribute)
        || query.geo.is_some();
    if narrow || local || any_type {
        Ok(())
    } else {
        Err(Error::bad_data("a query needs one of type, attrs, q or georel, or local=true"))
    }
}
