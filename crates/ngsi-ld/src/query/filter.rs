//! The tree of a `q` condition (ETSI GS CIM 009 clause 4.9) and how it prints. Parsing and evaluation are in the
//! modules below it.

mod evaluate;
mod parse;

pub use evaluate::has;
pub use parse::{Expansion, parse};

use crate::Name;
use crate::query::term::is_bare;
use crate::query::{Literal, Pattern, Term};
use compact_str::CompactString;
use smallvec::SmallVec;
use std::fmt;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// All of these (`;`); two or more, none of them an `And`.
    And(Vec<Expr>),
    /// Any of these (`|`); two or more, none of them an `Or`.
    Or(Vec<Expr>),
    /// The element exists.
    Exists(Path),
    /// The element exists and compares with a constant.
    Compare {
        /// What is compared.
        path: Path,
        /// How.
        op: Op,
        /// With what.
        operand: Operand,
    },
    /// The element is a text that the expression is (`~=`) or is not (`!~=`) found in.
    Matches {
        /// What is searched.
        path: Path,
        /// The expression.
        pattern: Pattern,
        /// Whether it must not be found.
        negated: bool,
    },
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `<`
    Lt,
    /// `<=`
    Le,
}

/// What an element is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// One constant.
    One(Literal),
    /// Any of several (with `==`), or none of them (with `!=`); two or more.
    List(Vec<Literal>),
    /// Between two of one type, both included (with `==`), or not between them (with `!=`).
    Range(Literal, Literal),
}

/// Which element of an entity is meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Relationships to follow first, outermost first (`rel{Type:…}`); empty for an element of the entity itself.
    pub links: Vec<Link>,
    /// An attribute, then sub-attributes. Empty only when `member` says which of the entity's own times is meant.
    pub names: SmallVec<[Term; 1]>,
    /// A member of that attribute instead of its value (`temperature.observedAt`).
    pub member: Option<Member>,
    /// What follows in square brackets.
    pub trail: Trail,
}

/// A relationship to follow.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The relationship.
    pub relationship: Term,
    /// The linked entity has one of these types; empty for any type.
    pub types: Vec<Term>,
}

/// The brackets of a path.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Trail {
    /// None.
    #[default]
    None,
    /// `[*]`: any language.
    Any,
    /// `[a.b]`: members of a compound value, or a language tag.
    Members(SmallVec<[CompactString; 1]>),
}

/// The members of an attribute that a path can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// When the value was true.
    ObservedAt,
    /// When it was created here.
    CreatedAt,
    /// When it was last modified here.
    ModifiedAt,
    /// When it expires.
    ExpiresAt,
    /// The unit of a number.
    UnitCode,
    /// Which of several instances.
    DatasetId,
}

impl Member {
    /// Every member with its text.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::ObservedAt, "observedAt"),
        (Self::CreatedAt, "createdAt"),
        (Self::ModifiedAt, "modifiedAt"),
        (Self::ExpiresAt, "expiresAt"),
        (Self::UnitCode, "unitCode"),
        (Self::DatasetId, "datasetId"),
    ];

    /// The text.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The member of this text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, t)| *t == text).map(|(m, _)| *m)
    }

    /// Whether it is an instant.
    pub fn is_time(self) -> bool {
        matches!(self, Self::ObservedAt | Self::CreatedAt | Self::ModifiedAt | Self::ExpiresAt)
    }

    /// Whether an entity has it too.
    pub fn of_entity(self) -> bool {
        matches!(self, Self::CreatedAt | Self::ModifiedAt | Self::ExpiresAt)
    }
}

impl Op {
    /// The text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Lt => "<",
            Self::Le => "<=",
        }
    }
}

impl Expr {
    /// Adds the entity's own attributes that it looks at.
    pub(super) fn names(&self, into: &mut Vec<Name>) {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().for_each(|e| e.names(into)),
            Self::Exists(path) | Self::Compare { path, .. } | Self::Matches { path, .. } => {
                into.extend(path.first().and_then(|term| term.name));
            }
        }
    }

    /// How many relationships the deepest path follows.
    pub fn link_depth(&self) -> usize {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().map(Self::link_depth).max().unwrap_or(0),
            Self::Exists(path) | Self::Compare { path, .. } | Self::Matches { path, .. } => path.links.len(),
        }
    }

    /// Whether it names an attribute other than the entity's own times: a query by `q` alone needs one (clause
    /// 5.7.2.4).
    pub fn names_attribute(&self) -> bool {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().any(Self::names_attribute),
            Self::Exists(path) | Self::Compare { path, .. } | Self::Matches { path, .. } => {
                !path.links.is_empty() || !path.names.is_empty()
            }
        }
    }
}

impl Path {
    /// The name of the top-level attribute or relationship that must exist for this path to lead anywhere.
    pub fn first(&self) -> Option<&Term> {
        self.links.first().map(|link| &link.relationship).or_else(|| self.names.first())
    }
}

impl Expr {
    /// Sets of attributes: an entity that meets the condition has at least one attribute of each set.
    pub fn needs(&self) -> Vec<SmallVec<[Name; 4]>> {
        match self {
            Self::And(all) => all.iter().flat_map(Self::needs).collect(),
            other => other.needed().into_iter().collect(),
        }
    }

    /// The smallest of the sets, none when the condition can be met without any attribute.
    fn needed(&self) -> Option<SmallVec<[Name; 4]>> {
        match self {
            Self::And(all) => all.iter().filter_map(Self::needed).min_by_key(SmallVec::len),
            Self::Or(any) => {
                let mut names = SmallVec::new();
                for one in any {
                    for name in one.needed()? {
                        if !names.contains(&name) {
                            names.push(name);
                        }
                    }
                }
                Some(names)
            }
            Self::Exists(path) | Self::Compare { path, .. } | Self::Matches { path, .. } => {
                let first = path.links.first().map(|link| &link.relationship).or(path.names.first())?;
                Some(first.name.into_iter().collect())
            }
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(all) => list(f, all, ";", |f, e| match e {
                Self::Or(_) => write!(f, "({e})"),
                _ => e.fmt(f),
            }),
            Self::Or(any) => list(f, any, "|", |f, e| e.fmt(f)),
            Self::Exists(path) => path.fmt(f),
            Self::Compare { path, op, operand } => write!(f, "{path}{}{operand}", op.as_str()),
            Self::Matches { path, pattern, negated } => {
                let op = if *negated { "!~=" } else { "~=" };
                write!(f, "{path}{op}\"{}\"", pattern.as_str().replace('"', "\\\""))
            }
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(one) => one.fmt(f),
            Self::List(all) => list(f, all, ",", |f, l| l.fmt(f)),
            Self::Range(from, to) => write!(f, "{from}..{to}"),
        }
    }
}

/// Prints a name as `q` has it: between quotes when it could be read otherwise. Where types may come first (the second
/// member says so), a colon would end them.
struct Quoted<'t>(&'t Term, bool);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.0.text;
        let bare = is_bare(text) && Member::parse(text).is_none() && !(self.1 && text.contains(':'));
        if bare { f.write_str(text) } else { write!(f, "\"{text}\"") }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, link) in self.links.iter().enumerate() {
            write!(f, "{}{{", Quoted(&link.relationship, i > 0))?;
            if !link.types.is_empty() {
                list(f, &link.types, ",", |f, t| Quoted(t, true).fmt(f))?;
                f.write_str(":")?;
            }
        }
        let linked = !self.links.is_empty();
        list(f, &self.names, ".", |f, t| Quoted(t, linked).fmt(f))?;
        if let Some(member) = self.member {
            let dot = if self.names.is_empty() { "" } else { "." };
            write!(f, "{dot}{}", member.as_str())?;
        }
        match &self.trail {
            Trail::None => {}
            Trail::Any => f.write_str("[*]")?,
            Trail::Members(members) => {
                f.write_str("[")?;
                list(f, members, ".", |f, m| f.write_str(m))?;
                f.write_str("]")?;
            }
        }
        for _ in &self.links {
            f.write_str("}")?;
        }
        Ok(())
    }
}

pub(crate) fn list<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    separator: &str,
    each: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(separator)?;
        }
        each(f, item)?;
    }
    Ok(())
}
