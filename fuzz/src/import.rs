//! Files to import: tables, features, arrays and lines of entities. What comes out has a place in the file.

use belfry_transfer::mapping::{Conventions, Mapping};
use belfry_transfer::source::entity::{self, Form};
use belfry_transfer::source::feature::{self, Rule};
use belfry_transfer::source::table::Table;
use belfry_transfer::source::{Item, Items};
use std::io::Cursor;
use std::path::Path;
use std::sync::{Arc, LazyLock};

const MAPPING: &str = "[time]\ncolumn = \"#1\"\n[[entity]]\nid = \"urn:x:{#2}\"\ntype = \"T\"\n\
    [[entity.attribute]]\nname = \"a\"\ncolumn = \"#3\"\n[[entity.attribute]]\nname = \"b\"\ncolumn = \"#4\"\ntype = \"text\"\n";
const FEATURES: &str = "[[entity]]\nid = \"urn:x:{@id}\"\ntype = \"T\"\n\
    [[entity.attribute]]\nname = \"a\"\ncolumn = \"a.b\"\n";

static TABLE: LazyLock<Arc<Mapping>> = LazyLock::new(|| mapping(MAPPING));
static FEATURE: LazyLock<Arc<Mapping>> = LazyLock::new(|| mapping(FEATURES));

fn mapping(text: &str) -> Arc<Mapping> {
    Arc::new(Mapping::parse(text, Path::new("m.toml")).expect("the mapping is sound"))
}

/// Runs the target.
pub fn run(data: &[u8]) {
    let file: Arc<Path> = Path::new("input").into();
    let bytes = || Cursor::new(data.to_vec());
    if let Ok(table) = Table::open(bytes(), &Conventions::default(), &file)
        && let Ok(items) = table.items(TABLE.clone())
    {
        drain(data, items);
    }
    for form in [Form::Normalized, Form::Keyvalues] {
        drain(data, entity::lines(bytes(), file.clone(), form));
        drain(data, entity::array(bytes(), file.clone(), form));
        drain(data, feature::features(bytes(), file.clone(), Rule::Entities(form)));
    }
    let plain = Rule::Plain { kind: "T".into(), id: FEATURE.clone() };
    let rules = [Rule::Mapping(FEATURE.clone()), plain];
    rules.into_iter().for_each(|rule| drain(data, feature::features(bytes(), file.clone(), rule) as Items));
}

fn drain(data: &[u8], items: impl Iterator<Item = Result<Item, belfry_transfer::TransferError>>) {
    let lines = 1 + data.iter().filter(|byte| **byte == b'\n').count() as u64;
    let mut last = 0;
    for item in items {
        let Ok(item) = item else { return };
        assert!(item.line >= last && item.line <= lines, "line {} after {last}, of {lines}", item.line);
        last = item.line;
    }
}
