//! The order of an answer (ETSI GS CIM 009 clause 4.23): `orderBy=name,age;desc` and the comparison it means. Texts are
//! ordered by code points; collations are not supported.

use crate::query::filter::{Path, list};
use crate::query::geo::{self, distance};
use crate::query::scan::Scanner;
use crate::query::{Expr, Literal, Member, Naming, Trail, filter};
use crate::{Attribute, Entity, Json, Name, Value};
use belfry_kernel::{Error, Geometry, Kind, Time};
use smallvec::SmallVec;
use std::cmp::Ordering;
use std::fmt;

/// By what an answer is ordered: the first term, then the next where it leaves a tie, at last the identifier.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderBy {
    /// The terms, one or more.
    pub terms: Vec<OrderTerm>,
    /// From where distances are measured (`orderFrom`, `orderGeometry`).
    pub from: Option<Geometry>,
}

/// One term.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderTerm {
    /// What is compared.
    pub by: OrderMember,
    /// Which way.
    pub direction: Direction,
}

/// What of an entity is compared.
#[derive(Clone, Debug, PartialEq)]
pub enum OrderMember {
    /// Its identifier.
    Id,
    /// Its types: the first by name, then the next.
    Type,
    /// Its scopes, likewise.
    Scope,
    /// An attribute, or what is in it; one of the entity's own times. Never of a linked entity.
    Path(Path),
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Direction {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
    /// Nearest first.
    Nearest,
    /// Farthest first.
    Farthest,
}

impl Direction {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Ascending, "asc"),
        (Self::Descending, "desc"),
        (Self::Nearest, "dist-asc"),
        (Self::Farthest, "dist-desc"),
    ];

    fn is_distance(self) -> bool {
        matches!(self, Self::Nearest | Self::Farthest)
    }
}

impl OrderBy {
    /// Parses `orderBy`; `from` and `geometry` are the texts of `orderFrom` and `orderGeometry` (`Point` when absent).
    ///
    /// # Errors
    /// `BadRequestData` with the place; `orderFrom` missing for an order by distance or malformed.
    pub fn parse(text: &str, from: Option<&str>, geometry: Option<&str>, naming: &Naming<'_>) -> Result<Self, Error> {
        let mut scan = Scanner::new("orderBy", text, naming.limits.bytes)?;
        let mut terms = Vec::new();
        loop {
            scan.skip_space();
            let start = scan.at();
            let word = scan.run(|c| c != ',' && c != ';').trim_end_matches([' ', '\t']);
            let by = match (word, filter::parse(word, naming, filter::Expansion::default())) {
                ("id", _) => OrderMember::Id,
                ("type", _) => OrderMember::Type,
                ("scope", _) => OrderMember::Scope,
                (_, Ok(Expr::Exists(path))) if path.links.is_empty() => OrderMember::Path(path),
                _ => return Err(scan.error_at(start, "an attribute, a sub-attribute or a member of a value")),
            };
            let mut direction = Direction::Ascending;
            if scan.eat(";") {
                let at = scan.at();
                let word = scan.run(|c| c.is_ascii_alphabetic() || c == '-');
                direction = Direction::ALL
                    .into_iter()
                    .find(|(_, t)| *t == word)
                    .map(|(d, _)| d)
                    .ok_or_else(|| scan.error_at(at, "asc, desc, dist-asc or dist-desc"))?;
            }
            if terms.len() == naming.limits.terms.min(16) {
                return Err(scan.complain(start, "there are more terms than allowed"));
            }
            terms.push(OrderTerm { by, direction });
            scan.skip_space();
            if !scan.eat(",") {
                break;
            }
        }
        if !scan.at_end() {
            return Err(scan.error("`;`, `,` or the end"));
        }
        let from = from
            .map(|text| geo::parse_reference("orderFrom", geometry.unwrap_or("Point"), text, naming))
            .transpose()?;
        if let Some(from) = &from {
            geo::check_size("orderFrom", from, geo::MAX_NEAR_POSITIONS)?;
        }
        if from.is_none() && terms.iter().any(|t| t.direction.is_distance()) {
            return Err(Error::bad_data("orderBy: an order by distance needs orderFrom"));
        }
        Ok(Self { terms, from })
    }

    /// Refuses a `collation` other than the order of code points.
    ///
    /// # Errors
    /// `OperationNotSupported`.
    pub fn check_collation(collation: &str) -> Result<(), Error> {
        match collation {
            "und" | "und-x-icu" | "und-u-co-standard" => Ok(()),
            _ => Err(Error::new(
                Kind::OperationNotSupported,
                "texts are ordered by code points; collations are not supported",
            )),
        }
    }

    /// The attributes that decide: entities of these alone stand to each other as the whole ones do.
    pub fn names(&self) -> impl Iterator<Item = Name> {
        self.terms.iter().filter_map(|term| match &term.by {
            OrderMember::Path(path) => path.first().and_then(|first| first.name),
            OrderMember::Id | OrderMember::Type | OrderMember::Scope => None,
        })
    }

    /// How two entities stand to each other: equal only when they are the same entity.
    pub fn compare(&self, a: &Entity, b: &Entity, now: Time) -> Ordering {
        for term in &self.terms {
            let (ka, kb) = (self.key(term, a, now), self.key(term, b, now));
            let order = match term.direction {
                // What cannot be compared so stands last both ways (clause 4.23.2).
                _ if ka.rank() != kb.rank() && (ka.is_last(term.direction) || kb.is_last(term.direction)) => {
                    ka.rank().cmp(&kb.rank())
                }
                Direction::Ascending | Direction::Nearest => ka.compare(&kb),
                Direction::Descending | Direction::Farthest => kb.compare(&ka),
            };
            if order.is_ne() {
                return order;
            }
        }
        a.id.cmp(&b.id)
    }

    fn key<'a>(&self, term: &OrderTerm, entity: &'a Entity, now: Time) -> Key<'a> {
        let path = match &term.by {
            OrderMember::Id => return Key::Text(entity.id.as_str()),
            OrderMember::Type => return Key::texts(entity.types.iter().map(|t| t.as_str())),
            OrderMember::Scope => return Key::texts(entity.scopes.iter().map(|s| s.strip_prefix('/').unwrap_or(s))),
            OrderMember::Path(path) => path,
        };
        if path.names.is_empty() {
            return match path.member {
                Some(Member::CreatedAt) => Key::DateTime(entity.created_at),
                Some(Member::ModifiedAt) => Key::DateTime(entity.modified_at),
                _ => entity.expires_at.map_or(Key::Absent, Key::DateTime),
            };
        }
        let mut attributes = entity.attributes.as_slice();
        let mut found: Option<&Attribute> = None;
        for name in &path.names {
            found =
                name.name.and_then(|n| attributes.iter().find(|a| a.name == n && a.expires_at.is_none_or(|t| t > now)));
            match found {
                Some(a) => attributes = &a.sub,
                None => return Key::Absent,
            }
        }
        let Some(attribute) = found else { return Key::Absent };
        if let (true, Value::Geo(geometry), Some(from)) = (term.direction.is_distance(), &attribute.value, &self.from) {
            return Key::Distance(distance::metres(from, geometry));
        }
        Key::of(path, attribute)
    }
}

/// A value by the order of types of clause 4.23.2; the order of the variants is that order.
enum Key<'a> {
    Distance(f64),
    Number(f64),
    Text(&'a str),
    Texts(SmallVec<[&'a str; 2]>),
    Object,
    Array,
    Bool(bool),
    TimeOfDay(i64),
    Date(Time),
    DateTime(Time),
    Null,
    Absent,
}

impl<'a> Key<'a> {
    fn texts(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut texts: SmallVec<[&str; 2]> = texts.collect();
        texts.sort_unstable();
        if texts.is_empty() { Self::Absent } else { Self::Texts(texts) }
    }

    fn of(path: &Path, attribute: &'a Attribute) -> Self {
        let text = |text: Option<&'a str>| text.map_or(Self::Absent, Self::Text);
        match path.member {
            Some(Member::ObservedAt) => return attribute.observed_at.map_or(Self::Absent, Self::DateTime),
            Some(Member::CreatedAt) => return Self::DateTime(attribute.created_at),
            Some(Member::ModifiedAt) => return Self::DateTime(attribute.modified_at),
            Some(Member::ExpiresAt) => return attribute.expires_at.map_or(Self::Absent, Self::DateTime),
            Some(Member::UnitCode) => return text(attribute.unit_code.as_deref()),
            Some(Member::DatasetId) => return text(attribute.dataset_id.as_ref().map(|id| id.as_str())),
            None => {}
        }
        match (&attribute.value, &path.trail) {
            (Value::Property(json) | Value::Json(json), Trail::None) => Self::of_json(json),
            (Value::Property(json) | Value::Json(json), Trail::Members(members)) => {
                members.iter().try_fold(json, |json, m| json.get(m)).map_or(Self::Absent, Self::of_json)
            }
            (Value::Language(map), Trail::Members(tag)) => match tag.as_slice() {
                [tag] => map.iter().find(|(t, _)| t == tag).map_or(Self::Absent, |(_, json)| Self::of_json(json)),
                _ => Self::Absent,
            },
            (Value::Language(map), _) => map.first().map_or(Self::Absent, |(_, json)| Self::of_json(json)),
            (Value::Vocab(terms), Trail::None) => text(terms.as_slice().first().map(|t| t.as_str())),
            (Value::Relationship { .. } | Value::ListRelationship { .. }, Trail::None) => {
                text(attribute.value.targets().first().map(|t| t.as_str()))
            }
            (Value::List(_), Trail::None) => Self::Array,
            (Value::Geo(_), Trail::None) => Self::Object,
            _ => Self::Absent,
        }
    }

    fn of_json(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(b) => Self::Bool(*b),
            Json::Int(i) => Self::Number(*i as f64),
            Json::Float(f) => Self::Number(*f),
            Json::Array(_) => Self::Array,
            Json::Object(_) => match json.get("@value") {
                Some(inner) if !matches!(inner, Json::Object(_)) => Self::of_json(inner),
                _ => Self::Object,
            },
            Json::Str(text) if text.as_bytes().first().is_some_and(u8::is_ascii_digit) => Time::parse(text)
                .map(Self::DateTime)
                .ok()
                .or_else(|| Literal::parse_date(text).map(Self::Date))
                .or_else(|| Literal::parse_time_of_day(text).map(Self::TimeOfDay))
                .unwrap_or(Self::Text(text)),
            Json::Str(text) => Self::Text(text),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Distance(_) => 0,
            Self::Number(_) => 1,
            Self::Text(_) | Self::Texts(_) => 2,
            Self::Object => 3,
            Self::Array => 4,
            Self::Bool(_) => 5,
            Self::TimeOfDay(_) => 6,
            Self::Date(_) => 7,
            Self::DateTime(_) => 8,
            Self::Null => 9,
            Self::Absent => 10,
        }
    }

    fn is_last(&self, direction: Direction) -> bool {
        matches!(self, Self::Null | Self::Absent) || (direction.is_distance() && !matches!(self, Self::Distance(_)))
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Distance(a), Self::Distance(b)) | (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Texts(a), Self::Texts(b)) => a.cmp(b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::TimeOfDay(a), Self::TimeOfDay(b)) => a.cmp(b),
            (Self::Date(a), Self::Date(b)) | (Self::DateTime(a), Self::DateTime(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl fmt::Display for OrderBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, &self.terms, ",", |f, t| {
            match &t.by {
                OrderMember::Id => f.write_str("id")?,
                OrderMember::Type => f.write_str("type")?,
                OrderMember::Scope => f.write_str("scope")?,
                OrderMember::Path(path) => path.fmt(f)?,
            }
            match t.direction {
                Direction::Ascending => Ok(()),
                other => write!(f, ";{}", Direction::ALL[other as usize].1),
            }
        })
    }
}
