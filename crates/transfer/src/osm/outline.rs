//! Whether lines and rings are sound: long enough, not drawn around the back of the globe, not crossing themselves or each
//! other. Whole numbers throughout, so that an answer is exact. Assembles nothing.

use super::place::Place;
use belfry_ngsi_ld::geojson::MAX_POSITIONS;

/// Pairs of segments that are compared for one object. Real outlines need a few for each of their segments.
const MAX_PAIRS: usize = 20_000_000;

/// A line without repeated places.
///
/// # Errors
/// Why it is no line.
pub(super) fn line(mut places: Vec<Place>) -> Result<Vec<Place>, String> {
    within_limits(&places)?;
    places.dedup();
    if places.len() < 2 {
        return Err("it has no length: all its nodes are at one place".into());
    }
    Ok(places)
}

/// Checks the rings of one object, each closed, and tidies them of repeated places and of steps back over themselves.
///
/// # Errors
/// Why it is no area.
pub(super) fn rings(rings: Vec<Vec<Place>>) -> Result<Vec<Vec<Place>>, String> {
    let total = rings.iter().map(Vec::len).sum::<usize>();
    if total > MAX_POSITIONS {
        return Err(format!("it has {total} nodes; a geometry has at most {MAX_POSITIONS}"));
    }
    let mut tidied = Vec::with_capacity(rings.len());
    for mut ring in rings {
        within_limits(&ring)?;
        ring.dedup();
        if ring.len() < 4 || area(&ring) == 0 {
            return Err(format!("its outline encloses nothing (near {})", ring[0]));
        }
        tidied.push(ring);
    }
    match crossing(&tidied) {
        Some(Crossing::At(place)) => Err(format!("its outline crosses or touches itself near {place}")),
        Some(Crossing::TooMany) => Err("its outline is too tangled to be checked".into()),
        None => Ok(tidied),
    }
}

fn within_limits(places: &[Place]) -> Result<(), String> {
    if places.len() > MAX_POSITIONS {
        return Err(format!("it has {} nodes; a geometry has at most {MAX_POSITIONS}", places.len()));
    }
    match places.windows(2).find(|pair| pair[0].crosses_antimeridian(pair[1])) {
        Some(pair) => Err(format!(
            "it crosses the antimeridian near {}; an object is cut there in two (RFC 7946 section 3.1.9)",
            pair[0]
        )),
        None => Ok(()),
    }
}

/// Twice the area of a closed ring, in square steps; positive when it runs counterclockwise.
pub(super) fn area(ring: &[Place]) -> i128 {
    ring.windows(2).map(|pair| cross([0, 0], wide(pair[0]), wide(pair[1]))).sum()
}

/// Whether a place is inside a closed ring; none when it is on it.
pub(super) fn inside(place: Place, ring: &[Place]) -> Option<bool> {
    let p = wide(place);
    let mut inside = false;
    for pair in ring.windows(2) {
        let (a, b) = (wide(pair[0]), wide(pair[1]));
        let side = cross(a, b, p);
        if side == 0 && within(a, b, p) {
            return None;
        }
        if (a[1] > p[1]) != (b[1] > p[1]) && (side > 0) == (b[1] > a[1]) {
            inside = !inside;
        }
    }
    Some(inside)
}

type Wide = [i64; 2];

fn wide(place: Place) -> Wide {
    [i64::from(place.lon), i64::from(place.lat)]
}

/// Twice the area of a triangle; its sign tells on which side of the line from `a` to `b` the third place is.
fn cross(a: Wide, b: Wide, c: Wide) -> i128 {
    let d = |x: i64, y: i64| i128::from(x - y);
    d(b[0], a[0]) * d(c[1], a[1]) - d(b[1], a[1]) * d(c[0], a[0])
}

/// Whether a place on the line through two others lies between them.
fn within(a: Wide, b: Wide, p: Wide) -> bool {
    (0..2).all(|i| a[i].min(b[i]) <= p[i] && p[i] <= a[i].max(b[i]))
}

enum Crossing {
    At(Place),
    TooMany,
}

struct Segment {
    ring: usize,
    /// Its place in the ring, and how many the ring has.
    at: usize,
    of: usize,
    a: Place,
    b: Place,
}

/// The first place where rings cross themselves or each other, or a ring touches itself; rings may touch each other.
fn crossing(rings: &[Vec<Place>]) -> Option<Crossing> {
    let segments = rings.iter().enumerate().flat_map(|(ring, places)| {
        let of = places.len() - 1;
        places.windows(2).enumerate().map(move |(at, pair)| Segment { ring, at, of, a: pair[0], b: pair[1] })
    });
    let mut segments: Vec<Segment> = segments.collect();
    // From west to east: a segment is compared with those that begin before it ends.
    segments.sort_unstable_by_key(|s| s.a.lon.min(s.b.lon));
    let mut open: Vec<usize> = Vec::new();
    let mut pairs = 0_usize;
    for (at, segment) in segments.iter().enumerate() {
        let west = segment.a.lon.min(segment.b.lon);
        open.retain(|other| segments[*other].a.lon.max(segments[*other].b.lon) >= west);
        pairs += open.len();
        if pairs > MAX_PAIRS {
            return Some(Crossing::TooMany);
        }
        let meets = open.iter().find(|other| meet(segment, &segments[**other]));
        if meets.is_some() {
            return Some(Crossing::At(segment.a));
        }
        open.push(at);
    }
    None
}

/// Whether two segments meet where they must not.
fn meet(s: &Segment, t: &Segment) -> bool {
    let apart = |a: i32, b: i32, c: i32, d: i32| a.max(b) < c.min(d) || c.max(d) < a.min(b);
    if apart(s.a.lat, s.b.lat, t.a.lat, t.b.lat) || apart(s.a.lon, s.b.lon, t.a.lon, t.b.lon) {
        return false;
    }
    let [a, b, c, d] = [s.a, s.b, t.a, t.b].map(wide);
    let (c_side, d_side) = (cross(a, b, c), cross(a, b, d));
    let (a_side, b_side) = (cross(c, d, a), cross(c, d, b));
    if c_side == 0 && d_side == 0 {
        // On one line: they overlap when they have more than one place in common.
        let axis = usize::from(a[0] == b[0]);
        let (low, high) =
            (a[axis].min(b[axis]).max(c[axis].min(d[axis])), a[axis].max(b[axis]).min(c[axis].max(d[axis])));
        return low < high || (low == high && s.ring == t.ring && !neighbours(s, t));
    }
    let opposite = |x: i128, y: i128| (x > 0) != (y > 0) && x != 0 && y != 0;
    if opposite(c_side, d_side) && opposite(a_side, b_side) {
        return true;
    }
    let touches = (c_side == 0 && within(a, b, c))
        || (d_side == 0 && within(a, b, d))
        || (a_side == 0 && within(c, d, a))
        || (b_side == 0 && within(c, d, b));
    touches && s.ring == t.ring && !neighbours(s, t)
}

/// Whether one segment follows the other: they have a place in common, and may.
fn neighbours(s: &Segment, t: &Segment) -> bool {
    s.of == t.of && ((s.at + 1) % s.of == t.at || (t.at + 1) % t.of == s.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(text: &[(i32, i32)]) -> Vec<Place> {
        text.iter().map(|(lon, lat)| Place { lon: *lon, lat: *lat }).collect()
    }

    #[test]
    fn sound_rings_are_taken_and_others_refused_with_a_reason() {
        let square = [(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)];
        let hole = [(2, 2), (2, 4), (4, 4), (4, 2), (2, 2)];
        let corner = [(0, 0), (2, 4), (4, 4), (4, 2), (0, 0)];
        let across = [(5, 5), (15, 5), (15, 6), (5, 6), (5, 5)];
        let shared = [(10, 2), (12, 2), (12, 8), (10, 8), (10, 2)];
        type Rings<'a> = &'a [&'a [(i32, i32)]];
        let cases: &[(Rings<'_>, Option<&str>)] = &[
            (&[&square], None),
            (&[&square, &hole], None),
            (&[&square, &corner], None),
            (&[&square, &across], Some("crosses")),
            (&[&square, &shared], Some("crosses")),
            (&[&[(0, 0), (10, 10), (10, 0), (0, 8), (0, 0)]], Some("crosses")),
            (&[&[(0, 0), (4, 0), (4, 4), (2, 0), (0, 4), (0, 0)]], Some("touches")),
            (&[&[(0, 0), (4, 4), (0, 8), (8, 8), (4, 4), (8, 0), (0, 0)]], Some("touches")),
            (&[&[(0, 0), (10, 0), (10, 10), (10, 20), (10, 10), (0, 10), (0, 0)]], Some("crosses")),
            (&[&[(0, 0), (10, 0), (0, 0)]], Some("encloses nothing")),
            (&[&[(0, 0), (10, 0), (20, 0), (0, 0)]], Some("encloses nothing")),
            (&[&[(5, 5), (5, 5), (5, 5), (5, 5)]], Some("encloses nothing")),
            (
                &[&[(1_799_000_000, 0), (-1_799_000_000, 0), (-1_799_000_000, 9), (1_799_000_000, 0)]],
                Some("antimeridian"),
            ),
            (&[&[(1_790_000_000, 0), (1_800_000_000, 0), (1_800_000_000, 900_000_000), (1_790_000_000, 0)]], None),
        ];
        for (given, reason) in cases {
            let found = rings(given.iter().map(|places| ring(places)).collect());
            match reason {
                None => assert!(found.is_ok(), "{given:?}: {found:?}"),
                Some(reason) => assert!(found.as_ref().is_err_and(|why| why.contains(reason)), "{given:?}: {found:?}"),
            }
        }
    }

    #[test]
    fn places_are_inside_outside_or_on_a_ring() {
        let square = ring(&[(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)]);
        for (lon, lat, expected) in [
            (5, 5, Some(true)),
            (-1, 5, Some(false)),
            (11, 10, Some(false)),
            (10, 5, None),
            (0, 0, None),
            (-5, 0, Some(false)),
        ] {
            assert_eq!(inside(Place { lon, lat }, &square), expected, "{lon} {lat}");
        }
        assert!(area(&square) == 200 && area(&ring(&[(0, 0), (0, 10), (10, 10), (0, 0)])) < 0);
    }

    #[test]
    fn a_tangle_ends_at_the_limit() {
        let zigzag: Vec<(i32, i32)> = (0..60_000).map(|i| (if i % 2 == 0 { 0 } else { 1_000_000 }, i)).collect();
        let mut zigzag = ring(&zigzag);
        zigzag.push(zigzag[0]);
        assert!(rings(vec![zigzag]).is_err());
    }

    #[test]
    fn lines() {
        assert_eq!(line(ring(&[(0, 0), (0, 0), (1, 0)])).unwrap().len(), 2);
        assert!(line(ring(&[(0, 0), (0, 0)])).unwrap_err().contains("no length"));
        assert!(line(ring(&[(1_800_000_000, 0), (-1_800_000_000, 0)])).unwrap_err().contains("antimeridian"));
    }

    proptest::proptest! {
        /// The sweep finds what comparing all pairs finds, on grids so small that segments meet in every way.
        #[test]
        fn the_sweep_agrees_with_all_pairs(corners in proptest::collection::vec((0..5_i32, 0..5_i32), 3..9)) {
            let mut places = ring(&corners);
            places.push(places[0]);
            places.dedup();
            if places.len() >= 4 && area(&places) != 0 {
                let of = places.len() - 1;
                let segment = |at: usize| Segment { ring: 0, at, of, a: places[at], b: places[at + 1] };
                let crosses = (0..of).any(|i| (0..i).any(|j| meet(&segment(i), &segment(j))));
                proptest::prop_assert_eq!(rings(vec![places.clone()]).is_err(), crosses);
            }
        }
    }
}
