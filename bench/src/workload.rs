//! The workload files: what a run sets up, asks and expects. Holds the types of the files and reads them.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::path::Path;

/// One workload file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// What it is, for people.
    pub title: String,
    /// Its place in the list.
    pub order: u32,
    /// What is done.
    pub work: Work,
    /// What the figures should reach.
    #[serde(default)]
    pub target: Vec<Target>,
}

/// A figure that should reach something.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Name of the figure.
    pub figure: String,
    /// It should be at least this.
    pub at_least: Option<f64>,
    /// It should be at most this.
    pub at_most: Option<f64>,
}

/// The kinds of work.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// Requests in closed loop, in turns with the trivial server.
    Http(Http),
    /// QoS 1 publishes, in turns with Mosquitto.
    Mqtt(Mqtt),
    /// Patches with a subscription that is delivered to an endpoint.
    Notify(Notify),
    /// Aggregates over a long series.
    History(History),
    /// Memory of an empty and of a filled server.
    Memory(Memory),
    /// Time from start to the first answer.
    Start(Start),
    /// The same requests on a small and on a large store.
    Growth(Growth),
    /// The router on a real map, beside another.
    Roads(Roads),
}

/// What is in the store before the measuring.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setup {
    /// Template entities.
    pub entities: u64,
    /// Subscriptions that match none of them.
    pub subscriptions: u64,
}

/// See [`Work::Http`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Connections in closed loop.
    pub connections: usize,
    /// What is there before.
    #[serde(default)]
    pub setup: Setup,
    /// The mix.
    pub request: Vec<Request>,
    /// What the trivial server is asked meanwhile.
    pub trivial: Vec<Request>,
    /// Name of a unit, in the plural.
    #[serde(default = "requests")]
    pub unit: String,
}

/// One kind of request in a mix. Texts are templates.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Its share of the mix.
    #[serde(default = "one_u32")]
    pub weight: u32,
    /// Method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Body; none if empty.
    #[serde(default)]
    pub body: String,
    /// Entities in `${entities}` and `${new_entities}`.
    #[serde(default = "one")]
    pub batch: u64,
    /// Statuses that are right.
    pub status: Vec<u16>,
    /// What a sampled body must contain.
    #[serde(default)]
    pub contains: Vec<String>,
    /// How often a sampled body must contain something.
    pub count: Option<Count>,
    /// Units that one answer stands for.
    #[serde(default = "one")]
    pub units: u64,
    /// How the last write of each connection is read back after a round.
    pub verify: Option<Verify>,
}

/// See [`Request::count`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// Of what.
    pub of: String,
    /// How many.
    pub is: u64,
}

/// See [`Request::verify`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// Path to get.
    pub path: String,
    /// What must be in the answer.
    pub contains: Vec<String>,
}

/// See [`Work::Mqtt`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mqtt {
    /// Publishing connections.
    pub connections: usize,
    /// Publishes under way on each.
    pub in_flight: usize,
    /// Devices, each with a topic of its own.
    pub devices: u64,
    /// Mapping file, beside the workload.
    pub mapping: String,
}

/// See [`Work::Notify`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// Connections that patch.
    pub connections: usize,
    /// What is there before.
    pub setup: Setup,
    /// Patches a second in the paced rounds.
    pub pace: f64,
    /// The patch; its `${value}` must be the value of `level`.
    pub request: Request,
}

/// See [`Work::History`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// Samples, one a minute.
    pub samples: u64,
    /// Samples in one request of the setup.
    pub batch: u64,
}

/// See [`Work::Memory`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// Numbers of entities at which memory is read, ascending.
    pub entities: Vec<u64>,
}

/// See [`Work::Start`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Entities in the store.
    pub entities: u64,
    /// Starts of each kind.
    pub times: usize,
}

/// See [`Work::Growth`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Growth {
    /// Connections in closed loop.
    pub connections: usize,
    /// The small store.
    pub small: Setup,
    /// The large one.
    pub large: Setup,
    /// Operations, each measured by itself.
    pub operation: Vec<Operation>,
}

/// One operation of [`Growth`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// Its name.
    pub name: String,
    /// What is asked.
    pub request: Request,
}

/// See [`Work::Roads`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roads {
    /// Extract of OpenStreetMap in the folder `osm` of the real data.
    pub map: String,
    /// Pairs of places that both routers are asked for.
    pub pairs: usize,
    /// Pairs that are compared with Dijkstra's algorithm.
    pub exact_pairs: usize,
    /// Matrices of 50 by 50.
    pub matrices: usize,
    /// Isochrones of 15 minutes.
    pub isochrones: usize,
}

fn one() -> u64 {
    1
}

fn one_u32() -> u32 {
    1
}

fn requests() -> String {
    "requests".into()
}

/// All workloads of a folder with their names, in order. Files without `[work…]` belong to others and are passed over.
pub fn read_all(folder: &Path) -> Result<Vec<(String, Workload)>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|n| n.to_str()).and_then(|n| n.strip_suffix(".toml")) else {
            continue;
        };
        let text = std::fs::read_to_string(&path)?;
        if !text.contains("\n[work") {
            continue;
        }
        let workload: Workload = toml::from_str(&text).with_context(|| format!("in {}", path.display()))?;
        all.push((name.to_owned(), workload));
    }
    ensure!(!all.is_empty(), "no workloads in {}", folder.display());
    all.sort_by(|(a, x), (b, y)| (x.order, a).cmp(&(y.order, b)));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_read_and_their_templates_compile() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/workloads");
        let all = read_all(Path::new(folder)).unwrap();
        assert!(all.len() >= 11);
        for (name, workload) in all {
            let requests: Vec<Request> = match workload.work {
                Work::Http(http) => http.request.into_iter().chain(http.trivial).collect(),
                Work::Notify(notify) => vec![notify.request],
                Work::Growth(growth) => growth.operation.into_iter().map(|o| o.request).collect(),
                _ => continue,
            };
            crate::script::Script::new(&requests, 1000, 2).unwrap_or_else(|e| panic!("{name}: {e:#}"));
        }
    }
}
