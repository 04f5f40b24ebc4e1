//! Scope queries (ETSI GS CIM 009 clause 4.19): `/Madrid/#`, `/+/Gardens`, `(/A;/B)|/C`.

use crate::query::Naming;
use crate::query::filter::list;
use crate::query::scan::Scanner;
use belfry_kernel::Error;
use compact_str::CompactString;
use smallvec::SmallVec;
use std::fmt;

/// A disjunction of conjunctions of scope patterns.
#[derive(Clone, Debug, PartialEq)]
pub struct ScopeQuery {
    /// Any of these; within one, all of its patterns, each by some scope of the entity. Neither is empty.
    pub any_of: Vec<SmallVec<[ScopePattern; 1]>>,
}

/// One pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct ScopePattern {
    /// The levels from the top; none stands for the wildcard `+`, any one level. Empty only for `/#`.
    pub levels: SmallVec<[Option<CompactString>; 4]>,
    /// Whether the levels below match too (`/#` at the end).
    pub below: bool,
}

impl ScopeQuery {
    /// Parses.
    ///
    /// # Errors
    /// `BadRequestData` with the place.
    pub fn parse(text: &str, naming: &Naming<'_>) -> Result<Self, Error> {
        let mut scan = Scanner::new("scopeQ", text, naming.limits.bytes)?;
        let mut any_of = Vec::new();
        let mut left = naming.limits.terms;
        loop {
            scan.skip_space();
            let mut all = SmallVec::new();
            if scan.eat("(") {
                loop {
                    all.push(pattern(&mut scan, &mut left)?);
                    if !scan.eat(";") {
                        break;
                    }
                }
                scan.expect(")", "`/`, `;` or `)`")?;
                scan.skip_space();
            } else {
                all.push(pattern(&mut scan, &mut left)?);
            }
            any_of.push(all);
            if scan.at_end() {
                return Ok(Self { any_of });
            }
            if !scan.eat("|") && !scan.eat(",") {
                return Err(scan.error("`/`, `|`, `,` or the end (`;` stands between parentheses)"));
            }
        }
    }

    /// Whether an entity with these scopes is meant. Scopes count the same with and without the `/` at their start.
    pub fn matches(&self, scopes: &[CompactString]) -> bool {
        !scopes.is_empty() && self.any_of.iter().any(|all| all.iter().all(|p| scopes.iter().any(|s| p.matches(s))))
    }
}

fn pattern(scan: &mut Scanner<'_>, left: &mut usize) -> Result<ScopePattern, Error> {
    scan.skip_space();
    let mut levels = SmallVec::new();
    let mut below = false;
    // The standard's grammar asks for the first slash and its fifth example leaves it out: both are taken.
    let mut more = scan.eat("/") || scan.peek().is_some_and(char::is_alphabetic);
    if !more {
        return Err(scan.error("a scope such as /Madrid, /Madrid/+ or /Madrid/#"));
    }
    while more {
        *left = left.checked_sub(1).ok_or_else(|| scan.complain(scan.at(), "there are more levels than allowed"))?;
        if scan.eat("#") {
            below = true;
            break;
        }
        levels.push(if scan.eat("+") {
            None
        } else if scan.peek().is_some_and(char::is_alphabetic) {
            Some(scan.level()?.into())
        } else {
            return Err(scan.error("a level (a letter, then letters, numbers and _), `+` or `#`"));
        });
        more = scan.eat("/");
    }
    scan.skip_space();
    Ok(ScopePattern { levels, below })
}

impl ScopePattern {
    /// Whether this scope matches.
    pub fn matches(&self, scope: &str) -> bool {
        let scope = scope.strip_prefix('/').unwrap_or(scope);
        if scope.is_empty() {
            return false;
        }
        let mut levels = scope.split('/');
        for wanted in &self.levels {
            match (levels.next(), wanted) {
                (None, _) => return false,
                (Some(level), Some(wanted)) if level != wanted => return false,
                _ => {}
            }
        }
        self.below || levels.next().is_none()
    }

    /// The levels before the first wildcard as a scope text (`/Madrid/Gardens`); every scope that matches is this one
    /// or begins with it and a `/`. Empty when the pattern begins with a wildcard.
    pub fn prefix(&self) -> String {
        let mut prefix = String::new();
        for level in self.levels.iter().map_while(Option::as_ref) {
            prefix.push('/');
            prefix.push_str(level);
        }
        prefix
    }
}

impl fmt::Display for ScopePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for level in &self.levels {
            write!(f, "/{}", level.as_deref().unwrap_or("+"))?;
        }
        if self.below { f.write_str("/#") } else { Ok(()) }
    }
}

impl fmt::Display for ScopeQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, &self.any_of, "|", |f, all| match all.as_slice() {
            [one] => one.fmt(f),
            all => {
                f.write_str("(")?;
                list(f, all, ";", |f, p| p.fmt(f))?;
                f.write_str(")")
            }
        })
    }
}
