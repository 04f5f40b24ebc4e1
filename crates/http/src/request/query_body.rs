//! The body of a query by POST (ETSI GS CIM 009 clauses 5.2.23, 5.2.33, 5.2.43), read into the same types as a query string.
//! Asks no store.

use super::Exchange;
use super::representation::Wishes;
use super::selection::Texts;
use belfry_kernel::Error;
use belfry_ngsi_ld::Json;
use belfry_ngsi_ld::query::filter::{self, Expansion};
use belfry_ngsi_ld::query::{EntityQuery, GeoQuery, Naming, OrderBy, ScopeQuery, Selector, parse_names};

/// The most selectors of one query.
const MAX_SELECTORS: usize = 200;

/// A Query (clause 5.2.23), its members looked at but not parsed. Lists of texts are joined with commas, as a query string
/// would have them.
#[derive(Debug, Default)]
pub struct QueryBody<'a> {
    entities: Option<&'a [Json]>,
    q: Option<&'a str>,
    geo: Option<&'a Json>,
    scope: Option<&'a str>,
    attrs: Option<String>,
    pick: Option<String>,
    omit: Option<String>,
    datasets: Option<String>,
    expand: Option<String>,
    keys: Option<String>,
    lang: Option<&'a str>,
    ordering: Option<&'a Json>,
    /// `temporalQ`, for the temporal query alone.
    pub temporal: Option<&'a Json>,
}

impl<'a> QueryBody<'a> {
    /// Looks at the members.
    ///
    /// # Errors
    /// `BadRequestData` for a member that is unknown or of the wrong kind.
    pub fn read(json: &'a Json) -> Result<Self, Error> {
        let Json::Object(members) = json else {
            return Err(Error::bad_data(format!("a query is an object, not {}", json.kind())));
        };
        let mut body = Self::default();
        if json.get("type").and_then(Json::as_str) != Some("Query") {
            return Err(Error::bad_data("a query has the type Query"));
        }
        for (key, value) in members {
            match key.as_str() {
                "type" | "@context" => {}
                "entities" => match value {
                    Json::Array(all) if !all.is_empty() && all.len() <= MAX_SELECTORS => body.entities = Some(all),
                    _ => {
                        return Err(Error::bad_data(format!(
                            "entities: it is an array of 1 to {MAX_SELECTORS} selectors"
                        )));
                    }
                },
                "q" => body.q = Some(text("q", value)?),
                "geoQ" => body.geo = Some(value),
                "scopeQ" => body.scope = Some(text("scopeQ", value)?),
                "attrs" => body.attrs = Some(list("attrs", value)?),
                "pick" => body.pick = Some(list("pick", value)?),
                "omit" => body.omit = Some(list("omit", value)?),
                "datasetId" => body.datasets = Some(list("datasetId", value)?),
                "expandValues" => body.expand = Some(list("expandValues", value)?),
                "jsonKeys" => body.keys = Some(list("jsonKeys", value)?),
                "lang" => body.lang = Some(text("lang", value)?),
                "ordering" => body.ordering = Some(value),
                "temporalQ" => body.temporal = Some(value),
                "splitEntities" | "entityMap" => {
                    if !matches!(value, Json::Bool(false)) {
                        return Err(Error::bad_data(format!(
                            "{key}: this server answers by itself; only false is known"
                        )));
                    }
                }
                other => {
                    let other: String = other.chars().take(60).collect();
                    return Err(Error::bad_data(format!("a query has no member {other:?}")));
                }
            }
        }
        Ok(body)
    }

    /// The query.
    ///
    /// # Errors
    /// `BadRequestData`.
    pub fn query(&self, naming: &Naming<'_>) -> Result<EntityQuery, Error> {
        let names = |what, text: &Option<String>| match text {
            Some(text) => parse_names(what, text, naming),
            None => Ok(Vec::new()),
        };
        names("jsonKeys", &self.keys)?;
        let expand = names("expandValues", &self.expand)?;
        let mut selectors = Vec::new();
        for one in self.entities.unwrap_or_default() {
            selectors.push(selector(one, naming)?);
        }
        Ok(EntityQuery {
            selectors,
            attrs: names("attrs", &self.attrs)?,
            q: self.q.map(|text| filter::parse(text, naming, Expansion(&expand))).transpose()?,
            geo: self.geo.map(|json| geo(json, naming)).transpose()?,
            scope: self.scope.map(|text| ScopeQuery::parse(text, naming)).transpose()?,
        })
    }

    /// The wanted order (clause 5.2.43).
    ///
    /// # Errors
    /// `BadRequestData`; `OperationNotSupported` for a collation.
    pub fn order(&self, naming: &Naming<'_>) -> Result<Option<OrderBy>, Error> {
        let Some(ordering) = self.ordering else { return Ok(None) };
        if !matches!(ordering, Json::Object(_)) {
            return Err(Error::bad_data("ordering: it is an object"));
        }
        if let Some(collation) = ordering.get("collation") {
            OrderBy::check_collation(text("collation", collation)?)?;
        }
        let from = ordering.get("coordinates").map(Json::to_string);
        let geometry = ordering.get("geometry").map(|g| text("geometry", g)).transpose()?;
        match ordering.get("orderBy") {
            Some(by) => OrderBy::parse(&list("orderBy", by)?, from.as_deref(), geometry, naming).map(Some),
            None => Err(Error::bad_data("ordering: orderBy is missing")),
        }
    }

    /// How the answer is to look: members of the body, form and geometry of the query string.
    pub fn wishes<'b>(&'b self, exchange: &'b Exchange) -> Wishes<'b> {
        let url = Wishes::of(&exchange.parameters);
        Wishes {
            attrs: self.attrs.as_deref().or(url.attrs),
            pick: self.pick.as_deref().or(url.pick),
            omit: self.omit.as_deref().or(url.omit),
            datasets: self.datasets.as_deref().or(url.datasets),
            lang: self.lang.or(url.lang),
            ..url
        }
    }

    /// Whether a selector asks for any type.
    pub fn any_type(&self) -> bool {
        let all = self.entities.unwrap_or_default();
        all.iter().any(|one| one.get("type").and_then(Json::as_str) == Some("*"))
    }
}

/// An EntitySelector (clause 5.2.33).
fn selector(json: &Json, naming: &Naming<'_>) -> Result<Selector, Error> {
    let Json::Object(members) = json else {
        return Err(Error::bad_data("entities: each selector is an object"));
    };
    let mut texts = Texts::default();
    let ids;
    let mut joined = None;
    for (key, value) in members {
        match key.as_str() {
            "type" => texts.types = Some(text("type", value)?),
            "idPattern" => texts.id_pattern = Some(text("idPattern", value)?),
            "id" => joined = Some(list("id", value)?),
            other => {
                let other: String = other.chars().take(60).collect();
                return Err(Error::bad_data(format!("entities: a selector has no member {other:?}")));
            }
        }
    }
    if texts.types.is_none() {
        return Err(Error::bad_data("entities: each selector has a type; * is any"));
    }
    if let Some(text) = joined {
        ids = text;
        texts.id = Some(&ids);
    }
    Ok(texts.selector(naming)?.unwrap_or_default())
}

fn geo(json: &Json, naming: &Naming<'_>) -> Result<GeoQuery, Error> {
    let get = |key: &'static str| json.get(key).ok_or_else(|| Error::bad_data(format!("geoQ: {key} is missing")));
    let property = json.get("geoproperty").map(|p| text("geoproperty", p)).transpose()?;
    let (relation, geometry) = (text("georel", get("georel")?)?, text("geometry", get("geometry")?)?);
    GeoQuery::from_json(relation, geometry, get("coordinates")?, property, naming)
}

fn text<'j>(what: &str, json: &'j Json) -> Result<&'j str, Error> {
    json.as_str().ok_or_else(|| Error::bad_data(format!("{what}: it is a text, not {}", json.kind())))
}

/// A text, or texts that are joined with commas.
fn list(what: &str, json: &Json) -> Result<String, Error> {
    match json {
        Json::Str(one) => Ok(one.to_string()),
        Json::Array(items) if !items.is_empty() => {
            let texts: Vec<&str> = items.iter().map(|item| text(what, item)).collect::<Result<_, _>>()?;
            Ok(texts.join(","))
        }
        Json::Array(_) => Err(Error::bad_data(format!("{what}: it is empty"))),
        other => Err(Error::bad_data(format!("{what}: it is an array of texts, not {}", other.kind()))),
    }
}
