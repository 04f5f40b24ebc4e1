//! Licence expressions (SPDX 2.3, annex D) against a list of allowed licences. Knows no texts of licences.

/// Whether an expression can be satisfied with the allowed licences alone. `/` counts as `OR`, as crates once wrote it.
/// Error: what could not be read.
pub fn allows(expression: &str, allowed: &[&str]) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<_> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    let answer = reader.any(0)?;
    match reader.words.first() {
        None => Ok(answer),
        Some(word) => Err(format!("{word:?} was not expected in {expression:?}")),
    }
}

/// Deepest nesting of parentheses.
const MAX_DEPTH: usize = 16;

struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a [&'a str],
}

impl<'a> Reader<'a> {
    fn take(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.words = &self.words[1..];
        }
        found
    }

    fn any(&mut self, depth: usize) -> Result<bool, String> {
        let mut answer = self.all(depth)?;
        while self.take("OR") {
            answer |= self.all(depth)?;
        }
        Ok(answer)
    }

    fn all(&mut self, depth: usize) -> Result<bool, String> {
        let mut answer = self.one(depth)?;
        while self.take("AND") {
            answer &= self.one(depth)?;
        }
        Ok(answer)
    }

    fn one(&mut self, depth: usize) -> Result<bool, String> {
        if depth > MAX_DEPTH {
            return Err("parentheses too deep".to_owned());
        }
        if self.take("(") {
            let answer = self.any(depth + 1)?;
            return if self.take(")") { Ok(answer) } else { Err("a parenthesis is not closed".to_owned()) };
        }
        let Some((licence, rest)) = self.words.split_first() else {
            return Err("a licence is missing".to_owned());
        };
        if ["OR", "AND", "WITH", ")"].contains(licence) {
            return Err(format!("a licence is missing before {licence:?}"));
        }
        self.words = rest;
        if self.take("WITH") {
            let Some((exception, rest)) = self.words.split_first() else {
                return Err("an exception is missing".to_owned());
            };
            self.words = rest;
            return Ok(self.allowed.contains(&format!("{licence} WITH {exception}").as_str()));
        }
        Ok(self.allowed.contains(licence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        let allowed = ["MIT", "Apache-2.0", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"];
        for (expression, answer) in [
            ("MIT", Ok(true)),
            ("GPL-3.0-only", Ok(false)),
            ("GPL-3.0-only OR MIT", Ok(true)),
            ("GPL-3.0-only AND MIT", Ok(false)),
            ("MIT/Apache-2.0", Ok(true)),
            ("(MIT OR GPL-2.0) AND Unicode-3.0", Ok(true)),
            ("MIT OR GPL-2.0 AND GPL-3.0", Ok(true)),
            ("(MIT OR GPL-2.0) AND GPL-3.0", Ok(false)),
            ("Apache-2.0 WITH LLVM-exception", Ok(true)),
            ("Apache-2.0 WITH other-exception", Ok(false)),
            ("", Err(())),
            ("MIT OR", Err(())),
            ("(MIT", Err(())),
            ("MIT MIT", Err(())),
            ("MIT WITH", Err(())),
        ] {
            assert_eq!(allows(expression, &allowed).map_err(|_| ()), answer, "{expression}");
        }
        assert!(allows(&"(".repeat(1000), &allowed).is_err());
    }
}
