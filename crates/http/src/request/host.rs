//! Whom a request means: the name in its target or its `Host` header (RFC 9112 section 3.2). A server that asks nobody for a
//! token answers under its own names only: a page from elsewhere whose name was made to lead to this machine (DNS
//! rebinding) would speak to it in the name of whoever looks at that page.

use http::request::Parts;
use http::{Uri, header};
use std::net::IpAddr;

/// The names of the addresses under which this server is known: `http://belfry.example.org` has one.
pub fn names(own: &[String]) -> Vec<String> {
    own.iter().filter_map(|url| Some(url.parse::<Uri>().ok()?.host()?.to_ascii_lowercase())).collect()
}

/// Whether the request means this server: by a loopback name or address, or by one of `names`. One that names nobody comes
/// from no browser, and is taken.
pub fn is_own(head: &Parts, names: &[String]) -> bool {
    let mut named = head.headers.get_all(header::HOST).iter();
    let told = match (head.uri.authority(), named.next()) {
        (Some(authority), _) => authority.as_str(),
        (None, Some(value)) => match value.to_str() {
            Ok(text) => text,
            Err(_) => return false,
        },
        (None, None) => return true,
    };
    named.next().is_none() && is_own_name(without_port(told), names)
}

fn without_port(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

fn is_own_name(name: &str, names: &[String]) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.eq_ignore_ascii_case("localhost") {
        return true;
    }
    if let Ok(address) = name.parse::<IpAddr>()
        && address.to_canonical().is_loopback()
    {
        return true;
    }
    names.iter().any(|own| own.trim_matches(['[', ']']).eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_and_the_configured_names_are_own() {
        let own =
            names(&["https://Town.example.org/x".into(), "http://[::1]:1026".into(), "http://127.0.0.1:1026".into()]);
        let head = |hosts: &[&str], target: &str| {
            let mut request = http::Request::get(target);
            for host in hosts {
                request = request.header("host", *host);
            }
            request.body(()).unwrap().into_parts().0
        };
        for host in
            ["localhost", "LOCALHOST:1026", "localhost.", "127.0.0.1", "127.1.2.3:80", "[::1]:1026", "town.example.org"]
        {
            assert!(is_own(&head(&[host], "/"), &own), "{host}");
        }
        for host in
            ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "x@localhost", "[::2]"]
        {
            assert!(!is_own(&head(&[host], "/"), &own), "{host}");
        }
        assert!(is_own(&head(&[], "/"), &own));
        assert!(!is_own(&head(&["localhost", "evil.example"], "/"), &own));
        assert!(!is_own(&head(&["localhost"], "http://evil.example/"), &own));
    }
}
