//! Lines: as texts in the encoded polyline format (differences of rounded coordinates, five bits a character), and with fewer
//! positions for an overview. Knows no roads.

use belfry_kit::Position;

/// Positions that a line as a text may have.
const MOST: usize = 10_000;

/// A line as a text, with so many decimals.
pub(crate) fn encode(line: &[Position], decimals: i32) -> String {
    let factor = 10_f64.powi(decimals);
    let mut out = String::with_capacity(line.len() * 6);
    let (mut lat, mut lon) = (0, 0);
    for position in line {
        let (next_lat, next_lon) = ((position.lat * factor).round() as i64, (position.lon * factor).round() as i64);
        put(next_lat - lat, &mut out);
        put(next_lon - lon, &mut out);
        (lat, lon) = (next_lat, next_lon);
    }
    out
}

fn put(step: i64, out: &mut String) {
    let mut rest = ((step << 1) ^ (step >> 63)) as u64;
    loop {
        let bits = (rest & 0x1f) as u8;
        rest >>= 5;
        out.push(char::from(bits + 63 + if rest > 0 { 0x20 } else { 0 }));
        if rest == 0 {
            return;
        }
    }
}

/// The line that a text is; none when it is malformed or too long.
pub(crate) fn decode(text: &str, decimals: i32) -> Option<Vec<Position>> {
    let factor = 10_f64.powi(decimals);
    let mut bytes = text.bytes();
    let (mut lat, mut lon) = (0_i64, 0_i64);
    let mut line = Vec::new();
    while bytes.len() > 0 {
        lat = lat.checked_add(take(&mut bytes)?)?;
        lon = lon.checked_add(take(&mut bytes)?)?;
        if line.len() == MOST {
            return None;
        }
        line.push(Position { lon: lon as f64 / factor, lat: lat as f64 / factor, alt: None });
    }
    Some(line)
}

fn take(bytes: &mut impl Iterator<Item = u8>) -> Option<i64> {
    let mut all = 0_u64;
    for shift in (0..35).step_by(5) {
        let bits = bytes.next()?.checked_sub(63).filter(|bits| *bits < 64)?;
        all |= u64::from(bits & 0x1f) << shift;
        if bits < 0x20 {
            return Some((all >> 1) as i64 ^ -((all & 1) as i64));
        }
    }
    None
}

/// The line with the positions alone from which it differs by more than a thousandth of its extent (Douglas and Peucker,
/// Cartographica 10, 1973): what is seen of it where it just fits on a map of a thousand pixels.
pub(crate) fn simplified(line: &[Position]) -> Vec<Position> {
    let Some(first) = line.first() else { return Vec::new() };
    let squeeze = first.lat.to_radians().cos().max(0.01);
    let plane: Vec<[f64; 2]> = line.iter().map(|p| [p.lon * squeeze, p.lat]).collect();
    let extent = |axis: usize| {
        let (low, high) = plane.iter().fold((f64::MAX, f64::MIN), |(l, h), p| (l.min(p[axis]), h.max(p[axis])));
        high - low
    };
    let tolerance = extent(0).max(extent(1)) / 1000.0;
    let mut keep = vec![false; line.len()];
    (keep[0], keep[line.len() - 1]) = (true, true);
    let mut stretches = vec![(0, line.len() - 1)];
    while let Some((from, to)) = stretches.pop() {
        let between = (from + 1..to).map(|at| (at, beside(plane[at], plane[from], plane[to])));
        if let Some((at, _)) = between.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, off)| *off > tolerance) {
            keep[at] = true;
            stretches.extend([(from, at), (at, to)]);
        }
    }
    line.iter().zip(keep).filter(|(_, keep)| *keep).map(|(position, _)| *position).collect()
}

/// How far a place lies from a stretch.
fn beside(place: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let (px, py) = (place[0] - a[0], place[1] - a[1]);
    let length = dx * dx + dy * dy;
    let share = if length > 0.0 { ((px * dx + py * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (px - share * dx).hypot(py - share * dy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(all: &[(f64, f64)]) -> Vec<Position> {
        all.iter().map(|(lat, lon)| Position { lon: *lon, lat: *lat, alt: None }).collect()
    }

    #[test]
    fn the_line_of_the_formats_own_description() {
        let all = line(&[(38.5, -120.2), (40.7, -120.95), (43.252, -126.453)]);
        assert_eq!(encode(&all, 5), "_p~iF~ps|U_ulLnnqC_mqNvxq`@");
        assert_eq!(decode("_p~iF~ps|U_ulLnnqC_mqNvxq`@", 5).unwrap(), all);
        assert_eq!(decode(&encode(&all, 6), 6).unwrap(), all);
        for bad in ["_", "_p~iF", "ä", " ", "~~~~~~~~~~~~~"] {
            assert!(decode(bad, 5).is_none(), "{bad}");
        }
        assert!(decode("", 5).unwrap().is_empty());
    }

    #[test]
    fn an_overview_keeps_the_ends_and_the_bends() {
        let all = line(&[(0.0, 0.0), (0.0, 0.1), (0.000_01, 0.2), (0.0, 0.3), (0.3, 0.3)]);
        assert_eq!(simplified(&all), line(&[(0.0, 0.0), (0.0, 0.3), (0.3, 0.3)]));
        assert_eq!(simplified(&all[..2]), all[..2]);
        assert_eq!(simplified(&all[..1]), all[..1]);
        assert!(simplified(&[]).is_empty());
        let same = line(&[(1.0, 1.0), (1.0, 1.0), (1.0, 1.0)]);
        assert_eq!(simplified(&same).len(), 2);
    }
}
