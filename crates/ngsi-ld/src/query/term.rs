//! Names as a query writes them, expanded through an @context. Holds the limits of the query languages too.

use crate::query::scan::Scanner;
use crate::{Context, Name};
use belfry_kernel::{Error, Iri};
use compact_str::CompactString;
use std::fmt;

/// A name in a query: the text as it was written and what it expands to.
///
/// Two terms are equal when their texts are: trees compare as they print.
#[derive(Clone, Debug)]
pub struct Term {
    /// As written.
    pub text: CompactString,
    /// Expanded; none when nothing here ever had that name, so that no entity can have it.
    pub name: Option<Name>,
}

impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.name == other.name
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What to do with names that nothing ever had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Names {
    /// Leave them unknown: for a query that is answered now. No client can fill the table of names by asking.
    #[default]
    Known,
    /// Make them: for a query that is kept (a subscription), since an entity of that name may come.
    Intern,
}

/// How long and deep a query may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one parameter's text. Default 16 KiB; a geo-query's coordinates may have sixteen times as many.
    pub bytes: usize,
    /// Levels of parentheses, braces and linked entities. Default 32.
    pub depth: usize,
    /// Conditions, values or names in one parameter. Default 500.
    pub terms: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 16 * 1024, depth: 32, terms: 500 }
    }
}

/// What parsing a query needs to know besides its text.
#[derive(Clone, Copy, Debug)]
pub struct Naming<'a> {
    /// Expands the names.
    pub context: &'a Context,
    /// What to do with unknown ones.
    pub names: Names,
    /// How long and deep the query may be.
    pub limits: Limits,
}

impl<'a> Naming<'a> {
    /// For a query that is answered now, with the default limits.
    pub fn new(context: &'a Context) -> Self {
        Self { context, names: Names::Known, limits: Limits::default() }
    }

    /// For a query that is kept (a subscription), with the default limits.
    pub fn kept(context: &'a Context) -> Self {
        Self { context, names: Names::Intern, limits: Limits::default() }
    }

    /// The term of this text.
    ///
    /// # Errors
    /// As [`Context::expand`] and [`Context::expand_known`].
    pub fn term(&self, text: &str) -> Result<Term, Error> {
        let name = match self.names {
            Names::Known => self.context.expand_known(text)?,
            Names::Intern => Some(self.context.expand(text)?),
        };
        Ok(Term { text: text.into(), name })
    }
}

/// Parses a comma-separated list of names, short or as URIs: `attrs`, `expandValues`, `jsonKeys`. `what` is the name
/// of the parameter.
///
/// # Errors
/// `BadRequestData` with the place, when a name is empty or malformed or there are too many.
pub fn parse_names(what: &'static str, text: &str, naming: &Naming<'_>) -> Result<Vec<Term>, Error> {
    let mut scan = Scanner::new(what, text, naming.limits.bytes)?;
    let mut terms = Vec::new();
    loop {
        scan.skip_space();
        let start = scan.at();
        let word = scan.run(|c| c != ',').trim_end_matches([' ', '\t']);
        if !is_term(word) && Iri::check(word).is_err() {
            return Err(scan.error_at(start, "a name (a letter, then letters, numbers and _) or a URI"));
        }
        if terms.len() == naming.limits.terms {
            return Err(scan.complain(start, "there are more names than allowed"));
        }
        terms.push(naming.term(word)?);
        if !scan.eat(",") {
            return Ok(terms);
        }
    }
}

/// Whether this can be the name of an attribute or a type. The standard's own grammar (clause 4.6.2) has letters, numbers,
/// underscore and one prefix; entities are taken with hyphens, dots and leading digits too, and are found by them.
pub(crate) fn is_term(word: &str) -> bool {
    !word.is_empty()
        && word.chars().all(|c| c.is_alphanumeric() || c.is_numeric() || matches!(c, '_' | '-' | '.' | ':'))
}

/// Whether `q` takes this name as it is; others stand between quotes there.
pub(crate) fn is_bare(word: &str) -> bool {
    is_spelled(word, true)
}

/// Whether this is a name by clause 4.6.2, with or without a prefix.
pub(crate) fn is_name(word: &str) -> bool {
    is_spelled(word, false)
}

fn is_spelled(word: &str, hyphens: bool) -> bool {
    let plain = |s: &str| {
        let mut chars = s.chars();
        chars.next().is_some_and(char::is_alphabetic)
            && chars.all(|c| c.is_alphabetic() || c.is_numeric() || c == '_' || (hyphens && c == '-'))
    };
    match word.split_once(':') {
        Some((prefix, local)) => plain(prefix) && plain(local),
        None => plain(word),
    }
}
