//! What an index may know of a query: conditions that every entity in the answer must satisfy. An index that uses some
//! of them gives candidates; [`EntityQuery::matches`] decides.

use crate::Name;
use crate::query::{EntityQuery, Expr, GeoQuery, Literal, Op, Operand, Path, Place, ScopeQuery, Selector, Term, Trail};
use belfry_kernel::Iri;
use belfry_kernel::geo::Bounds;
use smallvec::SmallVec;

/// One necessary condition of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Conjunct<'a> {
    /// Nothing satisfies: an attribute or type that nothing ever had is asked for.
    Nothing,
    /// The identifier is one of these (sufficient, too).
    Ids(Vec<&'a Iri>),
    /// The identifier is this.
    Id(&'a str),
    /// The identifier begins with this.
    IdPrefix(&'a str),
    /// The entity has one of these types.
    Types(Vec<Name>),
    /// The entity has one of these attributes.
    AnyAttribute(Vec<Name>),
    /// The entity has this attribute (or sub-attributes and members below it, which need it).
    Has(Name),
    /// A value at this place is so. An attribute of several instances satisfies through any one of them; an index finds
    /// them by [`Place::leaves`] and [`Literal::leaf`].
    Value {
        /// Where.
        place: Place,
        /// How.
        test: ValueTest<'a>,
    },
    /// Of one of these alternatives, all that it needs; two or more, and none is empty.
    AnyOf(Vec<Vec<Conjunct<'a>>>),
    /// A geometry of this attribute has a point within one of the boxes (degrees, none across the antimeridian).
    Within {
        /// The GeoProperty.
        name: Name,
        /// One or two boxes.
        boxes: Vec<Bounds>,
    },
    /// A scope of the entity is one of these or below it; written with the first `/`.
    ScopePrefixes(Vec<String>),
}

/// How one simple value must be; where an index rounds, with the bounds included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueTest<'a> {
    /// It compares so with the constant; never `!=`.
    Compare(Op, &'a Literal),
    /// It equals one of the constants.
    OneOf(&'a [Literal]),
    /// It lies between the two, both included.
    Between(&'a Literal, &'a Literal),
    /// It is this text.
    Text(&'a str),
    /// It is a text that begins with this.
    Prefix(&'a str),
}

impl EntityQuery {
    /// The necessary conditions, in no order. Empty when only a look at every entity answers.
    pub fn conjuncts(&self) -> Vec<Conjunct<'_>> {
        let mut all = Vec::new();
        self.of_selectors(&mut all);
        if !self.attrs.is_empty() {
            all.push(any_of_names(known(&self.attrs), Conjunct::AnyAttribute));
        }
        if let Some(q) = &self.q {
            of_expr(q, &mut all);
        }
        if let Some(geo) = &self.geo {
            of_geo(geo, &mut all);
        }
        if let Some(scope) = &self.scope {
            of_scope(scope, &mut all);
        }
        all
    }

    fn of_selectors<'a>(&'a self, all: &mut Vec<Conjunct<'a>>) {
        if self.selectors.is_empty() {
            return;
        }
        if self.selectors.iter().all(|s| !s.ids.is_empty()) {
            all.push(Conjunct::Ids(self.selectors.iter().flat_map(|s| &s.ids).collect()));
        }
        if let [Selector { id_pattern: Some(pattern), .. }] = self.selectors.as_slice() {
            match (pattern.literal(), pattern.literal_prefix()) {
                (Some(id), _) => all.push(Conjunct::Id(id)),
                (None, "") => {}
                (None, prefix) => all.push(Conjunct::IdPrefix(prefix)),
            }
        }
        // One type of each conjunction is enough to find its entities.
        let mut types = Vec::new();
        for selector in &self.selectors {
            let Some(selection) = &selector.types else { return };
            for together in &selection.any_of {
                if together.iter().all(|t| t.name.is_some()) {
                    types.extend(together.first().and_then(|t| t.name));
                }
            }
        }
        types.sort_unstable();
        types.dedup();
        all.push(any_of_names(types, Conjunct::Types));
    }
}

fn known(terms: &[Term]) -> Vec<Name> {
    terms.iter().filter_map(|t| t.name).collect()
}

fn any_of_names<'a>(names: Vec<Name>, make: impl FnOnce(Vec<Name>) -> Conjunct<'a>) -> Conjunct<'a> {
    if names.is_empty() { Conjunct::Nothing } else { make(names) }
}

fn of_expr<'a>(expr: &'a Expr, all: &mut Vec<Conjunct<'a>>) {
    match expr {
        Expr::And(parts) => parts.iter().for_each(|e| of_expr(e, all)),
        Expr::Or(parts) => of_alternatives(parts, all),
        Expr::Exists(path) => drop(of_path(path, all)),
        Expr::Matches { path, pattern, negated } => {
            let place = of_path(path, all);
            let test = match (pattern.literal(), pattern.literal_prefix()) {
                _ if *negated => None,
                (Some(text), _) => Some(ValueTest::Text(text)),
                (None, "") => None,
                (None, prefix) => Some(ValueTest::Prefix(prefix)),
            };
            all.extend(place.zip(test).map(|(place, test)| Conjunct::Value { place, test }));
        }
        Expr::Compare { path, op, operand } => {
            let Some(place) = of_path(path, all) else { return };
            let test = match (op, operand) {
                (Op::Ne, _) => return,
                (_, Operand::One(literal)) => ValueTest::Compare(*op, literal),
                (_, Operand::List(literals)) => ValueTest::OneOf(literals),
                (_, Operand::Range(from, to)) => ValueTest::Between(from, to),
            };
            all.push(Conjunct::Value { place, test });
        }
    }
}

/// Adds the existence of the path's first attribute; answers where the path leads when that is within the entity, and not
/// to one of an attribute's own members.
fn of_path(path: &Path, all: &mut Vec<Conjunct<'_>>) -> Option<Place> {
    let first = path.first()?;
    let whole = path.names.iter().chain(path.links.iter().map(|l| &l.relationship)).all(|t| t.name.is_some());
    let Some(name) = first.name.filter(|_| whole) else {
        all.push(Conjunct::Nothing);
        return None;
    };
    all.push(Conjunct::Has(name));
    if !path.links.is_empty() || path.member.is_some() {
        return None;
    }
    let members = match &path.trail {
        // Any language is the whole value.
        Trail::None | Trail::Any => SmallVec::new(),
        Trail::Members(members) => members.clone(),
    };
    Some(Place { names: path.names.iter().filter_map(|t| t.name).collect(), members })
}

/// Of alternatives: an entity has at least one of the attributes that they begin with, and all that one of them needs.
fn of_alternatives<'a>(parts: &'a [Expr], all: &mut Vec<Conjunct<'a>>) {
    let (mut names, mut any_of) = (Some(Vec::new()), Vec::new());
    for part in parts {
        let mut needed = Vec::new();
        of_expr(part, &mut needed);
        if needed.contains(&Conjunct::Nothing) {
            continue;
        }
        if needed.is_empty() {
            return;
        }
        let attributes = needed.iter().find_map(|c| match c {
            Conjunct::Has(name) => Some(std::slice::from_ref(name)),
            Conjunct::AnyAttribute(names) => Some(names.as_slice()),
            _ => None,
        });
        names = names.zip(attributes).map(|(mut names, more): (Vec<Name>, &[Name])| {
            names.extend(more);
            names
        });
        any_of.push(needed);
    }
    if let [_] = any_of.as_slice() {
        all.append(&mut any_of[0]);
        return;
    }
    if let Some(mut names) = names {
        names.sort_unstable();
        names.dedup();
        all.push(any_of_names(names, Conjunct::AnyAttribute));
    }
    let tells_more = |c: &Conjunct<'_>| !matches!(c, Conjunct::Has(_) | Conjunct::AnyAttribute(_));
    if any_of.iter().flatten().any(tells_more) {
        all.push(Conjunct::AnyOf(any_of));
    }
}

fn of_geo<'a>(geo: &'a GeoQuery, all: &mut Vec<Conjunct<'a>>) {
    let Some(name) = geo.property.name else {
        all.push(Conjunct::Nothing);
        return;
    };
    match geo.search_boxes() {
        Some(boxes) => all.push(Conjunct::Within { name, boxes }),
        None => all.push(Conjunct::Has(name)),
    }
}

fn of_scope(scope: &ScopeQuery, all: &mut Vec<Conjunct<'_>>) {
    let mut prefixes = Vec::new();
    for together in &scope.any_of {
        // The longest prefix of a conjunction narrows most.
        let longest =
            together.iter().map(super::scope::ScopePattern::prefix).max_by_key(String::len).unwrap_or_default();
        if longest.is_empty() {
            return;
        }
        prefixes.push(longest);
    }
    all.push(Conjunct::ScopePrefixes(prefixes));
}
