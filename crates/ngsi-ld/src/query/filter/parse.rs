//! The text of a `q` condition to its tree (ETSI GS CIM 009 clause 4.9). White space may stand around operators.

mod constant;

use super::{Expr, Link, Member, Op, Path, Trail};
use crate::query::scan::Scanner;
use crate::query::term::is_term;
use crate::query::{Naming, Term};
use belfry_kernel::{Error, Iri};
use compact_str::CompactString;
use smallvec::SmallVec;

/// Attributes whose constants are terms to expand (`expandValues`, clause 4.9).
///
/// `jsonKeys` needs no counterpart: values are never expanded here, so that a path in brackets always meets the
/// members as the client wrote them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expansion<'a>(pub &'a [Term]);

/// Parses a condition.
///
/// # Errors
/// `BadRequestData` that says at which character what was expected, or which limit was passed.
pub fn parse(text: &str, naming: &Naming<'_>, expand: Expansion<'_>) -> Result<Expr, Error> {
    let mut parser =
        Parser { scan: Scanner::new("q", text, naming.limits.bytes)?, naming, expand, terms: naming.limits.terms };
    let expr = parser.any(naming.limits.depth)?;
    if !parser.scan.at_end() {
        return Err(parser.scan.error("`;`, `|` or the end"));
    }
    Ok(expr)
}

/// A name as it was written.
#[derive(Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    quoted: bool,
}

struct Parser<'a> {
    scan: Scanner<'a>,
    naming: &'a Naming<'a>,
    expand: Expansion<'a>,
    terms: usize,
}

impl<'a> Parser<'a> {
    fn any(&mut self, depth: usize) -> Result<Expr, Error> {
        let first = self.all(depth)?;
        if self.scan.peek() != Some('|') {
            return Ok(first);
        }
        let mut any = Vec::new();
        flatten(&mut any, first, false);
        while self.scan.eat("|") {
            flatten(&mut any, self.all(depth)?, false);
        }
        Ok(Expr::Or(any))
    }

    fn all(&mut self, depth: usize) -> Result<Expr, Error> {
        let first = self.one(depth)?;
        if self.scan.peek() != Some(';') {
            return Ok(first);
        }
        let mut all = Vec::new();
        flatten(&mut all, first, true);
        while self.scan.eat(";") {
            flatten(&mut all, self.one(depth)?, true);
        }
        Ok(Expr::And(all))
    }

    fn one(&mut self, depth: usize) -> Result<Expr, Error> {
        self.scan.skip_space();
        let start = self.scan.at();
        let expr = if self.scan.eat("(") {
            let Some(depth) = depth.checked_sub(1) else {
                return Err(self.scan.complain(start, "parentheses are nested deeper than allowed"));
            };
            let inner = self.any(depth)?;
            self.scan.expect(")", "`;`, `|` or `)`")?;
            inner
        } else {
            self.count(start)?;
            self.term(depth)?
        };
        self.scan.skip_space();
        Ok(expr)
    }

    fn count(&mut self, at: usize) -> Result<(), Error> {
        self.terms = self
            .terms
            .checked_sub(1)
            .ok_or_else(|| self.scan.complain(at, "there are more conditions and values than allowed"))?;
        Ok(())
    }

    fn term(&mut self, depth: usize) -> Result<Expr, Error> {
        let path = self.path(depth)?;
        self.scan.skip_space();
        for (text, negated) in [("!~=", true), ("~=", false)] {
            if self.scan.eat(text) {
                self.scan.skip_space();
                let pattern = self.pattern()?;
                return Ok(Expr::Matches { path, pattern, negated });
            }
        }
        const OPERATORS: [(&str, Op); 6] =
            [("==", Op::Eq), ("!=", Op::Ne), (">=", Op::Ge), (">", Op::Gt), ("<=", Op::Le), ("<", Op::Lt)];
        let Some(op) = OPERATORS.into_iter().find(|(text, _)| self.scan.eat(text)).map(|(_, op)| op) else {
            return match self.scan.peek() {
                None | Some(';' | '|' | ')') => Ok(Expr::Exists(path)),
                _ => Err(self.scan.error("an operator (==, !=, >, >=, <, <=, ~=, !~=), `;`, `|` or the end")),
            };
        };
        self.scan.skip_space();
        let operand = self.operand(&path, op)?;
        Ok(Expr::Compare { path, op, operand })
    }

    fn path(&mut self, depth: usize) -> Result<Path, Error> {
        let mut links: Vec<Link> = Vec::new();
        loop {
            let start = self.scan.at();
            if !links.is_empty() {
                let types = self.link_types()?;
                links.last_mut().expect("it is not empty").types = types;
            }
            let first_at = self.scan.at();
            let first = self.attribute_name()?;
            if self.scan.eat("{") {
                if links.len() == depth {
                    return Err(self.scan.complain(start, "linked entities are nested deeper than allowed"));
                }
                links.push(Link { relationship: self.naming.term(first.text)?, types: Vec::new() });
                continue;
            }
            let mut path = self.value_path(first, first_at)?;
            for _ in &links {
                self.scan.expect("}", "`}`, which ends the linked entity")?;
            }
            path.links = links;
            return Ok(path);
        }
    }

    /// The types before a colon inside braces. A name there has a prefix only between quotes: the colon ends the types.
    fn link_types(&mut self) -> Result<Vec<Term>, Error> {
        let inside = self.scan.rest();
        let end = inside.find(['{', '}', '.', '[', '"']).unwrap_or(inside.len());
        let mut types = Vec::new();
        if !inside[..end].contains(':') && !begins_with_types(inside) {
            return Ok(types);
        }
        loop {
            self.count(self.scan.at())?;
            let word = match self.scan.peek() {
                Some('"') => self.attribute_name()?.text,
                _ => self.scan.name(false)?,
            };
            types.push(self.naming.term(word)?);
            if !self.scan.eat(",") {
                self.scan.expect(":", "`,` or `:` after an entity type")?;
                return Ok(types);
            }
        }
    }

    /// A name; between quotes one with dots, or with anything else that a name can have (`"pm2.5">20`).
    fn attribute_name(&mut self) -> Result<Word<'a>, Error> {
        if !self.scan.eat("\"") {
            return Ok(Word { text: self.scan.name(true)?, quoted: false });
        }
        let start = self.scan.at();
        let text = self.scan.run(|c| c != '"');
        if !is_term(text) && Iri::check(text).is_err() {
            return Err(self.scan.error_at(start, "the name of an attribute"));
        }
        self.scan.expect("\"", "`\"`, which ends the name")?;
        Ok(Word { text, quoted: true })
    }

    fn value_path(&mut self, first: Word<'a>, first_at: usize) -> Result<Path, Error> {
        let mut names = SmallVec::new();
        let mut member = None;
        let mut word = first;
        let mut at = first_at;
        loop {
            let text = word.text;
            match Member::parse(text).filter(|_| !word.quoted) {
                Some(m) if names.is_empty() && !m.of_entity() => {
                    let sentence =
                        format!("an entity has no {text}; write the attribute before it, as in temperature.{text}");
                    return Err(self.scan.complain(at, &sentence));
                }
                Some(m) => member = Some(m),
                None if names.is_empty() && matches!(text, "id" | "type" | "scope") => {
                    let sentence = format!("{text} is no attribute; the parameters id, type and scopeQ select by it");
                    return Err(self.scan.complain(at, &sentence));
                }
                None => {
                    if names.len() == self.naming.limits.depth {
                        return Err(self.scan.complain(at, "sub-attributes are nested deeper than allowed"));
                    }
                    names.push(self.naming.term(text).map_err(|e| self.scan.complain(at, e.public()))?);
                }
            }
            // A `..` would be a range, which cannot follow a path.
            if !self.scan.eat(".") {
                break;
            }
            if member.is_some() {
                return Err(self.scan.complain(at, "nothing follows a time, unitCode or datasetId"));
            }
            at = self.scan.at();
            word = self.attribute_name()?;
        }
        let bracket = self.scan.at();
        let trail = if self.scan.eat("[") { self.trail()? } else { Trail::None };
        if member.is_some() && trail != Trail::None {
            return Err(self.scan.complain(bracket, "brackets follow an attribute, not one of its own members"));
        }
        Ok(Path { links: Vec::new(), names, member, trail })
    }

    fn trail(&mut self) -> Result<Trail, Error> {
        if self.scan.eat("*") {
            self.scan.expect("]", "`]`")?;
            return Ok(Trail::Any);
        }
        let mut members: SmallVec<[CompactString; 1]> = SmallVec::new();
        loop {
            let member =
                self.scan.run(|c| !matches!(c, '.' | '[' | ']' | '"' | '*' | ';' | '|' | '(' | ')') && !c.is_control());
            if member.is_empty() {
                return Err(self.scan.error("the name of a member, a language tag or `*`"));
            }
            if members.len() == self.naming.limits.depth {
                return Err(self.scan.error("`]`, since members are nested deeper than allowed"));
            }
            members.push(member.into());
            if !self.scan.eat(".") {
                self.scan.expect("]", "`.` or `]`")?;
                return Ok(Trail::Members(members));
            }
        }
    }
}

/// Whether names, some of them between quotes, stand here before a colon.
fn begins_with_types(mut text: &str) -> bool {
    loop {
        let end = match text.strip_prefix('"') {
            Some(quoted) => quoted.find('"').map(|end| end + 2),
            None => text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))),
        };
        let Some(rest) = end.filter(|end| *end > 0).and_then(|end| text.get(end..)) else { return false };
        match rest.strip_prefix(',') {
            Some(next) => text = next,
            None => return rest.starts_with(':'),
        }
    }
}

fn flatten(into: &mut Vec<Expr>, expr: Expr, and: bool) {
    match expr {
        Expr::And(all) if and => into.extend(all),
        Expr::Or(any) if !and => into.extend(any),
        other => into.push(other),
    }
}
