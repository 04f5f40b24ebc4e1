//! A Rust file as the checks see it: comments, texts and tests blanked out, line by line in place. A scanner, no
//! parser: it knows just enough of the language to tell code from what is not.

use crate::workspace::File;

/// A Rust file.
pub struct Rust {
    /// Path from the root.
    pub path: String,
    /// The code without comments and texts, tests included.
    pub code: String,
    /// The same without what is under `#[cfg(test)]` or `#[test]`; empty for a file of tests.
    pub product: String,
}

impl Rust {
    /// Blanks out what is not code.
    pub fn read(file: &File) -> Self {
        let code = code_of(&file.text);
        let product = if is_test_file(&file.path) { String::new() } else { without_tests(&code) };
        Self { path: file.path.clone(), code, product }
    }

    /// The lines, from 1, of the product code in which one of these stands as a whole word or path.
    pub fn lines_with<'a>(&'a self, wanted: &'a [&'a str]) -> impl Iterator<Item = (usize, &'a str)> {
        lines_with(&self.product, wanted)
    }
}

/// The lines, from 1, in which one of these stands, not as part of a longer name.
pub fn lines_with<'a>(code: &'a str, wanted: &'a [&'a str]) -> impl Iterator<Item = (usize, &'a str)> {
    code.lines().enumerate().flat_map(move |(index, line)| {
        wanted.iter().filter(|name| has_word(line, name)).map(move |name| (index + 1, *name))
    })
}

fn has_word(line: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(start, _)| {
        let starts_in_name = word.starts_with(is_name) && line[..start].ends_with(is_name);
        let ends_in_name =
            word.ends_with(is_name) && !word.ends_with('_') && line[start + word.len()..].starts_with(is_name);
        !starts_in_name && !ends_in_name
    })
}

/// Whether a file holds tests alone.
pub fn is_test_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let in_directory =
        ["tests", "benches", "examples"].iter().any(|directory| path.split('/').any(|part| part == *directory));
    in_directory
        || name == "tests.rs"
        || name.ends_with("_tests.rs")
        || name.ends_with("_test.rs")
        || path.starts_with("fuzz/")
}

/// The text with comments, string and character literals replaced by spaces; line breaks stay.
pub fn code_of(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = vec![b' '; bytes.len()];
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => line_end(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => comment_end(bytes, at),
            b'"' => string_end(bytes, at),
            b'r' if !follows_name(bytes, at) => raw_string_end(bytes, at).unwrap_or(at),
            b'b' if !follows_name(bytes, at) && bytes[at..].starts_with(b"br") => {
                raw_string_end(bytes, at + 1).unwrap_or(at)
            }
            b'\'' => character_end(bytes, at).unwrap_or(at),
            _ => at,
        };
        if end == at {
            out[at] = bytes[at];
            at += 1;
        } else {
            at = end;
        }
    }
    for (index, byte) in bytes.iter().enumerate() {
        if *byte == b'\n' {
            out[index] = b'\n';
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn follows_name(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length)
}

fn comment_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start + 2, 1);
    while at < bytes.len() && depth > 0 {
        match &bytes[at..] {
            [b'/', b'*', ..] => (at, depth) = (at + 2, depth + 1),
            [b'*', b'/', ..] => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
    at
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The end of `r"…"` or `r#"…"#`, when one starts here.
fn raw_string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let hashes = bytes[start + 1..].iter().take_while(|byte| **byte == b'#').count();
    let open = start + 1 + hashes;
    if bytes.get(open) != Some(&b'"') {
        return None;
    }
    let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    let length = bytes[open + 1..].windows(close.len()).position(|window| window == close)?;
    Some(open + 1 + length + close.len())
}

/// The end of a character literal, when it is one and not a lifetime.
fn character_end(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes.get(start + 1) == Some(&b'\\') {
        let length = bytes.get(start + 3..)?.iter().position(|byte| *byte == b'\'')?;
        return Some(start + 4 + length);
    }
    let width = std::str::from_utf8(bytes.get(start + 1..(start + 5).min(bytes.len()))?)
        .map_or_else(|error| std::str::from_utf8(&bytes[start + 1..start + 1 + error.valid_up_to()]).ok(), Some)?
        .chars()
        .next()?
        .len_utf8();
    (bytes.get(start + 1 + width) == Some(&b'\'')).then_some(start + 2 + width)
}

/// What marks the item after it as a test.
const TEST_MARKS: [&str; 5] = ["#[cfg(test)]", "#[cfg(all(test", "#[cfg(any(test", "#[test]", "#[tokio::test"];

/// Code (already without comments and texts) with every item under a test mark blanked out.
pub fn without_tests(code: &str) -> String {
    let mut out = code.as_bytes().to_vec();
    let mut from = 0;
    while let Some(start) = TEST_MARKS.iter().filter_map(|mark| code[from..].find(mark)).min().map(|at| at + from) {
        let end = item_end(code.as_bytes(), start);
        for byte in &mut out[start..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        from = end;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The end of the item that an attribute at `start` belongs to: its closing brace, or a semicolon before any.
fn item_end(code: &[u8], start: usize) -> usize {
    let (mut braces, mut brackets) = (0_usize, 0_usize);
    for (at, byte) in code.iter().enumerate().skip(start) {
        match byte {
            b'[' | b'(' => brackets += 1,
            b']' | b')' => brackets = brackets.saturating_sub(1),
            b'{' => braces += 1,
            b'}' => {
                braces = braces.saturating_sub(1);
                if braces == 0 {
                    return at + 1;
                }
            }
            b';' if braces == 0 && brackets == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_code_is_blanked_in_place() {
        let cases = [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"f("x \" y", z)"#, "f(        , z)"),
            (r##"r#"x " y"# + a"##, "           + a"),
            (r#"br"x" + for_"y""#, "      + for_   "),
            ("let c = '\"'; d", "let c =    ; d"),
            ("let c = '\\''; d", "let c =     ; d"),
            ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}"),
            ("'é' 'x", "     'x"),
            ("\"open", "     "),
        ];
        for (text, code) in cases {
            assert_eq!(code_of(text), code, "{text}");
            assert_eq!(code_of(text).len(), text.len());
        }
    }

    #[test]
    fn tests_are_blanked_and_the_rest_stays() {
        let code =
            "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() { c() }\n}\nfn d() {}\n#[cfg(test)]\nmod tests;\nfn e() {}";
        let product = without_tests(code);
        for (word, stays) in
            [("a()", true), ("b()", false), ("c()", false), ("d()", true), ("mod", false), ("e()", true)]
        {
            assert_eq!(product.contains(word), stays, "{word}");
        }
        assert_eq!(product.lines().count(), code.lines().count());
    }

    #[test]
    fn words_are_whole() {
        let found = |line, word| has_word(line, word);
        assert!(found("use std::fs;", "std::fs"));
        assert!(!found("use std::fsx;", "std::fs"));
        assert!(!found("my_unwrap()", "unwrap()"));
        assert!(found("x.unwrap()", ".unwrap()"));
        assert!(found("belfry_store_embedded::open()", "belfry_store_"));
    }

    #[test]
    fn files_of_tests_are_known_by_path() {
        for (path, tests) in [
            ("crates/a/tests/b.rs", true),
            ("crates/a/src/b/tests.rs", true),
            ("crates/a/benches/b.rs", true),
            ("crates/a/src/tests_of_time.rs", false),
            ("crates/testkit/src/lib.rs", false),
        ] {
            assert_eq!(is_test_file(path), tests, "{path}");
        }
    }
}
