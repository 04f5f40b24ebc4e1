//! One entity of a row: id, types, scope, attributes.

use super::Conventions;
use super::columns::Columns;
use super::section::Section;
use super::template::Template;
use super::value::{AttributeRule, Wrong};
use crate::source::Row;
use belfry_kernel::{Iri, Time};
use belfry_ngsi_ld::Json;
use compact_str::CompactString;

/// How a row becomes an entity.
#[derive(Clone, Debug)]
pub struct EntityRule {
    id: Template,
    types: Vec<String>,
    scopes: Vec<Template>,
    attributes: Vec<AttributeRule>,
}

impl EntityRule {
    /// Reads an `[[entity]]` table.
    pub(super) fn read(section: &Section<'_>, columns: &mut Columns) -> Option<Self> {
        let id = section.text("id");
        if id.is_none() {
            section.missing("an entity needs an id, such as id = \"urn:ngsi-ld:Well:{Well No|slug}\"");
        }
        let id_text = id.as_ref().map(|id| id.value.to_owned());
        let id_place = id.as_ref().map(|id| id.offset);
        let id = id.and_then(|id| Template::parse(&id, columns, section.document));
        if let (Some(template), Some(text), Some(offset)) = (&id, id_text, id_place)
            && template.is_constant()
            && let Err(why) = Iri::parse(&text)
        {
            section.document.refuse(offset, format!("entity.id: {text:?} is no URI: {why}"), None);
        }
        let types = section.texts("type").unwrap_or_default();
        if types.is_empty() {
            section.missing("an entity needs a type, such as type = \"WeatherObserved\"");
        }
        let scopes = section.texts("scope").unwrap_or_default();
        let scopes = scopes.iter().filter_map(|text| Template::parse(text, columns, section.document)).collect();
        let sections = section.tables("attribute");
        if sections.is_empty() {
            section.missing("an entity needs at least one [[entity.attribute]]");
        }
        let attributes: Vec<AttributeRule> =
            sections.iter().filter_map(|attribute| AttributeRule::read(attribute, columns)).collect();
        for (at, attribute) in attributes.iter().enumerate() {
            let twice = attributes[..at]
                .iter()
                .any(|a| a.name == attribute.name && (a.dataset.is_none() && attribute.dataset.is_none()));
            if twice {
                let message =
                    format!("attribute {:?} is mapped twice; tell them apart with dataset = \"urn:…\"", attribute.name);
                section.document.refuse(sections[at].offset, message, None);
            }
        }
        section.finish();
        Some(Self { id: id?, types: types.iter().map(|t| t.value.to_owned()).collect(), scopes, attributes })
    }

    /// The normalized entity of a row; none when no attribute has a value there.
    pub(super) fn entity(&self, row: &Row, at: Option<Time>, conventions: &Conventions) -> Result<Option<Json>, Wrong> {
        let is_missing = |text: &str| conventions.is_missing(text);
        let id = self
            .id
            .fill(row, is_missing)
            .map_err(|column| (Some(column), "the entity's id is made of it, and it is empty".to_owned()))?;
        Iri::parse(&id).map_err(|why| {
            (
                self.id.first_column(),
                format!("the id {id:?} is no URI: {why}; {{Column|slug}} makes a column fit for one"),
            )
        })?;
        let mut members: Vec<(CompactString, Json)> = Vec::with_capacity(self.attributes.len() + 3);
        members.push(("id".into(), Json::Str(id.into())));
        members.push(("type".into(), one_or_many(self.types.iter().map(|t| t.as_str().into()).collect())));
        let mut scopes = Vec::with_capacity(self.scopes.len());
        for scope in &self.scopes {
            let text = scope
                .fill(row, is_missing)
                .map_err(|column| (Some(column), "the scope is made of it, and it is empty".to_owned()))?;
            scopes.push(Json::Str(text.into()));
        }
        if !scopes.is_empty() {
            members.push(("scope".into(), one_or_many(scopes)));
        }
        let head = members.len();
        for attribute in &self.attributes {
            let Some(instance) = attribute.instance(row, at, conventions)? else { continue };
            match members[head..].iter_mut().find(|(name, _)| *name == attribute.name) {
                None => members.push((attribute.name.as_str().into(), instance)),
                Some((_, Json::Array(instances))) => instances.push(instance),
                Some((_, one)) => {
                    let first = std::mem::replace(one, Json::Null);
                    *one = Json::Array(vec![first, instance]);
                }
            }
        }
        Ok((members.len() > head).then_some(Json::Object(members)))
    }
}

fn one_or_many(mut items: Vec<Json>) -> Json {
    if items.len() == 1 { items.remove(0) } else { Json::Array(items) }
}
