//! Which of the media types that can be made a client wants (RFC 9110 section 12.5.1). Reads no body.

use belfry_kernel::{Error, Kind};

/// The place of the one of the highest weight among those offered, the first of several; the first when the client says
/// nothing. `accept` are the values of its Accept headers.
///
/// # Errors
/// `NotAcceptable`, listing what there is; `InvalidRequest` for a weight that is none.
pub fn choose<'a>(accept: impl IntoIterator<Item = &'a str>, offered: &[&str]) -> Result<usize, Error> {
    let mut found: Vec<Option<(u8, u16)>> = vec![None; offered.len()];
    let mut said = false;
    for range in accept.into_iter().flat_map(|value| value.split(',')) {
        said = true;
        let mut parts = range.split(';');
        let kind = parts.next().unwrap_or_default().trim();
        let weight = parts
            .find_map(|p| p.trim().strip_prefix("q=").or_else(|| p.trim().strip_prefix("Q=")))
            .map_or(Some(1000), weight)
            .ok_or_else(|| Error::invalid("a weight in the Accept header is not a number from 0 to 1"))?;
        for (name, best) in offered.iter().zip(&mut found) {
            let precision = precision(kind, name);
            // The most specific range that fits decides.
            if precision > 0 && best.is_none_or(|(before, _)| precision > before) {
                *best = Some((precision, weight));
            }
        }
    }
    if !said {
        return Ok(0);
    }
    let mut chosen: Option<(u16, usize)> = None;
    for (at, best) in found.iter().enumerate() {
        let weight = best.map_or(0, |(_, weight)| weight);
        if weight > chosen.map_or(0, |(w, _)| w) {
            chosen = Some((weight, at));
        }
    }
    let none = || Error::new(Kind::NotAcceptable, format!("this can be had as {}", offered.join(", ")));
    chosen.map(|(_, at)| at).ok_or_else(none)
}

/// How precisely a range means this media type: 0 when it does not.
fn precision(range: &str, name: &str) -> u8 {
    let own = name.split(';').next().unwrap_or(name).trim_end();
    if range == "*/*" {
        1
    } else if range.eq_ignore_ascii_case(own) {
        3
    } else {
        let all = range.strip_suffix("/*").zip(own.split_once('/'));
        all.map_or(0, |(range, (own, _))| if range.eq_ignore_ascii_case(own) { 2 } else { 0 })
    }
}

/// A weight in thousandths.
fn weight(text: &str) -> Option<u16> {
    let weight: f64 = text.trim().parse().ok().filter(|w| (0.0..=1.0).contains(w))?;
    Some((weight * 1000.0).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_range_decides_and_the_most_specific_one_of_those_that_fit() {
        let offered = ["application/json", "text/html; charset=utf-8", "image/png"];
        for (accept, chosen) in [
            (vec![], Some(0)),
            (vec!["*/*"], Some(0)),
            (vec!["text/html"], Some(1)),
            (vec!["text/*, application/json;q=0.5"], Some(1)),
            (vec!["*/*;q=0.1", "image/png"], Some(2)),
            (vec!["application/json;q=0, */*"], Some(1)),
            (vec!["IMAGE/PNG"], Some(2)),
            (vec!["application/json;q=0"], None),
            (vec!["audio/*"], None),
        ] {
            assert_eq!(choose(accept.iter().copied(), &offered).ok(), chosen, "{accept:?}");
        }
        assert_eq!(choose(["a/b;q=2"], &offered).unwrap_err().kind(), Kind::InvalidRequest);
    }
}
