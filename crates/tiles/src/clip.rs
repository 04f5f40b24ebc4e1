//! Lines and rings cut off at the borders of a box, in floating point before they are snapped to the grid: Liang and Barsky
//! (1984) for lines, Sutherland and Hodgman (1974) for rings. What the second leaves lying along the border where a ring
//! comes in several times is taken apart in [`crate::mend`].

/// A box that everything is cut to, the same on both axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

type Place = [f64; 2];

impl Frame {
    /// The part of a segment that lies in the box, as its two ends.
    pub(crate) fn segment(self, a: Place, b: Place) -> Option<(Place, Place)> {
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        for axis in 0..2 {
            let length = b[axis] - a[axis];
            if length == 0.0 {
                if a[axis] < self.low || a[axis] > self.high {
                    return None;
                }
                continue;
            }
            let (low, high) = ((self.low - a[axis]) / length, (self.high - a[axis]) / length);
            enter = enter.max(low.min(high));
            leave = leave.min(low.max(high));
        }
        if enter > leave {
            return None;
        }
        // The ends themselves are kept to the bit, so that the next segment goes on where this one ended.
        let at = |share: f64| {
            let on = |axis: usize| (a[axis] + share * (b[axis] - a[axis])).clamp(self.low, self.high);
            [on(0), on(1)]
        };
        let start = if enter == 0.0 { a } else { at(enter) };
        let end = if leave == 1.0 { b } else { at(leave) };
        Some((start, end))
    }

    /// A line in the box: one run for each time it is inside. Calls `put` with each place and whether it begins a run.
    pub(crate) fn line(self, line: impl Iterator<Item = Place>, mut put: impl FnMut(Place, bool)) {
        let mut before: Option<Place> = None;
        let mut open: Option<Place> = None;
        for place in line {
            if let Some(last) = before {
                match self.segment(last, place) {
                    Some((start, end)) => {
                        if open != Some(start) {
                            put(start, true);
                        }
                        put(end, false);
                        open = (end == place).then_some(end);
                    }
                    None => open = None,
                }
            }
            before = Some(place);
        }
    }

    /// Cuts a ring to the box; `spare` is scratch. An empty ring is one that is outside.
    pub(crate) fn ring(self, ring: &mut Vec<Place>, spare: &mut Vec<Place>) {
        for axis in 0..2 {
            self.half(ring, spare, axis, |value| value >= self.low, self.low);
            std::mem::swap(ring, spare);
            self.half(ring, spare, axis, |value| value <= self.high, self.high);
            std::mem::swap(ring, spare);
        }
    }

    /// What of a ring is on one side of a border.
    fn half(self, ring: &[Place], to: &mut Vec<Place>, axis: usize, inside: impl Fn(f64) -> bool, border: f64) {
        to.clear();
        let Some(mut last) = ring.last().copied() else { return };
        for &place in ring {
            if inside(last[axis]) != inside(place[axis]) {
                let share = (border - last[axis]) / (place[axis] - last[axis]);
                let other = 1 - axis;
                let mut crossing = [border; 2];
                crossing[other] = last[other] + share * (place[other] - last[other]);
                to.push(crossing);
            }
            if inside(place[axis]) {
                to.push(place);
            }
            last = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame { low: 0.0, high: 10.0 };

    fn runs(line: &[Place]) -> Vec<Vec<Place>> {
        let mut runs: Vec<Vec<Place>> = Vec::new();
        FRAME.line(line.iter().copied(), |place, begins| {
            if begins {
                runs.push(Vec::new());
            }
            runs.last_mut().unwrap().push(place);
        });
        runs
    }

    #[test]
    fn segments_are_cut_where_they_cross() {
        let cases = [
            ([1.0, 1.0], [9.0, 9.0], Some(([1.0, 1.0], [9.0, 9.0]))),
            ([-5.0, 5.0], [15.0, 5.0], Some(([0.0, 5.0], [10.0, 5.0]))),
            ([-5.0, 0.0], [5.0, 10.0], Some(([0.0, 5.0], [5.0, 10.0]))),
            ([-1.0, 5.0], [-1.0, 6.0], None),
            ([-3.0, 1.0], [1.0, -3.0], None),
            ([1e9, 5.0], [5.0, 5.0], Some(([10.0, 5.0], [5.0, 5.0]))),
            ([3.0, 3.0], [3.0, 3.0], Some(([3.0, 3.0], [3.0, 3.0]))),
        ];
        for (a, b, wanted) in cases {
            assert_eq!(FRAME.segment(a, b), wanted, "{a:?} {b:?}");
        }
    }

    #[test]
    fn a_line_that_leaves_and_comes_back_is_two() {
        let line = [[5.0, 5.0], [15.0, 5.0], [15.0, 8.0], [5.0, 8.0], [4.0, 8.0]];
        assert_eq!(runs(&line), [vec![[5.0, 5.0], [10.0, 5.0]], vec![[10.0, 8.0], [5.0, 8.0], [4.0, 8.0]]]);
        assert!(runs(&[[-1.0, -1.0], [-2.0, 11.0]]).is_empty());
    }

    #[test]
    fn rings_are_cut_and_those_around_the_box_become_it() {
        let mut ring = vec![[-100.0, -100.0], [100.0, -100.0], [100.0, 100.0], [-100.0, 100.0]];
        FRAME.ring(&mut ring, &mut Vec::new());
        assert_eq!(ring.len(), 4);
        assert!(ring.iter().flatten().all(|v| *v == 0.0 || *v == 10.0));
        let mut away = vec![[20.0, 20.0], [30.0, 20.0], [30.0, 30.0]];
        FRAME.ring(&mut away, &mut Vec::new());
        assert!(away.is_empty());
    }
}
