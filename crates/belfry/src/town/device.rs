//! One simulated device: what it is, where it stands, what it measures. Everything follows from its number and the hour,
//! so that two runs of the same hour measure the same but for a little noise that is seeded likewise.

use belfry_kernel::Time;
use std::f64::consts::TAU;

/// The middle of the town: 46.8 N, 9.5 E.
const MIDDLE: [f64; 2] = [9.5, 46.8];

/// The weather of an hour of the simulated day.
pub struct Weather {
    hour: f64,
    temperature: f64,
    humidity: f64,
    rain: f64,
    light: f64,
}

impl Weather {
    /// At this many hours since the first midnight. A shower passes every thirty-first hour.
    pub fn at(hours: f64) -> Self {
        let hour = hours.rem_euclid(24.0);
        let day = ((hour - 15.0) / 24.0 * TAU).cos();
        let rain = (8.0 - (hours.rem_euclid(31.0) - 9.0).abs() * 6.0).max(0.0);
        Self {
            hour,
            temperature: 14.0 + 7.0 * day - rain * 0.4,
            humidity: (62.0 - 22.0 * day + rain * 4.0).clamp(20.0, 100.0),
            rain,
            light: ((hour - 6.0) / 12.0 * TAU / 2.0).sin().max(0.0) * 80_000.0 * if rain > 0.0 { 0.3 } else { 1.0 },
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Air,
    Soil,
    River,
    Parking,
    Bin,
    Weather,
    Traffic,
}

const KINDS: [(Kind, &str); 7] = [
    (Kind::Air, "AirQualityObserved"),
    (Kind::Soil, "AgriParcelRecord"),
    (Kind::River, "WaterObserved"),
    (Kind::Parking, "OffStreetParking"),
    (Kind::Bin, "WasteContainer"),
    (Kind::Weather, "WeatherObserved"),
    (Kind::Traffic, "TrafficFlowObserved"),
];

pub struct Device {
    number: u32,
    kind: Kind,
    of_type: &'static str,
    place: [f64; 2],
}

/// A number from 0 to 1 that looks random and follows from its seed (splitmix64, S. Vigna).
fn noise(seed: u64) -> f64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn rounded(x: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (x * scale).round() / scale
}

impl Device {
    pub fn new(number: u32) -> Self {
        let (kind, of_type) = KINDS[number as usize % KINDS.len()];
        let n = u64::from(number);
        // The river runs from the south-west to the north-east; its gauges stand along it.
        let place = if kind == Kind::River {
            let along = noise(n) - 0.5;
            [MIDDLE[0] + along * 0.08, MIDDLE[1] + along * 0.04 + (along * 20.0).sin() * 0.003]
        } else {
            let (far, angle) = (noise(n * 3).sqrt() * 0.03, noise(n * 3 + 1) * TAU);
            [MIDDLE[0] + far * angle.cos() * 1.45, MIDDLE[1] + far * angle.sin()]
        };
        Self { number, kind, of_type, place }
    }

    /// Whether it speaks MQTT; the others speak HTTP.
    pub fn speaks_mqtt(&self) -> bool {
        matches!(self.kind, Kind::Air | Kind::Soil | Kind::River | Kind::Weather)
    }

    fn id(&self) -> String {
        format!("{}-{}", self.of_type.to_lowercase(), self.number)
    }

    pub fn topic(&self) -> String {
        format!("belfry/{}/{}", self.of_type, self.id())
    }

    /// What it measures: attribute, value, unit code.
    fn measures(&self, w: &Weather, now: Time) -> Vec<(&'static str, f64, &'static str)> {
        let n = u64::from(self.number);
        let own = noise(n * 7 + 5);
        let wobble = noise(n << 32 ^ (now.micros() / 2_000_000) as u64) - 0.5;
        let rush = (-(w.hour - 8.0).powi(2) / 3.0).exp() + (-(w.hour - 17.5).powi(2) / 4.0).exp();
        match self.kind {
            Kind::Air => {
                let base = 8.0 + 14.0 * own + 22.0 * rush - w.rain;
                vec![
                    ("pm10", rounded((base + wobble * 4.0).max(1.0), 1), "GQ"),
                    ("no2", rounded((base * 1.3 + wobble * 6.0).max(1.0), 1), "GQ"),
                ]
            }
            Kind::Soil => {
                vec![
                    ("soilMoistureVwc", rounded(0.14 + 0.12 * own + w.rain * 0.004 + wobble * 0.003, 3), "C62"),
                    ("soilTemperature", rounded(11.0 + (w.temperature - 14.0) * 0.3 + wobble * 0.2, 1), "CEL"),
                ]
            }
            Kind::River => {
                vec![
                    ("height", rounded(1.2 + 0.4 * own + w.rain * 0.09 + wobble * 0.02, 2), "MTR"),
                    ("flow", rounded(14.0 + 9.0 * own + w.rain * 2.2 + wobble, 1), "MQS"),
                ]
            }
            Kind::Parking => {
                let capacity = 40.0 + (own * 200.0).floor();
                let taken = (0.15 + 0.75 * (-(w.hour - 13.0).powi(2) / 18.0).exp() + wobble * 0.06).clamp(0.0, 1.0);
                vec![
                    ("totalSpotNumber", capacity, "C62"),
                    ("availableSpotNumber", (capacity * (1.0 - taken)).round(), "C62"),
                ]
            }
            Kind::Bin => vec![("fillingLevel", rounded((own + w.hour / 30.0).rem_euclid(1.0), 2), "C62")],
            Kind::Weather => {
                vec![
                    ("temperature", rounded(w.temperature + own + wobble * 0.4, 1), "CEL"),
                    ("relativeHumidity", rounded((w.humidity + wobble * 3.0) / 100.0, 2), "C62"),
                    ("precipitation", rounded(w.rain, 1), "MMT"),
                    ("illuminance", rounded(w.light, 0), "LUX"),
                ]
            }
            Kind::Traffic => {
                let cars = 60.0 + 700.0 * rush * (0.4 + own) + wobble * 40.0;
                vec![
                    ("intensity", cars.max(0.0).round(), "C62"),
                    ("averageVehicleSpeed", rounded(52.0 - 26.0 * rush * own + wobble * 4.0, 1), "KMH"),
                ]
            }
        }
    }

    /// The entity as it is registered: where it stands and what it is called.
    pub fn registration(&self) -> String {
        let [lon, lat] = self.place;
        format!(
            r#"{{"id":"urn:ngsi-ld:{0}:{1}","type":"{0}","name":{{"type":"Property","value":"{2} {3}"}},"location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[{lon:.6},{lat:.6}]}}}}}}"#,
            self.of_type,
            self.id(),
            self.label(),
            self.number
        )
    }

    fn label(&self) -> &'static str {
        match self.kind {
            Kind::Air => "Air station",
            Kind::Soil => "Soil probe",
            Kind::River => "River gauge",
            Kind::Parking => "Car park",
            Kind::Bin => "Bin",
            Kind::Weather => "Weather station",
            Kind::Traffic => "Traffic counter",
        }
    }

    /// What it publishes over MQTT: a JSON object of attributes.
    pub fn report(&self, weather: &Weather, now: Time) -> String {
        let mut text = format!(r#"{{"observedAt":"{now}""#);
        for (attribute, value, _) in self.measures(weather, now) {
            text.push_str(&format!(r#","{attribute}":{value}"#));
        }
        text.push('}');
        text
    }

    /// What it sends over HTTP: its entity with the attributes measured.
    pub fn update(&self, weather: &Weather, now: Time) -> String {
        let mut text = format!(r#"{{"id":"urn:ngsi-ld:{0}:{1}","type":"{0}""#, self.of_type, self.id());
        for (attribute, value, unit) in self.measures(weather, now) {
            text.push_str(&format!(
                r#","{attribute}":{{"type":"Property","value":{value},"unitCode":"{unit}","observedAt":"{now}"}}"#
            ));
        }
        text.push('}');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_measures_finite_numbers_at_every_hour() {
        for number in 0..70 {
            let device = Device::new(number);
            for hour in 0..48 {
                for (attribute, value, unit) in device.measures(&Weather::at(f64::from(hour)), Time::from_micros(0)) {
                    assert!(value.is_finite(), "{attribute} of {number} at {hour}");
                    assert!(!unit.is_empty());
                }
            }
        }
    }
}
