//! History files written and read back with the Parquet crate's own reader.

#![expect(clippy::unwrap_used, reason = "a test ends where what it stands on does not hold")]

use belfry_kernel::Time;
use belfry_lake::{COLUMNS, HistoryRow, HistoryValue, HistoryWriter, LakeError, Options};
use bytes::Bytes;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};

fn row(entity: &str, attribute: &str, second: i64, value: HistoryValue) -> HistoryRow {
    HistoryRow {
        entity_id: entity.to_owned(),
        entity_type: "SoilProbe".to_owned(),
        attribute: attribute.to_owned(),
        dataset_id: None,
        observed_at: Some(Time::from_micros(second * 1_000_000)),
        recorded_at: Some(Time::from_micros(1_700_000_000_000_000)),
        value,
        unit_code: Some("P1".to_owned()),
    }
}

fn write(rows: impl IntoIterator<Item = HistoryRow>, options: Options) -> SerializedFileReader<Bytes> {
    let mut writer = HistoryWriter::new(Vec::new(), options).unwrap();
    for row in rows {
        writer.push(row).unwrap();
    }
    SerializedFileReader::new(Bytes::from(writer.finish().unwrap())).unwrap()
}

fn read(file: &SerializedFileReader<Bytes>) -> Vec<Row> {
    file.get_row_iter(None).unwrap().map(Result::unwrap).collect()
}

fn field(row: &Row, name: &str) -> Field {
    row.get_column_iter().find(|(column, _)| *column == name).map(|(_, field)| field.clone()).unwrap()
}

#[test]
fn every_kind_of_value_comes_back_in_its_own_column() {
    let values = [
        ("a", HistoryValue::Number(7.34), "value_number", Field::Double(7.34)),
        ("b", HistoryValue::Text("naß".into()), "value_text", Field::Str("naß".into())),
        ("c", HistoryValue::Bool(false), "value_bool", Field::Bool(false)),
        ("d", HistoryValue::Json("{\"x\":[1]}".into()), "value_json", Field::Str("{\"x\":[1]}".into())),
    ];
    let file =
        write(values.iter().map(|(name, value, ..)| row("urn:x:1", name, 60, value.clone())), Options::default());
    let names: Vec<_> =
        file.metadata().file_metadata().schema().get_fields().iter().map(|f| f.name().to_owned()).collect();
    assert_eq!(names, COLUMNS);
    let rows = read(&file);
    assert_eq!(rows.len(), values.len());
    for (row, (name, _, column, expected)) in rows.iter().zip(&values) {
        assert_eq!(field(row, "attribute"), Field::Str((*name).to_owned()));
        assert_eq!(&field(row, column), expected);
        for other in ["value_number", "value_text", "value_bool", "value_json"].iter().filter(|other| *other != column)
        {
            assert_eq!(field(row, other), Field::Null, "{name}: {other}");
        }
        assert_eq!(field(row, "observed_at"), Field::TimestampMicros(60_000_000));
        assert_eq!(field(row, "dataset_id"), Field::Null);
        assert_eq!(field(row, "unit_code"), Field::Str("P1".into()));
    }
}

#[test]
fn groups_are_bounded_sorted_and_say_so() {
    let rows = (0..2_500_i64)
        .map(|i| row(&format!("urn:x:{}", i % 7), "t", (i * 7919) % 2_500, HistoryValue::Number(i as f64)));
    let file = write(rows, Options { group_rows: 1_000, ..Options::default() });
    let metadata = file.metadata();
    assert_eq!(metadata.row_groups().iter().map(|g| g.num_rows()).collect::<Vec<_>>(), [1_000, 1_000, 500]);
    for at in 0..metadata.num_row_groups() {
        assert_eq!(metadata.row_group(at).sorting_columns().map(Vec::len), Some(5));
        let group = file.get_row_group(at).unwrap();
        let keys: Vec<_> = group
            .get_row_iter(None)
            .unwrap()
            .map(|row| {
                row.map(|row| (field(&row, "entity_id").to_string(), field(&row, "observed_at").to_string())).unwrap()
            })
            .collect();
        assert!(keys.is_sorted(), "group {at}");
    }
    let sum: f64 = read(&file)
        .iter()
        .map(|row| match field(row, "value_number") {
            Field::Double(number) => number,
            other => panic!("{other:?}"),
        })
        .sum();
    assert_eq!(sum, 2_499.0 * 2_500.0 / 2.0);
}

#[test]
fn large_values_close_a_group_early() {
    let rows = (0..40).map(|i| row("urn:x:1", "log", i, HistoryValue::Text("x".repeat(10_000))));
    let file = write(rows, Options { group_bytes: 100_000, ..Options::default() });
    assert!(file.metadata().num_row_groups() >= 4, "{}", file.metadata().num_row_groups());
    assert_eq!(read(&file).len(), 40);
}

#[test]
fn empty_histories_are_sound_files_and_infinities_are_refused() {
    assert_eq!(read(&write([], Options::default())).len(), 0);
    let mut writer = HistoryWriter::new(Vec::new(), Options::default()).unwrap();
    for number in [f64::NAN, f64::INFINITY] {
        let refused = writer.push(row("urn:x:1", "t", 0, HistoryValue::Number(number)));
        assert!(matches!(refused, Err(LakeError::NotFinite { .. })), "{number}");
    }
    assert!(HistoryWriter::new(Vec::new(), Options { zstd_level: 99, ..Options::default() }).is_err());
}

#[test]
fn a_year_of_minutes_is_small() {
    let rows = 525_600;
    let samples = (0..rows).map(|i| {
        let value = 20.0 + ((i % 1440) as f64 / 1440.0 * std::f64::consts::TAU).sin() * 5.0;
        row("urn:x:1", "temperature", i * 60, HistoryValue::Number((value * 10.0).round() / 10.0))
    });
    let mut writer = HistoryWriter::new(Vec::new(), Options::default()).unwrap();
    samples.for_each(|row| writer.push(row).unwrap());
    let bytes = writer.finish().unwrap().len();
    println!("{bytes} bytes for {rows} samples, {:.2} a sample", bytes as f64 / rows as f64);
    assert!(bytes < rows as usize * 2, "{bytes}");
}
