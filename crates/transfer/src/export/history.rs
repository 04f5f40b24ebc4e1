//! Exporting history: the entities that have one, then each one's instances page by page in time.

use super::args::{HistoryArgs, HistoryFormat};
use super::output::Output;
use super::sample::{COLUMNS, line, row};
use super::{Summary, csv};
use crate::TransferError;
use crate::client::Client;
use crate::history_body::is_attribute;
use crate::progress::Progress;
use crate::query::{entities, get, next_offset};
use crate::temporal::{PATH, Part, instances, range};
use belfry_kernel::Time;
use belfry_lake::{HistoryWriter, LakeError};
use belfry_ngsi_ld::Json;

pub(super) async fn run(client: &Client, args: &HistoryArgs) -> Result<Summary, TransferError> {
    let output = Output::open(args.selection.output.as_deref())?;
    let name = output.name();
    let mut sink = Sink::open(args, output)?;
    let mut progress = Progress::new(None, false, "instances", args.selection.quiet || args.selection.output.is_none());
    let mut summary = Summary::default();
    let mut list = range(args.selection.target(PATH), args.from.unwrap_or(Time::MIN), args.to);
    list.add("lastN", "1");
    list.add("limit", &args.selection.page.to_string());
    let link = args.selection.context.as_deref();
    let mut offset = 0_u64;
    loop {
        let Some(answer) = get(client, &list.with("offset", offset), link, "application/json").await? else { break };
        let page = entities(client, &answer)?;
        for entity in &page {
            let Some(id) = entity.get("id").and_then(Json::as_str) else { continue };
            summary.entities += 1;
            let mut part = Part {
                id,
                attrs: args.selection.attrs.as_deref(),
                from: args.from.unwrap_or(Time::MIN),
                to: args.to,
                link,
            };
            loop {
                let Some((entity, next)) = part.get(client).await? else { break };
                summary.instances += sink.entity(&entity, args, &name)?;
                progress.at(summary.instances, summary.instances, 0);
                match next {
                    Some(next) => part.from = next,
                    None => break,
                }
            }
        }
        match next_offset(&answer).filter(|next| *next > offset) {
            Some(next) => offset = next,
            None => break,
        }
    }
    sink.finish(&name)?;
    progress.end();
    Ok(summary)
}

enum Sink {
    Lines(Output),
    Table(Output),
    Parquet(Box<HistoryWriter<Output>>),
}

impl Sink {
    fn open(args: &HistoryArgs, mut output: Output) -> Result<Self, TransferError> {
        Ok(match args.format {
            HistoryFormat::Ndjson => Self::Lines(output),
            HistoryFormat::Csv => {
                let mut head = Vec::new();
                csv::row(COLUMNS, &mut head);
                output.put(&head)?;
                Self::Table(output)
            }
            HistoryFormat::Parquet => {
                let name = output.name();
                let writer = HistoryWriter::new(output, belfry_lake::Options::default()).map_err(broken(&name))?;
                Self::Parquet(Box::new(writer))
            }
        })
    }

    /// Writes the instances of an entity; how many.
    fn entity(&mut self, entity: &Json, args: &HistoryArgs, name: &std::path::Path) -> Result<u64, TransferError> {
        let mut n = 0;
        match self {
            Self::Lines(output) => {
                n = instances(entity).count() as u64;
                if n > 0 {
                    let mut out = Vec::new();
                    bare(entity, args.selection.context.as_deref()).write(&mut out);
                    out.push(b'\n');
                    output.put(&out)?;
                }
            }
            Self::Table(output) => {
                let mut out = Vec::new();
                for row in instances(entity).filter_map(|(attribute, instance)| row(entity, attribute, instance)) {
                    line(&row, &mut out);
                    n += 1;
                }
                output.put(&out)?;
            }
            Self::Parquet(writer) => {
                for row in instances(entity).filter_map(|(attribute, instance)| row(entity, attribute, instance)) {
                    writer.push(row).map_err(broken(name))?;
                    n += 1;
                }
            }
        }
        Ok(n)
    }

    fn finish(self, name: &std::path::Path) -> Result<(), TransferError> {
        match self {
            Self::Lines(output) | Self::Table(output) => output.finish(),
            Self::Parquet(writer) => writer.finish().map_err(broken(name))?.finish(),
        }
    }
}

fn broken(name: &std::path::Path) -> impl FnOnce(LakeError) -> TransferError {
    let path = name.to_owned();
    move |error| TransferError::File { path, cause: std::io::Error::other(error) }
}

/// The entity without what the server added to its instances, so that it can be imported again.
fn bare(entity: &Json, context: Option<&str>) -> Json {
    let Json::Object(members) = entity else { return entity.clone() };
    let strip = |instance: &Json| match instance {
        Json::Object(members) => Json::Object(
            members
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "instanceId" | "createdAt" | "modifiedAt"))
                .cloned()
                .collect(),
        ),
        other => other.clone(),
    };
    let mut kept: Vec<_> = members
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "createdAt" | "modifiedAt" | "@context"))
        .map(|(name, value)| match value {
            Json::Array(instances) if is_attribute(name) => {
                (name.clone(), Json::Array(instances.iter().map(strip).collect()))
            }
            one if is_attribute(name) => (name.clone(), strip(one)),
            other => (name.clone(), other.clone()),
        })
        .collect();
    kept.extend(context.map(|context| ("@context".into(), context.into())));
    Json::Object(kept)
}
