//! Files of an application: named blobs (a map extract, a timetable) kept in the tenant's store in pieces, so that backup,
//! restore and replay hold them like everything else. The head is written last: a file is there whole, as it was before, or
//! not at all. Pieces that no head names (of a file since replaced, or of a write that broke off) are swept.

mod head;

pub use head::File;

use crate::{Chunks, Ctx, Draft};
use belfry_kernel::{Error, Kind};
use belfry_ports::{BoxFuture, Collection};
use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The size of a piece, bytes; the last one of a file may be smaller.
pub const PIECE_BYTES: usize = 256 * 1024;
/// How many pieces are removed in one commit, and looked at in one reading.
const AT_ONCE: usize = 64;
/// How often a file that is replaced while it is read is read again.
const ATTEMPTS: usize = 3;

/// The files of one application in one tenant.
pub struct Files {
    ctx: Ctx,
}

impl Files {
    pub(crate) fn new(ctx: Ctx) -> Self {
        Self { ctx }
    }

    /// What is known of the file of this name.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged.
    pub fn get(&self, name: &str) -> Result<Option<File>, Error> {
        let bytes = self.ctx.store().document(Collection::File, &self.head_key(name))?;
        bytes.map(|bytes| File::decode(name, &bytes)).transpose()
    }

    /// Every file, by name.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged.
    pub fn list(&self) -> Result<Vec<File>, Error> {
        let (prefix, mut after) = (self.head_key(""), None::<Box<str>>);
        let mut all = Vec::new();
        loop {
            let page = self.ctx.documents_below(Collection::File, &prefix, after.as_deref(), AT_ONCE)?;
            for document in &page {
                all.push(File::decode(&document.key, &document.bytes)?);
            }
            match page.last() {
                Some(last) if page.len() == AT_ONCE => after = Some(last.key.clone()),
                _ => return Ok(all),
            }
        }
    }

    /// Puts a file, or replaces it: durable when this resolves. One is written at a time.
    ///
    /// # Errors
    /// `PayloadTooLarge` beyond the limits; `InvalidRequest` for a name that cannot be one; why the store refused.
    pub async fn put(&self, name: &str, media: &str, bytes: Bytes) -> Result<File, Error> {
        head::check_name(name)?;
        let _one_at_a_time = self.ctx.writing().lock().await;
        let before = self.get(name)?;
        self.check_room(bytes.len(), before.as_ref())?;
        // Before, so that what broke off earlier leaves no gap in the room; and the number of this write is not in use.
        self.sweep_orphans().await?;
        let at = self.ctx.now();
        let edition = before.map_or(0, |file| file.edition) + 1;
        let upload = format!("{:016x}-{edition}", at.micros());
        let file = File {
            name: name.to_owned(),
            bytes: bytes.len(),
            sha256: hex(&Sha256::digest(&bytes)),
            media: media.to_owned(),
            at,
            edition,
            upload,
        };
        for (n, piece) in bytes.chunks(PIECE_BYTES).enumerate() {
            self.put_document(self.piece_key(&file.upload, n), Some(Arc::from(piece))).await?;
        }
        self.put_document(self.head_key(name), Some(file.encode().into())).await?;
        self.sweep_orphans().await?;
        Ok(file)
    }

    /// Removes a file. Whether it was there.
    ///
    /// # Errors
    /// Why the store refused.
    pub async fn remove(&self, name: &str) -> Result<bool, Error> {
        let _one_at_a_time = self.ctx.writing().lock().await;
        let was_there = self.get(name)?.is_some();
        if was_there {
            self.put_document(self.head_key(name), None).await?;
            self.sweep_orphans().await?;
        }
        Ok(was_there)
    }

    /// The file as a whole, checked against its digest. `None` when it is not there.
    ///
    /// # Errors
    /// `Internal` when a piece is missing or damaged; `Conflict` when it was replaced again and again meanwhile.
    pub fn read(&self, name: &str) -> Result<Option<(File, Bytes)>, Error> {
        for _ in 0..ATTEMPTS {
            let Some(file) = self.get(name)? else { return Ok(None) };
            let mut whole = BytesMut::with_capacity(file.bytes);
            for n in 0..file.pieces() {
                match self.piece(&file, n)? {
                    Some(piece) => whole.extend_from_slice(&piece),
                    None => break,
                }
            }
            if hex(&Sha256::digest(&whole)) == file.sha256 {
                return Ok(Some((file, whole.freeze())));
            }
            if self.get(name)?.is_some_and(|now| now == file) {
                return Err(Error::internal(format!("the file {name} of {} is damaged", self.ctx.app())));
            }
        }
        Err(Error::new(Kind::Conflict, format!("the file {name} is being replaced; ask again")))
    }

    /// The file piece by piece, for an answer that streams it: it costs one piece of memory.
    pub fn chunks(&self, file: &File) -> Box<dyn Chunks> {
        Box::new(Pieces { files: Self::new(self.ctx.clone()), file: file.clone(), next: 0 })
    }

    /// Removes pieces that no head names. Called by the host when the application is opened, and around every write.
    ///
    /// # Errors
    /// Why the store refused.
    pub async fn sweep(&self) -> Result<(), Error> {
        let _one_at_a_time = self.ctx.writing().lock().await;
        self.sweep_orphans().await
    }

    async fn sweep_orphans(&self) -> Result<(), Error> {
        let named: Vec<String> = self.list()?.into_iter().map(|file| file.upload).collect();
        let prefix = self.ctx.key("piece/");
        let mut after: Option<Box<str>> = None;
        loop {
            let page = self.ctx.documents_below(Collection::File, &prefix, after.as_deref(), AT_ONCE)?;
            let orphans = page.iter().filter(|piece| {
                let upload = piece.key.split('/').next().unwrap_or_default();
                !named.iter().any(|named| named == upload)
            });
            let keys: Vec<String> = orphans.map(|piece| format!("{prefix}{}", piece.key)).collect();
            if !keys.is_empty() {
                let remove = move |draft: &mut Draft<'_>| {
                    keys.into_iter().for_each(|key| draft.put_in(Collection::File, key, None));
                    Ok(())
                };
                self.ctx.write(remove).await?;
            }
            match page.last() {
                Some(last) if page.len() == AT_ONCE => after = Some(last.key.clone()),
                _ => return Ok(()),
            }
        }
    }

    fn check_room(&self, bytes: usize, before: Option<&File>) -> Result<(), Error> {
        let rules = self.ctx.host().rules();
        let too_large = |text: String| Err(Error::new(Kind::PayloadTooLarge, text));
        if bytes > rules.max_file_bytes {
            return too_large(format!("a file is at most {} bytes (apps.max_file_bytes)", rules.max_file_bytes));
        }
        let all: usize = self.list()?.iter().map(|file| file.bytes).sum();
        let others = all - before.map_or(0, |file| file.bytes);
        if others.saturating_add(bytes) > rules.max_files_bytes {
            let (app, max) = (self.ctx.app(), rules.max_files_bytes);
            return too_large(format!("all files of {app} are at most {max} bytes (apps.max_files_bytes)"));
        }
        Ok(())
    }

    async fn put_document(&self, key: String, bytes: Option<Arc<[u8]>>) -> Result<(), Error> {
        let put = move |draft: &mut Draft<'_>| {
            draft.put_in(Collection::File, key, bytes);
            Ok(())
        };
        self.ctx.write(put).await.map(drop)
    }

    fn piece(&self, file: &File, n: usize) -> Result<Option<Arc<[u8]>>, Error> {
        self.ctx.store().document(Collection::File, &self.piece_key(&file.upload, n))
    }

    fn head_key(&self, name: &str) -> String {
        self.ctx.key(&format!("head/{name}"))
    }

    fn piece_key(&self, upload: &str, n: usize) -> String {
        self.ctx.key(&format!("piece/{upload}/{n:06}"))
    }
}

/// A file on its way out.
struct Pieces {
    files: Files,
    file: File,
    next: usize,
}

impl Chunks for Pieces {
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Bytes, Error>>> {
        Box::pin(async move {
            if self.next == self.file.pieces() {
                return None;
            }
            let piece = self.files.piece(&self.file, self.next);
            self.next += 1;
            let gone = || Error::new(Kind::Conflict, "the file was replaced while it was read");
            Some(piece.and_then(|piece| Ok(Bytes::from_owner(piece.ok_or_else(gone)?))))
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
