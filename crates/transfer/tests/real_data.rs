//! The real series of `../shared/data` (or `$BELFRY_TEST_DATA`): every row is mapped, and count, sum, least and greatest of
//! every column are those of a plain reading that shares no code with the import.

#![expect(clippy::unwrap_used, reason = "a test ends where what it stands on does not hold")]

use belfry_ngsi_ld::Json;
use belfry_transfer::mapping::Mapping;
use belfry_transfer::source::table::Table;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Column {
    count: u32,
    sum: f64,
    min: f64,
    max: f64,
}

impl Column {
    const EMPTY: Self = Self { count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY };

    fn add(&mut self, number: f64) {
        *self = Self {
            count: self.count + 1,
            sum: self.sum + number,
            min: self.min.min(number),
            max: self.max.max(number),
        };
    }
}

fn data(file: &str) -> Option<PathBuf> {
    let root = std::env::var_os("BELFRY_TEST_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let path = root.join(file);
    if !path.is_file() {
        println!("{} is not here (set BELFRY_TEST_DATA): not tested", path.display());
        return None;
    }
    Some(path)
}

/// Maps the file; columns by attribute, rows, first and last instant.
fn mapped(path: &Path, example: &str) -> (BTreeMap<String, Column>, usize, String, String) {
    let map = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/examples").join(example);
    let mapping = Arc::new(Mapping::load(&map).unwrap());
    let name: Arc<Path> = path.into();
    let table = Table::open(BufReader::new(File::open(path).unwrap()), &mapping.conventions, &name).unwrap();
    let mut columns: BTreeMap<String, Column> = BTreeMap::new();
    let (mut rows, mut times) = (0, Vec::new());
    for item in table.items(mapping).unwrap() {
        let item = item.unwrap();
        rows += 1;
        for entity in item.outcome.unwrap_or_else(|why| panic!("line {}: {why:?}", item.line)) {
            let Json::Object(members) = entity else { panic!("an entity is an object") };
            for (name, attribute) in members {
                if let Some(number) = attribute.get("value").and_then(Json::as_f64) {
                    columns.entry(name.to_string()).or_insert(Column::EMPTY).add(number);
                }
                times.extend(attribute.get("observedAt").and_then(Json::as_str).map(str::to_owned));
            }
        }
    }
    (columns, rows, times.iter().min().unwrap().clone(), times.iter().max().unwrap().clone())
}

/// The plain reading: lines split as told, every cell that is a number.
fn plain(path: &Path, skip: usize, names: &[&str], split: impl Fn(&str) -> Vec<String>) -> BTreeMap<String, Column> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut columns: BTreeMap<String, Column> = BTreeMap::new();
    for line in text.lines().skip(skip).filter(|line| !line.trim().is_empty()) {
        for (name, cell) in names.iter().zip(split(line).iter().skip(1)) {
            if let Ok(number) = cell.parse::<f64>()
                && number.is_finite()
            {
                columns.entry((*name).to_owned()).or_insert(Column::EMPTY).add(number);
            }
        }
    }
    columns
}

#[test]
fn every_hour_of_the_soil_probe_is_mapped() {
    let Some(path) = data("soil/openagri_soil_moisture_2024.csv") else { return };
    let (columns, rows, first, last) = mapped(&path, "soil-probe.toml");
    let names = [
        "soilMoisture10",
        "soilMoisture20",
        "soilMoisture30",
        "soilMoisture40",
        "soilMoisture50",
        "soilMoisture60",
        "precipitation",
        "temperature",
        "relativeHumidity",
    ];
    let expected = plain(&path, 1, &names, |line| line.split(',').map(str::to_owned).collect());
    assert_eq!(rows, 8_553);
    assert_eq!(columns, expected);
    assert_eq!((first.as_str(), last.as_str()), ("2023-09-26T08:00:00Z", "2024-09-20T03:00:00Z"));
    for (name, column) in &columns {
        println!(
            "{name:<18} {:>6} values, mean {:.4}, {} to {}",
            column.count,
            column.sum / f64::from(column.count),
            column.min,
            column.max
        );
    }
}

#[test]
fn every_day_of_the_desert_station_is_mapped() {
    let Some(path) = data("weather/azmet-maricopa-daily-2003-2020.wth") else { return };
    let (columns, rows, first, last) = mapped(&path, "weather-wth.toml");
    let names = [
        "solarRadiation",
        "temperatureMax",
        "temperatureMin",
        "vapourPressure",
        "dewPoint",
        "relativeHumidityMax",
        "relativeHumidityMin",
        "windSpeed",
        "precipitation",
        "referenceEvapotranspiration",
    ];
    let text = std::fs::read_to_string(&path).unwrap();
    let skip = text.lines().position(|line| line.starts_with("Year-DOY")).unwrap() + 1;
    let expected = plain(&path, skip, &names, |line| line.split_whitespace().map(str::to_owned).collect());
    assert_eq!(rows, 6_575);
    assert_eq!(columns, expected);
    assert_eq!((first.as_str(), last.as_str()), ("2003-01-01T07:00:00Z", "2020-12-31T07:00:00Z"));
}

#[test]
fn every_day_of_the_climate_series_is_mapped() {
    let Some(path) = data("weather/tunis_climate.txt") else { return };
    let (columns, rows, ..) = mapped(&path, "climate-daily.toml");
    let names = ["", "", "temperatureMin", "temperatureMax", "precipitation", "referenceEvapotranspiration"];
    let mut expected = plain(&path, 1, &names, |line| line.split_whitespace().map(str::to_owned).collect());
    expected.remove("");
    assert_eq!(columns, expected);
    assert_eq!(rows, columns["temperatureMin"].count as usize);
}
