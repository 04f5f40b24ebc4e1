//! The projection language of `pick` and `omit` (ETSI GS CIM 009 clause 4.21): `a,b{c,d}`.

use crate::query::filter::list;
use crate::query::scan::Scanner;
use crate::query::{Naming, Term, term};
use belfry_kernel::{Error, Iri};
use std::fmt;

/// Which members of an entity are meant.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Projection {
    /// Attributes and members; none of them twice.
    pub terms: Vec<ProjectionTerm>,
}

/// One member.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectionTerm {
    /// `id`, `type`, `scope`, or the name of an attribute; also the system's times. `id` and `type` have no name.
    pub term: Term,
    /// Members of the entities that this relationship leads to; absent when there are no braces.
    pub linked: Option<Projection>,
}

impl Projection {
    /// Parses the value of `what` (`pick` or `omit`).
    ///
    /// # Errors
    /// `BadRequestData` with the place: an empty or malformed name, one that is there twice, an open brace.
    pub fn parse(what: &'static str, text: &str, naming: &Naming<'_>) -> Result<Self, Error> {
        let mut scan = Scanner::new(what, text, naming.limits.bytes)?;
        let mut left = naming.limits.terms;
        let projection = parse_level(&mut scan, naming, naming.limits.depth, &mut left)?;
        if !scan.at_end() {
            return Err(scan.error("`,`, `|`, `{` or the end"));
        }
        Ok(projection)
    }

    /// The term of this text.
    pub fn get(&self, text: &str) -> Option<&ProjectionTerm> {
        self.terms.iter().find(|t| t.term.text == text)
    }

    /// How many relationships the deepest term follows.
    pub fn depth(&self) -> usize {
        self.terms.iter().map(|t| t.linked.as_ref().map_or(0, |l| 1 + l.depth())).max().unwrap_or(0)
    }
}

fn parse_level(
    scan: &mut Scanner<'_>,
    naming: &Naming<'_>,
    depth: usize,
    left: &mut usize,
) -> Result<Projection, Error> {
    let mut terms: Vec<ProjectionTerm> = Vec::new();
    loop {
        scan.skip_space();
        let start = scan.at();
        let word = scan.run(|c| !matches!(c, ',' | '|' | '{' | '}')).trim_end_matches([' ', '\t']);
        if !term::is_term(word) && Iri::check(word).is_err() {
            return Err(scan.error_at(start, "the name of an attribute, id, type or scope"));
        }
        *left = left.checked_sub(1).ok_or_else(|| scan.complain(start, "there are more names than allowed"))?;
        if terms.iter().any(|t| t.term.text == word) {
            return Err(scan.complain(start, &format!("{word} is there twice")));
        }
        let linked = if scan.eat("{") {
            let Some(depth) = depth.checked_sub(1) else {
                return Err(scan.complain(start, "linked entities are nested deeper than allowed"));
            };
            let linked = parse_level(scan, naming, depth, left)?;
            scan.expect("}", "`,`, `|`, `{` or `}`")?;
            scan.skip_space();
            Some(linked)
        } else {
            None
        };
        let term = match naming.context.keyword(word) {
            Some(_) => Term { text: word.into(), name: None },
            None => naming.term(word).map_err(|e| scan.complain(start, e.public()))?,
        };
        terms.push(ProjectionTerm { term, linked });
        if !scan.eat(",") && !scan.eat("|") {
            return Ok(Projection { terms });
        }
    }
}

impl fmt::Display for Projection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, &self.terms, ",", |f, t| {
            t.term.fmt(f)?;
            match &t.linked {
                Some(linked) => write!(f, "{{{linked}}}"),
                None => Ok(()),
            }
        })
    }
}
