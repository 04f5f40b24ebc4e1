//! The right side of a condition: constants, lists, ranges and regular expressions (ETSI GS CIM 009 clause 4.9).

use super::Parser;
use crate::query::filter::{Member, Op, Operand, Path};
use crate::query::{Literal, Pattern};
use belfry_kernel::{Error, Iri, Time};
use compact_str::CompactString;

impl<'a> Parser<'a> {
    pub(super) fn pattern(&mut self) -> Result<Pattern, Error> {
        let start = self.scan.at();
        let text = if self.scan.eat("\"") { self.quoted_pattern(start)? } else { plain_quotes(&self.bare_pattern()) };
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

    pub(super) fn operand(&mut self, path: &Path, op: Op) -> Result<Operand, Error> {
        let expand = path.links.is_empty()
            && path.member.is_none()
            && path.names.last().is_some_and(|last| self.expand.0.iter().any(|t| t.text == last.text));
        let start = self.scan.at();
        let equality = matches!(op, Op::Eq | Op::Ne);
        let first = self.literal(path, expand)?;
        if !equality {
            if matches!(first, Literal::Bool(_) | Literal::Uri(_) | Literal::Term(_)) {
                return Err(self.scan.error_at(start, "a number, a quoted text, a date or a time after this operator"));
            }
            return Ok(Operand::One(first));
        }
        if self.scan.eat("..") {
            let to_at = self.scan.at();
            let to = self.literal(path, expand)?;
            let bound = |l: &Literal| !matches!(l, Literal::Bool(_) | Literal::Uri(_) | Literal::Term(_));
            if !bound(&first) || !bound(&to) || !first.same_type(&to) {
                return Err(self.scan.error_at(to_at, "a range of two numbers, texts, dates or times of one type"));
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
            return Err(self.scan.error("a value: a number, a quoted text, true, false, a date, a time or a URI"));
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
        Err(self.scan.error_at(start, "a value: a number, a quoted text, true, false, a date, a time or a URI"))
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

/// A quote means itself to an expression, with a backslash or without: without, so that it prints between quotes.
fn plain_quotes(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('"')) => text.push('"'),
            (c, escaped) => {
                text.push(c);
                text.extend(escaped);
            }
        }
    }
    text
}

/// Digits and a `Z`, the rest of an instant whose seconds have a decimal comma.
fn seconds_follow(text: &str) -> bool {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    end > 0 && text[end..].starts_with('Z')
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
