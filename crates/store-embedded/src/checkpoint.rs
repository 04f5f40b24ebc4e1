//! Checkpoints: the state in a file, so that recovery replays only the log's end. Taken while writes go on, piece by
//! piece: a piece may be newer than the place in the log that the checkpoint names, which does no harm, since replaying
//! a record puts whole images and the last one wins. The newest two are kept, and the log back to the older one, so that
//! a damaged checkpoint costs time, not data.
//!
//! File: `BELFCKP1`, then frames of length, CRC32C and payload, the last of which says how much there must have been.

use crate::codec::{Cursor, Damaged, Put};
use crate::dictionary::Dictionary;
use crate::state::State;
use belfry_kernel::{Error, Time};
use belfry_ngsi_ld::Name;
use belfry_ports::{Collection, Seq};
use parking_lot::RwLock;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MAGIC: &[u8; 8] = b"BELFCKP1";
const NAMES: u8 = 1;
const BLOBS: u8 = 2;
const DOCUMENTS: u8 = 3;
const END: u8 = 9;

/// Slots read under one lock: writes wait for no more than this.
const SLOTS_AT_ONCE: u32 = 512;
const FRAME: usize = 256 << 10;
const MAX_FRAME: usize = 64 << 20;

/// Where a checkpoint stands in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Every commit up to this one is in it.
    pub(crate) seq: Seq,
    /// The instant of that commit.
    pub(crate) at: Time,
    /// The largest stamp that had been given out.
    pub(crate) last: Time,
}

/// The checkpoints in a directory, the newest first.
pub(crate) fn list(dir: &Path) -> io::Result<Vec<(Seq, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let seq = name.strip_prefix("state-").and_then(|n| n.strip_suffix(".ckpt")).map(str::parse::<Seq>);
        if let Some(Ok(seq)) = seq {
            found.push((seq, path));
        }
    }
    found.sort_by_key(|(seq, _)| std::cmp::Reverse(*seq));
    Ok(found)
}

/// Writes a checkpoint and returns its path; older ones but the one before are deleted. Before it counts, `durable` makes
/// every commit durable that may be in it: it must never know more than the log.
pub(crate) fn write(
    dir: &Path,
    place: Place,
    state: &RwLock<State>,
    names: &Dictionary,
    durable: impl FnOnce() -> io::Result<()>,
) -> io::Result<PathBuf> {
    let temporary = dir.join("state.tmp");
    let path = dir.join(format!("state-{:020}.ckpt", place.seq));
    let written = write_content(&temporary, place, state, names).and_then(|()| durable());
    if let Err(e) = written.and_then(|()| fs::rename(&temporary, &path)) {
        // It may hold the very room that is missing.
        let _ = fs::remove_file(&temporary);
        return Err(e);
    }
    File::open(dir)?.sync_all()?;
    for (_, old) in list(dir)?.into_iter().skip(2) {
        fs::remove_file(old)?;
    }
    Ok(path)
}

fn write_content(temporary: &Path, place: Place, state: &RwLock<State>, names: &Dictionary) -> io::Result<()> {
    let mut out = Frames { file: BufWriter::with_capacity(1 << 20, File::create(temporary)?) };
    out.file.write_all(MAGIC)?;
    let (mut slot, mut blobs) = (0, 0_u64);
    let mut frame = Vec::with_capacity(FRAME + 4096);
    loop {
        {
            let state = state.read();
            let end = state.slots.end().min(slot + SLOTS_AT_ONCE);
            // A frame ends when it is full, however large entities are: a reader refuses one over its limit.
            while slot < end && frame.len() < FRAME {
                if let Some(blob) = state.slots.get(slot) {
                    if frame.is_empty() {
                        frame.push(BLOBS);
                    }
                    frame.put_bytes(blob);
                    blobs += 1;
                }
                slot += 1;
            }
            if slot == state.slots.end() {
                break;
            }
        }
        if frame.len() >= FRAME {
            out.put(&mut frame)?;
        }
    }
    out.put(&mut frame)?;
    let mut documents = 0_u64;
    for collection in Collection::ALL {
        let mut after: Option<Box<str>> = None;
        loop {
            let page: Vec<(Box<str>, Arc<[u8]>)> = {
                let state = state.read();
                let Some(all) = state.documents.get(&collection) else { break };
                let from = after.as_deref().map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
                all.range::<str, _>((from, std::ops::Bound::Unbounded))
                    .take(SLOTS_AT_ONCE as usize)
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect()
            };
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            for (key, bytes) in &page {
                if frame.is_empty() {
                    frame.extend_from_slice(&[DOCUMENTS]);
                }
                frame.push(collection as u8);
                frame.put_text(key);
                frame.put_bytes(bytes);
                documents += 1;
                if frame.len() >= FRAME {
                    out.put(&mut frame)?;
                }
            }
        }
        out.put(&mut frame)?;
    }
    // The names come after the blobs: by now every name that a blob uses has its number.
    let count = names.len() as u64;
    for number in 0..count {
        if frame.is_empty() {
            frame.push(NAMES);
            frame.put_varint(number);
        }
        frame.put_text(names.name(number).map_or("", Name::as_str));
        if frame.len() >= FRAME {
            out.put(&mut frame)?;
        }
    }
    out.put(&mut frame)?;
    frame.push(END);
    frame.put_varint(place.seq);
    frame.extend_from_slice(&place.at.micros().to_le_bytes());
    frame.extend_from_slice(&place.last.micros().to_le_bytes());
    for n in [blobs, documents, count] {
        frame.put_varint(n);
    }
    out.put(&mut frame)?;
    let file = out.file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()
}

/// Sets a damaged checkpoint aside, under a name that [`list`] passes over: it must not count as one of the two kept.
pub(crate) fn set_aside(path: &Path) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".damaged");
    fs::rename(path, aside)?;
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

/// Why a checkpoint was not read to its end.
pub(crate) enum Unread {
    /// Its bytes are not what was written.
    Damaged(Error),
    /// The system, or what took its content, refused.
    Failed(Error),
}

impl From<Unread> for Error {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Damaged(e) | Unread::Failed(e) => e,
        }
    }
}

impl From<Error> for Unread {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Damaged> for Unread {
    fn from(damaged: Damaged) -> Self {
        Self::Damaged(damaged.into())
    }
}

struct Frames {
    file: BufWriter<File>,
}

impl Frames {
    /// Writes the frame and empties it; an empty one is passed over.
    fn put(&mut self, frame: &mut Vec<u8>) -> io::Result<()> {
        if !frame.is_empty() {
            self.file.write_all(&(frame.len() as u32).to_le_bytes())?;
            self.file.write_all(&crc32c::crc32c(frame).to_le_bytes())?;
            self.file.write_all(frame)?;
            frame.clear();
        }
        Ok(())
    }
}

/// What a checkpoint holds, piece by piece.
pub(crate) trait Visit {
    /// A name and its number.
    fn name(&mut self, number: u64, name: &str) -> Result<(), Error>;
    /// An entity.
    fn blob(&mut self, blob: &[u8]) -> Result<(), Error>;
    /// A document.
    fn document(&mut self, collection: Collection, key: &str, bytes: &[u8]) -> Result<(), Error>;
}

/// Reads a checkpoint from its start to its end and keeps nothing of it.
///
/// # Errors
/// As [`read`].
pub(crate) fn prove(path: &Path) -> Result<(), Unread> {
    struct Nothing;
    impl Visit for Nothing {
        fn name(&mut self, _: u64, _: &str) -> Result<(), Error> {
            Ok(())
        }
        fn blob(&mut self, blob: &[u8]) -> Result<(), Error> {
            Ok(crate::blob::skim(blob, |_, _| {})?)
        }
        fn document(&mut self, _: Collection, _: &str, _: &[u8]) -> Result<(), Error> {
            Ok(())
        }
    }
    read(path, &mut Nothing).map(drop)
}

/// Reads a checkpoint from its start to its end, proving each frame and the counts.
///
/// # Errors
/// `Internal` naming the file and the place of the first damage.
pub(crate) fn read(path: &Path, visit: &mut dyn Visit) -> Result<Place, Unread> {
    let name = path.display();
    let wrong = |at: u64, what: &str| Unread::Damaged(Error::internal(format!("checkpoint {name}: byte {at}: {what}")));
    let failed = |e: io::Error| Unread::Failed(Error::internal(format!("checkpoint {name}: {e}")));
    let short = |at: u64| {
        move |e: io::Error| {
            if e.kind() == io::ErrorKind::UnexpectedEof { wrong(at, "the file ends early") } else { failed(e) }
        }
    };
    let mut file = BufReader::with_capacity(1 << 20, File::open(path).map_err(failed)?);
    let mut magic = [0; 8];
    file.read_exact(&mut magic).map_err(short(0))?;
    if &magic != MAGIC {
        return Err(wrong(0, "this is not a checkpoint of a version that this program knows"));
    }
    let (mut at, mut frame, mut counts) = (8_u64, Vec::new(), [0_u64; 3]);
    loop {
        let mut head = [0; 8];
        file.read_exact(&mut head).map_err(short(at))?;
        let len = u32::from_le_bytes(head[..4].try_into().expect("four bytes")) as usize;
        let crc = u32::from_le_bytes(head[4..].try_into().expect("four bytes"));
        if len == 0 || len > MAX_FRAME {
            return Err(wrong(at, "a frame's length is impossible"));
        }
        frame.resize(len, 0);
        file.read_exact(&mut frame).map_err(short(at))?;
        if crc32c::crc32c(&frame) != crc {
            return Err(wrong(at, "the checksum of a frame is wrong"));
        }
        if let Some((place, said)) = take_frame(&frame, visit, &mut counts)? {
            if said != counts {
                return Err(wrong(at, "it holds less than it says"));
            }
            return Ok(place);
        }
        at += 8 + len as u64;
    }
}

fn take_frame(frame: &[u8], visit: &mut dyn Visit, counts: &mut [u64; 3]) -> Result<Option<(Place, [u64; 3])>, Unread> {
    let mut c = Cursor::new(frame);
    match c.byte()? {
        BLOBS => {
            while !c.is_empty() {
                visit.blob(c.bytes()?)?;
                counts[0] += 1;
            }
        }
        DOCUMENTS => {
            while !c.is_empty() {
                let collection = Collection::from_number(c.byte()?).ok_or(Damaged("a collection is unknown"))?;
                visit.document(collection, c.text()?, c.bytes()?)?;
                counts[1] += 1;
            }
        }
        NAMES => {
            let mut number = c.varint()?;
            while !c.is_empty() {
                visit.name(number, c.text()?)?;
                number += 1;
                counts[2] += 1;
            }
        }
        END => {
            let seq = c.varint()?;
            let (at, last) = (Time::from_micros(c.i64()?), Time::from_micros(c.i64()?));
            return Ok(Some((Place { seq, at, last }, [c.varint()?, c.varint()?, c.varint()?])));
        }
        _ => return Err(Damaged("a frame has an unknown form").into()),
    }
    Ok(None)
}
