//! One table: its header held against the columns that are read, its values parsed by type. What is wrong is noted with
//! file, line and column. Knows no table by name.

use crate::csv::{Record, Rows};
use crate::limits::Limits;
use crate::notice::{Report, Rule};
use crate::value::{Date, parse_time};
use std::io::{self, BufReader, Read};
use std::str::FromStr;

/// The columns of a table that are read.
pub struct Spec {
    /// Its name.
    pub file: &'static str,
    /// The columns, and whether one must be there.
    pub columns: &'static [(&'static str, bool)],
    /// Columns of the reference that are not read, and not worth a notice.
    pub ignored: &'static [&'static str],
}

/// One row, as the reader of a table sees it.
pub struct Row<'a> {
    spec: &'static Spec,
    record: &'a Record,
    places: &'a [Option<usize>],
    report: &'a mut Report,
    dropped: Option<Rule>,
}

impl<'a> Row<'a> {
    /// The line on which it stands.
    pub fn line(&self) -> u64 {
        self.record.line
    }

    /// Notes that a rule is broken by the value of a column.
    pub fn note(&mut self, rule: Rule, column: usize, message: impl FnOnce() -> String) {
        self.report.note(rule, self.spec.file, Some(self.record.line), self.spec.columns[column].0, message);
    }

    /// Notes it, and that nothing of the row is kept. Always `None`, so that a reader can return it.
    pub fn drop<T>(&mut self, rule: Rule, column: usize, message: impl FnOnce() -> String) -> Option<T> {
        self.note(rule, column, message);
        self.dropped.get_or_insert(rule);
        None
    }

    /// The value of a column without space around it; empty when there is none.
    pub fn text(&self, column: usize) -> &'a str {
        self.places[column].and_then(|place| self.record.get(place)).unwrap_or_default().trim()
    }

    /// A value without which the row is dropped.
    pub fn required(&mut self, column: usize) -> Option<&'a str> {
        let text = self.text(column);
        if text.is_empty() {
            let name = self.spec.columns[column].0;
            return self.drop(Rule::MissingRequiredField, column, || format!("{name} is empty; the row is dropped"));
        }
        Some(text)
    }

    fn parsed<T>(
        &mut self,
        column: usize,
        rule: Rule,
        what: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ()> {
        let text = self.text(column);
        if text.is_empty() {
            return Ok(None);
        }
        let value = parse(text);
        if value.is_none() {
            self.note(rule, column, || format!("{:?} is not {what}", cut(text)));
        }
        value.map(Some).ok_or(())
    }

    /// A whole number, if there is one.
    pub fn integer<T: FromStr>(&mut self, column: usize) -> Option<T> {
        let found = self.parsed(column, Rule::InvalidInteger, "a whole number in its range", |text| text.parse().ok());
        found.unwrap_or_default()
    }

    /// A finite number, if there is one.
    pub fn float(&mut self, column: usize) -> Option<f64> {
        let finite = |text: &str| text.parse().ok().filter(|value: &f64| value.is_finite());
        self.parsed(column, Rule::InvalidFloat, "a number", finite).unwrap_or_default()
    }

    /// A number that is no less than 0, if there is one.
    pub fn distance(&mut self, column: usize) -> Option<f64> {
        let distance = self.float(column)?;
        if distance < 0.0 {
            self.note(Rule::NumberOutOfRange, column, || format!("{distance} is negative and not used"));
            return None;
        }
        Some(distance)
    }

    /// One of the numbers below `count`, or `default`.
    pub fn choice(&mut self, column: usize, count: u8, default: u8) -> u8 {
        let Some(value) = self.integer::<i64>(column) else { return default };
        match u8::try_from(value) {
            Ok(value) if value < count => value,
            _ => {
                self.note(Rule::UnexpectedEnumValue, column, || {
                    format!("{value} means nothing; {default} stands for it")
                });
                default
            }
        }
    }

    /// A time, if there is one. A wrong one drops the row: its neighbours must not be taken for it.
    pub fn time(&mut self, column: usize) -> Option<Option<i32>> {
        let found = self.parsed(column, Rule::InvalidTime, "a time HH:MM:SS", parse_time);
        if found.is_err() {
            self.dropped.get_or_insert(Rule::InvalidTime);
        }
        found.ok()
    }

    /// A date without which the row is dropped.
    pub fn date(&mut self, column: usize) -> Option<Date> {
        let text = self.required(column)?;
        let date = Date::parse(text);
        match date {
            Some(date) => Some(date),
            None => self.drop(Rule::InvalidDate, column, || {
                format!("{:?} is not a date YYYYMMDD; the row is dropped", cut(text))
            }),
        }
    }
}

/// A value short enough for a message.
pub fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Reads a table row by row into `each`. Returns the unpacked bytes that were read.
pub fn read_table(
    input: &mut dyn Read,
    spec: &'static Spec,
    limits: &Limits,
    budget: u64,
    report: &mut Report,
    mut each: impl FnMut(&mut Row<'_>) -> Option<()>,
) -> u64 {
    let room = limits.table_bytes.min(budget);
    let mut counted = Counted { input, read: 0, max: room };
    let mut rows = Rows::new(BufReader::with_capacity(64 << 10, &mut counted), limits.row_bytes);
    let mut record = Record::default();
    let file = spec.file;
    report.rows.entry(file).or_default();
    let mut places: Option<(Vec<Option<usize>>, usize)> = None;
    let mut kept = 0;
    loop {
        match rows.next(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let rule = if error.kind() == io::ErrorKind::FileTooLarge {
                    Rule::TooManyRows
                } else {
                    Rule::CsvParsingFailed
                };
                report.note(rule, file, Some(record.line + 1), "", || {
                    format!("{error}; the rest of the table is dropped")
                });
                break;
            }
        }
        let Some((places, width)) = &places else {
            let found = header(&record, spec, limits, report);
            places = Some((found, record.len()));
            continue;
        };
        if kept == limits.rows {
            let message = || format!("the table has more than {} rows; the rest is dropped", limits.rows);
            report.note(Rule::TooManyRows, file, Some(record.line), "", message);
            break;
        }
        if record.is_blank() {
            report.note(Rule::EmptyRow, file, Some(record.line), "", || "the line is empty".into());
            continue;
        }
        kept += 1;
        report.rows.entry(file).or_default().read += 1;
        if let Some(rule) = faults(&record, *width, file, report) {
            report.drop_rows(file, rule, 1);
            continue;
        }
        let mut row = Row { spec, record: &record, places, report, dropped: None };
        each(&mut row);
        if let Some(rule) = row.dropped {
            report.drop_rows(file, rule, 1);
        }
    }
    if places.is_none() {
        report.note(Rule::EmptyFile, file, None, "", || "the table has no header".into());
    }
    drop(rows);
    counted.read
}

/// Notes what is wrong with the row as such; the rule for which it is dropped, if it cannot be used.
fn faults(record: &Record, width: usize, file: &str, report: &mut Report) -> Option<Rule> {
    let line = Some(record.line);
    let faults = record.faults;
    if faults.not_text {
        report.note(Rule::InvalidCharacter, file, line, "", || "bytes that are not UTF-8 became U+FFFD".into());
    }
    if faults.new_line {
        report.note(Rule::NewLineInValue, file, line, "", || "a value goes over several lines".into());
    }
    if faults.too_long {
        report.note(Rule::TooManyRows, file, line, "", || "the row is longer than the limit and dropped".into());
        return Some(Rule::TooManyRows);
    }
    if faults.open_quote {
        report.note(Rule::CsvParsingFailed, file, line, "", || "a quote is never closed; the row is dropped".into());
        return Some(Rule::CsvParsingFailed);
    }
    if record.len() != width {
        let surplus = (width..record.len()).any(|index| record.get(index).is_some_and(|text| !text.trim().is_empty()));
        let done = match (record.len() < width, surplus) {
            (true, _) => "missing ones count as empty",
            (false, false) => "the surplus is empty",
            (false, true) => "columns may have shifted: the row is dropped",
        };
        let message = || format!("{} values for {width} columns; {done}", record.len());
        report.note(Rule::InvalidRowLength, file, line, "", message);
        return surplus.then_some(Rule::InvalidRowLength);
    }
    None
}

/// Where the columns stand.
fn header(record: &Record, spec: &Spec, limits: &Limits, report: &mut Report) -> Vec<Option<usize>> {
    let mut places = vec![None; spec.columns.len()];
    if record.len() > limits.columns {
        let message = || format!("{} columns; only the first {} are read", record.len(), limits.columns);
        report.note(Rule::TooManyRows, spec.file, Some(1), "", message);
    }
    for index in 0..record.len().min(limits.columns) {
        let raw = record.get(index).unwrap_or_default();
        let name = raw.trim();
        let note = |report: &mut Report, rule, why: &str| {
            report.note(rule, spec.file, Some(1), &cut(name), || why.to_owned());
        };
        if name.is_empty() {
            note(report, Rule::EmptyColumnName, "a column has no name and is not read");
            continue;
        }
        if name.len() != raw.len() {
            note(report, Rule::SurroundingSpace, "there is space around the column's name, which is dropped");
        }
        match spec.columns.iter().position(|(known, _)| *known == name) {
            Some(column) if places[column].is_some() => {
                note(report, Rule::DuplicatedColumn, "the column is there twice; the first counts");
            }
            Some(column) => places[column] = Some(index),
            None if spec.ignored.contains(&name) => {}
            None => note(report, Rule::UnknownColumn, "the column is not of the reference and not read"),
        }
    }
    for (column, (name, required)) in spec.columns.iter().enumerate() {
        if *required && places[column].is_none() {
            report.note(Rule::MissingRequiredColumn, spec.file, Some(1), name, || "the column is not there".into());
        }
    }
    places
}

/// A reader that refuses to give more than so many bytes, whatever an archive says about itself.
struct Counted<'a> {
    input: &'a mut dyn Read,
    read: u64,
    max: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.max - self.read).unwrap_or(usize::MAX).min(buffer.len());
        if room == 0 && self.input.read(&mut [0])? > 0 {
            let why = format!("the table has more than {} bytes unpacked", self.max);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        let count = self.input.read(&mut buffer[..room])?;
        self.read += count as u64;
        Ok(count)
    }
}
