//! What an index may know of a query: conditions that every entity in the answer must satisfy. An index that uses some
//! of them gives candidates; [`EntityQuery::matches`] decides.

use crate::Name;
use crate::query::{EntityQuery, Expr, GeoQuery, Literal, Op, Operand, Path, ScopeQuery, Term, Trail};
use belfry_kernel::Iri;
use belfry_kernel::geo::Bounds;

/// One necessary condition of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Conjunct<'a> {
    /// Nothing satisfies: an attribute or type that nothing ever had is asked for.
    Nothing,
    /// The identifier is one of these (sufficient, too).
    Ids(Vec<&'a Iri>),
    /// The identifier begins with this.
    IdPrefix(&'a str),
    /// The entity has one of these types.
    Types(Vec<Name>),
    /// The entity has one of these attributes.
    AnyAttribute(Vec<Name>),
    /// The entity has this attribute (or sub-attributes and members below it, which need it).
    Has(Name),
    /// A value of this top-level attribute compares so with the constant: the whole of a condition such as `a>5`, or
    /// each end of a range as its own conjunct. An attribute of several instances satisfies through any one of them; an
    /// index finds them by [`leaves`](super::leaves) and [`Literal::leaf`], bounds included.
    Compare {
        /// The attribute.
        name: Name,
        /// How; never `!=`.
        op: Op,
        /// With what.
        literal: &'a Literal,
    },
    /// A value of this top-level attribute equals one of the constants.
    OneOf {
        /// The attribute.
        name: Name,
        /// The constants.
        literals: &'a [Literal],
    },
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

impl EntityQuery {
    /// The necessary conditions, in no order. Empty when only a look at every entity answers.
    pub fn conjuncts(&self) -> Vec<Conjunct<'_>> {
        let mut all = Vec::new();
        self.of_selectors(&mut all);
        if !self.attrs.is_empty() {
            all.push(any_of(known(&self.attrs), Conjunct::AnyAttribute));
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
        if let [one] = self.selectors.as_slice() {
            let prefix = one.id_pattern.as_ref().map_or("", |p| p.literal_prefix());
            if !prefix.is_empty() {
                all.push(Conjunct::IdPrefix(prefix));
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
        all.push(any_of(types, Conjunct::Types));
    }
}

fn known(terms: &[Term]) -> Vec<Name> {
    terms.iter().filter_map(|t| t.name).collect()
}

fn any_of<'a>(names: Vec<Name>, make: impl FnOnce(Vec<Name>) -> Conjunct<'a>) -> Conjunct<'a> {
    if names.is_empty() { Conjunct::Nothing } else { make(names) }
}

fn of_expr<'a>(expr: &'a Expr, all: &mut Vec<Conjunct<'a>>) {
    match expr {
        Expr::And(parts) => parts.iter().for_each(|e| of_expr(e, all)),
        Expr::Or(parts) => of_alternatives(parts, all),
        Expr::Exists(path) | Expr::Matches { path, .. } => {
            of_path(path, all);
        }
        Expr::Compare { path, op, operand } => {
            let Some(name) = of_path(path, all) else { return };
            match (op, operand) {
                (Op::Ne, _) => {}
                (_, Operand::One(literal)) => all.push(Conjunct::Compare { name, op: *op, literal }),
                (_, Operand::List(literals)) => all.push(Conjunct::OneOf { name, literals }),
                (_, Operand::Range(from, to)) => {
                    all.push(Conjunct::Compare { name, op: Op::Ge, literal: from });
                    all.push(Conjunct::Compare { name, op: Op::Le, literal: to });
                }
            }
        }
    }
}

/// Adds the existence of the path's first attribute; answers its name when the path is that attribute's value.
fn of_path(path: &Path, all: &mut Vec<Conjunct<'_>>) -> Option<Name> {
    let first = path.first()?;
    let whole = path.names.iter().chain(path.links.iter().map(|l| &l.relationship)).all(|t| t.name.is_some());
    let Some(name) = first.name.filter(|_| whole) else {
        all.push(Conjunct::Nothing);
        return None;
    };
    all.push(Conjunct::Has(name));
    let simple = path.links.is_empty() && path.names.len() == 1 && path.member.is_none() && path.trail == Trail::None;
    simple.then_some(name)
}

/// Of alternatives: an entity has at least one of the attributes that they begin with.
fn of_alternatives<'a>(parts: &'a [Expr], all: &mut Vec<Conjunct<'a>>) {
    let mut names = Vec::new();
    for part in parts {
        let mut needed = Vec::new();
        of_expr(part, &mut needed);
        if needed.contains(&Conjunct::Nothing) {
            continue;
        }
        let attributes = needed.into_iter().find_map(|c| match c {
            Conjunct::Has(name) => Some(vec![name]),
            Conjunct::AnyAttribute(names) => Some(names),
            _ => None,
        });
        match attributes {
            Some(attributes) => names.extend(attributes),
            None => return,
        }
    }
    names.sort_unstable();
    names.dedup();
    all.push(any_of(names, Conjunct::AnyAttribute));
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
