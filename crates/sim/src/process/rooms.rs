//! Air of a classroom: one well-mixed zone, C' = G/V - n (C - outside), between readings in closed form; carbon dioxide from
//! breathing after A. Persily and L. de Jonge (2017). Counts of people are not kept, only what their breath does.

/// ppm outside.
pub const OUTSIDE: f64 = 425.0;
/// m3 of a classroom.
const VOLUME: f64 = 190.0;
/// m3 of carbon dioxide an hour from a full class.
const BREATH: f64 = 24.0 * 0.0043 * 3.6;

/// ppm after `seconds`, from `before`, at `full` (0 to 1) and so many changes of air an hour.
pub fn carbon_dioxide(before: f64, seconds: f64, full: f64, changes: f64) -> f64 {
    let still = OUTSIDE + BREATH * full * 1e6 / (changes * VOLUME);
    still + (before - still) * (-changes * seconds / 3_600.0).exp()
}

/// Degrees inside: heated to 20.5, warmer with the outside in summer and with a class in it. `broken` is what a failed
/// cooling adds, kelvin.
pub fn temperature(outside: f64, full: f64, broken: f64) -> f64 {
    20.5 + (outside - 17.0).max(0.0) * 0.55 + 1.8 * full + broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_makes_the_air_stale_and_a_break_clears_it() {
        let lesson = carbon_dioxide(OUTSIDE, 2_700.0, 1.0, 1.5);
        assert!((900.0..1_600.0).contains(&lesson), "{lesson}");
        let night = carbon_dioxide(lesson, 12.0 * 3_600.0, 0.0, 1.5);
        assert!((night - OUTSIDE).abs() < 1.0, "{night}");
        // In two steps as in one.
        let half = carbon_dioxide(carbon_dioxide(OUTSIDE, 1_350.0, 1.0, 1.5), 1_350.0, 1.0, 1.5);
        assert!((half - lesson).abs() < 1e-9);
    }
}
