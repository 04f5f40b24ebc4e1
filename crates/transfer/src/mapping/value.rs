//! What a cell becomes: numbers, texts, truths, points, relationships. Holds the rules of one attribute.

use super::columns::Columns;
use super::section::Section;
use super::template::Template;
use super::{Conventions, constant};
use crate::source::{Cell, Row};
use belfry_kernel::{Iri, Time};
use belfry_ngsi_ld::Json;
use compact_str::CompactString;
use std::borrow::Cow;

/// How deep the JSON of a cell may be.
const JSON_DEPTH: usize = 32;

/// One attribute of an entity rule.
#[derive(Clone, Debug)]
pub struct AttributeRule {
    /// The attribute's name, a term of the @context or an IRI.
    pub name: String,
    /// Tells several attributes of one name apart (clause 4.5.5).
    pub dataset: Option<Template>,
    unit: Option<String>,
    required: bool,
    observed: bool,
    missing: Vec<String>,
    value: ValueRule,
}

#[derive(Clone, Debug)]
enum ValueRule {
    Constant(Json),
    Number {
        column: usize,
        scale: f64,
        offset: f64,
        decimals: Option<i32>,
        min: f64,
        max: f64,
    },
    Text(Template),
    Truth {
        column: usize,
        yes: Vec<String>,
        no: Vec<String>,
    },
    /// Longitude, latitude and altitude columns.
    Point([usize; 2], Option<usize>),
    Geometry(usize),
    Relationship(Template),
    /// A cell of unknown kind: a number if it looks like one, else a text.
    Auto(usize),
    Json(usize),
    Vocab(Template),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Auto,
    Number,
    Text,
    Truth,
    Point,
    Geometry,
    Relationship,
    Json,
    Vocab,
}

const KINDS: [(&str, Kind); 9] = [
    ("auto", Kind::Auto),
    ("number", Kind::Number),
    ("text", Kind::Text),
    ("boolean", Kind::Truth),
    ("point", Kind::Point),
    ("geometry", Kind::Geometry),
    ("relationship", Kind::Relationship),
    ("json", Kind::Json),
    ("vocab", Kind::Vocab),
];

/// Why a cell is no value: the column, when one is to blame, and the reason.
pub(super) type Wrong = (Option<usize>, String);

impl AttributeRule {
    /// Reads an `[[entity.attribute]]` table.
    pub(super) fn read(section: &Section<'_>, columns: &mut Columns) -> Option<Self> {
        let name = section.text("name");
        let column = section.text("column");
        let index = column.as_ref().map(|c| columns.add(c.value, c.offset));
        let text = section.text("text").and_then(|t| Template::parse(&t, columns, section.document));
        let given = section.any("value");
        let mut place = |key| section.text(key).map(|c| columns.add(c.value, c.offset));
        let point = (place("longitude"), place("latitude"), place("altitude"));
        let kind = section.choice("type", &KINDS);
        let scale = section.number("scale");
        let offset = section.number("offset");
        let decimals = section.count("decimals", 15).map(|n| n as i32);
        let (min, max) = (section.number("min"), section.number("max"));
        let words = |key| section.texts(key).map(|list| list.iter().map(|t| t.value.to_owned()).collect::<Vec<_>>());
        let (yes, no) = (words("true"), words("false"));
        let missing = words("missing").unwrap_or_default();
        let rule = Self {
            name: name.as_ref().map_or_else(String::new, |n| n.value.to_owned()),
            dataset: section.text("dataset").and_then(|t| Template::parse(&t, columns, section.document)),
            unit: section.text("unit").map(|t| t.value.to_owned()),
            required: section.flag("required").unwrap_or(false),
            observed: section.flag("observed").unwrap_or(true),
            missing,
            value: ValueRule::Constant(Json::Null),
        };
        section.finish();
        if name.is_none() {
            section.missing("an attribute needs a name");
            return None;
        }
        let numeric = scale.is_some() || offset.is_some() || decimals.is_some() || min.is_some() || max.is_some();
        let kind = kind.unwrap_or(match (point.0, numeric) {
            (Some(_), _) => Kind::Point,
            (None, true) => Kind::Number,
            (None, false) if yes.is_some() || no.is_some() => Kind::Truth,
            (None, false) => Kind::Auto,
        });
        if numeric && kind != Kind::Number {
            section.missing("scale, offset, decimals, min and max are for type = \"number\"");
            return None;
        }
        let value = match (kind, index, text, given, point) {
            (Kind::Point, None, None, None, (Some(lon), Some(lat), alt)) => ValueRule::Point([lon, lat], alt),
            (Kind::Auto | Kind::Json, None, None, Some(given), (None, None, None)) => match constant::read(given.value)
            {
                Some(json) => ValueRule::Constant(json),
                None => {
                    section.document.refuse(given.offset, "value: this cannot be said in JSON", None);
                    return None;
                }
            },
            (Kind::Number, Some(column), None, None, (None, None, None)) => ValueRule::Number {
                column,
                scale: scale.unwrap_or(1.0),
                offset: offset.unwrap_or(0.0),
                decimals,
                min: min.unwrap_or(f64::NEG_INFINITY),
                max: max.unwrap_or(f64::INFINITY),
            },
            (Kind::Truth, Some(column), None, None, (None, None, None)) => ValueRule::Truth {
                column,
                yes: yes.unwrap_or_else(|| ["true", "yes", "1"].map(str::to_owned).to_vec()),
                no: no.unwrap_or_else(|| ["false", "no", "0"].map(str::to_owned).to_vec()),
            },
            (Kind::Geometry, Some(column), None, None, (None, None, None)) => ValueRule::Geometry(column),
            (Kind::Auto, Some(column), None, None, (None, None, None)) => ValueRule::Auto(column),
            (Kind::Json, Some(column), None, None, (None, None, None)) => ValueRule::Json(column),
            (Kind::Text | Kind::Relationship | Kind::Vocab | Kind::Auto, column, text, None, (None, None, None))
                if column.is_some() != text.is_some() =>
            {
                let template = text.or_else(|| column.map(Template::column))?;
                match kind {
                    Kind::Relationship => ValueRule::Relationship(template),
                    Kind::Vocab => ValueRule::Vocab(template),
                    _ => ValueRule::Text(template),
                }
            }
            _ => {
                section.missing(
                    "an attribute takes its value from exactly one of column = \"…\", text = \"… {Column} …\" (type text, \
                     relationship or vocab), value = … (a constant), or longitude = \"…\" with latitude = \"…\" (a point)",
                );
                return None;
            }
        };
        Some(Self { value, ..rule })
    }

    /// The normalized attribute instance for a row; none when its cell is empty and may be.
    pub(super) fn instance(
        &self,
        row: &Row,
        at: Option<Time>,
        conventions: &Conventions,
    ) -> Result<Option<Json>, Wrong> {
        let is_missing = |text: &str| conventions.is_missing(text) || self.missing.iter().any(|m| m == text.trim());
        let Some((kind, member, value)) = self.value(row, conventions, &is_missing)? else {
            return if self.required {
                Err((self.column(), "it is required, and empty here".into()))
            } else {
                Ok(None)
            };
        };
        let mut members: Vec<(CompactString, Json)> = Vec::with_capacity(5);
        members.push(("type".into(), kind.into()));
        members.push((member.into(), value));
        if let (Some(at), true) = (at, self.observed) {
            members.push(("observedAt".into(), at.with_text(|t| Json::Str(t.into()))));
        }
        if let Some(unit) = &self.unit {
            members.push(("unitCode".into(), unit.as_str().into()));
        }
        if let Some(dataset) = &self.dataset {
            let id = dataset
                .fill(row, is_missing)
                .map_err(|column| (Some(column), "the dataset's name is missing".to_owned()))?;
            Iri::parse(&id).map_err(|why| (dataset.first_column(), format!("dataset: {id:?} is no URI: {why}")))?;
            members.push(("datasetId".into(), id.as_str().into()));
        }
        Ok(Some(Json::Object(members)))
    }

    fn column(&self) -> Option<usize> {
        match &self.value {
            ValueRule::Constant(_) => None,
            ValueRule::Number { column, .. } | ValueRule::Truth { column, .. } => Some(*column),
            ValueRule::Geometry(column)
            | ValueRule::Auto(column)
            | ValueRule::Json(column)
            | ValueRule::Point([column, _], _) => Some(*column),
            ValueRule::Text(t) | ValueRule::Relationship(t) | ValueRule::Vocab(t) => t.first_column(),
        }
    }

    /// The kind of attribute, its value member and the value.
    fn value(
        &self,
        row: &Row,
        conventions: &Conventions,
        is_missing: &dyn Fn(&str) -> bool,
    ) -> Result<Option<(&'static str, &'static str, Json)>, Wrong> {
        let present = |index: usize| row.cell(index).filter(|cell| !cell.text().is_some_and(|t| is_missing(&t)));
        let number = |index: usize| -> Result<Option<f64>, Wrong> {
            let Some(cell) = present(index) else { return Ok(None) };
            conventions.number(cell).map(Some).map_err(|why| (Some(index), why))
        };
        let text = |template: &Template| template.fill(row, is_missing).ok();
        Ok(match &self.value {
            ValueRule::Constant(json) => Some(("Property", "value", json.clone())),
            ValueRule::Number { column, scale, offset, decimals, min, max } => match number(*column)? {
                None => None,
                Some(n) => {
                    let mut n = n * scale + offset;
                    if let Some(decimals) = decimals {
                        let power = 10_f64.powi(*decimals);
                        n = (n * power).round() / power;
                    }
                    if !n.is_finite() {
                        return Err((Some(*column), "the number is out of range".into()));
                    }
                    if n < *min || n > *max {
                        return Err((
                            Some(*column),
                            format!("{n} is not plausible; the mapping allows {min} to {max}"),
                        ));
                    }
                    Some(("Property", "value", Json::number(n)))
                }
            },
            ValueRule::Text(template) => text(template).map(|t| ("Property", "value", Json::Str(t.into()))),
            ValueRule::Vocab(template) => text(template).map(|t| ("VocabProperty", "vocab", Json::Str(t.into()))),
            ValueRule::Relationship(template) => match text(template) {
                None => None,
                Some(target) => {
                    let wrong = |why| {
                        (
                            template.first_column(),
                            format!(
                                "{target:?} is no URI: {why}; a template can make one, such as text = \"urn:ngsi-ld:Room:{{Room|slug}}\""
                            ),
                        )
                    };
                    Iri::parse(&target).map_err(wrong)?;
                    Some(("Relationship", "object", Json::Str(target.into())))
                }
            },
            ValueRule::Truth { column, yes, no } => match present(*column) {
                None => None,
                Some(Cell::Json(Json::Bool(b))) => Some(("Property", "value", Json::Bool(*b))),
                Some(cell) => {
                    let text = cell.text().unwrap_or(Cow::Borrowed(""));
                    let is = |words: &[String]| words.iter().any(|w| w.eq_ignore_ascii_case(text.trim()));
                    let truth = match (is(yes), is(no)) {
                        (true, _) => true,
                        (false, true) => false,
                        (false, false) => {
                            let list = |words: &[String]| words.join(", ");
                            return Err((
                                Some(*column),
                                format!("{text:?} is neither true ({}) nor false ({})", list(yes), list(no)),
                            ));
                        }
                    };
                    Some(("Property", "value", Json::Bool(truth)))
                }
            },
            ValueRule::Point([lon, lat], alt) => match (number(*lon)?, number(*lat)?) {
                (None, None) => None,
                (Some(x), Some(y)) => {
                    if !(-180.0..=180.0).contains(&x) {
                        return Err((Some(*lon), format!("the longitude {x} is not within -180 and 180 degrees")));
                    }
                    if !(-90.0..=90.0).contains(&y) {
                        return Err((Some(*lat), format!("the latitude {y} is not within -90 and 90 degrees")));
                    }
                    let mut position = vec![Json::number(x), Json::number(y)];
                    if let Some(alt) = alt {
                        position.extend(number(*alt)?.map(Json::number));
                    }
                    Some(("GeoProperty", "value", geojson("Point", Json::Array(position))))
                }
                (None, _) => return Err((Some(*lon), "the longitude is missing".into())),
                (_, None) => return Err((Some(*lat), "the latitude is missing".into())),
            },
            ValueRule::Geometry(column) => match present(*column) {
                None => None,
                Some(cell) => {
                    let json = match cell {
                        Cell::Json(json) => json.clone(),
                        Cell::Text(text) => Json::parse(text.as_bytes(), 16)
                            .map_err(|_| (Some(*column), "it is not a GeoJSON geometry".to_owned()))?,
                        Cell::Absent => return Ok(None),
                    };
                    belfry_ngsi_ld::geojson::parse_geometry(&json)
                        .map_err(|why| (Some(*column), why.public().to_owned()))?;
                    Some(("GeoProperty", "value", json))
                }
            },
            ValueRule::Json(column) => match present(*column) {
                None => None,
                Some(Cell::Json(json)) => Some(("Property", "value", json.clone())),
                Some(cell) => {
                    let text = cell.text().unwrap_or(Cow::Borrowed(""));
                    let json = Json::parse(text.as_bytes(), JSON_DEPTH)
                        .map_err(|why| (Some(*column), format!("it is not JSON: {}", why.public())))?;
                    Some(("Property", "value", json))
                }
            },
            ValueRule::Auto(column) => match present(*column) {
                None => None,
                Some(Cell::Json(json)) => Some(("Property", "value", json.clone())),
                Some(cell) => {
                    let text = cell.text().unwrap_or(Cow::Borrowed(""));
                    let value = match conventions.number(cell) {
                        Ok(n) if !is_code(text.trim()) => Json::number(n),
                        _ => Json::Str(text.trim().into()),
                    };
                    Some(("Property", "value", value))
                }
            },
        })
    }
}

/// Whether digits are a code rather than a number: 0071, +43.
fn is_code(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    matches!(digits, [b'0', b'0'..=b'9', ..] | [b'+', ..])
}

fn geojson(kind: &str, coordinates: Json) -> Json {
    Json::Object(vec![("type".into(), kind.into()), ("coordinates".into(), coordinates)])
}
