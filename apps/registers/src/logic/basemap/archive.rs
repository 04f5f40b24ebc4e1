//! The basemap written as a PMTiles archive, a handful of tiles at a time, so that other work has its turn on the pool.

use super::{Basemap, Map};
use belfry_kit::{Bytes, Ctx, Error, Kind};
use belfry_tiles::Address;
use belfry_tiles::pmtiles::{PmtilesError, Writer, id_of};
use std::io::{Cursor, Seek, SeekFrom, Write};
use std::sync::Arc;

/// The deepest zoom when nothing is said: deeper ones are enlarged from it by whoever shows the map.
pub(crate) const USUAL_ZOOM: u8 = 14;
/// Tiles that are looked at for one archive at most.
const MAX_TILES: usize = 500_000;
/// Bytes of an archive at most.
const MAX_BYTES: u64 = 256 << 20;
/// Tiles of one turn on the pool.
const AT_ONCE: usize = 64;

/// Writes the archive of a map to a zoom.
///
/// # Errors
/// `PayloadTooLarge` when it would have too many tiles or bytes; as [`super::ground::Ground::tile`].
pub(crate) async fn write(basemap: &Arc<Basemap>, ctx: &Ctx, map: &Arc<Map>, zoom: u8) -> Result<Bytes, Error> {
    let bounds = map.bounds();
    let (from, to) = map.zooms();
    let cover = (from..=zoom.min(to)).flat_map(|zoom| Address::cover(&bounds, zoom));
    let mut tiles: Vec<Address> = cover.take(MAX_TILES + 1).collect();
    if tiles.len() > MAX_TILES {
        let why = format!("an archive is made of at most {MAX_TILES} tiles: ask for a smaller maxzoom");
        return Err(Error::new(Kind::PayloadTooLarge, why));
    }
    tiles.sort_by_key(|tile| id_of(*tile));
    let mut writer = Writer::new(Memory(Cursor::new(Vec::new()))).map_err(refused)?;
    for some in tiles.chunks(AT_ONCE) {
        let (some, own, map) = (some.to_vec(), basemap.clone(), map.clone());
        writer = ctx
            .blocking(move || {
                own.cutters().with(|cutter| {
                    for tile in some {
                        let bytes = map.ground().tile(cutter, tile)?;
                        writer.add(tile, &bytes).map_err(refused)?;
                    }
                    Ok::<_, Error>(writer)
                })
            })
            .await??;
    }
    let mut metadata = map.ground().metadata();
    metadata.attribution.clone_from(&map.credit);
    ctx.blocking(move || {
        let (_, memory) = writer.finish_into(&metadata, Some(bounds)).map_err(refused)?;
        Ok(Bytes::from(memory.0.into_inner()))
    })
    .await?
}

fn refused(error: PmtilesError) -> Error {
    match error {
        PmtilesError::Io(_) => Error::new(
            Kind::PayloadTooLarge,
            format!("the archive is larger than {MAX_BYTES} bytes: ask for a smaller maxzoom"),
        ),
        other => Error::internal(other),
    }
}

/// Memory that takes no more than an archive may have.
struct Memory(Cursor<Vec<u8>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.position() + bytes.len() as u64 > MAX_BYTES {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Seek for Memory {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.0.seek(to)
    }
}
