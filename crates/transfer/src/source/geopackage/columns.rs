//! The columns of a table, from the text with which it was made: SQLite keeps no other list. Understands what names and types
//! need, and leaves the rest of the language alone.

/// The columns of a table.
#[derive(Debug, PartialEq)]
pub(super) struct Columns {
    pub(super) names: Vec<String>,
    /// The column whose value is the row's number.
    pub(super) key: Option<usize>,
    /// Columns that have a default, which rows from before they were added do not hold.
    pub(super) defaults: Vec<bool>,
}

/// A word, or a mark, of the text.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A name or keyword; whether it was quoted.
    Word(String, bool),
    Mark(char),
}

/// The longest text that is looked at, bytes.
const MAX_TEXT: usize = 1 << 20;

impl Columns {
    /// Reads `CREATE TABLE … (…)`.
    ///
    /// # Errors
    /// What of it is not understood.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let tokens = tokens(text)?;
        let open = tokens.iter().position(|t| *t == Token::Mark('(')).ok_or("its definition has no columns")?;
        let mut parts: Vec<Vec<Token>> = vec![Vec::new()];
        let mut depth = 0_usize;
        let mut rest = &[][..];
        for (at, token) in tokens.iter().enumerate().skip(open + 1) {
            match token {
                Token::Mark(')') if depth == 0 => {
                    rest = &tokens[at + 1..];
                    break;
                }
                Token::Mark(',') if depth == 0 => {
                    parts.push(Vec::new());
                    continue;
                }
                Token::Mark('(') => depth += 1,
                Token::Mark(')') => depth -= 1,
                _ => {}
            }
            if let Some(part) = parts.last_mut() {
                part.push(token.clone());
            }
        }
        if says(rest, "without") {
            return Err("it is a table without row numbers, as no GeoPackage has");
        }
        let mut columns = Self { names: Vec::new(), key: None, defaults: Vec::new() };
        for part in &parts {
            let Some(Token::Word(name, quoted)) = part.first() else { continue };
            if !quoted
                && ["constraint", "primary", "unique", "check", "foreign"].iter().any(|k| name.eq_ignore_ascii_case(k))
            {
                columns.table_key(part);
                continue;
            }
            let flat = flat(part);
            if says(&flat, "generated") || says(&flat, "as") {
                return Err("it has a column that is computed, which the file does not hold");
            }
            let integer = matches!(flat.get(1), Some(Token::Word(kind, _)) if kind.eq_ignore_ascii_case("integer"));
            if integer && says(&flat, "primary") {
                columns.key = Some(columns.names.len());
            }
            columns.defaults.push(says(&flat, "default"));
            columns.names.push(name.clone());
        }
        if columns.names.is_empty() { Err("its definition has no columns") } else { Ok(columns) }
    }

    /// `PRIMARY KEY (name)` beside the columns, which GeoPackages do not use but SQLite has.
    fn table_key(&mut self, part: &[Token]) {
        let flat: Vec<&str> =
            part.iter().filter_map(|t| if let Token::Word(word, _) = t { Some(word.as_str()) } else { None }).collect();
        let at = flat
            .windows(2)
            .position(|pair| pair[0].eq_ignore_ascii_case("primary") && pair[1].eq_ignore_ascii_case("key"));
        if let (Some(at), None) = (at, self.key)
            && let [name] = flat[at + 2..]
        {
            self.key = self.names.iter().position(|known| known.eq_ignore_ascii_case(name));
        }
    }
}

/// The tokens outside of brackets.
fn flat(part: &[Token]) -> Vec<Token> {
    let mut depth = 0_usize;
    let mut kept = Vec::new();
    for token in part {
        match token {
            Token::Mark('(') => depth += 1,
            Token::Mark(')') => depth = depth.saturating_sub(1),
            token if depth == 0 => kept.push(token.clone()),
            _ => {}
        }
    }
    kept
}

/// Whether an unquoted word is among them.
fn says(tokens: &[Token], keyword: &str) -> bool {
    tokens.iter().any(|token| matches!(token, Token::Word(word, false) if word.eq_ignore_ascii_case(keyword)))
}

fn tokens(text: &str) -> Result<Vec<Token>, &'static str> {
    if text.len() > MAX_TEXT {
        return Err("its definition is too long");
    }
    let mut found = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '-' if chars.peek() == Some(&'-') => while chars.next().is_some_and(|c| c != '\n') {},
            '/' if chars.peek() == Some(&'*') => {
                chars.next();
                let mut last = ' ';
                while chars.peek().is_some_and(|c| !(last == '*' && *c == '/')) {
                    last = chars.next().unwrap_or(' ');
                }
                chars.next();
            }
            '"' | '`' | '\'' | '[' => {
                let end = if c == '[' { ']' } else { c };
                let mut word = String::new();
                loop {
                    match chars.next() {
                        None => return Err("a quote in its definition is never closed"),
                        // A quote inside a name is written twice.
                        Some(c) if c == end && end != ']' && chars.peek() == Some(&end) => {
                            chars.next();
                            word.push(end);
                        }
                        Some(c) if c == end => break,
                        Some(c) => word.push(c),
                    }
                }
                found.push(Token::Word(word, true));
            }
            c if c.is_alphanumeric() || c == '_' || c == '$' => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_' || *c == '$') {
                    word.push(c);
                }
                found.push(Token::Word(word, false));
            }
            c if c.is_whitespace() => {}
            c => found.push(Token::Mark(c)),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_whatever_they_are_called() {
        let text = "CREATE TABLE \"my \"\"trees\" ( -- a, comment (\n \"fid\" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, `geom` POINT /* , */,\n \
            [plain name] TEXT(20) DEFAULT 'a, b', height DECIMAL(10,2) CHECK (height > 0), \"primary\" TEXT, \
            CONSTRAINT c UNIQUE (height), FOREIGN KEY (height) REFERENCES t(x) )";
        let found = Columns::parse(text).unwrap();
        assert_eq!(found.names, ["fid", "geom", "plain name", "height", "primary"]);
        assert_eq!(found.key, Some(0));
        assert_eq!(found.defaults, [false, false, true, false, false]);
        let found = Columns::parse("create table t(a text, b integer, primary key(b))").unwrap();
        assert_eq!((found.names, found.key), (vec!["a".to_owned(), "b".to_owned()], Some(1)));
        for (text, why) in [
            ("CREATE TABLE t", "no columns"),
            ("CREATE TABLE t()", "no columns"),
            ("CREATE TABLE t(a INTEGER PRIMARY KEY) WITHOUT ROWID", "without row numbers"),
            ("CREATE TABLE t(a, b AS (a + 1))", "computed"),
            ("CREATE TABLE t(\"a)", "never closed"),
        ] {
            assert!(Columns::parse(text).unwrap_err().contains(why), "{text}");
        }
    }
}
