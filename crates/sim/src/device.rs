//! Devices: what each kind measures, how it speaks, how often, and how well. A device itself is 20 bytes, and 8 more in the
//! timing wheel: everything else about it follows from its number.

/// What a device speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// MQTT, a JSON object of attributes.
    Json,
    /// MQTT, one message of one plain value for each attribute.
    Values,
    /// MQTT, a SenML pack (RFC 8428).
    SenMl,
    /// MQTT, an uplink of The Things Stack.
    ThingsStack,
    /// MQTT, an uplink of ChirpStack.
    ChirpStack,
    /// MQTT, Sparkplug B.
    Sparkplug,
    /// NGSI-LD over HTTP, as the software of a service does.
    Http,
}

/// What a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A weather station.
    Weather,
    /// A gauge at a river.
    River,
    /// A gauge at a canal.
    Canal,
    /// A gauge at a dam.
    Reservoir,
    /// A station for air.
    Air,
    /// A probe in a field.
    Soil,
    /// A car park's counter.
    Parking,
    /// A sensor in a waste container.
    Bin,
    /// A loop or radar that counts vehicles.
    Traffic,
    /// A lift's controller.
    Lift,
    /// A sensor in a classroom.
    Room,
    /// A pressure logger in the water network.
    Pressure,
    /// A meter at the entry of a zone of the water network.
    Zone,
    /// A house's water meter.
    Meter,
}

/// One value that a kind measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attribute {
    /// Its name in the data model.
    pub name: &'static str,
    /// UN/CEFACT code of its unit.
    pub unit: &'static str,
    /// Digits after the point.
    pub digits: u8,
    /// Deviation of the noise: in the value's own unit, and as a share of the value.
    pub noise: (f32, f32),
    /// Deviation, over devices, of the drift a day, in the value's unit.
    pub drift: f32,
    /// What the device can show at all.
    pub range: (f32, f32),
    /// For a state: its words by number.
    pub words: &'static [&'static str],
}

/// A kind's manual.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// The kind.
    pub kind: Kind,
    /// The type of its entities.
    pub of_type: &'static str,
    /// What it is called, and the beginning of its ids.
    pub label: &'static str,
    /// The same for ids.
    pub word: &'static str,
    /// What it speaks.
    pub way: Way,
    /// Seconds between reports.
    pub period: u32,
    /// Its share of all devices, in thousandths.
    pub weight: u32,
    /// Days that its battery lasts; 0 for the mains.
    pub battery: u32,
    /// What it measures.
    pub attributes: &'static [Attribute],
}

/// The most values of a device.
pub const VALUES: usize = 8;

const fn value(
    name: &'static str,
    unit: &'static str,
    digits: u8,
    noise: (f32, f32),
    drift: f32,
    range: (f32, f32),
) -> Attribute {
    Attribute { name, unit, digits, noise, drift, range, words: &[] }
}

const STATES: &[&str] = &["ok", "outOfService"];
const LEVEL: Attribute = value("batteryLevel", "C62", 2, (0.0, 0.0), 0.0, (0.0, 1.0));

/// Every kind, in the order of [`Kind`].
pub const SPECS: [Spec; 14] = [
    Spec {
        kind: Kind::Weather,
        of_type: "WeatherObserved",
        label: "Weather station",
        word: "weather",
        way: Way::Json,
        period: 300,
        weight: 45,
        battery: 0,
        attributes: &[
            value("temperature", "CEL", 1, (0.15, 0.0), 0.002, (-45.0, 60.0)),
            value("relativeHumidity", "C62", 2, (0.012, 0.0), 0.0, (0.0, 1.0)),
            value("precipitation", "MMT", 1, (0.0, 0.03), 0.0, (0.0, 200.0)),
            value("windSpeed", "MTS", 1, (0.2, 0.04), 0.0, (0.0, 60.0)),
            value("windDirection", "DD", 0, (4.0, 0.0), 0.0, (0.0, 360.0)),
            value("atmosphericPressure", "A97", 1, (0.2, 0.0), 0.003, (300.0, 1_100.0)),
            value("solarRadiation", "D54", 0, (3.0, 0.02), 0.0, (0.0, 1_500.0)),
            value("visibility", "MTR", 0, (30.0, 0.05), 0.0, (10.0, 50_000.0)),
        ],
    },
    Spec {
        kind: Kind::River,
        of_type: "WaterObserved",
        label: "River gauge",
        word: "gauge",
        way: Way::Json,
        period: 300,
        weight: 60,
        battery: 0,
        attributes: &[
            value("height", "MTR", 3, (0.004, 0.0), 0.000_4, (0.0, 30.0)),
            value("flow", "MQS", 2, (0.02, 0.03), 0.0, (0.0, 5_000.0)),
        ],
    },
    Spec {
        kind: Kind::Canal,
        of_type: "WaterObserved",
        label: "Canal gauge",
        word: "canal",
        way: Way::Json,
        period: 600,
        weight: 25,
        battery: 0,
        attributes: &[
            value("height", "MTR", 3, (0.003, 0.0), 0.000_3, (0.0, 10.0)),
            value("flow", "MQS", 3, (0.005, 0.03), 0.0, (0.0, 100.0)),
        ],
    },
    Spec {
        kind: Kind::Reservoir,
        of_type: "WaterObserved",
        label: "Reservoir gauge",
        word: "reservoir",
        way: Way::Values,
        period: 600,
        weight: 10,
        battery: 0,
        attributes: &[
            value("height", "MTR", 2, (0.005, 0.0), 0.0, (0.0, 200.0)),
            value("flow", "MQS", 2, (0.01, 0.02), 0.0, (0.0, 5_000.0)),
        ],
    },
    Spec {
        kind: Kind::Air,
        of_type: "AirQualityObserved",
        label: "Air station",
        word: "air",
        way: Way::Json,
        period: 300,
        weight: 70,
        battery: 0,
        attributes: &[
            value("pm10", "GQ", 1, (1.2, 0.06), 0.01, (0.0, 10_000.0)),
            value("pm25", "GQ", 1, (0.8, 0.06), 0.006, (0.0, 10_000.0)),
            value("no2", "GQ", 1, (1.5, 0.05), 0.01, (0.0, 2_000.0)),
            value("o3", "GQ", 1, (1.8, 0.04), 0.01, (0.0, 1_000.0)),
        ],
    },
    Spec {
        kind: Kind::Soil,
        of_type: "AgriParcelRecord",
        label: "Soil probe",
        word: "soil",
        way: Way::SenMl,
        period: 1_800,
        weight: 120,
        battery: 900,
        attributes: &[
            value("soilMoistureVwc", "C62", 3, (0.004, 0.0), 0.000_03, (0.0, 0.6)),
            value("soilTemperature", "CEL", 1, (0.15, 0.0), 0.0, (-30.0, 60.0)),
        ],
    },
    Spec {
        kind: Kind::Parking,
        of_type: "OffStreetParking",
        label: "Car park",
        word: "parking",
        way: Way::Http,
        period: 120,
        weight: 60,
        battery: 0,
        attributes: &[
            value("totalSpotNumber", "C62", 0, (0.0, 0.0), 0.0, (0.0, 10_000.0)),
            value("availableSpotNumber", "C62", 0, (0.6, 0.0), 0.0, (0.0, 10_000.0)),
        ],
    },
    Spec {
        kind: Kind::Bin,
        of_type: "WasteContainer",
        label: "Bin",
        word: "bin",
        way: Way::ThingsStack,
        period: 1_800,
        weight: 190,
        battery: 1_800,
        attributes: &[
            value("fillingLevel", "C62", 2, (0.015, 0.0), 0.0, (0.0, 1.0)),
            value("temperature", "CEL", 1, (0.4, 0.0), 0.0, (-40.0, 90.0)),
            LEVEL,
        ],
    },
    Spec {
        kind: Kind::Traffic,
        of_type: "TrafficFlowObserved",
        label: "Traffic counter",
        word: "traffic",
        way: Way::Http,
        period: 120,
        weight: 130,
        battery: 0,
        attributes: &[
            value("intensity", "C62", 0, (2.0, 0.02), 0.0, (0.0, 10_000.0)),
            value("averageVehicleSpeed", "KMH", 1, (0.8, 0.01), 0.0, (0.0, 250.0)),
            value("occupancy", "C62", 3, (0.002, 0.02), 0.0, (0.0, 1.0)),
        ],
    },
    Spec {
        kind: Kind::Lift,
        of_type: "Device",
        label: "Lift",
        word: "lift",
        way: Way::Json,
        period: 300,
        weight: 40,
        battery: 0,
        attributes: &[
            Attribute {
                name: "deviceState",
                unit: "",
                digits: 0,
                noise: (0.0, 0.0),
                drift: 0.0,
                range: (0.0, 1.0),
                words: STATES,
            },
            value("trips", "C62", 0, (0.0, 0.0), 0.0, (0.0, 1e6)),
        ],
    },
    Spec {
        kind: Kind::Room,
        of_type: "IndoorEnvironmentObserved",
        label: "Classroom",
        word: "room",
        way: Way::Values,
        period: 300,
        weight: 80,
        battery: 700,
        attributes: &[
            value("co2", "59", 0, (18.0, 0.02), 0.05, (380.0, 10_000.0)),
            value("temperature", "CEL", 1, (0.15, 0.0), 0.001, (-20.0, 60.0)),
            value("relativeHumidity", "C62", 2, (0.012, 0.0), 0.0, (0.0, 1.0)),
        ],
    },
    Spec {
        kind: Kind::Pressure,
        of_type: "Device",
        label: "Pressure logger",
        word: "pressure",
        way: Way::ChirpStack,
        period: 900,
        weight: 70,
        battery: 1_500,
        attributes: &[value("pressure", "BAR", 2, (0.02, 0.0), 0.000_2, (0.0, 25.0)), LEVEL],
    },
    Spec {
        kind: Kind::Zone,
        of_type: "Device",
        label: "Zone meter",
        word: "zone",
        way: Way::Sparkplug,
        period: 300,
        weight: 30,
        battery: 0,
        attributes: &[
            value("flow", "MQH", 2, (0.05, 0.01), 0.0, (0.0, 5_000.0)),
            value("pressure", "BAR", 2, (0.01, 0.0), 0.0, (0.0, 25.0)),
        ],
    },
    Spec {
        kind: Kind::Meter,
        of_type: "SmartMeteringObservation",
        label: "Water meter",
        word: "meter",
        way: Way::ChirpStack,
        period: 3_600,
        weight: 70,
        battery: 2_600,
        attributes: &[value("totalConsumption", "MTQ", 3, (0.0, 0.0), 0.0, (0.0, 1e6)), LEVEL],
    },
];

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Weather,
        Self::River,
        Self::Canal,
        Self::Reservoir,
        Self::Air,
        Self::Soil,
        Self::Parking,
        Self::Bin,
        Self::Traffic,
        Self::Lift,
        Self::Room,
        Self::Pressure,
        Self::Zone,
        Self::Meter,
    ];

    /// Its manual.
    pub fn spec(self) -> &'static Spec {
        &SPECS[self as usize]
    }

    /// The kind of this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.spec().word == word)
    }
}

/// A device.
#[derive(Clone, Copy, Debug)]
pub struct Device {
    /// What it stands at, an index among what its kind stands at.
    pub asset: u32,
    /// Second of its last report.
    pub seen: u32,
    /// Reports made.
    pub count: u32,
    /// What is its own: a bin's level, a room's carbon dioxide, rain seen, when a lift runs again.
    pub state: f32,
    /// What it is.
    pub kind: Kind,
}

/// How many devices of each kind make so many, each kind that has something to stand at with at least one if there are
/// enough. `places` says how many things each kind can stand at.
pub fn shares(devices: u32, places: &[u32; SPECS.len()]) -> [u32; SPECS.len()] {
    let mut counts = [0; SPECS.len()];
    let weight = |i: usize| if places[i] == 0 { 0 } else { u64::from(SPECS[i].weight) };
    let all: u64 = (0..SPECS.len()).map(weight).sum();
    if all == 0 {
        return counts;
    }
    let mut left = devices;
    for (i, count) in counts.iter_mut().enumerate() {
        *count = (u64::from(devices) * weight(i) / all) as u32;
        left -= *count;
    }
    // What rounding left goes to kinds that have none, then to the heaviest.
    for (i, count) in counts.iter_mut().enumerate() {
        if *count == 0 && weight(i) > 0 && left > 0 {
            *count = 1;
            left -= 1;
        }
    }
    let heaviest = (0..SPECS.len()).max_by_key(|i| weight(*i)).unwrap_or(0);
    counts[heaviest] += left;
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_twenty_bytes() {
        assert_eq!(std::mem::size_of::<Device>(), 20);
    }

    #[test]
    fn the_table_is_in_the_order_of_kinds_and_fits_its_bounds() {
        for (i, spec) in SPECS.iter().enumerate() {
            assert_eq!((spec.kind as usize, spec.kind), (i, Kind::ALL[i]));
            assert!(spec.attributes.len() <= VALUES && spec.period > 0);
            assert_eq!(Kind::of_word(spec.word), Some(spec.kind));
        }
        assert_eq!(SPECS.iter().map(|spec| spec.weight).sum::<u32>(), 1_000);
    }

    #[test]
    fn shares_add_up_and_leave_out_what_has_no_place() {
        let mut places = [9; SPECS.len()];
        places[Kind::Canal as usize] = 0;
        for devices in [1, 50, 200, 5_000, 5_000_000] {
            let counts = shares(devices, &places);
            assert_eq!(counts.iter().sum::<u32>(), devices);
            assert_eq!(counts[Kind::Canal as usize], 0);
            assert!(devices < 50 || counts.iter().enumerate().all(|(i, n)| *n > 0 || places[i] == 0), "{counts:?}");
        }
        assert_eq!(shares(10, &[0; SPECS.len()]).iter().sum::<u32>(), 0);
    }
}
