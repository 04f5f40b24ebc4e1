//! Exporting entities as they are now: NDJSON, a JSON array, GeoJSON, a table.

use super::args::{EntityArgs, EntityFormat};
use super::output::Output;
use super::{Summary, csv};
use crate::TransferError;
use crate::client::Client;
use crate::history_body::is_attribute;
use crate::progress::Progress;
use crate::query::{Target, count, entities, get, json, next_offset};
use belfry_ngsi_ld::Json;
use std::collections::BTreeSet;

const PATH: &str = "/ngsi-ld/v1/entities";

pub(super) async fn run(client: &Client, args: &EntityArgs) -> Result<Summary, TransferError> {
    let mut out = Output::open(args.selection.output.as_deref())?;
    let mut progress = Progress::new(None, false, "entities", args.selection.quiet || args.selection.output.is_none());
    let mut writer = Writer { format: args.format, columns: Vec::new(), first: true };
    if args.format == EntityFormat::Csv {
        writer.columns = columns(client, args).await?;
    }
    out.put(&writer.head())?;
    let mut summary = Summary::default();
    let mut pages = Pages::new(args);
    while let Some(page) = pages.next(client).await? {
        for mut entity in page {
            if let (Some(context), Json::Object(members)) = (&args.selection.context, &mut entity)
                && args.format != EntityFormat::Csv
                && !members.iter().any(|(name, _)| name == "@context")
            {
                members.push(("@context".into(), context.as_str().into()));
            }
            out.put(&writer.entity(&entity))?;
            summary.entities += 1;
        }
        progress.at(summary.entities, summary.entities, 0);
    }
    out.put(writer.tail())?;
    out.finish()?;
    progress.end();
    Ok(summary)
}

/// The pages of a selection.
struct Pages<'a> {
    args: &'a EntityArgs,
    target: Target,
    offset: u64,
    total: Option<u64>,
    done: bool,
}

impl<'a> Pages<'a> {
    fn new(args: &'a EntityArgs) -> Self {
        let mut target = args.selection.target(PATH);
        target.add("limit", &args.selection.page.to_string());
        target.add("count", "true");
        Self { args, target, offset: 0, total: None, done: false }
    }

    async fn next(&mut self, client: &Client) -> Result<Option<Vec<Json>>, TransferError> {
        if self.done {
            return Ok(None);
        }
        let geojson = self.args.format == EntityFormat::Geojson;
        let accept = if geojson { "application/geo+json" } else { "application/json" };
        let target = self.target.with("offset", self.offset);
        let Some(answer) = get(client, &target, self.args.selection.context.as_deref(), accept).await? else {
            return Ok(None);
        };
        let page = if geojson { features(json(client, &answer)?) } else { entities(client, &answer)? };
        self.total = count(&answer).or(self.total);
        match next_offset(&answer).filter(|next| *next > self.offset) {
            Some(next) => self.offset = next,
            None => self.done = true,
        }
        Ok(Some(page))
    }
}

fn features(collection: Json) -> Vec<Json> {
    let Json::Object(members) = collection else { return Vec::new() };
    members
        .into_iter()
        .find_map(|(name, value)| match value {
            Json::Array(features) if name == "features" => Some(features),
            _ => None,
        })
        .unwrap_or_default()
}

/// The attributes of all entities, by a reading of its own: a table's header comes first.
async fn columns(client: &Client, args: &EntityArgs) -> Result<Vec<String>, TransferError> {
    if let Some(attrs) = &args.selection.attrs {
        return Ok(attrs.split(',').map(|name| name.trim().to_owned()).collect());
    }
    let mut names = BTreeSet::new();
    let mut pages = Pages::new(args);
    while let Some(page) = pages.next(client).await? {
        for entity in &page {
            if let Json::Object(members) = entity {
                names.extend(
                    members.iter().map(|(name, _)| name.as_str()).filter(|name| is_attribute(name)).map(str::to_owned),
                );
            }
        }
    }
    Ok(names.into_iter().collect())
}

struct Writer {
    format: EntityFormat,
    columns: Vec<String>,
    first: bool,
}

impl Writer {
    fn head(&self) -> Vec<u8> {
        match self.format {
            EntityFormat::Ndjson => Vec::new(),
            EntityFormat::Json => b"[".to_vec(),
            EntityFormat::Geojson => b"{\"type\":\"FeatureCollection\",\"features\":[".to_vec(),
            EntityFormat::Csv => {
                let mut out = Vec::new();
                csv::row(["id", "type"].into_iter().chain(self.columns.iter().map(String::as_str)), &mut out);
                out
            }
        }
    }

    fn entity(&mut self, entity: &Json) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        match self.format {
            EntityFormat::Ndjson => {
                entity.write(&mut out);
                out.push(b'\n');
            }
            EntityFormat::Json | EntityFormat::Geojson => {
                out.extend_from_slice(if std::mem::replace(&mut self.first, false) { b"\n" } else { b",\n" });
                entity.write(&mut out);
            }
            EntityFormat::Csv => {
                let mut cells = vec![cell(entity.get("id")), types(entity)];
                cells.extend(self.columns.iter().map(|name| attribute(entity.get(name))));
                csv::row(cells.iter().map(String::as_str), &mut out);
            }
        }
        out
    }

    fn tail(&self) -> &'static [u8] {
        match self.format {
            EntityFormat::Ndjson | EntityFormat::Csv => b"",
            EntityFormat::Json => b"\n]\n",
            EntityFormat::Geojson => b"\n]}\n",
        }
    }
}

fn cell(value: Option<&Json>) -> String {
    value.map(csv::cell).unwrap_or_default()
}

fn types(entity: &Json) -> String {
    match entity.get("type") {
        Some(Json::Array(types)) => types.iter().map(csv::cell).collect::<Vec<_>>().join(","),
        one => cell(one),
    }
}

/// The value of the default instance; of several without one, the first.
fn attribute(attribute: Option<&Json>) -> String {
    let instance = match attribute {
        Some(Json::Array(instances)) => {
            instances.iter().find(|instance| instance.get("datasetId").is_none()).or_else(|| instances.first())
        }
        one => one,
    };
    cell(instance.and_then(csv::value))
}
