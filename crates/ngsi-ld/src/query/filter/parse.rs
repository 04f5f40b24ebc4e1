//! The text of a `q` condition to its tree (ETSI GS CIM 009 clause 4.9). White space may stand around operators.

use super::{Expr, Link, Member, Op, Operand, Path, Trail};
use crate::query::scan::Scanner;
use crate::query::{Literal, Naming, Pattern, Term};
use belfry_kernel::{Error, Iri, Time};
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
    let mut parser = Parser {
        scan: Scanner::new("q", text, naming.limits.bytes)?,
        naming,
        expand,
        terms: naming.limits.terms,
    };
    let expr = parser.any(naming.limits.depth)?;
    if !parser.scan.at_end() {
        return Err(parser.scan.error("`;`, `|` or the end"));
    }
    Ok(expr)
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
        self.terms = self.terms.checked_sub(1).ok_or_else(|| {
            self.scan
                .complain(at, "there are more conditions and values than allowed")
        })?;
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
        const OPERATORS: [(&str, Op); 6] = [
            ("==", Op::Eq),
            ("!=", Op::Ne),
            (">=", Op::Ge),
            (">", Op::Gt),
            ("<=", Op::Le),
            ("<", Op::Lt),
        ];
        let Some(op) = OPERATORS
            .into_iter()
            .find(|(text, _)| self.scan.eat(text))
            .map(|(_, op)| op)
        else {
            return match self.scan.peek() {
                None | Some(';' | '|' | ')') => Ok(Expr::Exists(path)),
                _ => Err(self
                    .scan
                    .error("an operator (==, !=, >, >=, <, <=, ~=, !~=), `;`, `|` or the end")),
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
            let first = self.scan.name(true)?;
            if self.scan.eat("{") {
                if links.len() == depth {
                    return Err(self
                        .scan
                        .complain(start, "linked entities are nested deeper than allowed"));
                }
                links.push(Link {
                    relationship: self.naming.term(first)?,
                    types: Vec::new(),
                });
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

    /// The types before a colon inside braces. A name there cannot have a prefix: the colon ends the types.
    fn link_types(&mut self) -> Result<Vec<Term>, Error> {
        let inside = self.scan.rest();
        let end = inside.find(['{', '}', '.', '[']).unwrap_or(inside.len());
        let mut types = Vec::new();
        if !inside[..end].contains(':') {
            return Ok(types);
        }
        loop {
            self.count(self.scan.at())?;
            types.push(self.naming.term(self.scan.name(false)?)?);
            if !self.scan.eat(",") {
                self.scan.expect(":", "`,` or `:` after an entity type")?;
                return Ok(types);
            }
        }
    }

    fn value_path(&mut self, first: &'a str, first_at: usize) -> Result<Path, Error> {
        let mut names = SmallVec::new();
        let mut member = None;
        let mut word = first;
        let mut at = first_at;
        loop {
            match Member::parse(word) {
                Some(m) if names.is_empty() && !m.of_entity() => {
                    let sentence =
                        format!("an entity has no {word}; write the attribute before it, as in temperature.{word}");
                    return Err(self.scan.complain(at, &sentence));
                }
                Some(m) => member = Some(m),
                None if names.is_empty() && matches!(word, "id" | "type" | "scope") => {
                    let sentence = format!("{word} is no attribute; the parameters id, type and scopeQ select by it");
                    return Err(self.scan.complain(at, &sentence));
                }
                None => {
                    if names.len() == self.naming.limits.depth {
                        return Err(self.scan.complain(at, "sub-attributes are nested deeper than allowed"));
                    }
                    names.push(self.naming.term(word).map_err(|e| self.scan.complain(at, e.public()))?);
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
            word = self.scan.name(true)?;
        }
        let bracket = self.scan.at();
        let trail = if self.scan.eat("[") { self.trail()? } else { Trail::None };
        if member.is_some() && trail != Trail::None {
            return Err(self
                .scan
                .complain(bracket, "brackets follow an attribute, not one of its own members"));
        }
        Ok(Path {
            links: Vec::new(),
            names,
            member,
            trail,
        })
    }

    fn trail(&mut self) -> Result<Trail, Error> {
        if self.scan.eat("*") {
            self.scan.expect("]", "`]`")?;
            return Ok(Trail::Any);
        }
        let mut members: SmallVec<[CompactString; 1]> = SmallVec::new();
        loop {
            let member = self
                .scan
                .run(|c| !matches!(c, '.' | '[' | ']' | '"' | '*' | ';' | '|' | '(' | ')') && !c.is_control());
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

    fn pattern(&mut self) -> Result<Pattern, Error> {
        let start = self.scan.at();
        let text = if self.scan.eat("\"") {
            self.quoted_pattern(start)?
        } else {
            self.bare_pattern()
        };
        if text.is_empty() {
            return Err(self.scan.error_at(start, "a regular expression"));
        }
        Pattern::parse(&text).map_err(|e| self.scan.complain(start, e.public()))
    }

    /// Up to the closing quote; only `\"` is an escape, every other backslash belongs to the expression.
    fn quoted_pattern(&mut self, start: usize) -> Result<String, Error> {
        let mut text = String::new();
        loop {
            text.push_str(self.scan.run(|c| c != '"' && c != '\\'));
            if self.scan.eat("\"") {
                return Ok(text);
            } else if self.scan.eat("\\\"") {
                text.push('"');
            } else if self.scan.eat("\\\\") {
                text.push_str("\\\\");
            } else if self.scan.eat("\\") {
                text.push('\\');
            } else {
                return Err(self.scan.complain(start, "the quote that opens here is never closed"));
            }
        }
    }

    /// Up to a `;`, `|` or `)` outside the expression's own brackets and parentheses.
    fn bare_pattern(&mut self) -> String {
        let rest = self.scan.rest();
        let (mut round, mut square, mut escaped) = (0_usize, false, false);
        let mut end = rest.len();
        for (i, c) in rest.char_indices() {
            if std::mem::take(&mut escaped) {
                continue;
            }
            match c {
                '\\' => escaped = true,
                ']' => square = false,
                _ if square => {}
                '[' => square = true,
                '(' => round += 1,
                ')' if round > 0 => round -= 1,
                ';' | ')' | '|' if round == 0 => {
                    end = i;
                    break;
                }
                _ => {}
            }
        }
        self.scan.advance(end);
        rest[..end].trim_end_matches([' ', '\t']).to_owned()
    }

    fn operand(&mut self, path: &Path, op: Op) -> Result<Operand, Error> {
        let expand = path.links.is_empty()
            && path.member.is_none()
            && path
                .names
                .last()
                .is_some_and(|last| self.expand.0.iter().any(|t| t.text == last.text));
        let start = self.scan.at();
        let equality = matches!(op, Op::Eq | Op::Ne);
        let first = self.literal(path, expand)?;
        if !equality {
            if matches!(first, Literal::Bool(_) | Literal::Uri(_) | Literal::Term(_)) {
                return Err(self
                    .scan
                    .error_at(start, "a number, a quoted text, a date or a time after this operator"));
            }
            return Ok(Operand::One(first));
        }
        if self.scan.eat("..") {
            let to_at = self.scan.at();
            let to = self.literal(path, expand)?;
            let bound = |l: &Literal| !matches!(l, Literal::Bool(_) | Literal::Uri(_) | Literal::Term(_));
            if !bound(&first) || !bound(&to) || !first.same_type(&to) {
                return Err(self
                    .scan
                    .error_at(to_at, "a range of two numbers, texts, dates or times of one type"));
            }
            return Ok(Operand::Range(first, to));
        }
        self.scan.skip_space();
        if self.scan.peek() != Some(',') {
            return Ok(Operand::One(first));
        }
        let mut all = vec![first];
        while self.scan.eat(",") {
            self.scan.skip_space();
            self.count(self.scan.at())?;
            all.push(self.literal(path, expand)?);
            self.scan.skip_space();
        }
        Ok(Operand::List(all))
    }

    fn literal(&mut self, path: &Path, expand: bool) -> Result<Literal, Error> {
        let start = self.scan.at();
        if self.scan.peek() == Some('"') {
            let text = self.quoted(start)?;
            if expand {
                return Ok(Literal::Term(self.naming.term(text.trim())?));
            }
            // A quoted instant is taken for an instant where nothing else can be meant.
            if path.member.is_some_and(Member::is_time)
                && let Ok(at) = Time::parse(&text)
            {
                return Ok(Literal::DateTime(at));
            }
            return Ok(Literal::Text(text));
        }
        let word = self.word();
        if word.is_empty() {
            return Err(self
                .scan
                .error("a value: a number, a quoted text, true, false, a date, a time or a URI"));
        }
        if expand && crate::query::term::is_name(word) {
            self.scan.advance(word.len());
            return Ok(Literal::Term(self.naming.term(word)?));
        }
        if let Some(literal) = comparable(word) {
            self.scan.advance(word.len());
            return Ok(literal);
        }
        if let Some(dots) = word.find("..")
            && let Some(literal) = comparable(&word[..dots])
        {
            self.scan.advance(dots);
            return Ok(literal);
        }
        if Iri::check(word).is_ok() && !word.as_bytes()[0].is_ascii_digit() {
            self.scan.advance(word.len());
            return Ok(Literal::Uri(word.into()));
        }
        Err(self.scan.error_at(
            start,
            "a value: a number, a quoted text, true, false, a date, a time or a URI",
        ))
    }

    fn quoted(&mut self, start: usize) -> Result<CompactString, Error> {
        let rest = self.scan.rest();
        let bytes = rest.as_bytes();
        let mut end = 1;
        let mut escapes = false;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escapes = true;
                    end += 2;
                }
                Some(_) => end += 1,
                None => return Err(self.scan.complain(start, "the quote that opens here is never closed")),
            }
        }
        let inner = &rest[1..end];
        let text = if escapes || inner.bytes().any(|b| b < 0x20) {
            crate::Json::parse(&bytes[..=end], 1)
                .ok()
                .and_then(|json| json.as_str().map(CompactString::from))
                .ok_or_else(|| self.scan.complain(start, "this is not a text by the rules of JSON"))?
        } else {
            inner.into()
        };
        self.scan.advance(end + 1);
        Ok(text)
    }

    /// The unquoted text up to a delimiter that is not inside parentheses of its own.
    fn word(&self) -> &'a str {
        let rest = self.scan.rest();
        let mut round = 0_usize;
        for (i, c) in rest.char_indices() {
            match c {
                '(' => round += 1,
                ')' if round > 0 => round -= 1,
                // A comma may stand for the decimal point of a time's seconds.
                ',' if rest[..i].ends_with(|c: char| c.is_ascii_digit())
                    && rest[..i].contains(':')
                    && seconds_follow(&rest[i + 1..]) => {}
                ';' | '|' | ',' | ')' | '"' | ' ' | '\t' | '}' => return &rest[..i],
                _ => {}
            }
        }
        rest
    }
}

/// Digits and a `Z`, the rest of an instant whose seconds have a decimal comma.
fn seconds_follow(text: &str) -> bool {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    end > 0 && text[end..].starts_with('Z')
}

fn flatten(into: &mut Vec<Expr>, expr: Expr, and: bool) {
    match expr {
        Expr::And(all) if and => into.extend(all),
        Expr::Or(any) if !and => into.extend(any),
        other => into.push(other),
    }
}

fn comparable(word: &str) -> Option<Literal> {
    let first = *word.as_bytes().first()?;
    if first == b'-' || first.is_ascii_digit() {
        if let Some(literal) = number(word) {
            return Some(literal);
        }
        return Time::parse(word)
            .ok()
            .map(Literal::DateTime)
            .or_else(|| Literal::parse_date(word).map(Literal::Date))
            .or_else(|| Literal::parse_time_of_day(word).map(Literal::TimeOfDay));
    }
    match word {
        "true" => Some(Literal::Bool(true)),
        "false" => Some(Literal::Bool(false)),
        _ => None,
    }
}

/// A number by the grammar of JSON.
fn number(word: &str) -> Option<Literal> {
    let unsigned = word.strip_prefix('-').unwrap_or(word);
    let b = unsigned.as_bytes();
    let digits = |from: usize| b[from..].iter().take_while(|d| d.is_ascii_digit()).count();
    let whole = digits(0);
    if whole == 0 || (b[0] == b'0' && whole > 1) {
        return None;
    }
    if whole == b.len()
        && let Ok(i) = word.parse()
    {
        return Some(Literal::Int(i));
    }
    let mut at = whole;
    if b.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if matches!(b.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(b.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at.min(b.len()));
        if exponent == 0 {
            return None;
        }
        at += exponent;
    }
    if at != b.len() {
        return None;
    }
    word.parse::<f64>().ok().filter(|f| f.is_finite()).map(Literal::Float)
}
