//! Compiled rules: every path, template and topic filter checked once, so that messages cost as little as they can.

use super::file::{AttributeText, MappingError, OneOrMany, RuleText};
use crate::path::Path;
use crate::reading::Value;
use crate::template::Template;
use crate::topic::Filter;
use compact_str::CompactString;
use std::sync::Arc;
use toml::Spanned;

/// How the payload of a rule is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// One value: a number, yes or no, a text.
    Value,
    /// A JSON document.
    Json,
    /// A SenML pack in JSON (RFC 8428).
    SenMl,
    /// An uplink of The Things Stack v3.
    Tts,
    /// An uplink of ChirpStack v4.
    ChirpStack,
    /// Home Assistant discovery and the states that it tells of.
    HomeAssistant,
    /// Sparkplug B 3.0.
    Sparkplug,
}

const FORMATS: [(&str, Format); 7] = [
    ("value", Format::Value),
    ("json", Format::Json),
    ("senml", Format::SenMl),
    ("tts", Format::Tts),
    ("chirpstack", Format::ChirpStack),
    ("homeassistant", Format::HomeAssistant),
    ("sparkplug", Format::Sparkplug),
];

/// What kind of value an attribute takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Any,
    Number,
    Bool,
    Text,
    Json,
    Point,
}

const KINDS: [(&str, Kind); 6] = [
    ("any", Kind::Any),
    ("number", Kind::Number),
    ("bool", Kind::Bool),
    ("text", Kind::Text),
    ("json", Kind::Json),
    ("point", Kind::Point),
];

/// Where the value of an attribute is.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The payload itself.
    Whole,
    /// In a document.
    Path(Path),
    /// Latitude and longitude apart.
    LatLon(Path, Path),
    /// The sample of this name.
    Name(CompactString),
}

#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    pub name: Template,
    /// The name, when no placeholder is in it.
    pub constant: Option<CompactString>,
    pub source: Source,
    pub unit: Option<CompactString>,
    pub kind: Kind,
    pub scale: Scale,
    pub offset: f64,
    pub required: bool,
    pub map: Vec<(CompactString, Value)>,
}

/// A factor; one over a whole number divides, so that 2345 times 0.01 is 23.45 and not 23.450000000000003.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scale {
    None,
    Times(f64),
    Over(f64),
}

impl Scale {
    fn new(factor: f64) -> Self {
        let over = (1.0 / factor).round();
        if factor == 1.0 {
            Self::None
        } else if over.abs() >= 2.0 && over.abs() < 1e15 && (1.0 / over - factor).abs() <= f64::EPSILON * factor.abs() {
            Self::Over(over)
        } else {
            Self::Times(factor)
        }
    }

    pub fn apply(self, n: f64) -> f64 {
        match self {
            Self::None => n,
            Self::Times(f) => n * f,
            Self::Over(d) => n / d,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub name: CompactString,
    pub filter: Filter,
    pub format: Format,
    pub device: Option<Template>,
    pub entity: Option<Template>,
    pub types: Types,
    pub observed_at: Option<Path>,
    pub each: Option<Path>,
    pub status: CompactString,
    /// None: every value becomes an attribute of its own name.
    pub attributes: Option<Vec<Attribute>>,
}

/// The types of a rule's entities: mostly the same for every message, so that they are shared.
#[derive(Clone, Debug)]
pub(crate) enum Types {
    Same(Arc<[CompactString]>),
    Filled(Vec<Template>),
}

fn compile_types(
    place: &Place<'_>,
    written: Option<&Spanned<OneOrMany>>,
    types: &[&str],
    filter: &Filter,
) -> Result<Types, MappingError> {
    let at = written.map_or(0, |t| t.span().start);
    let parse = |t: &&str| Template::parse(t, filter).map_err(|e| place.wrong(at, e));
    let templates = types.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let constants: Option<Vec<CompactString>> = templates.iter().map(|t| t.constant().map(Into::into)).collect();
    Ok(match constants {
        Some(constants) => Types::Same(constants.into()),
        None => Types::Filled(templates),
    })
}

struct Place<'a> {
    text: &'a str,
}

impl Place<'_> {
    fn wrong(&self, at: usize, why: impl Into<String>) -> MappingError {
        MappingError::new(self.text, Some(at), why)
    }

    fn path(&self, path: &Spanned<String>, around: usize) -> Result<Path, MappingError> {
        let at = if path.span().is_empty() { around } else { path.span().start };
        Path::parse(path.get_ref()).map_err(|e| self.wrong(at, format!("{:?}: {e}", path.get_ref())))
    }

    fn template(&self, text: &Spanned<String>, filter: &Filter) -> Result<Template, MappingError> {
        Template::parse(text.get_ref(), filter).map_err(|e| self.wrong(text.span().start, e))
    }

    fn choice<T: Copy>(&self, text: &Spanned<String>, from: &[(&str, T)], what: &str) -> Result<T, MappingError> {
        let found = from.iter().find(|(name, _)| name == text.get_ref());
        found.map(|(_, value)| *value).ok_or_else(|| {
            let near = from
                .iter()
                .map(|(n, _)| (strsim::jaro_winkler(text.get_ref(), n), *n))
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let names: Vec<&str> = from.iter().map(|(n, _)| *n).collect();
            let meant =
                near.filter(|(l, _)| *l > 0.7).map(|(_, n)| format!("; did you mean {n:?}?")).unwrap_or_default();
            self.wrong(
                text.span().start,
                format!("unknown {what} {:?}{meant} There are {}", text.get_ref(), names.join(", ")),
            )
        })
    }
}

pub(super) fn compile(text: &str, rule: &Spanned<RuleText>) -> Result<Rule, MappingError> {
    let place = Place { text };
    let start = rule.span().start;
    let rule = rule.get_ref();
    let topic = rule.topic.get_ref();
    let at = rule.topic.span().start;
    let filter = Filter::parse_with_captures(topic).map_err(|e| place.wrong(at, format!("topic {topic:?}: {e}")))?;
    let format = place.choice(&rule.format, &FORMATS, "format")?;
    let types: Vec<&str> = match rule.types.as_ref().map(Spanned::get_ref) {
        None => Vec::new(),
        Some(OneOrMany::One(t)) => vec![t],
        Some(OneOrMany::Many(ts)) => ts.iter().map(String::as_str).collect(),
    };
    match (&rule.entity, &rule.types) {
        (Some(e), None) => return Err(place.wrong(e.span().start, "an entity needs a type: add type = \"...\"")),
        (None, Some(t)) => {
            return Err(place.wrong(t.span().start, "a type needs an entity: add entity = \"urn:ngsi-ld:...\""));
        }
        (_, Some(t)) if types.is_empty() || types.iter().any(|t| t.is_empty()) => {
            return Err(place.wrong(t.span().start, "a type has a name"));
        }
        _ => {}
    }
    let document = matches!(format, Format::Json | Format::Tts | Format::ChirpStack);
    for (key, name, fits) in
        [(&rule.observed_at, "observed_at", document), (&rule.each, "each", format == Format::Json)]
    {
        if let (Some(key), false) = (key, fits) {
            return Err(place.wrong(key.span().start, format!("{name} has no meaning in this format")));
        }
    }
    let optional = |t: &Option<Spanned<String>>| t.as_ref().map(|t| place.template(t, &filter)).transpose();
    let path = |p: &Option<Spanned<String>>| p.as_ref().map(|p| place.path(p, start)).transpose();
    let attributes = rule.attributes.as_ref();
    let attributes = attributes
        .map(|all| all.iter().map(|(n, a)| attribute(&place, &filter, format, n, a)).collect::<Result<Vec<_>, _>>());
    let attributes = attributes.transpose()?;
    if format == Format::Value && attributes.as_ref().is_none_or(|a| a.len() != 1) {
        return Err(
            place.wrong(start, "a rule for plain values has exactly one attribute: [rule.attributes] temperature = {}")
        );
    }
    let entity = optional(&rule.entity)?;
    if let (Some(id), Some(at)) = (entity.as_ref().and_then(Template::constant), &rule.entity) {
        belfry_kernel::Iri::check(id).map_err(|e| place.wrong(at.span().start, format!("entity {id:?}: {e}")))?;
    }
    Ok(Rule {
        name: rule.name.as_deref().unwrap_or(topic).into(),
        device: optional(&rule.device)?,
        entity,
        types: compile_types(&place, rule.types.as_ref(), &types, &filter)?,
        observed_at: path(&rule.observed_at)?,
        each: path(&rule.each)?,
        status: rule.status.as_ref().map_or("status", |s| s.get_ref().as_str()).into(),
        attributes,
        filter,
        format,
    })
}

fn attribute(
    place: &Place<'_>,
    filter: &Filter,
    format: Format,
    name: &Spanned<String>,
    spanned: &Spanned<AttributeText>,
) -> Result<Attribute, MappingError> {
    let (at, a) = (spanned.span().start, spanned.get_ref());
    let wrong = |why: String| place.wrong(at, format!("{}: {why}", name.get_ref()));
    let mut kind = a.kind.as_ref().map_or(Ok(Kind::Any), |k| place.choice(k, &KINDS, "kind"))?;
    let source = match (format, &a.path, &a.lat, &a.lon) {
        (Format::Json | Format::Tts | Format::ChirpStack, None, Some(lat), Some(lon)) => {
            kind = Kind::Point;
            Source::LatLon(place.path(lat, at)?, place.path(lon, at)?)
        }
        (_, _, Some(_), _) | (_, _, _, Some(_)) => {
            return Err(wrong("lat and lon come together, in JSON, and without path".to_owned()));
        }
        (Format::Json | Format::Tts | Format::ChirpStack, Some(path), ..) => Source::Path(place.path(path, at)?),
        (Format::Json | Format::Tts | Format::ChirpStack, None, ..) => {
            return Err(wrong("it needs a path: { path = \"$...\" }".to_owned()));
        }
        (Format::Value, None, ..) => Source::Whole,
        (Format::Value, Some(_), ..) => return Err(wrong("a plain value has no path; write {}".to_owned())),
        (_, Some(n), ..) => Source::Name(n.get_ref().as_str().into()),
        (_, None, ..) => Source::Name(name.get_ref().as_str().into()),
    };
    if a.required && matches!(format, Format::SenMl | Format::HomeAssistant | Format::Sparkplug) {
        return Err(wrong("required has no meaning in this format: its messages carry some of the values".to_owned()));
    }
    let (scale, offset) = (a.scale.unwrap_or(1.0), a.offset.unwrap_or(0.0));
    if !scale.is_finite() || scale == 0.0 || !offset.is_finite() {
        return Err(wrong("scale and offset are finite numbers, scale not 0".to_owned()));
    }
    if (a.scale.is_some() || a.offset.is_some()) && !matches!(kind, Kind::Any | Kind::Number) {
        return Err(wrong("scale and offset are for numbers".to_owned()));
    }
    if a.scale.is_some() || a.offset.is_some() {
        kind = Kind::Number;
    }
    let map = a.map.iter().map(|(from, to)| {
        let value = match to {
            toml::Value::String(s) => Value::Text(s.as_str().into()),
            toml::Value::Integer(n) => Value::Number(*n as f64),
            toml::Value::Float(n) if n.is_finite() => Value::Number(*n),
            toml::Value::Boolean(b) => Value::Bool(*b),
            _ => return Err(wrong("map gives texts, numbers, true or false".to_owned())),
        };
        Ok((CompactString::from(from.as_str()), value))
    });
    let template = place.template(name, filter)?;
    Ok(Attribute {
        constant: template.constant().map(Into::into),
        name: template,
        source,
        unit: a.unit.as_deref().map(Into::into),
        kind,
        scale: Scale::new(scale),
        offset,
        required: a.required,
        map: map.collect::<Result<_, _>>()?,
    })
}
