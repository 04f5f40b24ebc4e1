//! The ground on which the county's map is drawn: the real map that it was read from, or its own, written as the surveyors of a
//! county that never was would write it. Draws nothing; the platform does.

use super::http::Client;
use anyhow::Context as _;
use belfry_sim::county::County;
use belfry_sim::wire::osm;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;
use std::path::PathBuf;

/// What must be shown with a county that is made up.
const CREDIT: &str = "Simulated county: no such place";

/// Puts it as the basemap.
///
/// # Errors
/// The map cannot be read, or is not taken.
pub(super) async fn put(client: &Client, county: &County, map: Option<PathBuf>) -> anyhow::Result<()> {
    let Some(map) = map else {
        let county = county.clone();
        let own = tokio::task::spawn_blocking(move || packed(&osm::document(&county))).await??;
        return client.put_basemap(own.into(), Some(CREDIT)).await;
    };
    let bytes = tokio::fs::read(&map).await.with_context(|| format!("{}: the map cannot be read", map.display()))?;
    client.put_basemap(Bytes::from(bytes), None).await
}

fn packed(text: &str) -> anyhow::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(text.as_bytes())?;
    Ok(packer.finish()?)
}
