//! The change feed of a store: the newest commits from memory, older ones from the log.

use crate::record;
use crate::shared::Shared;
use belfry_kernel::Error;
use belfry_log::Reader;
use belfry_ports::{BoxFuture, Commit, Feed, FeedItem, Seq};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::watch;

/// How many records are read from the log at a time, and how many bytes; one at least.
const RECORDS_AT_ONCE: usize = 64;
const BYTES_AT_ONCE: usize = 4 << 20;

/// One reader's place in the feed.
pub(crate) struct LogFeed {
    shared: Arc<Shared>,
    committed: watch::Receiver<Seq>,
    after: Seq,
    /// Read from the log and not yet given out.
    ahead: VecDeque<Arc<Commit>>,
    reader: Option<Reader>,
}

/// Why nothing could be read ahead.
enum Fault {
    Log(belfry_log::Error),
    Record(Error),
}

impl From<belfry_log::Error> for Fault {
    fn from(error: belfry_log::Error) -> Self {
        Self::Log(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Record(error)
    }
}

impl LogFeed {
    pub(crate) fn new(shared: Arc<Shared>, after: Seq) -> Self {
        let committed = shared.committed.subscribe();
        Self { shared, committed, after, ahead: VecDeque::new(), reader: None }
    }

    /// Reads ahead, or says that there is a gap.
    fn catch_up(&mut self) -> Result<Option<FeedItem>, Error> {
        loop {
            match self.read_ahead() {
                // The log was cut since its beginning was asked for: what was read ahead is given out, then the gap.
                Err(Fault::Log(belfry_log::Error::Truncated { .. })) if self.ahead.is_empty() => self.reader = None,
                Err(Fault::Log(belfry_log::Error::Truncated { .. })) => return Ok(None),
                Err(Fault::Log(e)) => return Err(Error::internal(e)),
                Err(Fault::Record(e)) => return Err(e),
                Ok(item) => return Ok(item),
            }
        }
    }

    fn read_ahead(&mut self) -> Result<Option<FeedItem>, Fault> {
        let first = self.shared.log.first_seq();
        if self.after + 1 < first {
            self.after = first - 1;
            self.reader = None;
            return Ok(Some(FeedItem::Gap { resumed_after: self.after }));
        }
        let reader = match &mut self.reader {
            Some(reader) if reader.next_seq() == self.after + 1 => reader,
            slot => slot.insert(self.shared.log.read_from(self.after + 1)?),
        };
        // Not past what has been applied, so that a reader of the feed finds at least that in the state.
        let visible = *self.committed.borrow();
        let mut bytes = 0;
        while self.ahead.len() < RECORDS_AT_ONCE && bytes < BYTES_AT_ONCE && reader.next_seq() <= visible {
            let Some(found) = reader.next_record()? else { break };
            bytes += found.payload.len();
            let decoded = record::decode(found.payload, &self.shared.names)?;
            let at = decoded.at;
            let changes = Arc::new(decoded.into_set(&self.shared.names).map_err(Error::from)?);
            self.ahead.push_back(Arc::new(Commit { seq: found.seq, at, changes }));
        }
        Ok(None)
    }
}

impl Feed for LogFeed {
    fn next(&mut self) -> BoxFuture<'_, Option<Result<FeedItem, Error>>> {
        Box::pin(async move {
            loop {
                if let Some(commit) = self.ahead.pop_front().or_else(|| self.shared.ring.after(self.after)) {
                    self.after = commit.seq;
                    return Some(Ok(FeedItem::Commit(commit)));
                }
                if *self.committed.borrow_and_update() > self.after {
                    match self.catch_up() {
                        Ok(None) if self.ahead.is_empty() => {}
                        Ok(None) => continue,
                        Ok(Some(gap)) => return Some(Ok(gap)),
                        Err(e) => return Some(Err(e)),
                    }
                }
                if self.shared.is_closed() || self.committed.changed().await.is_err() {
                    return None;
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EmbeddedStore, Options};
    use belfry_ports::{ChangeSet, Collection, DocumentChange, Store};
    use belfry_testkit::MockClock;

    #[tokio::test]
    async fn reads_ahead_by_bytes_too() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = EmbeddedStore::open(&Options::new(dir.path(), Arc::new(MockClock::default()))).expect("it opens");
        for n in 0..40_u64 {
            let bytes = Some(Arc::from(vec![n as u8; 1 << 20]));
            let change = DocumentChange { collection: Collection::Audit, key: "large".into(), bytes };
            let set = ChangeSet { documents: vec![change], ..ChangeSet::default() };
            store.write(Box::new(|_, _| Ok(set))).await.expect("it is written");
        }
        let mut feed = LogFeed::new(store.shared.clone(), 0);
        // The newest are in the ring, but not the first.
        for seq in 1..=40 {
            let item = feed.next().await.expect("the store is open").expect("it reads");
            assert!(matches!(item, FeedItem::Commit(commit) if commit.seq == seq));
            assert!(feed.ahead.len() <= 4, "{} records of a megabyte are held", feed.ahead.len());
        }
    }
}
