//! Files that a Belfry takes and gives whole: the basemap and the road map. What is in them is the Belfry's to judge.

use crate::TransferError;
use crate::client::{Call, Client, Target, problem};
use crate::query;
use bytes::Bytes;
use http::{Method, StatusCode};
use std::path::{Path, PathBuf};

/// The largest file that is sent, bytes: the most that `apps.max_file_bytes` can be.
const MAX_BYTES: u64 = 1 << 30;
const BASEMAP: &str = "/belfry/v1/registers/basemap";
const ROADS: &str = "/belfry/v1/transport/roads";

/// Put a file as the basemap of a running Belfry: an archive of tiles (PMTiles), or an extract of OpenStreetMap
///
/// It takes the place of the one that is there, and is kept like everything else. Exit code 0: it is drawn from now on; 2: it could
/// not be taken, and the one before stays.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  belfry import tiles county.pmtiles
  belfry import tiles county.osm.pbf
  belfry import tiles survey.pmtiles --attribution '© The county surveyor'")]
pub struct TileArgs {
    /// The archive (.pmtiles) or the extract (.osm.pbf, .osm, packed or not)
    #[arg(value_name = "FILE")]
    pub source: PathBuf,
    /// What must be shown with the map; by default what the archive says, or that it is OpenStreetMap's
    #[arg(long, value_name = "TEXT")]
    pub attribution: Option<String>,
    /// Print only what goes wrong
    #[arg(long, short)]
    pub quiet: bool,
    /// The Belfry to import into
    #[command(flatten)]
    pub target: Target,
}

/// Which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whole {
    Basemap,
    Roads,
}

impl Whole {
    fn path(self) -> &'static str {
        match self {
            Self::Basemap => BASEMAP,
            Self::Roads => ROADS,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Basemap => "basemap",
            Self::Roads => "road map",
        }
    }

    /// Puts a file. It may be sent twice: the second one takes the place of the first.
    ///
    /// # Errors
    /// The file cannot be read, or why Belfry does not take it.
    pub(crate) async fn put(
        self,
        client: &Client,
        file: &Path,
        attribution: Option<&str>,
    ) -> Result<(), TransferError> {
        let size = std::fs::metadata(file).map_err(TransferError::file(file))?.len();
        if size > MAX_BYTES {
            let why = format!("{}: a {} is at most {MAX_BYTES} bytes", file.display(), self.name());
            return Err(TransferError::Usage(why));
        }
        let bytes = Bytes::from(std::fs::read(file).map_err(TransferError::file(file))?);
        let mut target = query::Target::new(self.path());
        if let Some(attribution) = attribution {
            target.add("attribution", attribution);
        }
        let call = Call {
            method: Method::PUT,
            target: target.as_str().trim_end_matches('?'),
            body: Some(("application/octet-stream", bytes)),
            accept: "application/json",
            link: None,
            repeatable: true,
        };
        let answer = client.send(&call).await?;
        match answer.status {
            StatusCode::OK | StatusCode::CREATED => Ok(()),
            _ => Err(client.strange(&format!("it takes no such {}: {}", self.name(), problem(&answer)))),
        }
    }
}

/// Puts a basemap.
///
/// # Errors
/// As [`Whole::put`].
pub(crate) async fn import(args: &TileArgs) -> Result<(), TransferError> {
    let client = Client::new(&args.target)?;
    Whole::Basemap.put(&client, &args.source, args.attribution.as_deref()).await?;
    if !args.quiet {
        eprintln!("{} is the basemap now", args.source.display());
    }
    Ok(())
}

/// The archive of the basemap that is there.
///
/// # Errors
/// Why there is none.
pub(crate) async fn archive(client: &Client, maxzoom: Option<u8>) -> Result<Bytes, TransferError> {
    let mut target = query::Target::new(&format!("{BASEMAP}.pmtiles"));
    if let Some(zoom) = maxzoom {
        target.add("maxzoom", &zoom.to_string());
    }
    let call = Call {
        method: Method::GET,
        target: target.as_str().trim_end_matches('?'),
        body: None,
        accept: "*/*",
        link: None,
        repeatable: true,
    };
    let answer = client.send(&call).await?;
    if answer.status == StatusCode::OK { Ok(answer.body) } else { Err(client.strange(&problem(&answer))) }
}
