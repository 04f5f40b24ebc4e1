//! `--explain`: what the first rows become, on standard output. Sends nothing.

use super::plan::Plan;
use crate::TransferError;
use crate::mapping::Mode;
use belfry_ngsi_ld::Json;
use std::fmt::Write;

/// Prints the columns, which of them the mapping uses, and the entities of the first rows.
pub(super) fn run(plan: Plan, rows: usize) -> Result<(), TransferError> {
    print!("{}", text(plan, rows)?);
    Ok(())
}

fn text(plan: Plan, rows: usize) -> Result<String, TransferError> {
    let mut out = String::new();
    let mut line = |text: String| {
        // Writing to a text cannot fail.
        let _ = writeln!(out, "{text}");
    };
    line(format!("source   {}", plan.path.display()));
    if let Some(mapping) = &plan.mapping {
        line(format!("mapping  {}", mapping.path.display()));
        if let Some(header) = &plan.header {
            let used = mapping.columns.names();
            for (at, name) in header.iter().enumerate() {
                let number = format!("#{}", at + 1);
                let how = if used.contains(name) || used.contains(&number) { "used" } else { "not used" };
                line(format!("column   {number:<4} {name:?} {how}"));
            }
        }
    }
    line(match plan.mode {
        Mode::State => "rows become the current state".to_owned(),
        Mode::History => "rows become history; the current state stays as it is".to_owned(),
        Mode::Both => "rows become history; the newest value of each attribute becomes the current state".to_owned(),
    });
    for item in plan.items.take(rows) {
        let item = item?;
        match item.outcome {
            Ok(entities) => {
                for entity in entities {
                    line(format!("\n{}:{} becomes\n{}", item.file.display(), item.line, pretty(&entity)));
                }
            }
            Err(refusal) => {
                let field = refusal.field.map(|field| format!("{field}: ")).unwrap_or_default();
                line(format!("\n{}:{} is refused: {field}{}", item.file.display(), item.line, refusal.reason));
            }
        }
    }
    Ok(out)
}

fn pretty(entity: &Json) -> String {
    let text = entity.to_string();
    serde_json::from_str::<serde_json::Value>(&text)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or(text)
}
