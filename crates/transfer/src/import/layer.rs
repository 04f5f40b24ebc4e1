//! Layers of GeoPackage and GeoParquet as items: files opened, readers' errors named after them, columns of a mapping looked
//! for. Parses nothing.

use crate::TransferError;
use crate::mapping::Mapping;
use crate::source::feature::{self, Rule};
use crate::source::geopackage::Layer;
use crate::source::geoparquet::Table;
use crate::source::input::{Counted, Meter};
use crate::source::{Feature, Items};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

/// The items of a layer and the names of its columns.
pub(super) fn geopackage(
    path: &Path,
    name: Option<&str>,
    meter: &Meter,
    rule: Rule,
) -> Result<(Items, Vec<String>), TransferError> {
    let file = file(path)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push("-wal");
    // What is in the log of another program is not in the file yet, and would be missing without a word.
    if std::fs::metadata(&beside).is_ok_and(|log| log.len() > 0) {
        return Err(wrong(
            path,
            "another program has it open or did not close it (a file with -wal at the end of its name lies beside it); close it there first",
        ));
    }
    // Pages are read in order as a rule; the buffer saves nothing where they are not, and costs little.
    let reader = BufReader::with_capacity(64 << 10, Counted::new(file, meter));
    let mut layer = Layer::open(reader, name).map_err(|why| wrong(path, why))?;
    let names = layer.names();
    let own: Arc<Path> = path.into();
    let features = rows(move || layer.feature().map_err(|why| wrong(&own, why)));
    Ok((feature::made(features, path.into(), rule), names))
}

/// The items of a file and the names of its columns.
pub(super) fn geoparquet(path: &Path, rule: Rule) -> Result<(Items, Vec<String>), TransferError> {
    let mut table = Table::open(file(path)?).map_err(|why| wrong(path, why))?;
    let names = table.names();
    let own: Arc<Path> = path.into();
    let features = rows(move || table.feature().map_err(|why| wrong(&own, why)));
    Ok((feature::made(features, path.into(), rule), names))
}

/// Rows until there is none, or one that cannot be read.
fn rows(
    mut next: impl FnMut() -> Result<Option<Feature>, TransferError>,
) -> impl Iterator<Item = Result<Feature, TransferError>> {
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let found = next().transpose();
        ended = !matches!(found, Some(Ok(_)));
        found
    })
}

/// Whether all columns that a mapping speaks of are there; `@id` and `@geometry` always are, and `a.b` is a member of `a`.
pub(super) fn check(mapping: &Mapping, names: &[String]) -> Result<(), TransferError> {
    let mut header = names.to_vec();
    header.extend(["@id".to_owned(), "@geometry".to_owned()]);
    let members = mapping.columns.names().iter().filter(|name| {
        name.split_once('.').is_some_and(|(whole, _)| names.iter().any(|known| known == whole)) && !names.contains(name)
    });
    header.extend(members.cloned());
    mapping.columns.bind(&header, &mapping.path, &mapping.text).map(drop)
}

fn file(path: &Path) -> Result<File, TransferError> {
    if path == Path::new("-") {
        return Err(TransferError::Usage("this format is read from a file, not from standard input".into()));
    }
    File::open(path).map_err(TransferError::file(path))
}

fn wrong(path: &Path, why: impl std::fmt::Display) -> TransferError {
    TransferError::Source { path: path.to_owned(), why: why.to_string() }
}
