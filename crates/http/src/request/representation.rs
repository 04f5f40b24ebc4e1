//! How entities are shown: form, system times, selection, languages, datasets (ETSI GS CIM 009 clauses 4.5.5, 4.15, 4.21,
//! 6.3.7, 6.3.11, 6.3.15). Renders nothing.

use super::media::Media;
use super::parameters::parameter;
use super::query::Parameters;
use crate::operation::{Parameter, Schema};
use belfry_kernel::{Error, Iri};
use belfry_ngsi_ld::form::write::{Branch, Languages};
use belfry_ngsi_ld::form::{Rendering, Representation, Select, View};
use belfry_ngsi_ld::query::{Naming, Projection, parse_names};
use belfry_ngsi_ld::{Context, Name};

/// The parameters.
pub(crate) const PARAMETERS: &[Parameter] = &[
    parameter("attrs", Schema::Text, "Attributes to show; in a query also to have at least one of."),
    parameter("pick", Schema::Text, "Members to show, and no others (clause 4.21)."),
    parameter("omit", Schema::Text, "Members to leave out (clause 4.21)."),
    parameter("datasetId", Schema::Text, "Instances to show, by dataset; @none is the default one."),
    parameter("lang", Schema::Text, "Languages in which LanguageProperties are shown as plain texts."),
    parameter("geometryProperty", Schema::Text, "The GeoProperty that is the geometry of a GeoJSON feature."),
    parameter(
        "format",
        Schema::OneOf(&["normalized", "concise", "simplified", "keyValues"]),
        "The form of attributes.",
    ),
    parameter(
        "options",
        Schema::SomeOf(&["normalized", "concise", "simplified", "keyValues", "sysAttrs"]),
        "The form of attributes; sysAttrs for the system's times.",
    ),
];

/// How deep the entities of an answer are shown, and as what.
#[derive(Clone, Debug)]
pub struct Shape {
    /// What is shown.
    pub view: View,
    /// Whether it is shown as GeoJSON features.
    pub geojson: bool,
    /// Their geometry; none when nothing here has an attribute of that name, so that it is null.
    pub geometry: Option<Name>,
}

impl Shape {
    /// How entities are written in this shape.
    pub fn rendering<'a>(&'a self, context: &'a Context, context_member: Option<&'a str>) -> Rendering<'a> {
        Rendering { context, view: &self.view, feature: self.geojson.then_some(self.geometry), context_member }
    }
}

/// What a client may say about the representation, from a query string or the body of a query.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes<'a> {
    /// `attrs`
    pub attrs: Option<&'a str>,
    /// `pick`
    pub pick: Option<&'a str>,
    /// `omit`
    pub omit: Option<&'a str>,
    /// `datasetId`
    pub datasets: Option<&'a str>,
    /// `lang`
    pub lang: Option<&'a str>,
    /// `geometryProperty`
    pub geometry: Option<&'a str>,
    /// `format`
    pub format: Option<&'a str>,
    /// `options`
    pub options: Option<&'a str>,
}

impl<'a> Wishes<'a> {
    /// What the query string says.
    pub fn of(parameters: &'a Parameters) -> Self {
        Self {
            attrs: parameters.get("attrs"),
            pick: parameters.get("pick"),
            omit: parameters.get("omit"),
            datasets: parameters.get("datasetId"),
            lang: parameters.get("lang"),
            geometry: parameters.get("geometryProperty"),
            format: parameters.get("format"),
            options: parameters.get("options"),
        }
    }

    /// The shape that they ask for.
    ///
    /// # Errors
    /// `BadRequestData` for what is malformed or contradicts itself, `InvalidRequest` for options that do.
    pub fn shape(&self, context: &Context, media: Media) -> Result<Shape, Error> {
        let naming = Naming::new(context);
        let mut view = View {
            representation: self.representation()?,
            sys_attrs: self.options.is_some_and(|o| o.split(',').any(|one| one == "sysAttrs")),
            languages: self.lang.map(Languages::parse).transpose()?,
            datasets: self.datasets.map(datasets).transpose()?,
            ..View::default()
        };
        if self.attrs.is_some() && (self.pick.is_some() || self.omit.is_some()) {
            return Err(Error::bad_data("attrs stands for pick and q; it cannot be combined with pick or omit"));
        }
        if let Some(attrs) = self.attrs {
            let terms = parse_names("attrs", attrs, &naming)?;
            view.select = Select::only(terms.iter().filter_map(|t| t.name));
        }
        let pick = self.pick.map(|text| Projection::parse("pick", text, &naming)).transpose()?;
        let omit = self.omit.map(|text| Projection::parse("omit", text, &naming)).transpose()?;
        if pick.iter().chain(&omit).any(|p| p.depth() > 0) {
            return Err(Error::bad_data("pick and omit: braces are for linked entities, which were not asked for"));
        }
        if let Some(pick) = &pick {
            view.id = pick.get("id").is_some();
            view.types = pick.get("type").is_some();
            view.scope = pick.get("scope").is_some();
            view.select = Select::Only(branches(pick, omit.as_ref()));
        } else if let Some(omit) = &omit {
            view.select = Select::Except(branches(omit, None));
        }
        if let Some(omit) = &omit {
            view.id &= omit.get("id").is_none();
            view.types &= omit.get("type").is_none();
            view.scope &= omit.get("scope").is_none();
        }
        let geometry = match (self.geometry, media) {
            (Some(_), Media::Json | Media::JsonLd) => {
                return Err(Error::bad_data("geometryProperty is for answers in application/geo+json"));
            }
            (Some(term), Media::GeoJson) => context.expand_known(term)?,
            (None, Media::GeoJson) => Some(context.expand("location")?),
            (None, _) => None,
        };
        Ok(Shape { view, geojson: media == Media::GeoJson, geometry })
    }

    fn representation(&self) -> Result<Representation, Error> {
        if let Some(format) = self.format {
            return form(format)
                .ok_or_else(|| Error::invalid("format: it is one of normalized, concise, simplified, keyValues"));
        }
        let mut found = None;
        for one in self.options.unwrap_or_default().split(',').filter_map(form) {
            if found.is_some_and(|before| before != one) {
                return Err(Error::invalid("options: two forms of attributes contradict each other"));
            }
            found = Some(one);
        }
        Ok(found.unwrap_or_default())
    }
}

fn form(name: &str) -> Option<Representation> {
    match name {
        "normalized" => Some(Representation::Normalized),
        "concise" => Some(Representation::Concise),
        "simplified" | "keyValues" => Some(Representation::Simplified),
        _ => None,
    }
}

fn branches(of: &Projection, but: Option<&Projection>) -> Vec<Branch> {
    of.terms
        .iter()
        .filter(|t| but.is_none_or(|but| but.get(&t.term.text).is_none()))
        .filter_map(|t| t.term.name)
        .map(|name| Branch { name, below: Select::All })
        .collect()
}

fn datasets(text: &str) -> Result<Vec<Option<Iri>>, Error> {
    text.split(',')
        .map(|one| match one.trim() {
            "@none" => Ok(None),
            uri => Iri::parse(uri)
                .map(Some)
                .map_err(|e| Error::bad_data(format!("datasetId: each one is a URI or @none; {e}"))),
        })
        .collect()
}
