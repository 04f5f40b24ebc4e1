//! Rendering entities as JSON text, straight into a buffer: normalized, concise, simplified, GeoJSON, temporal
//! (clauses 4.5.1 to 4.5.9, 4.5.16, 4.5.17, 4.5.19). Holds what a client may ask for; the parts are in the folder.

mod attribute;
mod geojson;
mod language;
mod temporal;
mod value;

use crate::json::write_str;
use crate::lent::{EntityRef, Source};
use crate::{Context, Entity, Name};
use belfry_kernel::{Iri, Time};
pub use language::Languages;
use smallvec::SmallVec;
pub use temporal::{
    Aggregate, AggregatedSeries, TemporalAttribute, TemporalEntity, TemporalForm, TemporalInstance, TemporalView,
    write_temporal,
};

/// How attributes are shown (clauses 4.5.2.2, 4.5.2.3, 4.5.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Representation {
    /// Every member, with types.
    #[default]
    Normalized,
    /// Lossless, what can be inferred left out.
    Concise,
    /// Values alone.
    Simplified,
}

/// Which attributes are shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Select {
    /// All of them.
    #[default]
    All,
    /// These only.
    Only(Vec<Branch>),
    /// All but these.
    Except(Vec<Branch>),
}

/// One attribute of a selection, and what of the entities that it links to.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// The attribute.
    pub name: Name,
    /// What is shown of its linked entities, when they are joined in.
    pub below: Select,
}

impl Select {
    /// Only these attributes, whole.
    pub fn only(names: impl IntoIterator<Item = Name>) -> Self {
        Self::Only(names.into_iter().map(|name| Branch { name, below: Self::All }).collect())
    }

    /// All but these attributes.
    pub fn except(names: impl IntoIterator<Item = Name>) -> Self {
        Self::Except(names.into_iter().map(|name| Branch { name, below: Self::All }).collect())
    }

    /// Whether this attribute is shown. In an exception, a branch with something below it keeps the attribute itself.
    pub fn shows(&self, name: Name) -> bool {
        match self {
            Self::All => true,
            Self::Only(branches) => branches.iter().any(|b| b.name == name),
            Self::Except(branches) => !branches.iter().any(|b| b.name == name && b.below == Self::All),
        }
    }
}

/// What a client wants to see of an entity, and how.
#[derive(Clone, Debug)]
pub struct View {
    /// The form of attributes.
    pub representation: Representation,
    /// Whether createdAt, modifiedAt and expiresAt are shown (clause 6.3.11).
    pub sys_attrs: bool,
    /// Natural languages in which LanguageProperties are shown as plain Properties (clause 4.15).
    pub languages: Option<Languages>,
    /// Whether the id is shown (clause 4.21: not when `pick` leaves it out or `omit` names it).
    pub id: bool,
    /// Whether the type is shown.
    pub types: bool,
    /// Whether the scope is shown.
    pub scope: bool,
    /// Which attributes are shown.
    pub select: Select,
    /// The instances that are shown, by dataset id; `None` among them is the default instance (clause 4.5.5).
    pub datasets: Option<Vec<Option<Iri>>>,
}

impl Default for View {
    fn default() -> Self {
        Self {
            representation: Representation::Normalized,
            sys_attrs: false,
            languages: None,
            id: true,
            types: true,
            scope: true,
            select: Select::All,
            datasets: None,
        }
    }
}

impl View {
    /// Whether this instance's dataset is shown.
    fn shows_dataset(&self, dataset_id: Option<&str>) -> bool {
        self.datasets.as_ref().is_none_or(|shown| shown.iter().any(|s| s.as_ref().map(Iri::as_str) == dataset_id))
    }
}

/// How the entities of one answer are written.
#[derive(Clone, Copy, Debug)]
pub struct Rendering<'a> {
    /// What names are compacted by.
    pub context: &'a Context,
    /// What is shown.
    pub view: &'a View,
    /// As GeoJSON features (clauses 4.5.16, 4.5.17), and which property is their geometry; without one it is null.
    pub feature: Option<Option<Name>>,
    /// The JSON text of the `@context` member for a body of `application/ld+json`; without one the member is left out.
    pub context_member: Option<&'a str>,
}

impl Rendering<'_> {
    /// Appends one entity.
    ///
    /// # Errors
    /// When it cannot be read; what was appended until then is of no use.
    pub fn write<'e, S: Source<'e>>(&self, entity: &EntityRef<'e, S>, out: &mut Vec<u8>) -> Result<(), S::Fault> {
        match self.feature {
            Some(geometry) => self.write_feature(entity, geometry, out),
            None => self.write_entity(entity, out),
        }
    }

    /// The same for the entities of a list: a feature has no `@context` there.
    pub fn of_items(self) -> Self {
        let context_member = if self.feature.is_some() { None } else { self.context_member };
        Self { context_member, ..self }
    }

    /// Opens a list: an array, or a FeatureCollection.
    pub fn open_list(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(match self.feature {
            Some(_) => b"{\"type\":\"FeatureCollection\",\"features\":[",
            None => b"[".as_slice(),
        });
    }

    /// Closes a list; the `@context` of a FeatureCollection stands once, at its top.
    pub fn close_list(&self, out: &mut Vec<u8>) {
        out.push(b']');
        if self.feature.is_some() {
            self.writer(out).context_member(self.context_member);
            out.push(b'}');
        }
    }

    fn write_entity<'e, S: Source<'e>>(&self, entity: &EntityRef<'e, S>, out: &mut Vec<u8>) -> Result<(), S::Fault> {
        let mut writer = self.writer(out);
        writer.out.push(b'{');
        if self.view.id {
            writer.out.extend_from_slice(b"\"id\":");
            write_str(entity.id, writer.out);
        }
        writer.described(entity);
        writer.attributes(entity.attributes, true)?;
        writer.context_member(self.context_member);
        writer.out.push(b'}');
        Ok(())
    }

    fn writer<'w>(&'w self, out: &'w mut Vec<u8>) -> Writer<'w> {
        Writer { context: self.context, view: self.view, out }
    }
}

/// Appends one entity. `context_member` is the JSON text of the `@context` member for a body of
/// `application/ld+json`; without one the member is left out.
pub fn write_entity(entity: &Entity, context: &Context, view: &View, context_member: Option<&str>, out: &mut Vec<u8>) {
    let Ok(()) = Rendering { context, view, feature: None, context_member }.write(&entity.into(), out);
}

/// Appends the entity as a Feature: its geometry is the value of `geometry_property` (`location` unless the client said
/// otherwise), null when there is none or no property is named. The geometry is that of the instance in a shown dataset, the default one first.
pub fn write_feature(
    entity: &Entity,
    context: &Context,
    view: &View,
    geometry_property: impl Into<Option<Name>>,
    context_member: Option<&str>,
    out: &mut Vec<u8>,
) {
    let feature = Some(geometry_property.into());
    let Ok(()) = Rendering { context, view, feature, context_member }.write(&entity.into(), out);
}

/// What every part of the rendering needs.
struct Writer<'a> {
    context: &'a Context,
    view: &'a View,
    out: &'a mut Vec<u8>,
}

impl Writer<'_> {
    /// A comma, unless the object has just been opened.
    fn comma(&mut self) {
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
    }

    /// Types and scope, as far as they are shown.
    fn kinds(&mut self, types: &[Name], scopes: &[impl AsRef<str>]) {
        if self.view.types {
            self.comma();
            self.out.extend_from_slice(b"\"type\":");
            self.terms(types);
        }
        if self.view.scope && !scopes.is_empty() {
            self.comma();
            self.out.extend_from_slice(b"\"scope\":");
            if let [one] = scopes {
                write_str(one.as_ref(), self.out);
            } else {
                write_list(self.out, scopes.iter(), |out, scope| write_str(scope.as_ref(), out));
            }
        }
    }

    /// Types, scope and the system's times.
    fn described<S>(&mut self, entity: &EntityRef<'_, S>) {
        self.kinds(&entity.types, &entity.scopes);
        if self.view.sys_attrs {
            self.time(b"\"createdAt\":", entity.created_at);
            self.time(b"\"modifiedAt\":", entity.modified_at);
            if let Some(expires_at) = entity.expires_at {
                self.time(b"\"expiresAt\":", expires_at);
            }
        }
    }

    fn context_member(&mut self, member: Option<&str>) {
        if let Some(member) = member {
            self.comma();
            self.out.extend_from_slice(b"\"@context\":");
            self.out.extend_from_slice(member.as_bytes());
        }
    }

    /// A term, or an array of several.
    fn terms(&mut self, names: &[Name]) {
        if let [one] = names {
            write_str(self.context.compact(*one), self.out);
        } else {
            let context = self.context;
            write_list(self.out, names.iter(), |out, name| write_str(context.compact(*name), out));
        }
    }

    /// A member that is a time; `key` is quoted, with its colon.
    fn time(&mut self, key: &[u8], time: Time) {
        self.comma();
        self.out.extend_from_slice(key);
        write_time(time, self.out);
    }
}

fn write_time(time: Time, out: &mut Vec<u8>) {
    out.push(b'"');
    time.with_text(|text| out.extend_from_slice(text.as_bytes()));
    out.push(b'"');
}

fn write_list<T>(out: &mut Vec<u8>, items: impl Iterator<Item = T>, mut each: impl FnMut(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        each(out, item);
    }
    out.push(b']');
}

/// The types of an entity as a client sees them: for reports that hold no entity.
pub fn write_types(types: &SmallVec<[Name; 1]>, context: &Context, out: &mut Vec<u8>) {
    let view = View::default();
    Writer { context, view: &view, out }.terms(types);
}
