//! The reference page: one table a section. Holds no text of its own but the introduction; the rest is the doc comments.

use std::fmt::Write;

use super::{size_in_words, toml_literal};
use crate::keys::{self, Key, Kind, env_name};

const INTRODUCTION: &str = "\
<!-- Generated from crates/config by `cargo xtask codegen`; do not edit. -->
# Configuration

Belfry needs no configuration to start. What you change is read in layers, each beating the one before, key by key:

1. the defaults below,
2. a TOML file ([example](belfry.example.toml), [JSON schema](config.schema.json) for editors),
3. environment variables: `BELFRY_` and the key in capitals with `_` for `.`; an empty variable counts as not set,
4. flags on the command line.

In variables and flags a text stands as it is, a list as `a,b` or as TOML (`[\"a\", \"b\"]`), a table as TOML
(`{ interval_ms = 50 }`). A list replaces the list of an earlier layer.

An unknown key or a wrong value stops the start with its file, line and column (or its variable or flag) and the name
that was probably meant; so does an unknown variable that begins with `BELFRY_`. Numbers carry their unit in the name:
`_bytes`, `_ms` (milliseconds), `_s` (seconds), `_days`.
";

/// The reference page in Markdown.
pub fn reference_markdown() -> String {
    let mut out = INTRODUCTION.to_owned();
    for section in keys::root().children() {
        table(&mut out, section, 2);
    }
    out
}

fn table(out: &mut String, key: &Key, level: usize) {
    heading(out, level, &format!("[{}]", key.path), &key.doc);
    let mut tables = Vec::new();
    let mut rows = Vec::new();
    for child in key.children() {
        match child.kind {
            Kind::Table(_) => tables.push(child),
            _ => rows.push(child),
        }
    }
    if !rows.is_empty() {
        out.push_str("\n| key | value | default | variable | meaning |\n|---|---|---|---|---|\n");
    }
    for row in &rows {
        let variable = format!("`{}`", env_name(&row.path));
        writeln!(out, "| `{}` | {} | {} | {variable} | {} |", row.path, cell(&kind(row)), default(row), cell(&row.doc))
            .expect("writing into a String cannot fail");
    }
    for row in rows {
        if let Kind::List(item) = &row.kind
            && !item.children().is_empty()
        {
            list(out, row, item, level + 1);
        }
    }
    for child in tables {
        table(out, child, level + 1);
    }
}

/// A list of tables: its keys have no variables of their own.
fn list(out: &mut String, key: &Key, item: &Key, level: usize) {
    heading(out, level, &format!("[[{}]]", key.path), &item.doc);
    out.push_str("\n| key | value | default | meaning |\n|---|---|---|---|\n");
    for row in item.children() {
        writeln!(out, "| `{}` | {} | {} | {} |", row.name, cell(&kind(row)), default(row), cell(&row.doc))
            .expect("writing into a String cannot fail");
    }
}

fn heading(out: &mut String, level: usize, title: &str, doc: &str) {
    writeln!(out, "\n{} `{title}`\n\n{doc}", "#".repeat(level)).expect("writing into a String cannot fail");
}

fn kind(key: &Key) -> String {
    match &key.kind {
        Kind::Integer { min, max } => format!("{min} to {max}"),
        Kind::Choice { .. } => format!("`{}`", key.kind.describe()).replace(" or ", "` or `"),
        kind => kind.describe(),
    }
}

fn default(key: &Key) -> String {
    let Some(literal) = toml_literal(&key.default) else {
        return if key.is_optional() { "none".to_owned() } else { "must be given".to_owned() };
    };
    let size = if key.name.ends_with("_bytes") { key.default.as_i64().and_then(size_in_words) } else { None };
    size.map_or_else(|| format!("`{literal}`"), |size| format!("`{literal}` ({size})"))
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
