//! What an IRI, a keyword and a term may look like, and how a relative reference is resolved. Knows no definitions.

use crate::name::MAX_NAME_BYTES;

/// Whether this is an absolute IRI as far as names need it: a scheme (RFC 3986 clause 3.1), a colon, and none of the
/// characters that no IRI may hold (RFC 3987 clause 2.2: white space, controls, `<>"{}|\^` and the back quote).
pub(super) fn is_iri(text: &str) -> bool {
    text.len() <= MAX_NAME_BYTES && scheme_end(text).is_some() && !text.chars().any(is_forbidden)
}

/// Where the colon after the scheme stands.
pub(super) fn scheme_end(text: &str) -> Option<usize> {
    let colon = text.find(':')?;
    let mut scheme = text[..colon].bytes();
    let first = scheme.next()?;
    (first.is_ascii_alphabetic() && scheme.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')))
        .then_some(colon)
}

/// Whether a name may not hold this character: white space, controls, brackets, quotes and what no IRI may hold.
pub(super) fn is_forbidden(c: char) -> bool {
    matches!(c, '<' | '>' | '"' | '\'' | '`' | '{' | '}' | '|' | '\\' | '^') || c.is_whitespace() || c.is_control()
}

/// The keywords of JSON-LD 1.1 (clause 1.7 of its syntax).
const KEYWORDS: [&str; 23] = [
    "@base",
    "@container",
    "@context",
    "@direction",
    "@graph",
    "@id",
    "@import",
    "@included",
    "@index",
    "@json",
    "@language",
    "@list",
    "@nest",
    "@none",
    "@prefix",
    "@propagate",
    "@protected",
    "@reverse",
    "@set",
    "@type",
    "@value",
    "@version",
    "@vocab",
];

/// The keyword of this text.
pub(super) fn keyword(text: &str) -> Option<&'static str> {
    KEYWORDS.iter().find(|k| **k == text).copied()
}

/// Whether JSON-LD keeps this text back for keywords to come: `@` and nothing but letters.
pub(super) fn is_keyword_like(text: &str) -> bool {
    text.strip_prefix('@').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphabetic()))
}

/// `prefix` and `suffix` of what may be a compact IRI: cut at the first colon that is not the first character.
pub(super) fn split_compact(text: &str) -> Option<(&str, &str)> {
    let colon = text.char_indices().skip(1).find(|(_, c)| *c == ':')?.0;
    Some((&text[..colon], &text[colon + 1..]))
}

/// Resolves a reference against an absolute `http(s)` URL (RFC 3986 clause 5.2) and drops the fragment.
/// Without a base the reference must be absolute. `None` when the answer is no `http` or `https` URL.
pub(super) fn resolve(reference: &str, base: Option<&str>) -> Option<String> {
    let reference = reference.split('#').next().unwrap_or_default();
    if scheme_end(reference).is_some() {
        return fetchable(reference).then(|| reference.to_owned());
    }
    let base = base?;
    let scheme = &base[..scheme_end(base)?];
    let authority_start = scheme.len() + 3;
    let authority_end = base.get(authority_start..)?.find(['/', '?']).map_or(base.len(), |i| authority_start + i);
    let (root, rest) = base.split_at(authority_end);
    let (base_path, base_query) = rest.find('?').map_or((rest, ""), |i| rest.split_at(i));
    let (path, query) = reference.find('?').map_or((reference, ""), |i| reference.split_at(i));
    let url = if reference.starts_with("//") {
        format!("{scheme}:{reference}")
    } else if path.is_empty() {
        format!("{root}{base_path}{}", if query.is_empty() { base_query } else { query })
    } else if path.starts_with('/') {
        format!("{root}{}{query}", without_dots(path))
    } else {
        let folder = base_path.rfind('/').map_or("/", |i| &base_path[..=i]);
        format!("{root}{}{query}", without_dots(&format!("{folder}{path}")))
    };
    fetchable(&url).then_some(url)
}

fn fetchable(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|r| !r.is_empty() && !r.starts_with(['/', '?'])) && is_iri(url)
}

/// RFC 3986 clause 5.2.4 for a path that starts with a slash.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    let mut out = String::with_capacity(path.len());
    for segment in kept {
        out.push('/');
        out.push_str(segment);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_resolve() {
        let base = Some("https://example.org/a/b/c.jsonld?v=1");
        for (reference, expected) in [
            ("https://other.example/x#frag", Some("https://other.example/x")),
            ("d.jsonld", Some("https://example.org/a/b/d.jsonld")),
            ("./d.jsonld", Some("https://example.org/a/b/d.jsonld")),
            ("../d.jsonld", Some("https://example.org/a/d.jsonld")),
            ("../../../../d", Some("https://example.org/d")),
            ("/d?q=1", Some("https://example.org/d?q=1")),
            ("//other.example/d", Some("https://other.example/d")),
            ("?v=2", Some("https://example.org/a/b/c.jsonld?v=2")),
            ("", Some("https://example.org/a/b/c.jsonld?v=1")),
            ("..", Some("https://example.org/a/")),
            (".", Some("https://example.org/a/b/")),
            ("ftp://example.org/x", None),
            ("http://", None),
            ("https:///path", None),
            ("urn:x:y", None),
            ("a b", None),
        ] {
            assert_eq!(resolve(reference, base).as_deref(), expected, "{reference:?}");
        }
        assert_eq!(resolve("d", None), None);
        assert_eq!(resolve("d", Some("https://example.org")).as_deref(), Some("https://example.org/d"));
    }

    #[test]
    fn iris() {
        for good in ["urn:a", "https://example.org/é", "x:", "a+b-c.d:e"] {
            assert!(is_iri(good), "{good}");
        }
        for bad in ["", "a", ":a", "1a:b", "a b:c", "a:b c", "a:<b>", "a:\"", "a:\u{0}", "_:b0"] {
            assert!(!is_iri(bad), "{bad}");
        }
    }
}
