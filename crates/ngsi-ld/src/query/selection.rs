//! Which entities by identifier and type: the type selection language (ETSI GS CIM 009 clause 4.17) and one selector
//! of a query (clause 5.2.33).

use crate::query::filter::list;
use crate::query::scan::Scanner;
use crate::query::{Naming, Pattern, Term, term};
use crate::{Entity, Name};
use belfry_kernel::{Error, Iri};
use smallvec::SmallVec;
use std::fmt;

/// One selector: every part that is there must be satisfied.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    /// The identifier is one of these; empty for any.
    pub ids: Vec<Iri>,
    /// The identifier matches this.
    pub id_pattern: Option<Pattern>,
    /// The types satisfy this; none for any type (also `type=*`).
    pub types: Option<TypeSelection>,
}

/// A disjunction of conjunctions of types.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeSelection {
    /// Any of these; within one, all of its types. Neither is empty.
    pub any_of: Vec<SmallVec<[Term; 1]>>,
}

impl Selector {
    /// Whether this entity is selected.
    pub fn matches(&self, entity: &Entity) -> bool {
        (self.ids.is_empty() || self.ids.contains(&entity.id))
            && self.id_pattern.as_ref().is_none_or(|p| p.is_match(entity.id.as_str()))
            && self.types.as_ref().is_none_or(|t| t.matches(&entity.types))
    }
}

impl TypeSelection {
    /// Parses `A|B`, `A,B`, `(A;B)|C`; types are names or URIs. `*` means any type and gives `None`.
    ///
    /// # Errors
    /// `BadRequestData` with the place.
    pub fn parse(text: &str, naming: &Naming<'_>) -> Result<Option<Self>, Error> {
        if text == "*" {
            return Ok(None);
        }
        let mut scan = Scanner::new("type", text, naming.limits.bytes)?;
        let mut any_of = Vec::new();
        let mut left = naming.limits.terms;
        let mut one = |scan: &mut Scanner<'_>| {
            scan.skip_space();
            let start = scan.at();
            let word = scan.run(|c| !matches!(c, '|' | ',' | ';' | '(' | ')')).trim_end_matches([' ', '\t']);
            if !term::is_term(word) && Iri::check(word).is_err() {
                return Err(scan.error_at(start, "an entity type: a name or a URI"));
            }
            left = left.checked_sub(1).ok_or_else(|| scan.complain(start, "there are more types than allowed"))?;
            naming.term(word)
        };
        loop {
            scan.skip_space();
            let mut all = SmallVec::new();
            if scan.eat("(") {
                loop {
                    all.push(one(&mut scan)?);
                    if !scan.eat(";") {
                        break;
                    }
                }
                scan.expect(")", "`;` or `)`")?;
                scan.skip_space();
            } else {
                all.push(one(&mut scan)?);
            }
            any_of.push(all);
            if scan.at_end() {
                return Ok(Some(Self { any_of }));
            }
            if !scan.eat("|") && !scan.eat(",") {
                return Err(scan.error("`|`, `,` or the end (`;` stands between parentheses)"));
            }
        }
    }

    /// Whether an entity of these types is selected.
    pub fn matches(&self, types: &[Name]) -> bool {
        self.any_of.iter().any(|all| all.iter().all(|t| t.name.is_some_and(|name| types.contains(&name))))
    }
}

impl fmt::Display for TypeSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, &self.any_of, "|", |f, all| match all.as_slice() {
            [one] => one.fmt(f),
            all => {
                f.write_str("(")?;
                list(f, all, ";", |f, t| t.fmt(f))?;
                f.write_str(")")
            }
        })
    }
}
