//! Aggregates over periods (ETSI GS CIM 009 clause 4.5.19). Numbers are aggregated by the store; texts, truth values and
//! arrays here, instance by instance, within a limit.

use super::Asked;
use super::evolution::{Found, time_of};
use belfry_kernel::{Error, Kind, Period, Time};
use belfry_ngsi_ld::form::write::{Aggregate, AggregatedSeries, TemporalAttribute};
use belfry_ngsi_ld::operation::json_bytes;
use belfry_ngsi_ld::{Json, Value};
use belfry_ports::Store;
use belfry_ports::temporal::{Aggregation, Bucket, TemporalRange};

/// Periods in one answer.
const MAX_PERIODS: usize = 100_000;
/// Instances that are looked at one by one, of one attribute.
const MAX_INSTANCES: usize = 100_000;
/// About how many bytes one aggregate of one period is in an answer: a value between two times.
const CELL_BYTES: usize = 64;

const METHODS: [&str; 8] = ["avg", "distinctCount", "max", "min", "stddev", "sum", "sumsq", "totalCount"];

/// Which aggregates are asked for.
pub(crate) struct Aggregates {
    methods: Vec<&'static str>,
    period: Option<Period>,
}

impl Aggregates {
    /// Reads `aggrMethods` and `aggrPeriodDuration`.
    ///
    /// # Errors
    /// `BadRequestData` when a method is unknown or none is named, or the duration is none.
    pub(crate) fn parse(methods: Option<&str>, period: Option<&str>) -> Result<Self, Error> {
        let methods = methods.ok_or_else(|| Error::bad_data("aggregatedValues needs aggrMethods"))?;
        let mut found = Vec::new();
        for text in methods.split(',') {
            let method = METHODS.iter().find(|m| **m == text.trim());
            let method = method
                .ok_or_else(|| Error::bad_data(format!("aggrMethods: each one is one of {}", METHODS.join(", "))))?;
            if !found.contains(method) {
                found.push(*method);
            }
        }
        let period = period
            .map(|text| Period::parse(text).map_err(|e| Error::bad_data(format!("aggrPeriodDuration: {e}"))))
            .transpose()?
            .filter(|p| !p.is_zero());
        Ok(Self { methods: found, period })
    }

    /// The aggregates of one entity's attributes.
    ///
    /// # Errors
    /// `InvalidRequest` when no method has a meaning for an attribute that was asked for by name (clause 5.7.4.4);
    /// `TooComplexQuery` over the limits.
    pub(crate) fn of(&self, store: &dyn Store, found: &Found, asked: &Asked) -> Result<Vec<TemporalAttribute>, Error> {
        let (id, names) = (found.id.as_str(), asked.names());
        let Some((from, to)) = bounds(store, id, asked)? else { return Ok(Vec::new()) };
        let boundaries = self.boundaries(from, to)?;
        let distinct = self.methods.contains(&"distinctCount");
        let all = store.aggregate(id, names.as_deref(), asked.by(), &boundaries, distinct)?.unwrap_or_default();
        let cells = self.methods.len() * all.iter().map(|series| series.buckets.len()).sum::<usize>();
        if cells > asked.bytes / CELL_BYTES {
            let why = format!(
                "the answer would hold {cells} aggregates: ask for longer periods, a shorter range or fewer attributes"
            );
            return Err(Error::new(Kind::TooComplexQuery, why));
        }
        let mut attributes: Vec<TemporalAttribute> = Vec::new();
        for series in all {
            let datasets = asked.view.view.datasets.as_ref();
            if datasets.is_some_and(|d| !d.contains(&series.dataset_id)) {
                continue;
            }
            let numeric = series.buckets.iter().any(|b| b.sum.is_some());
            let counts = |m: &&str| matches!(*m, "totalCount" | "distinctCount");
            let methods = if numeric || self.methods.iter().all(counts) {
                let periods = |m| series.buckets.iter().filter_map(|b| cell(m, b)).collect();
                self.methods.iter().map(|m| Aggregate { method: m, periods: periods(m) }).collect()
            } else {
                self.one_by_one(store, id, &series, asked, &boundaries)?
            };
            let Aggregation { name, dataset_id, kind, .. } = series;
            if asked.names().is_some() && methods.iter().all(|m: &Aggregate| m.periods.is_empty()) {
                return Err(Error::invalid(format!(
                    "{}: none of the methods in aggrMethods has a meaning for its values",
                    name.as_str()
                )));
            }
            let aggregated = AggregatedSeries { kind, dataset_id, methods };
            match attributes.last_mut().filter(|a| a.name == name) {
                Some(attribute) => attribute.aggregates.push(aggregated),
                None => {
                    attributes.push(TemporalAttribute { name, instances: Vec::new(), aggregates: vec![aggregated] });
                }
            }
        }
        Ok(attributes)
    }

    fn boundaries(&self, from: Time, to: Time) -> Result<Vec<Time>, Error> {
        let Some(period) = self.period else { return Ok(vec![from, to]) };
        let mut all = vec![from];
        let mut n = 0;
        loop {
            n += 1;
            let next = period.after(from, n);
            if next >= to || all.last().is_some_and(|last| next <= *last) {
                all.push(to);
                return Ok(all);
            }
            if all.len() > MAX_PERIODS {
                return Err(Error::new(
                    Kind::TooComplexQuery,
                    format!("the range has more than {MAX_PERIODS} periods"),
                ));
            }
            all.push(next);
        }
    }

    /// What the store does not aggregate: texts by their order, arrays by their size, truth values as 0 and 1.
    fn one_by_one(
        &self,
        store: &dyn Store,
        id: &str,
        series: &Aggregation,
        asked: &Asked,
        boundaries: &[Time],
    ) -> Result<Vec<Aggregate>, Error> {
        let Aggregation { name, dataset_id, buckets, .. } = series;
        let (Some(from), Some(to)) = (boundaries.first(), boundaries.last()) else { return Ok(Vec::new()) };
        let range =
            TemporalRange { by: asked.by(), from: *from, to: *to, last_n: None, limit: usize::MAX, every: false };
        let (mut values, mut looked_at, mut bytes) = (Vec::new(), 0_usize, 0_usize);
        store.instances(id, Some(&[*name]), &range, &mut |i| {
            if i.deleted || i.attribute.dataset_id != *dataset_id {
                return true;
            }
            looked_at += 1;
            let measure = measure(&i.attribute.value, time_of(&i, asked.by()));
            bytes += measure.as_ref().map_or(0, |m| 32 + json_bytes(&m.value));
            values.extend(measure);
            looked_at <= MAX_INSTANCES && bytes <= asked.bytes
        })?;
        if looked_at > MAX_INSTANCES || bytes > asked.bytes {
            return Err(Error::new(
                Kind::TooComplexQuery,
                format!(
                    "{name} has more instances that are no numbers in this range than can be aggregated: ask for a shorter one"
                ),
            ));
        }
        values.sort_by_key(|v| v.time);
        let of = |b: &Bucket| {
            let place = |at| values.partition_point(|v| v.time < at);
            &values[place(b.from)..place(b.to)]
        };
        let periods =
            |m: &'static str| buckets.iter().filter_map(|b| fold(m, of(b), b).map(|v| (v, b.from, b.to))).collect();
        Ok(self.methods.iter().map(|m| Aggregate { method: m, periods: periods(m) }).collect())
    }
}

/// One aggregate of one period, from the store.
fn cell(method: &str, b: &Bucket) -> Option<(Json, Time, Time)> {
    let value = match method {
        "totalCount" => Json::Int(b.count as i64),
        "distinctCount" => Json::Int(b.distinct? as i64),
        "sum" => Json::number(b.sum?),
        "avg" => Json::number(b.avg?),
        "min" => Json::number(b.min?),
        "max" => Json::number(b.max?),
        "stddev" => Json::number(b.stddev?),
        "sumsq" => Json::number(b.sumsq?),
        _ => return None,
    };
    Some((value, b.from, b.to))
}

/// What of one instance is aggregated.
struct Measure {
    time: Time,
    value: Json,
    /// Whether it is the size of an array.
    array: bool,
}

/// What is aggregated of a value that is no number; none when it has no order and no size.
fn measure(value: &Value, time: Time) -> Option<Measure> {
    let plain = |value| Some(Measure { time, value, array: false });
    match value {
        Value::Property(Json::Bool(b)) => plain(Json::Int(i64::from(*b))),
        Value::Property(Json::Array(items)) | Value::List(items) => {
            Some(Measure { time, value: Json::Int(items.len() as i64), array: true })
        }
        Value::Property(json @ (Json::Str(_) | Json::Int(_) | Json::Float(_))) => plain(json.clone()),
        // A date or time with its type: they have an order, as texts.
        Value::Property(json @ Json::Object(_)) if json.get("@type").is_some() => {
            json.get("@value").filter(|v| v.as_str().is_some()).cloned().and_then(plain)
        }
        _ => None,
    }
}

/// One aggregate of some values, if the method has a meaning for them (tables 4.5.19.1-1 and -2).
fn fold(method: &str, values: &[Measure], b: &Bucket) -> Option<Json> {
    if matches!(method, "totalCount" | "distinctCount") {
        return cell(method, b).map(|(value, ..)| value);
    }
    let texts: Option<Vec<&str>> = values.iter().map(|v| v.value.as_str()).collect();
    if let Some(texts) = texts {
        return match method {
            "min" => texts.iter().min().map(|t| Json::from(*t)),
            "max" => texts.iter().max().map(|t| Json::from(*t)),
            _ => None,
        };
    }
    if matches!(method, "stddev" | "sumsq") && values.iter().any(|v| v.array) {
        return None;
    }
    let numbers: Vec<f64> = values.iter().map(|v| v.value.as_f64()).collect::<Option<_>>()?;
    if numbers.is_empty() {
        return None;
    }
    let (n, sum) = (numbers.len() as f64, numbers.iter().sum::<f64>());
    let mean = sum / n;
    Some(Json::number(match method {
        "sum" => sum,
        "avg" => mean,
        "min" => numbers.iter().copied().fold(f64::INFINITY, f64::min),
        "max" => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        "sumsq" => numbers.iter().map(|x| x * x).sum(),
        "stddev" => (numbers.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt(),
        _ => return None,
    }))
}

/// The range of time to be cut into periods: as asked, an open end closed by what is there.
fn bounds(store: &dyn Store, id: &str, asked: &Asked) -> Result<Option<(Time, Time)>, Error> {
    let TemporalRange { by, from: start, to: end, .. } = asked.range(1);
    let (mut from, mut to) = (start, end);
    let edge = |last_n| -> Result<Vec<Time>, Error> {
        let range = TemporalRange { by, from: start, to: end, last_n, limit: 1, every: false };
        let evolution = store.evolution(id, asked.names().as_deref(), &range)?.unwrap_or_default();
        Ok(evolution.instances.iter().map(|i| time_of(i, by)).collect())
    };
    if from == Time::MIN {
        match edge(None)?.into_iter().min() {
            Some(first) => from = first,
            None => return Ok(None),
        }
    }
    if to == Time::MAX {
        match edge(Some(1))?.into_iter().max() {
            // The end is not included.
            Some(last) => to = last.plus_micros(1),
            None => return Ok(None),
        }
    }
    Ok((from < to).then_some((from, to)))
}
