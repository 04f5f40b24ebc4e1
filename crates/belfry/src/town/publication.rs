//! What the county's agencies publish, as files in a folder: the timetable and its realtime feed, warnings, the map, and beside
//! them the truth. A file is replaced whole, so that whoever reads it never sees half of one.

use anyhow::Context as _;
use belfry_kernel::Time;
use belfry_sim::wire::{cap, gtfs, osm, truth};
use belfry_sim::{Simulation, Truth};
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// A folder of publications.
pub struct Publication {
    folder: PathBuf,
    truths: BufWriter<File>,
    /// Whether the truth could not be written; said once.
    broken: bool,
}

impl Publication {
    /// Makes the folder and writes what does not change.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn begin(folder: PathBuf, simulation: &Simulation) -> anyhow::Result<Self> {
        let wrong = || format!("{}: the county's publications cannot be written here", folder.display());
        let timetable = folder.join("gtfs");
        fs::create_dir_all(&timetable).with_context(wrong)?;
        fs::create_dir_all(folder.join("cap")).with_context(wrong)?;
        fs::write(folder.join("county.osm"), osm::document(simulation.county())).with_context(wrong)?;
        for (name, text) in gtfs(&simulation.county().feed).0 {
            fs::write(timetable.join(name), text).with_context(wrong)?;
        }
        let truths = BufWriter::new(File::create(folder.join("truth.ndjson")).with_context(wrong)?);
        Ok(Self { folder, truths, broken: false })
    }

    /// Writes the realtime feed anew.
    pub fn feed(&self, simulation: &Simulation, clock: &dyn Fn(Time) -> Time) {
        let bytes = belfry_connect_gtfs::realtime::encode(&simulation.realtime(clock));
        if let Err(error) = replace(&self.folder.join("gtfs-realtime.pb"), &bytes) {
            tracing::warn!(%error, "the realtime feed could not be written");
        }
    }

    /// Notes what happened, and publishes the warning of it, if there is one.
    pub fn happened(&mut self, simulation: &Simulation, what: &Truth, clock: &dyn Fn(Time) -> Time) {
        let line = truth::line(simulation, what, clock);
        let written = writeln!(self.truths, "{line}").and_then(|()| self.truths.flush());
        let warned = match cap::warning(simulation.county(), what, clock) {
            Some((name, text)) => replace(&self.folder.join("cap").join(name), text.as_bytes()),
            None => Ok(()),
        };
        if let (Err(error), false) = (written.and(warned), self.broken) {
            self.broken = true;
            tracing::warn!(%error, "the county's truth or a warning could not be written; this is said once");
        }
    }
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    fs::write(&beside, bytes)?;
    fs::rename(beside, path)
}
