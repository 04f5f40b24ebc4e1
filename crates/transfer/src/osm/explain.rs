//! `--explain`: how many entities of which type an extract becomes, and the first of each, on standard output. Asks no
//! Belfry.

use super::Summary;
use super::entity::Stamp;
use super::run::{Objects, text_of};
use super::told::Told;
use crate::TransferError;
use belfry_ngsi_ld::Json;
use std::collections::BTreeMap;
use std::path::Path;

/// The longest entity that is shown, bytes: a border has thousands of places.
const SHOWN: usize = 1500;

pub(super) async fn run(
    source: &Path,
    stamp: &Stamp,
    objects: &mut Objects,
    told: &mut Told,
) -> Result<Summary, TransferError> {
    let mut summary = Summary::default();
    let mut types: BTreeMap<String, (u64, Json)> = BTreeMap::new();
    while let Some(found) = objects.recv().await {
        for found in found? {
            summary.objects += 1;
            let made = match found.outcome {
                Ok(made) => made,
                Err((types, reason)) => {
                    let entity = types.first().map(|entity| found.object.entity_id(entity));
                    told.reject(found.object, entity.as_deref(), None, &reason)?;
                    continue;
                }
            };
            for made in made {
                summary.created += 1;
                let id = text_of(&made.entity, "id").to_owned();
                for tag in made.unread {
                    told.leave_out(found.object, &id, &tag)?;
                }
                let kind = text_of(&made.entity, "type").to_owned();
                types.entry(kind).or_insert((0, made.entity)).0 += 1;
            }
        }
    }
    told.progress.end();
    println!("source   {}", source.display());
    println!("extract  {}, edition {}", stamp.extract, stamp.edition);
    println!("{} objects become {} entities; {} are rejected", summary.objects, summary.created, told.rejected);
    for (kind, (count, _)) in &types {
        println!("{count:>9}  {kind}");
    }
    for (_, first) in types.values() {
        let text = first.to_string();
        let shown: String = text.chars().take(SHOWN).collect();
        println!("\n{shown}{}", if shown.len() < text.len() { " …" } else { "" });
    }
    (summary.rejected, summary.unread) = (told.rejected, told.unread);
    Ok(summary)
}
