//! Reading entities, entity fragments and attribute fragments from JSON, in the normalized, concise and simplified forms,
//! mixed at will (clauses 4.5.1 to 4.5.5, 4.5.18 to 4.5.24, 5.5.4). Holds the entries; the parts are in the folder.

mod attribute;
mod batch;
mod fault;
mod member;
mod value;

use super::fragment::{AttributeFragment, EntityFragment, Field};
use super::{Limits, NULL};
use crate::{Context, Entity, Json, Name};
pub use batch::{Batch, BatchFault, read_batch, read_ids};
use belfry_kernel::{Error, Iri, Time};
use compact_str::CompactString;
use fault::Fault;
use smallvec::SmallVec;

/// What a body is read for: what it may leave out and where NGSI-LD Null may stand (clause 5.5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everything complete, nothing deleted: create, replace, append.
    Full,
    /// Several instances of one attribute with the same dataset, apart in time: temporal create and append.
    Temporal,
    /// Attributes complete, or deleted by Null: update attributes (5.6.2), batch upsert in update mode.
    Update,
    /// Members of an attribute may be left out or deleted: partial attribute update (5.6.4).
    Partial,
    /// The same, and Null may stand inside values: merge (5.6.17).
    Merge,
}

impl Mode {
    /// Whether a whole attribute may be deleted by Null.
    fn deletes_attributes(self) -> bool {
        matches!(self, Self::Update | Self::Partial | Self::Merge)
    }

    /// Whether members may be left out or deleted by Null.
    fn in_parts(self) -> bool {
        matches!(self, Self::Partial | Self::Merge)
    }
}

/// Reads JSON under one @context and one set of limits.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// Expands the terms.
    pub context: &'a Context,
    /// How large things may be, and which terms are refused.
    pub limits: &'a Limits,
    /// What the body is read for.
    pub mode: Mode,
    /// Whether the client said that the body is in the simplified form (4.5.4), so that every object is a value.
    pub simplified: bool,
}

/// Reads a whole entity (clause 5.2.4) from a JSON text. Its `@context` member is passed over, `context` is used; its
/// times are 1970-01-01 until an operation sets them.
///
/// # Errors
/// `InvalidRequest` when it is not JSON; `BadRequestData` naming the attribute and the member that is wrong.
pub fn read_entity(text: &[u8], context: &Context, limits: &Limits) -> Result<Entity, Error> {
    let reader = Reader::new(context, limits, Mode::Full);
    reader.entity(Json::parse(text, limits.json_depth)?)
}

/// Reads an entity fragment from a JSON text.
///
/// # Errors
/// As [`read_entity`].
pub fn read_fragment(text: &[u8], context: &Context, limits: &Limits, mode: Mode) -> Result<EntityFragment, Error> {
    Reader::new(context, limits, mode).fragment(Json::parse(text, limits.json_depth)?)
}

/// Reads the fragment of the one attribute `term`, the body of a request on `/entities/{id}/attrs/{term}`.
///
/// # Errors
/// As [`read_entity`].
pub fn read_attribute(
    text: &[u8],
    term: &str,
    context: &Context,
    limits: &Limits,
    mode: Mode,
) -> Result<AttributeFragment, Error> {
    Reader::new(context, limits, mode).attribute(term, Json::parse(text, limits.json_depth)?)
}

/// Takes the `@context` member out of a body, so that it can be processed before the body is read.
pub fn take_context(body: &mut Json) -> Option<Json> {
    let Json::Object(members) = body else { return None };
    let at = members.iter().rposition(|(key, _)| key == "@context")?;
    Some(members.remove(at).1)
}

impl<'a> Reader<'a> {
    /// A reader of the normalized and concise forms.
    pub fn new(context: &'a Context, limits: &'a Limits, mode: Mode) -> Self {
        Self { context, limits, mode, simplified: false }
    }

    /// Reads a whole entity.
    ///
    /// # Errors
    /// `BadRequestData`, naming the attribute and the member that is wrong.
    pub fn entity(&self, body: Json) -> Result<Entity, Error> {
        self.fragment(body)?.into_entity(Time::default())
    }

    /// Reads an entity fragment: id and type need not be there.
    ///
    /// # Errors
    /// `BadRequestData`, naming the attribute and the member that is wrong.
    pub fn fragment(&self, body: Json) -> Result<EntityFragment, Error> {
        self.fragment_members(body).map_err(|fault| fault.into_error())
    }

    /// Reads the fragment of the one attribute `term`.
    ///
    /// # Errors
    /// `BadRequestData`, naming the attribute and the member that is wrong.
    pub fn attribute(&self, term: &str, body: Json) -> Result<AttributeFragment, Error> {
        let read = || {
            let name = self.name(term, false)?;
            let mut found = Vec::with_capacity(1);
            self.instances(term, name, body, 1, true, &mut found).map_err(|fault| fault.under(term))?;
            match (found.pop(), found.is_empty()) {
                (Some(one), true) => Ok(one),
                _ => Err(Fault::new("only one instance can be given here").under(term)),
            }
        };
        read().map_err(|fault: Box<Fault>| fault.into_error())
    }

    fn fragment_members(&self, body: Json) -> Result<EntityFragment, Box<Fault>> {
        let Json::Object(members) = body else {
            return Err(Fault::new(format!("an entity is an object, not {}", body.kind())));
        };
        let mut fragment =
            EntityFragment { attributes: Vec::with_capacity(members.len()), ..EntityFragment::default() };
        let mut names: SmallVec<[Name; 32]> = SmallVec::new();
        for (key, value) in members {
            match key.as_str() {
                "id" | "@id" => {
                    if fragment.id.replace(member::iri("id", &value)?).is_some() {
                        return Err(Fault::new("id is given twice"));
                    }
                }
                "type" | "@type" => {
                    if !fragment.types.is_empty() {
                        return Err(Fault::new("type is given twice"));
                    }
                    fragment.types = self.types("type", &value)?;
                }
                "scope" => fragment.scopes = self.scopes(value)?,
                "expiresAt" => fragment.expires_at = member::time("expiresAt", &value, self.mode.in_parts())?,
                "createdAt" | "modifiedAt" | "deletedAt" | "@context" => {}
                term => {
                    let name = self.name(term, false)?;
                    names.push(name);
                    self.instances(term, name, value, 1, false, &mut fragment.attributes)
                        .map_err(|fault| fault.under(term))?;
                    if fragment.attributes.len() > self.limits.attributes {
                        return Err(Fault::new(format!(
                            "the entity has more than {} attribute instances",
                            self.limits.attributes
                        )));
                    }
                }
            }
        }
        // Two members may have the same term, and two terms may expand to the same name.
        names.sort_unstable_by_key(|name| name.id());
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Fault::new("it is given twice").under(pair[0].as_str()));
        }
        if matches!(self.mode, Mode::Full | Mode::Temporal)
            && fragment.attributes.iter().any(AttributeFragment::deletes)
        {
            return Err(Fault::new("urn:ngsi-ld:null cannot stand here"));
        }
        Ok(fragment)
    }

    fn scopes(&self, value: Json) -> Result<Field<Vec<CompactString>>, Box<Fault>> {
        let mut scopes = Vec::new();
        match value {
            Json::Str(text) if text == NULL && self.mode.deletes_attributes() => return Ok(Field::Delete),
            Json::Str(text) => scopes.push(member::scope(text)?),
            Json::Array(items) => {
                if items.len() > self.limits.scopes {
                    return Err(Fault::new(format!("the entity has more than {} scopes", self.limits.scopes)));
                }
                for item in items {
                    let Json::Str(text) = item else {
                        return Err(Fault::new(format!("scope: each one is a text, not {}", item.kind())));
                    };
                    let scope = member::scope(text)?;
                    if !scopes.contains(&scope) {
                        scopes.push(scope);
                    }
                }
            }
            other => {
                return Err(Fault::new(format!("scope: it is a text or an array of texts, not {}", other.kind())));
            }
        }
        Ok(Field::Set(scopes))
    }
}

/// The identifier that a client wrote, before anything else is known to be right: for the report of a batch.
fn id_of(body: &Json) -> Option<Iri> {
    let text = body.get("id").or_else(|| body.get("@id"))?.as_str()?;
    Iri::parse(text).ok()
}
