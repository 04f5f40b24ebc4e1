//! A cursor over the text of a query that knows how to complain: what was expected, what was found, at which
//! character. Knows no grammar.

use belfry_kernel::Error;

pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    what: &'static str,
}

impl<'a> Scanner<'a> {
    /// `what` is the name of the parameter, for messages.
    pub(crate) fn new(what: &'static str, text: &'a str, max_bytes: usize) -> Result<Self, Error> {
        if text.len() > max_bytes {
            return Err(Error::bad_data(format!("{what} is longer than {max_bytes} bytes")));
        }
        Ok(Self { text, at: 0, what })
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(crate) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn at_end(&self) -> bool {
        self.at == self.text.len()
    }

    /// Moves on by so many bytes, which the caller knows to end at a character's border.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    pub(crate) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    pub(crate) fn expect(&mut self, token: &str, expected: &str) -> Result<(), Error> {
        if self.eat(token) { Ok(()) } else { Err(self.error(expected)) }
    }

    pub(crate) fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
    }

    /// The longest run of characters that satisfy `take`.
    pub(crate) fn run(&mut self, take: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !take(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// A name (clause 4.6.2): a letter, then letters, numbers, `_`, and the hyphen that data models in use have; a
    /// `prefix:` before it when `prefixed`.
    pub(crate) fn name(&mut self, prefixed: bool) -> Result<&'a str, Error> {
        let start = self.at;
        self.plain_name('-')?;
        if prefixed && self.rest().starts_with(':') {
            let colon = self.at;
            self.at += 1;
            if self.plain_name('-').is_err() {
                self.at = colon;
            }
        }
        Ok(self.since(start))
    }

    /// A level of a scope (clause 4.18): a letter, then letters, numbers and `_`.
    pub(crate) fn level(&mut self) -> Result<&'a str, Error> {
        let start = self.at;
        self.plain_name('_')?;
        Ok(self.since(start))
    }

    fn plain_name(&mut self, also: char) -> Result<(), Error> {
        if !self.peek().is_some_and(char::is_alphabetic) {
            return Err(self.error("a name, which starts with a letter"));
        }
        self.run(|c| c.is_alphabetic() || c.is_numeric() || c == '_' || c == also);
        Ok(())
    }

    pub(crate) fn error(&self, expected: &str) -> Error {
        self.error_at(self.at, expected)
    }

    pub(crate) fn error_at(&self, at: usize, expected: &str) -> Error {
        let character = self.text[..at].chars().count();
        let found = match self.text[at..].chars().next() {
            Some(c) => format!("`{}`", c.escape_debug()),
            None => "the end".to_owned(),
        };
        Error::bad_data(format!("{}: character {character}: expected {expected}, found {found}", self.what))
    }

    /// An error whose sentence is complete in itself.
    pub(crate) fn complain(&self, at: usize, sentence: &str) -> Error {
        let character = self.text[..at].chars().count();
        Error::bad_data(format!("{}: character {character}: {sentence}", self.what))
    }
}
