//! The commented example file: every key with its manual and its default. Keys that have none stand behind `#: `.

use std::fmt::Write;

use super::{size_in_words, toml_literal};
use crate::keys::{self, Key, Kind};

/// Width at which comments are wrapped, in characters.
const WIDTH: usize = 110;

/// The commented example. Reading it gives exactly the defaults.
pub fn example_toml() -> String {
    let mut out = String::from(
        "# Belfry configuration. Generated from crates/config by `cargo xtask codegen`; do not edit.\n\
         # Every key is shown with its default; leave out what you do not change. Lines that begin with `#: ` show\n\
         # what is absent by default. An environment variable (BELFRY_SERVER_LISTEN) beats this file, a flag beats both.\n",
    );
    for section in keys::root().children() {
        table(&mut out, section, "");
    }
    out
}

fn table(out: &mut String, key: &Key, mark: &str) {
    out.push('\n');
    comment(out, &key.doc);
    line(out, mark, &format!("[{}]", key.path));
    body(out, key.children(), mark);
}

/// Plain keys first, since in TOML a table ends only where the next begins.
fn body(out: &mut String, children: &[Key], mark: &str) {
    for child in children {
        match &child.kind {
            Kind::Table(_) => {}
            Kind::List(item) if matches!(item.kind, Kind::Table(_)) => {}
            _ => plain(out, child, mark),
        }
    }
    for child in children {
        match &child.kind {
            Kind::Table(_) => table(out, child, mark),
            Kind::List(item) if matches!(item.kind, Kind::Table(_)) => {
                out.push('\n');
                comment(out, &child.doc);
                line(out, "#: ", &format!("[[{}]]", child.path));
                body(out, item.children(), "#: ");
            }
            _ => {}
        }
    }
}

fn plain(out: &mut String, key: &Key, mark: &str) {
    comment(out, &key.doc);
    let in_list = !mark.is_empty();
    let shown = if in_list || key.default.is_null() { key.example.as_ref() } else { Some(&key.default) };
    let Some(literal) = shown.or(Some(&key.default)).and_then(toml_literal) else {
        return;
    };
    let mark = if key.default.is_null() { "#: " } else { mark };
    let size = if key.name.ends_with("_bytes") { key.default.as_i64().and_then(size_in_words) } else { None };
    let size = size.map(|size| format!("  # {size}")).unwrap_or_default();
    line(out, mark, &format!("{} = {literal}{size}", key.name));
}

fn line(out: &mut String, mark: &str, text: &str) {
    writeln!(out, "{mark}{text}").expect("writing into a String cannot fail");
}

fn comment(out: &mut String, doc: &str) {
    let mut width = 0;
    for word in doc.split_whitespace() {
        let length = word.chars().count() + 1;
        if width == 0 || width + length > WIDTH {
            out.push_str(if width == 0 { "#" } else { "\n#" });
            width = 1;
        }
        out.push(' ');
        out.push_str(word);
        width += length;
    }
    out.push('\n');
}
