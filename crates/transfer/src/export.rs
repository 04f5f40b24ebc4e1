//! `belfry export`: entities, history and the basemap out of a running Belfry into files that Belfry and other tools read. Pages
//! through the public HTTP API; holds one page at a time.

mod args;
mod csv;
mod entities;
mod history;
mod output;
mod sample;

pub use args::{Args, EntityFormat, HistoryFormat, TileArgs, What};

use crate::TransferError;
use crate::client::Client;
use crate::whole;
use output::Output;

/// What became of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Entities written, or entities whose history was.
    pub entities: u64,
    /// Attribute instances of history written.
    pub instances: u64,
}

impl Summary {
    /// 0: an export that could not be finished is an error, which is exit code 2.
    pub fn exit_code(&self) -> u8 {
        0
    }
}

/// Runs an export. A file appears under its name only when it is complete.
///
/// # Errors
/// What stopped it.
pub async fn run(args: Args) -> Result<Summary, TransferError> {
    match args.what {
        What::Entities(args) => entities::run(&Client::new(&args.selection.target)?, &args).await,
        What::History(args) => history::run(&Client::new(&args.selection.target)?, &args).await,
        What::Tiles(args) => tiles(&args).await,
    }
}

async fn tiles(args: &TileArgs) -> Result<Summary, TransferError> {
    let archive = whole::archive(&Client::new(&args.target)?, args.maxzoom).await?;
    let mut output = Output::open(Some(&args.output))?;
    output.put(&archive)?;
    output.finish()?;
    if !args.quiet {
        eprintln!("{}: {} bytes", args.output.display(), archive.len());
    }
    Ok(Summary::default())
}
