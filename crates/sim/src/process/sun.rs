//! The sun over a horizontal plane, and evaporation of a reference crop: FAO Irrigation and Drainage Paper 56 (R. Allen et
//! al. 1998), with its equation numbers.

use std::f64::consts::PI;

/// Solar constant, MJ a m2 and minute.
const SOLAR: f64 = 0.0820;

/// Radiation outside the atmosphere, W a m2, at a solar time (hours) on a day of the year at a latitude (degrees). Equations
/// 23, 24 and the integrand of 28.
pub fn above_air(latitude: f64, day: u16, hour: f64) -> f64 {
    let angle = 2.0 * PI * f64::from(day) / 365.0;
    let distance = 1.0 + 0.033 * angle.cos();
    let declination = 0.409 * (angle - 1.39).sin();
    let phi = latitude.to_radians();
    let turned = PI / 12.0 * (hour - 12.0);
    let height = phi.sin() * declination.sin() + phi.cos() * declination.cos() * turned.cos();
    (SOLAR * 1e6 / 60.0 * distance * height).max(0.0)
}

/// Pressure of saturated vapour, kPa, at a temperature in degrees Celsius. Equation 11.
pub fn saturation(celsius: f64) -> f64 {
    0.6108 * (17.27 * celsius / (celsius + 237.3)).exp()
}

/// What an hour of weather is to a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hour {
    /// Degrees Celsius.
    pub temperature: f64,
    /// Relative humidity, 0 to 1.
    pub humidity: f64,
    /// Wind two metres above the ground, m/s.
    pub wind: f64,
    /// Radiation of the sun, W a m2.
    pub sun: f64,
    /// The same on a cloudless day.
    pub clear: f64,
    /// Air pressure, kPa.
    pub pressure: f64,
}

/// Reference evapotranspiration of an hour, mm: Penman-Monteith, equation 53, never below 0.
pub fn reference(hour: &Hour) -> f64 {
    let t = hour.temperature;
    let full = saturation(t);
    let vapour = full * hour.humidity;
    let slope = 4_098.0 * full / (t + 237.3).powi(2);
    let gamma = 0.665e-3 * hour.pressure;
    let short = 0.77 * hour.sun * 3_600.0 / 1e6;
    // Equation 39 by the hour; at night the sky is taken to be as it was: three quarters clear.
    let cloudless = if hour.clear > 20.0 { (hour.sun / hour.clear).clamp(0.25, 1.0) } else { 0.75 };
    let long = 2.043e-10 * (t + 273.16).powi(4) * (0.34 - 0.14 * vapour.sqrt()) * (1.35 * cloudless - 0.35);
    let net = short - long;
    // Equations 45 and 46.
    let ground = if hour.clear > 1.0 { 0.1 * net } else { 0.5 * net };
    let energy = 0.408 * slope * (net - ground);
    let dryness = gamma * 37.0 / (t + 273.0) * hour.wind * (full - vapour);
    ((energy + dryness) / (slope + gamma * (1.0 + 0.34 * hour.wind))).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_fao_56() {
        // Example 8: 20 degrees south, 3 September (day 246): 32.2 MJ a m2 and day.
        let day: f64 = (0..24 * 60).map(|m| above_air(-20.0, 246, f64::from(m) / 60.0) * 60.0).sum::<f64>() / 1e6;
        assert!((day - 32.2).abs() < 0.2, "{day}");
        // Example 19: N'Diaye, 1 October, 14 to 15 h: 38 C, 52 %, 3.3 m/s, 2.450 MJ: 0.63 mm; by night 2 to 3 h: 28 C, 90 %,
        // 1.9 m/s: 0.0 mm.
        let noon = Hour { temperature: 38.0, humidity: 0.52, wind: 3.3, sun: 680.6, clear: 747.0, pressure: 101.2 };
        assert!((reference(&noon) - 0.63).abs() < 0.02, "{}", reference(&noon));
        let night = Hour { temperature: 28.0, humidity: 0.90, wind: 1.9, sun: 0.0, clear: 0.0, pressure: 101.2 };
        assert!(reference(&night) < 0.02, "{}", reference(&night));
    }
}
