//! What a browser gets: status, headers and bytes, with the page embedded and without.

use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY};
use http::{Response, StatusCode};

use super::{CONTENT_SECURITY_POLICY, respond};

fn get(path: &str, tag: Option<&str>, coding: Option<&str>) -> Response<bytes::Bytes> {
    respond(path, tag, coding).unwrap_or_else(|| panic!("no answer for {path}"))
}

fn text(answer: &Response<bytes::Bytes>, name: impl http::header::AsHeaderName) -> &str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[test]
fn the_page_is_revalidated_and_guarded() {
    for path in ["/", "/index.html"] {
        let answer = get(path, None, None);
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(text(&answer, CONTENT_TYPE), "text/html; charset=utf-8");
        assert_eq!(text(&answer, CACHE_CONTROL), "no-cache");
        assert_eq!(text(&answer, VARY), "accept-encoding");
        assert_eq!(text(&answer, "content-security-policy"), CONTENT_SECURITY_POLICY);
        assert_eq!(text(&answer, "x-content-type-options"), "nosniff");
        assert_eq!(text(&answer, "referrer-policy"), "no-referrer");
        assert!(answer.body().starts_with(b"<!doctype html>"));
    }
}

#[test]
fn the_policy_allows_no_inline_code_and_no_frames() {
    for part in ["default-src 'none'", "script-src 'self';", "worker-src 'self';", "frame-ancestors 'none'"] {
        assert!(CONTENT_SECURITY_POLICY.contains(part), "{part}");
    }
    assert!(!CONTENT_SECURITY_POLICY.contains("unsafe"));
    assert!(!CONTENT_SECURITY_POLICY.contains("  "), "the line breaks of the source are not in the header");
}

#[test]
fn a_known_tag_gets_not_modified() {
    let first = get("/", None, None);
    let tag = text(&first, ETAG).to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 4, "{tag}");
    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let answer = get("/", Some(&known), None);
        assert_eq!(answer.status(), StatusCode::NOT_MODIFIED, "{known}");
        assert!(answer.body().is_empty());
        assert_eq!(text(&answer, ETAG), tag);
        assert_eq!(text(&answer, "content-security-policy"), CONTENT_SECURITY_POLICY);
    }
    for unknown in ["", "\"other\"", "W/\"other\"", tag.trim_matches('"')] {
        assert_eq!(get("/", Some(unknown), None).status(), StatusCode::OK, "{unknown}");
    }
}

#[test]
fn what_the_page_does_not_have_is_left_to_others() {
    let paths = [
        "",
        "index.html",
        "//",
        "/ngsi-ld/v1/entities",
        "/events",
        "/assets/none.js",
        "/../Cargo.toml",
        "/index.html.br",
    ];
    for path in paths.into_iter().chain(["/assets/", "/.", "/index.html/", "/\u{0}", "/%2e%2e/Cargo.toml", "/塔.html"])
    {
        assert!(respond(path, None, Some("br, gzip")).is_none(), "{path}");
    }
}

#[cfg(not(feature = "embed"))]
#[test]
fn without_the_page_it_says_how_to_build_it() {
    let answer = get("/", None, Some("br, gzip"));
    assert_eq!(text(&answer, CONTENT_ENCODING), "");
    let page = std::str::from_utf8(answer.body()).unwrap();
    for part in ["not built into this binary", "npm ci", "--features embed-ui", "/health"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("<style") && !page.contains("<script") && !page.contains("style="));
}

#[cfg(feature = "embed")]
#[test]
fn every_file_the_page_names_is_there_compressed_and_kept_for_ever() {
    let index = get("/", None, None);
    let html = std::str::from_utf8(index.body()).unwrap();
    assert!(!html.contains("<style") && !html.contains("style="), "the policy would refuse it");
    let assets: Vec<&str> = html.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert!(assets.len() >= 2, "{html}");
    for path in assets {
        let plain = get(path, None, None);
        assert_eq!(text(&plain, CACHE_CONTROL), "public, max-age=31536000, immutable");
        let mut tags = vec![text(&plain, ETAG).to_owned()];
        for (coding, name) in [("br", "br"), ("gzip", "gzip")] {
            let small = get(path, None, Some(coding));
            assert_eq!(text(&small, CONTENT_ENCODING), name, "{path}");
            assert_eq!(text(&small, CONTENT_TYPE), text(&plain, CONTENT_TYPE));
            assert!(small.body().len() * 2 < plain.body().len(), "{path} {coding}");
            tags.push(text(&small, ETAG).to_owned());
        }
        tags.dedup();
        assert_eq!(tags.len(), 3, "each form has its own tag");
    }
    assert_eq!(text(&get("/favicon.svg", None, None), CONTENT_TYPE), "image/svg+xml");
}
