//! The change feed: every commit, in order, from any place that the log still holds.

use crate::{BoxFuture, Commit, Seq};
use belfry_kernel::Error;
use std::sync::Arc;

/// What a feed yields.
#[derive(Clone, Debug)]
pub enum FeedItem {
    /// The next commit.
    Commit(Arc<Commit>),
    /// The log no longer holds what was asked for: the reader starts again from the state; the feed goes on after
    /// this place.
    Gap {
        /// The next commit that will be yielded comes after this one.
        resumed_after: Seq,
    },
}

/// A reader of the feed. Pull: a slow reader holds nobody up and costs no memory beyond its own place.
pub trait Feed: Send {
    /// The next item, when there is one. `None` when the store has shut down.
    fn next(&mut self) -> BoxFuture<'_, Option<Result<FeedItem, Error>>>;
}
