//! Which stored form of a file a client gets: Brotli, gzip or plain, from its `Accept-Encoding`. Compresses nothing.

/// A form a file may be stored in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Brotli,
    Gzip,
    Identity,
}

impl Coding {
    /// What the stored copy's name ends in, after the file's own name.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
            Self::Identity => "",
        }
    }

    /// The content coding's registered name; `None` where the header is left out.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }
}

/// The forms this client accepts, the smallest first. Plain always comes last, even when refused: an answer that can be
/// read is better than none (RFC 9110 clause 12.5.3 allows it).
pub(crate) fn accepted(accept_encoding: Option<&str>) -> impl Iterator<Item = Coding> + '_ {
    let header = accept_encoding.unwrap_or("");
    [Coding::Brotli, Coding::Gzip]
        .into_iter()
        .filter(move |coding| coding.name().is_some_and(|name| accepts(header, name)))
        .chain([Coding::Identity])
}

/// Whether the header names this coding, or `*`, with a weight above zero; the name itself outweighs `*`.
fn accepts(header: &str, name: &str) -> bool {
    let mut any = false;
    for part in header.split(',') {
        let (coding, weight) = part.split_once(';').unwrap_or((part, ""));
        let wanted = weight.trim().strip_prefix("q=").is_none_or(|q| q.trim().parse::<f32>().is_ok_and(|q| q > 0.0));
        match coding.trim() {
            "*" => any = wanted,
            other if other.eq_ignore_ascii_case(name) => return wanted,
            _ => {}
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use super::Coding::{Brotli, Gzip, Identity};
    use super::*;

    #[test]
    fn the_smallest_accepted_form_comes_first() {
        let cases: [(Option<&str>, &[Coding]); 11] = [
            (None, &[Identity]),
            (Some(""), &[Identity]),
            (Some("gzip, deflate, br, zstd"), &[Brotli, Gzip, Identity]),
            (Some("gzip"), &[Gzip, Identity]),
            (Some("BR"), &[Brotli, Identity]),
            (Some("br;q=0, gzip;q=0.5"), &[Gzip, Identity]),
            (Some("*"), &[Brotli, Gzip, Identity]),
            (Some("*;q=0"), &[Identity]),
            (Some("br;q=0, *"), &[Gzip, Identity]),
            (Some("brotli, gzipped"), &[Identity]),
            (Some("br;q=abc,;;,"), &[Identity]),
        ];
        for (header, expected) in cases {
            assert_eq!(accepted(header).collect::<Vec<_>>(), expected, "{header:?}");
        }
    }
}
