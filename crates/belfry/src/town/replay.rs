//! A table of past measurements, played back as sensors that report now: each row goes out over MQTT when its turn comes,
//! so many times faster than it happened, with the instant that the file gives. Holds the reading and the pace; what a
//! row means is the mapping's, the same as for an import.

use super::{Mqtt, Town, http};
use anyhow::Context as _;
use belfry_kernel::Time;
use belfry_ngsi_ld::Json;
use belfry_transfer::mapping::Mapping;
use belfry_transfer::source::input::{self, Meter};
use belfry_transfer::source::table::Table;
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

/// The most reports that a file may become; they wait in memory, sorted by time.
const MAX_REPORTS: usize = 1_000_000;
/// Refused rows that are printed.
const PRINTED: u32 = 5;
/// The wait before a report that was not acknowledged is sent again.
const AGAIN: Duration = Duration::from_secs(1);

/// What a sensor says at one instant.
struct Report {
    at: Time,
    id: String,
    topic: String,
    payload: String,
}

/// A file that is ready to be played back.
pub struct Replay {
    /// By instant.
    reports: Vec<Report>,
    /// Each sensor as its first row makes it, by id: the units of its values, and what does not change.
    sensors: BTreeMap<String, (Time, Json)>,
    /// Rows that could not be used.
    refused: u32,
}

impl Replay {
    /// Reads a table under an import's mapping.
    ///
    /// # Errors
    /// When file or mapping cannot be read, the mapping has no `[time]`, or its entities do not fit the topics of the
    /// built-in mapping (`belfry/TYPE/ID` for `urn:ngsi-ld:TYPE:ID`).
    pub fn read(file: &Path, map: &Path) -> anyhow::Result<Self> {
        let mapping = Arc::new(Mapping::load(map)?);
        anyhow::ensure!(
            mapping.time.is_some(),
            "{}: a replay needs a [time]: rows are sent in its order",
            map.display()
        );
        anyhow::ensure!(
            mapping.context.is_none(),
            "{}: a replay speaks over MQTT, where names are of the core context: leave out `context`",
            map.display()
        );
        let name: Arc<Path> = file.into();
        let input = input::open(file, &Meter::default())?;
        let mut replay = Self { reports: Vec::new(), sensors: BTreeMap::new(), refused: 0 };
        for item in Table::open(input.reader, &mapping.conventions, &name)?.items(mapping.clone())? {
            let item = item?;
            match item.outcome {
                Ok(entities) => {
                    for entity in entities {
                        replay.take(entity).with_context(|| format!("{}: line {}", file.display(), item.line))?;
                    }
                }
                Err(why) => {
                    replay.refused += 1;
                    if replay.refused <= PRINTED {
                        let field = why.field.map(|f| format!("{f}: ")).unwrap_or_default();
                        eprintln!("{}:{}: left out: {field}{}", file.display(), item.line, why.reason);
                    }
                }
            }
        }
        anyhow::ensure!(!replay.reports.is_empty(), "{}: no row of it can be replayed", file.display());
        replay.reports.sort_by_key(|report| report.at);
        Ok(replay)
    }

    fn take(&mut self, entity: Json) -> anyhow::Result<()> {
        let id = entity.get("id").and_then(Json::as_str).unwrap_or_default().to_owned();
        let kind = entity.get("type").and_then(Json::as_str).unwrap_or_default();
        let topic = topic(&id, kind).with_context(|| {
            format!("{id} of type {kind:?}: a replayed entity has one type and the id urn:ngsi-ld:TYPE:NAME, TYPE and NAME of letters, digits, '-', '_', '.' and '~'")
        })?;
        let Some((at, payload)) = report(&entity) else { return Ok(()) };
        anyhow::ensure!(self.reports.len() < MAX_REPORTS, "it is longer than a replay may be: {MAX_REPORTS} reports");
        if self.sensors.get(&id).is_none_or(|(first, _)| at < *first) {
            self.sensors.insert(id.clone(), (at, entity));
        }
        self.reports.push(Report { at, id, topic, payload });
        Ok(())
    }

    /// What will happen, in a line.
    pub fn summary(&self, speed: f64) -> String {
        let (Some(first), Some(last)) = (self.reports.first(), self.reports.last()) else { return String::new() };
        let seconds = (last.at.micros() - first.at.micros()) as f64 / 1e6 / speed;
        let (length, unit) = if seconds < 7_200.0 { (seconds / 60.0, "minutes") } else { (seconds / 3_600.0, "hours") };
        let left_out = if self.refused > 0 { format!(", rows left out: {}", self.refused) } else { String::new() };
        format!(
            "{} reports, sensors: {}, from {} to {}, {speed} times faster than life ({length:.1} {unit}){left_out}",
            self.reports.len(),
            self.sensors.len(),
            first.at,
            last.at
        )
    }

    /// The entity whose card shows the replay.
    pub fn first_sensor(&self) -> &str {
        self.sensors.keys().next().map_or("", String::as_str)
    }

    /// Sets the sensors up and starts to play. Goes on after what they have reported already, so that a second start
    /// does not tell the past twice.
    ///
    /// # Errors
    /// When the sensors cannot be registered.
    pub async fn start(mut self, http: SocketAddr, mqtt: SocketAddr, speed: f64) -> anyhow::Result<Town> {
        let client = http::Client::new(http);
        let mut told: HashMap<&str, Time> = HashMap::new();
        for (id, (first, entity)) in &self.sensors {
            let known = client.newest(id).await?;
            if known.is_none() {
                let mut text = Vec::new();
                entity.write(&mut text);
                let text = String::from_utf8_lossy(&text).into_owned();
                client
                    .upsert(std::iter::once(text.as_str()))
                    .await
                    .with_context(|| format!("{id} could not be registered"))?;
            }
            told.insert(id, known.unwrap_or(*first));
        }
        self.reports.retain(|report| told.get(report.id.as_str()).is_none_or(|told| report.at > *told));
        let publisher = Mqtt::new(mqtt)?;
        let (stop, mut stopped) = watch::channel(false);
        let reports = self.reports;
        let task = tokio::spawn(async move {
            tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => {}
                () = play(reports, &publisher, speed) => {}
            }
        });
        Ok(Town { stop, task, scored: None })
    }
}

/// Publishes each report when it is due.
async fn play(reports: Vec<Report>, publisher: &Mqtt, speed: f64) {
    let began = Instant::now();
    let first = reports.first().map_or(0, |report| report.at.micros());
    for Report { at, topic, payload, .. } in reports {
        let after = at.micros().saturating_sub(first) as f64 / 1e6 / speed;
        // Beyond what a duration holds is beyond what anyone waits for.
        let after = Duration::try_from_secs_f64(after).unwrap_or(Duration::MAX);
        let Some(due) = began.checked_add(after) else { return };
        sleep_until(due).await;
        // QoS 1: sent until it is acknowledged, and what is acknowledged is on the disk.
        while let Err(error) = publisher.publish(&topic, payload.clone()).await {
            tracing::warn!(%error, "a replayed report was not acknowledged, it is sent again");
            sleep(AGAIN).await;
        }
    }
    tracing::info!("the replay has come to its end");
}

/// The topic of the built-in mapping under which an entity is reported.
fn topic(id: &str, kind: &str) -> Option<String> {
    let name = id.strip_prefix("urn:ngsi-ld:")?.strip_prefix(kind)?.strip_prefix(':')?;
    let plain =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b));
    (plain(kind) && plain(name)).then(|| format!("belfry/{kind}/{name}"))
}

/// When the row was true, and a JSON object of the values that change with it. None when nothing does.
fn report(entity: &Json) -> Option<(Time, String)> {
    let Json::Object(members) = entity else { return None };
    let measured = |attribute: &Json| {
        let at = Time::parse(attribute.get("observedAt")?.as_str()?).ok()?;
        // One attribute of a name: datasets have no place in a plain payload.
        let plain = attribute.get("datasetId").is_none() && attribute.get("type")?.as_str()? == "Property";
        plain.then_some((at, attribute.get("value")?.clone()))
    };
    let mut at = None;
    let mut values = Vec::new();
    for (name, attribute) in members {
        if let Some((observed, value)) = measured(attribute) {
            at = Some(observed);
            values.push((name.clone(), value));
        }
    }
    let at = at?;
    values.insert(0, ("observedAt".into(), Json::Str(at.to_string().into())));
    let mut text = Vec::new();
    Json::Object(values).write(&mut text);
    Some((at, String::from_utf8(text).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "[time]\ncolumn='t'\nformat='%Y-%m-%d %H:%M'\nzone='UTC'\n[[entity]]\nid='urn:ngsi-ld:SoilProbe:{p|slug}'\ntype='SoilProbe'\n\
        [[entity.attribute]]\nname='moisture'\ncolumn='m'\ntype='number'\nunit='P1'\nmax=100\n\
        [[entity.attribute]]\nname='maker'\nvalue='A'\nobserved=false\n";

    fn read(map: &str, table: &str) -> anyhow::Result<Replay> {
        let dir = tempfile::tempdir().unwrap();
        let (file, mapping) = (dir.path().join("a.csv"), dir.path().join("a.toml"));
        std::fs::write(&file, table).unwrap();
        std::fs::write(&mapping, map).unwrap();
        Replay::read(&file, &mapping)
    }

    #[test]
    fn rows_become_reports_in_the_order_of_time_with_the_time_of_the_file() {
        let table = "t,p,m\n2024-09-20 03:00,one,7.34\n2024-09-20 02:00,two,101\n2024-09-20 01:00,one,7.33\n2024-09-20 00:00,two,9\n";
        let replay = read(MAP, table).unwrap();
        let told: Vec<_> = replay.reports.iter().map(|r| (r.topic.as_str(), r.payload.as_str())).collect();
        assert_eq!(
            told,
            [
                ("belfry/SoilProbe/two", r#"{"observedAt":"2024-09-20T00:00:00Z","moisture":9}"#),
                ("belfry/SoilProbe/one", r#"{"observedAt":"2024-09-20T01:00:00Z","moisture":7.33}"#),
                ("belfry/SoilProbe/one", r#"{"observedAt":"2024-09-20T03:00:00Z","moisture":7.34}"#),
            ]
        );
        assert_eq!(replay.refused, 1);
        // The first row of each registers it, with its unit.
        let (at, one) = &replay.sensors["urn:ngsi-ld:SoilProbe:one"];
        assert_eq!(at.to_string(), "2024-09-20T01:00:00Z");
        assert_eq!(one.get("moisture").and_then(|m| m.get("unitCode")).and_then(Json::as_str), Some("P1"));
        assert!(one.get("maker").is_some());
        assert_eq!(
            replay.summary(60.0),
            "3 reports, sensors: 2, from 2024-09-20T00:00:00Z to 2024-09-20T03:00:00Z, 60 times faster than life (3.0 minutes), rows left out: 1"
        );
    }

    #[test]
    fn what_the_topics_cannot_carry_is_refused_before_anything_starts() {
        let table = "t,p,m\n2024-09-20 03:00,one,7.34\n";
        for (map, why) in [
            (MAP.replace("urn:ngsi-ld:SoilProbe:{p|slug}", "urn:x:{p|slug}"), "urn:ngsi-ld:TYPE:NAME"),
            (MAP.replace("{p|slug}", "{p|slug}/1"), "urn:ngsi-ld:TYPE:NAME"),
            (format!("context='https://example.org/c.jsonld'\n{MAP}"), "core context"),
            (MAP[MAP.find("[[entity]]").unwrap()..].to_owned(), "[time]"),
        ] {
            let error = read(&map, table).map(|_| ()).unwrap_err();
            assert!(format!("{error:#}").contains(why), "{error:#}");
        }
        assert!(format!("{:#}", read(MAP, "t,p,m\n").map(|_| ()).unwrap_err()).contains("no row"));
    }
}
