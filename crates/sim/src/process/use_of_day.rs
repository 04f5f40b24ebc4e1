//! When people use what: shares of the busiest hour by the local hour, for roads, water, waste, parking, classrooms and
//! lifts. Curves of sums of bells, shaped after common traffic counts and EPANET's demand patterns.

/// A bell around an hour.
fn bell(hour: f64, at: f64, wide: f64) -> f64 {
    let away = (hour - at).abs();
    let away = away.min(24.0 - away);
    (-(away / wide).powi(2)).exp()
}

/// Whether a day (days since 1970) is of a weekend.
pub fn is_weekend(day: i32) -> bool {
    // 1970-01-01 was a Thursday.
    (day + 3).rem_euclid(7) >= 5
}

/// Traffic, 0 to 1: two rushes on workdays, one long afternoon at weekends.
pub fn traffic(hour: f64, weekend: bool) -> f64 {
    let day = 0.38 * bell(hour, 13.5, 5.5);
    let curve = if weekend {
        0.04 + day + 0.2 * bell(hour, 15.5, 4.0)
    } else {
        0.04 + day + 0.62 * bell(hour, 7.6, 1.3) + 0.60 * bell(hour, 17.2, 1.7)
    };
    curve.min(1.0)
}

/// Water drawn in homes, as a multiple of the mean.
pub fn water(hour: f64, weekend: bool) -> f64 {
    let shift = if weekend { 1.3 } else { 0.0 };
    0.51 + 1.35 * bell(hour, 7.4 + shift, 1.6) + 0.75 * bell(hour, 12.8, 2.2) + 1.15 * bell(hour, 19.3, 2.4)
}

/// Spaces taken of a car park, 0 to 1.
pub fn parking(hour: f64, weekend: bool) -> f64 {
    let day = bell(hour, 11.2, 2.8).max(bell(hour, 15.2, 2.9));
    0.10 + if weekend { 0.55 * bell(hour, 14.5, 3.2) } else { 0.80 * day }
}

/// Waste that is thrown away, as a multiple of the mean.
pub fn waste(hour: f64) -> f64 {
    0.53 + 0.9 * bell(hour, 9.0, 2.4) + 1.3 * bell(hour, 18.5, 3.2)
}

/// How full a classroom is, 0 to 1: lessons of 45 minutes from eight to a quarter past three, with breaks.
pub fn lessons(second: u32, weekend: bool) -> f64 {
    const LESSONS: [(u32, u32); 7] =
        [(480, 525), (530, 575), (595, 640), (645, 690), (700, 745), (810, 855), (860, 905)];
    let minute = second / 60;
    let full = !weekend && LESSONS.iter().any(|(from, to)| (*from..*to).contains(&minute));
    if full { 1.0 } else { 0.0 }
}

/// Trips of a lift, as a multiple of the mean.
pub fn lift(hour: f64) -> f64 {
    0.5 + 1.2 * bell(hour, 8.0, 1.8) + 0.8 * bell(hour, 12.5, 2.0) + 1.3 * bell(hour, 18.0, 2.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_have_the_sizes_that_they_state() {
        let hours = || (0..240).map(|tenth| f64::from(tenth) / 10.0);
        let mean = |f: &dyn Fn(f64) -> f64| hours().map(f).sum::<f64>() / 240.0;
        for weekend in [false, true] {
            assert!(hours().all(|h| (0.0..=1.0).contains(&traffic(h, weekend))));
            assert!(hours().all(|h| (0.0..=1.0).contains(&parking(h, weekend))));
            assert!((mean(&|h| water(h, weekend)) - 1.0).abs() < 0.1, "{}", mean(&|h| water(h, weekend)));
        }
        assert!((mean(&waste) - 1.0).abs() < 0.15, "{}", mean(&waste));
        assert!((mean(&lift) - 1.0).abs() < 0.25, "{}", mean(&lift));
        assert_eq!(
            (lessons(9 * 3_600, false), lessons(9 * 3_600, true), lessons(12 * 3_600 + 1_800 * 2, false)),
            (1.0, 0.0, 0.0)
        );
        // 1970-01-03 and 04 were Saturday and Sunday.
        assert_eq!([1, 2, 3, 4].map(is_weekend), [false, true, true, false]);
    }
}
